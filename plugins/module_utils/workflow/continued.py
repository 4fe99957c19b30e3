# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The choice of processes to continue or to abort: by their ids, or by how they stand."""

from __future__ import annotations

import datetime
import uuid

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.netbox.device import device_label
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.store.processes import OVER, Process, find_processes, has_status, load_processes
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.workflow.lease import INTERRUPTED, can_be_taken, not_taken
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.workflow.rows import FAILED, RUNNING, SUSPENDED, Row

__all__ = ["OPEN", "chosen_processes", "going_on"]

OPEN = (FAILED, INTERRUPTED, SUSPENDED)
"""How a process stands that can be continued."""


def chosen_processes(task: Task) -> list[Row] | None:
    """A row for each process that the options process_ids and process_status choose; one that cannot be had is failed, with the reason.

    None where neither option chooses.
    """
    process_ids = [one.strip() for one in task.params["process_ids"] or [] if one.strip()]
    statuses = task.params["process_status"]
    if not process_ids and not statuses:
        return None
    store = task.existing_store()
    found: dict[str, Process] = {}
    if store is not None:
        with store.read() as connection:
            found = load_processes(connection, process_ids)
            if statuses:
                wanted = set(statuses) | ({RUNNING} if task.params["take_over"] and INTERRUPTED in statuses else set())
                standing = find_processes(connection, has_status(wanted, datetime.datetime.now(datetime.timezone.utc)))
                found |= {process.process_id: process for process in standing}
    run_id = str(uuid.uuid4())
    rows = []
    for process_id in dict.fromkeys([*process_ids, *found]):
        if process_id in found:
            rows.append(_row(task, found[process_id], run_id))
        else:
            where = store.label if store else "a store that does not exist yet"
            message = "there is no process {0} in {1}; process_info lists those that are".format(process_id, where)
            rows.append({"device_id": None, "device": process_id, "status": FAILED, "message": message})
    return rows


def going_on(process: Process, run_id: str) -> Row:
    """The part of a row that has a process continued."""
    return {"process_id": process.process_id, "status": RUNNING, "run_id": run_id, "resumed": True}


def _row(task: Task, process: Process, run_id: str) -> Row:
    device = process.state["device"]
    row: Row = {
        "device_id": device["id"],
        "device": device_label(device["name"], device["site"], device["id"]),
        "subscription_id": process.subscription_id,
    }
    if can_be_taken(process):
        return row | going_on(process, run_id)
    if task.params["take_over"] and process.status not in OVER:
        return row | going_on(process, run_id) | {"take_over_from": process.run_id}
    # Without the process's id: the message names it, and no later step has to do with it.
    return row | not_taken(row["device"], process)
