# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whole workflows, with the answers of a real NetBox: what they ask of it and write to it, return, show and store, to the letter (see ``recording``)."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._awx.approval import AwxError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._awx.job import AwxJob
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NetboxError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.allocate import allocate_prefixes, prefix_id
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.journal import Entry, add_entries
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.marked import Made, delete_marked
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process import four_eyes
from lab_netbox import Netbox
from recording import Scene, scene

__all__ = ["scene"]

CONFIRM = {"confirm": True}


def processes(scene: Scene, status: str) -> list[str]:
    """The ids of the processes that stand so, oldest first."""
    return [row["process_id"] for row in scene.store.rows(f"SELECT process_id FROM processes WHERE status = '{status}' ORDER BY started_at, process_id")]


# create_node


def test_a_node_is_enrolled_and_not_again(scene: Scene) -> None:
    r1 = scene.device("r1")
    scene.workflow(check=True, nodes=[r1], options=CONFIRM)
    scene.workflow(nodes=[r1], options=CONFIRM)
    scene.later(hours=1)
    scene.workflow(nodes=[r1], options=CONFIRM)


def test_of_many_names_each_has_its_row(scene: Scene) -> None:
    scene.device("r1")
    scene.device("r2", status="offline")
    scene.device("r3", ipv6=None)
    scene.device("r4", site="loc2")
    nodes = [{"name": "r1"}, {"name": "r2"}, {"name": "r3"}, {"name": "r4", "site": "loc2"}, {"name": "nobody"}, {"name": "r1"}]
    scene.workflow(nodes=nodes, required_families=["ipv4", "ipv6"], options=CONFIRM)


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_a_node_of_one_family(scene: Scene, family: str) -> None:
    r1 = scene.device("r1", **{"ipv6" if family == "ipv4" else "ipv4": None})
    scene.workflow(nodes=[r1], required_families=[family], options=CONFIRM)


def test_with_a_claim_in_netbox_and_entries_in_its_journal(scene: Scene) -> None:
    r1, r2 = scene.device("r1"), scene.device("r2")
    scene.settings |= {"netbox_journal": True, "config_journal": True}
    scene.workflow(nodes=[r1, r2], claim="netbox")
    scene.workflow(process_ids=processes(scene, "suspended"), options=CONFIRM)


def test_claimed_by_another_store(scene: Scene) -> None:
    r1, r2 = scene.device("r1"), scene.device("r2")
    scene.workflow(nodes=[r1], claim="netbox", until="store_process_subscription")
    scene.settings["store"] = str(scene.directory / "other.db")
    scene.workflow(nodes=[r1, r2], claim="netbox", options=CONFIRM)


def test_a_config_waits_and_is_confirmed_with_its_hash(scene: Scene) -> None:
    r1, r2 = scene.device("r1"), scene.device("r2")
    scene.workflow(nodes=[r1, r2])
    scene.workflow(process_status=["suspended"], options=CONFIRM | {"config_hash": "0" * 64})
    scene.config = lambda row: f"hostname {row['name']}\nsomething new\n" if row["name"] == "r2" else f"hostname {row['name']}\nloopback {row['ipv4']}\n"
    scene.workflow(process_status=["suspended"], options=CONFIRM | {"config_dir": str(scene.directory / "configs")})
    scene.workflow(process_ids=processes(scene, "suspended"), options=CONFIRM)


def test_a_person_at_the_terminal_confirms_or_does_not(scene: Scene) -> None:
    r1, r2 = scene.device("r1"), scene.device("r2")
    scene.answers = ["r1", "yes"]
    scene.workflow(options={"confirm": False})
    scene.answers = ["no"]
    scene.workflow(nodes=[r1, r2])
    scene.answers = ["yes"]
    scene.workflow(process_status=["suspended"])


def test_whoever_asked_for_it_may_not_confirm_it(scene: Scene) -> None:
    r1 = scene.device("r1")
    scene.settings |= {"four_eyes": True, "approvers": ["ann", "bob"]}
    scene.workflow(nodes=[r1], options=CONFIRM)
    scene.settings["actor"] = "carl"
    scene.workflow(process_status=["suspended"], options=CONFIRM)
    scene.settings["actor"] = "bob"
    scene.workflow(process_status=["suspended"], options=CONFIRM)


