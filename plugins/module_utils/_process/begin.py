# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Begin a process: for a subscription that exists, lock it and store the process in one transaction, so that no second workflow can begin."""

from __future__ import annotations

import datetime
import typing as t
import uuid

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.lifecycle import SubscriptionLifecycle
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.subscription import SubscriptionModel
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.lease import lease_end
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.rows import RUNNING, Row, reading_rows
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.state import read_state
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.step import Workflow, Workflows, predicted
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.ways_on import how_it_goes_on
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.processes import Process, at_work, insert_processes
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.save_subscriptions import lock_subscriptions
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.subscriptions import Stored, Unreadable, load_subscriptions, users_of
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = ["Begun", "begin_on_existing", "begun_diff", "new_process"]


def new_process(task: Task, workflow: Workflow, subscription_id: str, run_id: str, state: dict[str, t.Any]) -> Process:
    """Return a process that is at the first step of its workflow, in the lease of the run."""
    now = datetime.datetime.now(datetime.timezone.utc)
    return Process(
        process_id=str(uuid.uuid4()),
        subscription_id=subscription_id,
        workflow=workflow.name,
        workflow_version=workflow.version,
        target=workflow.target,
        status=RUNNING,
        step=workflow.steps[0].name,
        state=state,
        error=None,
        actor=task.actor,
        run_id=run_id,
        lease_until=lease_end(task),
        started_at=now,
        updated_at=now,
        requester=task.who.user,
    )


class Begun(t.NamedTuple):
    """The rows, by subscription id, and before and after of what was stored for them."""

    rows: dict[str, Row]
    diff: list[dict[str, t.Any]]


def begin_on_existing(task: Task, rows: t.Sequence[Row], workflows: Workflows) -> Begun:
    """Lock the subscriptions of the rows and store a process for each. The row of one that a workflow works on already, or that is terminated, is
    failed, with the reason.
    """
    with reading_rows(task.subject):
        wanted = {row.subscription_id: row for row in rows if row.subscription_id}
        if not all(row.subscription_id and isinstance(row.version, int) and row.state is not None for row in rows):
            raise ValueError("version")
        new = {key: new_process(task, workflows[row.workflow or ""], key, row.run_id or "", row.state or {}) for key, row in wanted.items()}
    if not wanted:
        return Begun({}, [])
    return _predict(task, workflows, wanted, new) if task.check_mode else _begin(task, workflows, wanted, new)


def _ending(workflows: Workflows, new: t.Mapping[str, Process]) -> list[str]:
    """Return the ids of the subscriptions that are to end with their process, so that no other may use them."""

    def ends(process: Process) -> bool:
        return process.target == "TERMINATE" or read_state(workflows[process.workflow].state, process.process_id, process.state).ends

    return [key for key, process in new.items() if ends(process)]


def _begin(task: Task, workflows: Workflows, wanted: t.Mapping[str, Row], new: t.Mapping[str, Process]) -> Begun:
    with task.store.write() as connection:
        to_end = _ending(workflows, new)
        locked, others = lock_subscriptions(connection, {key: row.version or 0 for key, row in wanted.items()}, to_end)
        users = users_of(connection, to_end)
        busy = at_work(connection, list(others))
        orphans = {key: model for key, model in others.items() if not isinstance(model, Unreadable) and key not in users}
        locked |= {key: model for key, model in orphans.items() if _free(model, new[key], wanted[key].version, busy)}
        begun = [_remembering(new[key], before) for key, before in locked.items()]
        insert_processes(connection, begun)
    answers = {key: _refused(row, others.get(key), busy.get(key), users.get(key, ()), task.subject.repaired_by) for key, row in wanted.items()}
    # A task that is done again, with the same rows, goes on with what it has begun.
    answers |= {key: wanted[key].begun(process.process_id) for key, process in busy.items() if _is_ours(process, wanted[key])}
    answers |= {process.subscription_id: wanted[process.subscription_id].begun(process.process_id) for process in begun}
    return Begun(answers, [_locked(wanted[key], new[key], before) for key, before in locked.items()])


def _is_ours(process: Process, row: Row) -> bool:
    return (process.status, process.run_id, process.workflow) == (RUNNING, row.run_id, row.workflow)


def begun_diff(label: str, process: Process, before: dict[str, t.Any], after: dict[str, t.Any]) -> dict[str, t.Any]:
    """Before and after of a process that is new, and of the fields of its subscription that change with it."""
    new = {name: getattr(process, name) for name in ("process_id", "workflow", "target", "status", "step", "actor")}
    return {
        "before_header": label,
        "after_header": label,
        "before": {"subscription": before} if before else {},
        "after": {"subscription": after, "process": new},
    }


def _locked(row: Row, process: Process, before: SubscriptionModel) -> dict[str, t.Any]:
    return begun_diff(row.label, process, {"insync": before.insync}, {"insync": False})


def _predict(task: Task, workflows: Workflows, wanted: t.Mapping[str, Row], new: t.Mapping[str, Process]) -> Begun:
    """Return what _begin would do, without doing it."""
    found, busy, users = {}, {}, {}
    store = task.existing_store()
    if store is not None:
        with store.read() as connection:
            found = load_subscriptions(connection, list(wanted))
            busy = at_work(connection, list(wanted))
            users = users_of(connection, _ending(workflows, new))
    answers, diff = {}, []
    for key, row in wanted.items():
        model = found.get(key)
        if model is not None and not isinstance(model, Unreadable) and key not in users and _free(model, new[key], row.version, busy):
            process = _remembering(new[key], model)
            diff.append(_locked(row, process, model))
            locked = model.model_copy(update={"insync": False})
            answers[key] = predicted(row.begun(process.process_id), locked, process)
        else:
            answers[key] = _refused(row, model, busy.get(key), users.get(key, ()), task.subject.repaired_by)
    return Begun(answers, diff)


def _free(model: SubscriptionModel, process: Process, version: int | None, busy: t.Collection[str]) -> bool:
    """Return whether a process may begin, on the subscription that it was planned for. One that reconciles also takes what is out of sync although nobody
    works on it.
    """
    orphaned = process.target == "RECONCILE" and process.subscription_id not in busy
    return model.status is not SubscriptionLifecycle.TERMINATED and model.version == version and (model.insync or orphaned)


def _remembering(process: Process, before: SubscriptionModel) -> Process:
    """Return the process, with what an abort puts back."""
    process.state["before"] = before.model_dump(mode="json")
    return process


def _refused(row: Row, model: Stored | None, process: Process | None, users: t.Sequence[str], repaired_by: str) -> Row:
    what, key, then = "subscription", row.subscription_id, ""
    if isinstance(model, Unreadable):
        return row.without_plan().failed(f"{row.label}: {model.sentence}")
    if model is None:
        why = "does not exist any more"
    elif model.status is SubscriptionLifecycle.TERMINATED:
        why = "was terminated meanwhile"
    elif process is None and model.version != row.version:
        why = "was changed meanwhile; run again"
    elif process is None and users:
        why = f"is in use by {', '.join(users)}; terminate {'that' if len(users) == 1 else 'those'} first"
    elif process is None:
        why = "is not in sync, and no process works on it" + (f"; {repaired_by} repairs that" if repaired_by else "")
    else:
        what, key = "process", process.process_id
        stands, then = how_it_goes_on(process)
        why = f"({process.workflow}) works on it and {stands}"
    general = f"its subscription {why}" if what == "subscription" else f"a process {why}; process_info has its id and what continues it"
    return row.without_plan().failed(f"{row.label}: {what} {key} {why}{then}", general)
