# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which address of a device is its loopback, by what NetBox's API answers about its addresses."""

from __future__ import annotations

import json

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.device import Device
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.loopback import ambiguous, lack, loopback, loopback_fields, with_loopbacks


class Listing:
    """Answers a listing of IP addresses as NetBox filters it."""

    parallel = 2

    def __init__(self, *entries):
        self.entries = entries
        self.asked = []

    def get(self, endpoint, filters):
        self.asked.append((endpoint, sorted(set(filters) - {"fields"})))
        ids = filters.get("id") or filters["device_id"]
        return [entry for entry in self.entries if (entry["id"] if "id" in filters else _device_of(entry)) in ids]


def _device_of(entry):
    return ((entry.get("assigned_object") or {}).get("device") or {}).get("id")


def entry(key, address, interface="Loopback0", device=7, role=None, kind="dcim.interface", **fields):
    on = {"id": 1, "name": interface, "device": {"id": device}} if interface else None
    role = {"value": role, "label": role} if role else None
    return {"id": key, "address": address, "role": role, "assigned_object_type": kind if on else None, "assigned_object": on, "nat_inside": None} | fields


def device(ipv4="10.0.0.1/32", ipv6=None, **fields):
    writable = {"primary_ip4": 1 if ipv4 else None, "primary_ip6": 2 if ipv6 else None}
    return Device(7, "r1", "planned", "loc1", "Location 1", "core", "frr", ipv4, ipv6, None, writable, **fields)


def found(entries, patterns=(), **fields):
    return with_loopbacks(Listing(*entries), {7: device(**fields)}, patterns)[7]


LOOPBACKS = ["lo", "lo0", "lo0.0", "lo10", "lo:1", "Loopback0", "loopback 0", "LoopBack1", "system", "system0.0", "dum0", "dummy1"]
OTHERS = ["Management1", "mgmt0", "GigabitEthernet0/0/0", "em0.0", "Vlan10", "local1", "lom0", "A/1", "{{ 7*7 }}"]


@pytest.mark.parametrize(("name", "role", "expected"), [
    *((name, None, True) for name in LOOPBACKS), *((name, None, False) for name in OTHERS), *((name, "loopback", True) for name in OTHERS),
    ("Vlan10", "vip", False),
])
def test_the_name_of_the_interface_or_the_role_of_the_address_tells_a_loopback(name, role, expected):
    one = loopback(found([entry(1, "10.0.0.1/32", name, role=role)]), "ipv4")
    assert (one.address, one.interface, one.is_loopback, one.no_interface) == ("10.0.0.1/32", name, expected, "")


def test_nothing_known_is_the_primary_address_as_a_process_of_an_older_release_has_it():
    old = {name: value for name, value in device().facts().items() if name != "loopbacks"}
    assert loopback(Device(**old), "ipv4").address == "10.0.0.1/32" and loopback(Device(**old), "ipv4").is_loopback
    assert lack(Device(**old), "ipv6") == "a primary IPv6 address" and ambiguous(Device(**old)) is None


def test_what_was_found_survives_the_store():
    one = found([entry(1, "10.0.0.1/24", "mgmt0")])
    again = Device(**json.loads(json.dumps(one.facts())))
    assert loopback(again, "ipv4") == loopback(one, "ipv4") and not loopback(again, "ipv4").is_loopback


@pytest.mark.parametrize(("entries", "said"), [
    ([], "NetBox does not show its interface to this token"),
    ([entry(1, "10.0.0.1/32", None)], "NetBox has it on no interface"),
    ([entry(1, "10.0.0.1/32", None, nat_inside={"address": "192.168.0.1/32"})], "NetBox has it as the outside of the NAT of 192.168.0.1/32"),
    ([entry(1, "10.0.0.1/32", "vrrp 1", kind="ipam.fhrpgroup")], "NetBox has it on no interface"),
    ([{"id": 1, "address": "10.0.0.1/32", "assigned_object_type": "dcim.interface", "assigned_object": "Loopback0"}], "NetBox does not show"),
    ([{"id": 1}], "NetBox does not show"),
])
def test_a_primary_address_without_an_interface_says_why(entries, said):
    one = loopback(found(entries), "ipv4")
    assert one.address == "10.0.0.1/32" and one.interface == "" and said in one.no_interface


TWO = [entry(1, "10.0.0.1/32", "mgmt0"), entry(11, "10.0.0.11/32"), entry(12, "10.0.0.12/32")]


@pytest.mark.parametrize(("entries", "patterns", "expected"), [
    (TWO[:2], ["Loopback0"], ("10.0.0.11/32", "Loopback0")),
    (TWO[:2], ["system", "Loop*"], ("10.0.0.11/32", "Loopback0")),
    (TWO[:2], ["Loop*", "mgmt*"], ("10.0.0.11/32", "Loopback0")),
    (TWO[:2], ["mgmt?", "Loop*"], ("10.0.0.1/32", "mgmt0")),
    (TWO[:2], ["*"], ("10.0.0.1/32", "mgmt0")),
    (TWO[:2], ["loopback0"], None),
    (TWO, ["Loopback0"], None),
    ([*TWO[1:], entry(1, "10.0.0.1/32")], ["Loopback0"], ("10.0.0.1/32", "Loopback0")),
    ([TWO[1], entry(12, "10.0.0.12/32", role="secondary"), entry(13, "10.0.0.13/32", role="anycast")], ["Loopback0"], ("10.0.0.11/32", "Loopback0")),
    ([entry(13, "10.0.0.13/32", role="anycast")], ["Loopback0"], ("10.0.0.13/32", "Loopback0")),
    ([entry(11, "10.0.0.11/32", "lo[0]")], ["lo[0]"], ("10.0.0.11/32", "lo[0]")),
    ([entry(11, "10.0.0.11/32", "Loopback0", device=8)], ["Loopback0"], None),
    ([entry(1, "10.0.0.1/32", "Loopback0", device=8)], ["Loopback0"], ("10.0.0.1/32", "Loopback0")),
    ([entry(1, "10.0.0.1/32", None)], ["*"], None),
    ([], ["*"], None),
])
def test_the_first_entry_that_matches_and_then_the_primary_address(entries, patterns, expected):
    one = found(entries, patterns)
    known = loopback(one, "ipv4")
    assert ((known.address, known.interface) if known.address else None) == expected
    assert known.is_loopback and loopback_fields(one)["ipv4_loopback"] == known.address
    if not expected:
        assert "on an interface that matches loopback_interface" in lack(one, "ipv4")


def test_several_are_named_in_the_same_order_each_time():
    for entries in (TWO, TWO[::-1]):
        one = found(entries, ["Loopback0"])
        assert ambiguous(one).startswith(
            "r1 (loc1, 7) has several IPv4 addresses on interfaces that match loopback_interface (10.0.0.11/32 on Loopback0 and 10.0.0.12/32 on Loopback0):"
        )


def test_two_hundred_devices_are_one_listing_and_none_without_addresses():
    many = {key: Device(key, "r", "planned", "", "", "", "", "10.0.0.1/32", None, None, {"primary_ip4": key, "primary_ip6": None}) for key in range(1, 201)}
    listing = Listing()
    with_loopbacks(listing, many, ())
    assert listing.asked == [("ipam/ip-addresses", ["id"])]
    listing = Listing()
    assert loopback(with_loopbacks(listing, {7: device(ipv4=None)}, ())[7], "ipv4").address is None and listing.asked == []
