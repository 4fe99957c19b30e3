# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The workflows that there are. A process names its own; a new workflow is added here."""

from __future__ import annotations

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.claim import CLAIM, claim_mode
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.create_node import CREATE_NODE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.modify_node import MODIFY_NODE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.reconcile_node import RECONCILE_NODE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.terminate_node import TERMINATE_NODE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.do_step import do_step
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = ["WORKFLOWS", "node_step", "store_process_subscription"]

WORKFLOWS = {workflow.name: workflow for workflow in (CREATE_NODE, MODIFY_NODE, TERMINATE_NODE, RECONCILE_NODE)}
"""By name."""


def store_process_subscription(task: Task) -> dict[str, t.Any]:
    """Begin the processes of the nodes of the option ``nodes``; then claim the devices of new ones in NetBox, where that is asked."""
    return do_step(task, CLAIM, WORKFLOWS, claim=claim_mode(task))


def node_step(task: Task, name: str) -> dict[str, t.Any]:
    """Do the step ``name`` for those nodes of the option ``nodes`` that are at it."""
    return do_step(task, name, WORKFLOWS)
