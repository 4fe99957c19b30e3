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
  - Answers with the processes that meet every criterion given; with none, with all. Oldest first.
  - Never makes a store.
author:
  - nodeflow.orchestrator contributors (@nodeflow)
extends_documentation_fragment:
  - nodeflow.orchestrator.attributes
  - nodeflow.orchestrator.netbox
  - nodeflow.orchestrator.store
  - nodeflow.orchestrator.process
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
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
    description: Processes that stand like this.
    type: list
    elements: str
    choices: [running, suspended, failed, completed, aborted]
  workflows:
    description: Processes of these workflows.
    type: list
    elements: str
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

- name: Show what each did so far
  nodeflow.orchestrator.process_info:
    process_ids: "{{ found.processes | map(attribute='process_id') }}"
    steps: true
"""

RETURN = r"""
---
processes:
  description: The processes found.
  returned: success
  type: list
  elements: dict
  sample:
    - process_id: 6f0c1f5e-8d5b-4a39-9be4-8f4a52a4f1d5
      subscription_id: 9b3c5a0e-1d56-4c39-a3c5-0f4a52a4f1d5
      device_id: 7
      description: Node loc1-core
      workflow: create_node
      workflow_version: 1
      target: CREATE
      status: suspended
      step: provide_config_to_user
      error: null
      actor: engineer@workstation
      started_at: '2026-11-23T05:52:17.991018+00:00'
      updated_at: '2026-11-23T05:52:19.104511+00:00'
      completed_at: null
      run_id: null
      lease_until: null
      state:
        claim: netbox
        required_families: [ipv4, ipv6]
  contains:
    steps:
      description: The step log, in the order in which it happened. Only with O(steps=true).
      type: list
      elements: dict
"""

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._argspec import options
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._run import run_module
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.workflow.info import process_info as execute

OPTIONS = options(
    {
        "process_ids": {"type": "list", "elements": "str"},
        "subscription_ids": {"type": "list", "elements": "str"},
        "device_ids": {"type": "list", "elements": "int"},
        "status": {"type": "list", "elements": "str", "choices": ["running", "suspended", "failed", "completed", "aborted"]},
        "workflows": {"type": "list", "elements": "str"},
        "steps": {"type": "bool", "default": False},
    }
)


def main() -> None:
    """Run as an ordinary module."""
    run_module(OPTIONS, execute)


if __name__ == "__main__":
    main()
