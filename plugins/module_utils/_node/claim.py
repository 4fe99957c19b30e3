# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Claim devices in NetBox: ``planned`` becomes ``staged``, on condition that nobody touched the device since it was listed.

With a store that all runs share, the key of its claims has decided already. With a store of this machine alone, another machine could
enrol the same device, so NetBox decides. A NetBox before 4.6 knows no such condition: there one device is claimed at a time, read right before the
claim, and right after it the change log tells whose claim came first and what ours overwrote, which is put back. Two claims whose entries are
written in the same instant, in one order and committed in the other, both pass.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NetboxError, NetboxForbidden, NetboxRefusal
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.changelog import (
    Change,
    check_change_log,
    object_changes,
)
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.update import Kind, Refusal, Update, update
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.device import DEVICE, ENDPOINT, Device
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.overwritten import overwritten, rows_as_logged, undone, was_changed
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.payload import DevicePayload, DeviceTarget
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.state import CreateWork
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.statuses import CLAIMED, FREE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.command import to_abort, to_resume
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.holding import still_held
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.progress import Progress
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.rows import UNCHANGED
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.step import Aborted, Done, Failed, Outcome
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = ["CLAIM", "Holder", "as_claimed", "as_read", "claim", "claim_holders", "claim_mode", "claimed_by_others", "contradiction", "device_gone", "status_of"]

CLAIM = "store_process_subscription"
"""The step that claims a device."""


class Holder(enum.Enum):
    """Who holds the claim of a device, as far as NetBox's change log and the process's own log tell."""

    WE = enum.auto()
    """The process in question."""
    OTHER = enum.auto()
    """Somebody else: another process, or a person."""
    UNKNOWN = enum.auto()
    """Neither log says."""


def claim_mode(task: Task) -> str:
    """Return who decides a claim: "store" or "netbox"."""
    by_store = task.shares_store if task.params["claim"] == "auto" else task.params["claim"] == "store"
    return "store" if by_store else "netbox"


def claim(task: Task, works: t.Sequence[CreateWork]) -> dict[str, Outcome]:
    """Claim the devices of ``works`` in NetBox where that is how they are claimed. A device that somebody else has taken is given up."""
    outcomes: dict[str, Outcome] = {work.key: Done(work.subscription, work.state) for work in works if work.state.claim == "store"}
    in_netbox = [work for work in works if work.state.claim == "netbox"]
    if not in_netbox:
        return outcomes
    unread = _without_change_log(task, in_netbox)
    if unread:
        return outcomes | unread
    updates = update([DevicePayload(id=work.subscription.device_id, status=CLAIMED) for work in in_netbox], _target(task, in_netbox))
    outcomes |= {work.key: _claimed(task, work, done) for work, done in zip(in_netbox, updates)}
    if not task.check_mode and not task.netbox.conditional:
        sent = [work for work, done in zip(in_netbox, updates) if not done.error or done.uncertain or work.row.resumed]
        outcomes |= _by_change_log(task, sent, outcomes)
    return outcomes


def _without_change_log(task: Task, works: t.Sequence[CreateWork]) -> dict[str, Outcome]:
    """Return the outcomes where NetBox is one before 4.6 whose change log the token may not read: it must be, before anything is claimed."""
    if all(work.state.device.etag for work in works):
        return {}
    try:
        check_change_log(task.netbox)
    except NetboxError as error:
        if task.netbox.conditional:
            return {}
        why = "was not claimed, since with a NetBox before 4.6 only its change log can tell whose claim came first"
        return {work.key: _not_claimed(work, f"{work.label} {why}: {error}") for work in works}
    return {}


def _target(task: Task, works: t.Sequence[CreateWork]) -> DeviceTarget:
    by_device = {work.subscription.device_id: work for work in works}

    @functools.cache
    def before() -> dict[str, Holder] | NetboxForbidden:
        try:
            return claim_holders(task, [work for work in works if work.row.resumed])
        except NetboxForbidden as error:  # so that it is asked once, and not for each device
            return error

    def check(device: Device, payload: DevicePayload) -> Refusal | None:
        work = by_device[device.id]
        if device.status == FREE:
            return None
        taken = Refusal(Kind.TAKEN, f"{_taken(work)}: its status in NetBox is {device.status} now")
        if device.status != payload.status:
            return taken
        holders = before()
        if isinstance(holders, NetboxForbidden):
            raise holders
        holder = holders.get(work.key)
        if holder is not Holder.WE:
            holder = claim_holders(task, [work])[work.key]
        return {Holder.WE: None, Holder.OTHER: taken, Holder.UNKNOWN: Refusal(Kind.UNKNOWN, _unknown(work))}[holder]

    # A resumed claim may have arrived before the crash, so it reads the device as it is now.
    known = {work.subscription.device_id: as_read(work) for work in works if not work.row.resumed}
    tell = Progress(task.show, "store_process_subscription", len(works), task.subject.many)
    return DeviceTarget(
        client=task.netbox,
        message=lambda device_id: by_device[device_id].changelog_message(),
        check=check,
        known=known,
        dry_run=task.check_mode,
        held=still_held(task, by_device),
        tell=tell,
    )


