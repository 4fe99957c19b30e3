# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Listings for many ids: none has a URL that NetBox's own web server refuses, also in a NetBox that has seen a hundred million objects."""

from __future__ import annotations

import types
import urllib.parse

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox import changelog, journal, marked, objects
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node import choice, loopback, overwritten, related

MANY = range(123_456_000, 123_457_000)

LISTINGS = {
    "the change log": lambda client: changelog.object_changes(client, "dcim.device", MANY),
    "the journal": lambda client: journal._ends(client, "dcim.device", MANY),
    "objects": lambda client: objects.read_objects(client, "dcim/devices", MANY),
    "objects of others": lambda client: objects.listed_of(client, "dcim/cable-terminations", "virtual_chassis_member_id", MANY),
    "addresses": lambda client: loopback._addresses(client, {"id": MANY}),
    "addresses of devices": lambda client: loopback._addresses(client, {"device_id": MANY}),
    "address ids": lambda client: related.address_ids(client, dict.fromkeys(MANY, ())),
    "rows": lambda client: overwritten.rows_as_logged(client, MANY),
}


@pytest.mark.parametrize("listing", LISTINGS)
def test_every_url_is_short_enough_for_gunicorn(listing):
    lines = asked(LISTINGS[listing])
    assert sum(line.count("=123456") for line in lines) == len(MANY)
    assert max(map(len, lines)) <= 4094


TEXTS = [f"東京 & Køge/{number:03}" + "x" * (number % 170) for number in range(400)]

OF_TEXTS = {
    "sites": lambda client: related.site_ids(client, TEXTS),
    "marks": lambda client: marked.find_marked(client, "ipam/prefixes", TEXTS),
    "objects of others": lambda client: objects.listed_of(client, "dcim/devices", "name", TEXTS),
    "names": lambda client: choice.look_up(client, [choice.Wanted(name=text) for text in TEXTS], {}),
}


@pytest.mark.parametrize("listing", OF_TEXTS)
def test_so_is_one_of_texts(listing):
    lines = asked(OF_TEXTS[listing])
    queries = "&".join(line.split("?")[1].split(" ")[0] for line in lines)
    assert sorted(value for _name, value in urllib.parse.parse_qsl(queries) if value in TEXTS) == sorted(TEXTS)
    assert max(map(len, lines)) <= 4094


def asked(listing):
    """The lines of the requests of a listing, to a NetBox that has nothing of it."""
    lines = []

    def get(endpoint, filters):
        query = urllib.parse.urlencode(filters | {"limit": 1000, "offset": 0}, doseq=True)
        lines.append(f"GET /below/a/prefix/api/{endpoint}/?{query} HTTP/1.1")
        return []

    listing(types.SimpleNamespace(get=get, parallel=1, url="https://netbox.example.org", conditional=True, custom_fields=False))
    return lines
