# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read of NetBox, and asked of it: URLs, filters, lists of nodes, labels, and answers that say what was written."""

from __future__ import annotations

import contextlib
import errno
import http.client

import pytest
import requests
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import (
    NetboxError,
    NodeflowError,
)
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.client import NetboxClient
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.echo import not_as_written
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.trouble import never_sent
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.url import normal_url
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.choice import Wanted, parse_nodes
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.device import Device
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.filters import check_filters

LISTED = {"id": 1, "name": "r1", "status": {"value": "staged"}, "site": {"id": 1, "slug": "loc1", "name": "Loc 1"}, "last_updated": "2026-11-23T05:00:00Z"}
"""A device as NetBox's API gives it."""


@pytest.mark.parametrize(
    ("last_updated", "etag"),
    [
        ("2026-11-23T05:00:00.123456Z", 'W/"2026-11-23T05:00:00.123456+00:00"'),
        ("2026-11-23T05:00:00Z", 'W/"2026-11-23T05:00:00+00:00"'),
        ("2026-11-23T06:00:00.5+01:00", 'W/"2026-11-23T05:00:00.500000+00:00"'),
    ],
)
def test_the_etag_comes_from_the_listing(last_updated, etag):
    assert Device.from_api(LISTED | {"last_updated": last_updated}).etag == etag


