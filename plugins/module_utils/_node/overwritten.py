# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a write overwrote that it had not read, by NetBox's change log. Before 4.6, NetBox loads a row and then saves it whole."""

from __future__ import annotations

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._chunks import chunks
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.changelog import Change
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.client import NetboxClient
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.objects import IDS_IN_A_REQUEST, written_as
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.device import ENDPOINT

__all__ = ["overwritten", "rows_as_logged", "undone", "was_changed"]

_ROW = (
    *("name", "status", "site", "location", "rack", "position", "face", "device_type", "role", "platform", "tenant", "serial", "asset_tag", "airflow"),
    *("latitude", "longitude", "primary_ip4", "primary_ip6", "oob_ip", "cluster", "virtual_chassis", "vc_position", "vc_priority", "description"),
    *("comments", "config_template", "local_context_data"),
)
"""The fields of a device's row that NetBox's API takes as the change log has them, but for the custom fields."""


def overwritten(changes: t.Sequence[Change], place: int, meant: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return what the write at ``place`` of a device's changes overwrote, as NetBox's API takes it: the fields as the entry before it left them.

    Before 4.6, NetBox loads a row and then saves it whole, so it undoes what was saved in between. ``meant`` are values that it was meant to replace.
    Fields that somebody has set again since are theirs.
    """
    before, saved, now = changes[place - 1].after if place else changes[place].before, changes[place].after, changes[-1].after
    lost = undone(before, saved)
    custom = lost.pop("custom_fields", {})
    lost = {name: value for name, value in lost.items() if meant.get(name) != value and _same(name, now.get(name), saved[name])}
    lost = {name: value for name, value in lost.items() if was_changed(changes[:place], name, meant.get(name, saved[name]))}
    custom = {name: value for name, value in custom.items() if _custom_fields(now).get(name) == _custom_fields(saved)[name]}
    return lost | ({"custom_fields": custom} if custom else {})


def was_changed(changes: t.Sequence[Change], name: str, loaded: t.Any) -> bool:
    """Return whether one of these changes took a field away from the value that a write had loaded.

    NetBox logs nothing where it moves devices with their rack or location: what such a move changed is not put back.
    """
    return any(_same(name, one.before.get(name), loaded) and not _same(name, one.after.get(name), loaded) for one in changes)


def undone(before: dict[str, t.Any], saved: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return the fields of ``before``, as the change log has a row, that ``saved`` has otherwise; of custom fields those that differ."""
    fields = {name: before[name] for name in _ROW if name in before and name in saved and not _same(name, before[name], saved[name])}
    one, other = _custom_fields(before), _custom_fields(saved)
    custom = {name: value for name, value in one.items() if name in other and value != other[name]}
    return fields | ({"custom_fields": custom} if custom else {})


def rows_as_logged(client: NetboxClient, ids: t.Sequence[int]) -> dict[int, dict[str, t.Any]]:
    """Read devices as the change log has them, by id: choices by value, relations by id. Custom fields are left out. Raises NetboxError."""
    found: dict[int, dict[str, t.Any]] = {}
    for some in chunks(ids, IDS_IN_A_REQUEST):
        for row in client.get(ENDPOINT, {"id": list(some)}):
            found[row["id"]] = {name: row[name] if name == "local_context_data" else written_as(row[name]) for name in _ROW if name in row}
    return found


def _custom_fields(row: dict[str, t.Any]) -> dict[str, t.Any]:
    fields = row.get("custom_fields")
    return fields if isinstance(fields, dict) else {}


def _same(name: str, one: t.Any, other: t.Any) -> bool:
    """Return whether two values mean the same: nothing can be None or "", a number be as it was sent or as the database gives it, "1" or "1.0"."""
    if name in _NUMBERS and one and other:
        try:
            return float(one) == float(other)
        except (TypeError, ValueError):
            return False
    return (one or None) == (other or None)


_NUMBERS = ("position", "latitude", "longitude")
