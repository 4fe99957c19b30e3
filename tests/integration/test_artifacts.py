# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a job leaves for the next one of a workflow, as ansible-runner hands it to AWX; and what the next one makes of it."""

from __future__ import annotations

import json
import subprocess
import sys
import typing as t

import pytest

from circuits import Circuits
from netbox_proxy import NetboxProxy
from step_names import step_of

NOTHING = {"nodeflow_process_ids": [], "nodeflow_run_id": None, "nodeflow_config_hash": None}

AWX = {"JOB_ID": "7", "AWX_HOST": "https://towerhost"}
"""What AWX has in the environment of each job, awx/main/tasks/jobs.py."""


class Job(t.NamedTuple):
    """A job that is over."""

    code: int
    output: str
    left: dict[str, t.Any]
    tasks: list[str]


@pytest.fixture
def job(play, tmp_path):
    """Runs a playbook as ansible-runner does for AWX. What the job ``after`` left is among its extra variables, as AWX has it."""
    count = 0

    def run(playbook: str, *, after: Job | None = None, cmdline: str = "", **variables: t.Any) -> Job:
        nonlocal count
        count += 1
        directory = tmp_path / f"job{count}"
        for name in ("project", "env"):
            (directory / name).mkdir(parents=True)
        (directory / "env" / "extravars").write_text(json.dumps((after.left if after else {}) | variables), encoding="utf-8")
        environment = play.full_environment(directory / "results.jsonl") | AWX
        playbook = playbook if playbook.count(".") else f"nodeflow.orchestrator.{playbook}"
        command = [sys.executable, "-m", "ansible_runner", "run", str(directory), "-p", playbook, *(["--cmdline", cmdline] if cmdline else [])]
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=300)
        events = [json.loads(path.read_text(encoding="utf-8")) for path in directory.glob("artifacts/*/job_events/*.json")]
        [left] = [event["event_data"]["artifact_data"] for event in events if event["event"] == "playbook_on_stats"]
        play.secrets.check(done.stdout, json.dumps(left))
        starts = sorted((event["counter"], event["event_data"]["name"]) for event in events if event["event"] == "playbook_on_task_start")
        return Job(done.returncode, done.stdout, left, [step_of(name) for _counter, name in starts])

    return run


def bad_device(netbox):
    """A planned device that has no address, so that it cannot be enrolled."""
    return netbox.make(ipv4=None, ipv6=None)


def test_from_a_suspended_job_to_its_approval_with_nothing_else_said(job, play, netbox):
    devices = [netbox.make(), netbox.make()]
    waiting = job("create_node", nodes=devices)
    ids = {row["process_id"] for row in play.rows("SELECT process_id FROM processes")}
    assert waiting.code == 0 and waiting.left.keys() == NOTHING.keys() | {"nodeflow_counts", "nodeflow_summary"}
    assert set(waiting.left["nodeflow_process_ids"]) == ids and len(ids) == 2 and waiting.left["nodeflow_run_id"] is None
    assert waiting.left["nodeflow_counts"] == {"suspended": 2}
    assert waiting.left["nodeflow_summary"].startswith("2 nodes: 2 suspended\nsuspended: ")
    assert "Set the stats for the next job after a failure" not in waiting.tasks
    # An empty answer of a survey is no answer.
    blank = {"process_ids": "", "status": [], "run_id": " ", "all": ""}
    done = job("resume", after=waiting, confirm_config=True, **blank)
    assert done.code == 0 and done.left["nodeflow_counts"] == {"completed": 2}, done.output
    assert done.left.items() >= NOTHING.items() and done.left["nodeflow_summary"] == "2 nodes: 2 completed"
    nothing = job("resume", after=done, confirm_config=True)
    assert nothing.code == 0 and "There is nothing to continue" in nothing.output and nothing.left.items() >= NOTHING.items()


