# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run holds still within a step, asked right before each request that writes to NetBox: another may have taken a process over meanwhile."""

from __future__ import annotations

import datetime
import threading
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NetboxError, StoreError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.lease import take
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.step import AnyWork
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.processes import leases
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = ["hold", "holding", "still_held"]


def still_held(task: Task, works: t.Mapping[int, AnyWork]) -> t.Callable[[t.Collection[int]], set[int]]:
    """Return the function that tells, of objects that are about to be written, those whose process this run holds still.

    ``works`` are the works by the id of their object, of a step that runs. The function raises NetboxError where the store cannot be asked, so that nothing is
    written.
    """

    def held(ids: t.Collection[int]) -> set[int]:
        ours = task.held([works[key].key for key in ids])
        return {key for key in ids if works[key].key in ours}

    return held


def holding(task: Task, works: t.Sequence[AnyWork]) -> t.Callable[[t.Collection[str]], set[str]]:
    """Return the function that tells, of these processes of a step, those that this run holds still; for a Task's ``held``.

    Each time that half a lease is over it renews those of all works of the step, since they are saved at its end. Several threads may call it.
    """
    by_key = {work.key: work for work in works}
    half = datetime.timedelta(minutes=task.params["lease_minutes"]) / 2
    lock, renewals = threading.Lock(), [_now() + half]

    def held(keys: t.Collection[str]) -> set[str]:
        with lock:
            due = _now() >= renewals[0]
            renewals[0] = _now() + half if due else renewals[0]
        ours = _keep(task, list(by_key.values()) if due else [by_key[key] for key in keys])
        return ours & set(keys)

    return held


def hold(task: Task, works: t.Sequence[AnyWork]) -> None:
    """Raise NetboxError where this run does not hold the process of each of the works any more."""
    keys = [work.key for work in works]
    held = task.held(keys)
    lost = [key for key in keys if key not in held]
    if lost:
        raise NetboxError(f"NetBox was not written, since another run has taken process {lost[0]} over meanwhile; look at it with process_info")


def _keep(task: Task, works: t.Sequence[AnyWork]) -> set[str]:
    """Return the ids of those processes of the works that this run holds. A lease of which half is over is renewed."""
    half = _now() + datetime.timedelta(minutes=task.params["lease_minutes"]) / 2
    try:
        with task.store.read() as connection:
            there = leases(connection, [work.key for work in works])
        ours = [work for work in works if there.get(work.key, (None, None))[0] == work.process.run_id]
        late = {work.key for work in ours if (end := there[work.key][1]) is None or end < half}
        renewed, _held = take(task, [work for work in ours if work.key in late]) if late else ([], {})
    except StoreError as error:
        raise NetboxError(f"NetBox was not written, since the store did not say whether this run may: {error}") from error
    return {work.key for work in ours if work.key not in late} | {work.key for work in renewed}


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)
