# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The choice of processes to continue or to abort: by their ids, by how they stand, or by the run that worked on them last."""

from __future__ import annotations

import dataclasses
import datetime
import itertools
import typing as t
import uuid

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.collection import collection_of
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.command import TAKEN_OVER, Command, to_abort, to_resume
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.lease import INTERRUPTED, can_be_taken, not_taken, standing, until
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.options import given, refuse_together
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.rows import FAILED, RUNNING, SUSPENDED, Row
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.step import ABORT, Workflows
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.ways_on import NAMED
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.processes import (
    OVER,
    Process,
    find_processes,
    has_status,
    left_by,
    load_processes,
)
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._words import counted

__all__ = ["OPEN", "chosen_processes", "going_on"]

OPEN = (FAILED, INTERRUPTED, SUSPENDED)
"""How a process stands that can be continued."""


def chosen_processes(task: Task, workflows: Workflows, others: t.Sequence[str] = (), playbook: str = "resume") -> list[Row] | None:
    """Return a row for each process that the options process_ids, process_status and run_id choose; one that cannot be had is failed, with the
    reason. Those that runs hold and that were not chosen are told of.

    ``others`` are options that choose something else, which are refused beside these; ``playbook`` is the one that a person takes held ones over
    with. None where none of the options is given. Raises NodeflowError.
    """
    process_ids, statuses, run = _options(task)
    if process_ids is None and statuses is None and run is None:
        return None
    refuse_together(given(task, "process_ids", "process_status", "run_id"), given(task, *others))
    if run is not None and process_ids:
        raise NodeflowError("run_id says which processes are meant; leave process_ids out")
    store = task.existing_store()
    found: dict[str, Process] = {}
    held: list[Process] = []
    if store is not None:
        now = datetime.datetime.now(datetime.timezone.utc)
        with store.read() as connection:
            found = load_processes(connection, process_ids or [])
            conditions = [left_by(run)] if run is not None else []
            if statuses:
                wanted = set(statuses) | ({RUNNING} if task.params["take_over"] and INTERRUPTED in statuses else set())
                conditions.append(has_status(wanted, now))
            if conditions:
                found |= {process.process_id: process for process in find_processes(connection, *conditions)}
            held = find_processes(connection, has_status([RUNNING], now))
    if task.params.get("only_suspended"):
        went_on = {key: process for key, process in found.items() if process.status != SUSPENDED and process.step != ABORT}
        process_ids = [one for one in process_ids or [] if one not in went_on]
        found = {key: process for key, process in found.items() if key not in went_on}
        _tell_went_on(task, list(went_on.values()))
    run_id, nobody = str(uuid.uuid4()), next(iter(workflows.values())).named(None).own
    rows = []
    for process_id in dict.fromkeys([*(process_ids or []), *found]):
        if process_id in found:
            rows.append(_row(task, workflows, found[process_id], run_id))
        else:
            where = store.label if store else "a store that does not exist yet"
            message = f"there is no process {process_id} in {where}; process_info lists those that are"
            rows.append(Row(process_id, FAILED, message, own=nobody))
    elsewhere = [process for process in found.values() if _is_foreign(task, process) and process.process_id not in (process_ids or [])]
    rows = [row for row in rows if row.process_id not in {process.process_id for process in elsewhere}]
    _tell_elsewhere(task, elsewhere, playbook)
    if run is not None and not found and not statuses:
        message = f"the run {run} left no process that is not over; process_info lists those that are"
        rows.append(Row(f"run {run}", FAILED, message, own=nobody))
    told = _tell_held(task, [process for process in held if process.process_id not in found], playbook) if statuses or not found else False
    if not rows and not told and not elsewhere:
        task.show(f"There is nothing to {'abort' if playbook == 'abort' else 'continue'}: no process stands so.")
    return rows


def _options(task: Task) -> tuple[list[str] | None, list[str] | None, str | None]:
    """Return the options process_ids, process_status and run_id; None for one that is not given."""
    ids = task.params["process_ids"]
    process_ids = None if ids is None else [one for text in ids for line in text.splitlines() for one in _ids(line)]
    if ids and not process_ids:
        process_ids = None
    return process_ids, task.params["process_status"], (task.params["run_id"] or "").strip() or None


