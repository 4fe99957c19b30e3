# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The blank slate for a lab: the devices that a store enrolled are planned again, and the store is empty."""

from __future__ import annotations

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.collection import OURS, collection_of
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import sa
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.update import update
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.create_node import custom_field
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.device import Device, devices_by_id
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.payload import HIDDEN, DevicePayload, DeviceTarget, hidden
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.statuses import FREE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.stored import stored_device_id
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.command import worded
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.lease import refuse_while_working
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.progress import Progress
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.copy import count_rows, delete_rows
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.engine import Store
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.subscriptions import Stored, find_subscriptions, is_live
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._words import counted

__all__ = ["reset"]

LAB_TAG = "nodeflow-lab"
"""The slug of the tag that a NetBox of our lab has."""

_NOT_MOVED = (
    "reset takes only the store of this very NetBox, so that no other store is emptied for a lab; leave netbox_moved, or NODEFLOW_NETBOX_MOVED, out. "
    "Where this NetBox has moved, run validate_node with it once"
)


def reset(task: Task) -> dict[str, t.Any]:
    """NetBox first, then the store: what is interrupted in between is done by the same command again."""
    if task.params["netbox_moved"]:
        raise NodeflowError(_NOT_MOVED)
    store = task.existing_store()
    if store is None:
        return {"changed": False, "msg": "there is no store, so there is nothing to reset"}
    _check_lab(task)
    rows, devices, _missing = _look(task, store)
    if not devices and not any(rows.values()):
        return {"changed": False, "rows": rows, "devices": 0, "msg": f"{store.label} is empty, so there is nothing to reset"}

    def what(set_: str, remove: str) -> str:
        stored = f"{counted(rows['subscriptions'], 'subscription')} and {counted(rows['processes'], 'process', 'processes')}"
        return f"{set_} {counted(len(devices), 'device')} of the NetBox at {task.netbox.url} to {FREE}, and {remove} {stored} from {store.label}"

    if not task.check_mode:
        _confirm(task, what("this will set", "remove"))
        rows, devices, missing = _look(task, store)  # a person may have thought for long
        _free(task, devices, missing)
        _empty(store, rows)
    diff = [{"before": {"devices": _statuses(devices)} | rows, "after": {"devices": dict.fromkeys(devices, FREE)} | dict.fromkeys(rows, 0)}]
    msg = what("would set", "remove") if task.check_mode else what("set", "removed")
    return {"changed": True, "rows": rows, "devices": len(devices), "diff": diff, "msg": msg}


def _look(task: Task, store: Store) -> tuple[dict[str, int], dict[int, Device], list[int]]:
    """Return how many rows there are, the devices that are not planned, and the ids of those that no listing has. Raises StoreError while a run works."""
    with store.read() as connection:
        refuse_while_working(connection, "reset")
        _refuse_others(find_subscriptions(connection, is_live()))
        rows = count_rows(connection)
        device_ids = sorted({int(found) for found in connection.execute(sa.select(stored_device_id(connection))).scalars() if str(found).isdecimal()})
    found = devices_by_id(task.netbox, device_ids)
    return rows, {key: device for key, device in found.items() if device.status != FREE}, [key for key in device_ids if key not in found]


def _refuse_others(live: t.Sequence[Stored]) -> None:
    """Raise NodeflowError where another collection's subscriptions have something in NetBox that nobody would know of any more."""
    others = [collection for one in live if (collection := collection_of(one.product)) != OURS]
    if others:
        raise NodeflowError(
            f"the store has {counted(len(others), 'subscription')} of {' and '.join(sorted(set(others)))} in it, whose objects in NetBox reset does not "
            f"know; terminate {'it' if len(others) == 1 else 'them'} first"
        )


def _statuses(devices: t.Mapping[int, Device]) -> dict[int, str]:
    return {key: device.status for key, device in devices.items()}


def _check_lab(task: Task) -> None:
    """Raise NodeflowError unless this NetBox is a lab, or was named."""
    named = (task.params["force"] or "").rstrip("/")
    if named == task.netbox.url or task.netbox.get("extras/tags", {"slug": LAB_TAG}):
        return
    raise NodeflowError(
        f"the NetBox at {task.netbox.url} is no lab of ours: it has no tag {LAB_TAG}. "
        + worded(f"To reset it all the same, name it: -e force={task.netbox.url}")
    )


def _confirm(task: Task, what: str) -> None:
    if task.params["confirm"]:
        return
    answer = task.ask(f"{what}. There is no way back. Type yes to go on: ")
    if answer is None:
        raise NodeflowError(f"{what}; nobody is at a terminal to confirm it, so say so with confirm=true")
    if answer.lower() != "yes":
        raise NodeflowError("it was not confirmed, so nothing was done")


def _free(task: Task, devices: t.Mapping[int, Device], missing: t.Sequence[int]) -> None:
    there = sorted(hidden(task.netbox, missing))
    if there:
        raise NodeflowError(f"the store was left as it is, since not every device could be put back: the device {there[0]}: {HIDDEN}")
    target = DeviceTarget(
        task.netbox, lambda device_id: "nodeflow.orchestrator reset", lambda device, payload: None, tell=Progress(task.show, "reset", len(devices), "nodes")
    )
    field = custom_field(task, None)
    updates = update([DevicePayload(id=key, status=FREE, **field) for key in devices], target)
    failed = [done.why_not(device.label) for device, done in zip(devices.values(), updates) if done.error and not done.gone]
    if failed:
        more = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
        raise NodeflowError(f"the store was left as it is, since not every device could be put back: {failed[0]}{more}")


def _empty(store: Store, rows: dict[str, int]) -> None:
    """Remove all from the store. Raises NodeflowError where it has other ``rows`` by now than those of which the devices were set free."""
    with store.to_move() as connection:
        store.refuse_if_moved()
        refuse_while_working(connection, "reset")
        if count_rows(connection) != rows:
            raise NodeflowError(f"{store.label} was left as it is, since something was stored while the devices were set to {FREE}; run again")
        delete_rows(connection)
