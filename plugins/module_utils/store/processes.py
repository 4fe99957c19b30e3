# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Save and find processes and their step log."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import StoreError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import sa
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.store.chunks import chunks
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.store.schema import processes, steps

__all__ = [
    "OVER",
    "Process",
    "StepRecord",
    "find_processes",
    "insert_processes",
    "load_processes",
    "load_step_log",
    "save_processes",
    "take_processes",
]

OVER = ("completed", "aborted")
"""The statuses of a process that nobody will continue."""


@dataclasses.dataclass(frozen=True)
class Process:  # pylint: disable=too-many-instance-attributes
    """One run of one workflow for one subscription. ``step`` is the step that comes next, ``actor`` who took it last. Moments are in UTC."""

    process_id: str
    subscription_id: str
    workflow: str
    workflow_version: int
    target: str
    status: str
    step: str | None
    state: dict[str, t.Any]
    error: str | None
    actor: str
    run_id: str | None
    lease_until: datetime.datetime | None
    started_at: datetime.datetime
    updated_at: datetime.datetime
    completed_at: datetime.datetime | None = None


@dataclasses.dataclass(frozen=True)
class StepRecord:
    """A line of the step log: what a step did, or tried to, in one run. ``changes`` is ``{"store": {...}, "netbox": {...}}``."""

    process_id: str
    step: str
    status: str
    error: str | None
    changes: dict[str, t.Any]
    actor: str
    run_id: str
    started_at: datetime.datetime
    completed_at: datetime.datetime


def insert_processes(connection: t.Any, new: t.Sequence[Process]) -> None:
    """Save new processes."""
    if new:
        connection.execute(processes.insert(), [dataclasses.asdict(process) for process in new])


def take_processes(
    connection: t.Any, process_ids: t.Sequence[str], run_id: str, actor: str, until: datetime.datetime, now: datetime.datetime
) -> set[str]:
    """Take the lease of processes that nobody works on, or whose worker's lease has run out, or that are ours already.

    Returns the ids of those that are ours now.
    """
    taken: set[str] = set()
    for some in chunks(process_ids):
        free = sa.or_(processes.c.run_id.is_(None), processes.c.run_id == run_id, processes.c.lease_until < now)
        connection.execute(
            processes.update()
            .where(processes.c.process_id.in_(some), processes.c.status.not_in(OVER), free)
            .values(run_id=run_id, actor=actor, lease_until=until, status="running")
        )
        taken.update(
            connection.execute(sa.select(processes.c.process_id).where(processes.c.process_id.in_(some), processes.c.run_id == run_id)).scalars()
        )
    return taken


def save_processes(connection: t.Any, changed: t.Sequence[Process], run_id: str, log: t.Sequence[StepRecord]) -> None:
    """Save processes that the run ``run_id`` works on, with their new lines of the step log.

    Raises StoreError if another run has taken one of them over; then the transaction must be undone.
    """
    for process in changed:
        values = dataclasses.asdict(process)
        done = connection.execute(
            processes.update().where(processes.c.process_id == values.pop("process_id"), processes.c.run_id == run_id).values(**values)
        )
        if done.rowcount != 1:
            raise StoreError("process {0} was taken over by another run; look at it with process_info".format(process.process_id))
    if log:
        connection.execute(steps.insert(), [dataclasses.asdict(record) for record in log])


def load_processes(connection: t.Any, process_ids: t.Sequence[str]) -> dict[str, Process]:
    """The processes of these ids that exist, by id."""
    found: dict[str, Process] = {}
    for some in chunks(process_ids):
        rows = connection.execute(sa.select(processes).where(processes.c.process_id.in_(some))).mappings()
        found.update({row["process_id"]: Process(**row) for row in rows})
    return found


def find_processes(connection: t.Any, **criteria: t.Sequence[t.Any]) -> list[Process]:
    """The processes whose columns have one of the values named for them, oldest first."""
    query = sa.select(processes).order_by(processes.c.started_at, processes.c.process_id)
    for column, values in criteria.items():
        query = query.where(processes.c[column].in_(values))
    return [Process(**row) for row in connection.execute(query).mappings()]


def load_step_log(connection: t.Any, process_ids: t.Sequence[str]) -> dict[str, list[StepRecord]]:
    """The step log of these processes, by process id, each in the order in which it happened."""
    found: dict[str, list[StepRecord]] = {process_id: [] for process_id in process_ids}
    columns = [steps.c[field.name] for field in dataclasses.fields(StepRecord)]
    for some in chunks(process_ids):
        query = sa.select(*columns).where(steps.c.process_id.in_(some)).order_by(steps.c.process_step_id)
        for row in connection.execute(query).mappings():
            found[row["process_id"]].append(StepRecord(**row))
    return found
