# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run that was cancelled left behind is told of, chosen by the run's id, and taken over; and options that would be ignored are refused."""

from __future__ import annotations

import re

import pytest

from in_process import InProcess, call_module

COMMAND = re.compile(r"ansible-playbook nodeflow\.orchestrator\.(\w+) -e run_id=(\S+) -e take_over=true")


@pytest.fixture
def run(lab, store):
    """Runs playbooks' steps and modules on a store of each kind."""
    return InProcess(lab, store)


def call(run, module, said=None, **options):
    """The result of a module."""
    return call_module(module, run.settings | options, said=said)


def test_what_a_cancelled_run_holds_is_told_of_and_taken_over(run, netbox):
    held = [netbox.make(), netbox.make()]
    cancelled = run.create(nodes=held, last="fetch_ip_address_information")
    assert {row["status"] for row in cancelled.nodes} == {"running"}
    other = netbox.make()
    assert run.create(nodes=[other]).returncode == 0
    for module, options in (
        ("initial_input_form", {"process_status": ["failed", "interrupted"]}),  # resume, with -e status=
        ("initial_input_form", {"process_status": ["interrupted"]}),  # sweep
        ("initial_input_form", {"process_ids": []}),
        ("abort", {"process_status": ["failed"]}),
    ):
        said = []
        result = call(run, module, said, **options)
        text = "\n".join(said)
        assert not result.get("failed") and not result["changed"] and result["nodes"] == [], result
        assert "2 processes are held" in text and re.search(r"until 20\d\d-\d\d-\d\d \d\d:\d\d UTC", text) and "There is nothing" not in text, text
        assert run.rows("SELECT DISTINCT actor FROM processes")[0]["actor"] in text
        [(playbook, run_id)] = COMMAND.findall(text)
        assert playbook == ("abort" if module == "abort" else "resume") and run_id == cancelled.nodes[0]["run_id"]
    said = []
    result = call(run, "initial_input_form", said, process_status=["suspended"])
    assert [row["device_id"] for row in result["nodes"]] == [other] and COMMAND.findall("\n".join(said)), said
    alone = call(run, "initial_input_form", run_id=run_id)
    assert alone["failed"] and "take_over=true" in alone["msg"]
    named = call(run, "process_info", run_id=[run_id])["processes"]
    assert sorted(one["device_id"] for one in named) == held
    taken = call(run, "initial_input_form", run_id=run_id, take_over=True)
    assert sorted(row["device_id"] for row in taken["nodes"]) == held and {row["status"] for row in taken["nodes"]} == {"running"}
    aborted = call(run, "abort", run_id=run_id, take_over=True)
    assert aborted["changed"] and netbox.statuses(held) == dict.fromkeys(held, "planned"), aborted
    nothing = call(run, "initial_input_form", run_id=run_id, take_over=True)
    assert nothing["failed"] and run_id in nothing["msg"]
    said = []
    call(run, "initial_input_form", said, process_status=["failed"])
    assert "There is nothing to continue" in "\n".join(said)


def test_a_run_is_known_by_what_it_left_suspended_or_failed_until_another_run_goes_on_with_it(run, netbox):
    device, other = netbox.make(), netbox.make()
    first = run.create(nodes=[device])
    run.create(nodes=[other])
    run_id = run.rows("SELECT run_id FROM process_steps ORDER BY process_step_id LIMIT 1")[0]["run_id"]
    assert run.rows("SELECT 1 FROM processes WHERE run_id IS NOT NULL") == []
    assert [row["device_id"] for row in call(run, "initial_input_form", run_id=run_id)["nodes"]] == [device]
    assert call(run, "initial_input_form", run_id=run_id, process_status=["failed"])["nodes"] == []
    netbox.set(device, status="offline")
    run.resume(first.nodes[0]["process_id"])
    assert call(run, "initial_input_form", run_id=run_id)["failed"]
    assert [one["status"] for one in call(run, "process_info", run_ids=[run_id])["processes"]] == ["failed"]


