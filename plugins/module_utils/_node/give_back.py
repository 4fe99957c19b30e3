# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Give the devices of aborted enrolments back in NetBox, where that is how they were claimed."""

from __future__ import annotations

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NetboxError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.update import Kind, Refusal, update
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.claim import CLAIM, Holder, claim_holders, status_of
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.device import Device, devices_by_id
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.fence import fence
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.payload import HIDDEN, DevicePayload, DeviceTarget, hidden
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.state import CreateWork
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.statuses import CLAIMED, FREE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.abort import aborted
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.holding import still_held
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.step import Failed, Outcome
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.step_log import load_step_log
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = ["give_back"]


def give_back(task: Task, works: t.Sequence[CreateWork]) -> dict[str, Outcome]:
    """Give back in NetBox what is still claimed by these processes; then they are over."""
    unknown = fence(task, _unfinished(task, works))
    return unknown | _given_back(task, [work for work in works if work.key not in unknown])


def _unfinished(task: Task, works: t.Sequence[CreateWork]) -> list[CreateWork]:
    """Return those that may have sent a write of which their own log does not say that it was done: a claim, or the last step's."""
    done = _steps_done(task, works)
    claiming = [work for work in works if work.state.claim == "netbox" and CLAIM not in done[work.key]]
    return claiming + [work for work in works if ACTIVATE in done[work.key] and UPDATE not in done[work.key]]


def _given_back(task: Task, works: t.Sequence[CreateWork]) -> dict[str, Outcome]:
    devices = devices_by_id(task.netbox, [work.subscription.device_id for work in works])
    unreadable = {key: device.problem for key, device in devices.items() if device.problem}
    claimed = [work for work in works if work.state.claim == "netbox"]  # of the others, there is nothing to give back
    failed: dict[str, Outcome] = {
        work.key: Failed(f"{work.label}: {unreadable[work.subscription.device_id]}") for work in claimed if work.subscription.device_id in unreadable
    }
    works = [work for work in works if work.key not in failed]
    missing = [work.subscription.device_id for work in claimed if work.subscription.device_id not in devices]
    there = set() if task.check_mode else hidden(task.netbox, missing)
    staged = [work for work in works if work.state.claim == "netbox" and status_of(devices, work) == CLAIMED]
    try:
        holders = claim_holders(task, staged, _claims_done(task, staged))
    except NetboxError as error:
        left = failed | {work.key: Failed(_no_change_log(work, error)) for work in staged}
        return left | _left_alone(task, [work for work in works if work.key not in left], devices, there, {})
    ours = [work for work in staged if holders[work.key] is Holder.WE]
    rest = _left_alone(task, [work for work in works if holders.get(work.key) is not Holder.WE], devices, there, holders)
    return failed | rest | _give_back(task, ours, devices)


def _left_alone(
    task: Task, works: t.Sequence[CreateWork], devices: t.Mapping[int, Device], there: t.Container[int], holders: t.Mapping[str, Holder]
) -> dict[str, Outcome]:
    """Return the outcomes of processes whose device is left as it is."""
    outcomes: dict[str, Outcome] = {}
    for work in works:
        device_id = work.subscription.device_id
        if device_id in there:
            outcomes[work.key] = Failed(f"{work.label}: {HIDDEN}; then abort again")
        else:
            outcomes[work.key] = aborted(task, work, _as_left(devices.get(device_id)) + _left_since(holders.get(work.key)))
    return outcomes


ACTIVATE, UPDATE = "set_node_to_active", "update_node_in_netbox"
"""The steps before and at the last write to NetBox."""


def _claims_done(task: Task, works: t.Sequence[CreateWork]) -> set[str]:
    """Return the processes of which their own log says that their claim was done."""
    return {key for key, steps in _steps_done(task, works).items() if CLAIM in steps}


def _steps_done(task: Task, works: t.Sequence[CreateWork]) -> dict[str, set[str]]:
    """Return the steps that each process has done, by its own log."""
    with task.store.read() as connection:
        logs = load_step_log(connection, [work.key for work in works])
    return {work.key: {line.step for line in logs.get(work.key, []) if line.status == "success"} for work in works}


def _no_change_log(work: CreateWork, error: NetboxError) -> str:
    return (
        f"{work.label} is {CLAIMED} in NetBox, and without NetBox's change log it is not known whether that is still the claim of this process: {error}. "
        "Abort with a token that may read it, or set the device to another status in NetBox first"
    )


def _left_since(holder: Holder | None) -> str:
    return _LEFT_SINCE.get(holder, "") if holder else ""


_LEFT_SINCE = {
    Holder.OTHER: ", since by NetBox's change log somebody else has claimed it",
    Holder.UNKNOWN: ", since neither NetBox's change log nor the process's own says that this is still its claim; where nobody else works on the device, "
    f"set it to {FREE} there",
}


def _give_back(task: Task, works: t.Sequence[CreateWork], devices: t.Mapping[int, Device]) -> dict[str, Outcome]:
    by_device = {work.subscription.device_id: work for work in works}

    def check(device: Device, payload: DevicePayload) -> Refusal | None:
        work, read = by_device[device.id], devices[device.id]
        ours = device.status == payload.status or (device.etag and device.etag == read.etag)  # as it was when its holder was looked up
        if ours or (device.status == CLAIMED and claim_holders(task, [work], _claims_done(task, [work]))[work.key] is Holder.WE):
            return None
        return Refusal(Kind.CONFLICT, f"{by_device[device.id].label} was set to {device.status} in NetBox meanwhile; run again")

    target = DeviceTarget(
        client=task.netbox,
        message=lambda device_id: by_device[device_id].changelog_message() + ", aborted",
        check=check,
        known=devices,
        dry_run=task.check_mode,
        held=still_held(task, by_device),
    )
    updates = update([DevicePayload(id=device_id, status=FREE) for device_id in by_device], target)
    outcomes: dict[str, Outcome] = {}
    for work, done in zip(works, updates):
        if done.error:
            outcomes[work.key] = Failed(f"{work.label} could not be given back: {done.error}")
        else:
            outcomes[work.key] = aborted(task, work, f"it {'would be' if task.check_mode else 'is'} {FREE} again in NetBox", done.changes())
    return outcomes


def _as_left(device: Device | None) -> str:
    if device is None:
        return "it is not in NetBox any more, or the token may not see it"
    return f"its status in NetBox, {device.status}, was left as it is" if device.status else "the device in NetBox was left as it is"
