#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: validate_node
short_description: Compare subscriptions with NetBox
version_added: 0.1.0
description:
  - Looks, for each subscription that is not terminated, whether its device is in NetBox and has the name, the status, the site and the loopbacks
    that the subscription has, and whether it is the device's only one; and for active devices without a subscription.
  - A subscription that was never active, or is out of sync, although no process works on it, is found as well. So is one that does not claim its device in
    the store. One that a process works on is left out.
  - So is a step log that was changed by hand, by its chain of hashes, in the processes of all subscriptions, also of terminated ones; with O(nodes) or
    O(device_filter), of those that are compared. No repair is offered for that.
  - Changes nothing. The number of requests grows with NetBox's pages, not with the nodes; with O(loopback_interface), one more for each 200 nodes or so.
author:
  - nodeflow.orchestrator contributors (@nodeflow)
extends_documentation_fragment:
  - nodeflow.orchestrator.attributes
  - nodeflow.orchestrator.netbox
  - nodeflow.orchestrator.store
  - nodeflow.orchestrator.process
  - nodeflow.orchestrator.loopback
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
  fail_on_findings:
    description:
      - Whether somebody has to be told of what is found. RV(fails) says so of the result, for an M(ansible.builtin.assert) after this task.
      - The task itself ends well either way, so that its result can be used.
    type: bool
    default: true
"""

EXAMPLES = r"""
---
- name: Compare everything
  nodeflow.orchestrator.validate_node:
  register: validation

- name: Fail, so that a schedule tells somebody
  ansible.builtin.assert:
    that: not validation.fails
    fail_msg: "{{ validation.msg }}"
"""

RETURN = r"""
---
findings:
  description: What differs, by device id; behind that, the step logs that were changed by hand.
  returned: success
  type: list
  elements: dict
  sample:
    - subscription_id: 9b3c5a0e-1d56-4c39-a3c5-0f4a52a4f1d5
      device_id: 7
      device: loc1-core (loc1, 7)
      problem: status
      store: active
      netbox: planned
      message: 'loc1-core (loc1, 7): the status differs: active in the store, planned in NetBox'
  contains:
    subscription_id:
      description: The subscription; null for a device without one.
      type: str
    device_id:
      description: The id of the device in NetBox; 0 where it cannot be told.
      type: int
    device:
      description: 'How messages call the device: name (site, id).'
      type: str
    problem:
      description: >-
        V(unreadable), V(device_unreadable), V(device_gone), V(several_subscriptions), V(unclaimed), V(step_log),
        V(left_over), V(not_insync), V(status), V(name), V(site), V(ipv4_loopback), V(ipv6_loopback),
        V(custom_field) or V(no_subscription). V(unclaimed) is a subscription that does not claim its device in the store, so that the device could be
        enrolled again. V(step_log) is a process whose step log was changed by hand.
      type: str
    store:
      description: The value in the store; null where there is none.
      type: str
    netbox:
      description: The value in NetBox; null where there is none.
      type: str
    message:
      description: The same as a sentence.
      type: str
counts:
  description: How many findings there are of each problem that was found.
  returned: success
  type: dict
  sample:
    status: 1
fails:
  description: Whether something was found, unless O(fail_on_findings) is V(false).
  returned: success
  type: bool
  sample: true
validated_at:
  description: When, in UTC.
  returned: success
  type: str
  sample: '2026-11-23T08:00:00+00:00'
ansible_stats:
  description: What this leaves for the next job, which Ansible takes as stats and AWX as artifacts; C(nodeflow_counts) and C(nodeflow_summary).
  returned: success
  type: dict
  version_added: 1.0.0
repair_with:
  description: The command that repairs what was found; in a job of AWX, the job template. Null where it is nothing that a command repairs.
  returned: success
  type: str
  version_added: 1.0.0
  sample: ansible-playbook nodeflow.orchestrator.reconcile_nodes
msg:
  description: The summary; or, of a task that failed, the reason.
  returned: always
  type: str
  sample: '12 subscriptions compared with NetBox: 1 finding at 1 device'
"""

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.argspec import options
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.validate_node import validate_node as execute
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._run import run_module

OPTIONS = options(
    {
        "nodes": {"type": "raw"},
        "device_filter": {"type": "dict"},
        "unenrolled": {"type": "bool", "default": True},
        "keep": {"type": "dict"},
        "fail_on_findings": {"type": "bool", "default": True},
    }
)


def main() -> None:
    """Run as an ordinary module."""
    run_module(OPTIONS, execute)


if __name__ == "__main__":
    main()
