# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Save and find processes."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t
import uuid

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._chunks import chunks
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import TakenOver
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import sa
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.schema import (
    Written,
    execute_many,
    having,
    in_turn,
    processes,
    steps,
    subscriptions,
    write_json,
)
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.step_log import Saved, StepRecord, next_lines
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.step_log_chain import start_of

__all__ = [
    "OVER",
    "Lease",
    "Process",
    "at_work",
    "find_processes",
    "has_status",
    "insert_processes",
    "is_interrupted",
    "latest_processes",
    "leases",
    "left_by",
    "load_processes",
    "of_age",
    "of_subscriptions",
    "processes_with",
    "save_processes",
    "subscriptions_at_work",
    "take_processes",
    "worked_on_by",
]

OVER = ("completed", "aborted")
"""The statuses of a process that nobody will continue."""

STATUSES = ("running", "suspended", "failed", *OVER)
"""How a process can stand in the store."""


@dataclasses.dataclass(frozen=True)
class Process:  # pylint: disable=too-many-instance-attributes
    """One run of one workflow for one subscription. ``step`` is the step that comes next, ``actor`` who took it last, ``requester`` the user who asked for
    it, None of one of an older layout. Moments are in UTC.
    """

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
    requester: str | None = None

    @property
    def problem(self) -> str | None:
        """Why no step can be done with it: its row is damaged, or of a newer release. None where nothing is wrong."""
        if not _is_uuid(self.process_id):
            return "its id is not written as a UUID is"
        if self.status not in STATUSES:
            return f"its status {self.status} is not known here; known are: {', '.join(STATUSES)}"
        if not isinstance(self.state, dict):
            return "its state is no dictionary"
        if not isinstance(self.workflow_version, int):
            return f"its workflow_version is no number: {self.workflow_version}"
        for name in ("subscription_id", "workflow", "target", "actor"):
            if not isinstance(getattr(self, name), str):
                return f"its {name} is empty"
        for name in ("started_at", "updated_at", "lease_until", "completed_at"):
            moment = getattr(self, name)
            if not isinstance(moment, datetime.datetime) and (moment is not None or name in ("started_at", "updated_at")):
                return f"its {name} is no moment: {moment}"
        return None


def _is_uuid(text: t.Any) -> bool:
    """Return whether a text is a UUID as we write it."""
    try:
        return isinstance(text, str) and str(uuid.UUID(text)) == text
    except (AttributeError, TypeError, ValueError):
        return False


def insert_processes(connection: t.Any, new: t.Sequence[Process]) -> None:
    """Save new processes."""
    execute_many(connection, processes.insert(), [vars(process) | {"log_hash": start_of(process.requester)} for process in new])


@dataclasses.dataclass(frozen=True)
class Lease:
    """The right of a run to work on processes, up to ``until`` (UTC)."""

    run_id: str
    actor: str
    until: datetime.datetime


def take_processes(
    connection: t.Any, read: t.Sequence[Process], holders: t.Mapping[str, str | None], lease: Lease, now: datetime.datetime, **values: t.Any
) -> set[str]:
    """Take the lease of processes that nobody works on, or whose worker's lease has run out, or that are ours already.

    ``read`` is how they were read: one that another run has worked on since, and is done with, is not taken. ``holders`` names, by process id, the
    run to take it over from, whose lease need not have run out, or None. ``values`` are further columns to set. Returns the ids of those that are
    ours now.
    """
    unchanged = _lock_unchanged(connection, read)
    by_holder: dict[str | None, list[str]] = {}
    for process_id in unchanged:
        by_holder.setdefault(holders.get(process_id), []).append(process_id)
    for holder, process_ids in by_holder.items():
        free = sa.or_(_is_unheld(now), processes.c.run_id.in_([lease.run_id, holder or lease.run_id]))
        for some in chunks(process_ids):
            connection.execute(
                processes.update()
                .where(processes.c.process_id.in_(some), processes.c.status.not_in(OVER), free)
                .values(run_id=lease.run_id, actor=lease.actor, lease_until=lease.until, status="running", **values)
            )
    taken: set[str] = set()
    for some in chunks(unchanged):
        taken.update(
            connection.execute(sa.select(processes.c.process_id).where(processes.c.process_id.in_(some), processes.c.run_id == lease.run_id)).scalars()
        )
    return taken


