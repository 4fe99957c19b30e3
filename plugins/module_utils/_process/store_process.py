# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Begin processes: save each, related to its subscription, which is new and claims what it stands for, or is locked for it."""

from __future__ import annotations

import contextlib
import dataclasses
import random
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._chunks import chunks
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.subscription import load_subscription
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import StoreError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.url import normal_url
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.already import already_there
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.begin import (
    Begun,
    begin_on_existing,
    begun_diff,
    new_process,
)
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.rows import RUNNING, Row, reading_rows
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.run_step import run_step
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.step import AnyWork, Work, Workflows, predicted
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.processes import OVER, Process, find_processes, insert_processes
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.save_subscriptions import claim_subscriptions
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.subscriptions import Stored, Unreadable, holders, load_subscriptions, not_in_service
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = ["store_process"]

PART = 25
"""New subscriptions that a run stores at a time where other runs share the store."""


def store_process(task: Task, name: str, workflows: Workflows, rows: t.Sequence[Row], **remembered: t.Any) -> dict[str, t.Any]:
    """Save what the step before built, in one transaction that the key of the claims decides; then do the step ``name``, which is the first of all of the
    ``workflows``.

    A row to begin has a ``workflow`` and a ``state``, to which ``remembered`` is added; and the ``model`` of its new subscription, or the ``version`` of
    the one that it was planned for.
    """
    works = {place: _work(task, workflows, row, remembered) for place, row in enumerate(rows) if row.status == RUNNING and row.model is not None}
    new = list({work.process.subscription_id: work for work in works.values()}.values())
    stored = _predict(task, new) if task.check_mode else _insert(task, workflows, new)
    begun = _begun(task, workflows, [row for row in rows if row.status == RUNNING and row.workflow and row.model is None], bool(new))
    answers = {place: stored[work.process.subscription_id] for place, work in works.items()}
    rows = [answers.get(place) or begun.rows.get(row.subscription_id or "", row) for place, row in enumerate(rows)]
    done = run_step(task, name, workflows, rows)
    inserted = [work for work in new if stored[work.process.subscription_id].process_id == work.key]
    diff = [_created(work) for work in inserted] + begun.diff
    return done | {"changed": done["changed"] or bool(diff), "diff": diff + done["diff"]}


def _begun(task: Task, workflows: Workflows, rows: t.Sequence[Row], others: bool) -> Begun:
    """Return the rows of subscriptions that exist. Where the store does not take their processes, they failed, so that the ``others`` can go on. What met an
    error is tried once more: where that came as it was committed, the processes are stored, and this run holds them.
    """
    try:
        return begin_on_existing(task, rows, workflows)
    except StoreError as error:
        if rows and not task.check_mode:
            with contextlib.suppress(StoreError):
                return begin_on_existing(task, rows, workflows)
        if not others:
            raise
        return Begun({row.subscription_id or "": row.failed(f"{row.label} could not be begun: {error}") for row in rows}, [])


def _created(work: AnyWork) -> dict[str, t.Any]:
    return begun_diff(work.label, work.process, {}, work.subscription.model_dump(mode="json"))


def _work(task: Task, workflows: Workflows, row: Row, remembered: dict[str, t.Any]) -> AnyWork:
    """Return a row as the step before left it, with a process that is at its first step."""
    with reading_rows(task.subject):
        workflow = workflows[row.workflow or ""]
        subscription = load_subscription(row.model or {})
        if not isinstance(subscription, workflow.about):
            raise ValueError("model")
        state = workflow.state.model_validate({**(row.state or {}), **remembered})
    process = new_process(task, workflow, str(subscription.subscription_id), row.run_id or "", state.as_json())
    row = dataclasses.replace(row.begun(process.process_id), subscription_id=process.subscription_id)
    return Work(row, subscription, process, state)


def _insert(task: Task, workflows: Workflows, works: t.Sequence[AnyWork]) -> dict[str, Row]:
    """Save the works whose resources are still free. Return the rows by subscription id."""
    if not works:
        return {}
    task.warn_if_it_vanishes("store")
    task.store.belongs_to(normal_url(task.params["netbox_url"] or task.netbox.url), moved=task.params["netbox_moved"])
    rows: dict[str, Row] = {}
    for part in _parts(works) if task.shares_store else [works]:
        try:
            rows |= _insert_part(task, workflows, part)
        except StoreError as error:
            if not rows:
                raise
            rows |= _inserted_all_the_same(task, workflows, part, error)
    return rows


def _inserted_all_the_same(task: Task, workflows: Workflows, works: t.Sequence[AnyWork], problem: StoreError) -> dict[str, Row]:
    """Try once more what met a ``problem``: where that came as it was committed, it is stored, and this run holds it."""
    try:
        return _insert_part(task, workflows, works)
    except StoreError:
        return {work.process.subscription_id: _without_process(work).failed(f"{work.label} could not be stored: {problem}") for work in works}


