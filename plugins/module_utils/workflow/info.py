# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answer questions about subscriptions and processes. Never writes, and makes no store."""

from __future__ import annotations

import dataclasses
import datetime
import re
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.store.processes import (
    find_processes,
    has_status,
    load_step_log,
    of_age,
    of_devices,
)
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.store.subscriptions import find_subscriptions, load_subscriptions
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.workflow.lease import standing

__all__ = ["process_info", "subscription_info"]


NO_STORE = "there is no store there yet, so nothing was found; check the option store, or NODEFLOW_STORE, if there should be one"


def subscription_info(task: Task) -> dict[str, t.Any]:
    """The subscriptions that meet every criterion given."""
    names = {
        "subscription_ids": "subscription_id",
        "device_ids": "device_id",
        "status": "status",
        "products": "product",
        "customer_ids": "customer_id",
    }
    criteria = {column: task.params[option] for option, column in names.items() if task.params[option] is not None}
    if task.params["insync"] is not None:
        criteria["insync"] = [task.params["insync"]]
    store = task.existing_store()
    if store is None:
        task.warn(NO_STORE)
        return {"subscriptions": []}
    with store.read() as connection:
        found = find_subscriptions(connection, **criteria)
    return {"subscriptions": [one.model_dump(mode="json") for one in found]}


def process_info(task: Task) -> dict[str, t.Any]:
    """The processes that meet every criterion given, with their step log where it is asked for."""
    names = {"process_ids": "process_id", "subscription_ids": "subscription_id", "workflows": "workflow", "actors": "actor"}
    criteria = {column: task.params[option] for option, column in names.items() if task.params[option] is not None}
    now = datetime.datetime.now(datetime.timezone.utc)
    conditions = [of_age(task.params["age_stamp"], *_moment(task.params["age"], now))] if task.params["age"] is not None else []
    if task.params["status"] is not None:
        conditions.append(has_status(task.params["status"], now))
    if task.params["device_ids"] is not None or task.params["device_names"] is not None:
        conditions.append(of_devices(task.params["device_ids"] or [], task.params["device_names"] or []))
    store = task.existing_store()
    if store is None:
        task.warn(NO_STORE)
        return {"processes": []}
    with store.read() as connection:
        found = find_processes(connection, *conditions, **criteria)
        subscriptions = load_subscriptions(connection, [one.subscription_id for one in found])
        log = load_step_log(connection, [one.process_id for one in found]) if task.params["steps"] else {}
    answers = []
    for process in found:
        subscription = subscriptions[process.subscription_id]
        answer = _json(process) | {"status": standing(process), "device_id": subscription.device_id, "description": subscription.description}
        answers.append(answer | ({"steps": [_json(record) for record in log[process.process_id]]} if task.params["steps"] else {}))
    return {"processes": answers}


def _moment(age: str, now: datetime.datetime) -> tuple[datetime.datetime, bool]:
    """The moment that an age means, in the notation of ansible.builtin.find; second, whether what is younger is meant."""
    found = re.fullmatch(r"(-?)(\d+)([smhdw]?)", age.strip().lower())
    if not found:
        raise NodeflowError("age must read like 90, 30m, 12h, 2d, 1w or, for what is younger, -2d; this is {0!r}".format(age))
    minus, number, unit = found.groups()
    try:
        seconds = int(number) * {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}[unit]
        return now - datetime.timedelta(seconds=seconds), bool(minus)
    except (OverflowError, ValueError) as error:
        raise NodeflowError("age reaches further back than there are dates: {0}".format(age)) from error


def _json(record: t.Any) -> dict[str, t.Any]:
    """A dataclass as JSON: moments in ISO 8601."""
    data = dataclasses.asdict(record)
    return {name: value.isoformat() if isinstance(value, datetime.datetime) else value for name, value in data.items()}
