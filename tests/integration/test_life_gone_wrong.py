# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Choices that mean less than they seem to, devices that vanish, and other people at work, while enrolled nodes are changed."""

from __future__ import annotations

import json

import pytest

from in_process import call_module, take_into_service
from lab_netbox import ipv4_of
from netbox_proxy import NetboxProxy
from player import Player
from stores import SqliteStore, device_id_of

MODIFY, TERMINATE = "nodeflow.orchestrator.modify_node", "nodeflow.orchestrator.terminate_node"
VALIDATE, RECONCILE = "nodeflow.orchestrator.validate_node", "nodeflow.orchestrator.reconcile_nodes"


@pytest.fixture
def enrolled(play, netbox):
    """Return the ids of so many devices that were enrolled into an SQLite store."""

    def some(count=1, **variables):
        devices = [netbox.make() for _device in range(count)]
        take_into_service(play, *devices, **variables)
        return devices

    return some


def lifecycles(play):
    """The lifecycle of each device's subscription, and whether it is in sync."""
    return {device_id_of(row): (row["status"], bool(row["insync"])) for row in play.rows("SELECT * FROM subscriptions")}


def remove(netbox, device):
    netbox.call("DELETE", f"dcim/devices/{device}")


def test_a_device_that_the_filter_leaves_out_is_left_alone(play, netbox, enrolled):
    inside, outside = enrolled(2)
    netbox.set(inside, site=netbox.call("GET", "dcim/sites", slug="loc2")["results"][0]["id"])
    chosen = {"nodes": [inside, outside], "device_filter": {"site": "loc2"}}
    done = play(TERMINATE, confirm_config=True, **chosen)
    assert done.returncode == 2 and "that the device_filter leaves" in done.message, done.output
    assert lifecycles(play) == {inside: ("terminated", True), outside: ("active", True)} and netbox.status(outside) == "active"
    for playbook in (VALIDATE, RECONCILE):
        refused = play(playbook, nodes=[outside], device_filter={"site": "loc2"}, **({"device_gone": "terminate"} if playbook == RECONCILE else {}))
        assert refused.returncode == 2 and "that the device_filter leaves" in refused.message, refused.output
    assert lifecycles(play)[outside] == ("active", True)
    [key] = [row["subscription_id"] for row in play.rows("SELECT * FROM subscriptions WHERE status = 'active'")]
    both = play(MODIFY, subscription_ids=key, device_filter={"site": "loc2"}, note="x")
    assert both.returncode == 2 and "leave device_filter out" in both.message


def test_a_name_that_several_devices_have_is_never_guessed(play, netbox, enrolled):
    [device] = enrolled()
    name = netbox.device(device)["name"]
    netbox.make(name=name, site="loc2")
    done = play(TERMINATE, nodes=name, confirm_config=True)
    assert done.returncode == 2 and "is the name of 2 devices" in done.message and lifecycles(play)[device] == ("active", True)


def test_a_device_that_is_gone_is_terminated_once_however_it_is_named(play, netbox, enrolled):
    [device] = enrolled()
    name = netbox.device(device)["name"]
    remove(netbox, device)
    for playbook, variables in ((MODIFY, {"note": "x"}), (MODIFY, {"refresh": True})):
        done = play(playbook, nodes=device, **variables)
        assert done.returncode == 2 and "terminate its subscription with terminate_node" in done.message, done.output
    assert lifecycles(play)[device] == ("active", True) and len(play.rows("SELECT * FROM processes")) == 1
    done = play(TERMINATE, nodes=[device, name], confirm_config=True)
    assert done.returncode == 0 and lifecycles(play)[device] == ("terminated", True), done.output
    play.store.write("UPDATE subscriptions SET end_date = NULL")  # as an orchestrator may have it
    again = play(TERMINATE, subscription_ids=[row["subscription_id"] for row in play.rows("SELECT * FROM subscriptions")])
    assert (again.returncode, again.recap["changed"]) == (0, 0) and "was terminated: subscription" in again.output, again.output


