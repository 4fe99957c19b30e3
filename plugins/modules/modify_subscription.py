#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: modify_subscription
short_description: Set the fields that a process is to change
version_added: 0.1.0
description:
  - Sets the fields of the subscription that M(nodeflow.orchestrator.subscription_form) or M(nodeflow.orchestrator.reconcile_form) chose to change,
    and validates it as the type of its lifecycle. NetBox is told in the next step.
  - Nodes of a workflow that has no such step are passed on.
author:
  - nodeflow.orchestrator contributors (@nodeflow)
extends_documentation_fragment:
  - nodeflow.orchestrator.attributes
  - nodeflow.orchestrator.netbox
  - nodeflow.orchestrator.store
  - nodeflow.orchestrator.process
  - nodeflow.orchestrator.nodes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
"""

EXAMPLES = r"""
---
- name: modify_subscription
  nodeflow.orchestrator.modify_subscription:
    nodes: "{{ change.nodes }}"
  register: change
"""

RETURN = r"""
---
nodes:
  description: >-
    The nodes as they stand after this step, one each, for the option O(nodes) of the next step. Beside what is named here, a node holds what
    only the next step reads.
  returned: always
  type: list
  elements: dict
  sample:
    - device_id: 7
      device: loc1-core (loc1, 7)
      status: running
      run_id: 0a4ac9a2-4c4e-4d2c-8a2f-6c1e5b0f9f0e
      process_id: 6f0c1f5e-8d5b-4a39-9be4-8f4a52a4f1d5
      subscription_id: 9b3c5a0e-1d56-4c39-a3c5-0f4a52a4f1d5
  contains:
    device_id:
      description: The id of the device in NetBox; null where there is none.
      type: int
    device:
      description: 'How messages call the device: name (site, id).'
      type: str
    status:
      description: >-
        V(running) goes on to the next step; V(suspended), V(failed) and V(completed) do not; V(unchanged) was enrolled before, or by another
        run.
      type: str
    message:
      description: Why the node is not running.
      type: str
    process_id:
      description: The process of the node, once it is stored.
      type: str
    subscription_id:
      description: The subscription of the node, once it is stored.
      type: str
msg:
  description: How many nodes stand how; or, of a task that failed, which and why.
  returned: always
  type: str
  sample: '2 nodes: 1 failed, 1 running'
"""

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._argspec import NODES, options
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._run import run_module
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.node.workflows import WORKFLOWS
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.process.run_step import run_step

OPTIONS = options(NODES)


def execute(task: Task) -> dict[str, t.Any]:
    """Do the step modify_subscription for the nodes that are at it."""
    return run_step(task, "modify_subscription", WORKFLOWS)


def main() -> None:
    """Run as an ordinary module."""
    run_module(OPTIONS, execute)


if __name__ == "__main__":
    main()
