# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The third step: save the process, relate it to its subscription, new or locked for it, and claim the device of a new one."""

from __future__ import annotations

import dataclasses
import random
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._chunks import chunks
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import StoreError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.domain.subscription import load_subscription
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.netbox.url import normal_url
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.node.claim import CLAIM, claim_mode
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.node.create_node import CREATE_NODE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.node.model import NodeInactive, as_node
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.node.stored import live_of_devices
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.node.workflows import WORKFLOWS
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.process.begin import (
    Begun,
    begin_on_existing,
    begun_diff,
    new_process,
)
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.process.rows import RUNNING, Row, reading_rows
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.process.run_step import run_step
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.process.state import State
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.process.step import Work, predicted
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.store.processes import insert_processes
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.store.subscriptions import Stored, Unreadable, claim_subscriptions

__all__ = ["store_process_subscription"]

NewNode = Work[NodeInactive, State]

PART = 25
"""Devices that a run takes at a time from a store that other runs share."""


def store_process_subscription(task: Task) -> dict[str, t.Any]:
    """Save what the step before built, in one transaction that the store's unique index decides; then claim in NetBox where that is asked."""
    rows = task.rows()
    works = {place: _work(task, row) for place, row in enumerate(rows) if row.status == RUNNING and row.model is not None}
    new = list({work.process.subscription_id: work for work in works.values()}.values())
    stored = _predict(task, new) if task.check_mode else _insert(task, new)
    begun = _begun(task, [row for row in rows if row.status == RUNNING and row.workflow and row.model is None], bool(new))
    answers = {place: stored[work.process.subscription_id] for place, work in works.items()}
    rows = [answers.get(place) or begun.rows.get(row.subscription_id or "", row) for place, row in enumerate(rows)]
    claimed = run_step(task, CLAIM, WORKFLOWS, rows)
    inserted = [work for work in new if stored[work.process.subscription_id].status == RUNNING]
    diff = [_created(work) for work in inserted] + begun.diff
    return claimed | {"changed": claimed["changed"] or bool(diff), "diff": diff + claimed["diff"]}


def _begun(task: Task, rows: t.Sequence[Row], others: bool) -> Begun:
    """The rows of subscriptions that exist. Where the store does not take their processes, they failed, so that the ``others`` can go on."""
    try:
        return begin_on_existing(task, rows, WORKFLOWS)
    except StoreError as error:
        if not others:
            raise
        return Begun({row.subscription_id or "": row.failed(f"{row.label} could not be begun: {error}") for row in rows}, [])


def _created(work: NewNode) -> dict[str, t.Any]:
    return begun_diff(work.label, work.process, {}, work.subscription.model_dump(mode="json"))


def _work(task: Task, row: Row) -> NewNode:
    """A row as the construct step left it, with a process that stands at its first step."""
    with reading_rows(task.subject):
        workflow = WORKFLOWS[row.workflow or CREATE_NODE.name]
        subscription = as_node(load_subscription(row.model or {}))
        state = workflow.state.model_validate({**(row.state or {}), "claim": claim_mode(task)})
    process = new_process(task, workflow, str(subscription.subscription_id), row.run_id or "", state.as_json())
    row = dataclasses.replace(row.begun(process.process_id), subscription_id=process.subscription_id)
    return Work(row, subscription, process, state)


def _insert(task: Task, works: t.Sequence[NewNode]) -> dict[str, Row]:
    """Save the works whose device is free still. Answers with the rows by subscription id."""
    if not works:
        return {}
    task.warn_if_it_vanishes("store")
    task.store.belongs_to(normal_url(task.params["netbox_url"] or task.netbox.url), moved=task.params["netbox_moved"])
    rows: dict[str, Row] = {}
    for part in _parts(works) if task.shares_store else [works]:
        try:
            rows |= _insert_part(task, part)
        except StoreError as error:
            if not rows:
                raise
            for work in part:
                rows[work.process.subscription_id] = _without_process(work).failed(f"{work.label} could not be stored: {error}")
    return rows


def _parts(works: t.Sequence[NewNode]) -> list[t.Sequence[NewNode]]:
    """Parts to save one after the other, from a random one on, so that runs that start at once share the devices in place of waiting."""
    parts = list(chunks(works, PART))
    first = random.randrange(len(parts))
    return parts[first:] + parts[:first]


def _insert_part(task: Task, works: t.Sequence[NewNode]) -> dict[str, Row]:
    with task.store.write() as connection:
        won = claim_subscriptions(connection, [work.subscription for work in works])
        insert_processes(connection, [work.process for work in works if work.process.subscription_id in won])
        lost = [work.subscription.device_id for work in works if work.process.subscription_id not in won]
        holders = live_of_devices(connection, lost)
    return {
        work.process.subscription_id: work.row if work.process.subscription_id in won else _lost(work, holders.get(work.subscription.device_id))
        for work in works
    }


def _predict(task: Task, works: t.Sequence[NewNode]) -> dict[str, Row]:
    """What _insert would do, without doing it."""
    store = task.existing_store()
    holders: dict[int, Stored] = {}
    if store is not None:
        with store.read() as connection:
            holders = live_of_devices(connection, [work.subscription.device_id for work in works])
    rows = {}
    for work in works:
        device_id = work.subscription.device_id
        rows[work.process.subscription_id] = _lost(work, holders[device_id]) if device_id in holders else predicted(work.row, work.subscription, work.process)
    return rows


def _without_process(work: NewNode) -> Row:
    return dataclasses.replace(work.row, process_id=None, subscription_id=None)


def _lost(work: NewNode, holder: Stored | None) -> Row:
    if isinstance(holder, Unreadable):
        return _without_process(work).failed(f"{work.label} cannot be enrolled: {holder.sentence}")
    which = f"subscription {holder.subscription_id}" if holder else "another subscription"
    what = "was enrolled by another run meanwhile"
    row = _without_process(work).unchanged(f"{work.label} {what}: {which}", what)
    return dataclasses.replace(row, subscription_id=str(holder.subscription_id) if holder else None)
