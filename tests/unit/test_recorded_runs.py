# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs that meet each other, or what another left, with the answers of a real NetBox (see ``recorded_scene``)."""

from __future__ import annotations

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._awx.approval import AwxError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._awx.job import AwxJob
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process import four_eyes
from recorded_scene import CONFIRM, Scene, scene

__all__ = ["scene"]


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
    first, second = scene.processes("suspended")
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
    [first, second, third] = scene.processes("suspended")
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
    scene.workflow(process_status=["suspended"], options={"configs": [{"process_id": scene.processes("suspended")[0], "error": "no such template"}]})
    scene.workflow(process_status=["failed"])
    scene.workflow(process_status=["suspended"])
    scene.workflow(process_status=["suspended"], options=CONFIRM)
