# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The step list from end to end: for the engineer who enrols a router, and for the one who does it again by mistake."""

from __future__ import annotations

import json

import pytest

from netbox_proxy import NetboxProxy
from stores import SqliteStore, device_id_of

STEPS = [
    "initial_input_form",
    "construct_node_model",
    "store_process_subscription",
    "fetch_ip_address_information",
    "set_status",
    "provide_config_to_user",
    "set_node_to_active",
    "update_node_in_netbox",
    "done",
]


def test_one_node_goes_through_the_step_list(play, netbox):
    device = netbox.make()
    done = play.create(nodes=device, confirm_config=True)
    assert done.returncode == 0, done.output
    assert [name for name in done.results if name in STEPS] == STEPS
    assert netbox.status(device) == "active"
    [subscription] = play.rows("SELECT * FROM subscriptions")
    assert (subscription["status"], subscription["insync"], device_id_of(subscription)) == ("active", 1, device)
    block = json.loads(subscription["block"])["node"]
    known = netbox.device(device)
    assert block == {
        "node_id": device,
        "node_name": known["name"],
        "node_status": "active",
        "ipv4_loopback": known["primary_ip4"]["address"],
        "ipv6_loopback": known["primary_ip6"]["address"],
    }
    assert subscription["description"] == "Node " + known["name"]
    [process] = play.rows("SELECT * FROM processes")
    assert (process["status"], process["step"], process["run_id"], process["subscription_id"]) == (
        "completed",
        None,
        None,
        subscription["subscription_id"],
    )
    log = play.rows("SELECT step, status FROM process_steps ORDER BY process_step_id")
    assert [(line["step"], line["status"]) for line in log] == [(name.partition(" ")[0], "success") for name in STEPS[2:]]
    assert [message for message in netbox.messages(device) if message] == ["nodeflow.orchestrator create_node, process " + process["process_id"]] * 2


def test_the_second_run_changes_nothing_and_says_who_has_it(play, netbox):
    device = netbox.make()
    play.create(nodes=device, confirm_config=True)
    before, rows = netbox.device(device), play.rows("SELECT * FROM subscriptions")
    again = play.create(nodes=device, confirm_config=True)
    assert (again.returncode, again.recap["changed"], again.recap["failed"]) == (0, 0, 0)
    assert "is enrolled already: subscription " + rows[0]["subscription_id"] in again.output
    assert netbox.device(device) == before
    assert play.rows("SELECT * FROM subscriptions") == rows


def test_one_enrolment_is_five_requests(play, netbox, lab):
    device = netbox.make()
    with NetboxProxy(lab["url"]) as proxy:
        done = play.create(nodes=device, confirm_config=True, netbox_url=proxy.url)
    assert done.returncode == 0, done.output
    asked = [(method, path.split("?")[0].removeprefix("/api/")) for method, path in proxy.requests]
    devices, addresses = "dcim/devices/", "ipam/ip-addresses/"  # NetBox's device does not tell the interfaces of its primary addresses
    assert asked == [("GET", devices), ("PATCH", devices), ("GET", devices), ("GET", addresses), ("PATCH", devices)]


@pytest.mark.parametrize(
    "situation",
    ["id", "text", "name", "name and site", "list", "filter", "filter and all_planned", "nodes and filter", "process of a string with commas"],
)
def test_ways_to_choose(play, netbox, situation):
    first, second = netbox.make(site="loc1"), netbox.make(site="loc1")
    names = [netbox.device(device)["name"] for device in (first, second)]
    by_name = {"name": [names[0]]}
    variables, expected = {
        "id": ({"nodes": first}, {first}),
        "text": ({"nodes": str(first)}, {first}),
        "name": ({"nodes": names[0]}, {first}),
        "name and site": ({"nodes": [{"name": names[0], "site": "loc1"}]}, {first}),
        "list": ({"nodes": [first, names[1], first]}, {first, second}),
        "filter": ({"device_filter": by_name}, {first}),
        "filter and all_planned": ({"device_filter": by_name, "all_planned": True}, {first}),
        "nodes and filter": ({"nodes": [first, second], "device_filter": {"site": "loc1"}}, {first, second}),
        "process of a string with commas": ({"nodes": f"{names[0]}, {second}"}, {first, second}),
    }[situation]
    done = play.create("--check", **variables)
    assert done.returncode == 0, done.output
    assert {row["device_id"] for row in done.nodes} == expected


