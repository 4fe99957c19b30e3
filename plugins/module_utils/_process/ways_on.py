# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What continues a process, or ends it, as it stands."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.collection import collection_of
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.command import CONFIRMED, TAKEN_OVER, to_abort, to_resume
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.lease import INTERRUPTED, can_be_taken, standing, until, why_not_taken
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.rows import FAILED, SUSPENDED
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.step import ABORT
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.processes import OVER, Process, find_processes, has_status
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._words import counted

__all__ = ["NAMED", "abort_with", "continue_with", "how_it_goes_on", "open_processes"]


NAMED = 10
"""Processes that a command names by their ids at the most. An abort names all, however many: it is for those that were meant."""


def continue_with(process: Process) -> str | None:
    """Return the command that continues the process; None where there is nothing to continue, or while a run works on it.

    What began to be aborted can only be aborted.
    """
    if process.status in OVER or not can_be_taken(process):
        return None
    if process.step == ABORT:
        return abort_with(process)
    return str(to_resume([process.process_id], collection_of(process.workflow)).having(**_confirmed(process.status)))


def how_it_goes_on(process: Process) -> tuple[str, str]:
    """Return how a process that is not over stands, and "; " with what continues it or finishes its abort, as the middle and the end of a sentence about it."""
    if process.problem:
        return why_not_taken(process), ""
    how, command = ("finish that", to_abort) if process.step == ABORT else ("continue it", to_resume)
    way = command([process.process_id], collection_of(process.workflow))
    if can_be_taken(process):
        return "is half aborted" if process.step == ABORT else f"is {standing(process)} at {process.step}", f"; {how} with: {way}"
    stands = "is being aborted" if process.step == ABORT else f"is {standing(process)} at {process.step}"
    return f"{stands}, by {process.actor} until {until(process)}", f"; if that run is gone, {how} with: {way.having(**TAKEN_OVER)}"


def abort_with(process: Process) -> str | None:
    """Return the command that ends the process; None where it is over, or while a run works on it."""
    if process.status in OVER or not can_be_taken(process):
        return None
    return str(to_abort([process.process_id], collection_of(process.workflow)))


def _confirmed(stand: str) -> dict[str, str]:
    return CONFIRMED if stand == SUSPENDED else {}


def open_processes(task: Task) -> str:
    """Return what waits in the store for somebody to continue it, with the commands, a line for each; "" where nothing does."""
    store = task.existing_store()
    if store is None:
        return ""
    with store.read() as connection:
        now = datetime.datetime.now(datetime.timezone.utc)
        found = find_processes(connection, has_status([SUSPENDED, FAILED, INTERRUPTED], now))
    waiting: dict[tuple[str, str], list[str]] = {}
    for process in found:
        stand = "half aborted" if process.step == ABORT else standing(process)
        waiting.setdefault((stand, collection_of(process.workflow)), []).append(process.process_id)
    return "\n".join(_waiting(stand, collection, ids) for (stand, collection), ids in waiting.items())


def _waiting(stand: str, collection: str, ids: t.Sequence[str]) -> str:
    one = len(ids) == 1
    to_end = stand == "half aborted"
    named = to_resume(ids, collection) if len(ids) <= NAMED else to_resume(collection=collection).having(status=stand)
    how = to_abort(ids, collection) if to_end else named.having(**_confirmed(stand))
    return f"{counted(len(ids), 'process is', 'processes are')} {stand}; continue {'it' if one else 'them'} with: {how}"
