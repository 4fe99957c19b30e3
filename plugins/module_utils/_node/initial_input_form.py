# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The first step: which devices are to be enrolled. Writes nothing."""

from __future__ import annotations

import dataclasses
import typing as t
import uuid

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.subscription import SubscriptionModel, check_customer_id
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.choice import (
    NOTHING,
    Wanted,
    chosen_nodes,
    look_up,
    node_row,
    wrong_row,
)
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.create_node import CREATE_NODE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.device import Device, find_devices
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.filters import check_filters
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.lacking import missing_of
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.loopback import loopback
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.loopback_interface import located
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import FAMILIES, NodeInactive
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.prompt import Listed, choose
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.statuses import FREE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.stored import live_of_devices
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.workflows import WORKFLOWS
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.already import already_there
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.command import worded
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.config_files import check_config_dir
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.confirm import check_config_hash
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.continued import OPEN, chosen_processes
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.end_of_step import end_of_step
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.options import given, refuse_together
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.rows import FAILED, RUNNING, UNCHANGED, Row
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.ways_on import open_processes
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.processes import Process, at_work
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.subscriptions import Stored, Unreadable
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = ["initial_input_form"]

NONE_FREE = "There is nothing to enrol: NetBox has no such device that is planned and has no subscription yet."

WHICH_TO_RESUME = (
    "say which processes to resume, with -e process_ids=ID[,ID...], with -e status= and one or more of failed, interrupted and suspended with "
    "commas between, with -e run_id= and the id of a run, or with -e all=true; nodeflow.orchestrator.process_info lists them"
)

_CHOICES = ("nodes", "device_filter", "all_planned", "max_nodes")

HOW_TO_CHOOSE = (
    "no node was chosen, and nobody is at a terminal to ask. Choose with nodes (ids or names, e.g. -e nodes=loc1-core), with device_filter "
    '(e.g. -e \'{"device_filter": {"site": "loc1"}}\'), or with all_planned=true'
)


def initial_input_form(task: Task) -> dict[str, t.Any]:
    """List the devices that can be enrolled and take the choice, as rows for the next step. Processes to resume are rows as well."""
    check_customer_id(task.params["customer_id"])
    check_config_dir("node_config_dir", task.params["node_config_dir"])
    check_config_hash(task.params["config_hash"])
    if task.params["all_open"]:
        task.params["process_status"] = list(OPEN)
    continued = chosen_processes(task, WORKFLOWS, _CHOICES)
    if continued is None and task.params["default_status"] is not None:
        if not task.params["default_status"]:
            raise NodeflowError(worded(WHICH_TO_RESUME))
        task.params["process_status"] = task.params["default_status"]
        continued = chosen_processes(task, WORKFLOWS, _CHOICES)
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
        planned, barred = _free(task, find_devices(task.netbox, {**filters, "status": FREE}))
        if not filters and not task.params["all_planned"]:
            for row in barred:
                task.warn(row.message)
            return _asked(task, _located(task, planned), run_id, limit)
        if not planned:
            task.show(_with_open(task, NONE_FREE))
        rows = [_row(device, run_id) for device in _located(task, planned[:limit])] + barred
    return end_of_step(task, [], rows, False, [])


def _asked(task: Task, planned: t.Sequence[Device], run_id: str, limit: int | None) -> dict[str, t.Any]:
    """Let the person at the terminal choose."""
    if not planned:
        task.show(_with_open(task, NONE_FREE))
        return end_of_step(task, [], [], False, [])
    listed = [_listed(device, task.params["required_families"]) for device in planned]

    def take(wanted: list[Wanted] | None) -> list[Row]:
        if wanted is None:
            return [_row(device, run_id) for device in planned[:limit]]
        meant = {one: [device for device, line in zip(planned, listed) if line.meant_by(one)] for one in wanted}
        here = {some[0].id: some[0] for some in meant.values() if len(some) == 1}
        elsewhere = [one for one, some in meant.items() if len(some) != 1]
        others = _chosen(task, elsewhere, {}, run_id, None) if elsewhere else []
        wrong = [row.message for row in others if row.status == FAILED]
        if wrong:
            raise NodeflowError("; ".join(wrong))
        return ([_row(device, run_id) for device in here.values()] + others)[:limit]

    question = "Which are to be enrolled? Ids or names with commas between, or all"
    rows = choose(task, _with_open(task, "", "Planned devices:"), listed, question, take)
    if rows is None:
        raise NodeflowError(worded(HOW_TO_CHOOSE))
    return end_of_step(task, [], rows, False, [])


