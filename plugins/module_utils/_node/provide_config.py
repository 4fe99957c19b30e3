# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The step provide_config_to_user: a node's config, from our templates or from NetBox, which a person has to confirm."""

from __future__ import annotations

import ipaddress
import re
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.subscription import revise
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NetboxError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._hostname import hostname
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.parallel import in_parallel
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.payload import build_payload
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.device import DEVICE, ENDPOINT, Device
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.loopback import loopback
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import requiring
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.state import ChangeState, NodeWork, removes
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.statuses import ACTIVE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.config import Config
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.confirm import confirmed_configs
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.progress import Progress
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.step import Failed, Outcome
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = ["node_config", "own_values", "provide_config_to_user"]


def node_config(work: NodeWork) -> dict[str, t.Any]:
    """Return what a config template gets to know of a node, as its variable ``node``."""
    node, device = work.subscription.node, work.state.device
    return {
        "process_id": work.key,
        "removal": removes(work),
        "subscription_id": str(work.subscription.subscription_id),
        "device_id": node.node_id,
        "name": node.node_name,
        "description": work.subscription.description,
        "site": device.site,
        "role": device.role,
        "platform": device.platform,
        "ipv4": _interface(node.ipv4_loopback, device, "ipv4", removes(work)),
        "ipv6": _interface(node.ipv6_loopback, device, "ipv6", removes(work)),
    }


def _interface(interface: t.Any, device: Device, family: str, removal: bool) -> dict[str, t.Any] | None:
    """Return an address as templates see it. Where NetBox has another one by now, the interface of this one has no name, and is none that a removal may
    delete.
    """
    if interface is None:
        return None
    found = loopback(device, family)
    here = found.address is not None and (found.address == str(interface) or ipaddress.ip_interface(found.address) == interface)
    return {
        "interface_name": found.interface if here else "",
        "is_loopback": found.is_loopback and (here or not removal),
        "interface": str(interface),
        "address": str(interface.ip),
        "prefix_length": interface.network.prefixlen,
        "netmask": str(interface.netmask),
        "hostmask": str(interface.hostmask),
        "network": str(interface.network),
    }


def provide_config_to_user(task: Task, works: t.Sequence[NodeWork]) -> dict[str, Outcome]:
    """Show, save and have confirmed. With the config a person confirms what NetBox will get."""
    texts, failed = _texts(task, works)
    configs = {work.key: _config(work, texts[work.key]) for work in works if work.key in texts}
    return failed | confirmed_configs(task, works, configs)


def _texts(task: Task, works: t.Sequence[NodeWork]) -> tuple[dict[str, str], dict[str, Outcome]]:
    """Return the configs by process. Second, the outcomes of those that have none. NetBox renders none that takes a node out of service."""
    by_netbox = [work for work in works if task.params["source"] == "netbox" and not removes(work)]
    texts, failed = _rendered_by_netbox(task, by_netbox)
    given = {config["process_id"]: config for config in task.params["configs"]}
    for work in works:
        if work in by_netbox:
            continue
        config = given.get(work.key) or {"error": "no config was rendered for it"}
        if config.get("config") is None:
            failed[work.key] = Failed(f"{work.label}: {config.get('error')}")
        else:
            texts[work.key] = config["config"]
    return texts, failed


def _rendered_by_netbox(task: Task, works: t.Sequence[NodeWork]) -> tuple[dict[str, str], dict[str, Outcome]]:
    """NetBox renders one device a request."""
    texts: dict[str, str] = {}
    failed: dict[str, Outcome] = {}
    if not works:
        return texts, failed
    tell = Progress(task.show, "provide_config_to_user", len(works), task.subject.many)

    def render(work: NodeWork) -> None:
        try:
            answer = task.netbox.post(f"{ENDPOINT}/{work.subscription.device_id}/render-config", {})
            if not isinstance(answer, dict) or not isinstance(answer.get("content"), str):
                raise NetboxError(f"{task.netbox.url} answered with something else than a config; is it a NetBox?")
            texts[work.key] = answer["content"]
        except NetboxError as error:
            failed[work.key] = Failed(f"{work.label}: NetBox cannot render its config: {error}")
        tell(len(texts) + len(failed), len(failed))

    in_parallel(task.netbox.parallel, render, works)
    return texts, failed


def _config(work: NodeWork, text: str) -> Config:
    status = work.state.node_changes["node_status"] if isinstance(work.state, ChangeState) else ACTIVE
    after = revise(work.subscription, {"node": {"node_status": status}}, requiring(()))
    what = "removal from" if removes(work) else "config of"
    journal = (DEVICE, work.subscription.device_id) if work.state.device.status else None  # NetBox has none of a device that is gone
    return Config(text, f"{what} {work.label}", file_name(work), build_payload(after.node, after).model_dump(mode="json"), own_values(work), journal)


def own_values(work: NodeWork) -> dict[str, str]:
    """Return what only this node has. Lengths and masks are not its own, nor are its platform, site and role."""
    node = work.subscription.node
    own = {
        "name": node.node_name,
        "host name": hostname(node.node_name or ""),
        "description": work.subscription.description,
        "ipv4 address": node.ipv4_loopback and str(node.ipv4_loopback.ip),
        "ipv4 network": _network(node.ipv4_loopback),
        "ipv6 address": node.ipv6_loopback and str(node.ipv6_loopback.ip),
        "ipv6 network": _network(node.ipv6_loopback),
        "device id": str(node.node_id),
        "subscription id": str(work.subscription.subscription_id),
        "process id": work.key,
    }
    return {name: value for name, value in own.items() if value}


def _network(interface: t.Any) -> str | None:
    """Return the address of an interface's network, where it is not that of the interface: of a /31, say, every node has another one."""
    return str(interface.network.network_address) if interface is not None and interface.network.network_address != interface.ip else None


def file_name(work: NodeWork) -> str:
    """Return the file of a node's config. The id comes first, since names can repeat; the name in what every file system takes. What takes a config away
    has a file of its own beside it.
    """
    node = work.subscription.node
    name = re.sub(r"[^\w.-]+", "_", node.node_name or "")[:100]
    return f"{'removal-' if removes(work) else ''}{node.node_id}-{name}.cfg"