def test_what_netbox_does_not_allow(scene: Scene) -> None:
    r1 = scene.device("r1")
    scene.workflow(nodes=[r1])
    scene.settings["netbox_token"] = scene.tokens["read_only"]
    scene.workflow(process_status=["suspended"], options=CONFIRM)
    scene.call("process_info", steps=True)
    scene.settings["netbox_token"] = scene.tokens["operator"]
    scene.workflow(process_status=["failed"], options=CONFIRM)


def test_all_that_are_planned_with_a_filter(scene: Scene) -> None:
    for name in ("a1", "a2", "b1"):
        scene.device(name)
    scene.workflow(device_filter={"name__isw": "a"}, max_nodes=1)
    scene.workflow(device_filter={"name__isw": "a"}, all_planned=True, max_nodes=2, options=CONFIRM)
    scene.workflow(device_filter={"name__isw": "a"}, all_planned=True, options=CONFIRM)


# held, interrupted, taken over, aborted


def test_a_run_that_died_holds_its_processes_until_the_lease_ends(scene: Scene) -> None:
    r1, r2 = scene.device("r1"), scene.device("r2")
    scene.workflow(nodes=[r1], until="set_status")
    scene.workflow(nodes=[r1, r2], until="set_status")
    scene.workflow(process_ids=processes(scene, "running"), options=CONFIRM)
    scene.workflow(process_status=["interrupted"])
    scene.later(minutes=16)
    scene.call("process_info", status=["interrupted"])
    scene.workflow(process_status=["interrupted"], options=CONFIRM)


def test_a_held_process_is_taken_over(scene: Scene) -> None:
    r1, r2 = scene.device("r1"), scene.device("r2")
    scene.workflow(nodes=[r1], until="fetch_ip_address_information")
    scene.settings["actor"] = "bob"
    scene.workflow(nodes=[r2], until="set_status")
    scene.workflow(process_ids=[processes(scene, "running")[0]], take_over=True, options=CONFIRM)
    run = scene.store.rows("SELECT run_id FROM processes WHERE status = 'running'")[0]["run_id"]
    scene.workflow(run_id=run, take_over=True, options=CONFIRM)
    scene.workflow(run_id=run)


def test_of_what_is_chosen_some_cannot_be_had(scene: Scene) -> None:
    r1 = scene.device("r1")
    scene.workflow(process_ids=["6f1c1f6e-0000-4000-8000-000000000000"])
    scene.workflow(nodes=[r1], options=CONFIRM)
    [done] = processes(scene, "completed")
    scene.workflow(process_ids=[f"{done}, 6f1c1f6e-0000-4000-8000-000000000000", "r1"], options=CONFIRM)
    scene.workflow(process_status=["failed", "suspended"])
    scene.workflow(run_id="6f1c1f6e-0000-4000-8000-000000000001")
    scene.workflow(process_ids=[done], run_id="6f1c1f6e-0000-4000-8000-000000000001")
    scene.workflow(process_ids=[done], nodes=[r1])


def test_an_aborted_enrolment_gives_the_device_back(scene: Scene) -> None:
    r1, r2, r3 = scene.device("r1"), scene.device("r2"), scene.device("r3")
    scene.workflow(nodes=[r1, r2])
    scene.workflow(nodes=[r3], until="set_status")
    waiting = processes(scene, "suspended")
    scene.call("abort", check=True, process_ids=waiting)
    scene.call("abort", process_ids=[waiting[0]], reason="the wrong device")
    scene.call("abort", process_ids=waiting, only_suspended=True)
    scene.call("abort", process_status=["failed", "interrupted", "suspended"])
    scene.call("abort", process_ids=processes(scene, "running"))
    scene.call("abort", process_ids=processes(scene, "running"), take_over=True)
    scene.workflow(nodes=[r1], options=CONFIRM)


def test_an_abort_that_netbox_does_not_allow_is_done_later(scene: Scene) -> None:
    r1 = scene.device("r1")
    scene.workflow(nodes=[r1])
    scene.settings["netbox_token"] = scene.tokens["read_only"]
    scene.call("abort", process_status=["suspended"])
    scene.settings["netbox_token"] = scene.tokens["operator"]
    scene.workflow(process_status=["failed"], options=CONFIRM)
    scene.call("abort", process_status=["failed"])


# modify_node, terminate_node