def _parts(works: t.Sequence[AnyWork]) -> list[t.Sequence[AnyWork]]:
    """Parts to save one after the other, from a random one on, so that runs that start at once share them instead of waiting."""
    parts = list(chunks(works, PART))
    first = random.randrange(len(parts))
    return parts[first:] + parts[:first]


def _insert_part(task: Task, workflows: Workflows, works: t.Sequence[AnyWork]) -> dict[str, Row]:
    with task.store.write() as connection:
        there = _processes_of(connection, works)  # of a task that is done again, with the same rows
        new = [work for work in works if work.process.subscription_id not in there]
        won = claim_subscriptions(connection, [work.subscription for work in new])
        there |= _processes_of(connection, new)  # of one that does the same in this moment, for which the line above has waited
        insert_processes(connection, [work.process for work in new if work.process.subscription_id in won - there.keys()])
        others = _holders(connection, [work for work in new if work.process.subscription_id not in won])
        known = load_subscriptions(connection, list(there))
    rows: dict[str, Row] = {}
    for work in works:
        key, holder = work.process.subscription_id, others.get(work.key)
        if key in there:
            rows[key] = _stored_before(task, workflows, work, known[key], there[key])
        elif work.key in others:
            rows[key] = _lost(task, work, holder, str(getattr(holder, "subscription_id", "")) in won)
        else:
            rows[key] = work.row
    return rows


def _processes_of(connection: t.Any, works: t.Sequence[AnyWork]) -> dict[str, Process]:
    """Return the processes that the subscriptions of works have in the store, the latest of each, by the id of the subscription."""
    parts = chunks([work.process.subscription_id for work in works])
    return {process.subscription_id: process for some in parts for process in find_processes(connection, subscription_id=some)}


def _stored_before(task: Task, workflows: Workflows, work: AnyWork, subscription: Stored, process: Process) -> Row:
    """Return the row of one that this very task has stored before: it goes on with the process that it has."""
    row = _without_process(work)
    if process.status == RUNNING and process.run_id == row.run_id:
        return dataclasses.replace(row.begun(process.process_id), subscription_id=process.subscription_id)
    if process.status == "aborted":
        why = f"was aborted: {process.error}"
        return row.failed(f"{row.label}: process {process.process_id} {why}", f"its process {why}")
    return already_there(task, row, subscription, None if process.status in OVER else process, workflows[work.process.workflow])


def _holders(connection: t.Any, works: t.Sequence[AnyWork]) -> dict[str, Stored | None]:
    """Return the subscription that has what a work wants, by the id of its process."""
    found = holders(connection, [resource for work in works for resource in work.subscription.resources()])
    return {work.key: next((found[one] for one in work.subscription.resources() if one in found), None) for work in works}


def _predict(task: Task, works: t.Sequence[AnyWork]) -> dict[str, Row]:
    """Return what _insert would do, without doing it."""
    store = task.existing_store()
    others: dict[str, Stored | None] = {}
    if store is not None:
        with store.read() as connection:
            others = {key: holder for key, holder in _holders(connection, works).items() if holder}
            unusable = not_in_service(connection, [str(one) for work in works for one in work.subscription.depends_on()])
        others |= {work.key: None for work in works if work.key not in others and not unusable.isdisjoint(map(str, work.subscription.depends_on()))}
    rows: dict[str, Row] = {}
    claimed: dict[str, Stored] = {}
    for work in works:
        wanted = work.subscription.resources()
        earlier = next((claimed[one] for one in wanted if one in claimed), None)
        if work.key in others or earlier:
            rows[work.process.subscription_id] = _lost(task, work, others.get(work.key) or earlier, earlier is not None)
        else:
            claimed |= dict.fromkeys(wanted, work.subscription)
            rows[work.process.subscription_id] = predicted(work.row, work.subscription, work.process)
    return rows


def _without_process(work: AnyWork) -> Row:
    return dataclasses.replace(work.row, process_id=None, subscription_id=None)


def _lost(task: Task, work: AnyWork, holder: Stored | None, ours: bool = False) -> Row:
    """Return the row of one that could not be stored: another run has made the same, which is no failure; or somebody has a part of it, or this run made
    another of the same (``ours``); or what it uses is not to be had.
    """
    row, wanted = _without_process(work), work.subscription.resources()
    if isinstance(holder, Unreadable):
        return row.failed(f"{work.label} cannot be {task.subject.taken}: {holder.sentence}")
    if holder and (ours or set(holder.resources()) != set(wanted) or holder.product != work.subscription.product):
        both = " and ".join(one for one in wanted if one in holder.resources())
        return row.failed(f"{work.label} cannot be {task.subject.taken}: {both} belongs to {holder.description}, subscription {holder.subscription_id}")
    if holder is None and work.subscription.depends_on():
        why = "a subscription that it uses is not active, or a process works on it"
        return row.failed(f"{work.label} cannot be {task.subject.taken}: {why}", why)
    what = f"was {task.subject.taken} by another run meanwhile"
    row = row.unchanged(f"{work.label} {what}: {f'subscription {holder.subscription_id}' if holder else 'another subscription'}", what)
    return dataclasses.replace(row, subscription_id=str(holder.subscription_id) if holder else None)
