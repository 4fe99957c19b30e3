# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answer questions about subscriptions and processes, and put the answers into a file where one is named. Makes no store, and changes none."""

from __future__ import annotations

import collections
import datetime
import re
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError, StoreError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._files import Destination, destination
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.lease import standing
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.ways_on import abort_with, continue_with
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._reports.export import export
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.engine import Store
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.processes import (
    Process,
    has_status,
    latest_processes,
    of_age,
    of_subscriptions,
    processes_with,
    worked_on_by,
)
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.schema import subscriptions
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.step_log import StepRecord, find_step_log
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.subscriptions import (
    PLAIN,
    Stored,
    Unreadable,
    each_subscription,
    in_block,
    place_of,
    plain,
    related,
)
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.view import VIEWS, View
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._web_files import WebFile

__all__ = ["Answer", "needed_store", "process_answers", "process_info", "subscription_answers", "subscription_info"]

Answer = dict[str, t.Any]
"""What is known of one subscription or one process, as JSON; moments in ISO 8601."""

MOST_VALUES = 8000
"""Values of an option: SQLite takes 32,766 in a statement, which may have them twice."""

NO_STORE = "there is no store there yet, so nothing was found; check the option store, or NODEFLOW_STORE, if there should be one"


def _subscription_columns() -> list[str]:
    """Return the columns of a CSV file of subscriptions."""
    return [
        *PLAIN,
        *(name for view in VIEWS for name in (view.id, view.url, *view.facts)),
        *("process_id", "process_workflow", "process_status", "problem", "depends_on", "in_use_by"),
        *(f"{view.block}.{name}" for view in VIEWS for name in view.block_fields),
    ]


def _process_columns() -> list[str]:
    """Return the columns of a CSV file of processes; with the step log, those of STEP_COLUMNS follow."""
    return [
        *("process_id", "subscription_id", "workflow", "workflow_version", "target", "status", "step", "state", "error", "actor", "requester"),
        *("confirmed_by", "run_id", "lease_until", "started_at", "updated_at", "completed_at"),
        *(name for view in VIEWS for name in (view.id, view.label, view.url, *view.facts)),
        *("description", "continue_with", "abort_with", "problem"),
    ]


STEP_COLUMNS = (
    *("steps.step_id", "steps.step", "steps.attempt", "steps.status", "steps.state", "steps.error", "steps.changes", "steps.actor"),
    *("steps.run_id", "steps.started_at", "steps.completed_at", "steps.seconds", "steps.problem"),
)


def subscription_info(task: Task) -> dict[str, t.Any]:
    """Return the subscriptions that meet every criterion given."""
    names = {
        "subscription_ids": "subscription_id",
        "status": "status",
        "products": "product",
        "customer_ids": "customer_id",
    }
    criteria = _criteria(task, names)
    if task.params["insync"] is not None:
        criteria["insync"] = [task.params["insync"]]
    target = destination(task)
    store = _existing_store(task, target)
    if store is None:
        return {"subscriptions": []}
    with store.read() as connection:
        conditions = _chosen(task, connection)
        answers = subscription_answers(store, connection, *conditions, **criteria)
    return _result(task, "subscriptions", answers, target, _subscription_columns())


def process_info(task: Task) -> dict[str, t.Any]:
    """Return the processes that meet every criterion given, with their step log where it is asked for."""
    names = {"process_ids": "process_id", "subscription_ids": "subscription_id", "workflows": "workflow", "actors": "actor"}
    criteria = _criteria(task, names)
    now = datetime.datetime.now(datetime.timezone.utc)
    conditions = [of_age(task.params["age_stamp"], *_moment(task.params["age"], now))] if task.params["age"] is not None else []
    if task.params["status"] is not None:
        conditions.append(has_status(task.params["status"], now))
    if task.params["run_ids"] is not None:
        conditions.append(worked_on_by(task.params["run_ids"]))
    target = destination(task)
    store = _existing_store(task, target)
    if store is None:
        return {"processes": []}
    with store.read() as connection:
        conditions += [of_subscriptions(condition) for condition in _chosen(task, connection)]
        answers = process_answers(store, connection, "all" if task.params["steps"] else "", *conditions, **criteria)
    columns = [*_process_columns(), *(STEP_COLUMNS if task.params["steps"] else ())]
    return _result(task, "processes", answers, target, columns)