def test_a_node_is_changed_and_changed_back(scene: Scene) -> None:
    r1, r2 = scene.device("r1"), scene.device("r2")
    scene.workflow(nodes=[r1, r2], options=CONFIRM)
    change = {"form": "subscription_form", "workflow": "modify_node"}
    scene.workflow(**change, check=True, nodes=[r1], note="in the cellar", customer_id="acme")
    scene.workflow(**change, nodes=[r1], note="in the cellar", customer_id="acme")
    scene.workflow(**change, all_enrolled=True, node_status="offline")
    scene.workflow(**change, all_enrolled=True, max_nodes=1, node_status="offline")
    scene.workflow(**change, device_filter={"name": "r1"}, all_enrolled=True, node_status="active", clear=["note"], description="the first")
    scene.person("renamed", lambda netbox: netbox.set(r1, name="r1-new") and None)
    scene.workflow(**change, nodes=[r1, r2], refresh=True)
    scene.workflow(**change, nodes=["nobody"], note="x")


def test_a_change_that_was_interrupted_is_aborted(scene: Scene) -> None:
    r1 = scene.device("r1")
    scene.workflow(nodes=[r1], options=CONFIRM)
    scene.workflow("subscription_form", workflow="modify_node", nodes=[r1], note="in the cellar", node_status="offline", until="modify_subscription")
    scene.workflow("subscription_form", workflow="modify_node", nodes=[r1], note="another")
    scene.later(minutes=16)
    scene.call("abort", process_status=["interrupted"], reason="never mind")


def test_a_node_is_terminated_when_its_removal_is_confirmed(scene: Scene) -> None:
    r1, r2 = scene.device("r1"), scene.device("r2")
    scene.workflow(nodes=[r1, r2], options=CONFIRM)
    end = {"form": "subscription_form", "workflow": "terminate_node"}
    scene.workflow(**end, check=True, nodes=[r1], options=CONFIRM)
    scene.workflow(**end, nodes=[r1], note="sold")
    scene.workflow("subscription_form", workflow="modify_node", nodes=[r1], note="x")
    scene.workflow(process_status=["suspended"], options=CONFIRM)
    scene.workflow(**end, nodes=[r1, r2], node_status="decommissioning", options=CONFIRM)
    scene.call("subscription_info", status=["terminated"])


# validate_node, reconcile_nodes, reset


def test_what_differs_is_found_and_put_right(scene: Scene) -> None:
    r1, r2, r3, r4 = scene.device("r1"), scene.device("r2"), scene.device("r3"), scene.device("r4")
    scene.workflow(nodes=[r1, r2, r3], options=CONFIRM)
    scene.person("a new name", lambda netbox: netbox.set(r1, name="r1-new") and None)
    scene.person("planned again", lambda netbox: netbox.set(r2, status="planned") and None)
    scene.person("gone", lambda netbox: netbox.call("DELETE", f"dcim/devices/{r3}"))
    scene.person("by hand", lambda netbox: netbox.set(r4, status="active") and None)
    scene.call("validate_node")
    scene.call("validate_node", nodes=["r1-new"], fail_on_findings=False)
    scene.workflow("reconcile_form", check=True, device_gone="terminate")
    scene.workflow("reconcile_form", wins={"name": "store"}, adopt=True)
    scene.workflow("reconcile_form", device_gone="terminate")
    scene.call("validate_node")


def test_a_lab_is_reset(scene: Scene) -> None:
    r1 = scene.device("r1")
    scene.workflow(nodes=[r1], options=CONFIRM)
    scene.call("reset", check=True)
    scene.call("reset", confirm=True)
    scene.call("subscription_info")


# readers


def test_a_store_is_read_reported_and_copied(scene: Scene) -> None:
    r1, r2 = scene.device("r1"), scene.device("r2")
    scene.workflow(nodes=[r1], options=CONFIRM)
    scene.workflow(nodes=[r2])
    scene.call("subscription_info", device_ids=[r1, r2], products=["Node"], insync=True)
    scene.call("subscription_info", customer_ids=["nobody"])
    scene.call("process_info", steps=True)
    scene.call("process_info", workflows=["create_node"], device_names=["r2"], actors=["ann"], age="-5m", age_stamp="started")
    scene.later(days=2)
    scene.call("process_info", status=["suspended"], age="1d")
    scene.call("process_info", device_ids=[r1], format="csv", dest=str(scene.directory / "processes.csv"))
    scene.call("copy_store", check=True, target=str(scene.directory / "copy.db"))
    scene.call("copy_store", target=str(scene.directory / "copy.db"))
    scene.call("copy_store", target=str(scene.directory / "copy.db"))
    for check in (True, False):
        scene.call("copy_store", check, target=str(scene.directory / "another.db"))
    assert not (scene.directory / "another.db").exists()
    scene.call("import_subscriptions", source=str(scene.directory / "copy.db"))
    scene.settings["store"] = str(scene.directory / "third.db")
    scene.call("import_subscriptions", source=str(scene.directory / "copy.db"))
    scene.call("import_subscriptions", source=str(scene.directory / "copy.db"))


