# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The third step: save the process, relate it to its subscription, new or locked for it, and claim the device of a new one."""

from __future__ import annotations

import random
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._chunks import chunks
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import StoreError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.domain.node import FAMILIES
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.domain.subscription import load_subscription
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.netbox.device import Device
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.netbox.url import normal_url
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.node.claim import CLAIM, claim_mode
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.node.create_node import CREATE_NODE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.node.workflows import WORKFLOWS
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.process.begin import (
    Begun,
    begin_on_existing,
    begun_diff,
    new_process,
)
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.process.rows import FAILED, RUNNING, UNCHANGED, Row, check_rows, reading_rows
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.process.run_step import run_step
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.process.step import Work
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.store.processes import insert_processes
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.store.subscriptions import Stored, Unreadable, claim_devices, live_subscriptions

__all__ = ["store_process_subscription"]

PART = 25
"""Devices that a run takes at a time from a store that other runs share."""


def store_process_subscription(task: Task) -> dict[str, t.Any]:
    """Save what the step before built, in one transaction that the store's unique index decides; then claim in NetBox where that is asked."""
    rows: list[Row] = task.params["nodes"]
    check_rows(rows)
    new = [_work(task, row) for row in rows if row["status"] == RUNNING and "model" in row]
    stored = _predict(task, new) if task.check_mode else _insert(task, new)
    begun = _begun(task, [row for row in rows if row["status"] == RUNNING and "workflow" in row and "model" not in row], bool(new))
    task.params["nodes"] = [stored.get(row.get("device_id"), row) if "model" in row else begun.rows.get(row.get("subscription_id"), row) for row in rows]
    claimed = run_step(task, CLAIM, WORKFLOWS)
    inserted = [work for work in new if stored[work.subscription.device_id]["status"] == RUNNING]
    diff = [_created(work) for work in inserted] + begun.diff
    return claimed | {"changed": claimed["changed"] or bool(diff), "diff": diff + claimed["diff"]}


def _begun(task: Task, rows: t.Sequence[Row], others: bool) -> Begun:
    """The rows of subscriptions that exist. Where the store does not take their processes, they failed, so that the ``others`` can go on."""
    try:
        return begin_on_existing(task, rows, WORKFLOWS)
    except StoreError as error:
        if not others:
            raise
        message = "{0} could not be begun: {1}"
        failed = {row["subscription_id"]: row | {"status": FAILED, "message": message.format(row["device"], error)} for row in rows}
        return Begun(failed, [])


def _created(work: Work) -> dict[str, t.Any]:
    return begun_diff(work.label, work.process, {}, work.subscription.model_dump(mode="json"))


def _work(task: Task, row: Row) -> Work:
    """A row as the construct step left it, with a process that stands at its first step."""
    with reading_rows():
        subscription = load_subscription(row["model"])
        Device(**row["state"]["device"])
        if not set(FAMILIES).issuperset(row["state"]["required_families"]):
            raise ValueError("required_families")
    process = new_process(
        task,
        WORKFLOWS[row.get("workflow", CREATE_NODE.name)],
        str(subscription.subscription_id),
        row["run_id"],
        row["state"] | {"claim": claim_mode(task)},
    )
    row = {key: value for key, value in row.items() if key not in ("model", "state", "workflow")}
    return Work(row | {"process_id": process.process_id, "subscription_id": process.subscription_id}, subscription, process)


def _insert(task: Task, works: t.Sequence[Work]) -> dict[int, Row]:
    """Save the works whose device is free still. Answers with the rows by device id."""
    if not works:
        return {}
    task.warn_if_it_vanishes("store")
    task.store.belongs_to(normal_url(task.params["netbox_url"] or task.netbox.url), moved=task.params["netbox_moved"])
    rows: dict[int, Row] = {}
    for part in _parts(works) if task.shares_store else [works]:
        try:
            rows |= _insert_part(task, part)
        except StoreError as error:
            if not rows:
                raise
            for work in part:
                message = f"{work.label} could not be stored: {error}"
                rows[work.subscription.device_id] = _without_process(work) | {"status": FAILED, "message": message}
    return rows


def _parts(works: t.Sequence[Work]) -> list[t.Sequence[Work]]:
    """Parts to save one after the other, from a random one on, so that runs that start at once share the devices in place of waiting."""
    parts = list(chunks(works, PART))
    first = random.randrange(len(parts))
    return parts[first:] + parts[:first]


def _insert_part(task: Task, works: t.Sequence[Work]) -> dict[int, Row]:
    with task.store.write() as connection:
        won = claim_devices(connection, [work.subscription for work in works])
        insert_processes(connection, [work.process for work in works if work.process.subscription_id in won])
        lost = [work.subscription.device_id for work in works if work.process.subscription_id not in won]
        holders = live_subscriptions(connection, lost)
    return {
        work.subscription.device_id: work.row if work.process.subscription_id in won else _lost(work, holders.get(work.subscription.device_id))
        for work in works
    }


def _predict(task: Task, works: t.Sequence[Work]) -> dict[int, Row]:
    """What _insert would do, without doing it."""
    store = task.existing_store()
    holders: dict[int, Stored] = {}
    if store is not None:
        with store.read() as connection:
            holders = live_subscriptions(connection, [work.subscription.device_id for work in works])
    rows = {}
    for work in works:
        device_id = work.subscription.device_id
        rows[device_id] = _lost(work, holders[device_id]) if device_id in holders else work.predicted()
    return rows


def _without_process(work: Work) -> Row:
    return {key: value for key, value in work.row.items() if key not in ("process_id", "subscription_id")}


def _lost(work: Work, holder: Stored | None) -> Row:
    if isinstance(holder, Unreadable):
        return _without_process(work) | {"status": FAILED, "message": f"{work.label} cannot be enrolled: {holder.sentence}"}
    which = f"subscription {holder.subscription_id}" if holder else "another subscription"
    what = "was enrolled by another run meanwhile"
    return _without_process(work) | {
        "status": UNCHANGED,
        "subscription_id": str(holder.subscription_id) if holder else None,
        "message": f"{work.label} {what}: {which}",
        "reason": what,
    }
