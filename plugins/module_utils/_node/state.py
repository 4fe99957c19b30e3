# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the processes of nodes remember from step to step."""

from __future__ import annotations

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.lifecycle import SubscriptionLifecycle
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.subscription import Context
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import pydantic
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.device import Device, device_label
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import Family, NodeInactive, requiring
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.confirm import ConfirmedState
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.step import Named, Work
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.processes import Process

__all__ = ["ChangeState", "ChangeWork", "CreateState", "CreateWork", "NodeState", "NodeWork", "named", "removes"]


class NodeState(ConfirmedState):
    """``device`` is the device as it was read last; its status is "" where NetBox does not have it any more. ``required_families`` and
    ``loopback_interface`` are the options of that name that the process began with.
    """

    device: Device
    required_families: list[Family]
    loopback_interface: t.Optional[list[str]] = None

    @property
    def context(self) -> Context:
        """What the validators of the block are to know."""
        return requiring(self.required_families)

    @pydantic.field_serializer("device")
    def _facts(self, device: Device) -> dict[str, t.Any]:
        return device.facts()


class CreateState(NodeState):
    """Of create_node: who decides the claim."""

    claim: t.Literal["store", "netbox"]


class ChangeState(NodeState):
    """Of the workflows of a node that is enrolled.

    ``changes`` are the fields of the subscription to set, those of its block under ``node``; ``write`` the fields of the device that NetBox is to have;
    ``relations`` the ids of those of them that are relations there; ``lifecycle`` where the subscription ends, None where it stays. ``refresh`` takes
    name and addresses from NetBox. ``repairs`` are the problems that a reconciliation is for, None in other workflows; ``site`` the site that it
    settles on.
    """

    changes: dict[str, t.Any]
    write: list[str]
    relations: t.Optional[dict[str, t.Optional[int]]] = None
    lifecycle: t.Optional[str] = None
    refresh: bool = False
    repairs: t.Optional[list[str]] = None
    site: t.Optional[str] = None

    @property
    def ends(self) -> bool:
        """Whether a repair is to end the subscription."""
        return self.lifecycle == SubscriptionLifecycle.TERMINATED.value

    @property
    def node_changes(self) -> dict[str, t.Any]:
        """The fields of the node to set."""
        changes: dict[str, t.Any] = self.changes.get("node", {})
        return changes


def named(process: Process | None) -> Named:
    """Return what a process remembers of its device, however damaged its state is."""
    device = process.state.get("device") if process and isinstance(process.state, dict) else None
    if not isinstance(device, dict) or not isinstance(device.get("id"), int):
        return Named(None, {"device_id": None})
    name, site = (value if isinstance(value := device.get(field), str) else "" for field in ("name", "site"))
    return Named(device_label(name, site, device["id"]), {"device_id": device["id"]})


NodeWork = Work[NodeInactive, NodeState]
CreateWork = Work[NodeInactive, CreateState]
ChangeWork = Work[NodeInactive, ChangeState]


def removes(work: NodeWork) -> bool:
    """Return whether the process takes its node out of service, and so its config off the device."""
    return work.process.target == "TERMINATE"
