# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an approver is shown of many configs: each kind once, what is odd alone, and nothing hidden behind a mark."""

from __future__ import annotations

import ipaddress
import json
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._chunks import text_parts
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import NODE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.provide_config import own_values
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.config import Config, hash_of
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.config_groups import IN_A_TEXT, grouped, marked, shown

TEMPLATE = """\
! Node {name}, subscription {subscription}
hostname {name}
interface Loopback0
 description Node {name}
 ip address {ipv4} 255.255.255.255
 ipv6 address {ipv6}/128
 mtu 1500
"""


def own_of(device_id, name=None):
    name = f"r{device_id}" if name is None else name
    return {
        "name": name,
        "description": f"Node {name}",
        "ipv4 address": f"10.0.{device_id // 250}.{device_id % 250}",
        "ipv6 address": f"2001:db8::{device_id:x}",
        "device id": str(device_id),
        "subscription id": f"550e8400-e29b-41d4-a716-{device_id:012d}",
        "process id": f"00000000-0000-0000-0000-{device_id:012d}",
    }


def one(device_id, template=TEMPLATE, name=None, title="config of ", status="active", own=None, **put):
    own = own_of(device_id, name) if own is None else own
    values = {"name": own["name"], "ipv4": own["ipv4 address"], "ipv6": own["ipv6 address"], "subscription": own["subscription id"], "id": device_id}
    return Config(template.format(**values | put), f"{title}{label(device_id)}", f"{device_id}.cfg", {"id": device_id, "status": status}, own)


def label(device_id):
    return f"r{device_id} (loc1, {device_id})"


def groups_of(*configs):
    """The device ids of each group, in the order in which they are shown."""
    by_key = {config.file_name.removesuffix(".cfg"): config for config in configs}
    groups = grouped(by_key, {key: label(int(key)) for key in by_key})
    for group in groups:
        for key in group.keys:
            own = by_key[key].own
            assert group.pattern.filled(own) == by_key[key].text
            assert json.loads(group.covers.filled(own)) == by_key[key].covers
    return [[int(key) for key in group.keys] for group in groups]


def texts_of(*configs):
    by_key = {config.file_name.removesuffix(".cfg"): config for config in configs}
    labels = {key: label(int(key)) for key in by_key}
    return list(shown(grouped(by_key, labels), by_key, labels, NODE))


OTHER = TEMPLATE + "ntp server 192.0.2.1\n"
MANY = [one(number) for number in range(20, 30)]
HOSTS = [(1, "r1", "r1"), (2, "r 2", "r-2"), (3, "r3", "r3"), (4, "r 4", "r-4"), (5, "r5", "r5")]