def test_netbox_is_set_up(scene: Scene) -> None:
    def without_earlier(netbox: Netbox) -> None:
        for path in ("extras/custom-fields", "extras/custom-links"):
            for one in netbox.call("GET", path, limit=100)["results"]:
                netbox.call("DELETE", f"{path}/{one['id']}")

    scene.person("nothing there", without_earlier)
    scene.settings |= {"netbox_token": scene.tokens["admin"], "netbox_custom_field": "nodeflow_test"}
    scene.call("setup_netbox", check=True)
    scene.call("setup_netbox", report_url="https://reports.example.org/nodeflow.html")
    scene.call("setup_netbox", report_url="https://reports.example.org/nodeflow.html")
    r1 = scene.device("r1")
    scene.workflow(nodes=[r1], options=CONFIRM)


# what only products use, and what a node seldom needs


def test_prefixes_are_taken_and_given_back(scene: Scene) -> None:
    def without_earlier(netbox: Netbox) -> int:
        old = netbox.call("GET", "ipam/prefixes", within_include="10.253.0.0/28", vrf_id="null", limit=100)["results"]
        if old:
            netbox.call("DELETE", "ipam/prefixes", [{"id": one["id"]} for one in old])
        return int(netbox.call("POST", "ipam/prefixes", {"prefix": "10.253.0.0/28", "status": "container"})["id"])

    pool, client = scene.person("pool", without_earlier), scene.client(batch_size=2)
    messages = {f"recorded {number}": f"message {number}" for number in range(3)}
    scene.note("its id", prefix_id(client, "10.253.0.0/28") == pool)
    scene.note("none", refused(prefix_id, client, "10.254.0.0/28"))
    for dry_run in (True, False, False):
        scene.note("taken", allocated(allocate_prefixes(client, pool, 30, messages, dry_run=dry_run)))
    more = {f"recorded more {number}": "message" for number in range(3)}
    for dry_run in (True, False):
        scene.note("more", allocated(allocate_prefixes(client, pool, 30, more, dry_run=dry_run)))
        scene.note("too long", allocated(allocate_prefixes(client, pool, 20, more, dry_run=dry_run)))
    scene.note("not there", allocated(allocate_prefixes(client, 2000000000, 30, {"recorded x": "message"}, dry_run=True)))
    for dry_run in (True, False, False):
        gone = delete_marked(client, "ipam/prefixes", messages, dry_run=dry_run)
        scene.note("given back", [[one["description"] for one in gone.objects], gone.errors])
    reader = scene.client(token=scene.tokens["read_only"])
    scene.note("not allowed", [refused(delete_marked, reader, "ipam/prefixes", more), refused(allocate_prefixes, reader, pool, 30, messages)])
    scene.note("may", [[one.may(method, "ipam/prefixes") for method in ("PATCH", "POST")] for one in (client, reader)])


def test_journal_entries_are_added_once(scene: Scene) -> None:
    r1, client = scene.device("r1"), scene.client(batch_size=2)
    entries = [Entry(r1, f"text {number} (mark {number})", "info", f"(mark {number})") for number in range(3)]
    scene.note("refused", list(add_entries(client, "dcim.device", entries).values()))
    scene.note("again", list(add_entries(client, "dcim.device", entries).values()))
    wrong = [*entries, Entry(2000000000, "text (mark 4)", "info", "(mark 4)"), Entry(r1, "text (mark 5)", "info", "(mark 5)")]
    scene.note("one is wrong", [[entry.mark, why] for entry, why in add_entries(client, "dcim.device", wrong).items()])
    reader = scene.client(token=scene.tokens["read_only"])
    scene.note("not allowed", refused(add_entries, reader, "dcim.device", entries[:1]))


