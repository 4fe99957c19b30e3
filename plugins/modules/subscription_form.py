#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: subscription_form
short_description: Choose enrolled nodes, and what is to become of them
version_added: 0.1.0
description:
  - The first step of modify_node and terminate_node. Takes the choice of nodes from O(nodes), O(subscription_ids), O(device_filter),
    O(all_enrolled), or from the person at the terminal. Where nobody is there to ask, a task without a choice fails at once.
  - A node with nothing to change, or that was terminated already, is reported as V(unchanged). One that has no subscription
    fails, and the others go on.
  - With O(process_ids), O(process_status) or O(run_id), processes are continued from the step that they are at; other choices beside these are refused.
  - Takes the options of the later steps too, and only checks them, so that a wrong one is found before anything is stored.
  - Writes nothing.
author:
  - nodeflow.orchestrator contributors (@nodeflow)
extends_documentation_fragment:
  - nodeflow.orchestrator.attributes
  - nodeflow.orchestrator.netbox
  - nodeflow.orchestrator.store
  - nodeflow.orchestrator.process
  - nodeflow.orchestrator.loopback
  - nodeflow.orchestrator.processes
  - nodeflow.orchestrator.config
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  workflow:
    description: What is to be done with the nodes.
    type: str
    required: true
    choices: [modify_node, terminate_node]
  nodes:
    description:
      - The nodes, as a list or as a string with commas between them. An empty list chooses none, so that nothing is done.
      - An entry is a device's id, a name, a dictionary with C(name) and C(site), the site's slug or name, or C(name (site, id)), as messages show a device.
      - A device that NetBox does not have any more is found by its id, or by the name that its subscription has.
    type: raw
  subscription_ids:
    description: The subscriptions, by their ids, instead of O(nodes), O(device_filter) and O(all_enrolled). An empty list chooses none.
    type: list
    elements: str
  device_filter:
    description:
      - Filters of NetBox's device list, for example C(site), C(role), C(tenant), C(tag), C(region) or C(name__isw), each with a value or a
        list of values. All enrolled nodes that match are chosen; together with O(nodes), those of O(nodes) that match.
      - A name that NetBox's device list does not have is refused, and so are C(id) and C(name) together with O(nodes).
    type: dict
  all_enrolled:
    description: Choose every node that has a subscription which is not terminated. Not together with O(nodes).
    type: bool
    default: false
  max_nodes:
    description: Take the first so many of the chosen nodes only, in order of their ids, or of O(nodes) or O(subscription_ids); 1 or more.
    type: int
  note:
    description: The subscription's note. An empty text is one that is not given; O(clear) empties the note.
    type: str
  clear:
    description: Fields of the subscription to be empty from now on, with modify_node.
    type: list
    elements: str
    choices: [note]
  description:
    description: The subscription's description, with modify_node.
    type: str
  customer_id:
    description: The customer, with modify_node; 1 to 200 characters.
    type: str
  node_status:
    description:
      - The status of the device in NetBox from now on.
      - With modify_node, one that a node in service can have, such as V(active), V(offline) or V(failed).
      - With terminate_node, V(offline), which is the default, V(decommissioning) or V(planned).
    type: str
  refresh:
    description: With modify_node, take the name and the addresses from NetBox, after the device was renamed or addressed anew.
    type: bool
    default: false
"""

EXAMPLES = r"""
---
- name: Change the note of two nodes
  nodeflow.orchestrator.subscription_form:
    workflow: modify_node
    nodes: [7, 8]
    note: Moved to the new rack
  register: change

- name: Choose all nodes of a site to be terminated
  nodeflow.orchestrator.subscription_form:
    workflow: terminate_node
    device_filter:
      site: loc1
    node_status: decommissioning
  register: change
"""

RETURN = r"""
extends_documentation_fragment: [nodeflow.orchestrator.nodes]
"""

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._argspec import PROCESSES
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.argspec import CONFIG, options
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import NODE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.subscription_form import subscription_form as execute
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._run import run_module

ROWS = NODE
TEMPLATE_DIRECTORIES = "node_config_templates"
OPTIONS = options(
    {
        "workflow": {"type": "str", "required": True, "choices": ["modify_node", "terminate_node"]},
        "nodes": {"type": "raw"},
        "subscription_ids": {"type": "list", "elements": "str"},
        "device_filter": {"type": "dict"},
        "all_enrolled": {"type": "bool", "default": False},
        "max_nodes": {"type": "int"},
        "note": {"type": "str"},
        "clear": {"type": "list", "elements": "str", "choices": ["note"]},
        "description": {"type": "str"},
        "customer_id": {"type": "str"},
        "node_status": {"type": "str"},
        "refresh": {"type": "bool", "default": False},
    },
    CONFIG,
    PROCESSES,
)


def main() -> None:
    """Run as an ordinary module."""
    run_module(OPTIONS, execute, ROWS)


if __name__ == "__main__":
    main()
