# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Give back the processes of a task that ended before its step was done: failed, with the reason, and free to be resumed."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._chunks import chunks
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.subject import Subject
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.rows import FAILED, RUNNING, Row
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._secrets import mask_text
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.processes import Process, find_processes, load_processes, save_processes
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.step_log import StepRecord, step_id
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = ["release"]


def release(task: Task, reason: str) -> list[Row]:
    """Fail those processes of the task's rows that this run holds, and give their lease back. Of others, nothing is touched.

    Args:
        task: The task; its options may be wrong, which can be why it ended.
        reason: Why it ended, a sentence.

    Returns:
        All rows that a step returned, those of these processes as failed; with ``held`` where the store cannot be told, or does not know
        the process. Empty where nothing was held, and always in check mode.
    """
    subject = task.rows_about
    rows = _rows(task.params.get(subject.many), subject) if subject and not task.check_mode else []
    ours = [row for row in rows if _may_be_held(row)]
    if not ours:
        return []
    reason = mask_text(reason, task.secrets)
    try:
        held, unknown = _release(task, ours, reason)
    except Exception:  # pylint: disable=broad-exception-caught  # what ended the task is what has to be told
        held, unknown = {}, [row for row in ours if row.process_id]
    after: list[Row] = []
    for row in rows:
        key = _key(row)
        if key in held and row in ours:
            after.append(_failed(row, reason).begun(held[key]))
        else:
            after.append(_failed(row, reason, held=True) if row in unknown else row)
    return after if held or unknown else []


def _rows(data: t.Any, subject: Subject) -> list[Row]:
    """Return those that a step returned, of what may be anything."""
    rows = []
    for one in data if isinstance(data, list) else ():
        with contextlib.suppress(NodeflowError):
            rows.append(Row.read(one, subject))
    return rows


def _may_be_held(row: Row) -> bool:
    """Return whether a run can hold a process of the row: it is running, is stored or about to be, and no prediction."""
    return row.status == RUNNING and row.predicted is None and _key(row) is not None


def _key(row: Row) -> str | None:
    """Return the id of the row's process; before it has one, that of its subscription; None before it has either."""
    key = row.process_id or row.subscription_id or (row.model.get("subscription_id") if isinstance(row.model, dict) else None)
    return key if isinstance(key, str) else None


def _holds(row: Row | None, process: Process) -> bool:
    """Return whether the run of the row holds the process. Of a row that came short, whose whole one is lost, only how the run's id begins is known."""
    if row is None or not row.run_id or not process.run_id or process.status != RUNNING:
        return False
    return process.run_id == row.run_id or (len(row.run_id) == 8 and process.run_id.startswith(row.run_id))


def _failed(row: Row, reason: str, *, held: bool = False) -> Row:
    return row.without_plan().failed(f"{row.label}: {reason}", held=held)


def _release(task: Task, rows: t.Sequence[Row], reason: str) -> tuple[dict[str, str], list[Row]]:
    """Save it, all in one transaction. Return the ids of the processes, by the key of their row; and the rows whose process the store does not know."""
    store = task.any_store()
    if store is None:
        return {}, [row for row in rows if row.process_id]
    by_key = {_key(row): row for row in rows}
    with store.write() as connection:
        known = load_processes(connection, [row.process_id for row in rows if row.process_id])
        unknown = [row for row in rows if row.process_id and row.process_id not in known]
        # A row whose process was saved a moment ago does not name it yet.
        fresh = [_key(row) or "" for row in rows if not row.process_id]
        for some in chunks(fresh):
            known |= {process.process_id: process for process in find_processes(connection, subscription_id=some)}
        row_of = {key: by_key.get(key) or by_key.get(process.subscription_id) for key, process in known.items()}
        held = {key: process for key, process in known.items() if _holds(row_of[key], process)}
        for run_id in {one.run_id for one in held.values()}:
            pairs = [_fail(task, one, f"{_label(row_of[key])}: {reason}") for key, one in held.items() if one.run_id == run_id]
            save_processes(connection, [process for process, log in pairs], run_id or "", [log for process, log in pairs])
    return {_key(row) or "": key for key, row in row_of.items() if row and key in held}, unknown


def _label(row: Row | None) -> str:
    return row.label if row else ""


def _fail(task: Task, process: Process, error: str) -> tuple[Process, StepRecord]:
    """Return the process as failed, without a lease; and the line of its step log that says so."""
    now = datetime.datetime.now(datetime.timezone.utc)
    failed = dataclasses.replace(process, status=FAILED, error=error, run_id=None, lease_until=None, updated_at=now)
    changes: dict[str, t.Any] = {"subscription": {}, "process": {"status": [process.status, FAILED], "error": [process.error, error]}, "netbox": {}}
    log = StepRecord(
        process_id=process.process_id,
        step_id=step_id(process.process_id, process.step or ""),
        step=process.step or "",
        attempt=1,
        status=FAILED,
        state=process.state,
        error=error,
        changes=changes,
        actor=task.actor,
        run_id=process.run_id or "",
        started_at=now,
        completed_at=now,
    )
    return failed, log
