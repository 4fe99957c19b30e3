# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answer questions about subscriptions and processes. Never writes, and makes no store."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.store.processes import find_processes, load_step_log
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.store.subscriptions import find_subscriptions, load_subscriptions

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
    names = {"process_ids": "process_id", "subscription_ids": "subscription_id", "status": "status", "workflows": "workflow"}
    criteria = {column: task.params[option] for option, column in names.items() if task.params[option] is not None}
    store = task.existing_store()
    if store is None:
        task.warn(NO_STORE)
        return {"processes": []}
    with store.read() as connection:
        if task.params["device_ids"] is not None:
            of_devices = [str(one.subscription_id) for one in find_subscriptions(connection, device_id=task.params["device_ids"])]
            criteria["subscription_id"] = [one for one in of_devices if one in criteria.get("subscription_id", of_devices)]
        found = find_processes(connection, **criteria)
        subscriptions = load_subscriptions(connection, [one.subscription_id for one in found])
        log = load_step_log(connection, [one.process_id for one in found]) if task.params["steps"] else {}
    answers = []
    for process in found:
        subscription = subscriptions[process.subscription_id]
        answer = _json(process) | {"device_id": subscription.device_id, "description": subscription.description}
        answers.append(answer | ({"steps": [_json(record) for record in log[process.process_id]]} if task.params["steps"] else {}))
    return {"processes": answers}


def _json(record: t.Any) -> dict[str, t.Any]:
    """A dataclass as JSON: moments in ISO 8601."""
    data = dataclasses.asdict(record)
    return {name: value.isoformat() if isinstance(value, datetime.datetime) else value for name, value in data.items()}
