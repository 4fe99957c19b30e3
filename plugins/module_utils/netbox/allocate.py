# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Take prefixes from a prefix of NetBox, by NetBox's own allocation, which never gives one twice."""

from __future__ import annotations

import ipaddress
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NetboxError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.netbox.client import NetboxClient
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.netbox.marked import Made, create_marked

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
        messages: The line for NetBox's change log, by the mark, as which see ``create_marked``.
        dry_run: Take nothing, and answer with the first that are free, which somebody else may get meanwhile.

    Returns:
        By the mark, the prefix as NetBox has it, its text under ``prefix``; or why there is none.

    Raises:
        NetboxError: NetBox could not be read.
    """
    if not dry_run:
        data = {mark: {"prefix_length": length, "changelog_message": message} for mark, message in messages.items()}
        return create_marked(client, PREFIXES, data, at=f"{PREFIXES}/{pool}/available-prefixes")
    parent = ipaddress.ip_network(client.get(PREFIXES, {"id": pool})[0]["prefix"])
    taken = [ipaddress.ip_network(one["prefix"]) for one in client.get(PREFIXES, {"within": str(parent)})]
    free = (one for one in parent.subnets(new_prefix=length) if not any(one.version == other.version and one.overlaps(other) for other in taken))
    return {mark: Made({"prefix": str(one)}, is_new=True) if one else Made({}, error="none is free") for mark in messages for one in [next(free, None)]}
