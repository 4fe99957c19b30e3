# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The first step: which devices are to be enrolled. Writes nothing."""

from __future__ import annotations

import typing as t
import uuid

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.netbox.device import Device, find_devices
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.netbox.filters import check_filters
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._chunks import chunks
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.store.processes import OVER, Process, find_processes
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.store.subscriptions import Stored, Unreadable, live_subscriptions
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.workflow.choice import (
    NOTHING,
    Wanted,
    chosen_nodes,
    given,
    look_up,
    parse_nodes,
    refuse_together,
)
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.workflow.continued import chosen_processes, going_on
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.workflow.create_node import CREATE_NODE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.workflow.lease import INTERRUPTED, can_be_taken, standing, until, why_not_taken
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.workflow.rows import FAILED, RUNNING, UNCHANGED, Row, end_of_step, command

__all__ = ["initial_input_form"]

PLANNED = "planned"

LISTED = 50
"""Devices that the prompt lists at the most."""

NONE_FREE = "There is nothing to enrol: NetBox has no such device that is planned and has no subscription yet."

HOW_TO_CHOOSE = (
    "no node was chosen, and nobody is at a terminal to ask. Choose with nodes (ids or names, e.g. -e nodes=loc1-core), with device_filter "
    '(e.g. -e \'{"device_filter": {"site": "loc1"}}\'), or with all_planned=true'
)


def initial_input_form(task: Task) -> dict[str, t.Any]:
    """List the devices that can be enrolled and take the choice, as rows for the next step. Processes to resume are rows as well."""
    continued = chosen_processes(task, ("nodes", "device_filter", "all_planned", "max_nodes"))
    if continued is not None:
        return end_of_step(task, [], continued, False, [])
    refuse_together(given(task, "nodes"), given(task, "all_planned"))
    wanted = chosen_nodes(task.params["nodes"])
    if wanted == []:
        task.show(NOTHING)
        return end_of_step(task, [], [], False, [])
    filters = dict(task.params["device_filter"] or {})
    check_filters(task.netbox, filters, with_status=False)
    limit = task.params["max_nodes"]
    if limit is not None and limit < 1:
        raise NodeflowError("max_nodes must be 1 or more")
    run_id = str(uuid.uuid4())
    if wanted is not None:
        rows = _chosen(task, wanted, filters, run_id, limit)
    else:
        planned, barred = _free(task, find_devices(task.netbox, {**filters, "status": PLANNED}))
        if not filters and not task.params["all_planned"]:
            for row in barred:
                task.warn(row["message"])
            return _asked(task, planned, run_id, limit)
        if not planned:
            task.show(NONE_FREE)
        rows = [_row(device, run_id) for device in planned[:limit]] + barred
    return end_of_step(task, [], rows, False, [])


def _asked(task: Task, planned: t.Sequence[Device], run_id: str, limit: int | None) -> dict[str, t.Any]:
    """Let the person at the terminal choose."""
    if not planned:
        task.show(NONE_FREE)
        return end_of_step(task, [], [], False, [])
    lines = ["  {0:>8}  {1}  {2}".format(device.id, device.label, ", ".join(filter(None, (device.ipv4, device.ipv6)))) for device in planned[:LISTED]]
    if len(planned) > LISTED:
        lines.append("  and {0} more; device_filter narrows the list".format(len(planned) - LISTED))
    question = "Planned devices:\n{0}\nWhich are to be enrolled? Ids or names with commas between, or all".format("\n".join(lines))
    answer = task.ask(question)
    if answer is None:
        raise NodeflowError(HOW_TO_CHOOSE)
    if not answer:
        raise NodeflowError("nothing was chosen, so nothing was done")
    if answer.lower() == "all":
        rows = [_row(device, run_id) for device in planned[:limit]]
    else:
        rows = _chosen(task, parse_nodes(answer), {}, run_id, limit)
    return end_of_step(task, [], rows, False, [])


