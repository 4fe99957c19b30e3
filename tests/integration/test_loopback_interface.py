# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the loopbacks are: for the engineer whose devices are managed by another address than their loopback's."""

from __future__ import annotations

import json
import uuid

import pytest

from in_process import InProcess, call_module
from lab_netbox import ipv4_of
from netbox_proxy import NetboxProxy
from stores import SqliteStore

MODIFY, TERMINATE = "nodeflow.orchestrator.modify_node", "nodeflow.orchestrator.terminate_node"
VALIDATE, RECONCILE = "nodeflow.orchestrator.validate_node", "nodeflow.orchestrator.reconcile_nodes"

ADDRESSES = "/api/ipam/ip-addresses/"


def block(play, device):
    """The product block of a device's live subscription."""
    [row] = play.rows(f"SELECT block FROM subscriptions WHERE {play.store.device_id} = {device} AND status <> 'terminated'")
    return (row["block"] if isinstance(row["block"], dict) else json.loads(row["block"]))["node"]


def loopbacks(device):
    """Addresses that no other device of the tests has."""
    return ipv4_of(device, 140) + "/32", f"2001:db8:100b::{device:x}/128"


def words(output):
    """What was put out, however it was broken into lines."""
    return " ".join(output.split())


@pytest.fixture
def managed(netbox):
    """Makes devices whose primary addresses are on Management1; the loopback's are on another interface."""

    def make(interface="Loopback0", **fields):
        device = netbox.make(interface="Management1", ipv4="/24", ipv6="/64", **fields)
        place = netbox.interface(device, interface)
        for address in loopbacks(device):
            netbox.place(address, place)
        return device

    return make


@pytest.fixture
def token_for(netbox, lab):
    """Makes a token that may only do this: the actions by the types of objects."""
    made = []

    def token(**permissions):
        name = "t-" + uuid.uuid4().hex[:12]
        user = netbox.call("POST", "users/users", {"username": name, "password": uuid.uuid4().hex + "Aa1!"})
        made.append(f"users/users/{user['id']}")
        for kind, actions in permissions.items():
            data = {"name": name + kind, "actions": actions, "object_types": [kind.replace("_", ".", 1)], "users": [user["id"]]}
            made.append(f"users/permissions/{netbox.call('POST', 'users/permissions', data)['id']}")
        new = netbox.call("POST", "users/tokens", {"user": user["id"], "version": 2})
        return f"nbt_{new['key']}.{new['token']}"

    yield token
    for path in made:
        netbox.call("DELETE", path)


@pytest.fixture
def without_addresses(token_for):
    """A token that may do all that an enrolment needs, and view no IP addresses."""
    return token_for(dcim_device=["view", "change"], core_objectchange=["view"], dcim_site=["view"])


def test_the_config_names_the_interface_that_netbox_has(play, netbox):
    names = {"cisco_ios": "Loopback7", "juniper_junos": "lo0.7", "nokia_sros": "lo-7", "frr": "dummy7", "arista_eos": "{{ 7*7 }} Loopback 7"}
    devices = [netbox.make(platform=platform, interface=name) for platform, name in names.items()]
    for device in devices[2:]:
        for field in ("primary_ip4", "primary_ip6"):
            netbox.call("PATCH", f"ipam/ip-addresses/{netbox.device(device)[field]['id']}", {"role": "loopback"})
    done = play.create(nodes=devices)
    assert done.returncode == 0, done.output
    assert "WARNING" not in done.output, done.output
    lines = done.output.splitlines()
    for wanted in ("interface Loopback7", "interface dummy7", "interface {{ 7*7 }} Loopback 7"):
        assert wanted in lines, done.output
    assert 'interfaces lo0 unit 7 description "Node' in done.output and '/configure router "Base" interface "lo-7" loopback' in lines
    assert not [line for line in lines if "Loopback0" in line or "lo0 unit 0" in line or '"system"' in line]


