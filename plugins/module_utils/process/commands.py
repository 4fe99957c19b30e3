# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command lines that continue a process, or end it, as it stands."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.domain.collection import OURS, collection_of
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.process.lease import INTERRUPTED, can_be_taken, standing
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.process.rows import FAILED, SUSPENDED
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.process.step import ABORT
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.store.processes import OVER, Process, find_processes, has_status

__all__ = ["NAMED", "abort_with", "command", "continue_with", "open_processes", "take_over_with"]


NAMED = 10
"""Processes that a command names by their ids at the most. An abort names all, however many: it is for those that were meant."""


def command(playbook: str, process_ids: t.Sequence[str], status: str = "", collection: str = OURS) -> str:
    """The command line that continues, or aborts, processes: those of the ids, or all that stand as ``status``."""
    which = f"status={status}" if status else f"process_ids={','.join(process_ids)}"
    return f"ansible-playbook {collection}.{playbook} -e {which}"


def continue_with(process: Process) -> str | None:
    """The command line that continues the process; None where there is nothing to continue, or while a run works on it.

    What began to be aborted can only be aborted.
    """
    if process.status in OVER or not can_be_taken(process):
        return None
    if process.step == ABORT:
        return abort_with(process)
    confirmed = " -e confirm_config=true" if process.status == SUSPENDED else ""
    return command("resume", [process.process_id], collection=collection_of(process.workflow)) + confirmed


def abort_with(process: Process) -> str | None:
    """The command line that ends the process; None where it is over, or while a run works on it."""
    if process.status in OVER or not can_be_taken(process):
        return None
    return command("abort", [process.process_id], collection=collection_of(process.workflow))


def take_over_with(playbook: str, run_id: str, collection: str = OURS) -> str:
    """The command line that continues, or aborts, what a run left, and takes over what it holds still."""
    return f"ansible-playbook {collection}.{playbook} -e run_id={run_id} -e take_over=true"


def open_processes(task: Task) -> str:
    """What waits in the store for somebody to continue it, with the commands, a line for each; "" where nothing does."""
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
    playbook = "abort" if stand == "half aborted" else "resume"
    named = playbook == "abort" or len(ids) <= NAMED
    how = command(playbook, ids if named else (), "" if named else stand, collection) + (" -e confirm_config=true" if stand == SUSPENDED else "")
    return f"{len(ids)} {'process is' if one else 'processes are'} {stand}; continue {'it' if one else 'them'} with: {how}"
