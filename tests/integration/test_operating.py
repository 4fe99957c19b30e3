# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an operator does with processes: find, take over, resume by how they stand, abort, sweep. On SQLite and PostgreSQL alike."""

from __future__ import annotations

import pytest

from in_process import call_module
from killing import killed_at


def test_a_run_that_is_known_to_be_gone_is_taken_over(play_on, netbox):
    device = netbox.make()
    [process_id] = killed_at(play_on, "fetch_ip_address_information", nodes=device)
    waiting = play_on.resume(process_id)
    assert waiting.returncode == 2 and "is being worked on by another run, of" in waiting.message and "take_over=true" in waiting.message
    again = play_on.create(nodes=device)
    assert again.returncode == 0 and "is running at" in again.output and " until 20" in again.output
    done = play_on.resume(process_id, take_over=True, confirm_config=True)
    assert done.returncode == 0, done.output
    assert netbox.status(device) == "active"


def test_processes_are_resumed_by_how_they_stand(play_on, netbox):
    interrupted, suspended, failed = netbox.make(), netbox.make(), netbox.make()
    killed_at(play_on, "fetch_ip_address_information", nodes=interrupted, lease_minutes=0)
    play_on.create(nodes=suspended)
    process_id = play_on.create(nodes=failed).nodes[0]["process_id"]
    netbox.set(failed, status="failed")
    assert play_on.resume(process_id).returncode == 2
    netbox.set(failed, status="staged" if "sqlite" in type(play_on.store).__name__.lower() else "planned")
    first = play_on("nodeflow.orchestrator.resume", status="interrupted", confirm_config=True)
    assert first.returncode == 0, first.output
    assert [netbox.status(device) == "active" for device in (interrupted, suspended, failed)] == [True, False, False], first.output
    rest = play_on("nodeflow.orchestrator.resume", all=True, confirm_config=True)
    assert rest.returncode == 0 and "2 nodes: 2 completed" in rest.output, rest.output
    assert {netbox.status(device) for device in (interrupted, suspended, failed)} == {"active"}
    nothing = play_on("nodeflow.orchestrator.resume", all=True)
    assert nothing.returncode == 0 and "There is nothing to continue" in nothing.output


def test_resume_without_a_choice_says_how_to_choose(play):
    done = play("nodeflow.orchestrator.resume")
    assert done.returncode == 2 and "-e process_ids=" in done.message and "-e all=true" in done.message
    wrong = play("nodeflow.orchestrator.resume", status="broken")
    assert wrong.returncode == 2 and "failed, interrupted, suspended" in wrong.message


def test_an_abort_gives_the_device_back_and_keeps_the_log(play_on, netbox):
    device = netbox.make()
    process_id = play_on.create(nodes=device).nodes[0]["process_id"]
    claimed = netbox.status(device)
    expected = play_on("nodeflow.orchestrator.abort", "--check", "--diff", process_ids=process_id)
    assert expected.returncode == 0 and "would be aborted" in expected.output, expected.output
    assert play_on.rows("SELECT status FROM processes") == [{"status": "suspended"}] and netbox.status(device) == claimed
    done = play_on("nodeflow.orchestrator.abort", process_ids=process_id, reason="wrong rack")
    assert (done.returncode, done.recap["changed"]) == (0, 1), done.output
    assert netbox.status(device) == "planned"
    [subscription] = play_on.rows("SELECT status, note, insync, end_date FROM subscriptions")
    assert (subscription["status"], bool(subscription["insync"])) == ("terminated", True) and subscription["end_date"]
    assert "aborted by" in subscription["note"] and "wrong rack" in subscription["note"]
    assert play_on.rows("SELECT status, step, run_id FROM processes") == [{"status": "aborted", "step": None, "run_id": None}]
    assert [row["step"] for row in play_on.rows("SELECT step FROM process_steps ORDER BY process_step_id")][-1] == "abort"
    again = play_on("nodeflow.orchestrator.abort", process_ids=process_id)
    assert (again.returncode, again.recap["changed"]) == (2, 0) and "is aborted, so there is nothing to" in again.message
    assert play_on.create(nodes=device, confirm_config=True).returncode == 0
    assert netbox.status(device) == "active"
    assert [row["status"] for row in play_on.rows("SELECT status FROM subscriptions ORDER BY status")] == ["active", "terminated"]


