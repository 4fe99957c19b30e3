# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Prefixes that are taken from one: what check mode says they would be. That NetBox gives them, tests/integration shows."""

from __future__ import annotations

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NetboxError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.allocate import allocate_prefixes, prefix_id
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.marked import Made

POOL = {"id": 7, "prefix": "10.255.0.0/29", "vrf": None}
VRF = {"id": 3, "name": "red"}


class Netbox:
    """Lists prefixes: those with a mark, the pool, and what is taken of it."""

    url, batch_size = "http://netbox.test", 100

    def __init__(self, taken=(), marked=(), **pool):
        self.pool, self.taken, self.marked, self.asked = POOL | pool, taken, marked, []

    def get(self, endpoint, filters):
        """What the filters mean."""
        self.asked.append((endpoint, filters))
        if "description" in filters:
            return [one for one in self.marked if one["description"] in filters["description"]]
        if "within" in filters:
            return [{"prefix": one} for one in self.taken]
        return [self.pool] if filters in ({"id": self.pool["id"]}, {"prefix": self.pool["prefix"]}) else []


def would_be(netbox, length=31, marks=("one", "two")):
    """What check mode says of these marks."""
    return allocate_prefixes(netbox, 7, length, dict.fromkeys(marks, "why"), dry_run=True)


def test_the_first_that_are_free_are_said():
    netbox = Netbox(taken=["10.255.0.0/31", "10.255.0.3/32", "2001:db8::/64"])
    assert would_be(netbox) == {"one": Made({"prefix": "10.255.0.4/31", "vrf": None}, True), "two": Made({"prefix": "10.255.0.6/31", "vrf": None}, True)}
    assert netbox.asked[-1] == ("ipam/prefixes", {"within": "10.255.0.0/29", "vrf_id": "null"})


def test_what_has_its_prefix_already_keeps_it():
    there = {"id": 9, "prefix": "10.255.0.6/31", "description": "one"}
    netbox = Netbox(taken=["10.255.0.6/31"], marked=[there, {"id": 10, "prefix": "x", "description": "one"}])
    assert would_be(netbox) == {"one": Made(there), "two": Made({"prefix": "10.255.0.0/31", "vrf": None}, True)}


def test_the_vrf_of_the_pool_is_that_of_the_prefixes():
    netbox = Netbox(vrf=VRF)
    assert would_be(netbox, marks=["one"])["one"].object == {"prefix": "10.255.0.0/31", "vrf": VRF} and netbox.asked[-1][1]["vrf_id"] == 3


def test_what_is_left_over_gets_none():
    netbox = Netbox(taken=["10.255.0.0/30", "10.255.0.4/31"])
    assert [one.error for one in would_be(netbox).values()] == [None, "none is free"]


@pytest.mark.parametrize(("length", "taken"), [(29, True), (28, False), (32, True), (33, False)])
def test_a_length_that_the_pool_does_not_have_is_a_sentence(length, taken):
    done = would_be(Netbox(), length, ["one"])["one"]
    assert done.error == (None if taken else f"a prefix of the length {length} cannot be taken from 10.255.0.0/29")


def test_a_pool_that_is_gone_is_a_sentence_and_what_there_is_stays():
    there = {"id": 9, "prefix": "10.255.0.6/31", "description": "one"}
    done = would_be(Netbox(marked=[there], id=8))
    assert done == {"one": Made(there), "two": Made({}, error="a prefix of the length 31 cannot be taken from the prefix 7, which is not there any more")}


def test_a_pool_is_found_by_its_text():
    assert prefix_id(Netbox(), "10.255.0.0/29") == 7
    with pytest.raises(NetboxError, match=r"has no prefixes 10\.9\.0\.0/29; one is needed"):
        prefix_id(Netbox(), "10.9.0.0/29")
