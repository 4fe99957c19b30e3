# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the store knows of devices: which subscriptions stand for them, and where they are to be."""

from __future__ import annotations

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._chunks import IN_A_STATEMENT, chunks
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.collection import OURS, collection_of
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import sa
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import NodeInactive, device_resource
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.schema import processes, text_in
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.subscriptions import (
    Stored,
    Unreadable,
    claims_any_of,
    find_subscriptions,
    holders,
    in_block,
)

__all__ = [
    "DEVICES_IN_A_STATEMENT",
    "device_of",
    "devices_of_others",
    "is_of_devices",
    "last_sites",
    "live_of_devices",
    "name_of",
    "stored_device_id",
    "terminated_of_devices",
]

_DEVICE = "dcim.device/"

DEVICES_IN_A_STATEMENT = IN_A_STATEMENT // 2 - 10
"""Devices of a statement with ``is_of_devices``, which names each twice."""


def device_of(stored: Stored) -> int | None:
    """Return the id of the device that a subscription stands for: of one that cannot be read, the one that it claims, or that its block names. None of one that
    is no node's.
    """
    if isinstance(stored, NodeInactive):
        return stored.device_id
    if not isinstance(stored, Unreadable) or collection_of(stored.product) != OURS:
        return None
    claimed = [resource.removeprefix(_DEVICE) for resource in stored.claims if resource.startswith(_DEVICE)]
    found = claimed[0] if claimed else stored.block("node").get("node_id")
    return int(found or 0) if str(found).isdecimal() else None


def devices_of_others(found: t.Iterable[Stored]) -> set[int]:
    """Return the ids of the devices that the subscriptions of other collections claim."""
    claimed: set[str] = set()
    for one in found:
        if collection_of(one.product) != OURS:
            claimed |= set(one.claims if isinstance(one, Unreadable) else one.resources())
    return {int(key) for resource in claimed if resource.startswith(_DEVICE) and (key := resource.removeprefix(_DEVICE)).isdecimal()}


def name_of(stored: Stored) -> str | None:
    """Return what a subscription calls its node; None where it has no name that is a text, and of one that is no node's."""
    if isinstance(stored, NodeInactive):
        return stored.node.node_name
    name = stored.block("node").get("node_name") if isinstance(stored, Unreadable) else None
    return name if isinstance(name, str) and name else None


def live_of_devices(connection: t.Any, device_ids: t.Sequence[int]) -> dict[int, Stored]:
    """Return the subscriptions that claim these devices, by device id."""
    found = holders(connection, [device_resource(device_id) for device_id in device_ids])
    return {device_id: found[resource] for device_id in device_ids if (resource := device_resource(device_id)) in found}


def stored_device_id(connection: t.Any) -> t.Any:
    """Return the id of the device in the block of a subscription, as a text, for a statement."""
    return in_block(connection, "node", "node_id")


def is_of_devices(connection: t.Any, device_ids: t.Collection[int], names: t.Collection[str] = ()) -> t.Any:
    """Return the condition that a subscription is of a device of these ids, or of these names, as they were when they were read last."""
    return sa.or_(
        claims_any_of([device_resource(device_id) for device_id in device_ids]),
        stored_device_id(connection).in_([str(device_id) for device_id in device_ids]),
        in_block(connection, "node", "node_name").in_(names),
    )


def terminated_of_devices(connection: t.Any, device_ids: t.Sequence[int]) -> dict[int, Stored]:
    """Return, of each of these devices, the subscription that was terminated last, by device id."""
    found: list[Stored] = []
    for some in chunks(device_ids, DEVICES_IN_A_STATEMENT):
        found += find_subscriptions(connection, is_of_devices(connection, some), status=["terminated"])
    ended = sorted(found, key=lambda one: str(one.row["end_date"] if isinstance(one, Unreadable) else one.end_date))
    return {device_id: one for one in ended if (device_id := device_of(one)) is not None}


def last_sites(connection: t.Any) -> dict[str, str]:
    """Return the slug of the site that each subscription's device is to be in, by subscription id: as the first of its processes read it that read one; a
    later one that was to change it says so in its state, under ``site``. What later ones read on the way does not count.
    """
    read, said = (text_in(connection, processes.c.state, *path) for path in (("device", "site"), ("site",)))
    query = sa.select(processes.c.subscription_id, read, said).where(processes.c.status != "aborted").order_by(processes.c.started_at)
    sites: dict[str, str] = {}
    for subscription_id, seen, meant in connection.execute(query):
        if meant or seen:
            sites[subscription_id] = meant or sites.get(subscription_id) or seen
    return sites