def test_a_device_that_vanishes_at_the_last_moment(play, netbox, lab, enrolled):
    devices = enrolled(2)
    left = [devices[0]]

    def fault(method, path, forward):
        if method == "PATCH" and left:
            remove(netbox, left.pop(0))
        return forward()

    with NetboxProxy(lab["url"], fault) as proxy:
        moved = {"netbox_url": proxy.url, "netbox_moved": True}
        done = play(TERMINATE, nodes=devices[0], confirm_config=True, **moved)
        assert done.returncode == 0 and lifecycles(play)[devices[0]] == ("terminated", True), done.output
        left.append(devices[1])
        done = play(MODIFY, nodes=devices[1], node_status="offline", **moved)
    assert done.returncode == 2 and "is not in NetBox any more, or the token may not see it; end this process with" in done.message, done.output
    [process] = play.rows("SELECT * FROM processes WHERE status = 'failed'")
    assert play("nodeflow.orchestrator.abort", process_ids=process["process_id"], netbox_moved=True).returncode == 0
    assert play(TERMINATE, nodes=devices[1], confirm_config=True).returncode == 0
    assert lifecycles(play)[devices[1]] == ("terminated", True)


@pytest.mark.parametrize("field", ["status", "primary_ip4"])
def test_a_conflict_says_both_ways_on(play, netbox, lab, enrolled, field):
    [device] = enrolled()
    address = ipv4_of(device, 97) + "/32"
    if field == "primary_ip4":
        netbox.address(device, primary_ip4=ipv4_of(device, 98) + "/32")
        run = (RECONCILE, {"wins": {"ipv4_loopback": "store"}})
    else:
        run = (MODIFY, {"node_status": "offline"})

    def fault(method, path, forward):
        if method == "PATCH":
            proxy.fault = None
            if field == "status":
                netbox.set(device, status="failed")
            else:
                netbox.address(device, primary_ip4=address)
        return forward()

    with NetboxProxy(lab["url"], fault) as proxy:
        done = play(run[0], nodes=device, netbox_url=proxy.url, netbox_moved=True, **run[1])
    assert done.returncode == 2 and f"its {field} was changed in NetBox meanwhile" in done.message, done.output
    assert "nodeflow.orchestrator.resume -e" in done.message and "nodeflow.orchestrator.abort -e" in done.message
    found = netbox.device(device)
    assert found["status"]["value"] == "failed" if field == "status" else found["primary_ip4"]["address"] == address


def test_a_repair_that_is_resumed_does_not_undo_what_somebody_decided_meanwhile(play, netbox, lab, enrolled):
    [device] = enrolled()
    netbox.set(device, status="planned")
    with NetboxProxy(lab["url"], lambda method, path, forward: None if method == "PATCH" else forward()) as proxy:
        moved = {"netbox_url": proxy.url, "netbox_moved": True, "netbox_retries": 0}
        assert play(RECONCILE, nodes=device, **moved).returncode == 2
    netbox.set(device, status="decommissioning")
    again = play("nodeflow.orchestrator.resume", status="failed", netbox_moved=True)
    assert again.returncode == 2 and "its status was changed in NetBox meanwhile, from planned to decommissioning" in again.message, again.output
    assert netbox.status(device) == "decommissioning"
    netbox.set(device, status="planned")
    done = play("nodeflow.orchestrator.resume", status="failed")
    assert done.returncode == 0 and netbox.status(device) == "active", done.output


def test_the_subscription_that_was_named_is_kept_and_no_other_is_guessed(play, netbox, enrolled):
    [device] = enrolled()
    [first] = [row["subscription_id"] for row in play.rows("SELECT * FROM subscriptions")]
    second = "ffffffff-0000-4000-8000-000000000000"
    columns = "product, customer_id, status, insync, description, note, start_date, end_date, version, block"
    play.store.write(
        f"INSERT INTO subscriptions SELECT '{second}', {columns} FROM subscriptions"
    )
    wrong = play(RECONCILE, nodes=device, keep={device: "ffffffff-0000-4000-8000-000000000001"})
    assert wrong.returncode == 2 and "which is no subscription of it" in wrong.message, wrong.output
    play.store.write(f"UPDATE subscriptions SET status = 'provisioning' WHERE subscription_id = '{second}'")
    never = play(RECONCILE, nodes=device, keep={device: second})
    assert never.returncode == 2 and "was never active, so it cannot be kept" in never.message, never.output
    play.store.write(f"UPDATE subscriptions SET status = 'active' WHERE subscription_id = '{second}'")
    done = play(RECONCILE, nodes=device, keep={device: second})
    assert done.returncode == 0, done.output
    statuses = {row["subscription_id"]: row["status"] for row in play.rows("SELECT * FROM subscriptions")}
    assert statuses == {first: "terminated", second: "active"}
    again = play(RECONCILE, nodes=device, keep={device: second})
    assert (again.returncode, again.recap["changed"]) == (0, 0), again.output


