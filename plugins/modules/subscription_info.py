#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: subscription_info
short_description: Find subscriptions
version_added: 0.1.0
description:
  - Returns the subscriptions that meet every criterion given; all of them if none is given.
  - Never makes a store.
  - Puts them into a file, as JSON or CSV, where O(dest) names one; the result then says how many there are.
author:
  - nodeflow.orchestrator contributors (@nodeflow)
extends_documentation_fragment:
  - nodeflow.orchestrator.attributes
  - nodeflow.orchestrator.netbox
  - nodeflow.orchestrator.store
  - nodeflow.orchestrator.process
  - nodeflow.orchestrator.loopback
  - nodeflow.orchestrator.dest
  - nodeflow.orchestrator.export
attributes:
  check_mode:
    support: full
  diff_mode:
    support: partial
    details: Says how long O(dest) was and is.
  idempotent:
    support: partial
    details: A file at a URL that cannot be read is put there each time.
options:
  subscription_ids:
    description: Subscriptions of these ids.
    type: list
    elements: str
  device_ids:
    description: Subscriptions of the devices with these ids in NetBox.
    type: list
    elements: int
  status:
    description: Subscriptions in these lifecycles.
    type: list
    elements: str
    choices: [initial, provisioning, active, migrating, disabled, terminated]
  products:
    description: Subscriptions of these products.
    type: list
    elements: str
  customer_ids:
    description: Subscriptions of these customers.
    type: list
    elements: str
  insync:
    description: Subscriptions that are in sync, or that are not.
    type: bool
"""

EXAMPLES = r"""
---
- name: Find the nodes in service
  nodeflow.orchestrator.subscription_info:
    status: [active]
    products: [Node]
  register: found

- name: Show their addresses
  ansible.builtin.debug:
    msg: "{{ found.subscriptions | map(attribute='node') | map(attribute='ipv4_loopback') }}"

- name: Find the nodes that nothing uses
  ansible.builtin.debug:
    msg: "{{ found.subscriptions | rejectattr('in_use_by') | map(attribute='description') }}"

- name: Put all subscriptions into a table
  nodeflow.orchestrator.subscription_info:
    dest: /var/lib/nodeflow/subscriptions.csv
    format: csv
"""

RETURN = r"""
---
subscriptions:
  description: The subscriptions found, in order of what they stand for, such as the ids of devices, and of their start.
  returned: success, if O(dest) was not set
  type: list
  elements: dict
  sample:
    - subscription_id: 9b3c5a0e-1d56-4c39-a3c5-0f4a52a4f1d5
      product: Node
      customer_id: default
      status: active
      insync: true
      description: Node loc1-core
      note: null
      start_date: '2026-11-23T05:52:17.991018Z'
      end_date: null
      version: 6
      node:
        node_id: 7
        node_name: loc1-core
        node_status: active
        ipv4_loopback: 10.0.0.1/32
        ipv6_loopback: 2001:db8::1/128
      device_id: 7
      device_url: https://netbox.example.org/dcim/devices/7/
      site: loc1
      role: core
      platform: cisco_iosxr
      process_id: 6f0c1f5e-8d5b-4a39-9be4-8f4a52a4f1d5
      process_workflow: create_node
      process_status: completed
      problem: null
      depends_on: []
      in_use_by:
        - 3d0b7b1c-6f63-4d3e-9c55-0b5b1f2b8e11
  contains:
    problem:
      description:
        - Why the subscription cannot be read, as its row is damaged or a newer release wrote it; null of all others.
        - Of one that cannot, the other fields are as the store holds them, and C(block) is what it has instead of blocks.
      type: str
    device_url:
      description: The device's page in NetBox; null while the store belongs to no NetBox.
      type: str
    site:
      description:
        - The slug of the device's site as the latest process read it last; null where there is none. So are C(role) and C(platform).
        - An empty text where the device has none.
      type: str
    process_id:
      description: The process of the subscription that began last; with its workflow, C(process_workflow), and its status, C(process_status).
      type: str
    depends_on:
      description: The subscriptions that this one uses. They are active and in sync when it begins. A subscription that is terminated uses none.
      type: list
      elements: str
      version_added: 1.0.0
    in_use_by:
      description: The subscriptions that use this one. While there are any, the playbook terminate_node refuses it.
      type: list
      elements: str
      version_added: 1.0.0
count:
  description: How many subscriptions the file has.
  returned: success, if O(dest) was set
  type: int
  sample: 3
counts:
  description: How many of them have which status.
  returned: success, if O(dest) was set
  type: dict
  sample: {active: 2, terminated: 1}
dest:
  description: The file, with links followed; or the URL, without a user, a password, and what follows a C(?).
  returned: if O(dest) was set
  type: str
  sample: /var/lib/nodeflow/subscriptions.csv
extends_documentation_fragment: [nodeflow.orchestrator.export]
"""

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._argspec import EXPORT
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node import view  # noqa: F401  # pylint: disable=unused-import  # registers what nodes show
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.argspec import options
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._reports.info import subscription_info as execute
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._run import run_module

OPTIONS = options(
    {
        "subscription_ids": {"type": "list", "elements": "str"},
        "device_ids": {"type": "list", "elements": "int"},
        "status": {
            "type": "list",
            "elements": "str",
            "choices": ["initial", "provisioning", "active", "migrating", "disabled", "terminated"],
        },
        "products": {"type": "list", "elements": "str"},
        "customer_ids": {"type": "list", "elements": "str"},
        "insync": {"type": "bool"},
    },
    EXPORT,
)


def main() -> None:
    """Run as an ordinary module."""
    run_module(OPTIONS, execute)


if __name__ == "__main__":
    main()
