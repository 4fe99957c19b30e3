# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A product from outside, the example's circuits, with the answers of a real NetBox, to the letter (see ``recorded_scene``)."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest

import ansible_collections
from lab_netbox import Netbox
from recorded_scene import CONFIRM, Scene, scene

__all__ = ["scene"]

EXAMPLES = pathlib.Path(__file__).parents[2] / "examples" / "ansible_collections"
MODULES = "ansible_collections.acme.circuits.plugins.modules."
STEPS = ("store_process_subscription", "allocate_prefixes", "set_status", "provide_config_to_user", "connect", "set_circuit_to_active")
STEPS += ("update_circuit_in_netbox", "disconnect", "done")
POOLS = {"ipv4_prefix": "10.251.0.0/24", "ipv6_prefix": "2001:db8:251::/64"}


@pytest.fixture(autouse=True)
def _example(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ansible_collections, "__path__", [*ansible_collections.__path__, str(EXAMPLES)])
    scene.settings["netbox_token"] = scene.tokens["admin"]


class Circuits:
    """Three nodes in service, each with two interfaces, and prefixes to take from."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        scene.person("the prefixes", prefixes)
        self.nodes = [scene.device(f"r{number}") for number in (1, 2, 3)]
        scene.workflow(nodes=self.nodes, options=CONFIRM)
        self.interfaces: list[list[int]] = scene.person("interfaces", lambda netbox: [[port(netbox, node, name) for name in "ab"] for node in self.nodes])

    def pair(self, first: int, second: int, name: str = "a") -> str:
        """A circuit between two of the nodes."""
        return "-".join(str(self.interfaces[node]["ab".index(name)]) for node in (first, second))

    def run(self, workflow: str = "", *, check: bool = False, until: str = "", options: dict[str, t.Any] | None = None, **chosen: t.Any) -> None:
        """Run a workflow of the circuits, or continue processes."""
        result = self.scene.call(MODULES + "circuit_form", check, **({"workflow": workflow} if workflow else {}), **chosen)
        for step in STEPS[: STEPS.index(until) + 1] if until else STEPS:
            if result.get("failed"):
                return
            result = self.scene.call(MODULES + "circuit_step", check, step=step, circuits=result["circuits"], **(options or {}))


def port(netbox: Netbox, device: int, name: str) -> int:
    return netbox.interface(device, f"xe-0/0/{name}", type="10gbase-x-sfpp")


def prefixes(netbox: Netbox) -> None:
    for prefix in POOLS.values():
        old = netbox.call("GET", "ipam/prefixes", within_include=prefix, limit=100)["results"]
        if old:
            netbox.call("DELETE", "ipam/prefixes", [{"id": one["id"]} for one in old])
        netbox.call("POST", "ipam/prefixes", {"prefix": prefix, "status": "container"})


def subscriptions(scene: Scene) -> list[str]:
    """The ids of the circuits' subscriptions."""
    found = scene.store.rows("SELECT subscription_id, block FROM subscriptions WHERE product = 'acme.circuits.Circuit' ORDER BY description, start_date")
    return [row["subscription_id"] for row in found if json.loads(row["block"])]


def test_circuits_are_built_used_and_ended(scene: Scene) -> None:
    circuits = Circuits(scene)
    circuits.run("create_circuit", check=True, circuits=[circuits.pair(0, 1)], options=CONFIRM, **POOLS)
    circuits.run("create_circuit", circuits=[circuits.pair(0, 1), circuits.pair(0, 1, "b")], **POOLS)
    circuits.run(process_status=["suspended"], options=CONFIRM)
    circuits.run("create_circuit", circuits=[circuits.pair(0, 1), circuits.pair(1, 2)], options=CONFIRM, **POOLS)
    scene.workflow("subscription_form", workflow="terminate_node", nodes=circuits.nodes[:1], options=CONFIRM)
    scene.call("subscription_info")
    scene.call(MODULES + "validate_circuit")
    first, second = subscriptions(scene)
    circuits.run("terminate_circuit", check=True, circuits=[first], options=CONFIRM)
    circuits.run("terminate_circuit", circuits=[first], until="provide_config_to_user")
    scene.call(MODULES + "abort", process_status=["suspended"])
    circuits.run("terminate_circuit", circuits=[first, first, "6f1c1f6e-0000-4000-8000-000000000000"], options=CONFIRM)
    circuits.run("terminate_circuit", circuits=[first, second], options=CONFIRM)


def test_circuits_that_cannot_be_built(scene: Scene) -> None:
    circuits = Circuits(scene)
    circuits.run("create_circuit", circuits=[circuits.pair(0, 1), circuits.pair(1, 2)], until="connect", options=CONFIRM, **POOLS)
    circuits.run("create_circuit", circuits=["7", "7-7"], **POOLS)
    circuits.run("create_circuit", circuits=["7-8"])
    scene.later(minutes=16)
    scene.call(MODULES + "abort", check=True, process_status=["interrupted"])
    scene.call(MODULES + "abort", process_status=["interrupted"], reason="never mind")
    scene.call("abort", process_status=["interrupted"])
    circuits.run("create_circuit", circuits=[circuits.pair(0, 2)], until="set_status", **POOLS)
    scene.workflow(process_status=["suspended"], options=CONFIRM)
    scene.settings["netbox_token"] = scene.tokens["read_only"]
    scene.later(minutes=16)
    circuits.run(process_status=["interrupted"], options=CONFIRM)
