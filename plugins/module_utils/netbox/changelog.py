# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""NetBox's change log of devices: who set which status."""

from __future__ import annotations

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._chunks import chunks
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NetboxError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.netbox.client import NetboxClient
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.netbox.device import IDS_IN_A_REQUEST

__all__ = ["StatusChange", "status_changes"]


class StatusChange(t.NamedTuple):
    """A line of the change log: the device, its status after the change, None where the log does not say, and the message that came with it."""

    device_id: int
    status: str | None
    message: str


def status_changes(client: NetboxClient, device_ids: t.Sequence[int]) -> t.Iterator[StatusChange]:
    """The changes of these devices, those of each in the order in which they happened. Raises NetboxError."""
    for some in chunks(device_ids, IDS_IN_A_REQUEST):
        filters = {"changed_object_type": "dcim.device", "action": "update", "changed_object_id": list(some)}
        for entry in sorted(client.get("core/object-changes", filters), key=lambda entry: entry["id"]):
            after = entry.get("postchange_data") or {}
            if entry.get("changed_object_id") not in some or not isinstance(after, dict):
                raise NetboxError("NetBox at {0} answered with a change log that cannot be read, entry {1}".format(client.url, entry["id"]))
            yield StatusChange(entry["changed_object_id"], after.get("status"), str(entry.get("message") or ""))
