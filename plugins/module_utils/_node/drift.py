# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How subscriptions and NetBox differ. Pure: what was read goes in, findings come out."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.lifecycle import SubscriptionLifecycle
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.device import Device, device_label
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.fields import LOOPBACKS
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.loopback import loopback
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import NodeInactive, loopback_of
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.statuses import ACTIVE, NOT_IN_SERVICE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.stored import device_of, name_of
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.subscriptions import Unreadable

__all__ = ["IF_WANTED", "NOT_REPAIRED", "PROBLEMS", "UNFINISHED", "Finding", "Seen", "detail", "drift", "kept"]

PROBLEMS = {
    "unreadable": "the subscription cannot be read",
    "device_unreadable": "what NetBox says of the device cannot be read",
    "device_gone": "the device is not in NetBox any more",
    "several_subscriptions": "the device has several subscriptions that are not terminated",
    "unclaimed": "the subscription does not claim its device, so that it could be enrolled again",
    "step_log": "the step log was changed by hand",
    "left_over": "the subscription was never active, and no process works on it",
    "not_insync": "the subscription is out of sync, and no process works on it",
    "status": "the status differs",
    "name": "the name differs",
    "site": "the device was moved to another site",
    "ipv4_loopback": "the IPv4 address differs",
    "ipv6_loopback": "the IPv6 address differs",
    "custom_field": "the custom field does not lead to the subscription",
    "no_subscription": "the device is active in NetBox without a subscription",
}
"""What a finding can be about, the gravest first."""

NOT_REPAIRED = ("unreadable", "device_unreadable", "step_log")
"""Those that reconcile_nodes leaves alone: a person has to look."""

IF_WANTED = {"no_subscription": ("adopt", "true"), "device_gone": ("device_gone", "terminate")}
"""Those that it repairs only where an option says so."""

UNFINISHED = (SubscriptionLifecycle.INITIAL, SubscriptionLifecycle.PROVISIONING)
"""The lifecycles of a subscription that was never active."""


@dataclasses.dataclass(frozen=True)
class Finding:
    """One difference. ``store`` and ``netbox`` are the values that differ, None where there is none. ``device`` is a label."""

    subscription_id: str | None
    device_id: int
    device: str
    problem: str
    store: str | None
    netbox: str | None
    message: str


@dataclasses.dataclass(frozen=True)
class Seen:
    """What was read. ``devices`` are NetBox's, by id; ``at_work`` the ids of subscriptions that a process works on; ``sites`` the site's slug as it
    was known last, by subscription id; ``keep`` the subscription to keep, by device id, where somebody said so; ``custom_field`` the name of the
    device's field that is to hold the subscription's id, if there is one. ``unreadable`` are live subscriptions that cannot be compared;
    ``unclaimed`` the ids of those that claim nothing. ``chosen`` says that somebody chose which to look at.
    """

    subscriptions: t.Sequence[NodeInactive]
    devices: t.Mapping[int, Device]
    at_work: t.Collection[str]
    sites: t.Mapping[str, str]
    keep: t.Mapping[int, str] = dataclasses.field(default_factory=dict)
    custom_field: str | None = None
    unreadable: t.Sequence[Unreadable] = ()
    unclaimed: t.Collection[str] = ()
    chosen: bool = False


def drift(seen: Seen) -> list[Finding]:
    """Return the findings, by device id. Subscriptions that a process works on are left out: they are about to change."""
    findings: list[Finding] = []
    by_device: dict[int, list[NodeInactive]] = {}
    for model in seen.subscriptions:
        by_device.setdefault(model.device_id, []).append(model)
    for device_id, models in by_device.items():
        keep = kept(models, seen.keep.get(device_id), seen.at_work, seen.unclaimed)
        for model in models:
            if str(model.subscription_id) not in seen.at_work:
                findings += _of_one(model, keep, seen)
    findings += [_unreadable(one, seen) for one in seen.unreadable]
    enrolled = by_device.keys() | {device_of(one) for one in seen.unreadable}
    for device in seen.devices.values():
        if device.problem and device.id not in enrolled:
            findings.append(_finding(None, device, "device_unreadable", None, device.problem, device.label))
        elif device.status == ACTIVE and device.id not in enrolled:
            findings.append(_finding(None, device, "no_subscription", None, device.status, device.label))
    return sorted(findings, key=lambda finding: (finding.device_id, finding.subscription_id or "", finding.problem))


def kept(
    models: t.Sequence[NodeInactive], told: str | None = None, at_work: t.Collection[str] = (), unclaimed: t.Collection[str] = ()
) -> NodeInactive:
    """Return the one to keep of a device's subscriptions: the one that was named; or the oldest that is active; or the oldest that was active once; or,
    of those that never were, one that a process works on. Of several of the same moment, it is the one that claims the device. If there is none of these,
    all of them are left over, whichever is answered.
    """

    def rank(model: NodeInactive) -> tuple[t.Any, ...]:
        key, unfinished = str(model.subscription_id), model.status in UNFINISHED
        began = model.start_date.timestamp() if model.start_date else float("inf")
        return key != told, model.status is not SubscriptionLifecycle.ACTIVE, unfinished, unfinished and key not in at_work, began, key in unclaimed, key

    return min(models, key=rank)


