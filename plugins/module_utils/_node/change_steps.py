# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps that modify_node, terminate_node and reconcile_node share.

The workflows differ in what they are told to do, and share how it is done. What to do stands in the process's state from the start: ``changes`` are
the fields of the subscription to set, ``write`` the fields of the device that NetBox is to have from it, and ``lifecycle`` where the
subscription ends, None where it stays. ``refresh`` takes name and addresses from NetBox.

Each step is one object, so that a run over processes of several workflows takes it for all of them at once.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.lifecycle import SubscriptionLifecycle
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.subscription import SubscriptionModel, move_to_lifecycle
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import DomainError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.changelog import Change, object_changes
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.update import Kind, Refusal, update
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.create_node import custom_field
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.device import DEVICE, Device, devices_by_id
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.fields import OF_NETBOX
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.journal import journalled
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.loopback import ambiguous, loopback_fields
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.loopback_interface import located_works
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import FAMILIES, Family, NodeInactive, loopback_of
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.payload import HIDDEN, DevicePayload, DeviceTarget, hidden
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.state import ChangeWork, removes
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.statuses import FREE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.command import to_abort, to_resume
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.holding import still_held
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.progress import Progress
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.step import Done, Failed, Outcome, Step, for_each
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.steps import begin, described
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = [
    "DONE",
    "FETCH_IP_ADDRESS_INFORMATION",
    "MODIFY_SUBSCRIPTION",
    "STORE_PROCESS_SUBSCRIPTION",
    "UPDATE_NODE_IN_NETBOX",
    "families",
    "gone",
    "sets_free",
    "was_set_free",
    "writes",
    "written_values",
]

_NAMED = 10
"""Nodes that a warning names."""

_NOT_THERE = "is not in NetBox any more, or the token may not see it"


def _fetch_ip_address_information(task: Task, works: t.Sequence[ChangeWork]) -> dict[str, Outcome]:
    """Read the device as it is now: what is not as it was read here, when NetBox is written, was changed by somebody else."""
    tell = Progress(task.show, "fetch_ip_address_information", len(works), task.subject.many)
    devices = devices_by_id(task.netbox, [work.subscription.device_id for work in works], tell=tell)
    missing = [work.subscription.device_id for work in works if work.subscription.device_id not in devices]
    there = set() if task.check_mode else hidden(task.netbox, missing)
    removals = [work for work in works if removes(work)]
    devices = located_works(task, [work for work in works if work.state.refresh], devices, configured=False)
    devices = located_works(task, removals, devices, configured=True)
    outcomes = for_each(works, lambda work: _fetched(work, devices.get(work.subscription.device_id), there))
    _warn_of_missing(task, [work for work in works if work.subscription.device_id not in devices and isinstance(outcomes[work.key], Done)])
    return outcomes


def _warn_of_missing(task: Task, works: t.Sequence[ChangeWork]) -> None:
    """Say of which nodes only the subscription ends; but for those that were found to be gone before, and are to end for that."""
    works = [work for work in works if "device_gone" not in (work.state.repairs or ())]
    if works:
        more = f" and {len(works) - _NAMED} more" if len(works) > _NAMED else ""
        names = ", ".join(work.label for work in works[:_NAMED]) + more
        task.warn(f"not in NetBox any more, or the token may not see it: {names}. Nothing is written there; only the subscription ends")


