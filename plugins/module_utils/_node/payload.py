# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What NetBox's API expects for a device, and how it is built from the block of a node."""

from __future__ import annotations

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.subscription import SubscriptionModel
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NetboxLeftOut, NetboxRefusal
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.client import NetboxClient
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.payload import NetboxPayload, build_payload
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.update import Target
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.device import ENDPOINT, Device, devices_by_id
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import NodeBlockInactive

__all__ = ["HIDDEN", "DevicePayload", "DeviceTarget", "hidden"]


class DevicePayload(NetboxPayload):
    """A ``dcim.device``. Relations are ids. Custom fields that are not named stay as they are. What a device is for is its ``role``, which was
    ``device_role`` before NetBox 4.
    """

    endpoint: t.ClassVar[str] = ENDPOINT
    noun: t.ClassVar[str] = "device"
    statuses: t.ClassVar[str] = "planned, staged and active"

    name: t.Optional[str] = None
    status: t.Optional[str] = None
    site: t.Optional[int] = None
    role: t.Optional[int] = None
    platform: t.Optional[int] = None
    primary_ip4: t.Optional[int] = None
    primary_ip6: t.Optional[int] = None
    custom_fields: t.Optional[dict[str, t.Optional[str]]] = None

    @classmethod
    def read(cls, client: NetboxClient, ids: t.Sequence[int]) -> dict[int, Device]:
        """Return the devices of these ids that NetBox has, by id. Raises NetboxError."""
        return devices_by_id(client, ids)

    @classmethod
    def hidden(cls, client: NetboxClient, ids: t.Sequence[int]) -> set[int]:
        """Return, of devices that no listing has, those that are there all the same: see the function of that name."""
        return hidden(client, ids)


DeviceTarget = Target[Device, DevicePayload]


@build_payload.register
def _node_payload(block: NodeBlockInactive, subscription: SubscriptionModel) -> DevicePayload:  # pylint: disable=unused-argument
    # Of a node, NetBox is the source of the name and the addresses. The status is what the workflow decides.
    return DevicePayload(id=block.node_id, status=block.node_status)


def hidden(client: NetboxClient, ids: t.Sequence[int]) -> set[int]:
    """Return, of devices that no listing has, those that are there all the same: the token may change them, but not see them.

    NetBox tells by what it has against a change that no NetBox accepts, a status that does not exist; nothing is ever written. Of what the token may
    neither see nor change, nobody can tell. Raises NetboxError.
    """
    ids = list(dict.fromkeys(ids))
    if not ids:
        return set()
    try:
        client.patch(ENDPOINT, [{"id": key, "status": _NO_STATUS} for key in ids])
    except NetboxLeftOut:
        return set()
    except NetboxRefusal as error:
        if error.unknown and not error.forbidden:  # NetBox 4.7 says so before it looks at the others
            return hidden(client, [key for key in ids if key not in error.unknown])
        if error.by_id or error.forbidden:
            return set(error.by_id) - error.unknown if not error.forbidden else set()
        if len(ids) == 1:
            return set(ids)
        half = len(ids) // 2
        return hidden(client, ids[:half]) | hidden(client, ids[half:])
    return set()


_NO_STATUS = "nodeflow: is this device there?"


HIDDEN = DevicePayload.unseen()
"""What to say of a device that ``hidden`` names."""
