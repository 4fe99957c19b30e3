# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The workflow create_node: its steps, in the order of the step list. Each takes the works that are due and returns outcomes."""

from __future__ import annotations

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.description import description
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.lifecycle import SubscriptionLifecycle
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.subscription import move_to_lifecycle, revise
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import DomainError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.payload import NetboxPayload, build_payload
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.update import Kind, Refusal, update
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.claim import (
    CLAIM,
    as_claimed,
    as_read,
    claim,
    claimed_by_others,
    contradiction,
    device_gone,
    status_of,
)
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.device import Device, devices_by_id
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.give_back import give_back
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.journal import journalled
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.lacking import lacking
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.loopback import loopback_fields
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.loopback_interface import located_works
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import NodeInactive
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.payload import HIDDEN, DevicePayload, DeviceTarget, hidden
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.provide_config import provide_config_to_user
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.state import CreateState, CreateWork, named
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.statuses import ACTIVE, FREE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.holding import still_held
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.progress import Progress
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.step import Done, Failed, Outcome, Step, Workflow, for_each
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = ["CREATE_NODE", "custom_field"]


def _fetch_ip_address_information(task: Task, works: t.Sequence[CreateWork]) -> dict[str, Outcome]:
    """Put the device's name and loopbacks onto the model, and what the templates need of the device into the state."""
    tell = Progress(task.show, "fetch_ip_address_information", len(works), task.subject.many)
    devices = devices_by_id(task.netbox, [work.subscription.device_id for work in works], tell=tell)
    missing = [work.subscription.device_id for work in works if work.subscription.device_id not in devices]
    there = set() if task.check_mode else hidden(task.netbox, missing)
    devices = located_works(task, works, devices, configured=True)
    claimed = [work for work in works if work.row.resumed and status_of(devices, work) != FREE]
    taken = claimed_by_others(task, claimed)
    lost: dict[str, Outcome] = {key: Failed(why) for key, why in taken.items()}
    return lost | for_each(
        [work for work in works if work.key not in lost], lambda work: _fetched(task, work, devices.get(work.subscription.device_id), there)
    )


def _fetched(task: Task, work: CreateWork, device: Device | None, there: t.Container[int]) -> Outcome:
    if device is None and work.subscription.device_id in there:
        return Failed(f"{work.label}: {HIDDEN}")
    if device is None:
        return device_gone(work)
    if device.problem:
        return Failed(f"{work.label}: {device.problem}")
    work = work.called(device.label)
    seen = as_claimed(work, device) if task.check_mode else device
    problem = contradiction(work, seen, (ACTIVE,)) or lacking(device, work.state.required_families)
    if problem:
        return Failed(problem, label=work.label)
    try:
        subscription = revise(work.subscription, {"node": {"node_name": device.name} | loopback_fields(device)}, work.state.context)
    except DomainError as error:
        return Failed(f"{work.label}: {error}", label=work.label)
    subscription = subscription.model_copy(update={"description": description(subscription)})
    return Done(subscription, work.state.having(device=device), label=work.label)


def _set_status(task: Task, works: t.Sequence[CreateWork]) -> dict[str, Outcome]:
    """Move the subscription to the lifecycle of the option."""
    return for_each(works, lambda work: _moved(work, SubscriptionLifecycle(task.params["lifecycle"])))


def _moved(work: CreateWork, target: SubscriptionLifecycle, **fields: t.Any) -> Outcome:
    try:
        subscription = move_to_lifecycle(work.subscription, target, work.state.context)
    except DomainError as error:
        return Failed(f"{work.label}: {error}")
    return Done(subscription.model_copy(update=fields), work.state)


def _set_node_to_active(task: Task, works: t.Sequence[CreateWork]) -> dict[str, Outcome]:  # pylint: disable=unused-argument
    """``node.node_status = "active"``, on the model."""

    def activated(work: CreateWork) -> Outcome:
        return Done(revise(work.subscription, {"node": {"node_status": ACTIVE}}, work.state.context), work.state)

    return for_each(works, activated)


def _update_node_in_netbox(task: Task, works: t.Sequence[CreateWork]) -> dict[str, Outcome]:
    """Write the payload of each node to NetBox. A device that somebody else set to another status meanwhile is a conflict."""
    by_device = {work.subscription.device_id: work for work in works}
    target = DeviceTarget(
        client=task.netbox,
        message=lambda device_id: by_device[device_id].changelog_message(),
        check=lambda device, payload: _refusal(task, by_device[device.id], device, payload),
        known={} if task.params["netbox_custom_field"] else {work.subscription.device_id: _known(task, work) for work in works},
        see=lambda device: as_claimed(by_device[device.id], device) if task.check_mode else device,
        dry_run=task.check_mode,
        held=still_held(task, by_device),
        tell=Progress(task.show, "update_node_in_netbox", len(works), task.subject.many),
    )
    updates = update([_payload(task, work) for work in works], target)
    outcomes: dict[str, Outcome] = {}
    for work, done in zip(works, updates):
        if done.gone:
            outcomes[work.key] = device_gone(work)
        elif done.error:
            outcomes[work.key] = Failed(done.why_not(work.label))
        else:
            outcomes[work.key] = Done(work.subscription, work.state, done.changes())
    return outcomes


def _known(task: Task, work: CreateWork) -> Device:
    """Return the device as the step before read it, in this run, but for its custom fields. If it has changed since, NetBox refuses the write; then it is
    read.
    """
    return as_claimed(work, as_read(work)) if task.check_mode else as_read(work)


def _refusal(task: Task, work: CreateWork, device: Device, payload: DevicePayload) -> Refusal | None:
    why = contradiction(work, device, (payload.status or "",))
    if not why and device.etag != work.state.device.etag:  # it has changed since the step before read it
        why = claimed_by_others(task, [work]).get(work.key)
    return Refusal(Kind.CONFLICT, why) if why else None


def _payload(task: Task, work: CreateWork) -> NetboxPayload:
    return build_payload(work.subscription.node, work.subscription).model_copy(update=custom_field(task, str(work.subscription.subscription_id)))


def custom_field(task: Task, value: str | None) -> dict[str, t.Any]:
    """Return the field of a payload that leads from the device to its subscription; {} where no custom field is set for that."""
    name = task.params["netbox_custom_field"]
    return {"custom_fields": {name: value}} if name else {}


def _done(task: Task, works: t.Sequence[CreateWork]) -> dict[str, Outcome]:
    """Active and in sync; the process is completed."""
    return journalled(task, works, for_each(works, lambda work: _moved(work, SubscriptionLifecycle.ACTIVE, insync=True)))


CREATE_NODE = Workflow(
    name="create_node",
    version=1,
    target="CREATE",
    steps=(
        Step(CLAIM, claim),
        Step("fetch_ip_address_information", _fetch_ip_address_information, repeats=True),
        Step("set_status", _set_status),
        Step("provide_config_to_user", provide_config_to_user, repeats=True),
        Step("set_node_to_active", _set_node_to_active),
        Step("update_node_in_netbox", _update_node_in_netbox),
        Step("done", _done),
    ),
    final="update_node_in_netbox",
    state=CreateState,
    about=NodeInactive,
    abort=give_back,
    named=named,
)
