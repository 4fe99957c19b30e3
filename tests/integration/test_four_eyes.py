# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who asked for a process and who confirmed its config: that they are two, where that is wanted."""

from __future__ import annotations

import json
import os
import pwd
import socket

import pytest

from awx_login import TOKEN
from fake_awx import awx
from in_process import call_module
from terminal import Terminal

ME = f"{pwd.getpwuid(os.getuid()).pw_name}@{socket.gethostname()}"


def by(user, job=1, kind="manual"):
    """The variables of a job of AWX that a user launched."""
    return {"awx_job_id": job, "awx_job_launch_type": kind} | ({"awx_user_name": user} if user else {})


@pytest.fixture(name="server")
def fixture_server():
    """A server that answers as AWX does."""
    with awx() as running:
        yield running


@pytest.fixture(name="waits")
def fixture_waits(play, netbox):
    """Begins an enrolment, with what is given, that waits for its config to be confirmed; return the id of its process."""
    return lambda **variables: play.create(nodes=netbox.make(), four_eyes=True, **variables).nodes[0]["process_id"]


def process(play, process_id):
    """What process_info tells."""
    return call_module("process_info", {"store": play.store.location, "process_ids": [process_id], "steps": True})["processes"][0]


def standing(play, process_id):
    """How a process stands, and who confirmed it."""
    found = process(play, process_id)
    return found["status"], found["confirmed_by"]


def test_who_asked_for_it_does_not_confirm_it_and_somebody_else_does(play, waits):
    process_id = waits(**by("alice"))
    assert process(play, process_id)["requester"] == "alice"
    own = play.resume(process_id, confirm_config=True, four_eyes=True, **by("alice", 2))
    [row] = own.nodes
    assert own.returncode == 0 and row["status"] == "suspended", own.output
    assert "alice asked for it, and may not confirm it too (four_eyes); anybody but alice may" in own.output
    assert standing(play, process_id) == ("suspended", None)
    done = play.resume(process_id, confirm_config=True, four_eyes=True, **by("bob", 3))
    assert done.returncode == 0 and standing(play, process_id) == ("completed", "bob"), done.output
    [line] = [one for one in process(play, process_id)["steps"] if one["step"] == "provide_config_to_user" and one["status"] == "success"]
    assert line["actor"] == "bob (AWX job 3)" and line["state"]["confirmed_by"] == "bob"


def test_one_run_that_asks_and_confirms_is_one_person(play, netbox):
    ran = play.create(nodes=[netbox.make(), netbox.make()], confirm_config=True, environment={"NODEFLOW_FOUR_EYES": "true"})
    assert [row["status"] for row in ran.nodes] == ["suspended"] * 2 and f"{ME} asked for it" in ran.output, ran.output


def test_only_approvers_confirm_with_four_eyes_and_without(play, netbox, waits):
    process_id = waits(**by("alice"))
    for four_eyes in (True, False):
        said = play.resume(process_id, confirm_config=True, four_eyes=four_eyes, approvers="alice,carol", **by("bob", 2)).output
        assert "bob is not among those who may confirm it (approvers); " + ("carol may" if four_eyes else "alice or carol may") in said, said
    environment = {"NODEFLOW_APPROVERS": "alice,carol", "NODEFLOW_FOUR_EYES": "true"}
    assert "alice asked for it" in play.resume(process_id, confirm_config=True, environment=environment, **by("alice", 3)).output
    assert play.resume(process_id, confirm_config=True, environment=environment, **by("carol", 4)).returncode == 0
    assert standing(play, process_id) == ("completed", "carol")
    alone = play.create(nodes=netbox.make(), confirm_config=True, approvers=[ME])
    assert alone.nodes[0]["status"] == "completed", alone.output


def test_a_schedule_is_nobody_who_confirms_and_what_it_asked_for_anybody_may(play, waits):
    schedule = by("", 1, "scheduled") | {"awx_schedule_name": "nightly"}
    process_id = waits(confirm_config=True, **schedule, awx_user_name="of-a-survey")
    found = process(play, process_id)
    assert (found["status"], found["requester"], found["actor"]) == ("suspended", "schedule nightly", "schedule nightly (AWX job 1)")
    again = play.resume(process_id, confirm_config=True, four_eyes=True, **schedule)
    assert "schedule nightly is nobody who can confirm it" in again.output, again.output
    assert play.resume(process_id, confirm_config=True, four_eyes=True, **by("alice", 2)).returncode == 0
    assert standing(play, process_id) == ("completed", "alice")


