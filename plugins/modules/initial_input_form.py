#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: initial_input_form
short_description: Choose the planned devices to enrol
version_added: 0.1.0
description:
  - The first step of create_node. Lists the devices that NetBox calls planned, less those that have a subscription already, and takes the
    choice.
  - The choice comes from O(nodes), from O(device_filter), from O(all_planned), or from the person at the terminal. Where nobody is there to
    ask, a task without a choice fails at once.
  - A device that is enrolled already is reported with its subscription, as V(unchanged). One whose enrolment failed or was interrupted is
    continued where it was. One that is neither planned nor enrolled fails, and the others go on.
  - With O(process_ids), O(process_status) or O(run_id), processes are continued from the step that they are at; other choices beside these are refused.
  - Takes the options of the later steps too, and only checks them, so that a wrong one is found before anything is claimed or stored.
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
  nodes:
    description:
      - The devices to enrol, as a list or as a string with commas between them.
      - An entry is an id, a name, a dictionary with C(name) and C(site), the site's slug or name, or C(name (site, id)), as messages and surveys show a
        device. Of the latter the id counts, and it is refused where the device has another name by now.
      - Digits alone are an id. A name that several devices have is refused, with the ids to choose from.
    type: raw
  device_filter:
    description:
      - Filters of NetBox's device list, for example C(site), C(role), C(tenant), C(tag), C(region) or C(name__isw), each with a value or a
        list of values. All planned devices that match are chosen; together with O(nodes), those of O(nodes) that match.
      - A name that NetBox's device list does not have is refused; NetBox itself would ignore it. So are C(status), since only planned devices are enrolled,
        and C(id) and C(name) together with O(nodes).
    type: dict
  all_planned:
    description: Choose every planned device that has no subscription. Not together with O(nodes).
    type: bool
    default: false
  max_nodes:
    description: Take the first so many of the chosen devices only, in order of their ids, or of O(nodes); 1 or more.
    type: int
  all_open:
    description: Continue all processes that can be continued. The same as naming each choice of O(process_status).
    type: bool
    default: false
  default_status:
    description:
      - Says that processes are continued and nothing is enrolled. Where none of O(process_ids), O(process_status), O(run_id) and O(all_open) chooses, all
        processes with one of these statuses are meant; with an empty list, to choose none is an error.
    type: list
    elements: str
    choices: [failed, interrupted, suspended]
  required_families:
    description: Is only checked here. What M(nodeflow.orchestrator.construct_node_model) is to be given. A device without an address of
      one of these is marked in the list that a person chooses from.
    type: list
    elements: str
    choices: [ipv4, ipv6]
    default: [ipv4, ipv6]
  customer_id:
    description: Is only checked here. What M(nodeflow.orchestrator.construct_node_model) is to be given; 1 to 200 characters.
    type: str
    default: default
  claim:
    description: Is only checked here. What M(nodeflow.orchestrator.store_process_subscription) is to be given.
    type: str
    choices: [auto, store, netbox]
    default: auto
"""

EXAMPLES = r"""
---
- name: Choose two devices, one of them by name and site
  nodeflow.orchestrator.initial_input_form:
    nodes:
      - 7
      - name: core
        site: loc2
  register: enrolment

- name: Choose the first ten planned routers of a site
  nodeflow.orchestrator.initial_input_form:
    device_filter:
      site: loc1
      role: [core, edge]
    max_nodes: 10
  register: enrolment
"""

RETURN = r"""
extends_documentation_fragment: [nodeflow.orchestrator.nodes]
"""

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._argspec import PROCESSES
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.argspec import CLAIM, CONFIG, MODEL, options
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.initial_input_form import initial_input_form as execute
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import NODE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._run import run_module

ROWS = NODE
TEMPLATE_DIRECTORIES = "node_config_templates"
OPTIONS = options(
    {
        "nodes": {"type": "raw"},
        "device_filter": {"type": "dict"},
        "all_planned": {"type": "bool", "default": False},
        "max_nodes": {"type": "int"},
        "all_open": {"type": "bool", "default": False},
        "default_status": {"type": "list", "elements": "str", "choices": ["failed", "interrupted", "suspended"]},
    },
    CLAIM,
    CONFIG,
    MODEL,
    PROCESSES,
)


def main() -> None:
    """Run as an ordinary module."""
    run_module(OPTIONS, execute, ROWS)


if __name__ == "__main__":
    main()
