# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects of any kind: how they are read, what is said of those that cannot be changed, and those that a process makes, writes about and deletes."""

from __future__ import annotations

import types

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NetboxError, NetboxRefusal
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox import journal
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.changelog import check_change_log
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.client import NetboxClient
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.journal import Entry, add_entries
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.marked import Deleted, Made, create_marked, delete_marked
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.objects import NetboxObject, read_objects, written_as
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.payload import NetboxPayload
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.payload import hidden
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.related import address_ids


class Netbox:
    """Holds objects by their id, and does what it is told to; ``refuses`` says what it has against a request, ``keeps`` which it does not delete."""

    url, conditional, parallel, batch_size = "http://netbox.test", True, 1, 2

    def __init__(self, *objects, refuses=lambda method, objects: None, keeps=()):
        self.objects = {one["id"]: one for one in objects}
        self.refuses, self.keeps, self.asked = refuses, keeps, []

    def get(self, endpoint, filters):
        """Those whose field is one of these."""
        self.asked.append(("GET", endpoint, filters))
        found = list(self.objects.values())
        for name, values in filters.items():
            found = [one for one in found if one.get(name) in (values if isinstance(values, list) else [values])]
        return found[::-1]

    def create(self, endpoint, objects):
        """Make them, all or none."""
        self.asked.append(("POST", endpoint, objects))
        if error := self.refuses("POST", objects):
            raise error
        made = [{**one, "id": max(self.objects, default=0) + number} for number, one in enumerate(objects, 1)]
        self.objects |= {one["id"]: one for one in made}
        return made

    def delete(self, endpoint, messages):
        """Delete them, all or none."""
        self.asked.append(("DELETE", endpoint, dict(messages)))
        if error := self.refuses("DELETE", messages):
            raise error
        for key in set(messages) - set(self.keeps):
            self.objects.pop(key, None)

    def may(self, method, endpoint):
        """Whether the token has the permission."""
        self.asked.append((method, endpoint, "may"))
        return "never" not in self.keeps

    def wrote(self, method):
        """What was asked for with a method."""
        return [what for one, dummy, what in self.asked if one == method and what != "may"]


MOMENT = "2026-11-23T05:00:00Z"


def test_an_object_is_read_as_a_write_would_have_it():
    client = Netbox({"id": 7, "last_updated": MOMENT, "site": {"id": 3, "slug": "x"}, "status": {"value": "active", "id": 9}, "tags": [{"id": 1}, {"x": 2}]})
    fields = {"id": 7, "last_updated": MOMENT, "site": 3, "status": "active", "tags": [1, {"x": 2}]}
    assert read_objects(client, "ipam/prefixes", [7, 8]) == {7: NetboxObject(7, 'W/"2026-11-23T05:00:00+00:00"', fields)}
    assert client.asked == [("GET", "ipam/prefixes", {"id": [7, 8]})]
    client.conditional = False
    assert read_objects(client, "ipam/prefixes", [7]) == {7: NetboxObject(7, None, fields)}


@pytest.mark.parametrize("moment", [{}, {"last_updated": None}, {"last_updated": "soon"}, {"last_updated": 5}])
def test_one_that_cannot_be_read_says_so_and_hides_no_other(moment):
    read = read_objects(Netbox({"id": 7} | moment, {"id": 8, "last_updated": MOMENT}), "ipam/prefixes", [7, 8])
    problem = "NetBox at http://netbox.test answered with an object that cannot be read, id 7: it says not when it was changed last"
    assert read[7] == NetboxObject(7, None, {"id": 7} | moment, problem) and read[8].problem is None


@pytest.mark.parametrize(
    ("value", "written"),
    [(None, None), (5, 5), ({"value": "a"}, "a"), ({"id": 3}, 3), ({"value": None, "id": 3}, None), ({"x": 1}, {"x": 1}), ([{"id": 1}, [{"id": 2}]], [1, [2]])],
)
def test_a_field_of_an_answer(value, written):
    assert written_as(value) == written


class OfTheTest(NetboxPayload):
    """So that no message names these types among those that there are."""


class Prefix(OfTheTest):
    """A prefix."""

    endpoint, noun = "ipam/prefixes", "prefix"


class Rack(OfTheTest):
    """A rack, which has statuses."""

    endpoint, noun, statuses = "dcim/racks", "rack", "planned and active"