@pytest.mark.parametrize(
    ("name", "label"),
    [("r1", "r1 (loc1, 1)"), (None, "unnamed device (loc1, 1)"), ("", "unnamed device (loc1, 1)"), ("a\x1b[31m\n", "a?[31m? (loc1, 1)")],
)
def test_labels_are_safe_to_print(name, label):
    assert Device.from_api(LISTED | {"name": name}).label == label


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("https://NetBox.example.org/", "https://netbox.example.org"),
        ("HTTP://h:80/netbox/", "http://h/netbox"),
        ("https://h:8443/api/", "https://h:8443"),
        ("https://h/netbox/api", "https://h/netbox"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_one_netbox_has_one_url(url, normal):
    assert normal_url(url) == normal == normal_url(normal)


@pytest.mark.parametrize("url", ["h", "ftp://h", "https://", "https://u:p@h", "http://h:port", "http://h:99999", "http://[::1"])
def test_what_is_no_url_is_a_sentence(url):
    with pytest.raises(NetboxError, match="netbox_url must"):
        normal_url(url)


@given(st.text())
def test_any_text_is_a_url_or_a_sentence(text):
    with contextlib.suppress(NetboxError):
        assert normal_url(normal_url(text)) == normal_url(text)


@pytest.mark.parametrize(
    ("url", "token", "sentence"),
    [(None, "t", "NETBOX_URL"), ("", "t", "NETBOX_URL"), ("http://h", None, "NETBOX_TOKEN"), ("http://h", "", "NETBOX_TOKEN")],
)
def test_missing_settings_name_their_variable(url, token, sentence):
    with pytest.raises(NetboxError, match=sentence):
        NetboxClient(url, token)


@pytest.mark.parametrize("name", ["site", "name__isw", "region_id", "tag", "serial__ic", "tenant_group", "q"])
def test_filters_that_are_known_cost_no_request(name):
    check_filters(None, {name: "x"})


@pytest.mark.parametrize("filters", [{"status": "planned"}, {"status__n": "x"}, {"limit": 1}, {"fields": "x"}, {"site": None}, {"site": {"a": 1}}])
def test_filters_that_are_none(filters):
    with pytest.raises(NodeflowError, match="device_filter"):
        check_filters(None, filters, with_status=False)


class SchemaClient:
    """Knows one filter."""

    def schema(self):
        """What NetBox's schema looks like."""
        return {"paths": {"/api/dcim/devices/": {"get": {"parameters": [{"name": "airflow"}]}}}}


def test_other_filters_are_looked_up():
    check_filters(SchemaClient(), {"airflow": "x"})
    with pytest.raises(NodeflowError, match="has no filter airfow; did you mean airflow"):
        check_filters(SchemaClient(), {"airfow": "x"})


@pytest.mark.parametrize(
    ("nodes", "wanted"),
    [
        (7, [Wanted(id=7)]),
        ("7", [Wanted(id=7)]),
        ("a, 7,,b ", [Wanted(name="a"), Wanted(id=7), Wanted(name="b")]),
        (["7", 7, "a", "a"], [Wanted(id=7), Wanted(name="a")]),
        ([{"name": "7"}, {"name": "a", "site": "s"}, {"id": "3"}], [Wanted(name="7"), Wanted(name="a", site="s"), Wanted(id=3)]),
        ({"name": "a"}, [Wanted(name="a")]),
        (["a,b"], [Wanted(name="a,b")]),
        (["a (s, 7)", "a (7)"], [Wanted(name="a (s, 7)", labelled=7), Wanted(name="a (7)", labelled=7)]),
        (" a (s, 7), b,c (s, 8),9", [Wanted(name="a (s, 7)", labelled=7), Wanted(name="b"), Wanted(name="c (s, 8)", labelled=8), Wanted(id=9)]),
        (["a, (b) (s, 7)", "{{ 1 }} (s-1, 8)"], [Wanted(name="a, (b) (s, 7)", labelled=7), Wanted(name="{{ 1 }} (s-1, 8)", labelled=8)]),
        (["(7)", "a (s, t, 7)", "a (0)", "a (7) b", "a(7)"], [Wanted(name=name) for name in ("(7)", "a (s, t, 7)", "a (0)", "a (7) b", "a(7)")]),
    ],
)
def test_nodes_may_be_said_in_many_ways(nodes, wanted):
    assert parse_nodes(nodes) == wanted


@pytest.mark.parametrize(
    ("label", "devices", "meant"),
    [
        ("a (s, 7)", {7: "a", 8: "a"}, [7]),
        ("a (moved, 7)", {7: "a"}, [7]),
        ("unnamed device (s, 7)", {7: None}, [7]),
        ("b? (s, 7)", {7: "b\n"}, [7]),
        ("a (s, 7)", {7: "b", 8: "a"}, []),
        ("a (s, 7)", {7: "b", 8: "a (s, 7)"}, [8]),
        ("a (s, 7)", {7: "a", 8: "a (s, 7)"}, [7, 8]),
        ("a (s, 7)", {8: "a"}, []),
    ],
)
def test_a_label_means_the_device_of_its_id_while_that_has_its_name(label, devices, meant):
    [wanted] = parse_nodes([label])
    assert [device_id for device_id, name in devices.items() if wanted.names(device_id, name, ("s",))] == meant


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


@given(JSON | st.dictionaries(st.sampled_from(["id", "name", "site"]), JSON))
def test_anything_else_is_a_sentence(nodes):
    try:
        assert all(isinstance(one, Wanted) for one in parse_nodes(nodes))
    except NodeflowError as error:
        assert "nodes" in str(error)


@pytest.mark.parametrize(
    ("wanted", "answered"),
    [
        ({"id": 1, "status": "staged", "changelog_message": "x"}, {"id": 1, "status": {"value": "staged", "label": "Staged"}}),
        ({"custom_fields": {"a": "x", "b": None}}, {"custom_fields": {"a": "x", "b": "", "c": 5}}),
        ({"object_types": ["dcim.device", "dcim.site"]}, {"object_types": ["dcim.site", "dcim.device"]}),
        ({"site": 3, "tags": [1]}, {"site": {"id": 3, "slug": "x"}, "tags": [{"id": 1}]}),
        ({"comments": " x\n", "platform": None}, {"comments": "x", "platform": None}),
        ({"height": 1}, {"height": "1.00"}),
        ({"enabled": True, "unknown": 1}, {"enabled": True}),
    ],
)
def test_an_answer_that_says_what_was_written(wanted, answered):
    assert not_as_written(wanted, answered) == []


@pytest.mark.parametrize(
    ("wanted", "answered"),
    [
        ({"status": "staged"}, {"status": {"value": "planned"}}),
        ({"custom_fields": {"a": "x"}}, {"custom_fields": {"a": None}}),
        ({"custom_fields": {"a": "x"}}, {"custom_fields": None}),
        ({"object_types": ["dcim.device"]}, {"object_types": []}),
        ({"site": 3}, {"site": {"id": 4}}),
        ({"site": 3}, {"site": None}),
        ({"enabled": True}, {"enabled": False}),
    ],
)
def test_an_answer_that_says_something_else(wanted, answered):
    assert not_as_written(wanted, answered) == list(wanted)


@given(JSON, JSON)
def test_any_answer_to_a_write_can_be_compared(wanted, answered):
    not_as_written({"field": wanted}, {"field": answered})


def test_what_leaves_a_listing_between_two_pages_hides_no_other(monkeypatch):
    """For whoever enrols all planned devices while others do the same."""
    there = list(range(1, 8))

    def page(client, endpoint, filters, offset):
        answer = [{"id": key} for key in there[offset : offset + 2]], len(there)
        if offset == 2:
            del there[0:2]
        return answer

    monkeypatch.setattr(NetboxClient, "_page", page)
    found = NetboxClient("http://netbox.test", "0" * 40).get("dcim/devices", {})
    assert sorted(one["id"] for one in found) == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize(
    ("reason", "surely"),
    [
        (http.client.RemoteDisconnected("closed"), False),
        (ConnectionResetError(errno.ECONNRESET, "reset"), False),
        (urllib3.exceptions.NewConnectionError(None, "refused"), True),
        (urllib3.exceptions.ConnectTimeoutError(None, "no answer"), True),
    ],
)
def test_a_connection_that_was_cut_behind_a_proxy_may_have_brought_the_write(reason, surely):
    wrapped = urllib3.exceptions.MaxRetryError(None, "/api/", urllib3.exceptions.ProxyError("Unable to connect to proxy", reason))
    assert never_sent(requests.exceptions.ProxyError(wrapped)) is surely


@pytest.mark.parametrize("nodes", ["[" * 100_000, "9" * 5000, [10**5000], [{"id": "9" * 5000}], {"id": "9" * 19}], ids=range(5))
def test_a_choice_of_absurd_length_is_a_sentence(nodes):
    with pytest.raises(NodeflowError, match="the option nodes (begins like JSON, and is none|has a number that is too long for the id of a device)"):
        parse_nodes(nodes)
