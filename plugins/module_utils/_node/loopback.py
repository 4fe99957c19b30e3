# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which address of a device is its loopback, and on which interface it stands. Everybody who wants to know asks here.

Without patterns, the loopbacks are the device's primary addresses. With patterns, they are the addresses on its interfaces that match.
"""

from __future__ import annotations

import dataclasses
import fnmatch
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.client import NetboxClient
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.objects import in_urls
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.parallel import in_parallel
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.device import Device
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.fields import LOOPBACKS
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import FAMILIES

__all__ = ["Loopback", "ambiguous", "in_words", "lack", "loopback", "loopback_fields", "with_loopbacks"]

LOOPBACK_NAMES = ("lo", "lo[0-9.:]*", "loopback*", "system", "system[0-9.]*", "dum[0-9]*", "dummy[0-9]*")
"""What platforms call their loopbacks, in lower case. NetBox's interface type does not tell: VLAN interfaces and tunnels are virtual as well."""

_FIELDS = "id,address,role,assigned_object_type,assigned_object,nat_inside"

_OWN_ROLES = ("", "loopback")
"""Roles of an address that is an interface's own. The others are secondary, or shared with other devices."""


@dataclasses.dataclass(frozen=True)
class Loopback:
    """The loopback of a device in one address family. ``address`` is an interface, ``10.0.0.1/32``; None where there is none.

    ``interface`` is the name of its interface in NetBox, "" where that is not known. ``is_loopback`` is false where that is no loopback.
    ``no_interface`` says why an address is on none; ``lacks`` says what is missing and ``several`` which addresses could be meant, as noun phrases.
    """

    address: str | None
    interface: str = ""
    is_loopback: bool = True
    no_interface: str = ""
    lacks: str = ""
    several: str = ""


@dataclasses.dataclass(frozen=True)
class _Address:
    """An IP address of NetBox. ``device_id`` is None and ``interface`` "" where no interface of a device has it."""

    id: int
    address: str
    role: str
    device_id: int | None
    interface: str
    nat_inside: str

    @property
    def family(self) -> str:
        return "ipv6" if ":" in self.address else "ipv4"

    @property
    def is_loopback(self) -> bool:
        """Whether its own role says so, or the name of its interface."""
        return self.role == "loopback" or any(fnmatch.fnmatchcase(self.interface.lower(), name) for name in LOOPBACK_NAMES)


def loopback(device: Device, family: str) -> Loopback:
    """Return the loopback of a device: as its interfaces say where they were read, else its primary address."""
    known = device.loopbacks.get(family)
    return Loopback(**known) if known else Loopback(getattr(device, LOOPBACKS[family].device))


def loopback_fields(device: Device) -> dict[str, str | None]:
    """Return both addresses, as the fields of a node block."""
    return {str(field.node): loopback(device, family).address for family, field in LOOPBACKS.items()}


def lack(device: Device, family: str) -> str:
    """Return what a device without a loopback of this family lacks, as a noun phrase."""
    return loopback(device, family).lacks or f"a primary {in_words(family)} address"


def ambiguous(device: Device) -> str | None:
    """Return the sentence about a device with several addresses of which each could be its loopback; None where that is clear."""
    several = [found.several for found in (loopback(device, family) for family in FAMILIES) if found.several]
    if not several:
        return None
    return (
        f"{device.label} has {' and '.join(several)}: make the one that is meant the primary address in NetBox, or let loopback_interface match its "
        "interface alone"
    )


def with_loopbacks(client: NetboxClient, devices: t.Mapping[int, Device], patterns: t.Sequence[str]) -> dict[int, Device]:
    """Return the same devices, with what NetBox says of the interfaces of their loopbacks, in a listing for each few hundred addresses.

    ``patterns`` are names or shell patterns of interfaces, the preferred one first; without any, the primary addresses are meant.
    Raises NetboxForbidden for a token that may not view IP addresses, NetboxError else.
    """
    if not patterns:
        found = _addresses(client, {"id": [key for device in devices.values() for key in _primary_ids(device)]})
        return {key: _located(device, {family: _primary(device, family, found) for family in FAMILIES}) for key, device in devices.items()}
    found = _addresses(client, {"device_id": list(devices)})
    # Another member of a virtual chassis can have a device's primary address.
    found |= _addresses(client, {"id": [key for device in devices.values() for key in _primary_ids(device) if key not in found]})
    by_device: dict[int | None, list[_Address]] = {}
    for address in found.values():
        by_device.setdefault(address.device_id, []).append(address)
    return {key: _matched(device, by_device.get(key, []) + _elsewhere(device, found), patterns) for key, device in devices.items()}