def test_a_bad_one_fails_the_job_and_the_others_can_still_be_approved_or_denied(job, netbox):
    good, other, bad = netbox.make(), netbox.make(), bad_device(netbox)
    red = job("create_node", nodes=[good, bad, other])
    assert red.code == 2 and red.left["nodeflow_counts"] == {"failed": 1, "suspended": 2} and len(red.left["nodeflow_process_ids"]) == 2, red.output
    assert red.left["nodeflow_summary"].splitlines()[2].startswith("failed: ") and len(red.left["nodeflow_summary"].splitlines()) == 3
    first, second = red.left["nodeflow_process_ids"]
    # What is said counts before what was left.
    approved = job("resume", after=red, process_ids=first, confirm_config=True)
    assert approved.code == 0 and approved.left["nodeflow_counts"] == {"completed": 1} and approved.left.items() >= NOTHING.items()
    denied = job("abort", after=red, process_ids=second)
    assert denied.code == 0 and denied.left["nodeflow_counts"] == {"aborted": 1}, denied.output
    assert sorted(netbox.statuses([good, other]).values()) == ["active", "planned"]
    again = job("create_node", nodes=[good, other])
    assert job("abort", after=again).left["nodeflow_counts"] == {"aborted": 1}
    empty = job("abort", after=approved)
    assert empty.code == 0 and "There is nothing to abort" in empty.output


def test_what_fails_at_the_first_task_leaves_nothing_and_says_so(job, netbox):
    bad = bad_device(netbox)
    all_bad = job("create_node", nodes=[bad])
    assert all_bad.code == 2 and all_bad.left.items() >= NOTHING.items() and all_bad.left["nodeflow_counts"] == {"failed": 1}, all_bad.output
    for playbook, variables in (("create_node", {}), ("create_node", {"nodes": "{{ nowhere }}"}), ("resume", {"process_ids": "x"}), ("abort", {})):
        failed = job(playbook, **variables)
        assert failed.code == 2 and failed.left.items() >= NOTHING.items() and "nodeflow_summary" in failed.left, (playbook, variables, failed.output)
    assert job("modify_node", nodes=[bad], note="x").left.items() >= NOTHING.items()
    assert job("sweep", suspended_limit="soon").left.items() >= NOTHING.items()


def test_check_mode_names_no_process(job, netbox):
    checked = job("create_node", nodes=[netbox.make(), bad_device(netbox)], cmdline="--check --diff")
    assert checked.left.items() >= NOTHING.items() and checked.left["nodeflow_counts"] == {"completed": 1, "failed": 1}, checked.output
    assert checked.left["nodeflow_summary"].startswith("check mode, nothing was changed: 2 nodes: ")


def test_fail_on_suspended_makes_the_job_red_at_its_last_step(job, play, netbox):
    device = netbox.make()
    red = job("create_node", nodes=[device], fail_on_suspended=True)
    [process] = play.rows("SELECT process_id, status FROM processes")
    assert red.code == 2 and process["status"] == "suspended" and red.left["nodeflow_process_ids"] == [process["process_id"]], red.output
    assert red.tasks[-2:] == ["done", "Set the stats for the next job after a failure"] and "since fail_on_suspended is true" in red.output
    how = f"the job template nodeflow.orchestrator.resume with process_ids={process['process_id']}, confirm_config=true"
    assert how in " ".join(red.output.split()) and "ansible-playbook" not in red.output
    still = job("resume", after=red, fail_on_suspended="true")
    assert still.code == 2 and still.left["nodeflow_process_ids"] == [process["process_id"]]
    green = job("resume", after=still, fail_on_suspended=True, confirm_config=True)
    assert green.code == 0 and netbox.status(device) == "active", green.output
    assert job("create_node", nodes=[netbox.make()], fail_on_suspended="maybe").tasks[0] == "initial_input_form"
    assert len(play.rows("SELECT process_id FROM processes")) == 1


def test_what_was_approved_before_says_nothing_of_what_a_job_begins(job, play, netbox):
    waiting = job("create_node", nodes=[netbox.make()])
    begun = job("create_node", after=waiting, nodes=[netbox.make()], confirm_config=True)
    assert begun.code == 0 and begun.left["nodeflow_counts"] == {"completed": 1}, begun.output
    active = play.rows("SELECT subscription_id FROM subscriptions WHERE status = 'active'")[0]["subscription_id"]
    ended = job("terminate_node", after=waiting, subscription_ids=[active], confirm_config=True)
    assert ended.code == 0 and ended.left["nodeflow_counts"] == {"completed": 1}, ended.output


