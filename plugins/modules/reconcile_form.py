#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: reconcile_form
short_description: Choose what to repair of what differs between subscriptions and NetBox
version_added: 0.1.0
description:
  - The first step of reconcile_node. Finds what M(nodeflow.orchestrator.validate_node) finds, and plans the repair of each subscription.
  - A device that is still planned or staged in NetBox, while its subscription is active, gets its status. For other differences, O(wins) says
    whose value is right.
  - Of several subscriptions of a device, one is kept, and the others are terminated with a note that names it. One that was never active, and
    that no process works on, is terminated, and its device is free again.
  - With O(process_ids), O(process_status) or O(run_id), processes are continued from the step that they are at;
    a choice of nodes, O(keep), O(wins) and O(adopt) beside these are refused.
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
      - The devices, as a list or as a string with commas between them; by default all. An empty list means none.
      - An entry is an id, a name, a dictionary with C(name) and C(site), the site's slug or name, or C(name (site, id)), as messages and surveys show a
        device. Of the latter the id counts, and it is refused where the device has another name by now.
    type: raw
  device_filter:
    description:
      - Filters of NetBox's device list, each with a value or a list of values. Only devices that match are looked at.
      - A name that NetBox's device list does not have is refused, and so are C(id) and C(name) together with O(nodes).
    type: dict
  unenrolled:
    description: Whether to look for active devices without a subscription too.
    type: bool
    default: true
  keep:
    description:
      - Of a device with several subscriptions, the one to keep. Device ids, each with the id of a subscription.
      - By default, the oldest active one is kept. A device that O(nodes) or O(device_filter) leaves out is refused.
    type: dict
  wins:
    description:
      - Whose value is right where the two differ, V(netbox) or V(store), for each of C(status), C(name), C(site), C(ipv4_loopback) and
        C(ipv6_loopback). By default, NetBox's.
      - A device that is inventory or decommissioning is only reported, with all that differs, unless the store's status wins.
      - Of the site, the store only remembers where the device was.
      - With O(loopback_interface), the addresses of the store cannot win, since the device's primary address does not say then what the loopback is.
    type: dict
  device_gone:
    description: What becomes of a subscription whose device is not in NetBox any more. It is reported, or terminated.
    type: str
    choices: [report, terminate]
    default: report
  adopt:
    description: Whether an active device without a subscription gets one. Otherwise it is reported. Not together with O(unenrolled=false).
    type: bool
    default: false
  claim:
    description: >-
      How devices are claimed, as M(nodeflow.orchestrator.store_process_subscription) has it. Where NetBox decides, as with an SQLite store, O(adopt)
      is refused: the store of another machine may hold the device. V(store) says that this is the only store.
    type: str
    choices: [auto, store, netbox]
    default: auto
  customer_id:
    description: The customer of the subscriptions that O(adopt) makes; 1 to 200 characters.
    type: str
    default: default
  required_families:
    description: >-
      The families of which a device that is adopted must have a primary address, and of which NetBox must not have lost the address of a node.
    type: list
    elements: str
    choices: [ipv4, ipv6]
    default: [ipv4, ipv6]
"""

EXAMPLES = r"""
---
- name: Repair everything, the names in NetBox by the store
  nodeflow.orchestrator.reconcile_form:
    wins:
      name: store
    device_gone: terminate
  register: change
"""

RETURN = r"""
extends_documentation_fragment: [nodeflow.orchestrator.nodes]
"""

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._argspec import PROCESSES
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.argspec import CLAIM, MODEL, options
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import NODE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.reconcile_form import reconcile_form as execute
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._run import run_module

ROWS = NODE
OPTIONS = options(
    {
        "nodes": {"type": "raw"},
        "device_filter": {"type": "dict"},
        "unenrolled": {"type": "bool", "default": True},
        "keep": {"type": "dict"},
        "wins": {"type": "dict"},
        "device_gone": {"type": "str", "choices": ["report", "terminate"], "default": "report"},
        "adopt": {"type": "bool", "default": False},
    },
    CLAIM,
    MODEL,
    PROCESSES,
)


def main() -> None:
    """Run as an ordinary module."""
    run_module(OPTIONS, execute, ROWS)


if __name__ == "__main__":
    main()