def _fetched(work: ChangeWork, device: Device | None, there: t.Container[int]) -> Outcome:
    if device is None and work.subscription.device_id in there:
        return Failed(f"{work.label}: {HIDDEN}")
    if device is None:
        if work.state.lifecycle == SubscriptionLifecycle.TERMINATED:
            return Done(work.subscription, work.state.having(write=[], device=_missing(work)))  # there is nothing to write to
        return _gone(work)
    if device.problem:
        return Failed(f"{work.label}: {device.problem}")
    work = work.called(device.label)
    if "device_gone" in (work.state.repairs or ()) or not work.state.device.status:  # what is to be written there was not planned
        back = "is in NetBox again, so its subscription does not end"
        return Failed(f"{work.label} {back}; {to_abort([work.key])}", back, "End the process", work.label)
    conflict = _conflict(work, device) if work.state.repairs is not None else None  # the repair was planned for what was found
    if conflict:
        return dataclasses.replace(conflict, label=work.label)
    state = work.state.having(device=device)
    if work.state.refresh:
        problem = ambiguous(device)
        if problem:
            return Failed(problem, label=work.label)
        seen = {"node_name": device.name} | loopback_fields(device)
        state = state.having(changes=state.changes | {"node": state.node_changes | seen})
    return Done(work.subscription, state, label=work.label)


def _gone(work: ChangeWork) -> Failed:
    reason = f"{work.label} {_NOT_THERE}; end this process with {to_abort([work.key])}, then its subscription with terminate_node"
    return Failed(reason, _NOT_THERE, "End the process, then its subscription with terminate_node; the process")


def _modify_subscription(task: Task, works: t.Sequence[ChangeWork]) -> dict[str, Outcome]:  # pylint: disable=unused-argument
    """Set the fields that the process is to change."""
    return for_each(works, _modified)


def _modified(work: ChangeWork) -> Outcome:
    changes = work.state.changes
    try:
        return Done(described(work.subscription, changes, work.state.context), work.state)
    except DomainError as error:
        return Failed(f"{work.label}: {error}")


def families(subscription: NodeInactive) -> list[Family]:
    """Return the address families that a subscription has, and so keeps."""
    return [family for family in FAMILIES if loopback_of(subscription, family) is not None]


def gone(subscription: NodeInactive) -> Device:
    """Stands for a device that NetBox does not have any more: all that is known of it is its id and name."""
    return Device(subscription.device_id, subscription.node.node_name, "", "", "", "", "", None, None)


def _missing(work: ChangeWork) -> Device:
    """Return the device of a work as it was when it was read last, for the config of its removal; it has no status, as there is none to write."""
    return dataclasses.replace(work.state.device, status="")


def _update_node_in_netbox(task: Task, works: t.Sequence[ChangeWork]) -> dict[str, Outcome]:
    """Write to NetBox the fields that the process is to write, and no others."""
    payloads = {work.subscription.device_id: _payload(task, work) for work in works if writes(task, work)}
    by_device = {work.subscription.device_id: work for work in works if writes(task, work)}
    conflicts: dict[str, Failed] = {}
    lost: set[int] = set()

    def check(device: Device, payload: DevicePayload) -> Refusal | None:  # pylint: disable=unused-argument
        work = by_device[device.id]
        if (work.row.resumed or device.id in lost) and _planned_before(task, work, device):
            return Refusal(Kind.DONE_BEFORE, "it was set free before")
        conflict = _conflict(work, device)
        if conflict is None:
            return None
        conflicts[work.key] = conflict
        return Refusal(Kind.CONFLICT, conflict.reason)

    target = DeviceTarget(
        client=task.netbox,
        message=lambda device_id: by_device[device_id].changelog_message(),
        check=check,
        dry_run=task.check_mode,
        held=still_held(task, by_device),
        lost=lost.update,
        tell=Progress(task.show, "update_node_in_netbox", len(payloads), task.subject.many),
    )
    outcomes: dict[str, Outcome] = {work.key: Done(work.subscription, work.state) for work in works}
    for work, done in zip(by_device.values(), update(list(payloads.values()), target)):
        if done.gone and work.state.lifecycle == SubscriptionLifecycle.TERMINATED:
            _warn_of_missing(task, [work])
            outcomes[work.key] = Done(work.subscription, work.state.having(device=_missing(work)))
        elif done.kind is Kind.DONE_BEFORE:
            outcomes[work.key] = Done(work.subscription, work.state)
        elif done.gone:
            outcomes[work.key] = _gone(work)
        elif done.kind is Kind.CONFLICT:
            outcomes[work.key] = conflicts[work.key]
        elif done.error:
            outcomes[work.key] = Failed(done.why_not(work.label))
        else:
            outcomes[work.key] = Done(work.subscription, work.state, done.changes())
    return outcomes


