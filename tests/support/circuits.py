# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Circuits, the product of the example collection: installed from its tarball, between interfaces of nodes in service of the lab."""

from __future__ import annotations

import atexit
import functools
import ipaddress
import itertools
import os
import pathlib
import shutil
import subprocess
import tempfile
import typing as t

from in_process import take_into_service
from lab_netbox import Netbox
from player import Played, Player

SOURCE = pathlib.Path(__file__).parents[2] / "examples/ansible_collections/acme/circuits"

Circuit = tuple[int, int]
"""The ids of its two interfaces in NetBox."""

_numbers = itertools.count()
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


@functools.cache
def installed() -> str:
    """The directory for ANSIBLE_COLLECTIONS_PATH in which the collection is, built and installed as its users have it."""
    place = tempfile.mkdtemp(prefix="acme-circuits-")
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    environment = os.environ | {"ANSIBLE_LOCAL_TEMP": place, "ANSIBLE_HOME": place}
    command = ["ansible-galaxy", "collection", "build", str(SOURCE), "--output-path", place]
    subprocess.run(command, check=True, capture_output=True, env=environment)
    tarball = next(pathlib.Path(place).glob("acme-circuits-*.tar.gz"))
    command = ["ansible-galaxy", "collection", "install", str(tarball), "--no-deps", "-p", place]
    subprocess.run(command, check=True, capture_output=True, env=environment)
    return place


class Circuits:
    """Nodes in service, each with free interfaces; and prefixes to take from, in the lab's NetBox."""

    def __init__(self, play: Player, netbox: Netbox, nodes: int = 2, interfaces: int = 1) -> None:
        self.play, self.netbox = play, netbox
        play.base["ANSIBLE_COLLECTIONS_PATH"] = f"{installed()}:{play.base['ANSIBLE_COLLECTIONS_PATH']}"
        play.environment["NETBOX_TOKEN"] = play.lab["tokens"]["admin"]
        number = 0xC000 | _worker % 16 << 10 | next(_numbers) % 1024  # 10.192.0.0/10, of which recordings alone take addresses
        self.ipv4 = ipaddress.ip_network((10 << 24 | number << 8, 24))
        self.ipv6 = ipaddress.ip_network((0x20010DB8 << 96 | number << 80, 64))
        self._delete("ipam/prefixes", within_include=[str(self.ipv4), str(self.ipv6)])
        self._delete("ipam/ip-addresses", parent=[str(self.ipv4), str(self.ipv6)])
        netbox.call("POST", "ipam/prefixes", [{"prefix": str(one), "status": "container"} for one in (self.ipv4, self.ipv6)])
        self.devices: list[int] = netbox.make_many(nodes)
        new = [{"device": key, "name": f"xe-0/0/{port}", "type": "10gbase-x-sfpp"} for port in range(interfaces) for key in self.devices]
        made = [one["id"] for one in netbox.call("POST", "dcim/interfaces", new)]
        self.interfaces = [made[start : start + nodes] for start in range(0, len(made), nodes)]
        """For each number of an interface, its id at each of the devices."""
        take_into_service(play, *self.devices)

    def _delete(self, path: str, **filters: t.Any) -> None:
        found = self.netbox.call("GET", path, limit=1000, **filters)["results"]
        if found:
            self.netbox.call("DELETE", path, [{"id": one["id"]} for one in found])

    @property
    def pairs(self) -> list[Circuit]:
        """A circuit for each number of an interface, between the first two nodes."""
        return [(ids[0], ids[1]) for ids in self.interfaces]

    def variables(self, pairs: t.Sequence[Circuit], **variables: t.Any) -> dict[str, t.Any]:
        """Those of create_circuit."""
        return {"circuits": [f"{a}-{b}" for a, b in pairs], "ipv4_prefix": str(self.ipv4), "ipv6_prefix": str(self.ipv6)} | variables

    def create(self, pairs: t.Sequence[Circuit], *arguments: str, **variables: t.Any) -> Played:
        """Build circuits between these interfaces."""
        return self.play("acme.circuits.create_circuit", *arguments, **self.variables(pairs, **variables))

    def run(self, playbook: str, *arguments: str, **variables: t.Any) -> Played:
        """Run another of the collection's playbooks."""
        return self.play("acme.circuits." + playbook, *arguments, **variables)

    def in_netbox(self) -> dict[str, list[t.Any]]:
        """What NetBox has of them: the prefixes; the addresses, each with its interface; the cables, each with its status and interfaces."""
        prefixes = [
            one["prefix"]
            for pool in (self.ipv4, self.ipv6)
            for one in self.netbox.call("GET", "ipam/prefixes", within=str(pool), limit=1000)["results"]
        ]
        mine = [key for ids in self.interfaces for key in ids]
        addresses = [
            (one["address"], one["assigned_object_id"]) for one in self.netbox.call("GET", "ipam/ip-addresses", interface_id=mine, limit=1000)["results"]
        ]
        found = self.netbox.call("GET", "dcim/cables", device_id=self.devices, limit=1000)["results"]
        cables = [(one["status"]["value"], *(end["object_id"] for side in "ab" for end in one[f"{side}_terminations"])) for one in found]
        return {"prefixes": sorted(prefixes), "addresses": sorted(addresses), "cables": sorted(cables)}

    def subscriptions(self, product: str = "acme.circuits.Circuit") -> list[dict[str, t.Any]]:
        """Those of the store, by SQL."""
        return self.play.rows(f"SELECT * FROM subscriptions WHERE product = '{product}' ORDER BY description, start_date")

    def claims(self) -> set[int]:
        """The interfaces that are claimed."""
        found = self.play.rows("SELECT resource FROM claims WHERE resource LIKE 'dcim.interface/%'")
        return {int(row["resource"].rpartition("/")[2]) for row in found}