def _addresses(client: NetboxClient, filters: dict[str, list[int]]) -> dict[int, _Address]:
    """Return the addresses that a filter of many ids gives, by id. One that cannot be read is left out."""
    found: dict[int, _Address] = {}
    ((name, ids),) = filters.items()

    def read(some: t.Sequence[int]) -> None:
        entries = client.get("ipam/ip-addresses", {name: list(some), "fields": _FIELDS})
        found.update({address.id: address for address in map(_read, entries) if address})

    error = in_parallel(client.parallel, read, list(in_urls(name, ids))) if ids else None
    if error:
        raise error
    return found


def _read(entry: dict[str, t.Any]) -> _Address | None:
    try:
        on = (entry.get("assigned_object") or {}) if entry.get("assigned_object_type") == "dcim.interface" else {}
        device_id, interface = (on.get("device") or {}).get("id"), on.get("name") or ""
        role, inside = (entry.get("role") or {}).get("value") or "", (entry.get("nat_inside") or {}).get("address") or ""
        if all(isinstance(text, str) for text in (entry["address"], interface, role, inside)):
            return _Address(entry["id"], entry["address"], role, device_id, interface, inside)
    except (AttributeError, KeyError, TypeError):
        pass
    return None


def _primary_ids(device: Device) -> list[int]:
    return [key for key in (device.writable.get(field.netbox) for field in LOOPBACKS.values()) if key is not None]


def _located(device: Device, found: t.Mapping[str, Loopback]) -> Device:
    return dataclasses.replace(device, loopbacks={family: dataclasses.asdict(one) for family, one in found.items()})


def _primary(device: Device, family: str, found: t.Mapping[int, _Address]) -> Loopback:
    """Return the primary address, and where it stands."""
    address = getattr(device, LOOPBACKS[family].device)
    if address is None:
        return Loopback(None)
    there = found.get(device.writable[LOOPBACKS[family].netbox])
    if there is None:
        return Loopback(address, no_interface="NetBox does not show its interface to this token")
    if not there.interface:
        inside = f"NetBox has it as the outside of the NAT of {there.nat_inside}" if there.nat_inside else "NetBox has it on no interface"
        return Loopback(address, no_interface=inside)
    return Loopback(address, there.interface, there.is_loopback)


def _elsewhere(device: Device, found: t.Mapping[int, _Address]) -> list[_Address]:
    """Return the primary addresses of a device that stand on other devices."""
    primary = [found[key] for key in _primary_ids(device) if key in found]
    return [address for address in primary if address.device_id != device.id]


def _matched(device: Device, addresses: t.Sequence[_Address], patterns: t.Sequence[str]) -> Device:
    return _located(device, {family: _choose(device, [one for one in addresses if one.family == family], family, patterns) for family in FAMILIES})


def _choose(device: Device, addresses: t.Sequence[_Address], family: str, patterns: t.Sequence[str]) -> Loopback:
    """Choose by the first pattern that an address matches. Of several: the primary one; else the only one that is its interface's own."""
    for pattern in patterns:
        some = [one for one in addresses if one.interface and (one.interface == pattern or fnmatch.fnmatchcase(one.interface, pattern))]
        own = [one for one in some if one.role in _OWN_ROLES] or some
        chosen = [one for one in some if one.id == device.writable.get(LOOPBACKS[family].netbox)] or own
        if len(chosen) == 1:
            return Loopback(chosen[0].address, chosen[0].interface)
        if chosen:
            names = " and ".join(sorted(f"{one.address} on {one.interface}" for one in chosen))
            several = f"several {in_words(family)} addresses on interfaces that match loopback_interface ({names})"
            return Loopback(None, lacks=f"a single {in_words(family)} address on an interface that matches loopback_interface", several=several)
    return Loopback(None, lacks=f"an {in_words(family)} address on an interface that matches loopback_interface ({', '.join(patterns)})")


def in_words(family: str) -> str:
    """IPv4 or IPv6."""
    return family.replace("ip", "IP")
