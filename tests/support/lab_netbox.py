# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's real NetBox, read and written with plain requests, independent of the code under test."""

from __future__ import annotations

import ipaddress
import itertools
import time
import typing as t
import uuid

import requests

_numbers = itertools.count(1)

AT_A_TIME = 12
"""How many devices are made in advance, since that takes NetBox less than half of the time for each."""


class Netbox:
    """Reads and writes NetBox with plain requests, independent of the code under test."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = ("Bearer " if token.startswith("nbt_") else "Token ") + token
        self._parts: dict[str, dict[str, t.Any]] = {}
        self._made: list[int] = []

    def call(self, method: str, path: str, data: t.Any = None, **params: t.Any) -> t.Any:
        """One request; the JSON answered."""
        answer = self.session.request(method, f"{self.url}/api/{path}/", json=data, params=params, timeout=120)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content else None

    def page(self, path: str, username: str, password: str) -> str:
        """The HTML that a person who logs in sees there."""
        login = self.url + "/login/"
        with requests.Session() as session:
            session.trust_env = False
            session.get(login, timeout=120)
            form = {"username": username, "password": password, "csrfmiddlewaretoken": session.cookies["csrftoken"], "next": "/" + path + "/"}
            answer = session.post(login, data=form, headers={"Referer": login}, timeout=120)
        assert answer.ok and answer.url.endswith("/" + path + "/"), answer.url
        return answer.text

    def device(self, device_id: int) -> dict[str, t.Any]:
        """A device as NetBox has it now, less what other tests change in it: its type's ``device_count`` and the like, and which custom fields there are."""
        found = dict(_without_counts(self.call("GET", f"dcim/devices/{device_id}")))
        del found["custom_fields"]
        return found

    def custom_fields(self, device_id: int) -> dict[str, t.Any]:
        """The custom fields of a device."""
        return dict(self.call("GET", f"dcim/devices/{device_id}")["custom_fields"])

    def status(self, device_id: int) -> str:
        """A device's status."""
        return str(self.device(device_id)["status"]["value"])

    def statuses(self, devices: t.Collection[int]) -> dict[int, str]:
        """The statuses of those of ``devices`` that are there, by id."""
        ids, found = list(devices), {}
        for start in range(0, len(ids), 100):
            for device in self.call("GET", "dcim/devices", id=ids[start : start + 100], fields="id,status", limit=100)["results"]:
                found[device["id"]] = device["status"]["value"]
        return found

    def set(self, device_id: int, **fields: t.Any) -> dict[str, t.Any]:
        """Change fields of a device, as a person would."""
        return dict(self.call("PATCH", f"dcim/devices/{device_id}", fields))

    def messages(self, device_id: int) -> list[str]:
        """The messages of the change log of a device, oldest first."""
        found = self.call("GET", "core/object-changes", changed_object_type="dcim.device", changed_object_id=device_id, limit=100)["results"]
        return [change["message"] for change in sorted(found, key=lambda change: change["id"])]

    def make(self, **wanted: t.Any) -> int:
        """A new planned device, with a name, a platform, an interface and addresses that are made up; else as ``_make_as`` has them. Return its id."""
        if wanted:
            return self._make_as(**wanted)
        if not self._made:
            self._made = self._make_some(AT_A_TIME, **self._of_platform("cisco_ios"))
        return self._made.pop(0)

    def _make_as(  # pylint: disable=too-many-arguments
        self,
        name: str | None = "",
        site: str = "loc1",
        ipv4: str | None = "/32",
        ipv6: str | None = "/128",
        platform: str = "cisco_ios",
        interface: str = "Loopback7",
        **fields: t.Any,
    ) -> int:
        """A name of "" and an address that is a mask alone are made up; None leaves out."""
        number = next(_numbers) + int(time.time() * 10) % 60000
        name = f"t{number}-{uuid.uuid4().hex[:6]}" if name == "" else name
        data = {"name": name, "status": "planned", "site": self._part("sites", slug=site)["id"], "role": self._part("device-roles")["id"]}
        data |= self._of_platform(platform) | fields
        device_id = int(self.call("POST", "dcim/devices", data)["id"])
        place = self.interface(device_id, interface)
        made_up = {
            "primary_ip4": ipv4_of(device_id),
            "primary_ip6": str(ipaddress.IPv6Address("2001:db8:7e57::") + device_id),
        }
        given = {"primary_ip4": ipv4, "primary_ip6": ipv6}
        self.address(
            device_id, place, **{field: made_up[field] + mask if mask and mask[0] == "/" else mask for field, mask in given.items()}
        )
        return device_id

    def interface(self, device_id: int, name: str, **fields: t.Any) -> int:
        """An interface of a device, made if its type did not bring one of that name; its id."""
        there = self.call("GET", "dcim/interfaces", device_id=device_id, name=name)["results"] if name != "Loopback7" else []
        if there:
            return int(there[0]["id"])
        return int(self.call("POST", "dcim/interfaces", {"device": device_id, "name": name, "type": "virtual"} | fields)["id"])

    def place(self, address: str, interface: int | None, **fields: t.Any) -> int:
        """Put a new IP address on an interface, or on none; its id. No device has it as its primary address yet."""
        on = {"assigned_object_type": "dcim.interface", "assigned_object_id": interface} if interface else {}
        return int(self.call("POST", "ipam/ip-addresses", {"address": address} | on | fields)["id"])

    def make_many(self, count: int, prefix: str = "m") -> list[int]:
        """``count`` planned devices with both addresses, in a few requests for each hundred. Return their ids."""
        return [device for start in range(0, count, 100) for device in self._make_some(min(100, count - start), prefix)]

    def _make_some(self, count: int, prefix: str = "t", **parts: t.Any) -> list[int]:
        common = {"device_type": self._part("device-types")["id"], "site": self._part("sites", slug="loc1")["id"], "role": self._part("device-roles")["id"]}
        parts = common | {"status": "planned"} | parts
        names = [f"{prefix}{uuid.uuid4().hex[:10]}" for _number in range(count)]
        ids = [device["id"] for device in self.call("POST", "dcim/devices", [parts | {"name": name} for name in names])]
        loopbacks = [{"device": device_id, "name": "Loopback7", "type": "virtual"} for device_id in ids]
        interfaces = [interface["id"] for interface in self.call("POST", "dcim/interfaces", loopbacks)]
        addresses = []
        for device_id, interface in zip(ids, interfaces):
            both = (ipaddress.IPv4Address(ipv4_of(device_id)), ipaddress.IPv6Address("2001:db8:7e57::") + device_id)
            assigned = {"assigned_object_type": "dcim.interface", "assigned_object_id": interface}
            addresses += [assigned | {"address": f"{address}/{address.max_prefixlen}"} for address in both]
        made = [address["id"] for address in self.call("POST", "ipam/ip-addresses", addresses)]
        primary = [{"id": key, "primary_ip4": v4, "primary_ip6": v6} for key, v4, v6 in zip(ids, made[::2], made[1::2])]
        self.call("PATCH", "dcim/devices", primary)
        return ids

    def our_writes(self, device_id: int) -> list[str]:
        """The statuses that writes of ours gave a device, by NetBox's change log, oldest first."""
        found = self.call("GET", "core/object-changes", changed_object_type="dcim.device", changed_object_id=device_id, limit=100)["results"]
        ours = [change for change in sorted(found, key=lambda change: change["id"]) if change["message"].startswith("nodeflow.orchestrator")]
        return [change["postchange_data"]["status"] for change in ours]

    def address(self, device_id: int, interface: int | None = None, **given: str | None) -> None:
        """Give a device new primary addresses."""
        interface = interface or self.call("GET", "dcim/interfaces", device_id=device_id, name="Loopback7")["results"][0]["id"]
        primary = {}
        for field, address in given.items():
            if address:
                data = {"address": address, "assigned_object_type": "dcim.interface", "assigned_object_id": interface}
                primary[field] = self.call("POST", "ipam/ip-addresses", data)["id"]
        if primary:
            self.set(device_id, **primary)

    def _of_platform(self, slug: str) -> dict[str, t.Any]:
        """A platform, and a device type of its manufacturer, as fields of a device."""
        platform = self._part("platforms", slug=slug)
        maker = {"manufacturer_id": platform["manufacturer"]["id"]} if platform["manufacturer"] else {}
        return {"platform": platform["id"], "device_type": self._part("device-types", **maker)["id"]}

    def _part(self, kind: str, **filters: t.Any) -> dict[str, t.Any]:
        key = f"{kind} {filters}"
        if key not in self._parts:
            self._parts[key] = self.call("GET", "dcim/" + kind, limit=1, **filters)["results"][0]
        return self._parts[key]


def ipv4_of(device_id: int, second: int = 128) -> str:
    """The address in 10.``second``.0.0/16 that is a device's own: never the first or the last of its /24, which NetBox assigns to no interface."""
    return f"10.{second}.{device_id // 250}.{device_id % 250 + 1}"


def _without_counts(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        return {name: _without_counts(inner) for name, inner in value.items() if not name.endswith("_count")}
    return value
