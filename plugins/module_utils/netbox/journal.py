# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Entries in the journals of devices, each once."""

from __future__ import annotations

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._chunks import chunks
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.netbox.client import NetboxClient
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.netbox.device import IDS_IN_A_REQUEST

__all__ = ["Entry", "add_entries"]

ENDPOINT = "extras/journal-entries"

_DEVICE = "dcim.device"


class Entry(t.NamedTuple):
    """An entry: the device, the text, and NetBox's kind of it, e.g. "success". ``mark`` is a part of the text that no other entry has."""

    device_id: int
    text: str
    kind: str
    mark: str


def add_entries(client: NetboxClient, entries: t.Sequence[Entry], maybe_there: bool) -> None:
    """Add those that are not there yet. NetBox takes an entry as often as it is sent, so it is asked first where one may be there already
    (``maybe_there``), because an earlier attempt was interrupted. Raises NetboxError.
    """
    for some in chunks(entries, client.batch_size):
        there = _texts(client, [entry.device_id for entry in some]) if maybe_there else []
        new = [entry for entry in some if not any(entry.mark in text for text in there)]
        if new:
            client.post(
                ENDPOINT,
                [
                    {"assigned_object_type": _DEVICE, "assigned_object_id": entry.device_id, "kind": entry.kind, "comments": entry.text}
                    for entry in new
                ],
            )


def _texts(client: NetboxClient, device_ids: t.Sequence[int]) -> list[str]:
    texts: list[str] = []
    for some in chunks(device_ids, IDS_IN_A_REQUEST):
        filters = {"assigned_object_type": _DEVICE, "assigned_object_id": list(some)}
        texts += [str(entry.get("comments") or "") for entry in client.get(ENDPOINT, filters)]
    return texts