def _ids(line: str) -> list[str]:
    """Return the ids that a line of an answer names: all of its words, or, of a survey's choice, which says behind the id what the process is about, the
    first.
    """
    words = line.replace(",", " ").split()
    if not words or not _is_id(words[0]):
        return words
    return list(itertools.takewhile(_is_id, words))


def _is_id(word: str) -> bool:
    try:
        return bool(uuid.UUID(word))
    except ValueError:
        return False


def _is_foreign(task: Task, process: Process) -> bool:
    """Return whether another collection's playbooks continue a process."""
    return collection_of(process.workflow) != task.subject.collection


def _tell_elsewhere(task: Task, foreign: t.Sequence[Process], playbook: str) -> None:
    """Say, a line a collection, which of the processes that were found by how they stand are another's, and with what they go on."""
    by_collection: dict[str, list[Process]] = {}
    for process in foreign:
        by_collection.setdefault(collection_of(process.workflow), []).append(process)
    for collection, some in by_collection.items():
        count = counted(len(some), "process is", "processes are")
        verb = "abort" if playbook == "abort" else "continue"
        ids = [process.process_id for process in some]
        how = to_abort(ids, collection) if playbook == "abort" else to_resume(ids, collection)
        stands = {standing(process) for process in some}
        if playbook != "abort" and len(some) > NAMED:
            how = to_resume(collection=collection).having(status=",".join(sorted({INTERRUPTED if one == RUNNING else one for one in stands})))
        if RUNNING in stands:  # a run holds them, and only whoever knows that it is gone can go on
            how = how.having(**TAKEN_OVER)
        task.show(f"{count} of {collection}; {verb} {'it' if len(some) == 1 else 'them'} with: {how}")


def _tell_went_on(task: Task, processes: t.Sequence[Process]) -> None:
    """Say, a line for each way in which they stand, which do not wait any more, so that what was decided when they did is not meant for them."""
    for how in sorted({standing(process) for process in processes}):
        ids = [process.process_id for process in processes if standing(process) == how]
        which = counted(len(ids), "process left as it is", "processes left as they are")
        task.show(f"{which}, since not suspended but {how}: {', '.join(ids)}")


def _tell_held(task: Task, held: t.Sequence[Process], playbook: str) -> bool:
    """Say, a line a run, what runs hold. Return whether anything was said."""
    by_run: dict[tuple[str, str], list[Process]] = {}
    for process in held:
        by_run.setdefault((str(process.run_id), collection_of(process.workflow)), []).append(process)
    for (run, collection), some in by_run.items():
        actors = ", ".join(sorted({str(process.actor) for process in some}))
        count = counted(len(some), "process is", "processes are")
        last = max(some, key=until)
        before = f"cannot be {'aborted' if playbook == 'abort' else 'continued'} before that"
        how = Command(playbook, collection=collection).having(run_id=run, **TAKEN_OVER)
        task.show(
            f"{count} held by run {run}, of {actors}, until {until(last)}, and {before}. If that run is known to be gone, take "
            f"{'it' if len(some) == 1 else 'them'} over with: {how}"
        )
    return bool(by_run)


def going_on(row: Row, process: Process, run_id: str) -> Row:
    """Return the row, whose process is continued."""
    return dataclasses.replace(row, process_id=process.process_id, status=RUNNING, run_id=run_id, resumed=True)


def _row(task: Task, workflows: Workflows, process: Process, run_id: str) -> Row:
    workflow = workflows.get(process.workflow)
    label, own = workflow.named(process) if workflow else (None, {})
    row = Row(label or f"process {process.process_id}", FAILED, subscription_id=process.subscription_id, own=own)
    if can_be_taken(process):
        return going_on(row, process, run_id)
    if task.params["take_over"] and process.status not in OVER and process.problem is None:
        return dataclasses.replace(going_on(row, process, run_id), take_over_from=process.run_id)
    # Without the process's id: the message names it, and no later step has to do with it.
    return not_taken(row, process)