@pytest.mark.parametrize("status", ["offline", "active"])
def test_an_abort_leaves_a_status_that_is_not_ours_as_it_is(play, netbox, status):
    device = netbox.make()
    process_id = play.create(nodes=device).nodes[0]["process_id"]
    netbox.set(device, status=status)
    done = play("nodeflow.orchestrator.abort", process_ids=process_id)
    assert done.returncode == 0 and f"its status in NetBox, {status}, was left as it is" in done.output, done.output
    assert netbox.status(device) == status


def test_a_claim_that_somebody_else_holds_by_now_is_not_given_back(play, netbox):
    device = netbox.make()
    process_id = play.create(nodes=device).nodes[0]["process_id"]
    netbox.set(device, status="planned")
    netbox.set(device, status="staged", changelog_message="mine")
    assert play("nodeflow.orchestrator.abort", process_ids=process_id).returncode == 0
    assert netbox.status(device) == "staged"


def test_an_abort_of_a_device_that_is_gone(play, netbox):
    device = netbox.make()
    process_id = play.create(nodes=device).nodes[0]["process_id"]
    netbox.call("DELETE", f"dcim/devices/{device}")
    done = play("nodeflow.orchestrator.abort", process_ids=process_id)
    assert done.returncode == 0 and "it is not in NetBox any more" in done.output, done.output
    assert play.rows("SELECT status FROM processes") == [{"status": "aborted"}]


def test_an_abort_that_failed_half_way_is_finished_by_abort_and_not_resumed(play, netbox, lab):
    device = netbox.make()
    process_id = play.create(nodes=device).nodes[0]["process_id"]
    failed = play("nodeflow.orchestrator.abort", process_ids=process_id, netbox_token=lab["tokens"]["read_only"])
    assert failed.returncode == 2 and "could not be given back" in failed.message, failed.output
    assert "ansible-playbook nodeflow.orchestrator.abort -e process_ids=" in failed.output
    refused = play.resume(process_id, confirm_config=True)
    assert refused.returncode == 2 and "is being aborted; finish that with" in refused.message
    assert play("nodeflow.orchestrator.abort", process_ids=process_id).returncode == 0
    assert netbox.status(device) == "planned"


def test_a_sweep_continues_what_was_interrupted_and_lists_what_waits(play_on, netbox):
    interrupted, suspended, held = netbox.make(), netbox.make(), netbox.make()
    [process_id] = killed_at(play_on, "fetch_ip_address_information", nodes=interrupted, lease_minutes=0)
    waiting = play_on.create(nodes=suspended).nodes[0]["process_id"]
    killed_at(play_on, "store_process_subscription", nodes=held)
    swept = play_on("nodeflow.orchestrator.sweep", confirm_config=True, suspended_limit="0s")
    assert swept.returncode == 0, swept.output
    assert f"process {waiting} has been suspended since" in swept.output
    assert [netbox.status(device) == "active" for device in (interrupted, suspended, held)] == [True, False, False]
    quiet = play_on("nodeflow.orchestrator.sweep")
    assert quiet.returncode == 0 and waiting not in quiet.output and process_id not in quiet.output, quiet.output


def test_processes_are_found_by_device_age_actor_and_workflow(play_on, netbox):
    device = netbox.make()
    name = netbox.device(device)["name"]
    process_id = play_on.create(nodes=device, actor="ann").nodes[0]["process_id"]
    play_on.create(nodes=netbox.make(), actor="bob")

    def found(**criteria):
        return [one["process_id"] for one in call_module("process_info", {"store": play_on.store.location} | criteria)["processes"]]

    assert found(device_ids=[device]) == found(device_names=[name]) == found(actors=["ann"]) == [process_id]
    assert len(found(workflows=["create_node"])) == len(found(age="-1h")) == len(found(status=["suspended"])) == 2
    assert found(age="1h") == found(age="1h", age_stamp="started") == found(status=["interrupted"]) == found(workflows=["x"]) == []
    wrong = play_on.tasks("- nodeflow.orchestrator.process_info: {age: soon}")
    assert wrong.returncode == 2 and "Age must read like" in wrong.message


def test_in_a_job_of_awx_the_actor_is_its_user_and_job(play, netbox):
    process_id = play.create(nodes=netbox.make(), awx_job_id=42, awx_user_name="ann").nodes[0]["process_id"]
    assert play.rows(f"SELECT actor FROM processes WHERE process_id = '{process_id}'") == [{"actor": "ann (AWX job 42)"}]
