#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: process_info
short_description: Find processes
version_added: 0.1.0
description:
  - Returns the processes that meet every criterion given; all of them if none is given. Oldest first.
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
  process_ids:
    description: Processes of these ids.
    type: list
    elements: str
  subscription_ids:
    description: Processes of these subscriptions.
    type: list
    elements: str
  device_ids:
    description: Processes of the devices with these ids in NetBox.
    type: list
    elements: int
  status:
    description: Processes with one of these statuses. V(interrupted) is one whose run is gone, so that its lease has run out.
    type: list
    elements: str
    choices: [running, interrupted, suspended, failed, completed, aborted]
  workflows:
    description: >-
      Processes of these workflows: V(create_node), V(modify_node), V(terminate_node), V(reconcile_node), which is that of the playbook reconcile_nodes, or
      those of another collection, by their full names.
    type: list
    elements: str
  device_names:
    description: Processes of the nodes that their subscriptions call so. Beside O(device_ids), processes of either.
    type: list
    elements: str
  actors:
    description: Processes that were worked on last by these; each is compared as a whole.
    type: list
    elements: str
  run_ids:
    description:
      - Processes that these runs work on, or did a step of. What C(resume) and C(abort) say of processes that a run holds names its id, and so does
        each line of the step log.
    type: list
    elements: str
    aliases: [run_id]
  age:
    description:
      - Processes whose O(age_stamp) is as long ago as this or longer, in seconds, or with a unit, one of C(s), C(m), C(h), C(d) and C(w), for
        example V(2d). With a minus sign before it, as long ago as this or less.
    type: str
  age_stamp:
    description: Which moment O(age) is counted from; the last change, or the start.
    type: str
    choices: [updated, started]
    default: updated
  steps:
    description: Return the step log of each process as well.
    type: bool
    default: false
"""

EXAMPLES = r"""
---
- name: Find what waits for a person
  nodeflow.orchestrator.process_info:
    status: [suspended, failed]
  register: found

- name: Find what has waited for more than a day
  nodeflow.orchestrator.process_info:
    status: [suspended]
    age: 1d

- name: Show what each did so far
  nodeflow.orchestrator.process_info:
    process_ids: "{{ found.processes | map(attribute='process_id') }}"
    steps: true

- name: Show how to continue each
  ansible.builtin.debug:
    msg: "{{ found.processes | map(attribute='continue_with') | select }}"

- name: Keep all processes and their step logs for the auditors
  nodeflow.orchestrator.process_info:
    steps: true
    dest: /var/lib/nodeflow/processes.json
"""

RETURN = r"""
---
processes:
  description: The processes found.
  returned: success, if O(dest) was not set
  type: list
  elements: dict
  sample:
    - process_id: 6f0c1f5e-8d5b-4a39-9be4-8f4a52a4f1d5
      subscription_id: 9b3c5a0e-1d56-4c39-a3c5-0f4a52a4f1d5
      workflow: create_node
      workflow_version: 1
      target: CREATE
      status: suspended
      step: provide_config_to_user
      error: null
      actor: engineer@workstation
      requester: engineer@workstation
      confirmed_by: null
      started_at: '2026-11-23T05:52:17.991018+00:00'
      updated_at: '2026-11-23T05:52:19.104511+00:00'
      completed_at: null
      run_id: null
      lease_until: null
      state:
        claim: netbox
        required_families: [ipv4, ipv6]
      device_id: 7
      device: loc1-core (loc1, 7)
      device_url: https://netbox.example.org/dcim/devices/7/
      site: loc1
      role: core
      platform: cisco_iosxr
      description: Node loc1-core
      continue_with: >-
        ansible-playbook nodeflow.orchestrator.resume -e process_ids=6f0c1f5e-8d5b-4a39-9be4-8f4a52a4f1d5 -e confirm_config=true
      abort_with: ansible-playbook nodeflow.orchestrator.abort -e process_ids=6f0c1f5e-8d5b-4a39-9be4-8f4a52a4f1d5
  contains:
    problem:
      description: Why the process cannot be read, so that no step can be done with it; null of all others. A line of the step log has one too.
      type: str
    requester:
      description: The user who asked for the process, or the schedule that did; null where an older release began it.
      type: str
      version_added: 1.0.0
    confirmed_by:
      description: The user who confirmed the config; null where nobody did yet.
      type: str
      version_added: 1.0.0
    device:
      description: "What messages call the device: name, site and id, as the process read them last; null where it did not."
      type: str
    device_url:
      description: The device's page in NetBox; null while the store belongs to no NetBox.
      type: str
    site:
      description:
        - The slug of the device's site as the process read it last; null where it did not. So are C(role) and C(platform).
        - An empty text where the device has none.
      type: str
    continue_with:
      description:
        - The command that continues the process. Of one that began to be aborted, the command that finishes that.
        - In a job of AWX, this and C(abort_with) name the job template and its variables instead of a command line.
        - Null if it is over, while a run works on it, or if it cannot be read.
      type: str
    abort_with:
      description: The command that ends the process; null if it is over, while a run works on it, or if it cannot be read.
      type: str
    steps:
      description: The step log, in the order in which it happened. Only with O(steps=true). In a CSV file, each line of it is a line.
      type: list
      elements: dict
      sample:
        - step_id: 5b0c6b5e-0f0e-5d5a-9a53-0d4f2c1b7a11
          step: set_status
          attempt: 1
          status: success
          error: null
          state:
            claim: netbox
          changes:
            subscription:
              status: [initial, provisioning]
          actor: engineer@workstation
          run_id: 0a4ac9a2-4c4e-4d2c-8a2f-6c1e5b0f9f0e
          started_at: '2026-11-23T05:52:18.431018+00:00'
          completed_at: '2026-11-23T05:52:18.452003+00:00'
          seconds: 0.021
count:
  description: How many processes the file has.
  returned: success, if O(dest) was set
  type: int
  sample: 3
counts:
  description: How many of them have which status.
  returned: success, if O(dest) was set
  type: dict
  sample: {completed: 2, suspended: 1}
dest:
  description: The file, with links followed; or the URL, without a user, a password, and what follows a C(?).
  returned: if O(dest) was set
  type: str
  sample: /var/lib/nodeflow/processes.json
extends_documentation_fragment: [nodeflow.orchestrator.export]
"""

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._argspec import EXPORT
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node import view  # noqa: F401  # pylint: disable=unused-import  # registers what nodes show
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.argspec import options
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._reports.info import process_info as execute
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._run import run_module

OPTIONS = options(
    {
        "process_ids": {"type": "list", "elements": "str"},
        "subscription_ids": {"type": "list", "elements": "str"},
        "device_ids": {"type": "list", "elements": "int"},
        "status": {"type": "list", "elements": "str", "choices": ["running", "interrupted", "suspended", "failed", "completed", "aborted"]},
        "workflows": {"type": "list", "elements": "str"},
        "device_names": {"type": "list", "elements": "str"},
        "actors": {"type": "list", "elements": "str"},
        "run_ids": {"type": "list", "elements": "str", "aliases": ["run_id"]},
        "age": {"type": "str"},
        "age_stamp": {"type": "str", "choices": ["updated", "started"], "default": "updated"},
        "steps": {"type": "bool", "default": False},
    },
    EXPORT,
)


def main() -> None:
    """Run as an ordinary module."""
    run_module(OPTIONS, execute)


if __name__ == "__main__":
    main()
