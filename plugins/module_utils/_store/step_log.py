# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Save and find the step log of processes, and see whether it is as it was written."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t
import uuid

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._chunks import chunks
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import sa
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.schema import (
    Damaged,
    Written,
    execute_many,
    having,
    in_turn,
    processes,
    steps,
    subscriptions,
    write_json,
)
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.step_log_chain import START, Line, chained, end_of, what_is_wrong

__all__ = [
    "BrokenLog",
    "NewLines",
    "Saved",
    "StepRecord",
    "broken_logs",
    "find_step_log",
    "first_actors",
    "insert_step_log",
    "last_runs",
    "load_step_log",
    "next_lines",
    "step_id",
]


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


class Saved(t.NamedTuple):
    """The state that a process is saved with, and its JSON."""

    state: dict[str, t.Any]
    text: Written


class NewLines(t.NamedTuple):
    """Lines to insert: their ``rows``, and by process id the hash of the last line ``before`` them, None of one of an older layout, and ``after`` them."""

    rows: list[dict[str, t.Any]]
    before: dict[str, str | None]
    after: dict[str, str]


def step_id(process_id: str, step: str) -> str:
    """Return the id of a process's step: a UUID made of the process's id and the step's name (RFC 9562, version 5)."""
    return str(uuid.uuid5(uuid.UUID(process_id), step))


def insert_step_log(connection: t.Any, records: t.Sequence[StepRecord]) -> None:
    """Save lines of the step log as they are, of processes that nobody else writes to."""
    if records:
        rows, ends = _chained(connection, records, _ends(connection, {record.process_id for record in records}))
        execute_many(connection, steps.insert(), rows)
        ended = processes.update().where(processes.c.process_id == sa.bindparam("old_id")).values(log_hash=sa.bindparam("new_hash"))
        execute_many(connection, ended, [{"old_id": process_id, "new_hash": end} for process_id, end in ends.items()])


def next_lines(connection: t.Any, records: t.Sequence[StepRecord], saved: t.Mapping[str, Saved]) -> NewLines:
    """Return the rows of the lines that come next in the log of processes, with the number of their attempt and the hash of the line before.

    ``saved`` are the states that these processes, and others, are saved with in the same transaction, by process id.
    """
    before = _ends(connection, saved)
    attempts = _attempts(connection, [record.step_id for record in records])
    counted = [dataclasses.replace(record, attempt=attempts[record.step_id] + 1) if record.step_id in attempts else record for record in records]
    rows, after = _chained(connection, counted, before, saved)
    return NewLines(rows, before, after)


def _attempts(connection: t.Any, step_ids: t.Sequence[str]) -> dict[str, int]:
    """Return how many lines the log has of each of these steps; of none, if it has none."""
    found: dict[str, int] = {}
    for some in chunks(step_ids):
        query = sa.select(steps.c.step_id, sa.func.count()).where(steps.c.step_id.in_(some)).group_by(steps.c.step_id)
        found.update({row[0]: row[1] for row in connection.execute(query)})
    return found


def _ends(connection: t.Any, process_ids: t.Collection[str]) -> dict[str, str | None]:
    """Return the hash of the last line of each of these processes; None of one of an older layout."""
    found: dict[str, str | None] = {}
    for some in chunks(list(process_ids)):
        query = sa.select(processes.c.process_id, processes.c.log_hash).where(processes.c.process_id.in_(some))
        found.update({row[0]: row[1] for row in connection.execute(query)})
    return found