def _criteria(task: Task, names: t.Mapping[str, str]) -> dict[str, t.Sequence[t.Any]]:
    """Return the values of the options that were given, by the column that each is about. Raises NodeflowError for more than a statement can have."""
    given = {option: task.params[option] for option in names if task.params[option] is not None}
    for option, values in given.items():
        if len(values) > MOST_VALUES:
            raise NodeflowError(f"{option} has {len(values)} values, and {MOST_VALUES} are the most; list all, and choose from the result")
    return {names[option]: values for option, values in given.items()}


def _chosen(task: Task, connection: t.Any) -> list[t.Any]:
    """Return the conditions on subscriptions that the options of products set."""
    return [condition for view in VIEWS if (condition := view.chosen(connection, task.params)) is not None]


def _result(task: Task, kind: str, answers: list[Answer], target: Destination | WebFile | None, columns: t.Sequence[str]) -> dict[str, t.Any]:
    """Return the answers; or, where they go into a file, how many there are: 50,000 of them would be 50 MB on stdout as well."""
    if target is None:
        return {kind: answers}
    counts = dict(sorted(collections.Counter(answer["status"] for answer in answers).items()))
    return {"count": len(answers), "counts": counts} | export(task, target, answers, columns)


def needed_store(task: Task) -> Store:
    """Return the store. Raises StoreError where there is none, and for what is none: an empty file must not replace a good one."""
    store = task.existing_store()
    if store is None:
        raise StoreError(NO_STORE)
    return store


def _existing_store(task: Task, target: Destination | WebFile | None) -> Store | None:
    """Return the store; None, with a warning, where there is none and nothing is to be written to a file."""
    if target is not None:
        return needed_store(task)
    store = task.existing_store()
    if store is None:
        task.warn(NO_STORE)
    return store


def subscription_answers(store: Store, connection: t.Any, *conditions: t.Any, **criteria: t.Sequence[t.Any]) -> list[Answer]:
    """Return what is known of the subscriptions whose columns have one of the values named for them, in a few statements however many there are.

    One that cannot be read is answered as far as its row is plain data; ``problem`` says why, and is None of all others.
    """
    latest = {process.subscription_id: _about_latest(process) for process in latest_processes(connection, *conditions, **criteria)}
    uses: dict[str, list[str]] = {}
    used_by: dict[str, list[str]] = {}
    for user, used in related(connection, *conditions, **criteria):
        uses.setdefault(user, []).append(used)
        used_by.setdefault(used, []).append(user)
    found = []
    for stored in each_subscription(connection, *conditions, **criteria):
        key = str(stored.subscription_id)
        answer = _subscription(store, stored, latest.pop(key, _NO_PROCESS))
        found.append((place_of(stored), answer | {"depends_on": uses.get(key, []), "in_use_by": used_by.get(key, [])}))
    found.sort(key=lambda one: one[0])
    return [answer for _place, answer in found]


class _Latest(t.NamedTuple):
    """What is shown of the latest process of a subscription; ``facts`` are those of each view."""

    of_process: Answer
    facts: list[dict[str, t.Any]]


def _about_latest(process: Process) -> _Latest:
    facts = [view.remembered(process.state) for view in VIEWS]
    shown = [{name: value for name, value in one.items() if name in view.facts} for view, one in zip(VIEWS, facts)]
    return _Latest({"process_id": process.process_id, "process_workflow": process.workflow, "process_status": standing(process)}, shown)


_NO_PROCESS = _Latest(dict.fromkeys(("process_id", "process_workflow", "process_status")), [])