def test_a_primary_address_on_another_interface_is_not_put_on_the_loopback_without_a_word(play, netbox):
    device, other = netbox.make(interface="Management1", ipv4="/24", ipv6="/64"), netbox.make()
    done = play.create(nodes=[device, other])
    assert done.returncode == 0, done.output
    known = netbox.device(device)
    said = "{0} (loc1, {1}): {2} and {3} on Management1: no loopback has the primary address".format(
        known["name"], device, known["primary_ip4"]["address"], known["primary_ip6"]["address"]
    )
    assert words(done.output).count(said) == 1 and "say where with loopback_interface" in words(done.output), done.output
    config = done.output.partition(f"--- config of {known['name']}")[2].partition("--- end ---")[0]
    assert "interface Management1\n ip address " in config and "oopback" not in config.replace("loopback_interface", ""), config
    [process] = [row["process_id"] for row in done.nodes if row["device_id"] == device]
    assert play.resume(process, confirm_config=True).returncode == 0
    assert block(play, device)["ipv4_loopback"] == known["primary_ip4"]["address"]
    removed = play(TERMINATE, nodes=device)
    assert removed.returncode == 0 and "! Management1 is no loopback and stays as it is" in removed.output, removed.output
    assert "no interface" not in removed.output


def test_many_of_them_are_one_warning(play, netbox):
    devices = [netbox.make(interface="Ethernet1") for _device in range(5)]
    done = play.create(nodes=devices)
    assert done.returncode == 0, done.output
    assert words(done.output).count("no loopback has the primary address") == 1 and "5 nodes: no loopback" in words(done.output), done.output
    assert all(f"{device}): " in words(done.output) for device in devices)


def test_an_address_that_no_interface_has_is_said_to_be_so(play, netbox):
    device = netbox.make(ipv4=None, ipv6=None)
    place = netbox.interface(device, "Management1")
    inside = netbox.place(ipv4_of(device, 141) + "/32", place)
    outside = netbox.place(ipv4_of(device, 142) + "/32", None, nat_inside=inside)
    netbox.set(device, primary_ip4=outside)
    done = play.create(nodes=device, required_families=[])
    assert done.returncode == 0, done.output
    assert "(NetBox has it as the outside of the NAT of 10.141." in words(done.output) and "interface Loopback0" in done.output, done.output


