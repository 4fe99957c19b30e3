# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The product Node and its block: a network device that NetBox knows.

The block stands for a NetBox device and is known by the device's id; its name can change and repeat. A loopback is an interface:
``10.0.0.1/24`` is valid, and its mask is kept.
"""

from __future__ import annotations

import ipaddress
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.description import description
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.subject import Subject
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.subscription import (
    SAVED,
    Context,
    ProductBlockModel,
    SubscriptionModel,
)
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import DomainError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import pydantic, pydantic_core
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.fields import LOOPBACKS
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.statuses import NOT_IN_SERVICE

__all__ = [
    "FAMILIES",
    "NODE",
    "Family",
    "Node",
    "NodeBlock",
    "NodeBlockInactive",
    "NodeBlockProvisioning",
    "NodeInactive",
    "NodeProvisioning",
    "as_node",
    "check_node_status",
    "device_resource",
    "loopback_of",
    "requiring",
]

Family = t.Literal["ipv4", "ipv6"]

FAMILIES: tuple[Family, ...] = ("ipv4", "ipv6")


_REQUIRED = "required_families"


def requiring(families: t.Collection[str]) -> Context:
    """Return the context of a validation that demands loopbacks of these address families; without one, both are demanded."""
    return {_REQUIRED: families}


def check_node_status(status: str) -> None:
    """Raise DomainError for a status that a node in service cannot have."""
    if not status:
        raise DomainError("node_status is empty; name a status of NetBox")
    if status in NOT_IN_SERVICE:
        raise DomainError(f"a node in service cannot be {status}; terminate it with terminate_node")


NODE = Subject("node", "nodes", "device", taken="enrolled", repaired_by="reconcile_nodes", config_dir="node_config_dir")
"""What the rows of our steps are about; their label is the device's."""


def device_resource(device_id: int) -> str:
    """Return what a node claims of NetBox."""
    return f"dcim.device/{device_id}"


class NodeBlockInactive(ProductBlockModel):
    """A node of which nothing but the device's id need be known."""

    node_id: int
    node_name: t.Optional[str] = None
    node_status: t.Optional[str] = None
    ipv4_loopback: t.Optional[ipaddress.IPv4Interface] = None
    ipv6_loopback: t.Optional[ipaddress.IPv6Interface] = None


class NodeBlockProvisioning(NodeBlockInactive):
    """A node that can be configured: it has a name, a status and the loopbacks of the families that are required.

    Which families are required comes with the validation's context, see ``requiring``.
    """

    node_name: str = pydantic.Field(min_length=1)
    node_status: str = pydantic.Field(min_length=1)
    ipv4_loopback: t.Optional[ipaddress.IPv4Interface] = pydantic.Field(default=None, validate_default=True)
    ipv6_loopback: t.Optional[ipaddress.IPv6Interface] = pydantic.Field(default=None, validate_default=True)

    @pydantic.field_validator("ipv4_loopback", "ipv6_loopback", mode="after")
    @classmethod
    def _required(cls, value: t.Any, info: t.Any) -> t.Any:
        families = () if info.context == SAVED else (info.context or {}).get(_REQUIRED, FAMILIES)
        if value is None and any(LOOPBACKS[family].node == info.field_name for family in families):
            raise pydantic_core.PydanticCustomError("missing", "Field required")
        return value


class NodeBlock(NodeBlockProvisioning):
    """A node in service."""


class NodeInactive(SubscriptionModel, product="Node", lifecycle=["initial", "terminated"]):
    """The subscription of a node that is not configured yet, or no longer."""

    product: t.Literal["Node"] = "Node"
    node: NodeBlockInactive

    @property
    def device_id(self) -> int:
        """The NetBox id of the device."""
        return self.node.node_id

    def resources(self) -> tuple[str, ...]:
        """Return the device."""
        return (device_resource(self.device_id),)


def loopback_of(subscription: NodeInactive, family: str) -> t.Any:
    """Return the loopback of a node in an address family, as an ``ip_interface``; None where it has none."""
    return getattr(subscription.node, str(LOOPBACKS[family].node))


def as_node(subscription: SubscriptionModel) -> NodeInactive:
    """Return the subscription, which is a node's. Raises DomainError for one of another product."""
    if not isinstance(subscription, NodeInactive):
        raise DomainError(f"the subscription {subscription.subscription_id} is one of the product {subscription.product}, not of a node")
    return subscription


class NodeProvisioning(NodeInactive, product="Node", lifecycle=["provisioning"]):
    """The subscription of a node that is being configured."""

    node: NodeBlockProvisioning


class Node(NodeProvisioning, product="Node", lifecycle=["active", "migrating", "disabled"]):
    """The subscription of a node in service."""

    node: NodeBlock


@description.register
def _describe_node(subscription: NodeInactive) -> str:
    return f"Node {subscription.node.node_name or f'with device id {subscription.node.node_id}'}"