def test_a_denial_ends_what_waits_still_and_nothing_that_went_on_meanwhile(job, play, netbox):
    devices = netbox.make_many(3)
    waiting = job("create_node", nodes=devices)
    done, failed, still = waiting.left["nodeflow_process_ids"]
    assert job("resume", process_ids=done, confirm_config=True).code == 0

    def fault(method, path, forward):  # pylint: disable=unused-argument
        return None if method == "PATCH" else forward()

    with NetboxProxy(netbox.url, fault) as proxy:  # confirmed, and in the network: only NetBox does not know yet
        assert job("resume", process_ids=failed, confirm_config=True, netbox_url=proxy.url, netbox_moved=True, netbox_retries=0).code == 2
    denied = job("abort", after=waiting, netbox_moved=True)
    assert denied.code == 0 and denied.left["nodeflow_counts"] == {"aborted": 1} and "DEPRECAT" not in denied.output, denied.output
    stand = {row["process_id"]: row["status"] for row in play.rows("SELECT process_id, status FROM processes")}
    assert stand == {done: "completed", failed: "failed", still: "aborted"}, denied.output
    assert f"1 process left as it is, since not suspended but completed: {done}" in denied.output
    again = job("abort", after=waiting)
    assert again.code == 0 and again.left.items() >= NOTHING.items() and "There is nothing to abort" in again.output, again.output
    assert job("abort", process_ids=failed).left["nodeflow_counts"] == {"aborted": 1}


def test_a_sweep_leaves_what_it_continued_and_takes_nothing_that_a_job_left(job, play, netbox):
    waiting = job("create_node", nodes=[netbox.make()])
    swept = job("sweep", after=waiting, suspended_limit="0s")
    assert swept.code == 0 and swept.left.items() >= NOTHING.items() and swept.left["nodeflow_counts"] == {}, swept.output
    assert "Continue it with: the job template nodeflow.orchestrator.resume with" in " ".join(swept.output.split())
    assert play.rows("SELECT status FROM processes") == [{"status": "suspended"}]


def test_a_validation_leaves_what_it_found_and_keeps_what_waits(job, netbox):
    device = netbox.make()
    job("create_node", nodes=[device], confirm_config=True)
    netbox.set(device, status="failed")
    found = job("validate_node", nodes=[device])
    assert found.code == 2 and found.left == {"nodeflow_counts": {"status": 1}, "nodeflow_summary": found.left["nodeflow_summary"]}, found.output
    assert "1 finding at 1 device" in found.left["nodeflow_summary"]
    assert "Repair it with: the job template nodeflow.orchestrator.reconcile_nodes" in " ".join(found.output.split())


def test_what_was_approved_before_says_nothing_of_what_the_example_begins(job, play, netbox, lab):
    circuits = Circuits(play, netbox)
    begun = job("acme.circuits.create_circuit", confirm_config=True, nodeflow_config_hash="a" * 64, **circuits.variables(circuits.pairs))
    assert begun.code == 0 and begun.left["nodeflow_counts"] == {"completed": 1}, begun.output


def test_the_example_leaves_and_takes_them_too(job, play, netbox, lab):
    circuits = Circuits(play, netbox)
    waiting = job("acme.circuits.create_circuit", **circuits.variables(circuits.pairs))
    assert waiting.code == 0 and waiting.left["nodeflow_counts"] == {"suspended": 1} and len(waiting.left["nodeflow_process_ids"]) == 1, waiting.output
    red = job("acme.circuits.resume", after=waiting, fail_on_suspended=True)
    assert red.code == 2 and red.left["nodeflow_process_ids"] == waiting.left["nodeflow_process_ids"], red.output
    # What was left is not what create_circuit is to build.
    again = job("acme.circuits.create_circuit", after=red, **circuits.variables(circuits.pairs))
    assert again.left["nodeflow_counts"] == {"unchanged": 1}, again.output
    assert job("acme.circuits.resume", after=red, confirm_config=True).left["nodeflow_counts"] == {"completed": 1}
    failed = job("acme.circuits.resume", process_ids="x")
    assert failed.code == 2 and failed.left.items() >= NOTHING.items()
