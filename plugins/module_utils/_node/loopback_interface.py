# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the loopbacks of nodes are: the setting loopback_interface, and what NetBox has there."""

from __future__ import annotations

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NetboxForbidden, NodeflowError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.device import Device
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.loopback import loopback, with_loopbacks
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import FAMILIES
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.state import NodeState, NodeWork
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = ["located", "located_works", "loopback_interface"]

_SINGLY = 3
"""Nodes that get a warning each; of more, one warning names them all, at most _NAMED."""

_NAMED = 20


def loopback_interface(task: Task, state: NodeState | None = None) -> list[str]:
    """Return the setting: names or patterns of interfaces; [] where the loopbacks are the primary addresses. Where it is not given, what a process remembers.
    """
    given = [text.strip() for text in task.params.get("loopback_interface") or [] if text.strip()]
    return given or list((state.loopback_interface if state else None) or [])


def located(task: Task, devices: t.Mapping[int, Device]) -> dict[int, Device]:
    """Return the devices with their loopbacks, where the setting says where those are; else as they are, without a request. Raises NodeflowError."""
    patterns = loopback_interface(task)
    return _matching(task, devices, patterns) if patterns and devices else dict(devices)


def located_works(task: Task, works: t.Sequence[NodeWork], devices: t.Mapping[int, Device], configured: bool) -> dict[int, Device]:
    """Return the devices of these works with their loopbacks. Where configs are made of them (``configured``), also with the names of the interfaces of
    primary addresses, and with a warning of those that are no loopbacks. Raises NodeflowError.
    """
    found = dict(devices)
    groups: dict[tuple[str, ...], dict[int, Device]] = {}
    for work in works:
        if work.subscription.device_id in devices:
            patterns = tuple(loopback_interface(task, work.state))
            groups.setdefault(patterns, {})[work.subscription.device_id] = devices[work.subscription.device_id]
    for patterns, some in groups.items():
        if patterns:
            found |= _matching(task, some, patterns)
        elif configured:
            found |= _named(task, some)
    return found


def _matching(task: Task, devices: t.Mapping[int, Device], patterns: t.Sequence[str]) -> dict[int, Device]:
    try:
        return with_loopbacks(task.netbox, devices, patterns)
    except NetboxForbidden as error:
        raise NodeflowError(f"{error}; loopback_interface is looked up there") from error


def _named(task: Task, devices: t.Mapping[int, Device]) -> dict[int, Device]:
    """With the names of the interfaces of the primary addresses. A token that may not see them is no reason to fail: nobody asked for them."""
    try:
        found = with_loopbacks(task.netbox, devices, ())
    except NetboxForbidden:
        task.warn(
            "the token may not see on which interfaces the primary addresses are: that needs the permission ipam.view_ipaddress. The configs name "
            "each platform's usual loopback instead"
        )
        return dict(devices)
    _warn(task, [(device, text) for device in found.values() for text in _doubts(device)])
    return found


def _doubts(device: Device) -> list[str]:
    """Return what is odd about where the primary addresses of a device are, as the ends of sentences."""
    found = [one for one in (loopback(device, family) for family in FAMILIES) if one.address]
    elsewhere: dict[str, list[str]] = {}
    for one in found:
        if one.interface and not one.is_loopback:
            elsewhere.setdefault(one.interface, []).append(str(one.address))
    said = [f"{' and '.join(addresses)} on {name}" for name, addresses in elsewhere.items()]
    return said + [f"{one.address} ({one.no_interface})" for one in found if one.no_interface]


def _warn(task: Task, doubts: t.Sequence[tuple[Device, str]]) -> None:
    what = (
        "no loopback has the primary address, as far as the names of interfaces and the roles of addresses in NetBox tell. The config names NetBox's "
        "interface, or the platform's usual loopback where NetBox has none. If the loopback is another one, say where with loopback_interface"
    )
    if len(doubts) <= _SINGLY:
        for device, text in doubts:
            task.warn(f"{device.label}: {text}: {what}")
        return
    names = "; ".join(f"{device.label}: {text}" for device, text in doubts[:_NAMED])
    more = f"; and {len(doubts) - _NAMED} more" if len(doubts) > _NAMED else ""
    task.warn(f"{len({device.id for device, _text in doubts})} nodes: {what}: {names}{more}")