def _lock_unchanged(connection: t.Any, read: t.Sequence[Process]) -> list[str]:
    """Lock processes, in the order in which a step that ends saves them, and return the ids of those that are as they were read."""
    there: dict[str, t.Any] = {}
    for some in chunks(sorted(read, key=lambda process: process.subscription_id)):
        ids = [process.process_id for process in some]
        query = sa.select(processes.c.process_id, processes.c.updated_at).where(processes.c.process_id.in_(ids))
        there.update(map(tuple, connection.execute(query.order_by(processes.c.subscription_id).with_for_update())))
    return [process.process_id for process in read if there.get(process.process_id) == process.updated_at]


def leases(connection: t.Any, process_ids: t.Sequence[str]) -> dict[str, tuple[str | None, datetime.datetime | None]]:
    """Return the run that holds each of these processes, and until when, by the id of the process; of those that are running."""
    found: dict[str, tuple[str | None, datetime.datetime | None]] = {}
    for some in chunks(process_ids):
        query = sa.select(processes.c.process_id, processes.c.run_id, processes.c.lease_until)
        rows = connection.execute(query.where(processes.c.process_id.in_(some), processes.c.status == "running"))
        found.update({process_id: (run_id, until) for process_id, run_id, until in rows})
    return found


def save_processes(connection: t.Any, changed: t.Sequence[Process], run_id: str, log: t.Sequence[StepRecord]) -> None:
    """Save processes that the run ``run_id`` works on, with their new lines of the step log, whose attempts are counted here.

    Raises TakenOver if another run has taken one of them over, or written to its log; then the transaction must be undone.
    """
    states = {process.process_id: Saved(process.state, Written(write_json(process.state))) for process in changed}
    new = next_lines(connection, log, states)
    columns = [field.name for field in dataclasses.fields(Process) if field.name != "process_id"]
    statement = (
        processes.update()
        .where(processes.c.process_id == sa.bindparam("old_id"), processes.c.run_id == run_id)
        .where(processes.c.log_hash.is_not_distinct_from(sa.bindparam("old_hash", type_=processes.c.log_hash.type)))
        .values({name: sa.bindparam(name) for name in columns} | {"log_hash": sa.bindparam("new_hash")})
    )
    parameters = [
        {name: getattr(process, name) for name in columns}
        | {"state": states[process.process_id].text, "old_id": process.process_id}
        | {"old_hash": (end := new.before.get(process.process_id)), "new_hash": new.after.get(process.process_id, end)}
        for process in changed
    ]
    if execute_many(connection, statement, parameters) != len(changed):
        which = f"process {changed[0].process_id}" if len(changed) == 1 else f"one of {len(changed)} processes"
        raise TakenOver(f"{which} was taken over by another run; look at it with process_info")
    execute_many(connection, steps.insert(), new.rows)


def load_processes(connection: t.Any, process_ids: t.Sequence[str]) -> dict[str, Process]:
    """Return the processes of these ids that exist, by id."""
    found: dict[str, Process] = {}
    for some in chunks(process_ids):
        rows = connection.execute(sa.select(*_columns()).where(processes.c.process_id.in_(some))).mappings()
        found.update({row["process_id"]: Process(**row) for row in rows})
    return found


def find_processes(connection: t.Any, *conditions: t.Any, **criteria: t.Sequence[t.Any]) -> list[Process]:
    """Return the processes whose columns have one of the values named for them, oldest first. ``conditions`` are further ones, of SQLAlchemy."""
    query = sa.select(*_columns()).where(*conditions, *having(processes, criteria)).order_by(processes.c.started_at, processes.c.process_id)
    return [Process(**row) for row in connection.execute(query).mappings()]


def processes_with(
    connection: t.Any, columns: t.Sequence[t.Any], *conditions: t.Any, **criteria: t.Sequence[t.Any]
) -> t.Iterator[tuple[Process, t.Sequence[t.Any]]]:
    """Yield the same processes, one after the other, each with these columns of its subscription."""
    query = sa.select(*_columns(), *(column.label(f"of_subscription_{place}") for place, column in enumerate(columns))).join(subscriptions)
    query = query.where(*conditions, *having(processes, criteria)).order_by(processes.c.started_at, processes.c.process_id)
    names = [field.name for field in dataclasses.fields(Process)]
    for row in in_turn(connection, query):
        yield Process(**dict(zip(names, row))), row[len(names) :]