def test_what_is_said_of_one_that_cannot_be_changed_or_seen():
    assert Prefix.unchangeable() == (
        "the token may see it, but not change it: the constraints of its permission ipam.change_prefix exclude the prefix, as it is or as it would be after "
        "the change. They must hold before and after each change"
    )
    assert Rack.unchangeable() == (
        "the token may see it, but not change it: the constraints of its permission dcim.change_rack exclude the rack, as it is or as it would be after "
        "the change. They must hold before and after each change, so for the statuses planned and active"
    )
    begins = "it is in NetBox, but the token may not see it any more: the constraints of its permission "
    assert Prefix.unseen() == f"{begins}ipam.view_prefix exclude the prefix as it is now. They must hold before and after each change"
    assert Rack.unseen() == f"{begins}dcim.view_rack exclude the rack as it is now. They must hold for the statuses planned and active"
    assert Rack.hidden(Netbox(), [1]) == set()


def test_what_is_there_twice_is_kept_once():
    client = Netbox(*({"id": key, "description": mark} for key, mark in ((1, "a"), (2, "b"), (3, "a"), (4, "a"))))
    made = create_marked(client, "ipam/prefixes", {"a": {"x": 1}, "b": {"x": 2}, "c": {"x": 3}}, at="ipam/prefixes/9/available-prefixes")
    assert made == {"a": Made({"id": 1, "description": "a"}), "b": Made({"id": 2, "description": "b"}), "c": Made(client.objects[3], is_new=True)}
    why = "an interrupted attempt had made it twice"
    assert client.asked[1:] == [
        ("DELETE", "ipam/prefixes", {3: why, 4: why}),
        ("POST", "ipam/prefixes/9/available-prefixes", [{"x": 3, "description": "c"}]),
    ]


def test_what_is_there_twice_and_cannot_be_deleted_is_in_nobodys_way():
    client = Netbox({"id": 1, "description": "a"}, {"id": 2, "description": "a"}, refuses=lambda method, objects: NetboxError("no"))
    assert create_marked(client, "ipam/prefixes", {"a": {}}) == {"a": Made({"id": 1, "description": "a"})}


def test_what_netbox_refuses_keeps_it_from_making_no_other():
    client = Netbox(refuses=lambda method, objects: NetboxRefusal("no b", {}) if any(one["description"] == "b" for one in objects) else None)
    made = create_marked(client, "ipam/prefixes", {mark: {} for mark in "abcde"})
    assert made["b"] == Made({}, error="no b") and {mark for mark, one in made.items() if one.is_new and not one.error} == set("acde")
    assert [[one["description"] for one in objects] for objects in client.wrote("POST")] == [["a", "b"], ["a"], ["b"], ["c", "d"], ["e"]]


def test_where_netbox_is_gone_all_of_the_request_say_so():
    client = Netbox(refuses=lambda method, objects: NetboxError("gone") if len(objects) == 2 else None)
    made = create_marked(client, "ipam/prefixes", {mark: {} for mark in "abc"})
    assert made["a"] == made["b"] == Made({}, error="gone") and made["c"].is_new and len(client.wrote("POST")) == 2


def objects(marks):
    """An object for each mark."""
    return [{"id": number, "description": mark} for number, mark in enumerate(marks, 1)]


def test_what_is_to_be_deleted_is_and_what_is_gone_already_is_passed_over():
    client = Netbox(*objects("abc"))
    messages = {"c": "because", "a": "since", "z": "no"}
    found = Deleted([{"id": 1, "description": "a"}, {"id": 3, "description": "c"}], {})
    assert delete_marked(client, "ipam/prefixes", messages, dry_run=True) == found and client.wrote("DELETE") == []
    assert delete_marked(client, "ipam/prefixes", messages) == found and client.wrote("DELETE") == [{1: "since", 3: "because"}]
    assert delete_marked(client, "ipam/prefixes", messages) == Deleted([], {}) and len(client.wrote("DELETE")) == 1


def test_what_netbox_does_not_delete_says_why_and_keeps_no_other():
    refuses = {2: "it is in use", 5: "no"}
    client = Netbox(
        *objects("abcdefg"), keeps=[3], refuses=lambda method, messages: next((NetboxRefusal(refuses[key], {}) for key in messages if key in refuses), None)
    )
    gone = delete_marked(client, "ipam/prefixes", dict.fromkeys("abcdefg", "x"))
    assert [one["id"] for one in gone.objects] == [1, 4, 6, 7]
    passed_over = "NetBox did not delete it; the token needs the permission ipam.delete_prefix for it"
    assert gone.errors == {"b": "it is in use", "e": "no", "c": passed_over}
    assert client.wrote("DELETE") == [{1: "x", 2: "x"}, {1: "x"}, {2: "x"}, {3: "x", 4: "x"}, {5: "x", 6: "x"}, {5: "x"}, {6: "x"}, {7: "x"}]