def test_objects_are_read_in_pages_and_written_one_by_one(scene: Scene) -> None:
    r1, r2, r3 = scene.device("r1"), scene.device("r2"), scene.device("r3")
    scene.settings["netbox_batch_size"] = 1
    scene.workflow(nodes=[r1, r2, r3], options=CONFIRM)
    scene.note("no such place", refused(scene.client().get, "dcim/nothing", {}))
    scene.note("no such filter", refused(scene.client().get, "dcim/devices", {"status": "nothing"}))
    scene.note("rendered", refused(scene.client().post, f"dcim/devices/{r1}/render-config", {}))
    scene.note("rendered nowhere", refused(scene.client().post, "dcim/devices/2000000000/render-config", {}))
    scene.note("wrong token", refused(scene.client(token="nbt_no.token").get, "dcim/devices", {}))
    scene.note("no permission", refused(scene.client(token=scene.tokens["none"]).get, "dcim/devices", {}))
    scene.note("not for writing", refused(scene.client(token=scene.tokens["write_disabled"]).patch, "dcim/devices", [{"id": r1, "status": "active"}]))
    scene.note("wrong value", refused(scene.client().patch, "dcim/devices", [{"id": r1, "status": "wrong"}, {"id": 2000000000, "status": "active"}]))
    scene.note("changed meanwhile", refused(scene.client().patch, "dcim/devices", [{"id": r1, "status": "active"}], ['W/"other"']))
    scene.note("a wrong object", refused(scene.client().create, "dcim/sites", [{"name": "x", "slug": "no slug"}]))


def test_the_loopback_stands_on_an_interface_that_matches(scene: Scene) -> None:
    r1, r2 = scene.device("r1"), scene.device("r2", ipv4=None, ipv6=None)
    scene.person("address", lambda netbox: netbox.place("10.252.0.1/32", netbox.interface(r2, "Loopback8")))
    scene.settings["loopback_interface"] = ["lo9", "Loopback*"]
    scene.workflow(nodes=[r1, r2], required_families=["ipv4"], options=CONFIRM)
    scene.call("validate_node", nodes=[r1, r2])


def refused(function: t.Callable[..., t.Any], *arguments: t.Any) -> t.Any:
    """What it returns; or the error, and what it says of the objects."""
    try:
        return function(*arguments)
    except NetboxError as error:
        return [type(error).__name__, str(error), {name: str(value) for name, value in vars(error).items()}]


def allocated(made: dict[str, Made]) -> list[t.Any]:
    """By mark, the prefix, whether it is new, and why there is none."""
    return [[mark, one.object.get("prefix"), one.is_new, one.error] for mark, one in made.items()]


# two runs at once


def test_of_two_runs_at_once_one_gets_the_node(scene: Scene) -> None:
    r1, r2 = scene.device("r1"), scene.device("r2")
    for check in (False, True):
        rows = scene.call("construct_node_model", nodes=scene.call("initial_input_form", nodes=[r1, r2])["nodes"])["nodes"]
        scene.workflow(nodes=[r1], until="set_status")
        scene.call("store_process_subscription", check, nodes=rows)
    scene.call("store_process_subscription", nodes=[row | {"model": None} for row in rows])
    scene.call("store_process_subscription", nodes=[row | {"status": "running", "state": {}} for row in rows])


def test_what_became_of_a_subscription_since_its_change_was_planned(scene: Scene) -> None:
    r1, r2, r3, r4, r5 = (scene.device(f"r{number}") for number in range(1, 6))
    scene.workflow(nodes=[r1, r2, r3, r4, r5], options=CONFIRM)
    rows = scene.call("subscription_form", workflow="modify_node", all_enrolled=True, note="new")["nodes"]
    scene.workflow("subscription_form", workflow="terminate_node", nodes=[r1], options=CONFIRM)
    scene.workflow("subscription_form", workflow="modify_node", nodes=[r2], note="other")
    scene.workflow("subscription_form", workflow="modify_node", nodes=[r3], note="other", until="fetch_ip_address_information")
    scene.store.write("UPDATE subscriptions SET insync = 0 WHERE description = 'Node r4'")
    rows[-1] = rows[-1] | {"subscription_id": "6f1c1f6e-0000-4000-8000-000000000000"}
    for check in (True, False):
        scene.call("store_process_subscription", check, nodes=rows)
    scene.call("store_process_subscription", nodes=[rows[0] | {"version": "one"}])
    scene.call("validate_node", nodes=[r4], fail_on_findings=False)
    scene.workflow("reconcile_form", nodes=[r4])


