# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Listings for many ids: none has a URL that NetBox's own web server refuses, also in a NetBox that has seen a hundred million objects."""

from __future__ import annotations

import types
import urllib.parse

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox import changelog, journal, objects
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node import loopback, overwritten, related

MANY = range(123_456_000, 123_457_000)

LISTINGS = {
    "the change log": lambda client: changelog.object_changes(client, "dcim.device", MANY),
    "the journal": lambda client: journal._ends(client, "dcim.device", MANY),
    "objects": lambda client: objects.read_objects(client, "dcim/devices", MANY),
    "objects of others": lambda client: objects.listed_of(client, "dcim/cable-terminations", "virtual_chassis_member_id", MANY),
    "addresses": lambda client: loopback._addresses(client, {"id": MANY}),
    "addresses of devices": lambda client: loopback._addresses(client, {"device_id": MANY}),
    "address ids": lambda client: related.address_ids(client, MANY),
    "rows": lambda client: overwritten.rows_as_logged(client, MANY),
}


@pytest.mark.parametrize("listing", LISTINGS)
def test_every_url_is_short_enough_for_gunicorn(listing):
    lines = []

    def get(endpoint, filters):
        query = urllib.parse.urlencode(filters | {"limit": 1000, "offset": 0}, doseq=True)
        lines.append(f"GET /below/a/prefix/api/{endpoint}/?{query} HTTP/1.1")
        return []

    LISTINGS[listing](types.SimpleNamespace(get=get, parallel=1, url="https://netbox.example.org"))
    assert sum(line.count("=123456") for line in lines) == len(MANY)
    assert max(map(len, lines)) <= 4094
