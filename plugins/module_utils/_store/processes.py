# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Save and find processes and their step log."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t
import uuid

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._chunks import chunks
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import StaleSave
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import sa
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.schema import (
    Damaged,
    Written,
    execute_many,
    in_turn,
    processes,
    steps,
    subscriptions,
    write_json,
)
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.step_log_chain import START, Line, chained, end_of, start_of, what_is_wrong

__all__ = [
    "OVER",
    "BrokenLog",
    "Lease",
    "Process",
    "StepRecord",
    "at_work",
    "broken_logs",
    "find_processes",
    "find_step_log",
    "first_actors",
    "has_status",
    "insert_processes",
    "insert_step_log",
    "is_interrupted",
    "latest_processes",
    "left_by",
    "load_processes",
    "load_step_log",
    "of_age",
    "of_subscriptions",
    "processes_with",
    "save_processes",
    "step_id",
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
    """Whether a text is a UUID as we write it."""
    try:
        return isinstance(text, str) and str(uuid.UUID(text)) == text
    except (AttributeError, TypeError, ValueError):
        return False


@dataclasses.dataclass(frozen=True)
class StepRecord:
    """A line of the step log: what a step did, or tried to, in one attempt, the first being 1.

    ``step_id`` is the same in every attempt. ``state`` is the process's state after it, None in lines that an older release wrote;
    ``changes`` is ``{"subscription": {...}, "process": {...}, "netbox": {...}}``, each field with its value before and after.
    """

    process_id: str
    step_id: str
    step: str
    attempt: int
    status: str
    state: dict[str, t.Any] | None
    error: str | None
    changes: dict[str, t.Any]
    actor: str
    run_id: str
    started_at: datetime.datetime
    completed_at: datetime.datetime

    @property
    def problem(self) -> str | None:
        """What of the line is no value of its kind; None where nothing is."""
        damaged = [field.name for field in dataclasses.fields(self) if isinstance(getattr(self, field.name), Damaged)]
        damaged += [] if isinstance(self.changes, dict) or "changes" in damaged else ["changes"]
        return f"its {' and '.join(damaged)} cannot be read" if damaged else None


def step_id(process_id: str, step: str) -> str:
    """The id of a process's step: a UUID made of the process's id and the step's name (RFC 9562, version 5)."""
    return str(uuid.uuid5(uuid.UUID(process_id), step))


def insert_processes(connection: t.Any, new: t.Sequence[Process]) -> None:
    """Save new processes."""
    execute_many(connection, processes.insert(), [vars(process) | {"log_hash": start_of(process.requester)} for process in new])


def insert_step_log(connection: t.Any, records: t.Sequence[StepRecord]) -> None:
    """Save lines of the step log as they are, of processes that nobody else writes to."""
    if records:
        rows, ends = _chained(connection, records, _ends(connection, {record.process_id for record in records}))
        execute_many(connection, steps.insert(), rows)
        ended = processes.update().where(processes.c.process_id == sa.bindparam("old_id")).values(log_hash=sa.bindparam("new_hash"))
        execute_many(connection, ended, [{"old_id": process_id, "new_hash": end} for process_id, end in ends.items()])


@dataclasses.dataclass(frozen=True)
class Lease:
    """The right of a run to work on processes, up to ``until`` (UTC)."""

    run_id: str
    actor: str
    until: datetime.datetime


def take_processes(connection: t.Any, holders: t.Mapping[str, str | None], lease: Lease, now: datetime.datetime, **values: t.Any) -> set[str]:
    """Take the lease of processes that nobody works on, or whose worker's lease has run out, or that are ours already.

    ``holders`` names, for each process id, the run to take it over from, whose lease need not have run out, or None. ``values`` are further
    columns to set. Returns the ids of those that are ours now.
    """
    by_holder: dict[str | None, list[str]] = {}
    for process_id, holder in holders.items():
        by_holder.setdefault(holder, []).append(process_id)
    for holder, process_ids in by_holder.items():
        free = sa.or_(_is_unheld(now), processes.c.run_id.in_([lease.run_id, holder or lease.run_id]))
        for some in chunks(process_ids):
            connection.execute(
                processes.update()
                .where(processes.c.process_id.in_(some), processes.c.status.not_in(OVER), free)
                .values(run_id=lease.run_id, actor=lease.actor, lease_until=lease.until, status="running", **values)
            )
    taken: set[str] = set()
    for some in chunks(list(holders)):
        taken.update(
            connection.execute(
                sa.select(processes.c.process_id).where(processes.c.process_id.in_(some), processes.c.run_id == lease.run_id)
            ).scalars()
        )
    return taken


def save_processes(connection: t.Any, changed: t.Sequence[Process], run_id: str, log: t.Sequence[StepRecord]) -> None:
    """Save processes that the run ``run_id`` works on, with their new lines of the step log, whose attempts are counted here.

    Raises StaleSave if another run has taken one of them over, or written to its log; then the transaction must be undone.
    """
    ends = _ends(connection, {process.process_id for process in changed})
    before = _attempts(connection, [record.step_id for record in log])
    counted = [dataclasses.replace(record, attempt=before[record.step_id] + 1) if record.step_id in before else record for record in log]
    states = {process.process_id: _Saved(process.state, Written(write_json(process.state))) for process in changed}
    lines, after = _chained(connection, counted, ends, states)
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
        | {"old_hash": (end := ends.get(process.process_id)), "new_hash": after.get(process.process_id, end)}
        for process in changed
    ]
    if execute_many(connection, statement, parameters) != len(changed):
        which = f"process {changed[0].process_id}" if len(changed) == 1 else f"one of {len(changed)} processes"
        raise StaleSave(f"{which} was taken over by another run; look at it with process_info")
    execute_many(connection, steps.insert(), lines)