def test_processes_of_another_collection_are_left_to_it(scene: Scene) -> None:
    devices = [scene.device(f"r{number}") for number in range(1, 5)]
    scene.workflow(nodes=devices)
    scene.store.write("UPDATE processes SET workflow = 'acme.circuits.create_circuit' WHERE subscription_id < '8'")
    scene.workflow(process_status=["suspended", "failed"], options=CONFIRM)
    scene.call("abort", process_status=["suspended"])
    scene.workflow(process_ids=[row["process_id"] for row in scene.store.rows("SELECT process_id FROM processes ORDER BY process_id")], options=CONFIRM)
    scene.call("process_info", workflows=["acme.circuits.create_circuit"])


def test_a_process_that_cannot_be_read_is_left(scene: Scene) -> None:
    r1, r2 = scene.device("r1"), scene.device("r2")
    scene.workflow(nodes=[r1, r2])
    first, second = processes(scene, "suspended")
    scene.store.write(f"UPDATE processes SET step = 'nowhere' WHERE process_id = '{first}'", f"UPDATE processes SET state = '[]' WHERE process_id = '{second}'")
    scene.workflow(process_status=["suspended"], options=CONFIRM)
    scene.call("abort", process_ids=[first, second])
    scene.store.write("UPDATE subscriptions SET block = '{}'")
    scene.call("subscription_info")
    scene.call("validate_node", fail_on_findings=False)
    scene.workflow("subscription_form", workflow="modify_node", nodes=[r1], note="x")


def test_steps_that_are_called_with_the_wrong_rows(scene: Scene) -> None:
    r1 = scene.device("r1")
    rows = scene.call("construct_node_model", nodes=scene.call("initial_input_form", nodes=[r1])["nodes"])["nodes"]
    scene.call("fetch_ip_address_information", nodes=rows)
    scene.call("fetch_ip_address_information", nodes=[{"device": "r1"}])
    scene.call("fetch_ip_address_information", nodes=[{"device": "r1", "status": "wrong"}])
    stored = scene.call("store_process_subscription", nodes=rows)["nodes"]
    scene.call("set_node_to_active", nodes=stored)
    scene.call("set_status", nodes=stored, lifecycle="active")
    scene.call("done", nodes=[stored[0] | {"run_id": "6f1c1f6e-0000-4000-8000-000000000000"}])
    scene.call("done", nodes=[stored[0] | {"process_id": "6f1c1f6e-0000-4000-8000-000000000000"}])
    scene.call("fetch_ip_address_information", nodes=stored, netbox_timeout=0)
    scene.call("fetch_ip_address_information", nodes=stored, lease_minutes=5)


