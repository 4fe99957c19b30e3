# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One worker a process: a run holds the lease of the processes that it works on, and renews it with each step, and within one (holding.py).

A lease that has run out can be taken by any run. One that has not can be taken over from a run that is known to be gone; if it lives
after all, its next write to NetBox, or its next step, is refused.
"""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import StoreError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.rows import RUNNING, Row, by_run
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.step import AnyWork
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.processes import (
    OVER,
    Lease,
    Process,
    find_processes,
    has_status,
    load_processes,
    take_processes,
)
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = [
    "INTERRUPTED",
    "can_be_taken",
    "lease_end",
    "not_taken",
    "refuse_while_working",
    "standing",
    "take",
    "until",
    "why_not_taken",
]

INTERRUPTED = "interrupted"
"""How a process stands whose run is gone: running, but its lease has run out."""


def lease_end(task: Task) -> datetime.datetime:
    """Return until when a lease that is taken or renewed now holds."""
    return _now() + datetime.timedelta(minutes=task.params["lease_minutes"])


def take(task: Task, works: t.Sequence[AnyWork], **values: t.Any) -> tuple[list[AnyWork], dict[str, Row]]:
    """Take the lease of each process, or go on with it. Second, the rows of those that another run works on, or that are over.

    ``values`` are further columns of the process to set with it.
    """
    taken: list[AnyWork] = []
    held: dict[str, Row] = {}
    for run_id, some in by_run(works, lambda work: work.row):
        ours, others = _take(task, run_id, some, values)
        taken, held = taken + ours, held | others
    return taken, held


def _take(task: Task, run_id: str, works: t.Sequence[AnyWork], values: dict[str, t.Any]) -> tuple[list[AnyWork], dict[str, Row]]:
    """Return the same for the rows of one run."""
    there: dict[str, Process] = {}
    lease: Lease | None = None
    taken = {work.key for work in works if work.process.run_id == run_id and _fresh(task, work.process) and not values}
    if len(taken) < len(works):
        # A row may name the run to take over from, but only the one that was seen: another may have done so since.
        holders = {work.key: work.row.take_over_from for work in works}
        with task.store.write() as connection:
            read = [work.process for work in works]
            lease = Lease(run_id, task.actor, lease_end(task))
            taken = take_processes(connection, read, holders, lease, _now(), **values)
            there = load_processes(connection, [key for key in holders if key not in taken])
    held = {}
    for work in works:
        if work.key not in taken:
            row = dataclasses.replace(work.row, process_id=None)  # the message names it and says what to do
            held[work.key] = not_taken(row, there.get(work.key, work.process))
    ours = {"run_id": run_id, "actor": task.actor, "status": RUNNING} | ({"lease_until": lease.until} if lease else {}) | values
    return [_taken(work, ours) for work in works if work.key in taken], held


def _taken(work: AnyWork, ours: dict[str, t.Any]) -> AnyWork:
    """Return the work with its process as this run has it, which mostly is as it was."""
    if all(getattr(work.process, name) == value for name, value in ours.items()):
        return work
    return dataclasses.replace(work, process=dataclasses.replace(work.process, **ours))


def can_be_taken(process: Process) -> bool:
    """Return whether a new run may continue a process: it is not over, and no run works on it or the lease has run out."""
    free = process.status not in OVER and process.problem is None
    return free and (process.run_id is None or process.lease_until is None or process.lease_until < _now())


def standing(process: Process) -> str:
    """Return the status of a process as a person would call it: one that is running, but whose run is gone, is interrupted."""
    return INTERRUPTED if process.status == RUNNING and can_be_taken(process) else process.status


def not_taken(row: Row, process: Process) -> Row:
    """Return the row, which says why its process cannot be continued now."""
    why = why_not_taken(process)
    return row.failed(f"{row.label}: process {process.process_id} {why}", f"its process {why}")


def why_not_taken(process: Process) -> str:
    """Return why a process cannot be continued now, as what follows its name."""
    if process.problem:
        return f"cannot be read: {process.problem}. Use the release that wrote it, or correct its row in the store"
    if process.status in OVER:
        return f"is {process.status}, so there is nothing to continue or to confirm"
    if can_be_taken(process):
        return f"was continued by another run meanwhile, and is {standing(process)} now; look at it with process_info"
    return (
        f"is being worked on by another run, of {process.actor}, until {until(process)}. Wait for it; if that run is known to be gone, take the process "
        f"over with take_over=true, or all that it held with run_id={process.run_id} and take_over=true"
    )


def refuse_while_working(connection: t.Any, todo: str) -> None:
    """Raise StoreError while a run works on any process; ``todo`` is what is to be done once none does."""
    working = find_processes(connection, has_status([RUNNING], _now()))
    if working:
        raise StoreError(f"a run of {working[0].actor} works on process {working[0].process_id} until {until(working[0])}; {todo} after that")


def until(process: Process) -> str:
    """Return until when the run that works on a process holds it, in UTC."""
    return process.lease_until.strftime("%Y-%m-%d %H:%M UTC") if isinstance(process.lease_until, datetime.datetime) else "it ends"


def _fresh(task: Task, process: Process) -> bool:
    """Return whether nearly all of the lease is left, so that it need not be renewed before the step."""
    most = datetime.timedelta(minutes=task.params["lease_minutes"]) * 0.9
    return process.lease_until is not None and process.lease_until > _now() + most


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)