def test_an_interface_of_another_member_of_the_virtual_chassis(play, netbox):
    first, second = netbox.make(), netbox.make(ipv4=None, ipv6=None)
    chassis = netbox.call("POST", "dcim/virtual-chassis", {"name": f"vc-{first}"})["id"]
    netbox.set(first, virtual_chassis=chassis, vc_position=1)
    netbox.set(second, virtual_chassis=chassis, vc_position=2)
    address = netbox.place(loopbacks(second)[0], netbox.call("GET", "dcim/interfaces", device_id=first, name="Loopback7")["results"][0]["id"])
    netbox.set(second, primary_ip4=address)
    done = play.create(nodes=second, required_families=["ipv4"])
    assert done.returncode == 0 and "interface Loopback7\n" in done.output and "WARNING" not in done.output, done.output
    matched = play.create("--check", nodes=first, loopback_interface="Loopback*")  # its own address, not the one of its neighbour
    known = netbox.device(first)
    assert "interface Loopback7\n" in matched.output and known["primary_ip4"]["address"].partition("/")[0] in matched.output, matched.output
    [process] = [row["process_id"] for row in done.nodes]
    again = play.resume(process, confirm_config=True, loopback_interface="Loopback*")
    assert again.returncode == 0 and block(play, second)["ipv4_loopback"] == loopbacks(second)[0], again.output


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_a_life_with_loopbacks_that_are_not_the_primary_addresses(play_on, netbox, managed):
    device = managed()
    given = {"loopback_interface": ["Loopback0", "lo*", "system"]}
    done = play_on.create(nodes=device, confirm_config=True, **given)
    assert done.returncode == 0 and "WARNING" not in done.output, done.output
    ipv4, ipv6 = loopbacks(device)
    assert "interface Loopback0\n description " in done.output and ipv4.partition("/")[0] in done.output and "Management1" not in done.output
    assert (block(play_on, device)["ipv4_loopback"], block(play_on, device)["ipv6_loopback"]) == (ipv4, ipv6)
    validated = play_on(VALIDATE, nodes=device, **given)
    assert validated.returncode == 0, validated.output
    without = play_on(VALIDATE, nodes=device)
    assert sorted(one["problem"] for one in without.results["validate_node"]["findings"]) == ["ipv4_loopback", "ipv6_loopback"]
    same = play_on(MODIFY, nodes=device, refresh=True, **given)
    assert (same.returncode, same.recap["changed"]) == (0, 0), same.output

    [entry] = netbox.call("GET", "ipam/ip-addresses", address=ipv4)["results"]
    new = ipv4_of(device, 143) + "/32"
    netbox.call("PATCH", f"ipam/ip-addresses/{entry['id']}", {"address": new})
    found = play_on(VALIDATE, nodes=device, **given)
    [finding] = found.results["validate_node"]["findings"]
    assert (finding["problem"], finding["store"], finding["netbox"]) == ("ipv4_loopback", ipv4, new)
    primary = netbox.device(device)["primary_ip4"]
    refused = play_on(RECONCILE, nodes=device, wins={"ipv4_loopback": "store"}, **given)
    assert refused.returncode == 2 and "see to it in NetBox that the interface has " + ipv4 in refused.message, refused.output
    assert netbox.device(device)["primary_ip4"] == primary and block(play_on, device)["ipv4_loopback"] == ipv4
    assert play_on(RECONCILE, nodes=device, **given).returncode == 0
    assert block(play_on, device)["ipv4_loopback"] == new and netbox.device(device)["primary_ip4"] == primary

    netbox.call("PATCH", f"ipam/ip-addresses/{entry['id']}", {"address": ipv4})
    refreshed = play_on(MODIFY, nodes=device, refresh=True, **given)
    assert refreshed.returncode == 0 and block(play_on, device)["ipv4_loopback"] == ipv4, refreshed.output
    ended = play_on(TERMINATE, nodes=device, **given)
    assert ended.returncode == 0 and "no interface Loopback0\n" in ended.output, ended.output


def test_what_was_begun_with_it_is_resumed_with_it(play, netbox, managed):
    device = managed(interface="Loopback3")
    play.environment["NODEFLOW_LOOPBACK_INTERFACE"] = "system, Loopback*"
    begun = play.create(nodes=device)
    assert begun.returncode == 0 and "interface Loopback3\n" in begun.output, begun.output
    del play.environment["NODEFLOW_LOOPBACK_INTERFACE"]
    resumed = play.resume(begun.nodes[0]["process_id"], confirm_config=True)
    assert resumed.returncode == 0 and resumed.nodes[0]["status"] == "completed", resumed.output
    assert block(play, device)["ipv4_loopback"] == loopbacks(device)[0]


def test_a_process_of_an_older_release_is_resumed(play, netbox):
    device = netbox.make()
    begun = play.create(nodes=device)
    [row] = play.rows("SELECT state FROM processes")
    state = json.loads(row["state"])
    del state["device"]["loopbacks"]
    play.store.write(f"UPDATE processes SET state = '{json.dumps(state)}'")
    resumed = play.resume(begun.nodes[0]["process_id"], confirm_config=True)
    assert resumed.returncode == 0 and resumed.nodes[0]["status"] == "completed", resumed.output