def test_all_planned_takes_the_first_so_many_and_not_those_that_are_claimed(play, netbox):
    mark = "allplanned-" + netbox.device(netbox.make(status="offline"))["name"]
    devices = [netbox.make(name=f"{mark}-{number}") for number in range(4)]
    only = {"name__isw": mark}
    first = play.create(device_filter=only, all_planned=True, max_nodes=2, claim="store")  # suspended: still planned in NetBox, but ours
    assert [row["device_id"] for row in first.nodes] == devices[:2]
    second = play.create("--check", device_filter=only, all_planned=True)
    assert [row["device_id"] for row in second.nodes] == devices[2:]


def test_a_bad_node_stops_one_node(play, netbox):
    good, unnamed = netbox.make(), netbox.make(name=None)
    only_ipv4, nothing, offline = netbox.make(ipv6=None), netbox.make(ipv4=None, ipv6=None), netbox.make(status="offline")
    twice = netbox.device(netbox.make(site="loc1"))["name"]
    netbox.make(name=twice, site="loc2")
    nodes = [good, unnamed, only_ipv4, nothing, offline, twice, "no-such-device", 99999999]
    done = play.create(nodes=nodes, confirm_config=True)
    assert done.returncode == 2
    assert netbox.status(good) == "active"
    for sentence in (
        f"unnamed device (loc1, {unnamed}) lacks a name",
        "lacks a primary IPv6 address: add it in NetBox",
        "lacks a primary IPv4 address and a primary IPv6 address",
        "has the status offline in NetBox and no subscription here",
        f"{twice} is the name of 2 devices in NetBox",
        "NetBox has no device no-such-device",
        "NetBox has no device with the id 99999999",
    ):
        assert sentence in done.message, done.message
    assert "8 nodes: 1 completed, 7 failed" in done.message
    assert [device_id_of(row) for row in play.rows("SELECT block FROM subscriptions")] == [good]
    for device in (unnamed, only_ipv4, nothing):
        assert netbox.status(device) == "planned"


def test_names_that_are_missing_repeated_or_foreign_do_not_disturb_the_listing(play, netbox):
    netbox.make(name=None)
    foreign = netbox.make(name=f"東京-コア-{netbox.make(name=None)}")
    done = play.create(nodes=netbox.device(foreign)["name"], confirm_config=True)
    assert done.returncode == 0, done.output
    assert netbox.status(foreign) == "active"


@pytest.mark.parametrize(
    ("families", "ipv4", "ipv6", "enrols"),
    [
        (["ipv4"], "/24", None, True),
        (["ipv6"], None, "/64", True),
        ([], None, None, True),
        (["ipv4"], None, "/128", False),
    ],
)
def test_required_families_are_a_setting(play, netbox, families, ipv4, ipv6, enrols):
    device = netbox.make(ipv4=ipv4, ipv6=ipv6)
    done = play.create(nodes=device, confirm_config=True, required_families=families)
    assert (done.returncode == 0) is enrols, done.output
    if enrols:
        block = json.loads(play.rows("SELECT block FROM subscriptions")[0]["block"])["node"]
        primary = [(netbox.device(device)[field] or {}).get("address") for field in ("primary_ip4", "primary_ip6")]
        assert [block["ipv4_loopback"], block["ipv6_loopback"]] == primary
        assert [address is None for address in primary] == [ipv4 is None, ipv6 is None]
    else:
        assert not play.store.exists()