def _subscription(store: Store, subscription: Stored, latest: _Latest) -> Answer:
    if isinstance(subscription, Unreadable):
        fields, problem = subscription.as_json() | {view.block: subscription.block(view.block) for view in VIEWS}, subscription.problem
    else:
        fields, problem = subscription.model_dump(mode="json"), None
    for view, facts in zip(VIEWS, latest.facts or [{} for view in VIEWS]):
        object_id = view.id_of(subscription)
        shown = {view.id: object_id, **_shown(store, view, object_id, facts)}
        fields |= {name: value for name, value in shown.items() if name not in fields}  # another product may have a field of such a name
    return fields | {"problem": problem, **latest.of_process}


def process_answers(store: Store, connection: t.Any, steps: str, *conditions: t.Any, **criteria: t.Sequence[t.Any]) -> list[Answer]:
    """Return what is known of the processes that these leave, in two statements however many there are.

    ``steps`` says what of their step log: "all"; "times", which is all but the state and the changes; or "", nothing.
    """
    without: dict[str, t.Any] | None = {"state": None, "changes": {}} if steps == "times" else None
    log = find_step_log(connection, *conditions, without=without, **criteria) if steps else {}
    answers = []
    columns = (subscriptions.c.description, *(in_block(connection, view.block, view.pointer) for view in VIEWS))
    for process, (description, *numbers) in processes_with(connection, columns, *conditions, **criteria):
        answer = _json(process) | {"status": standing(process), "confirmed_by": _confirmed_by(process)}
        for view, number in zip(VIEWS, numbers):
            facts = view.remembered(process.state)
            remembered = facts.get("id") if isinstance(facts.get("id"), int) else None  # where the block cannot be read
            object_id = int(number) if str(number).isdecimal() else remembered
            label = view.label_of(facts, object_id or 0) if facts else None
            answer |= {view.id: object_id, view.label: label, **_shown(store, view, object_id, facts)}
        answer |= {
            "description": description,
            "problem": process.problem,
            "continue_with": continue_with(process),
            "abort_with": abort_with(process),
        }
        answers.append(answer | ({"steps": [_step(record) for record in log.get(process.process_id, [])]} if steps else {}))
    return answers


def _confirmed_by(process: Process) -> str | None:
    """Return who confirmed the config of a process; None where nobody did, or an older release was told."""
    found = process.state.get("confirmed_by") if isinstance(process.state, dict) else None
    return found if isinstance(found, str) else None


def _shown(store: Store, view: View, object_id: int | None, facts: t.Mapping[str, t.Any]) -> Answer:
    """Return the page of an object in NetBox, and what a process remembers of it; None for what is no text."""
    url = view.page(store.netbox_url, object_id) if object_id is not None else None
    return {view.url: url} | {name: value if isinstance(value := facts.get(name), str) else None for name in view.facts}


def _step(record: StepRecord) -> Answer:
    moments = isinstance(record.started_at, datetime.datetime) and isinstance(record.completed_at, datetime.datetime)
    seconds = round((record.completed_at - record.started_at).total_seconds(), 3) if moments else None
    return _json(record) | {"seconds": seconds, "problem": record.problem}


def _moment(age: str, now: datetime.datetime) -> tuple[datetime.datetime, bool]:
    """Return the moment that an age means, in the notation of ansible.builtin.find; second, whether what is younger is meant."""
    found = re.fullmatch(r"(-?)(\d+)([smhdw]?)", age.strip().lower())
    if not found:
        raise NodeflowError(f"age must read like 90, 30m, 12h, 2d, 1w or, for what is younger, -2d; this is {age!r}")
    minus, number, unit = found.groups()
    try:
        seconds = int(number) * {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}[unit]
        return now - datetime.timedelta(seconds=seconds), bool(minus)
    except (OverflowError, ValueError) as error:
        raise NodeflowError(f"age reaches further back than there are dates: {age}") from error


def _json(record: t.Any) -> Answer:
    """Return a dataclass as JSON."""
    return {name: plain(value) for name, value in vars(record).items()}