def _listed(device: Device, required_families: t.Collection[str]) -> Listed:
    missing = missing_of(device, required_families)
    addresses = [loopback(device, family).address for family in FAMILIES]
    return Listed(device.id, device.name, device.site, addresses, f"! lacks {' and '.join(missing)}" if missing else "")


def _with_open(task: Task, *texts: str) -> str:
    """Return the texts, and after the first of them what waits in the store to be continued."""
    return "\n".join(filter(None, (texts[0], open_processes(task), *texts[1:])))


def _chosen(task: Task, wanted: t.Sequence[Wanted], filters: dict[str, t.Any], run_id: str, limit: int | None) -> list[Row]:
    """Return a row for each entry of ``nodes``: planned ones to go on with, ours as they stand, the others failed with the reason."""
    devices, wrong = look_up(task.netbox, wanted, filters)
    ours, processes = _ours(task, devices)
    free = {device.id: device for device in devices if device.id not in ours and device.status == FREE}
    free = located(task, free)
    rows: list[Row] = []
    for device in devices:
        barred = _barred(device, ours.get(device.id))
        holder = ours.get(device.id)
        if barred:
            rows.append(barred)
        elif isinstance(holder, SubscriptionModel) and not isinstance(holder, NodeInactive):
            owner = f"{holder.description}, subscription {holder.subscription_id} of the product {holder.product}"
            rows.append(node_row(device, FAILED, f"{device.label} cannot be enrolled: it belongs to {owner}"))
        elif holder:
            row = dataclasses.replace(node_row(device, UNCHANGED), run_id=run_id)
            rows.append(already_there(task, row, holder, processes.get(str(holder.subscription_id)), CREATE_NODE))
        elif device.status == FREE:
            rows.append(_row(free[device.id], run_id))
        else:
            message = (
                f"{device.label} has the status {device.status} in NetBox and no subscription here; only a planned device can be enrolled. Set it to planned "
                "if it is free"
            )
            rows.append(node_row(device, FAILED, message))
    rows = rows[:limit]
    return rows + [wrong_row(one) for one in wrong]


def _located(task: Task, devices: t.Sequence[Device]) -> list[Device]:
    """With their loopbacks, where loopback_interface says where these are."""
    return list(located(task, {device.id: device for device in devices}).values())


def _row(device: Device, run_id: str) -> Row:
    return dataclasses.replace(node_row(device, RUNNING, found=device.facts()), run_id=run_id)


def _free(task: Task, devices: t.Sequence[Device]) -> tuple[list[Device], list[Row]]:
    """Return those that can be enrolled; and a failed row for each of which that cannot be told, or whose subscription cannot be read."""
    ours, _processes = _ours(task, devices)
    barred = {device.id: row for device in devices if (row := _barred(device, ours.get(device.id)))}
    return [device for device in devices if device.id not in ours and device.id not in barred], list(barred.values())


def _barred(device: Device, holder: Stored | None) -> Row | None:
    """Return the failed row of a device that cannot be read, or whose subscription cannot; None of any other."""
    why = device.problem or (holder.sentence if isinstance(holder, Unreadable) else None)
    if why is None:
        return None
    return node_row(device, FAILED, f"{device.label} cannot be enrolled: {why}")


def _ours(task: Task, devices: t.Sequence[Device]) -> tuple[dict[int, Stored], dict[str, Process]]:
    """Return the live subscriptions of the devices, by device id, and the processes that work on them, by subscription id."""
    store = task.existing_store()
    if store is None:
        return {}, {}
    with store.read() as connection:
        ours = live_of_devices(connection, [device.id for device in devices])
        return ours, at_work(connection, [str(one.subscription_id) for one in ours.values() if not one.insync])