def _unknown(work: CreateWork) -> str:
    return (
        f"{work.label} is {CLAIMED} in NetBox, and nothing tells whether this process did that before it was cut off, or somebody else: NetBox's change log "
        "has no entry of it, because it was pruned or the token may not see all of it. Where nobody else works on the device, set it to "
        f"{FREE} in NetBox and continue with: {to_resume([work.key])}; else end the process with: {to_abort([work.key])}"
    )


def _taken(work: CreateWork) -> str:
    return f"{work.label} was taken by somebody else meanwhile"


def as_read(work: CreateWork) -> Device:
    """Return the device as an earlier step read it, of what can be written only the status."""
    return dataclasses.replace(work.state.device, writable={"status": work.state.device.status})


def claim_holders(task: Task, works: t.Sequence[CreateWork], done: t.Collection[str] = ()) -> dict[str, Holder]:
    """Tell who holds the devices of ``works``, by process id: by NetBox's change log the first who claimed it since it was free.

    ``done`` are the processes whose own log says that their claim was done. Where the change log has no entry of that any more, it only has to
    say that nobody set the device free, or claimed it, since. Raises NetboxError.
    """
    changes = object_changes(task.netbox, DEVICE, [work.subscription.device_id for work in works])
    return {work.key: _holder(work.key, changes[work.subscription.device_id], work.key in done) for work in works}


def claimed_by_others(task: Task, works: t.Sequence[CreateWork]) -> dict[str, str]:
    """Say of which devices another process has the claim by now, by process id: somebody set the device free while ours waited, and it was claimed again.

    A person who set it to the status of a claim by hand has not claimed it. Where the token may not read the change log, which has it, a warning says so.
    Raises NetboxError else.
    """
    works = [work for work in works if work.state.claim == "netbox"]
    if not works or not task.netbox.conditional:  # an older NetBox does not say which of two claims came first
        return {}
    try:
        changes = object_changes(task.netbox, DEVICE, [work.subscription.device_id for work in works])
    except NetboxForbidden as error:
        task.warn(f"whether another process has claimed a device since it waits is not known: {error}")
        return {}
    found: dict[str, str] = {}
    for work in works:
        claims = [change for change in changes[work.subscription.device_id] if (change.before.get("status"), change.status) == (FREE, CLAIMED)]
        message = claims[-1].message if claims else ""
        if work.key not in message and message.startswith(_CLAIM_MESSAGE):
            found[work.key] = (
                f"{work.label} is not this process's any more: by NetBox's change log somebody set it to {FREE}, and another process has claimed it since "
                f"({message}). End this process with: {to_abort([work.key])}"
            )
    return found


_CLAIM_MESSAGE = "nodeflow.orchestrator create_node, process "


def _holder(key: str, changes: t.Sequence[Change], done: bool) -> Holder:
    pruned = _our_claim(key, changes) is None
    holder = Holder.WE if done and pruned else Holder.UNKNOWN
    for change in changes:
        if change.status == FREE or (pruned and change.before.get("status") == FREE):  # its being set free may be pruned as well
            holder = Holder.UNKNOWN
        if change.status == CLAIMED and change.sets_status and holder is Holder.UNKNOWN:
            holder = Holder.WE if key in change.message else Holder.OTHER
    return holder


_PUT_BACK = ", put back"
"""The end of the message of a write that puts back what the claim overwrote."""


def _our_claim(key: str, changes: t.Sequence[Change]) -> int | None:
    """Return the place of the last entry by which this process wrote the claim; None where there is none."""
    ours = [(place, change) for place, change in enumerate(changes) if key in change.message and not change.message.endswith(_PUT_BACK)]
    places = [place for place, change in ours if change.status == CLAIMED]
    return places[-1] if places else None


def _by_change_log(task: Task, works: t.Sequence[CreateWork], outcomes: t.Mapping[str, Outcome]) -> dict[str, Outcome]:
    """Return the outcomes once NetBox's change log has told whose claim came first, and what ours overwrote has been put back."""
    if not works:
        return {}
    ids = [work.subscription.device_id for work in works]
    try:
        rows = rows_as_logged(task.netbox, ids)  # before the change log, which then has all that was done to them
        changes = object_changes(task.netbox, DEVICE, ids)
    except NetboxError as error:
        why = "may be claimed, but NetBox's change log could not tell whether somebody else was first"
        return {work.key: Failed(f"{work.label} {why}: {error}") for work in works}
    return {work.key: _first_come(task, work, rows, changes[work.subscription.device_id], outcomes[work.key]) for work in works}


def _lost(work: CreateWork, row: dict[str, t.Any], changes: t.Sequence[Change]) -> dict[str, t.Any]:
    """Return what the claim of ``work`` overwrote in its device, by field."""
    place = _our_claim(work.key, changes)
    if place is not None:
        return overwritten(changes, place, {"status": FREE})
    # NetBox logs nothing where a row is saved as it was loaded, however old that was. So it was loaded after the holder's claim.
    if row.get("status") == CLAIMED and _holder(work.key, changes, False) is Holder.OTHER:
        return {name: value for name, value in undone(changes[-1].after, row).items() if was_changed(changes, name, row.get(name))}
    return {}


