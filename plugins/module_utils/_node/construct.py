# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The second step: the node's model, and what it lacks, before anything is saved."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.description import description
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.subscription import check_customer_id
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.create_node import CREATE_NODE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.device import Device
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.lacking import lacking
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.loopback_interface import loopback_interface
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import NodeBlockInactive, NodeInactive
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.state import NodeState
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.end_of_step import end_of_step
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.planned import to_create
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.rows import RUNNING, Row, reading_rows
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = ["construct_node_model", "new_node"]


def construct_node_model(task: Task) -> dict[str, t.Any]:
    """Build NodeInactive, lifecycle initial, for each row that the form chose. Writes nothing."""
    rows = task.rows()
    check_customer_id(task.params["customer_id"])
    models: dict[int, NodeInactive] = {}
    with reading_rows(task.subject):
        built = [_construct(task, row, models) if row.status == RUNNING and "found" in row.own else row for row in rows]
    return end_of_step(task, rows, built, False, [])


def _construct(task: Task, row: Row, models: dict[int, NodeInactive]) -> Row:
    """Return the row with its model. ``models`` are those of the rows before, by device id: a row may come twice, and a device has one subscription."""
    device = Device(**row.own["found"])
    families = task.params["required_families"]
    row = dataclasses.replace(row, own={name: value for name, value in row.own.items() if name != "found"})
    problem = lacking(device, families)
    if problem:
        return row.failed(problem)
    state = NodeState(device=device, required_families=families, loopback_interface=loopback_interface(task) or None)
    return to_create(row, CREATE_NODE, models.setdefault(device.id, new_node(task, device)), state)


def new_node(task: Task, device: Device) -> NodeInactive:
    """Return the subscription of a device that has none yet, for the customer of the options."""
    block = NodeBlockInactive(node_id=device.id, node_name=device.name, node_status=device.status)
    subscription = NodeInactive(customer_id=task.params["customer_id"], node=block)
    return subscription.model_copy(update={"description": description(subscription)})