def test_what_lacks_an_address_there_or_has_several_is_not_enrolled(play, netbox, managed):
    bare, doubtful, clear, shared, unready = netbox.make(interface="Management1"), managed(), managed(), managed(), managed()
    extra = {}
    for device in (doubtful, clear, shared):
        place = netbox.call("GET", "dcim/interfaces", device_id=device, name="Loopback0")["results"][0]["id"]
        role = {"role": "anycast"} if device == shared else {}
        extra[device] = netbox.place(ipv4_of(device, 144) + "/32", place, **role)
    netbox.set(clear, primary_ip4=extra[clear])
    netbox.set(unready, name=None)
    done = play.create(nodes=[bare, doubtful, clear, shared, unready], confirm_config=True, loopback_interface="Loopback*")
    assert done.returncode == 2
    messages = {row["device_id"]: row["message"] for row in done.nodes if row["status"] == "failed"}
    assert "lacks an IPv4 address on an interface that matches loopback_interface (Loopback*) and an IPv6 address on" in messages[bare]
    both = f"{loopbacks(doubtful)[0]} on Loopback0 and {ipv4_of(doubtful, 144)}/32 on Loopback0"
    assert f"has several IPv4 addresses on interfaces that match loopback_interface ({both})" in messages[doubtful]
    assert "lacks a name" in messages[unready] and set(messages) == {bare, doubtful, unready}
    assert block(play, clear)["ipv4_loopback"].startswith("10.144.") and block(play, shared)["ipv4_loopback"] == loopbacks(shared)[0]
    assert {netbox.status(device) for device in messages} == {"planned"}


def test_the_first_entry_that_matches_counts(play, netbox, managed):
    device = managed(interface="Loopback1")
    netbox.place(ipv4_of(device, 145) + "/32", netbox.interface(device, "Loopback0"))
    done = play.create(nodes=device, confirm_config=True, loopback_interface="Loopback0,Loopback1")
    assert done.returncode == 0, done.output
    assert block(play, device)["ipv4_loopback"].startswith("10.145.") and block(play, device)["ipv6_loopback"] == loopbacks(device)[1]
    assert done.output.index("interface Loopback0\n") < done.output.index("interface Loopback1\n")


def test_a_device_in_service_is_adopted_with_its_loopback(play, netbox, managed):
    device = managed(status="active")
    done = play(RECONCILE, nodes=device, adopt=True, claim="store", loopback_interface="Loopback0")
    assert done.returncode == 0 and block(play, device)["ipv4_loopback"] == loopbacks(device)[0], done.output


def test_without_the_permission_the_config_names_the_usual_loopback_and_says_why(play, netbox, without_addresses):
    devices = [netbox.make() for _device in range(2)]
    play.environment["NETBOX_TOKEN"] = without_addresses
    done = play.create(nodes=devices, confirm_config=True)
    assert done.returncode == 0 and {netbox.status(device) for device in devices} == {"active"}, done.output
    assert words(done.output).count("needs the permission ipam.view_ipaddress") == 1, done.output
    assert "--- config of 2 nodes" in done.output and done.output.count("interface Loopback0\n") == 1  # the same but for what is each one's own
    assert without_addresses not in done.output
    assert play(VALIDATE, nodes=devices).returncode == 0


def test_with_the_setting_the_permission_is_needed_and_nothing_is_begun_without_it(play, netbox, managed, without_addresses):
    device = managed()
    play.environment["NETBOX_TOKEN"] = without_addresses
    done = play.create(nodes=device, confirm_config=True, loopback_interface="Loopback0")
    assert done.returncode == 2 and "needs the permission ipam.view_ipaddress; loopback_interface" in done.message, done.output
    assert netbox.status(device) == "planned" and not play.store.exists()


def test_who_does_not_ask_for_it_pays_for_no_listing(lab, netbox, tmp_path, managed):
    enrol = InProcess(lab, SqliteStore(tmp_path))
    devices = [managed() for _device in range(3)]
    assert enrol.create(nodes=devices, confirm_config=True).returncode == 0
    asked = {}
    for setting in (None, ["Loopback0"], [], [""]):
        with NetboxProxy(lab["url"]) as proxy:
            options = enrol.settings | {"netbox_url": proxy.url, "netbox_moved": True, "unenrolled": False}
            found = call_module("validate_node", options | ({"loopback_interface": setting} if setting is not None else {}))
        asked[str(setting)] = [path for _method, path in proxy.requests if path.startswith(ADDRESSES)]
        assert bool(found["findings"]) is (setting == ["Loopback0"]), found
    assert {name: len(paths) for name, paths in asked.items()} == {"None": 0, "['Loopback0']": 1, "[]": 0, "['']": 0}