def test_what_is_gone_when_it_is_to_be_deleted_is_as_wanted_and_keeps_no_other():
    """The answer to an earlier attempt was lost, or a person was quicker: NetBox refuses a request of which one object is gone."""

    def refuses(method, messages):
        gone = [key for key in messages if key in (1, 2)]
        for key in gone:
            client.objects.pop(key, None)
        return NetboxRefusal("NetBox refused the change: 1 of 2 objects could not be found", {}) if gone else None

    client = Netbox(*objects("abcd"), refuses=refuses)
    assert delete_marked(client, "ipam/prefixes", dict.fromkeys("abcd", "x")) == Deleted(objects("abcd"), {})


def test_where_netbox_is_gone_each_request_is_made_once_and_all_of_it_say_so():
    client = Netbox(*objects("abcd"), refuses=lambda method, messages: NetboxError("gone") if 1 in messages else None)
    gone = delete_marked(client, "ipam/prefixes", dict.fromkeys("abcd", "x"))
    assert [one["id"] for one in gone.objects] == [3, 4] and gone.errors == {"a": "gone", "b": "gone"} and len(client.wrote("DELETE")) == 2


@pytest.mark.parametrize("deleted", [False, True])
def test_where_netbox_cannot_be_read_afterwards_what_it_said_counts(deleted):
    client = Netbox(*objects("abc"), refuses=lambda method, messages: None if deleted else NetboxError("gone") if 1 in messages else None)
    real, times = client.get, []

    def get(endpoint, filters):
        times.append(endpoint)
        if len(times) > 1:
            raise NetboxError("not any more")
        return real(endpoint, filters)

    client.get = get
    if deleted:
        with pytest.raises(NetboxError, match="not any more"):
            delete_marked(client, "ipam/prefixes", dict.fromkeys("abc", "x"))
    else:
        assert delete_marked(client, "ipam/prefixes", dict.fromkeys("abc", "x")) == Deleted(objects("abc")[2:], {"a": "gone", "b": "gone"})


def entry(number, text="", device=7):
    """An entry of a device's journal."""
    return Entry(device, f"{text} (mark {number})", "info", f"(mark {number})")


def test_entries_go_into_requests_that_netbox_takes(monkeypatch):
    monkeypatch.setattr(journal, "IN_A_REQUEST", 40)
    client = Netbox()
    client.batch_size = 3
    entries = [entry(1), entry(2), entry(3), entry(4), entry(5, "x" * 30), entry(6, "y" * 11), entry(7, "z" * 11), entry(8, "long" * 20), entry(9)]
    assert add_entries(client, "dcim.device", entries) == {}
    texts = [[one["comments"] for one in request] for request in client.wrote("POST")]
    assert [[text[-2] for text in request] for request in texts] == [["1", "2", "3"], ["4"], ["5"], ["6", "7"], ["8"], ["9"]]
    assert [len(text) for request in texts[2:4] for text in request] == [39, 20, 20]


def test_two_entries_that_fill_a_request_to_the_letter_share_it(monkeypatch):
    monkeypatch.setattr(journal, "IN_A_REQUEST", 18)
    client = Netbox()
    add_entries(client, "dcim.device", [entry(1), entry(2)])
    assert len(client.wrote("POST")) == 1
    assert client.wrote("POST") == [
        [
            {"assigned_object_type": "dcim.device", "assigned_object_id": 7, "kind": "info", "comments": " (mark 1)"},
            {"assigned_object_type": "dcim.device", "assigned_object_id": 7, "kind": "info", "comments": " (mark 2)"},
        ]
    ]


def test_an_entry_is_known_by_its_first_or_last_line():
    there = ["x (mark 1)\nlong", "long\n(mark 2)", "a\n(mark 3)\nb", "", None]
    known = [{"id": key, "assigned_object_type": "dcim.device", "assigned_object_id": 7, "comments": text} for key, text in enumerate(there, 1)]
    client = Netbox(*known)
    client.batch_size = 9
    add_entries(client, "dcim.device", [entry(1), entry(2), entry(3), entry(4, device=8)])
    assert [one["comments"] for one in client.wrote("POST")[0]] == [" (mark 3)", " (mark 4)"]
    assert client.asked[0] == ("GET", "extras/journal-entries", {"assigned_object_type": "dcim.device", "assigned_object_id": [7, 8]})