def test_check_mode_shows_everything_and_changes_nothing(play, netbox):
    device = netbox.make()
    before = netbox.device(device)
    done = play.create("--check", "--diff", nodes=device)
    assert done.returncode == 0, done.output
    assert netbox.device(device) == before
    assert not play.store.exists()
    shown = {name: result.get("diff") for name, result in done.results.items()}
    created = shown["store_process_subscription"][0]["after"]["subscription"]
    assert (created["status"], created["insync"], created["node"]["node_id"]) == ("initial", False, device)
    assert shown["store_process_subscription"][1]["after"]["netbox"] == {"status": "staged"}
    assert shown["fetch_ip_address_information"][0]["after"]["subscription"]["node.ipv4_loopback"] == before["primary_ip4"]["address"]
    assert shown["set_status"][0]["after"]["subscription"]["status"] == "provisioning"
    assert shown["update_node_in_netbox"][0]["before"]["netbox"] == {"status": "staged"}
    assert shown["update_node_in_netbox"][0]["after"]["netbox"] == {"status": "active"}
    assert shown["done"][0]["after"]["subscription"]["status"] == "active"
    assert "--- config of " + before["name"] in done.output


def test_check_mode_promises_what_the_run_then_does(play, netbox):
    device = netbox.make()
    promised, done = play.create("--check", "--diff", nodes=device, confirm_config=True), play.create("--diff", nodes=device, confirm_config=True)

    def of_netbox_and_node(played):
        """What each step says that it changes in NetBox, and of the node."""
        after = [change["after"] for result in played.results.values() for change in result.get("diff") or []]
        return [
            (one.get("netbox"), {name: value for name, value in one.get("subscription", {}).items() if name.startswith("node.") or name == "status"})
            for one in after
        ]

    assert of_netbox_and_node(promised) == of_netbox_and_node(done)
    assert promised.recap == done.recap


def test_the_store_decides_where_it_is_told_to(play, netbox):
    device = netbox.make()
    done = play.create(nodes=device, claim="store")
    assert done.returncode == 0 and netbox.status(device) == "planned"
    resumed = play.resume(done.nodes[0]["process_id"], confirm_config=True)
    assert resumed.returncode == 0, resumed.output
    assert netbox.status(device) == "active"
    assert len([message for message in netbox.messages(device) if message]) == 1


def test_two_machines_at_once_enrol_a_device_once(play, netbox, tmp_path):
    device = netbox.make()
    stores = [SqliteStore(tmp_path / name) for name in ("one", "two")]
    runs = [
        play.start("nodeflow.orchestrator.create_node", environment={"NODEFLOW_STORE": store.location}, nodes=device, confirm_config=True)
        for store in stores
    ]
    ended = [play.finish(run) for run in runs]
    assert netbox.status(device) == "active"
    live = [row for store in stores if store.exists() for row in store.rows("SELECT * FROM subscriptions WHERE status != 'terminated'")]
    assert len(live) == 1, [run.output for run in ended]
    assert len([message for message in netbox.messages(device) if message]) == 2  # one claim and one update


def test_many_nodes_are_as_many_tasks_as_one(play, netbox):
    mark = "many-" + netbox.device(netbox.make(status="offline"))["name"]
    devices = [netbox.make(name=f"{mark}-{number}") for number in range(12)]
    done = play.create(device_filter={"name__isw": mark}, confirm_config=True)
    assert done.returncode == 0, done.output
    assert done.recap["ok"] == 10
    assert "12 nodes: 12 completed" in done.output
    assert {netbox.status(device) for device in devices} == {"active"}


def test_a_postgresql_database_is_a_store_that_needs_no_claim_in_netbox(play, netbox, postgresql):
    devices = [netbox.make(), netbox.make()]
    play.store = postgresql
    done = play.create(nodes=devices, confirm_config=True)
    assert done.returncode == 0, done.output
    assert [len([message for message in netbox.messages(device) if message]) for device in devices] == [1, 1]  # the update alone
    again = play.create(nodes=devices, confirm_config=True)
    assert (again.returncode, again.recap["changed"]) == (0, 0)
    assert play.rows("SELECT status, insync FROM subscriptions") == [{"status": "active", "insync": True}] * 2