def writes(task: Task, work: ChangeWork) -> bool:
    """Return whether there is anything to write: not to a device that is gone, or that another subscription stands for."""
    there = work.state.device.status and "several_subscriptions" not in (work.state.repairs or ())
    return bool(there and (work.state.write or task.params["netbox_custom_field"]))


def _payload(task: Task, work: ChangeWork) -> DevicePayload:
    ends = work.state.lifecycle == SubscriptionLifecycle.TERMINATED
    values, field = written_values(work), custom_field(task, None if ends else str(work.subscription.subscription_id))
    return DevicePayload(id=work.subscription.device_id, **{name: values[name] for name in work.state.write}, **field)


def written_values(work: ChangeWork) -> dict[str, t.Any]:
    """Return what fields of the device are to be, as NetBox takes them: relations by id."""
    node = work.subscription.node
    status, name = (work.state.node_changes.get(field, getattr(node, field)) for field in ("node_status", "node_name"))
    return {"status": status, "name": name, **(work.state.relations or {})}


def _conflict(work: ChangeWork, device: Device) -> Failed | None:
    """Return what somebody else changed, of what is to be written, since the device was read; None where nothing is."""
    read, values = work.state.device, written_values(work)
    for field in work.state.write:
        then, now = (getattr(one, OF_NETBOX[field].device) for one in (read, device))
        if now != then and device.writable.get(field) != values[field]:
            return _changed_meanwhile(work, f"its {field} was changed in NetBox meanwhile, from {then or 'nothing'} to {now or 'nothing'}")
    return None


def _planned_before(task: Task, work: ChangeWork, device: Device) -> bool:
    """Return whether this process has set the device free already, by a request whose answer was lost, so that it is somebody else's by now."""
    if not sets_free(work) or device.status == FREE:
        return False
    return was_set_free(work, object_changes(task.netbox, DEVICE, [device.id])[device.id])


def sets_free(work: ChangeWork) -> bool:
    """Return whether the process is to set its device free."""
    return "status" in work.state.write and written_values(work)["status"] == FREE


def was_set_free(work: ChangeWork, changes: t.Iterable[Change]) -> bool:
    """Return whether the process has set its device free, by NetBox's change log of that."""
    return any(change.status == FREE and work.key in change.message for change in changes)


def _changed_meanwhile(work: ChangeWork, what: str) -> Failed:
    wrong, right = "Where that is wrong, set it back there and continue", "where it is right, end the process"
    reason = f"{work.label}: {what}. {wrong} with: {to_resume([work.key])}; {right} with: {to_abort([work.key])}"
    return Failed(reason, f"{what}. {wrong}; {right}", "Where the change is right, end the process")


def _done(task: Task, works: t.Sequence[ChangeWork]) -> dict[str, Outcome]:
    """Set the subscriptions in sync again, and end those where that is what the process is for."""
    return journalled(task, works, for_each(works, _ended))


def _ended(work: ChangeWork) -> Outcome:
    target = SubscriptionLifecycle(work.state.lifecycle or work.subscription.status)
    try:
        subscription: SubscriptionModel = work.subscription
        if target is not subscription.status:
            subscription = move_to_lifecycle(subscription, target, work.state.context)
    except DomainError as error:
        return Failed(f"{work.label}: {error}")
    return Done(subscription.model_copy(update={"insync": True}), work.state)


STORE_PROCESS_SUBSCRIPTION = Step("store_process_subscription", begin)
FETCH_IP_ADDRESS_INFORMATION = Step("fetch_ip_address_information", _fetch_ip_address_information, repeats=True)
MODIFY_SUBSCRIPTION = Step("modify_subscription", _modify_subscription)
UPDATE_NODE_IN_NETBOX = Step("update_node_in_netbox", _update_node_in_netbox)
DONE = Step("done", _done)