@pytest.mark.parametrize("forbidden", [False, True])
def test_of_entries_that_netbox_refuses_the_others_are_added(forbidden):
    def refuses(method, entries):
        wrong = [one["assigned_object_id"] for one in entries if one["assigned_object_id"] in (3, 4)]
        return NetboxRefusal(f"no {wrong[0]}", {}, forbidden=forbidden) if wrong else None

    client = Netbox(refuses=refuses)
    client.batch_size = 5
    entries = [entry(number, device=number) for number in range(1, 6)]
    assert add_entries(client, "dcim.device", entries) == {entries[2]: "no 3", entries[3]: "no 4"}
    asked = [[one["assigned_object_id"] for one in request] for request in client.wrote("POST")]
    assert asked == [[1, 2, 3, 4, 5], [1, 2], [3, 4, 5], [3], [4, 5], [4], [5]]
    assert (("POST", "extras/journal-entries", "may") in client.asked) is forbidden


def test_a_token_that_may_add_none_ends_it():
    client = Netbox(keeps=["never"], refuses=lambda method, entries: NetboxRefusal("needs a permission", {}, forbidden=True))
    with pytest.raises(NetboxRefusal, match="needs a permission"):
        add_entries(client, "dcim.device", [entry(1), entry(2)])
    assert len(client.wrote("POST")) == 1


class Refusing:
    """A NetBox that refuses a bulk change as the releases do: 4.7 names first what is not there; ``there`` are those that the token may change."""

    def __init__(self, there):
        self.there, self.asked = there, []

    def patch(self, endpoint, changes):
        """Refuse it."""
        ids = [change["id"] for change in changes]
        self.asked.append(ids)
        missing = {key: "no such object" for key in ids if key not in self.there}
        raise NetboxRefusal("no", missing or dict.fromkeys(ids, "status: no valid choice"), unknown=missing)


@pytest.mark.parametrize(
    ("there", "ids", "found"),
    [({1}, [1, 2], {1}), ({1, 3}, [1, 2, 3, 4], {1, 3}), (set(), [1, 2], set()), ({1}, [1, 1], {1}), ({1, 2}, [1, 2], {1, 2}), ({1}, [], set())],
)
def test_what_is_gone_does_not_hide_what_the_token_may_change_and_not_see(there, ids, found):
    client = Refusing(there)
    assert hidden(client, ids) == found and len(client.asked) <= 2


def test_an_address_that_stands_elsewhere_is_the_only_one_of_its_text():
    """On another member of the chassis, or the outside of a translation; of two in two VRFs nobody can tell which is meant."""

    def at(key, address, device):
        return {"id": key, "address": address, "device_id": device, "assigned_object": {"device": {"id": device}} if device else None}

    client = Netbox(at(1, "10.0.0.1/32", 7), at(2, "10.0.0.2/32", 8), at(3, "10.0.0.3/32", None), at(4, "10.0.0.4/32", 9), at(5, "10.0.0.4/32", None))
    wanted = {7: ["10.0.0.1/32", "10.0.0.2/32", "10.0.0.3/32", "10.0.0.4/32", "10.0.0.5/32"]}
    assert address_ids(client, wanted) == {(7, "10.0.0.1/32"): 1, (7, "10.0.0.2/32"): 2, (7, "10.0.0.3/32"): 3}
    client.asked.clear()
    assert address_ids(client, {}) == {} and client.asked == []


def test_whether_the_change_log_may_be_read_is_asked_without_reading_it():
    client = Netbox()
    check_change_log(client)
    assert client.asked == [("GET", "core/object-changes", {"id": 0})]


def test_the_schema_is_asked_for_as_json(monkeypatch):
    client, asked = NetboxClient("http://netbox.test", "0" * 40), []
    monkeypatch.setattr(client, "_send", lambda method, url, **more: asked.append((method, url, more["params"])) or answer(url))
    assert client.schema() == {"openapi": "3.0.3"} and asked == [("GET", "http://netbox.test/api/schema/", {"format": "json"})]


def answer(url):
    """NetBox's schema, as requests has it."""
    request = types.SimpleNamespace(method="GET", body=None, url=url)
    headers = {"Content-Type": "application/json", "API-Version": "4.7"}
    known = {"status_code": 200, "ok": True, "headers": headers, "content": b"{", "request": request, "raw": None, "url": url}
    return types.SimpleNamespace(**known, json=lambda: {"openapi": "3.0.3"})
