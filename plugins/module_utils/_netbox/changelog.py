# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""NetBox's change log: what became of an object, and by whose write."""

from __future__ import annotations

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NetboxError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.client import NetboxClient
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.objects import in_urls

__all__ = ["Change", "check_change_log", "object_changes"]

ENDPOINT = "core/object-changes"


class Change(t.NamedTuple):
    """A line of the change log: the object, the message that came with it, and the object's fields before and after, {} where it does not say."""

    object_id: int
    message: str
    before: dict[str, t.Any]
    after: dict[str, t.Any]

    @property
    def status(self) -> str | None:
        """The object's status after the change; None where the log does not say."""
        return self.after.get("status")

    @property
    def sets_status(self) -> bool:
        """Whether this changed the status, and not only other fields."""
        return self.before.get("status") != self.status


def check_change_log(client: NetboxClient) -> None:
    """Raise NetboxError unless the token may read the change log."""
    client.get(ENDPOINT, {"id": 0})


def object_changes(client: NetboxClient, kind: str, ids: t.Sequence[int]) -> dict[int, list[Change]]:
    """Read the changes of these objects of one ``kind``, e.g. "dcim.device", by id, each in the order in which they happened. Raises NetboxError."""
    found: dict[int, list[Change]] = {key: [] for key in ids}
    for some in in_urls("changed_object_id", ids):
        filters = {"changed_object_type": kind, "action": "update", "changed_object_id": some}
        for entry in sorted(client.get(ENDPOINT, filters), key=lambda entry: entry["id"]):
            before, after = entry.get("prechange_data") or {}, entry.get("postchange_data") or {}
            if entry.get("changed_object_id") not in some or not isinstance(after, dict) or not isinstance(before, dict):
                raise NetboxError(f"NetBox at {client.url} answered with a change log that cannot be read, entry {entry['id']}")
            found[entry["changed_object_id"]].append(Change(entry["changed_object_id"], str(entry.get("message") or ""), before, after))
    return found
