# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a process makes in NetBox is made once and given back, whatever happens to the answers, on the real NetBox."""

from __future__ import annotations

import ipaddress
import random
import uuid

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NetboxError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.allocate import allocate_prefixes, prefix_id
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.client import NetboxClient
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.marked import create_marked, delete_marked, find_marked
from netbox_proxy import Answer, NetboxProxy, NoAnswer

PREFIXES = "ipam/prefixes"


@pytest.fixture
def client(lab):
    return NetboxClient(lab["url"], lab["tokens"]["admin"], retries=0)


@pytest.fixture
def pool(netbox):
    """A new /28, which has eight /31; its network and id."""
    network = ipaddress.ip_network((11 << 24 | random.randrange(1 << 20) << 4, 28))
    made = netbox.call("POST", PREFIXES, {"prefix": str(network), "status": "container"})
    yield network, made["id"]
    inside = netbox.call("GET", PREFIXES, within_include=str(network), limit=100)["results"]
    netbox.call("DELETE", PREFIXES, [{"id": one["id"]} for one in inside])


@pytest.fixture
def marks():
    """Three marks that nothing has."""
    return [f"test {uuid.uuid4()} {number}" for number in range(3)]


def messages(marks):
    return dict.fromkeys(marks, "a test")


def test_each_is_taken_once_and_given_back(client, netbox, pool, marks):
    network, key = pool
    assert prefix_id(client, str(network)) == key
    predicted = allocate_prefixes(client, key, 31, messages(marks), dry_run=True)
    assert netbox.call("GET", PREFIXES, within=str(network))["count"] == 0
    first = allocate_prefixes(client, key, 31, messages(marks))
    assert [first[mark].object["prefix"] for mark in marks] == [str(one) for one in network.subnets(new_prefix=31)][:3]
    assert {mark: made.object["prefix"] for mark, made in predicted.items()} == {mark: made.object["prefix"] for mark, made in first.items()}
    again = allocate_prefixes(client, key, 31, messages(marks))
    assert [again[mark].object["id"] for mark in marks] == [first[mark].object["id"] for mark in marks]
    assert [made.is_new for made in (*first.values(), *again.values())] == [True] * 3 + [False] * 3
    [entry] = netbox.call("GET", "core/object-changes", changed_object_type="ipam.prefix", changed_object_id=first[marks[0]].object["id"])["results"]
    assert entry["message"] == "a test"
    assert len(delete_marked(client, PREFIXES, messages(marks[:2]), dry_run=True).objects) == 2
    gone = delete_marked(client, PREFIXES, messages(marks[:2]))
    assert ([one["description"] for one in gone.objects], gone.errors) == (marks[:2], {})
    assert delete_marked(client, PREFIXES, messages(marks[:2])) == ([], {})
    assert set(find_marked(client, PREFIXES, marks)) == {marks[2]}


def test_where_too_few_are_left_some_get_one_and_the_others_the_reason(client, pool, marks):
    _network, key = pool
    allocate_prefixes(client, key, 29, messages([f"{mark} taken" for mark in marks[:1]]))
    for length, left in ((30, 2), (31, 0)):
        made = allocate_prefixes(client, key, length, messages([f"{mark} {length}" for mark in marks]))
        assert [bool(one.error) for one in made.values()] == [False] * left + [True] * (3 - left), made
        predicted = allocate_prefixes(client, key, length, messages([f"{mark} {length} more" for mark in marks]), dry_run=True)
        assert [one.error for one in predicted.values()] == ["none is free"] * 3


def test_one_that_netbox_refuses_keeps_no_other_from_being_made(client, netbox, marks):
    host = ipaddress.ip_address(random.randrange(11 << 24, 12 << 24))
    data = {marks[0]: {"address": f"{host}/32"}, marks[1]: {"address": "no address"}, marks[2]: {"address": f"{host + 1}/32"}}
    made = create_marked(client, "ipam/ip-addresses", data)
    assert [bool(made[mark].error) for mark in marks] == [False, True, False], made
    assert "Invalid IP address format: no address" in made[marks[1]].error
    delete_marked(client, "ipam/ip-addresses", messages(marks))


def test_what_an_answer_was_lost_of_is_not_made_again(lab, client, netbox, pool, marks):
    network, key = pool
    with NetboxProxy(lab["url"]) as proxy:

        def fault(method, path, forward):
            answer = forward()
            return NoAnswer.CLOSED if method == "POST" else answer

        proxy.fault = fault
        cut = NetboxClient(proxy.url, lab["tokens"]["admin"], retries=0)
        made = allocate_prefixes(cut, key, 31, messages(marks))
        assert all(one.error for one in made.values())
    again = allocate_prefixes(client, key, 31, messages(marks))
    assert [one.is_new for one in again.values()] == [False] * 3
    assert netbox.call("GET", PREFIXES, within=str(network))["count"] == 3


def test_what_was_made_twice_is_there_once_afterwards(client, netbox, pool, marks):
    network, key = pool
    for _attempt in range(2):
        netbox.call("POST", f"{PREFIXES}/{key}/available-prefixes", {"prefix_length": 31, "description": marks[0]})
    made = allocate_prefixes(client, key, 31, messages(marks[:1]))
    assert made[marks[0]].object["prefix"] == str(next(network.subnets(new_prefix=31)))
    assert netbox.call("GET", PREFIXES, within=str(network))["count"] == 1


def test_a_pool_must_be_there_exactly_once(client, pool):
    network, _key = pool
    with pytest.raises(NetboxError, match=r"has no prefixes 11\.255\.255\.0/30; one is needed"):
        prefix_id(client, "11.255.255.0/30")
    assert prefix_id(client, str(network))


def test_what_the_token_may_not_delete_is_told_and_the_others_are_gone(lab, client, netbox, pool, marks):
    _network, key = pool
    allocate_prefixes(client, key, 31, messages(marks))
    with NetboxProxy(lab["url"]) as proxy:

        def fault(method, path, forward):
            if method != "DELETE":
                return forward()
            refused.append(path)
            return Answer(409, {"Content-Type": "application/json", "API-Version": "4.7"}, b'{"detail": "protected"}') if len(refused) < 3 else forward()

        refused = []
        proxy.fault = fault
        done = delete_marked(NetboxClient(proxy.url, lab["tokens"]["admin"], retries=0), PREFIXES, messages(marks))
    assert len(done.objects) == 2 and list(done.errors) == [marks[0]] and "protected" in done.errors[marks[0]]
    assert set(find_marked(client, PREFIXES, marks)) == {marks[0]}


def test_what_netbox_passes_over_is_not_called_deleted(lab, client, pool, marks):
    _network, key = pool
    allocate_prefixes(client, key, 31, messages(marks))
    with NetboxProxy(lab["url"]) as proxy:
        proxy.fault = lambda method, path, forward: Answer(204, {"API-Version": "4.7"}, b"") if method == "DELETE" else forward()
        done = delete_marked(NetboxClient(proxy.url, lab["tokens"]["admin"], retries=0), PREFIXES, messages(marks))
    assert done.objects == [] and set(done.errors) == set(marks)
    assert "the token needs the permission ipam.delete_prefix for it" in done.errors[marks[0]]
