#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: done
short_description: Complete the processes
version_added: 0.1.0
description:
  - First, where O(netbox_journal) is set, makes an entry in the journal of each device.
  - Moves each subscription to the lifecycle in which its workflow ends, which is active for an enrolment, in sync, and completes its process.
  - Ends the run. Shows the status of each node, and fails if any node failed on the way.
author:
  - nodeflow.orchestrator contributors (@nodeflow)
extends_documentation_fragment:
  - nodeflow.orchestrator.attributes
  - nodeflow.orchestrator.netbox
  - nodeflow.orchestrator.store
  - nodeflow.orchestrator.process
  - nodeflow.orchestrator.loopback
  - nodeflow.orchestrator.nodes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: partial
    details: Entries of NetBox's journal are not shown.
  idempotent:
    support: full
"""

EXAMPLES = r"""
---
- name: Finish the process (done)
  nodeflow.orchestrator.done:
    nodes: "{{ enrolment.nodes }}"
  register: enrolment
"""

RETURN = r"""
extends_documentation_fragment: [nodeflow.orchestrator.nodes]
"""

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.argspec import NODES, options
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import NODE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.workflows import node_step
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._run import run_module
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

ROWS = NODE
OPTIONS = options(NODES)


def execute(task: Task) -> dict[str, t.Any]:
    """Do the step done for the nodes that are at it."""
    return node_step(task, "done")


def main() -> None:
    """Run as an ordinary module."""
    run_module(OPTIONS, execute, ROWS)


if __name__ == "__main__":
    main()