def test_the_form_says_until_when_a_device_is_being_enrolled(run, netbox):
    device = netbox.make()
    run.create(nodes=[device], last="fetch_ip_address_information")
    [row] = run.create(nodes=[device], last="initial_input_form").nodes
    assert row["status"] == "unchanged" and re.search(r"by .+ until 20\d\d-\d\d-\d\d \d\d:\d\d UTC", row["message"]), row


LISTS = [
    ("initial_input_form", {"nodes": []}),
    ("initial_input_form", {"nodes": "[]"}),
    ("initial_input_form", {"process_ids": []}),
    ("subscription_form", {"workflow": "modify_node", "note": "x", "nodes": []}),
    ("subscription_form", {"workflow": "terminate_node", "subscription_ids": []}),
    ("reconcile_form", {"nodes": []}),
    ("validate_node", {"nodes": []}),
    ("abort", {"process_ids": []}),
]


@pytest.mark.parametrize(("module", "options"), LISTS)
def test_an_empty_list_chooses_nothing(play, lab, netbox, module, options):
    run = InProcess(lab, play.store)
    device = netbox.make()
    assert run.create(nodes=[device], confirm_config=True).returncode == 0
    netbox.set(device, status="offline")
    said = []
    result = call(run, module, said, **options)
    assert not result.get("failed") and not result["changed"] and result.get("nodes", result.get("findings")) == [], result
    assert "nothing" in "\n".join([*said, result["msg"]]).lower()


REFUSED = [
    ("initial_input_form", {"nodes": [1], "all_planned": True}),
    ("initial_input_form", {"nodes": [1], "process_ids": ["x"]}),
    ("initial_input_form", {"all_planned": True, "run_id": "x"}),
    ("initial_input_form", {"max_nodes": 3, "process_ids": ["x"]}),
    ("initial_input_form", {"device_filter": {"site": "loc1"}, "process_status": ["failed"]}),
    ("initial_input_form", {"process_ids": ["x"], "run_id": "y"}),
    ("subscription_form", {"nodes": [1], "subscription_ids": ["x"]}),
    ("subscription_form", {"nodes": [1], "all_enrolled": True}),
    ("subscription_form", {"subscription_ids": ["x"], "all_enrolled": True}),
    ("subscription_form", {"subscription_ids": ["x"], "device_filter": {"site": "loc1"}}),
    ("subscription_form", {"nodes": [1], "process_ids": ["x"]}),
    ("subscription_form", {"workflow": "terminate_node", "nodes": [1], "description": "x"}),
    ("subscription_form", {"workflow": "terminate_node", "nodes": [1], "refresh": True}),
    ("reconcile_form", {"nodes": [1], "process_ids": ["x"]}),
    ("reconcile_form", {"adopt": True, "unenrolled": False, "claim": "store"}),
]


@pytest.mark.parametrize(("module", "options"), REFUSED)
def test_options_of_which_one_would_be_ignored_are_refused(play, module, options):
    more = {"workflow": "modify_node", "note": "x"} if module == "subscription_form" else {}
    more = {} if "process_ids" in options else more | ({} if options.get("workflow") != "terminate_node" else {"note": None})
    more = {"workflow": "modify_node"} | more if module == "subscription_form" else more
    settings = {"netbox_url": "http://127.0.0.1:9", "netbox_token": "none", "store": play.store.location}
    result = call_module(module, settings | more | options)
    assert result.get("failed") and ("leave" in result["msg"]), result


def test_keep_and_unenrolled_mean_something_beside_nodes(play, lab, netbox):
    run = InProcess(lab, play.store)
    enrolled, other = netbox.make(), netbox.make()
    assert run.create(nodes=[enrolled], confirm_config=True).returncode == 0
    netbox.set(other, status="active")
    assert [one["problem"] for one in call(run, "validate_node", nodes=[other])["findings"]] == ["no_subscription"]
    assert call(run, "validate_node", nodes=[other], unenrolled=False)["findings"] == []
    key = str(run.rows("SELECT subscription_id FROM subscriptions")[0]["subscription_id"])
    kept = call(run, "validate_node", nodes=[other], keep={enrolled: key})
    assert kept["failed"] and "would be ignored" in kept["msg"]