def test_of_an_older_process_the_first_line_of_the_log_says_who_asked_for_it(play, waits):
    process_id = waits(**by("alice"))
    play.store.write("UPDATE processes SET requester = NULL")
    assert "alice asked for it" in play.resume(process_id, confirm_config=True, four_eyes=True, **by("alice", 2)).output
    assert play.resume(process_id, confirm_config=True, four_eyes=True, **by("bob", 3)).returncode == 0
    assert standing(play, process_id) == ("completed", "bob")


def test_who_approved_in_awx_counts_and_not_who_launched(play, waits, server):
    process_id = waits(**by("alice"))
    resume = {"confirm_config": True, "four_eyes": True, "environment": server.environment} | server.job(user="alice")
    server.approver = "alice"
    refused = play.resume(process_id, **resume)
    assert "alice asked for it" in refused.output and standing(play, process_id) == ("suspended", None)
    server.approver = "bob"
    done = play.resume(process_id, **resume)
    assert done.returncode == 0 and standing(play, process_id) == ("completed", "bob"), done.output
    [line] = [one for one in process(play, process_id)["steps"] if one["step"] == "provide_config_to_user" and one["status"] == "success"]
    assert line["actor"] == "bob (approved in AWX workflow job 40)"
    assert TOKEN not in refused.output + done.output + json.dumps(done.results) + json.dumps(process(play, process_id))


def test_where_awx_cannot_be_asked_nothing_is_confirmed_under_four_eyes(play, waits, server):
    process_id = waits(**by("alice"))
    server.broken = (403, b"{}")
    resume = {"confirm_config": True, "environment": server.environment} | server.job(user="bob")
    refused = play.resume(process_id, four_eyes=True, **resume)
    assert refused.returncode == 0 and "could not be found out, so nothing is confirmed" in refused.output, refused.output
    assert TOKEN not in refused.output and standing(play, process_id) == ("suspended", None)
    done = play.resume(process_id, **resume)
    assert "who approved is not known" in done.output and standing(play, process_id) == ("completed", "bob"), done.output


def test_without_a_credential_who_launched_counts_and_the_log_says_so(play, waits, server):
    process_id = waits(**by("alice"))
    job = {"confirm_config": True, "four_eyes": True}
    assert "alice asked for it" in play.resume(process_id, **job, **server.job(user="alice")).output
    assert play.resume(process_id, **job, **server.job(user="bob")).returncode == 0
    lines = [one["actor"] for one in process(play, process_id)["steps"] if one["step"] == "provide_config_to_user" and one["status"] == "success"]
    assert lines == ["bob (AWX job 43, workflow job 40, approver not known)"]


def test_at_a_terminal_who_asked_for_it_is_not_even_asked(play, waits):
    process_id = waits(actor="alice@bastion")
    ran = Terminal(play, "resume", process_ids=process_id, four_eyes=True, actor="alice@elsewhere")
    assert ran.end() == 0 and "Type yes" not in ran.seen and "alice@bastion asked for it, and may not confirm it too" in " ".join(ran.seen.split()), ran.seen
    other = Terminal(play, "resume", process_ids=process_id, four_eyes=True)
    other.until("Type yes")
    other.type("yes\r")
    assert other.end() == 0 and standing(play, process_id) == ("completed", ME), other.seen


def test_a_module_in_a_process_of_its_own_knows_the_job_too(play, waits):
    process_id = waits(**by("alice"))
    rows = play.tasks(
        f"""
- nodeflow.orchestrator.initial_input_form: {{process_ids: ["{process_id}"]}}
  register: form
- nodeflow.orchestrator.provide_config_to_user:
    {{nodes: "{{{{ form.nodes }}}}", configs: [{{process_id: "{process_id}", config: x}}], confirm: true, four_eyes: true}}
  environment: {{A: b}}
""",
        **by("alice", 2),
    ).nodes
    assert rows[0]["status"] == "suspended" and standing(play, process_id) == ("suspended", None)
    last = process(play, process_id)["steps"][-1]
    assert (last["actor"], "alice asked for it" in (last["error"] or "")) == ("alice (AWX job 2)", True), last