def test_what_awx_says_of_who_confirms(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    devices = [scene.device(f"r{number}") for number in range(1, 4)]
    scene.settings |= {"actor": None}
    alice, nobody = AwxJob("1", "alice", True), AwxJob("2", "schedule nightly", False)
    scene.job = alice
    scene.workflow(nodes=devices)
    [first, second, third] = processes(scene, "suspended")
    for job in (alice, nobody, AwxJob("3", "bob", True, "40")):
        scene.job = job
        scene.workflow(process_ids=[first], options=CONFIRM | {"four_eyes": True})
    monkeypatch.setattr(four_eyes, "can_ask", lambda environment: True)
    for approver in ("carl", AwxError("AWX does not answer"), ""):
        monkeypatch.setattr(four_eyes, "who_approved", lambda job, environment, said=approver: raised_or(said))
        scene.job = AwxJob("4", "bob", True, "41")
        for options in ({"four_eyes": True}, {"approvers": ["dora"]}, {}):
            scene.workflow(process_ids=[second, third][:1] if options else [third], options=CONFIRM | options)
    scene.store.write("UPDATE processes SET requester = NULL", "UPDATE process_steps SET actor = 'erik (AWX job 7)'")
    scene.workflow(nodes=[scene.device("r4")])
    scene.store.write("UPDATE processes SET requester = NULL", "UPDATE process_steps SET actor = 'carl (AWX job 7)'")
    scene.workflow(process_status=["suspended"], options=CONFIRM | {"four_eyes": True})


def raised_or(said: str | Exception) -> str:
    if isinstance(said, Exception):
        raise said
    return said


def test_a_task_that_is_done_again_goes_on_with_what_it_stored(scene: Scene) -> None:
    r1, r2, r3 = scene.device("r1"), scene.device("r2"), scene.device("r3")
    rows = scene.call("construct_node_model", nodes=scene.call("initial_input_form", nodes=[r1, r2, r3])["nodes"])["nodes"]
    first = scene.call("store_process_subscription", nodes=rows)["nodes"]
    second = scene.call("store_process_subscription", nodes=rows)["nodes"]
    assert [row["process_id"] for row in second] == [row["process_id"] for row in first]
    scene.call("abort", process_ids=[first[0]["process_id"]], take_over=True)
    scene.workflow(process_ids=[first[1]["process_id"]], take_over=True, options=CONFIRM)
    third = scene.call("store_process_subscription", nodes=rows)["nodes"]
    assert [row["status"] for row in third] == ["failed", "unchanged", "running"]
    scene.call("done", nodes=first)
    changes = scene.call("subscription_form", workflow="modify_node", nodes=[r2], note="new")["nodes"]
    begun = [scene.call("store_process_subscription", nodes=changes)["nodes"][0]["process_id"] for dummy in range(2)]
    assert begun[0] == begun[1]


def test_what_another_run_ended_meanwhile(scene: Scene) -> None:
    r1, r2, r3 = scene.device("r1"), scene.device("r2"), scene.device("r3")
    scene.workflow(nodes=[r1, r2, r3])
    rows = scene.call("initial_input_form", process_status=["suspended"])["nodes"]
    scene.workflow(process_ids=[row["process_id"] for row in rows[:2]], options=CONFIRM)
    scene.call("abort", process_ids=[rows[2]["process_id"]])
    for step in ("store_process_subscription", "fetch_ip_address_information", "done"):
        rows = scene.call(step, nodes=rows)["nodes"]
    assert [row["status"] for row in rows] == ["unchanged", "unchanged", "failed"]


def test_a_claim_that_was_cut_off_before_another_store_had_the_node_and_gave_it_back(scene: Scene) -> None:
    r1 = scene.device("r1")
    scene.workflow(nodes=[r1], until="store_process_subscription")
    scene.store.write("UPDATE processes SET step = 'store_process_subscription' WHERE status = 'running'")
    scene.person("free", lambda netbox: netbox.set(r1, status="planned") and None)
    ours, scene.settings["store"] = scene.settings["store"], str(scene.directory / "other.db")
    scene.workflow(nodes=[r1])
    scene.call("abort", process_status=["suspended"])
    scene.settings["store"] = ours
    scene.later(minutes=16)
    scene.workflow(check=True, process_status=["interrupted"], options=CONFIRM)
    scene.workflow(process_status=["interrupted"], options=CONFIRM)


def test_a_node_that_was_set_free_while_it_waited_and_was_claimed_by_another(scene: Scene) -> None:
    r1, r2, r3 = scene.device("r1"), scene.device("r2"), scene.device("r3")
    scene.workflow(nodes=[r1, r2, r3])
    for device in (r1, r2, r3):
        scene.person(f"free {device}", lambda netbox, device=device: netbox.set(device, status="planned") and None)
    scene.person("by hand", lambda netbox: netbox.set(r2, status="staged") and None)
    ours, scene.settings["store"] = scene.settings["store"], str(scene.directory / "other.db")
    scene.workflow(nodes=[r1])
    theirs, scene.settings["store"] = scene.settings["store"], ours
    scene.workflow(process_status=["suspended"], options=CONFIRM)
    scene.settings["netbox_token"] = scene.tokens["none"]
    scene.workflow(process_status=["failed"], options=CONFIRM)
    scene.settings["netbox_token"] = scene.tokens["operator"]
    scene.call("abort", process_status=["failed"])
    scene.settings["store"] = theirs
    scene.workflow(process_status=["suspended"], options=CONFIRM)


def test_a_config_that_could_not_be_made_and_can_be_again(scene: Scene) -> None:
    r1 = scene.device("r1")
    scene.workflow(nodes=[r1])
    scene.workflow(process_status=["suspended"], options={"configs": [{"process_id": processes(scene, "suspended")[0], "error": "no such template"}]})
    scene.workflow(process_status=["failed"])
    scene.workflow(process_status=["suspended"])
    scene.workflow(process_status=["suspended"], options=CONFIRM)