def _chosen(task: Task, wanted: t.Sequence[Wanted], filters: dict[str, t.Any], run_id: str, limit: int | None) -> list[Row]:
    """A row for each entry of ``nodes``: planned ones to go on with, ours as they stand, the others failed with the reason."""
    devices, wrong = look_up(task.netbox, wanted, filters)
    ours, processes = _ours(task, devices)
    rows: list[Row] = []
    for device in devices:
        barred = _barred(device, ours.get(device.id))
        if barred:
            rows.append(barred)
        elif device.id in ours:
            rows.append({"device_id": device.id, "device": device.label, **_enrolled(device, ours[device.id], processes, run_id)})
        elif device.status == PLANNED:
            rows.append(_row(device, run_id))
        else:
            message = (
                "{0} has the status {1} in NetBox and no subscription here; only a planned device can be enrolled. Set it to planned "
                "if it is free".format(device.label, device.status)
            )
            rows.append({"device_id": device.id, "device": device.label, "status": FAILED, "message": message})
    rows = rows[:limit]
    return rows + [{"device_id": None, "device": str(one.wanted), "status": FAILED, "message": one.reason} for one in wrong]


def _row(device: Device, run_id: str) -> Row:
    return {"device_id": device.id, "device": device.label, "status": RUNNING, "run_id": run_id, "found": device.facts()}


def _free(task: Task, devices: t.Sequence[Device]) -> tuple[list[Device], list[Row]]:
    """Those that can be enrolled; and a failed row for each of which that cannot be told, or whose subscription cannot be read."""
    ours, _processes = _ours(task, devices)
    barred = {device.id: row for device in devices if (row := _barred(device, ours.get(device.id)))}
    return [device for device in devices if device.id not in ours and device.id not in barred], list(barred.values())


def _barred(device: Device, holder: Stored | None) -> Row | None:
    """The failed row of a device that cannot be read, or whose subscription cannot; None of any other."""
    why = device.problem or (holder.sentence if isinstance(holder, Unreadable) else None)
    if why is None:
        return None
    return {"device_id": device.id, "device": device.label, "status": FAILED, "message": f"{device.label} cannot be enrolled: {why}"}


def _ours(task: Task, devices: t.Sequence[Device]) -> tuple[dict[int, Stored], dict[str, Process]]:
    """The live subscriptions of the devices, by device id, and the processes that work on them, by subscription id."""
    store = task.existing_store()
    if store is None:
        return {}, {}
    with store.read() as connection:
        ours = live_subscriptions(connection, [device.id for device in devices])
        unfinished = [str(one.subscription_id) for one in ours.values() if not one.insync]
        found = [process for some in chunks(unfinished) for process in find_processes(connection, subscription_id=some)]
    return ours, {process.subscription_id: process for process in found if process.status not in OVER}


def _enrolled(device: Device, subscription: Stored, processes: t.Mapping[str, Process], run_id: str) -> Row:
    """The part of a row that says how a device stands that has a subscription already. What failed or was interrupted goes on."""
    subscription_id = str(subscription.subscription_id)
    row: Row = {"status": UNCHANGED, "subscription_id": subscription_id}
    process = processes.get(subscription_id)
    if process is None:
        return row | {"message": "{0} is enrolled already: subscription {1}, {2}".format(device.label, subscription_id, subscription.status)}
    if process.workflow == CREATE_NODE.name and standing(process) in (FAILED, INTERRUPTED):
        return row | going_on(process, run_id)
    doing = (
        "is being enrolled already" if process.workflow == CREATE_NODE.name else "is enrolled already, and {0} works on it".format(process.workflow)
    )
    if process.problem:
        return {"status": FAILED, "subscription_id": subscription_id, "message": f"{device.label}: {why_not_taken(process)}"}
    message = "{0} {1}: process {2} is {3} at {4}".format(device.label, doing, process.process_id, standing(process), process.step)
    if can_be_taken(process):
        message += "; continue it with: {0}".format(command("resume", [process.process_id]))
    else:
        message += ", by {0} until {1}; if that run is gone, continue it with: {2} -e take_over=true".format(
            process.actor, until(process), command("resume", [process.process_id])
        )
    return row | {"process_id": process.process_id, "message": message}