def _of_one(model: NodeInactive, keep: NodeInactive, seen: Seen) -> list[Finding]:
    device = seen.devices.get(model.device_id)
    label = device.label if device else device_label(model.node.node_name, seen.sites.get(str(model.subscription_id), ""), model.device_id)
    nothing_kept = keep.status in UNFINISHED and str(keep.subscription_id) not in seen.at_work
    if model is not keep and not nothing_kept:
        return [_finding(model, device, "several_subscriptions", str(model.subscription_id), str(keep.subscription_id), label)]
    if model.status in UNFINISHED:
        return [_finding(model, device, "left_over", model.status.value, device.status if device else None, label)]
    if device is None:
        return [_finding(model, device, "device_gone", str(model.subscription_id), None, label)]
    if device.problem:
        return [_finding(model, device, "device_unreadable", None, device.problem, label)]
    found = [_finding(model, device, "unclaimed", "false", None, label)] if str(model.subscription_id) in seen.unclaimed else []
    found += [] if model.insync else [_finding(model, device, "not_insync", "false", None, label)]
    node = model.node
    pairs = {
        "status": (ACTIVE if node.node_status in NOT_IN_SERVICE else node.node_status, device.status),  # it was active, whatever was written down
        "name": (node.node_name, device.name),
        "site": (seen.sites.get(str(model.subscription_id)) or device.site, device.site),
        **{field.name: _addresses(_text(loopback_of(model, family)), loopback(device, family).address) for family, field in LOOPBACKS.items()},
    }
    if seen.custom_field:
        pairs["custom_field"] = (str(model.subscription_id), device.custom_field(seen.custom_field))
    found += [_finding(model, device, name, ours, theirs, label) for name, (ours, theirs) in pairs.items() if ours != theirs]
    return [_explained(finding, device) for finding in found]


def _explained(finding: Finding, device: Device) -> Finding:
    """Return the finding, with the addresses of which NetBox does not say which one is the loopback."""
    [family] = [family for family, field in LOOPBACKS.items() if field.name == finding.problem] or [""]
    several = loopback(device, family).several if family else ""
    return dataclasses.replace(finding, message=f"{finding.message}, which has {several}") if several else finding


def _unreadable(one: Unreadable, seen: Seen) -> Finding:
    """Return the finding of a subscription that cannot be read."""
    device_id = device_of(one) or 0
    device = seen.devices.get(device_id)
    label = device.label if device else device_label(name_of(one), seen.sites.get(one.subscription_id, ""), device_id)
    message = f"{label}: {one.sentence}"
    return Finding(one.subscription_id, device_id, label, "unreadable", one.problem, device.status if device else None, message)


def _finding(model: NodeInactive | None, device: Device | None, problem: str, ours: str | None, theirs: str | None, label: str) -> Finding:
    device_id = model.device_id if model else device.id if device else 0
    detail = _detail(problem, ours, theirs)
    values = f": {detail}" if detail else ""
    message = f"{label}: {PROBLEMS[problem]}{values}"
    return Finding(str(model.subscription_id) if model else None, device_id, label, problem, ours, theirs, message)


def _detail(problem: str, ours: str | None, theirs: str | None) -> str:
    """Return the values that differ, in words; "" where the problem says it all."""
    if problem in ("device_gone", "unclaimed", "not_insync", "no_subscription"):
        return ""
    if problem in ("left_over", "step_log", "unreadable"):
        return str(ours)
    if problem == "device_unreadable":
        return str(theirs)
    if problem == "several_subscriptions":
        return f"{ours} is one more beside {theirs}"
    return f"{ours or 'nothing'} in the store, {theirs or 'nothing'} in NetBox"


def detail(finding: Finding) -> str:
    """Return what a finding says beside the device, its subscription and the problem; "" where that is all."""
    if finding.problem == "custom_field":
        return f"{finding.netbox or 'nothing'} in NetBox"
    return _detail(finding.problem, finding.store, finding.netbox)


def _text(interface: t.Any) -> str | None:
    return None if interface is None else str(interface)


def _addresses(ours: str | None, theirs: str | None) -> tuple[str | None, str | None]:
    """Return both, as we write them. One that is written as ours is needs no parsing, which takes longer than all else of the comparison."""
    return ours, ours if theirs == ours else _normal(theirs)


def _normal(address: str | None) -> str | None:
    """Return an address as we write it: NetBox keeps IPv6 as it was typed."""
    try:
        return None if address is None else str(ipaddress.ip_interface(address))
    except ValueError:
        return address