def test_a_device_that_was_set_free_and_enrolled_elsewhere_is_not_set_free_again(lab, play, netbox, enrolled, tmp_path):
    [device] = enrolled()

    def answer_lost(method, path, forward):
        answer = forward()
        return None if method == "PATCH" else answer

    with NetboxProxy(lab["url"], answer_lost) as proxy:
        moved = {"netbox_url": proxy.url, "netbox_moved": True, "netbox_retries": 0}
        assert play(TERMINATE, nodes=device, confirm_config=True, node_status="planned", **moved).returncode == 2
    assert netbox.status(device) == "planned"
    other = Player(lab, tmp_path, SqliteStore(tmp_path / "other"))
    assert other.create(nodes=device, confirm_config=True).returncode == 0
    done = play("nodeflow.orchestrator.resume", status="failed", netbox_moved=True)
    assert done.returncode == 0 and lifecycles(play) == {device: ("terminated", True)}, done.output
    assert netbox.status(device) == "active" and lifecycles(other) == {device: ("active", True)}


def test_a_device_that_was_enrolled_elsewhere_while_its_answer_was_lost_is_not_set_free_again(lab, play, netbox, enrolled, tmp_path):
    """Within one run, which writes again what it does not know to be done."""
    [device] = enrolled()
    other = Player(lab, tmp_path, SqliteStore(tmp_path / "other"))
    enrolments = []

    def answer_lost(method, path, forward):
        answer = forward()
        if method != "PATCH" or enrolments:
            return answer
        enrolments.append(other.create(nodes=device, confirm_config=True))
        return None

    with NetboxProxy(lab["url"], answer_lost) as proxy:
        done = play(TERMINATE, nodes=device, confirm_config=True, node_status="planned", netbox_url=proxy.url, netbox_moved=True)
    assert [one.returncode for one in enrolments] == [0], enrolments[0].output
    assert done.returncode == 0 and lifecycles(play) == {device: ("terminated", True)}, done.output
    assert netbox.status(device) == "active" and lifecycles(other) == {device: ("active", True)}


def test_what_other_runs_did_while_it_was_looked_at_is_no_finding(play, netbox, lab, enrolled):
    ended, kept = enrolled(2)
    netbox.set(kept, status="failed")

    def meanwhile(method, path, forward):
        answer = forward()
        if method == "GET" and "dcim/devices" in path and not done:
            done.append(play(TERMINATE, nodes=ended, confirm_config=True, netbox_moved=True))
            return forward()
        return answer

    done = []
    with NetboxProxy(lab["url"], meanwhile) as proxy:
        looked = play(VALIDATE, nodes=[ended, kept], netbox_url=proxy.url, netbox_moved=True)
    assert done[0].returncode == 0, done[0].output
    assert [one["device_id"] for one in looked.results["validate_node"]["findings"]] == [kept], looked.output


def test_one_wrong_entry_does_not_keep_the_others_from_being_repaired(play, netbox, enrolled):
    [device] = enrolled()
    netbox.set(device, status="planned")
    looked = play(VALIDATE, nodes=["no-such-device", device, 2000000000])
    assert looked.returncode == 2 and "no-such-device" in looked.message and "2000000000" in looked.message, looked.output
    done = play(RECONCILE, nodes=["no-such-device", device])
    assert done.returncode == 2 and "NetBox has no device no-such-device" in done.output and "1 completed, 1 failed" in done.output, done.output
    assert netbox.status(device) == "active"


def test_a_store_that_knows_no_address_can_win(play, netbox):
    device = netbox.make(ipv6=None)
    assert play.create(nodes=device, confirm_config=True, required_families=["ipv4"]).returncode == 0
    netbox.address(device, primary_ip6=f"2001:db8:96::{device:x}/128")
    wins = {"ipv6_loopback": "store"}
    done = play(RECONCILE, nodes=device, wins=wins)
    assert done.returncode == 0 and netbox.device(device)["primary_ip6"] is None, done.output
    again = play(RECONCILE, nodes=device, wins=wins)
    assert (again.returncode, again.recap["changed"]) == (0, 0), again.output


def test_a_device_that_lost_its_name_fails_before_anything_is_stored(play, netbox, enrolled):
    [device] = enrolled()
    netbox.set(device, name=None)
    done = play(RECONCILE, nodes=device)
    assert done.returncode == 2 and "NetBox has no name for it" in done.message, done.output
    assert lifecycles(play)[device] == ("active", True) and len(play.rows("SELECT * FROM processes")) == 1
    assert play(RECONCILE, nodes=device, wins={"name": "store"}).returncode == 0
    assert netbox.device(device)["name"]