def latest_processes(connection: t.Any, *conditions: t.Any, **criteria: t.Sequence[t.Any]) -> t.Iterator[Process]:
    """Yield, of each subscription whose columns have one of the values named for them, the process that began last."""
    chosen = sa.select(subscriptions.c.subscription_id).where(*conditions, *having(subscriptions, criteria))
    last_first = (processes.c.started_at.desc(), processes.c.process_id.desc())
    place = sa.func.row_number().over(partition_by=processes.c.subscription_id, order_by=last_first).label("place")
    ranked = sa.select(processes, place).where(processes.c.subscription_id.in_(chosen)).subquery()
    names = [field.name for field in dataclasses.fields(Process)]
    for row in in_turn(connection, sa.select(*[ranked.c[name] for name in names]).where(ranked.c.place == 1)):
        yield Process(**dict(zip(names, row)))


def _columns() -> list[t.Any]:
    """Return the columns of a process that are fields of Process."""
    return [processes.c[field.name] for field in dataclasses.fields(Process)]


def _is_unheld(now: datetime.datetime) -> t.Any:
    """Return the condition that no run holds a process: it is in none, or has no lease, or the lease has run out."""
    return sa.or_(processes.c.run_id.is_(None), processes.c.lease_until.is_(None), processes.c.lease_until < now)


def is_interrupted(now: datetime.datetime) -> t.Any:
    """Return the condition that a process is running, and its run is gone."""
    return sa.and_(processes.c.status == "running", _is_unheld(now))


def has_status(statuses: t.Collection[str], now: datetime.datetime) -> t.Any:
    """Return the condition that a process has one of these statuses; ``interrupted`` is a running one whose run is gone."""
    interrupted = is_interrupted(now)
    special = {"interrupted": interrupted, "running": sa.and_(processes.c.status == "running", sa.not_(interrupted))}
    plain = [status for status in statuses if status not in special]
    return sa.or_(processes.c.status.in_(plain), *[condition for status, condition in special.items() if status in statuses])


def left_by(run_id: str) -> t.Any:
    """Return the condition that a process is not over, and that this run works on it, or was the last that did. A process that was released has
    forgotten its run; its log has not.
    """
    last = sa.select(sa.func.max(steps.c.process_step_id)).where(steps.c.process_id == processes.c.process_id).correlate(processes).scalar_subquery()
    by_log = sa.exists().where(steps.c.process_step_id == last, steps.c.run_id == run_id)
    return sa.and_(processes.c.status.not_in(OVER), sa.or_(processes.c.run_id == run_id, sa.and_(processes.c.run_id.is_(None), by_log)))


def worked_on_by(run_ids: t.Collection[str]) -> t.Any:
    """Return the condition that one of these runs works on a process, or did a step of it."""
    did = sa.select(steps.c.process_id).where(steps.c.run_id.in_(run_ids))
    return sa.or_(processes.c.run_id.in_(run_ids), processes.c.process_id.in_(did))


def of_subscriptions(*conditions: t.Any) -> t.Any:
    """Return the condition that a process is of a subscription that meets these, of SQLAlchemy."""
    return processes.c.subscription_id.in_(sa.select(subscriptions.c.subscription_id).where(*conditions))


def at_work(connection: t.Any, subscription_ids: t.Sequence[str]) -> dict[str, Process]:
    """Return the processes of these subscriptions that are not over, by the id of the subscription."""
    found = [process for some in chunks(subscription_ids) for process in find_processes(connection, subscription_id=some)]
    return {process.subscription_id: process for process in found if process.status not in OVER}


def subscriptions_at_work(connection: t.Any) -> set[str]:
    """Return the ids of the subscriptions that a process works on which is not over."""
    return set(connection.execute(sa.select(processes.c.subscription_id).where(processes.c.status.not_in(OVER))).scalars())


def of_age(stamp: str, moment: datetime.datetime, younger: bool) -> t.Any:
    """Return the condition that a process was ``started``, or ``updated`` last, before ``moment``; or, if ``younger``, after it."""
    column = processes.c[stamp + "_at"]
    return column >= moment if younger else column <= moment