class _Saved(t.NamedTuple):
    """The state that a process is saved with, and its JSON."""

    state: dict[str, t.Any]
    text: Written


def _ends(connection: t.Any, process_ids: t.Collection[str]) -> dict[str, str | None]:
    """The hash of the last line of each of these processes; None of one of an older layout."""
    found: dict[str, str | None] = {}
    for some in chunks(list(process_ids)):
        query = sa.select(processes.c.process_id, processes.c.log_hash).where(processes.c.process_id.in_(some))
        found.update({row[0]: row[1] for row in connection.execute(query)})
    return found


def _chained(
    connection: t.Any, records: t.Sequence[StepRecord], ends: t.Mapping[str, str | None], saved: t.Mapping[str, _Saved] | None = None
) -> tuple[list[dict[str, t.Any]], dict[str, str]]:
    """The rows of new lines, each with the hash of the one before it; and the hash of the last line of each process that gets one. ``saved`` are the
    states of processes that are saved with them.

    The lines of a process of an older layout are in its first hash.
    """
    after: dict[str, str] = {record.process_id: ends.get(record.process_id) or START for record in records}
    for process_id, lines in _lines(connection, [process_id for process_id in after if ends.get(process_id) is None]).items():
        after[process_id] = end_of(lines)
    rows = []
    for record in records:
        state = (saved or {}).get(record.process_id)
        text = state.text if state and state.state is record.state else Written(write_json(record.state))
        values = vars(record) | {"state": text, "changes": Written(write_json(record.changes))}
        [previous_hash], after[record.process_id] = chained([Line(record.step, record.attempt, tuple(values.values()))], after[record.process_id])
        rows.append(values | {"previous_hash": previous_hash})
    return rows, after


def _lines(connection: t.Any, process_ids: t.Sequence[str]) -> dict[str, list[Line]]:
    """The lines of the step log of these processes as the chain sees them, without reading their JSON."""
    names = [field.name for field in dataclasses.fields(StepRecord)]
    columns = [sa.cast(steps.c[name], sa.Text) if isinstance(steps.c[name].type, sa.JSON) else steps.c[name] for name in names]
    found: dict[str, list[Line]] = {}
    for some in chunks(process_ids):
        query = sa.select(steps.c.previous_hash, *columns).where(steps.c.process_id.in_(some)).order_by(steps.c.process_step_id)
        for previous_hash, *values in connection.execute(query):
            found.setdefault(values[_PROCESS_ID], []).append(Line(values[_STEP], values[_ATTEMPT], tuple(values), previous_hash))
    return found


_PROCESS_ID, _STEP, _ATTEMPT = ([field.name for field in dataclasses.fields(StepRecord)].index(name) for name in ("process_id", "step", "attempt"))


@dataclasses.dataclass(frozen=True)
class BrokenLog:
    """A process whose step log is not as it was written; ``where`` says in which line that shows."""

    process_id: str
    subscription_id: str
    where: str

    @property
    def sentence(self) -> str:
        """What was found, and what to do."""
        return (
            f"process {self.process_id}: {self.where}. No run does that, and nothing here puts it back: a backup of the database has the log as it was, "
            "and the database's own log may tell who changed it"
        )


