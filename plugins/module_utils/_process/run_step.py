# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Do one step for many subjects: load, take the lease, call the step, save.

What a step changes in the store and its line in the step log are saved in one transaction: a step happened or it did not.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._chunks import chunks
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.collection import collection_of
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.subscription import SubscriptionModel
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError, StaleSave, StoreError, defect
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.command import to_abort, to_resume
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.end_of_step import end_of_step
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.holding import hold, holding
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.lease import not_taken, take, why_not_taken
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.rows import COMPLETED, RUNNING, Row, by_run, reading_rows
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.settle import Settled, settle
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.state import read_state
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.step import ABORT, AnyWork, Failed, Outcome, Step, Work, Workflow, Workflows
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.processes import OVER, Process, load_processes, save_processes
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.save_subscriptions import save_subscriptions
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.subscriptions import Stored, Unreadable, load_subscriptions
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = ["due_works", "run_step"]


def run_step(task: Task, name: str, workflows: Workflows, rows: t.Sequence[Row]) -> dict[str, t.Any]:
    """Do the step ``name`` of its workflow for those rows that are at it, and pass the others on."""
    try:
        due, refused = due_works(task, name, workflows, rows)
        if not task.check_mode:
            due, held = take(task, due, **{column: value for work in due for column, value in _step(work, name, workflows).intent.items()})
            refused |= held
    except StoreError as error:
        due, refused = [], {_key_of(row): row.not_stored(error) for row in rows if row.status == RUNNING}
    task.held, task.before_write = holding(task, due), functools.partial(hold, task, due)
    started = datetime.datetime.now(datetime.timezone.utc)
    outcomes: dict[str, Outcome] = {}
    # A function that several workflows have is called once: what it shows is one thing to read, and what it asks one question.
    for function, step in {step.function: step for step in (_step(work, name, workflows) for work in due)}.items():
        outcomes |= _attempt(task, step, [work for work in due if _step(work, name, workflows).function is function])
    settled = [_settled(task, workflows[work.process.workflow], name, work, outcomes[work.key], started) for work in due]
    saved, changes = _save(task, settled)
    after = [saved.get(_key_of(row), refused.get(_key_of(row), row)) for row in rows]
    diff = [change for change in changes if change]
    last = all(workflow.after(name) is None for workflow in workflows.values() if workflow.has(name))
    return end_of_step(task, rows, after, bool(diff), diff, last=last) | task.results


def due_works(task: Task, name: str, workflows: Workflows, rows: t.Sequence[Row]) -> tuple[list[AnyWork], dict[str, Row]]:
    """Return the works of those rows that are to do the step ``name`` now. Second, the rows that cannot, by process id."""
    works, refused = _load(task, name, workflows, [row for row in rows if row.status == RUNNING])
    due, early = _due(works, name, workflows)
    return due, refused | early


def _step(work: AnyWork, name: str, workflows: Workflows) -> Step:
    return workflows[work.process.workflow].step(name)


def _key_of(row: Row) -> str:
    """Return the id of a row's process; before it has one, what no other row has."""
    return row.process_id or f"row {id(row)}"


def _load(task: Task, name: str, workflows: Workflows, rows: t.Sequence[Row]) -> tuple[list[AnyWork], dict[str, Row]]:
    """Return the works of the rows: predicted ones as they are, the others from the store; of rows that are there twice, one. Second, the rows whose process
    cannot be continued.
    """
    by_key = {_key_of(row): row for row in rows}
    with reading_rows(task.subject):
        predicted = [Work.from_prediction(row, workflows) for row in by_key.values() if row.predicted is not None] if task.check_mode else []
    stored = {key: row for key, row in by_key.items() if row.predicted is None or not task.check_mode}
    if not stored:
        return predicted, {}
    with task.store.read() as connection:
        processes = load_processes(connection, [row.process_id for row in stored.values() if row.process_id])
        subscriptions = load_subscriptions(connection, [process.subscription_id for process in processes.values()])
    works, refused = [], {}
    for key, given in stored.items():
        row = dataclasses.replace(given, predicted=None)  # one of a task in check mode, which this one is not, did not happen
        process = processes.get(key)
        try:
            if process is None:
                raise NodeflowError(
                    f"there is no process {row.process_id or 'for it'} in {task.store.label}; do the step store_process_subscription first, and not in "
                    "check mode"
                )
            if process.workflow not in workflows:
                raise NodeflowError(_no_workflow(task, name, process))
            if process.status in OVER:
                refused[key] = _over(row, process)
                continue
            subscription = _readable(subscriptions.get(process.subscription_id), process)
            works.append(_work(row, subscription, process, workflows[process.workflow]))
        except NodeflowError as error:
            general = str(error).replace(f"process {key}", "its process")
            # Without the process's id where another playbook continues it, which the message names.
            elsewhere = process is not None and ((process.step == ABORT and name != ABORT) or collection_of(process.workflow) != task.subject.collection)
            kept = dataclasses.replace(row, process_id=None) if elsewhere else row
            refused[key] = kept.failed(f"{row.label}: {error}", general)
    return predicted + works, refused


def _no_workflow(task: Task, step: str, process: Process) -> str:
    """Return why the workflow of a process is not among those of this task."""
    collection = collection_of(process.workflow)
    if collection == task.subject.collection:
        return f"process {process.process_id} is of the workflow {process.workflow}, which this release does not have; upgrade the collection here"
    how = (to_abort if step == ABORT else to_resume)([process.process_id], collection)
    return f"process {process.process_id} is of the workflow {process.workflow}, which is not among those of this playbook; this one is for it: {how}"


