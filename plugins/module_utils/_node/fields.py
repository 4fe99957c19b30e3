# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fields that a node and its device share, and what each side calls them."""

from __future__ import annotations

import typing as t

__all__ = ["LOOPBACKS", "OF_NETBOX", "SHARED", "Shared"]


class Shared(t.NamedTuple):
    """A field that both sides have. ``name`` is what findings and options call it, ``node`` the field of the node's block, None where only processes
    remember it. ``netbox`` is the device's field as NetBox has it, ``device`` as ours reads it. ``relation`` says that NetBox has an id there.
    """

    name: str
    node: str | None
    netbox: str
    device: str
    relation: bool = False


LOOPBACKS = {
    "ipv4": Shared("ipv4_loopback", "ipv4_loopback", "primary_ip4", "ipv4", relation=True),
    "ipv6": Shared("ipv6_loopback", "ipv6_loopback", "primary_ip6", "ipv6", relation=True),
}
"""By address family."""

SHARED = {
    one.name: one
    for one in (
        Shared("status", "node_status", "status", "status"),
        Shared("name", "node_name", "name", "name"),
        Shared("site", None, "site", "site", relation=True),
        *LOOPBACKS.values(),
    )
}
"""By name."""

OF_NETBOX = {one.netbox: one for one in SHARED.values()}
"""By NetBox's name."""
