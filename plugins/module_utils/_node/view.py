# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What lists of subscriptions and processes show of nodes. Whoever imports this file has it shown."""

from __future__ import annotations

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.device import ENDPOINT, device_label, device_page
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.drift import PROBLEMS
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.fields import LOOPBACKS
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.stored import device_of, is_of_devices
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.subscriptions import Stored
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.view import VIEWS, View

__all__ = ["NodeView"]


class NodeView(View):
    """Of a node, the device is shown, and its loopbacks."""

    noun = "device"
    id, label, url = "device_id", "device", "device_url"
    endpoint = ENDPOINT
    facts = ("site", "role", "platform")
    block, pointer, name = "node", "node_id", "node_name"
    block_fields = ("node_id", "node_name", "node_status", "ipv4_loopback", "ipv6_loopback")
    fields: t.ClassVar[t.Mapping[str, str]] = {family: str(shared.node) for family, shared in LOOPBACKS.items()}
    headings: t.ClassVar[t.Mapping[str, str]] = {"ipv4": "IPv4", "ipv6": "IPv6"}
    problems = PROBLEMS
    gone = "device_gone"

    def id_of(self, stored: Stored) -> int | None:
        return device_of(stored)

    def remembered(self, state: t.Any) -> dict[str, t.Any]:
        facts = state.get("device") if isinstance(state, dict) else None
        return facts if isinstance(facts, dict) else {}

    def label_of(self, facts: t.Mapping[str, t.Any], object_id: int) -> str:
        name, site = (value if isinstance(value := facts.get(field), str) else None for field in ("name", "site"))
        return device_label(name, site or "", object_id)

    def page(self, netbox_url: str | None, object_id: int) -> str | None:
        return device_page(netbox_url, object_id)

    def chosen(self, connection: t.Any, params: t.Mapping[str, t.Any]) -> t.Any:
        ids, names = params.get("device_ids"), params.get("device_names")
        return None if ids is None and names is None else is_of_devices(connection, ids or [], names or [])


VIEWS.append(NodeView())
