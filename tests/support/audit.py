# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare whole stores with the whole of NetBox, independent of the code under test: SQL and the REST API, not our modules."""

from __future__ import annotations

import dataclasses
import typing as t

from lab_netbox import Netbox
from stores import Store

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
            name = "device {0}: subscription {1}".format(row["device_id"], row["subscription_id"])
            process = processes.pop(row["subscription_id"], None)
            if process is None:
                found.lost.append("{0} has no process".format(name))
                continue
            if process["status"] not in ("completed", "aborted"):
                found.stuck.append("{0}: process {1} is {2} at {3}".format(name, process["process_id"], process["status"], process["step"]))
            if row["status"] == "terminated":
                continue
            if row["device_id"] not in live:
                found.lost.append("{0} is of a device that was not asked for".format(name))
                continue
            live[row["device_id"]].append(row)
            done = [line["step"] for line in log if line["process_id"] == process["process_id"] and line["status"] == "success"]
            if [step for step in dict.fromkeys(done) if step in STEP_LIST] != list(STEP_LIST):
                found.lost.append("{0}: its log has the steps {1}".format(name, done))
            once = [step for step in done if step not in ("fetch_ip_address_information", "provide_config_to_user")]  # resume repeats these
            if len(once) != len(set(once)):
                found.twice.append("{0}: a step happened twice: {1}".format(name, done))
            if (row["status"], bool(row["insync"]), process["status"]) != ("active", True, "completed"):
                found.lost.append("{0} is {1}, its process {2}".format(name, row["status"], process["status"]))
        found.lost += ["process {0} has no subscription".format(process["process_id"]) for process in processes.values()]
    for device, subscriptions in live.items():
        if not subscriptions:
            found.lost.append("device {0} has no live subscription".format(device))
        if len(subscriptions) > 1:
            found.twice.append("device {0} has {1} live subscriptions".format(device, len(subscriptions)))
    statuses = netbox.statuses(devices)
    found.lost += ["device {0} is {1} in NetBox".format(device, statuses.get(device)) for device in devices if statuses.get(device) != "active"]
    return found
