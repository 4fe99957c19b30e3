# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Do a step of a product's workflows: what the module of a step calls."""

from __future__ import annotations

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.run_step import run_step
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.step import Workflows
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.store_process import store_process
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = ["do_step"]


def do_step(task: Task, name: str, workflows: Workflows, **remembered: t.Any) -> dict[str, t.Any]:
    """Do the step ``name`` for those rows of the task that are at it, and pass the others on.

    Args:
        task: The task, whose rows are what the step before returned.
        name: The step. The first of the workflows also stores the processes that the form planned, and their subscriptions; it is the same in all of them.
        workflows: The workflows of the product, by name.
        **remembered: What the state of each new process gets beside what the form gave it, at the first step.

    Returns:
        The result of the task. It failed where no row is left to go on with, and at the last step where any failed on the way.

    Raises:
        NodeflowError: None of the workflows has such a step.
    """
    if not any(workflow.has(name) for workflow in workflows.values()):
        known = dict.fromkeys(step.name for workflow in workflows.values() for step in workflow.steps)
        raise NodeflowError(f"there is no step {name}; the steps are {', '.join(known)}")
    first = all(workflow.steps[0].name == name for workflow in workflows.values())
    if first:
        return store_process(task, name, workflows, task.rows(), **remembered)
    return run_step(task, name, workflows, task.rows())
