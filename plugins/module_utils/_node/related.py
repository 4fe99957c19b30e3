# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ids of NetBox's objects that a device refers to."""

from __future__ import annotations

import contextlib
import ipaddress
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.client import NetboxClient
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.objects import in_urls

__all__ = ["address_ids", "site_ids"]


def address_ids(client: NetboxClient, wanted: t.Mapping[int, t.Collection[str]]) -> dict[tuple[int, str], int]:
    """Return the ids of the IP addresses that devices are to have, by device id and address with its prefix length: of one that stands on an interface of the
    device, else of the only one of that text, which may be on another member of its chassis, or translated.

    Raises NetboxError.
    """
    found = _on_devices(client, list(wanted))
    missing = {text for device_id, texts in wanted.items() for text in texts if (device_id, text) not in found}
    elsewhere: dict[str, list[int]] = {}
    for some in in_urls("address", sorted(missing)):
        for entry in client.get("ipam/ip-addresses", {"address": some}):
            with contextlib.suppress(KeyError, TypeError, ValueError):
                elsewhere.setdefault(str(ipaddress.ip_interface(entry["address"])), []).append(entry["id"])
    only = {(device_id, text): elsewhere[text][0] for device_id, texts in wanted.items() for text in texts if len(elsewhere.get(text, ())) == 1}
    return only | found


def _on_devices(client: NetboxClient, device_ids: t.Sequence[int]) -> dict[tuple[int, str], int]:
    """Return the ids of the IP addresses that stand on interfaces of these devices."""
    found: dict[tuple[int, str], int] = {}
    for some in in_urls("device_id", device_ids):
        for entry in client.get("ipam/ip-addresses", {"device_id": some}):
            try:
                found[entry["assigned_object"]["device"]["id"], str(ipaddress.ip_interface(entry["address"]))] = entry["id"]
            except (KeyError, TypeError, ValueError):
                continue  # whoever looks for it is told that NetBox does not have it
    return found


def site_ids(client: NetboxClient, slugs: t.Collection[str]) -> dict[str, int]:
    """Return the ids of these sites that exist, by slug. Raises NetboxError."""
    found = [entry for some in in_urls("slug", sorted(slugs)) for entry in client.get("dcim/sites", {"slug": some, "fields": "id,slug"})]
    return {str(entry.get("slug")): entry["id"] for entry in found}
