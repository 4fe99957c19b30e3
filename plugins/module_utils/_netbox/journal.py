# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Entries in the journals of objects, each once."""

from __future__ import annotations

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NetboxRefusal
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.client import NetboxClient
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.objects import in_urls

__all__ = ["Entry", "add_entries"]

ENDPOINT = "extras/journal-entries"

IN_A_REQUEST = 200_000
"""Characters of all entries of a request, unless it is one: NetBox takes 2.5 MB, and JSON can take six bytes or twelve for a character."""


class Entry(t.NamedTuple):
    """An entry: the object, the text, and NetBox's kind of it, e.g. "success". ``mark`` is a part of the text's first or last line that no other entry has
    in these."""

    object_id: int
    text: str
    kind: str
    mark: str


def add_entries(client: NetboxClient, kind: str, entries: t.Sequence[Entry]) -> dict[Entry, str]:
    """Add those that are not there yet, to objects of one ``kind``, e.g. "dcim.device".

    NetBox takes an entry as often as it is sent, and an earlier attempt may have sent it, so it is asked first. Return the reasons of those that NetBox
    refused; raise NetboxError for anything else.
    """
    refused: dict[Entry, str] = {}
    for some in _in_requests(entries, client.batch_size):
        there = _ends(client, kind, sorted({entry.object_id for entry in some}))
        refused |= _add(client, kind, [entry for entry in some if not any(entry.mark in line for line in there)])
    return refused


def _in_requests(entries: t.Sequence[Entry], size: int) -> t.Iterator[list[Entry]]:
    """Yield the entries in parts for a request each: neither too many, nor more than NetBox takes."""
    some: list[Entry] = []
    length = 0
    for entry in entries:
        if some and (len(some) == size or length + len(entry.text) > IN_A_REQUEST):
            yield some
            some, length = [], 0
        some.append(entry)
        length += len(entry.text)
    if some:
        yield some


def _add(client: NetboxClient, kind: str, entries: t.Sequence[Entry]) -> dict[Entry, str]:
    """NetBox takes all or none, and does not say which it did not like: halves of them, then."""
    if not entries:
        return {}
    try:
        on = {"assigned_object_type": kind}
        client.create(ENDPOINT, [on | {"assigned_object_id": one.object_id, "kind": one.kind, "comments": one.text} for one in entries])
    except NetboxRefusal as error:
        if error.forbidden and not client.may("POST", ENDPOINT):
            raise
        if len(entries) == 1:
            return {entries[0]: str(error)}
        half = len(entries) // 2
        return _add(client, kind, entries[:half]) | _add(client, kind, entries[half:])
    return {}


def _ends(client: NetboxClient, kind: str, ids: t.Sequence[int]) -> list[str]:
    """Return the first and the last line of each entry."""
    lines: list[str] = []
    for some in in_urls("assigned_object_id", ids):
        filters = {"assigned_object_type": kind, "assigned_object_id": some}
        for entry in client.get(ENDPOINT, filters):
            text = str(entry.get("comments") or "").splitlines() or [""]
            lines += [text[0], text[-1]]
    return lines
