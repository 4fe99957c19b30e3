# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Take prefixes from a prefix of NetBox, by NetBox's own allocation, which never gives one twice."""

from __future__ import annotations

import ipaddress
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NetboxError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.client import NetboxClient
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.marked import Made, create_marked, find_marked

__all__ = ["allocate_prefixes", "prefix_id"]

PREFIXES = "ipam/prefixes"


def prefix_id(client: NetboxClient, prefix: str) -> int:
    """Return the id of a prefix, e.g. of "10.255.0.0/24". Raises NetboxError where NetBox does not have it exactly once."""
    found = client.get(PREFIXES, {"prefix": prefix})
    if len(found) != 1:
        raise NetboxError(f"NetBox at {client.url} has {len(found) or 'no'} prefixes {prefix}; one is needed, so that it is clear of which to take")
    return int(found[0]["id"])


def allocate_prefixes(client: NetboxClient, pool: int, length: int, messages: t.Mapping[str, str], dry_run: bool = False) -> dict[str, Made]:
    """Take a prefix for each mark from the prefix with the id ``pool``, unless it has one already.

    Args:
        client: The NetBox.
        pool: The id of the prefix to take from.
        length: The length of the prefixes to take.
        messages: The line for NetBox's change log, by the mark; for marks see ``create_marked``.
        dry_run: Take nothing, and answer with the first that are free, which somebody else may get meanwhile.

    Returns:
        By the mark, the prefix as NetBox has it, its text under ``prefix`` and its VRF under ``vrf``; or why there is none.

    Raises:
        NetboxError: NetBox could not be read.
    """
    if not dry_run:
        data = {mark: {"prefix_length": length, "changelog_message": message} for mark, message in messages.items()}
        return create_marked(client, PREFIXES, data, at=f"{PREFIXES}/{pool}/available-prefixes")
    there = {mark: Made(found[0]) for mark, found in find_marked(client, PREFIXES, messages).items()}
    pools = client.get(PREFIXES, {"id": pool})
    parent = ipaddress.ip_network(pools[0]["prefix"]) if pools else None
    if parent is None or length < parent.prefixlen or length > parent.max_prefixlen:
        why = f"a prefix of the length {length} cannot be taken from {parent or f'the prefix {pool}, which is not there any more'}"
        return there | {mark: Made({}, error=why) for mark in messages if mark not in there}
    vrf = pools[0]["vrf"]["id"] if pools[0].get("vrf") else "null"
    taken = [ipaddress.ip_network(one["prefix"]) for one in client.get(PREFIXES, {"within": str(parent), "vrf_id": vrf})]
    free = (one for one in parent.subnets(new_prefix=length) if not any(one.version == other.version and one.overlaps(other) for other in taken))
    for mark in messages:
        if mark not in there:
            one = next(free, None)
            there[mark] = Made({"prefix": str(one), "vrf": pools[0].get("vrf")}, is_new=True) if one else Made({}, error="none is free")
    return there