SITUATIONS = {
    "all the same": ([*MANY], [list(range(20, 30))]),
    "two templates": ([one(1), one(2, OTHER), one(3), one(4, OTHER), one(5)], [[2, 4], [1, 3, 5]]),
    "an odd one comes first": ([*MANY, one(7, OTHER)], [[7], list(range(20, 30))]),
    "another netmask": ([one(1), one(2), one(3, TEMPLATE.replace("255.255.255.255", "255.255.255.0"))], [[3], [1, 2]]),
    "another prefix length": ([one(1), one(2), one(3, TEMPLATE.replace("/128", "/64"))], [[3], [1, 2]]),
    "the address of another": ([*MANY, one(1, ipv4="10.0.0.22")], [[1], list(range(20, 30))]),
    "two that swap their addresses": ([*MANY, one(1, ipv4="10.0.0.2"), one(2, ipv4="10.0.0.1")], [[1], [2], list(range(20, 30))]),
    "two that swap their addresses, alone": ([one(1, ipv4="10.0.0.2"), one(2, ipv4="10.0.0.1")], [[1], [2]]),
    "the address of the only other": ([one(1, ipv4="10.0.0.2"), one(2)], [[1], [2]]),
    "the subscription of another": ([*MANY, one(1, subscription=own_of(20)["subscription id"])], [[1], list(range(20, 30))]),
    "its id by chance, where it is odd": ([*MANY, one(100, TEMPLATE.replace("1500", "100"))], [[100], list(range(20, 30))]),
    "its id by chance, where it is right": ([*MANY, one(1500)], [[*range(20, 30), 1500]]),
    "both": ([*MANY, one(100, TEMPLATE.replace("1500", "100")), one(1500)], [[100], [*range(20, 30), 1500]]),
    "called like a keyword": ([*MANY, one(1, name="ip"), one(2, name="interface"), one(3, name="mtu")], [[*range(20, 30), 1, 2, 3]]),
    "a name in another's": ([*MANY, one(1, name="core"), one(2, name="core-1"), one(3, name="core-1.a")], [[*range(20, 30), 1, 2, 3]]),
    "a neighbour's name": ([*MANY, one(1, OTHER + "to r20\n"), one(20, OTHER + "to r20\n", name="r20")], [[20], [1], list(range(21, 30))]),
    "without a name": ([*MANY, one(1, name=" "), one(2, own=own_of(2) | {"name": ""})], [[2], [*range(20, 30), 1]]),
    "secrets": ([one(1, TEMPLATE + "key abc\n"), one(2, TEMPLATE + "key abd\n"), one(3, TEMPLATE + "key abc\n")], [[2], [1, 3]]),
    "NetBox gets another status": ([one(1), one(2), one(3, status="offline")], [[3], [1, 2]]),
    "a config and a removal": ([one(1), one(2), one(3, title="removal from ")], [[3], [1, 2]]),
    "marks of its own": ([*MANY, one(1, name="<name>"), one(2, name="<name>")], [[*range(20, 30), 1, 2]]),
    "marks of the template": ([one(1, "a <name>\n"), one(2, "a {name}\n"), one(3, "a {name}\n"), one(4, "a <name>\n")], [[1, 4], [2, 3]]),
    "a name that is its host name too": (
        [one(n, "{name} {host}\n", host=host, own=own_of(n) | {"name": name, "host name": host}) for n, name, host in HOSTS],
        [[1, 2, 3, 4, 5]],
    ),
    "two that swap their host names": (
        [one(n, "{name} {host}\n", host=f"r-{6 - n}" if n in (2, 4) else host, own=own_of(n) | {"name": name, "host name": host}) for n, name, host in HOSTS],
        [[2], [4], [1, 3, 5]],
    ),
    "nothing is its own": ([one(1, "no lo0\n"), one(2, "no lo0\n")], [[1, 2]]),
    "nothing": ([one(1, ""), one(2, ""), one(3)], [[3], [1, 2]]),
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_what_is_the_same_is_one_group_and_what_is_odd_stands_alone(situation):
    configs, expected = SITUATIONS[situation]
    latest = {config.file_name: config for config in configs}
    assert groups_of(*latest.values()) == expected


def test_the_network_of_an_address_is_a_nodes_own_too():
    def config(number):
        first, second = ipaddress.ip_interface(f"10.0.0.{2 * number + 1}/31"), ipaddress.ip_interface(f"2001:db8::{number:x}/128")
        node = SimpleNamespace(node_id=number, node_name=f"r{number}", ipv4_loopback=first, ipv6_loopback=second)
        of = SimpleNamespace(node=node, description=f"Node r{number}", subscription_id=f"550e8400-e29b-41d4-a716-{number:012d}")
        own = own_values(SimpleNamespace(subscription=of, key=f"00000000-0000-0000-0000-{number:012d}"))
        assert "ipv6 network" not in own
        return one(number, f"ip address {first}\nnetwork {first.network}\nipv6 address {second.network}\n", own=own)

    assert groups_of(*map(config, range(1, 5))) == [[1, 2, 3, 4]]
    assert "network <ipv4 network>/31" in texts_of(*map(config, range(1, 5)))[0]


@pytest.mark.parametrize(
    ("text", "own", "expected"),
    [
        ("vlan 7, 17, 70, 10.7.0.1, 1/0/7, 2001:db8::7, r7, 7.5, -7", {"id": "7"}, "vlan <id>, 17, 70, 10.7.0.1, 1/0/7, 2001:db8::7, r7, 7.5, -7"),
        ("7", {"id": "7"}, "<id>"),
        ("device 7. (7) [7] '7'", {"id": "7"}, "device <id>. (<id>) [<id>] '<id>'"),
        ("10.0.0.1 10.0.0.1/32 110.0.0.1 10.0.0.10 10.0.0.1.5 ::ffff:10.0.0.1", {"a": "10.0.0.1"}, "<a> <a>/32 110.0.0.1 10.0.0.10 10.0.0.1.5 ::ffff:10.0.0.1"),
        ("2001:db8::1/64 2001:db8::1:2 2001:db8::11 2001:db8::1: 2001:db8::1::", {"a": "2001:db8::1"}, "<a>/64 2001:db8::1:2 2001:db8::11 <a>: 2001:db8::1::"),
        ("r1 r1-a a-r1 r1.example.org x.r1 r1.5 r1_a r1, 'r1'. -r1", {"n": "r1"}, "<n> r1-a a-r1 <n>.example.org x.r1 r1.5 r1_a <n>, '<n>'. -<n>"),
        ("Node r1 of r1", {"n": "r1", "d": "Node r1"}, "<d> of <n>"),
        ("core core-1", {"n": "core-1", "h": "core"}, "<h> <n>"),
        ("r1 r1", {"n": "r1", "h": "r1"}, "<n> <n>"),
        ("a <n> r1", {"n": "r1"}, "a <n> <<n>>"),
        ("aaa a a", {"n": "a"}, "aaa <n> <n>"),
        ("ä1 ä", {"n": "ä"}, "ä1 <n>"),
    ],
)
def test_an_own_value_is_marked_where_it_stands_as_a_whole(text, own, expected):
    found = marked(text, own)
    assert str(found) == expected and found.filled(own) == text and found.fits(text, own)


VALUES = st.text(st.sampled_from("ab17.:-/ <>"), min_size=1, max_size=4)


TEXTS = st.lists(st.sampled_from(["a", "7", "b", "1.7", " ", ".", "-", "<n>", "{n}", "{i}", "{d}"]), max_size=8)


@given(st.lists(st.tuples(TEXTS, VALUES, VALUES, VALUES), max_size=8))
def test_a_groups_text_with_the_own_values_of_each_is_the_config_of_each(nodes):
    configs = {}
    for number, (parts, *values) in enumerate(nodes):
        own = dict(zip("nid", values))
        text = "".join(own[part[1]] if part[0] == "{" else part for part in parts)
        configs[str(number)] = Config(text, f"config of {label(number)}", "", {"id": own["i"]}, own)
    groups = grouped(configs, {key: label(int(key)) for key in configs})
    assert sorted(key for group in groups for key in group.keys) == sorted(configs)
    for group in groups:
        for key in group.keys:
            assert group.pattern.filled(configs[key].own) == configs[key].text
            assert json.loads(group.covers.filled(configs[key].own)) == configs[key].covers


def test_a_config_alone_is_shown_as_it_is():
    assert texts_of(one(7)) == [f"\n--- config of r7 (loc1, 7) ---\n{one(7).text}--- end ---"]


def test_a_group_says_how_many_and_what_the_marks_stand_for():
    odd, _several, listed = texts = texts_of(one(1), one(2, OTHER), one(3))
    assert odd.startswith("\n--- config of r2 (loc1, 2) ---\n! Node r2, ")
    assert texts[1] == (
        "\n--- config of 2 nodes; <description>, <subscription id>, <name>, <ipv4 address>, <ipv6 address> stand for each node's own values ---\n"
        "! <description>, subscription <subscription id>\nhostname <name>\ninterface Loopback0\n description <description>\n"
        " ip address <ipv4 address> 255.255.255.255\n ipv6 address <ipv6 address>/128\n mtu 1500\n--- end ---"
    )
    assert listed == (
        "The 2 nodes, each with its <ipv4 address>, <ipv6 address>; <description> is Node <name>:\n"
        "  r1 (loc1, 1)  10.0.0.1  2001:db8::1\n  r3 (loc1, 3)  10.0.0.3  2001:db8::3"
    )


def test_what_only_netbox_gets_is_said_where_the_configs_do_not_tell_it():
    heads = [text.splitlines()[1] for text in texts_of(one(1), one(2), one(3, status="offline")) if text.startswith("\n")]
    assert heads[0] == '--- config of r3 (loc1, 3); NetBox gets {"id": 3, "status": "offline"} ---'
    assert heads[1].endswith('own values; NetBox gets {"id": <device id>, "status": "active"} ---')


def test_descriptions_of_a_persons_own_are_listed():
    first, second = (one(number, own=own_of(number) | {"description": f"Spare {number}x"}, template="! {d}\n", d=f"Spare {number}x") for number in (1, 2))
    assert texts_of(first, second)[-1] == "The 2 nodes, each with its <description>:\n  r1 (loc1, 1)  Spare 1x\n  r2 (loc1, 2)  Spare 2x"


def test_what_is_nobodys_own_is_the_same_for_all():
    configs = [Config("no lo0\n", f"removal from {label(number)}", f"{number}.cfg") for number in (1, 2)]
    head, listed = texts_of(*configs)
    assert head == "\n--- removal from 2 nodes; the same for each node ---\nno lo0\n--- end ---" and listed == "The 2 nodes:\n  r1 (loc1, 1)\n  r2 (loc1, 2)"


def test_five_thousand_configs_are_six_things_to_read():
    templates = [TEMPLATE + "".join(f"line {line} of template {number}\n" for line in range(55)) for number in range(6)]
    configs = [one(number, templates[number % 6]) for number in range(1, 5001)]
    texts = texts_of(*configs)
    assert len([text for text in texts if text.startswith("\n---")]) == 6 and max(map(len, texts)) <= IN_A_TEXT
    assert sum(text.count("(loc1, ") for text in texts) == 5000


def test_a_config_that_is_too_long_for_one_text_comes_in_several():
    lines = "".join(f"line {number}\n" for number in range(20000))
    texts = texts_of(one(1, lines + "x" * 150_000 + "\n"))
    assert max(map(len, texts)) <= IN_A_TEXT and len(texts) > 5
    assert "".join(texts).replace("\n", "").count("x") == 150_000 and "line 19999" in "".join(texts)


@given(st.text(st.sampled_from("ab\n"), max_size=40), st.integers(1, 9))
def test_no_character_is_lost_between_two_parts(text, size):
    parts = list(text_parts(text, size))
    assert all(len(part) <= size for part in parts) and "".join(parts).replace("\n", "") == text.replace("\n", "")


def test_the_hash_is_of_what_waits_in_whatever_order():
    first, second = one(1), one(2)
    known = hash_of({"a": first, "b": second})
    assert known == hash_of({"b": second, "a": first}) and len(known) == 64 and hash_of({}) is None
    others = [{"a": first}, {"a": second, "b": first}, {"a": first, "b": one(2, status="offline")}, {"a": first, "b": one(2, OTHER)}]
    assert len({hash_of(other) for other in others} | {known}) == 5
