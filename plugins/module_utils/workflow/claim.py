# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Claim devices in NetBox: ``planned`` becomes ``staged``, on condition that nobody touched the device since it was listed.

With a store that all runs share, its unique index has decided already. With a store of this machine alone, another machine could
enrol the same device, so NetBox decides.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NetboxError, NetboxUncertain
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.netbox.device import Device
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.netbox.payload import DevicePayload
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.netbox.update import Target, Update, update
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.workflow.step import Aborted, Done, Failed, Outcome, Work

__all__ = ["CLAIMED", "FREE", "as_claimed", "claim", "claim_mode", "contradiction"]

FREE, CLAIMED = "planned", "staged"
"""NetBox's status of a device before and after the claim."""


def claim_mode(task: Task) -> str:
    """Who decides a claim: "store" or "netbox"."""
    if task.params["claim"] != "auto":
        return task.params["claim"]
    return "store" if task.shares_store else "netbox"


def claim(task: Task, works: t.Sequence[Work], message: t.Callable[[Work], str]) -> dict[str, Outcome]:
    """Claim the devices of ``works`` in NetBox where that is how they are claimed. A device that somebody else has taken is given up."""
    outcomes: dict[str, Outcome] = {work.key: Done(work.subscription, work.state) for work in works if work.state["claim"] == "store"}
    in_netbox = [work for work in works if work.state["claim"] == "netbox"]
    if not in_netbox:
        return outcomes
    try:
        updates = update([DevicePayload(id=work.subscription.device_id, status=CLAIMED) for work in in_netbox], _target(task, in_netbox, message))
    except NetboxUncertain:
        raise
    except NetboxError as error:
        return outcomes | {work.key: _not_claimed(work, "{0} could not be claimed: {1}".format(work.label, error)) for work in in_netbox}
    return outcomes | {work.key: _claimed(work, done) for work, done in zip(in_netbox, updates)}


def _not_claimed(work: Work, reason: str) -> Outcome:
    """A first attempt surely wrote nothing, so nothing is kept here either, and the device stays free. An earlier one may have arrived."""
    return Failed(reason) if work.row.get("resumed") else Aborted(reason)


def _target(task: Task, works: t.Sequence[Work], message: t.Callable[[Work], str]) -> Target:
    by_device = {work.subscription.device_id: work for work in works}

    def check(device: Device, payload: DevicePayload) -> str | None:
        work = by_device[device.id]
        if device.status == FREE or (device.status == payload.status and work.row.get("resumed") and _claimed_by_us(task, work)):
            return None
        return "{0} was taken by somebody else meanwhile: its status in NetBox is {1} now".format(work.label, device.status)

    # A resumed claim may have arrived before the crash, so it reads the device as it is now.
    known = {work.subscription.device_id: _as_listed(work) for work in works if not work.row.get("resumed")}
    return Target(task.netbox, lambda device_id: message(by_device[device_id]), check, known=known, dry_run=task.check_mode)


def _as_listed(work: Work) -> Device:
    facts = work.state["device"]
    return Device(**facts, writable={"status": facts["status"]})


def _claimed_by_us(task: Task, work: Work) -> bool:
    """Whether NetBox's change log has a claim of this process."""
    filters = {"changed_object_type": "dcim.device", "changed_object_id": work.subscription.device_id, "action": "update"}
    return any(work.key in (entry.get("message") or "") for entry in task.netbox.get("core/object-changes", filters))


def _claimed(work: Work, done: Update) -> Outcome:
    if done.error:
        return Aborted(done.error, lost="taken by somebody else" in done.error)
    return Done(work.subscription, work.state, done.changes())


def contradiction(work: Work, device: Device, ours: t.Collection[str]) -> str | None:
    """Why a device as NetBox has it now contradicts its enrolment; None where it does not. ``ours`` are statuses that we may have written."""
    expected = (CLAIMED if work.state["claim"] == "netbox" else FREE, *ours)
    if device.status in expected:
        return None
    return (
        "{0} has the status {1} in NetBox, where {2} was expected: somebody changed it during the enrolment. "
        "Set it back to {2} there and resume process {3}".format(work.label, device.status, expected[0], work.key)
    )


def as_claimed(work: Work, device: Device) -> Device:
    """In check mode: the device as it would stand after the claim."""
    if work.state["claim"] == "netbox" and device.status == FREE:
        return dataclasses.replace(device, status=CLAIMED, writable=device.writable | {"status": CLAIMED})
    return device