def _over(row: Row, process: Process) -> Row:
    """Return the row of a process that has ended since the row was read: by another run, or as this task is done again."""
    if process.status == COMPLETED:
        row = row.unchanged(f"{row.label}: process {process.process_id} is completed already", "its process is completed already")
        return dataclasses.replace(row, process_id=None, subscription_id=process.subscription_id)
    return not_taken(dataclasses.replace(row, process_id=None), process)


def _readable(subscription: Stored | None, process: Process) -> SubscriptionModel:
    """Return the subscription of a process. Raises NodeflowError where either cannot be read, so that no step can be done for them."""
    if subscription is None:
        raise NodeflowError(f"the subscription {process.subscription_id} of process {process.process_id} is not in the store")
    if isinstance(subscription, Unreadable):
        raise NodeflowError(subscription.sentence)
    if process.problem:
        raise NodeflowError(f"process {process.process_id} {why_not_taken(process)}")
    return subscription


def _work(row: Row, subscription: SubscriptionModel, process: Process, workflow: Workflow) -> AnyWork:
    """Return the work of a process as one of this release. Raises NodeflowError for one that this release cannot continue, so that it stops nobody else."""
    adopted = workflow.adopt(process)
    workflow.index(adopted.step)
    if not isinstance(subscription, workflow.about):
        raise NodeflowError(f"process {process.process_id} is of the workflow {workflow.name}, and its subscription of the product {subscription.product}")
    return Work(row, subscription, adopted, read_state(workflow.state, process.process_id, adopted.state))


def _due(works: t.Sequence[AnyWork], name: str, workflows: Workflows) -> tuple[list[AnyWork], dict[str, Row]]:
    """Return those at this step, and those that resume behind it and repeat it. Second, the rows of those that are not there yet."""
    due, early = [], {}
    for work in works:
        workflow = workflows[work.process.workflow]
        if not workflow.has(name):
            continue
        place, here = workflow.index(work.process.step), workflow.index(name)
        repeat = workflow.step(name).repeats and work.row.resumed and place <= workflow.index(workflow.final)
        if place == here or (place > here and repeat):
            due.append(work)
        elif place < here:
            message = f"{work.label}: process {work.key} is at {work.process.step}; do that step before {name}"
            reason = f"its process is at {work.process.step}; do that step before {name}"
            early[work.key] = work.row.failed(message, reason, held=True)
    return due, early


def _attempt(task: Task, step: Step, due: t.Sequence[AnyWork]) -> dict[str, Outcome]:
    """Call the step. Where it fails as a whole, it failed for each of them."""
    if not due:
        return {}
    try:
        outcomes = {key: outcome for key, outcome in step.function(task, due).items() if outcome is not None}
        silent = f"the step {step.name} returned no outcome for it, which is a defect of the step; resume the process once the step is corrected"
        return {work.key: outcomes.get(work.key) or Failed(f"{work.label}: {silent}") for work in due}
    except NodeflowError as error:
        reason = str(error)
    except Exception as error:  # pylint: disable=broad-exception-caught
        reason = defect(error)  # so that the processes are released, with the reason in their log
    return {work.key: Failed(f"{work.label}: {reason}") for work in due}


def _settled(task: Task, workflow: Workflow, name: str, work: AnyWork, outcome: Outcome, started: datetime.datetime) -> Settled:
    """Return what the outcome means; that the step failed, where it cannot mean that: for the product of an aborted process, say, that has no type to end as.
    """
    try:
        return settle(task, workflow, name, work, outcome, started)
    except NodeflowError as error:
        return settle(task, workflow, name, work, Failed(f"{work.label}: {error}"), started)


def _save(task: Task, settled: list[Settled]) -> tuple[dict[str, Row], list[dict[str, t.Any]]]:
    """Save what the step did, all in one transaction; if one of them was saved by somebody else meanwhile, each in its own."""
    if task.check_mode:
        return {one.work.key: one.predicted_row() for one in settled}, [one.diff() for one in settled]
    try:
        _commit(task, settled)
    except StaleSave:
        settled = [_commit_alone(task, one) for one in settled]
    except StoreError as error:  # a lock, a full disk, a server that is gone: it is not one row's
        settled = [one.not_saved(error) for one in settled]
    return {one.work.key: one.row for one in settled}, [one.diff() for one in settled]


def _commit(task: Task, settled: t.Sequence[Settled]) -> None:
    changed = [one for one in settled if one.process is not one.work.process]
    if not changed:
        return
    changed.sort(key=lambda one: one.process.subscription_id)  # the order in which a run that begins locks them, so that neither waits for ever
    with task.store.write() as connection:
        for some in chunks(changed):  # so that the JSON of all is not in memory at once
            # The processes first: where another run has one by now, that is why its subscription has changed.
            for run_id, ones in by_run(some, lambda one: one.work.row):
                save_processes(connection, [one.process for one in ones], run_id, [one.log for one in ones if one.log is not None])
            save_subscriptions(connection, [one.subscription for one in some if one.subscription != one.work.subscription])


def _commit_alone(task: Task, one: Settled) -> Settled:
    try:
        _commit(task, [one])
    except StoreError as error:
        return one.not_saved(error)
    return one