def _first_come(
    task: Task, work: CreateWork, rows: t.Mapping[int, dict[str, t.Any]], changes: t.Sequence[Change], outcome: Outcome
) -> Outcome:
    row = rows.get(work.subscription.device_id, {})
    lost = _lost(work, row, changes)
    try:
        _put_back(task, work, lost)
    except NetboxError as error:
        return Failed(_not_put_back(work, lost, error))
    if not isinstance(outcome, Done):
        return outcome
    holder = _holder(work.key, changes, False)
    if "status" in lost or holder is Holder.OTHER:
        back = f"; what ours overwrote of theirs was put back: {', '.join(lost)}" if lost else ""
        return Aborted(f"{_taken(work)}, in the same moment{back}", UNCHANGED)
    if holder is Holder.UNKNOWN:
        status = row.get("status")
        undone_since = (
            f"{work.label} was claimed, and a change by somebody else in the same moment undid that: its status in NetBox is {status} now. Claim it again "
            f"with: {to_resume([work.key])}"
        )
        return Failed(_unknown(work) if status == CLAIMED else undone_since)
    return outcome


def _put_back(task: Task, work: CreateWork, fields: t.Mapping[str, t.Any]) -> None:
    """Write to a device what ours overwrote; one field a request where NetBox refuses them together. Raises NetboxError."""
    device_id = work.subscription.device_id
    if not fields:
        return
    try:
        task.netbox.patch(ENDPOINT, [{"id": device_id, **fields, "changelog_message": work.changelog_message() + _PUT_BACK}])
    except NetboxRefusal:
        if len(fields) == 1:
            raise
        _put_back(task, work, {name: value for name, value in fields.items() if name == "status"})
        for name, value in fields.items():
            try:
                _put_back(task, work, {name: value} if name != "status" else {})
            except NetboxRefusal as error:
                task.warn(_not_put_back(work, {name: value}, error))


def _not_put_back(work: CreateWork, lost: t.Mapping[str, t.Any], error: NetboxError) -> str:
    values = ", ".join(f"{name} to {value!r}" for name, value in lost.items())
    return (
        f"{work.label}: the claim came after a change of somebody else in the same moment and overwrote it, as a NetBox before 4.6 lets it. To put it back, "
        f"set {values} in NetBox: {error}"
    )


def _claimed(task: Task, work: CreateWork, done: Update) -> Outcome:
    if not done.error:
        claimed = work.state if task.check_mode else work.state.having(device=dataclasses.replace(work.state.device, status=CLAIMED))
        return Done(work.subscription, claimed, done.changes())
    if done.kind is Kind.TAKEN:
        return Aborted(done.error, UNCHANGED)
    if done.kind is Kind.UNKNOWN:
        return Failed(done.error)
    if done.gone and work.row.resumed:
        return device_gone(work)
    return _not_claimed(work, f"{work.label} could not be claimed: {done.error}", done.uncertain)


_NOT_THERE, _OR_END = "is not in NetBox any more, or the token may not see it", "If it will not come back, end the process"


def device_gone(work: CreateWork) -> Failed:
    """Return the outcome of a process whose device NetBox does not have any more."""
    return Failed(f"{work.label} {_NOT_THERE}. {_OR_END} with: {to_abort([work.key])}", _NOT_THERE, _OR_END)


def _not_claimed(work: CreateWork, reason: str, uncertain: bool = False) -> Outcome:
    """End a process whose claim surely never reached NetBox, which leaves the device free; any other failed."""
    return Failed(reason) if uncertain or work.row.resumed else Aborted(f"{reason}; its process is over, so there is nothing to resume")


def contradiction(work: CreateWork, device: Device, ours: t.Collection[str]) -> str | None:
    """Return why a device as NetBox has it now contradicts its enrolment; None where it does not. ``ours`` are statuses that we may have written."""
    expected = (CLAIMED if work.state.claim == "netbox" else FREE, *ours)
    if device.status in expected:
        return None
    return (
        f"{work.label} has the status {device.status} in NetBox, where {expected[0]} was expected: somebody changed it during the enrolment. "
        f"Set it back to {expected[0]} there and resume its process"
    )


def status_of(devices: t.Mapping[int, Device], work: CreateWork) -> str | None:
    """Return the status of the device of ``work`` in NetBox; None where it is not among ``devices``."""
    device = devices.get(work.subscription.device_id)
    return device.status if device else None


def as_claimed(work: CreateWork, device: Device) -> Device:
    """Return, in check mode, the device as it would stand after the claim."""
    if work.state.claim == "netbox" and device.status == work.state.device.status == FREE:
        return dataclasses.replace(device, status=CLAIMED, writable=device.writable | {"status": CLAIMED})
    return device
