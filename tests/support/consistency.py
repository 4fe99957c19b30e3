# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a store makes sense in itself, by SQL and independent of the code under test, whatever happened to the runs that wrote it."""

from __future__ import annotations

import datetime
import hashlib
import json
import typing as t

from stores import Store, device_id_of

_LIVE = {"running", "suspended", "failed"}
_OVER = {"completed", "aborted"}


def inconsistencies(store: Store) -> list[str]:
    """What is half-written, as sentences; empty for a store that is whole, or not there."""
    if not store.exists():
        return []
    wrong = []
    processes = store.rows("SELECT * FROM processes")
    subscriptions = {row["subscription_id"]: row for row in store.rows("SELECT * FROM subscriptions")}
    log = store.rows("SELECT *, CAST(state AS TEXT) AS state_text, CAST(changes AS TEXT) AS changes_text FROM process_steps ORDER BY process_step_id")
    if {row["subscription_id"] for row in processes} != set(subscriptions):
        wrong.append("processes and subscriptions do not belong together")
    devices = [device_id_of(row) for row in subscriptions.values() if row["status"] != "terminated"]
    if len(devices) != len(set(devices)):
        wrong.append("a device has two live subscriptions")
    for process in processes:
        subscription = subscriptions[process["subscription_id"]]
        name = f"process {process['process_id']}"
        lines = [line for line in log if line["process_id"] == process["process_id"]]
        over = process["status"] in _OVER
        expected = {
            "its status is known": process["status"] in _LIVE | _OVER,
            "it is over without a next step": over == (process["step"] is None),
            "it is over with a moment": over == (process["completed_at"] is not None),
            "nobody holds it unless it runs": process["status"] == "running" or (process["run_id"], process["lease_until"]) == (None, None),
            "it has a reason if it failed": process["status"] != "failed" or bool(process["error"]),
            "its log ends as it stands": not lines or process["status"] in ("running", _status_after(lines[-1]["status"])),
            "its log has the hashes of what is in it": _is_chained(process, lines),
            "its columns are JSON": all(_is_json(value) for value in (process["state"], subscription["block"])),
        }
        wrong += [f"{name}: not true that {what}: {process}" for what, holds in expected.items() if not holds]
    for key, subscription in subscriptions.items():
        own = sorted((process for process in processes if process["subscription_id"] == key), key=lambda process: str(process["started_at"]))
        at_work = [process for process in own if process["status"] not in _OVER]
        expected = {
            "one process at a time works on it": len(at_work) <= 1,
            "it is in sync unless a process works on it": bool(subscription["insync"]) == (not at_work),
            "it is what its processes made of it": not own or subscription["status"] in _lifecycles(own),
        }
        wrong += [f"subscription {key}: not true that {what}: {subscription}" for what, holds in expected.items() if not holds]
    wrong += ["a line of the log has no process" for line in log if line["process_id"] not in {row["process_id"] for row in processes}]
    return wrong


def _lifecycles(processes: list[dict[str, object]]) -> set[str]:
    """What a subscription may be after these processes, the oldest first."""
    last = processes[-1]
    if last["workflow"] == "terminate_node" and last["status"] == "completed":
        return {"terminated"}
    if last["workflow"] == "reconcile_node":
        return {"active", "terminated"}
    if len(processes) == 1 and last["workflow"] == "create_node":
        return {"completed": {"active"}, "aborted": {"terminated"}}.get(str(last["status"]), {"initial", "provisioning"})
    return {"active"}


def _status_after(logged: str) -> str:
    return {"success": "completed"}.get(logged, logged)


def _is_chained(process: dict[str, t.Any], lines: list[dict[str, t.Any]]) -> bool:
    """Whether each line of a process has the hash of the one before it, and the process that of its last one."""
    found, written = "" if process["requester"] is None else hashlib.sha256(json.dumps(process["requester"]).encode()).hexdigest(), False
    for line in lines:
        if line["previous_hash"] not in ((found,) if written else (None, found)):
            return False
        written = line["previous_hash"] is not None
        values = [line[name] for name in ("process_id", "step_id", "step", "attempt", "status", "state_text", "error", "changes_text", "actor", "run_id")]
        parts = [found, line["previous_hash"], *values, _utc(line["started_at"]), _utc(line["completed_at"])]
        found = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    return process["log_hash"] == found or (process["log_hash"] is None and not written)


def _utc(moment: t.Any) -> str:
    """A moment in UTC, which SQLite has as a text without a zone."""
    read = datetime.datetime.fromisoformat(moment).replace(tzinfo=datetime.timezone.utc) if isinstance(moment, str) else moment
    return str(read.astimezone(datetime.timezone.utc).isoformat(timespec="microseconds"))


def _is_json(value: object) -> bool:
    try:
        return isinstance(json.loads(value) if isinstance(value, str) else value, dict)
    except ValueError:
        return False
