# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare whole stores with the whole of NetBox, independent of the code under test: SQL and the REST API, not our modules."""

from __future__ import annotations

import dataclasses
import typing as t

from lab_netbox import Netbox
from stores import Store, device_id_of

STEP_LIST = (
    "store_process_subscription",
    "fetch_ip_address_information",
    "set_status",
    "provide_config_to_user",
    "set_node_to_active",
    "update_node_in_netbox",
    "done",
)


@dataclasses.dataclass
class Findings:
    """What is wrong, as sentences. ``lost``: not enrolled, or not as the step list says; ``twice``: more than one live subscription;
    ``stuck``: a process that is not over."""

    lost: list[str] = dataclasses.field(default_factory=list)
    twice: list[str] = dataclasses.field(default_factory=list)
    stuck: list[str] = dataclasses.field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.lost or self.twice or self.stuck)


def audit(netbox: Netbox, stores: t.Sequence[Store], devices: t.Collection[int]) -> Findings:
    """Every one of ``devices`` must be enrolled once, in one of ``stores``, whole; and nothing else may be in them."""
    found = Findings()
    live: dict[int, list[dict[str, t.Any]]] = {device: [] for device in devices}
    for store in stores:
        if not store.has_tables():
            continue
        processes = {row["subscription_id"]: row for row in store.rows("SELECT * FROM processes")}
        log = store.rows("SELECT process_id, step, status FROM process_steps ORDER BY process_step_id")
        for row in store.rows("SELECT * FROM subscriptions"):
            name = f"device {device_id_of(row)}: subscription {row['subscription_id']}"
            process = processes.pop(row["subscription_id"], None)
            if process is None:
                found.lost.append(f"{name} has no process")
                continue
            if process["status"] not in ("completed", "aborted"):
                found.stuck.append(f"{name}: process {process['process_id']} is {process['status']} at {process['step']}")
            if row["status"] == "terminated":
                continue
            if device_id_of(row) not in live:
                found.lost.append(f"{name} is of a device that was not asked for")
                continue
            live[device_id_of(row)].append(row)
            done = [line["step"] for line in log if line["process_id"] == process["process_id"] and line["status"] == "success"]
            if [step for step in dict.fromkeys(done) if step in STEP_LIST] != list(STEP_LIST):
                found.lost.append(f"{name}: its log has the steps {done}")
            once = [step for step in done if step not in ("fetch_ip_address_information", "provide_config_to_user")]  # resume repeats these
            if len(once) != len(set(once)):
                found.twice.append(f"{name}: a step happened twice: {done}")
            if (row["status"], bool(row["insync"]), process["status"]) != ("active", True, "completed"):
                found.lost.append(f"{name} is {row['status']}, its process {process['status']}")
        found.lost += [f"process {process['process_id']} has no subscription" for process in processes.values()]
    for device, subscriptions in live.items():
        if not subscriptions:
            found.lost.append(f"device {device} has no live subscription")
        if len(subscriptions) > 1:
            found.twice.append(f"device {device} has {len(subscriptions)} live subscriptions")
    statuses = netbox.statuses(devices)
    found.lost += [f"device {device} is {statuses.get(device)} in NetBox" for device in devices if statuses.get(device) != "active"]
    return found