def broken_logs(connection: t.Any, **criteria: t.Sequence[t.Any]) -> list[BrokenLog]:
    """The processes whose step log is not as it was written, of the subscriptions whose columns have one of the values named for them."""
    chosen = sa.select(subscriptions.c.subscription_id).where(*_having(subscriptions, criteria))
    columns = [processes.c[name] for name in ("process_id", "subscription_id", "log_hash", "requester")]
    query = sa.select(*columns).where(processes.c.subscription_id.in_(chosen))
    found = []
    for some in chunks(connection.execute(query.order_by(processes.c.process_id)).all()):  # in parts, since all their lines may not fit into memory
        lines = _lines(connection, [one.process_id for one in some])
        wrong = [(one, what_is_wrong(lines.get(one.process_id, []), one.log_hash, one.requester)) for one in some]
        found += [BrokenLog(one.process_id, one.subscription_id, where) for one, where in wrong if where]
    return found


def _attempts(connection: t.Any, step_ids: t.Sequence[str]) -> dict[str, int]:
    """How many lines the log has of each of these steps; of none, if it has none."""
    found: dict[str, int] = {}
    for some in chunks(step_ids):
        query = sa.select(steps.c.step_id, sa.func.count()).where(steps.c.step_id.in_(some)).group_by(steps.c.step_id)
        found.update({row[0]: row[1] for row in connection.execute(query)})
    return found


def load_processes(connection: t.Any, process_ids: t.Sequence[str]) -> dict[str, Process]:
    """The processes of these ids that exist, by id."""
    found: dict[str, Process] = {}
    for some in chunks(process_ids):
        rows = connection.execute(sa.select(*_columns()).where(processes.c.process_id.in_(some))).mappings()
        found.update({row["process_id"]: Process(**row) for row in rows})
    return found


def find_processes(connection: t.Any, *conditions: t.Any, **criteria: t.Sequence[t.Any]) -> list[Process]:
    """The processes whose columns have one of the values named for them, oldest first. ``conditions`` are further ones, of SQLAlchemy."""
    query = sa.select(*_columns()).where(*conditions, *_having(processes, criteria)).order_by(processes.c.started_at, processes.c.process_id)
    return [Process(**row) for row in connection.execute(query).mappings()]


def processes_with(
    connection: t.Any, columns: t.Sequence[t.Any], *conditions: t.Any, **criteria: t.Sequence[t.Any]
) -> t.Iterator[tuple[Process, t.Sequence[t.Any]]]:
    """The same processes, one after the other, each with these columns of its subscription."""
    query = sa.select(*_columns(), *(column.label(f"of_subscription_{place}") for place, column in enumerate(columns))).join(subscriptions)
    query = query.where(*conditions, *_having(processes, criteria)).order_by(processes.c.started_at, processes.c.process_id)
    names = [field.name for field in dataclasses.fields(Process)]
    for row in in_turn(connection, query):
        yield Process(**dict(zip(names, row))), row[len(names) :]


def latest_processes(connection: t.Any, *conditions: t.Any, **criteria: t.Sequence[t.Any]) -> t.Iterator[Process]:
    """Of each subscription whose columns have one of the values named for them the process that began last, one after the other."""
    chosen = sa.select(subscriptions.c.subscription_id).where(*conditions, *_having(subscriptions, criteria))
    last_first = (processes.c.started_at.desc(), processes.c.process_id.desc())
    place = sa.func.row_number().over(partition_by=processes.c.subscription_id, order_by=last_first).label("place")
    ranked = sa.select(processes, place).where(processes.c.subscription_id.in_(chosen)).subquery()
    names = [field.name for field in dataclasses.fields(Process)]
    for row in in_turn(connection, sa.select(*[ranked.c[name] for name in names]).where(ranked.c.place == 1)):
        yield Process(**dict(zip(names, row)))


def _columns() -> list[t.Any]:
    """The columns of a process that are fields of Process."""
    return [processes.c[field.name] for field in dataclasses.fields(Process)]


def _having(table: t.Any, criteria: t.Mapping[str, t.Sequence[t.Any]]) -> list[t.Any]:
    """The conditions that columns of ``table`` have one of the values named for them."""
    return [table.c[column].in_(values) for column, values in criteria.items()]


