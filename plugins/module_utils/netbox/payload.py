# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Payloads: what NetBox's API expects for one object, typed, and how one is built from a product block.

A payload holds the fields that we own and want to set, and no others. A new product registers its own block with ``build_payload`` and
its own payload with ``update``.
"""

from __future__ import annotations

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import pydantic
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.domain.dispatch import single_dispatch
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.domain.node import NodeBlockInactive
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.domain.subscription import ProductBlockModel, SubscriptionModel

__all__ = ["DevicePayload", "NetboxPayload", "build_payload"]


class NetboxPayload(pydantic.BaseModel):
    """An object to write. Fields that were never given are not sent; a field given as None is cleared."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    id: int

    def fields(self) -> dict[str, t.Any]:
        """The fields to set, as JSON, without the id."""
        return self.model_dump(mode="json", exclude_unset=True, exclude={"id"})


class DevicePayload(NetboxPayload):
    """A ``dcim.device``. Relations are ids. Custom fields that are not named stay as they are. What a device is for is its ``role``, which was
    ``device_role`` before NetBox 4.
    """

    name: t.Optional[str] = None
    status: t.Optional[str] = None
    site: t.Optional[int] = None
    role: t.Optional[int] = None
    platform: t.Optional[int] = None
    primary_ip4: t.Optional[int] = None
    primary_ip6: t.Optional[int] = None
    custom_fields: t.Optional[dict[str, t.Optional[str]]] = None


@single_dispatch
def build_payload(block: ProductBlockModel, subscription: SubscriptionModel) -> NetboxPayload:
    """The payload for a product block of ``subscription``. Dispatches on the block's type.

    Raises DomainError, with the types that are registered, for a block that is not.
    """
    raise NotImplementedError


@build_payload.register
def _node_payload(block: NodeBlockInactive, subscription: SubscriptionModel) -> DevicePayload:  # pylint: disable=unused-argument
    # Of a node, NetBox is the source of the name and the addresses. The status is what the workflow decides.
    return DevicePayload(id=block.node_id, status=block.node_status)