def _chained(
    connection: t.Any, records: t.Sequence[StepRecord], ends: t.Mapping[str, str | None], saved: t.Mapping[str, Saved] | None = None
) -> tuple[list[dict[str, t.Any]], dict[str, str]]:
    """Return the rows of new lines, each with the hash of the one before it; and the hash of the last line of each process that gets one. ``saved`` are the
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
    """Return the lines of the step log of these processes as the chain sees them, without reading their JSON."""
    names = [field.name for field in dataclasses.fields(StepRecord)]
    columns = [sa.cast(steps.c[name], sa.Text) if isinstance(steps.c[name].type, sa.JSON) else steps.c[name] for name in names]
    found: dict[str, list[Line]] = {}
    for some in chunks(process_ids):
        query = sa.select(steps.c.previous_hash, *columns).where(steps.c.process_id.in_(some)).order_by(steps.c.process_step_id)
        for previous_hash, *values in connection.execute(query):
            found.setdefault(values[_PROCESS_ID], []).append(Line(values[_STEP], values[_ATTEMPT], tuple(values), previous_hash))
    return found


_PROCESS_ID, _STEP, _ATTEMPT = ([field.name for field in dataclasses.fields(StepRecord)].index(name) for name in ("process_id", "step", "attempt"))


def load_step_log(connection: t.Any, process_ids: t.Sequence[str]) -> dict[str, list[StepRecord]]:
    """Return the step log of these processes, by process id, each in the order in which it happened."""
    found: dict[str, list[StepRecord]] = {process_id: [] for process_id in process_ids}
    for some in chunks(process_ids):
        found.update(find_step_log(connection, process_id=some))
    return found


def find_step_log(
    connection: t.Any, *conditions: t.Any, without: t.Mapping[str, t.Any] | None = None, **criteria: t.Sequence[t.Any]
) -> dict[str, list[StepRecord]]:
    """Return the step log of the processes that ``find_processes`` finds by the same, in one statement. A process of which nothing was logged is left out.

    ``without`` are fields that are not read, and what to have in their place: of many lines, the two of JSON take longer than all else.
    """
    found: dict[str, list[StepRecord]] = {}
    unread = without or {}
    columns = [steps.c[field.name] for field in dataclasses.fields(StepRecord) if field.name not in unread]
    chosen = sa.select(processes.c.process_id).where(*conditions, *having(processes, criteria))
    query = sa.select(*columns).where(steps.c.process_id.in_(chosen)).order_by(steps.c.process_step_id)
    for row in in_turn(connection, query).mappings():
        found.setdefault(row["process_id"], []).append(StepRecord(**row, **unread))
    return found


def first_actors(connection: t.Any, process_ids: t.Sequence[str]) -> dict[str, str]:
    """Return what the first line of the step log of these processes says of who did it, by process id."""
    found: dict[str, str] = {}
    for some in chunks(process_ids):
        first = sa.select(sa.func.min(steps.c.process_step_id)).where(steps.c.process_id.in_(some)).group_by(steps.c.process_id)
        query = sa.select(steps.c.process_id, steps.c.actor).where(steps.c.process_step_id.in_(first))
        found.update({row[0]: row[1] for row in connection.execute(query)})
    return found


def last_runs(connection: t.Any, process_ids: t.Sequence[str]) -> set[str]:
    """Return the ids of the runs that were the last to do a step of these processes."""
    runs: set[str] = set()
    for some in chunks(process_ids):
        last = sa.select(sa.func.max(steps.c.process_step_id)).where(steps.c.process_id.in_(some)).group_by(steps.c.process_id)
        runs.update(connection.scalars(sa.select(steps.c.run_id).where(steps.c.process_step_id.in_(last)).distinct()))
    return runs


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
    """Return the processes whose step log is not as it was written, of the subscriptions whose columns have one of the values named for them."""
    chosen = sa.select(subscriptions.c.subscription_id).where(*having(subscriptions, criteria))
    columns = [processes.c[name] for name in ("process_id", "subscription_id", "log_hash", "requester")]
    query = sa.select(*columns).where(processes.c.subscription_id.in_(chosen))
    found = []
    for some in chunks(connection.execute(query.order_by(processes.c.process_id)).all()):  # in parts, since all their lines may not fit into memory
        lines = _lines(connection, [one.process_id for one in some])
        wrong = [(one, what_is_wrong(lines.get(one.process_id, []), one.log_hash, one.requester)) for one in some]
        found += [BrokenLog(one.process_id, one.subscription_id, where) for one, where in wrong if where]
    return found