def _is_unheld(now: datetime.datetime) -> t.Any:
    """The condition that no run holds a process: it is in none, or has no lease, or the lease has run out."""
    return sa.or_(processes.c.run_id.is_(None), processes.c.lease_until.is_(None), processes.c.lease_until < now)


def is_interrupted(now: datetime.datetime) -> t.Any:
    """The condition that a process is running, and its run is gone."""
    return sa.and_(processes.c.status == "running", _is_unheld(now))


def has_status(statuses: t.Collection[str], now: datetime.datetime) -> t.Any:
    """The condition that a process has one of these statuses; ``interrupted`` is a running one whose run is gone."""
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


def last_runs(connection: t.Any, process_ids: t.Sequence[str]) -> set[str]:
    """The ids of the runs that were the last to do a step of these processes."""
    runs: set[str] = set()
    for some in chunks(process_ids):
        last = sa.select(sa.func.max(steps.c.process_step_id)).where(steps.c.process_id.in_(some)).group_by(steps.c.process_id)
        runs.update(connection.scalars(sa.select(steps.c.run_id).where(steps.c.process_step_id.in_(last)).distinct()))
    return runs


def worked_on_by(run_ids: t.Collection[str]) -> t.Any:
    """Return the condition that one of these runs works on a process, or did a step of it."""
    did = sa.select(steps.c.process_id).where(steps.c.run_id.in_(run_ids))
    return sa.or_(processes.c.run_id.in_(run_ids), processes.c.process_id.in_(did))


def of_subscriptions(*conditions: t.Any) -> t.Any:
    """Return the condition that a process is of a subscription that meets these, of SQLAlchemy."""
    return processes.c.subscription_id.in_(sa.select(subscriptions.c.subscription_id).where(*conditions))


def at_work(connection: t.Any, subscription_ids: t.Sequence[str]) -> dict[str, Process]:
    """The processes of these subscriptions that are not over, by the id of the subscription."""
    found = [process for some in chunks(subscription_ids) for process in find_processes(connection, subscription_id=some)]
    return {process.subscription_id: process for process in found if process.status not in OVER}


def subscriptions_at_work(connection: t.Any) -> set[str]:
    """The ids of the subscriptions that a process works on which is not over."""
    return set(connection.execute(sa.select(processes.c.subscription_id).where(processes.c.status.not_in(OVER))).scalars())


def of_age(stamp: str, moment: datetime.datetime, younger: bool) -> t.Any:
    """The condition that a process was ``started``, or ``updated`` last, before ``moment``; or, if ``younger``, after it."""
    column = processes.c[stamp + "_at"]
    return column >= moment if younger else column <= moment


def load_step_log(connection: t.Any, process_ids: t.Sequence[str]) -> dict[str, list[StepRecord]]:
    """The step log of these processes, by process id, each in the order in which it happened."""
    found: dict[str, list[StepRecord]] = {process_id: [] for process_id in process_ids}
    for some in chunks(process_ids):
        found.update(find_step_log(connection, process_id=some))
    return found


def first_actors(connection: t.Any, process_ids: t.Sequence[str]) -> dict[str, str]:
    """What the first line of the step log of these processes says of who did it, by process id."""
    found: dict[str, str] = {}
    for some in chunks(process_ids):
        first = sa.select(sa.func.min(steps.c.process_step_id)).where(steps.c.process_id.in_(some)).group_by(steps.c.process_id)
        query = sa.select(steps.c.process_id, steps.c.actor).where(steps.c.process_step_id.in_(first))
        found.update({row[0]: row[1] for row in connection.execute(query)})
    return found


def find_step_log(
    connection: t.Any, *conditions: t.Any, without: t.Mapping[str, t.Any] | None = None, **criteria: t.Sequence[t.Any]
) -> dict[str, list[StepRecord]]:
    """The step log of the processes that ``find_processes`` finds by the same, in one statement. A process of which nothing was logged is left out.

    ``without`` are fields that are not read, and what to have in their place: of many lines, the two of JSON take longer than all else.
    """
    found: dict[str, list[StepRecord]] = {}
    unread = without or {}
    columns = [steps.c[field.name] for field in dataclasses.fields(StepRecord) if field.name not in unread]
    chosen = sa.select(processes.c.process_id).where(*conditions, *_having(processes, criteria))
    query = sa.select(*columns).where(steps.c.process_id.in_(chosen)).order_by(steps.c.process_step_id)
    for row in in_turn(connection, query).mappings():
        found.setdefault(row["process_id"], []).append(StepRecord(**row, **unread))
    return found
