# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Abort processes: what their workflow gives back is given back, the subscription ends or is as it was before, and the log is kept."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.subscription import load_subscription
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.continued import chosen_processes
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.rows import ABORTED
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.run_step import run_step
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.step import ABORT, Aborted, AnyWork, Outcome, Step, Workflow, Workflows, for_each
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.processes import Process
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = ["abort", "aborted", "put_back", "restored"]


def abort(task: Task, workflows: Workflows) -> dict[str, t.Any]:
    """Abort the processes that the options choose."""
    rows = chosen_processes(task, workflows, playbook="abort")
    if rows is None:
        raise NodeflowError("say which processes to abort, with process_ids, process_status (the playbook's status) or run_id; process_info lists them")
    rows = [dataclasses.replace(row, playbook="abort") for row in rows]
    task.params[task.subject.many] = [row.as_result(task.subject) for row in rows]  # what is released where this ends before its time
    result = run_step(task, ABORT, {name: _aborting(workflow) for name, workflow in workflows.items()}, rows)
    del task.params[task.subject.many]
    return result


def aborted(task: Task, work: AnyWork, netbox: str, changes: dict[str, list[t.Any]] | None = None) -> Aborted:
    """Return the outcome of a process that is over, and with which its subscription ends: it is terminated. For one that lives on see ``restored``.

    ``netbox`` says how things stand in NetBox; ``changes`` are what the abort changed there, ``{field: [before, after]}``.
    """
    reason = task.params.get("reason")
    why = f": {reason}" if reason else ""
    verb = "would be" if task.check_mode else "was"
    note = f"{work.label} {verb} aborted by {task.actor}{why}; {netbox}"
    return Aborted(note, ABORTED, changes or {})


def _restore(task: Task, works: t.Sequence[AnyWork]) -> dict[str, Outcome]:
    """Put the subscriptions back as they were before; what was written to NetBox stays."""
    return for_each(works, lambda work: put_back(task, work))


def put_back(task: Task, work: AnyWork) -> Aborted:
    """Return the outcome of a process that is over, and whose subscription is as it was before; one that the process made ends."""
    if work.state.before:
        return restored(task, work)
    return aborted(task, work, f"its new subscription is terminated; the {task.subject.label} in NetBox was left as it is")


def restored(task: Task, work: AnyWork, netbox: str | None = None, changes: dict[str, list[t.Any]] | None = None) -> Aborted:
    """Return the outcome of a process that is over, and whose subscription is as it was before the process began.

    ``netbox`` says how things stand in NetBox, which is left as it is unless that says otherwise; ``changes`` are what the abort changed there.
    """
    before = load_subscription(work.state.before).model_copy(update={"version": work.subscription.version})
    stands = netbox or f"its subscription is as it was before; the {task.subject.label} in NetBox was left as it is"
    ended = aborted(task, work, stands, changes)
    return dataclasses.replace(ended, subscription=before)


class _AnyVersion(Workflow):
    """Takes a process from wherever it stands, whatever its step list."""

    def adopt(self, process: Process) -> Process:
        """Return the process at the step abort."""
        return dataclasses.replace(process, step=ABORT)


def _aborting(workflow: Workflow) -> Workflow:
    # The intent first: a process of which the resources were given back must not be continued.
    step = Step(ABORT, workflow.abort or _restore, intent={"step": ABORT})
    return _AnyVersion(**vars(workflow) | {"steps": (step,), "final": ABORT, "continues": {}})
