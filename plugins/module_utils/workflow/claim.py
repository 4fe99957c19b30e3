# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Claim devices in NetBox: ``planned`` becomes ``staged``, on condition that nobody touched the device since it was listed.

With a store that all runs share, its unique index has decided already. With a store of this machine alone, another machine could
enrol the same device, so NetBox decides. A NetBox before 4.6 knows no such condition: there the device is read right before the claim,
and right after it the change log tells whose claim came first. Two claims whose entries are written in the same instant, in one order and
committed in the other, both pass.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.netbox.changelog import status_changes
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.netbox.device import Device
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.netbox.payload import DevicePayload
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.netbox.update import Target, Update, update
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.workflow.progress import Progress
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.workflow.rows import UNCHANGED
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.workflow.step import Aborted, Done, Failed, Outcome, Work

__all__ = ["ACTIVE", "CLAIMED", "FREE", "as_claimed", "as_read", "claim", "claim_mode", "claimed_by_us", "contradiction"]

FREE, CLAIMED, ACTIVE = "planned", "staged", "active"
"""NetBox's status of a device before the claim, after it, and once the node is in service."""

_TAKEN = "{0} was taken by somebody else meanwhile"


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
    updates = update([DevicePayload(id=work.subscription.device_id, status=CLAIMED) for work in in_netbox], _target(task, in_netbox, message))
    outcomes |= {work.key: _claimed(work, done) for work, done in zip(in_netbox, updates)}
    if not task.check_mode and not task.netbox.conditional:
        done = [work for work in in_netbox if isinstance(outcomes[work.key], Done)]
        ours = claimed_by_us(task, done)
        outcomes |= {work.key: _lost(work) for work in done if work.key not in ours}
    return outcomes


def _target(task: Task, works: t.Sequence[Work], message: t.Callable[[Work], str]) -> Target:
    by_device = {work.subscription.device_id: work for work in works}
    before = functools.cache(lambda: claimed_by_us(task, [work for work in works if work.row.get("resumed")]))

    def check(device: Device, payload: DevicePayload) -> str | None:
        work = by_device[device.id]
        if device.status == FREE or (device.status == payload.status and (work.key in before() or claimed_by_us(task, [work]))):
            return None
        return _TAKEN.format(work.label) + ": its status in NetBox is {0} now".format(device.status)

    # A resumed claim may have arrived before the crash, so it reads the device as it is now.
    known = {work.subscription.device_id: as_read(work) for work in works if not work.row.get("resumed")}
    tell = Progress(task.show, "store_process_subscription", len(works))
    return Target(task.netbox, lambda device_id: message(by_device[device_id]), check, known=known, dry_run=task.check_mode, tell=tell)


def as_read(work: Work) -> Device:
    """The device as an earlier step read it, of what can be written only the status."""
    facts = work.state["device"]
    return Device(**facts, writable={"status": facts["status"]})


def claimed_by_us(task: Task, works: t.Sequence[Work]) -> set[str]:
    """The processes whose claim of their device is the one that holds, by NetBox's change log: the first since the device was free."""
    holders: dict[int, str] = {}
    for change in status_changes(task.netbox, [work.subscription.device_id for work in works]):
        if change.status == FREE:
            holders.pop(change.device_id, None)
        elif change.status == CLAIMED:
            holders.setdefault(change.device_id, change.message)
    return {work.key for work in works if work.key in holders.get(work.subscription.device_id, "")}


def _claimed(work: Work, done: Update) -> Outcome:
    if not done.error:
        return Done(work.subscription, work.state, done.changes())
    if _TAKEN.format(work.label) in done.error:
        return Aborted(done.error, UNCHANGED)
    reason = "{0} could not be claimed: {1}".format(work.label, done.error)
    # What surely never reached NetBox leaves the device free, so nothing is kept here either.
    return Failed(reason) if done.uncertain or work.row.get("resumed") else Aborted(reason)


def _lost(work: Work) -> Outcome:
    return Aborted(_TAKEN.format(work.label) + ", in the same moment", UNCHANGED)


def contradiction(work: Work, device: Device, ours: t.Collection[str]) -> str | None:
    """Why a device as NetBox has it now contradicts its enrolment; None where it does not. ``ours`` are statuses that we may have written."""
    expected = (CLAIMED if work.state["claim"] == "netbox" else FREE, *ours)
    if device.status in expected:
        return None
    return (
        f"{work.label} has the status {device.status} in NetBox, where {expected[0]} was expected: somebody changed it during the enrolment. "
        f"Set it back to {expected[0]} there and resume its process"
    )


def as_claimed(work: Work, device: Device) -> Device:
    """In check mode: the device as it would stand after the claim."""
    if work.state["claim"] == "netbox" and device.status == FREE:
        return dataclasses.replace(device, status=CLAIMED, writable=device.writable | {"status": CLAIMED})
    return device
