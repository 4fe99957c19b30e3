# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The row of what a form was asked for and that has a subscription already: it goes on, or stays as it is."""

from __future__ import annotations

import dataclasses

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.continued import going_on
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.lease import INTERRUPTED, can_be_taken, not_taken, standing
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.rows import FAILED, Row
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.step import ABORT, Workflow
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.ways_on import how_it_goes_on
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.processes import Process
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.subscriptions import Stored
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = ["already_there"]


def already_there(task: Task, row: Row, subscription: Stored, process: Process | None, create: Workflow) -> Row:
    """Return the row of a subject that has a subscription already.

    Args:
        task: The task.
        row: The row, which has its ``label`` and ``run_id``.
        subscription: The subscription that has what the row is for.
        process: The process that works on it, of ``task.processes_at_work``; None where none does.
        create: The workflow that makes such subscriptions. A process of it that failed or was interrupted is continued; of any other the row says how
            it stands and what continues it.
    """
    label, taken, key = row.label, task.subject.taken, str(subscription.subscription_id)
    row = dataclasses.replace(row, subscription_id=key)
    if process is None:
        return row.unchanged(f"{label} is {taken} already: subscription {key}, {subscription.status}", f"is {taken} already, {subscription.status}")
    creating = process.workflow == create.name
    if creating and standing(process) in (FAILED, INTERRUPTED):
        return going_on(row, process, row.run_id or "")
    if process.problem:
        return not_taken(row, process)
    doing = f"is being {taken} already" if creating else f"is {taken} already, and {process.workflow} works on it"
    how, way = how_it_goes_on(process)
    if process.step != ABORT:  # which only the command in the message continues
        row = dataclasses.replace(row, process_id=process.process_id, held=not can_be_taken(process))
    return row.unchanged(f"{label} {doing}: process {process.process_id} {how}{way}", f"{doing}: its process {how}")