def test_what_was_changed_after_it_was_looked_at_is_not_changed_on_that_ground(play, netbox, lab, enrolled):
    [device] = enrolled()
    settings = {"netbox_url": lab["url"], "netbox_token": lab["tokens"]["operator"], "store": play.store.location}
    chosen = {"workflow": "terminate_node", "nodes": [device]}
    rows = call_module("subscription_form", settings | chosen)["nodes"]
    assert play(MODIFY, nodes=device, note="by somebody else").returncode == 0
    [row] = call_module("store_process_subscription", settings | {"nodes": rows})["nodes"]
    assert row["status"] == "failed" and "was changed meanwhile; run again" in row["message"]
    assert lifecycles(play)[device] == ("active", True)


def test_adoption_on_a_store_of_ones_own_must_be_meant(play, netbox):
    device = netbox.make(status="active")
    assert play.create(nodes=netbox.make(), confirm_config=True).returncode == 0
    refused = play(RECONCILE, nodes=device, adopt=True)
    assert refused.returncode == 2 and "say so with claim=store" in refused.message
    assert device not in lifecycles(play)


def test_a_lab_is_not_reset_while_a_run_works(play, netbox, enrolled):
    [device] = enrolled()
    play.store.write("UPDATE processes SET status = 'running', run_id = 'r', lease_until = '9999-01-01 00:00:00.000000'")
    for arguments in ((), ("--check",)):
        done = play("nodeflow.orchestrator.reset", *arguments, confirm=True)
        assert done.returncode == 2 and "works on process" in done.message, done.output
    assert netbox.status(device) == "active"


def test_a_store_of_another_netbox_is_not_emptied_for_a_lab(play, netbox, enrolled):
    [device] = enrolled()
    play.store.write("UPDATE nodeflow_store SET value = 'https://netbox.example.org' WHERE name = 'netbox_url'")
    for settings, sentence in (({}, "belongs to the NetBox at https://netbox.example.org"), ({"netbox_moved": True}, "leave netbox_moved")):
        refused = play("nodeflow.orchestrator.reset", confirm=True, **settings)
        assert refused.returncode == 2 and sentence in refused.message, refused.output
    assert netbox.status(device) == "active" and lifecycles(play) == {device: ("active", True)}


def test_a_store_of_another_netbox_is_not_imported(lab, play, netbox, tmp_path, enrolled):
    enrolled()
    other = Player(lab, tmp_path, SqliteStore(tmp_path / "other"))
    assert other.create(nodes=netbox.make(), confirm_config=True).returncode == 0
    other.store.write("UPDATE nodeflow_store SET value = 'https://lab.example.org' WHERE name = 'netbox_url'")
    done = play("nodeflow.orchestrator.import_subscriptions", source=other.store.location)
    assert done.returncode == 2 and "belongs to the NetBox at https://lab.example.org" in done.message, done.output


def test_a_journal_entry_that_is_refused_fails_one_node(play, netbox, lab):
    devices = netbox.make_many(3)
    left = devices[:1]

    def fault(method, path, forward):
        if method == "POST" and left:
            remove(netbox, left.pop())
        return forward()

    with NetboxProxy(lab["url"], fault) as proxy:
        done = play.create(nodes=devices, confirm_config=True, netbox_url=proxy.url, netbox_journal=True)
    assert done.returncode == 2 and "2 completed, 1 failed" in done.output, done.output
    assert lifecycles(play) == {devices[0]: ("provisioning", False), devices[1]: ("active", True), devices[2]: ("active", True)}
    entries = [netbox.call("GET", "extras/journal-entries", assigned_object_id=device)["count"] for device in devices[1:]]
    assert entries == [1, 1]


def test_custom_fields_of_others_are_in_no_log_and_no_diff(play, netbox, lab):
    for name in ("nodeflow_shown", "nodeflow_secret"):
        if not netbox.call("GET", "extras/custom-fields", name=name)["results"]:
            netbox.call("POST", "extras/custom-fields", {"name": name, "type": "text", "object_types": ["dcim.device"]})
    device = netbox.make(custom_fields={"nodeflow_secret": "hunter2"})
    done = play.create("--diff", nodes=device, confirm_config=True, netbox_custom_field="nodeflow_shown")
    assert done.returncode == 0 and "hunter2" not in done.output
    assert "hunter2" not in json.dumps(play.rows("SELECT * FROM process_steps"))
    found = netbox.custom_fields(device)
    assert found["nodeflow_secret"] == "hunter2" and found["nodeflow_shown"]
