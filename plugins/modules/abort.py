#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: abort
short_description: Abort processes that will not be completed
version_added: 0.1.0
description:
  - For an enrolment, gives the claim of the device back in NetBox, from staged to planned, if it is still this process's; any other status is left
    as it is. Ends the subscription, which becomes terminated with a note, and the process. The step log is kept. The device can be enrolled
    again then, as a new subscription.
  - For a process that changes an enrolled node, puts the subscription back as it was before, and ends the process. What was written to NetBox is left there.
    Where the process has set the device to planned already, or has made the subscription, as reconcile_nodes does for a device that it adopts, the
    subscription ends.
  - Where the process may have sent a write to NetBox whose answer was lost, the device is written once more as it is, so that the write is refused if it
    arrives later. That needs NetBox 4.6 or newer.
  - At least one of O(process_ids), O(process_status) and O(run_id) must be given.
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
    support: full
  idempotent:
    support: full
options:
  only_suspended:
    version_added: 1.0.0
    description:
      - Abort only those that are still suspended. The denial of an approval must not end a process that went on meanwhile. One whose abort was begun is
        finished all the same.
    type: bool
    default: false
  reason:
    description: Why, for the process, and for the note of a subscription that ends with it.
    type: str
"""

EXAMPLES = r"""
---
- name: Abort an enrolment
  nodeflow.orchestrator.abort:
    process_ids: [6f0c1f5e-8d5b-4a39-9be4-8f4a52a4f1d5]
    reason: the router went back to the vendor

- name: Abort whatever failed
  nodeflow.orchestrator.abort:
    process_status: [failed]
"""

RETURN = r"""
---
nodes:
  description: The processes as they are now, one each. Where they are many (some 200), the rows are short, as those of M(nodeflow.orchestrator.done).
  returned: success, or where nodes failed
  type: list
  elements: dict
  sample:
    - device_id: 7
      device: loc1-core (loc1, 7)
      status: aborted
      message: loc1-core (loc1, 7) was aborted by ann@workstation; it is planned again in NetBox
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
        V(aborted), or V(failed) for one that could not be.
      type: str
    message:
      description: What became of it, or why it could not be aborted.
      type: str
    reason:
      description: The message without what is this process's own, of one that failed.
      type: str
      version_added: 1.0.0
    whole_row:
      description: Of a short one, the name of the whole one.
      type: str
      version_added: 1.0.0
    process_id:
      description: The process, where it can be tried again.
      type: str
    subscription_id:
      description: The subscription. It is terminated if the process made it or has set its device to planned, else as it was before.
      type: str
ansible_stats:
  description: What this leaves for the next job, as that of M(nodeflow.orchestrator.done).
  returned: always
  type: dict
  version_added: 1.0.0
msg:
  description: How many nodes have which status; or, of a task that failed, which and why.
  returned: always
  type: str
  sample: '2 nodes: 1 aborted, 1 failed'
"""

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._argspec import PROCESSES
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.argspec import options
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import NODE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.workflows import WORKFLOWS
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.abort import abort
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._run import run_module
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

ROWS = NODE
OPTIONS = options(PROCESSES, {"only_suspended": {"type": "bool", "default": False}, "reason": {"type": "str"}})


def execute(task: Task) -> dict[str, t.Any]:
    """Abort processes of any workflow."""
    return abort(task, WORKFLOWS)


def main() -> None:
    """Run as an ordinary module."""
    run_module(OPTIONS, execute, ROWS)


if __name__ == "__main__":
    main()
