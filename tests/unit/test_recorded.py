# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whole workflows, with the answers of a real NetBox: what they ask of it and write to it, return, show and store, to the letter (see ``recorded_scene``)."""

from __future__ import annotations

import pytest

from lab_netbox import Netbox
from recorded_scene import CONFIRM, Scene, scene

__all__ = ["scene"]


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


def test_the_loopback_stands_on_an_interface_that_matches(scene: Scene) -> None:
    r1, r2 = scene.device("r1"), scene.device("r2", ipv4=None, ipv6=None)
    scene.person("address", lambda netbox: netbox.place("10.252.0.1/32", netbox.interface(r2, "Loopback8")))
    scene.settings["loopback_interface"] = ["lo9", "Loopback*"]
    scene.workflow(nodes=[r1, r2], required_families=["ipv4"], options=CONFIRM)
    scene.call("validate_node", nodes=[r1, r2])


def test_with_a_claim_in_netbox_and_entries_in_its_journal(scene: Scene) -> None:
    r1, r2 = scene.device("r1"), scene.device("r2")
    scene.settings |= {"netbox_journal": True, "config_journal": True}
    scene.workflow(nodes=[r1, r2], claim="netbox")
    scene.workflow(process_ids=scene.processes("suspended"), options=CONFIRM)


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
    scene.workflow(process_ids=scene.processes("suspended"), options=CONFIRM)


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
    scene.workflow(process_ids=scene.processes("running"), options=CONFIRM)
    scene.workflow(process_status=["interrupted"])
    scene.later(minutes=16)
    scene.call("process_info", status=["interrupted"])
    scene.workflow(process_status=["interrupted"], options=CONFIRM)


def test_a_held_process_is_taken_over(scene: Scene) -> None:
    r1, r2 = scene.device("r1"), scene.device("r2")
    scene.workflow(nodes=[r1], until="fetch_ip_address_information")
    scene.settings["actor"] = "bob"
    scene.workflow(nodes=[r2], until="set_status")
    scene.workflow(process_ids=[scene.processes("running")[0]], take_over=True, options=CONFIRM)
    run = scene.store.rows("SELECT run_id FROM processes WHERE status = 'running'")[0]["run_id"]
    scene.workflow(run_id=run, take_over=True, options=CONFIRM)
    scene.workflow(run_id=run)


def test_of_what_is_chosen_some_cannot_be_had(scene: Scene) -> None:
    r1 = scene.device("r1")
    scene.workflow(process_ids=["6f1c1f6e-0000-4000-8000-000000000000"])
    scene.workflow(nodes=[r1], options=CONFIRM)
    [done] = scene.processes("completed")
    scene.workflow(process_ids=[f"{done}, 6f1c1f6e-0000-4000-8000-000000000000", "r1"], options=CONFIRM)
    scene.workflow(process_status=["failed", "suspended"])
    scene.workflow(run_id="6f1c1f6e-0000-4000-8000-000000000001")
    scene.workflow(process_ids=[done], run_id="6f1c1f6e-0000-4000-8000-000000000001")
    scene.workflow(process_ids=[done], nodes=[r1])


def test_an_aborted_enrolment_gives_the_device_back(scene: Scene) -> None:
    r1, r2, r3 = scene.device("r1"), scene.device("r2"), scene.device("r3")
    scene.workflow(nodes=[r1, r2])
    scene.workflow(nodes=[r3], until="set_status")
    waiting = scene.processes("suspended")
    scene.call("abort", check=True, process_ids=waiting)
    scene.call("abort", process_ids=[waiting[0]], reason="the wrong device")
    scene.call("abort", process_ids=waiting, only_suspended=True)
    scene.call("abort", process_status=["failed", "interrupted", "suspended"])
    scene.call("abort", process_ids=scene.processes("running"))
    scene.call("abort", process_ids=scene.processes("running"), take_over=True)
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


def test_a_termination_that_has_set_its_device_free_ends_with_its_abort(scene: Scene) -> None:
    r1, r2 = scene.device("r1"), scene.device("r2")
    scene.workflow(nodes=[r1, r2], options=CONFIRM)
    for device, until in ((r1, "update_node_in_netbox"), (r2, "modify_subscription")):
        scene.workflow("subscription_form", workflow="terminate_node", nodes=[device], node_status="planned", until=until, options=CONFIRM)
    scene.later(minutes=20)
    for check in (True, False):
        scene.call("abort", check, process_ids=scene.processes("running"))


def test_a_custom_field_leads_from_an_earlier_subscription_to_this_one(scene: Scene) -> None:
    def field(netbox: Netbox) -> None:
        for one in netbox.call("GET", "extras/custom-fields", limit=100)["results"]:
            netbox.call("DELETE", f"extras/custom-fields/{one['id']}")
        netbox.call("POST", "extras/custom-fields", {"name": "nodeflow_test", "type": "text", "object_types": ["dcim.device"]})

    scene.person("the field", field)
    r1 = scene.device("r1", custom_fields={"nodeflow_test": "an earlier subscription"})
    scene.settings["netbox_custom_field"] = "nodeflow_test"
    for check in (True, False):
        scene.workflow(check=check, nodes=[r1], options=CONFIRM)


def test_an_adoption_is_aborted(scene: Scene) -> None:
    r1 = scene.device("r1", status="active")
    nodes = scene.call("reconcile_form", nodes=[r1], adopt=True, claim="store")["nodes"]
    scene.call("store_process_subscription", nodes=nodes)
    scene.later(minutes=20)
    for check in (True, False):
        scene.call("abort", check, process_ids=scene.processes("running"))


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
