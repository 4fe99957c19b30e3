# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who started a job of AWX, and who approved before it: for the log, and for who may confirm."""

from __future__ import annotations

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._awx.approval import AwxError, can_ask, who_approved
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._awx.job import AwxJob
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.actor import same_person
from awx_login import PASSWORD, TOKEN, USER
from fake_awx import RESUME, START, WORKFLOW_JOB, Awx, awx

JOB = {"awx_job_id": 43, "awx_job_launch_type": "manual", "awx_user_name": "alice"}
IN_WORKFLOW = {"awx_job_id": 43, "awx_job_launch_type": "workflow", "awx_workflow_job_id": 40}


@pytest.mark.parametrize(
    ("variables", "said", "is_person"),
    [
        (JOB, "alice (AWX job 43)", True),
        ({name.replace("awx", "tower"): value for name, value in JOB.items()}, "alice (AWX job 43)", True),
        ({"awx_job_id": 42, "awx_user_name": "ann"}, "ann (AWX job 42)", True),
        (JOB | {"awx_job_launch_type": "relaunch"}, "alice (AWX job 43)", True),
        (IN_WORKFLOW | {"awx_workflow_job_launch_type": "manual", "awx_user_name": "alice"}, "alice (AWX job 43, workflow job 40)", True),
        (
            IN_WORKFLOW | {"awx_workflow_job_launch_type": "scheduled", "awx_parent_job_schedule_name": "nightly"},
            "schedule nightly (AWX job 43, workflow job 40)",
            False,
        ),
        ({"awx_job_id": 12, "awx_job_launch_type": "scheduled", "awx_schedule_name": "nightly"}, "schedule nightly (AWX job 12)", False),
        ({"awx_job_id": 12, "awx_job_launch_type": "webhook"}, "webhook (AWX job 12)", False),
        ({"awx_job_id": 12}, "schedule (AWX job 12)", False),
        # What AWX does not set there can be a survey's:
        ({"awx_job_id": 12, "awx_job_launch_type": "scheduled", "awx_schedule_name": "x", "awx_user_name": "bob"}, "schedule x (AWX job 12)", False),
        (JOB | {"awx_workflow_job_id": 7}, "alice (AWX job 43)", True),
    ],
)
def test_the_launch_type_says_who_started_a_job(variables, said, is_person):
    job = AwxJob.read(variables)
    assert (str(job.actor), job.actor.is_person) == (said, is_person)
    assert AwxJob.from_text(job.as_text()) == job


def test_outside_awx_there_is_no_job():
    assert AwxJob.read({"awx_user_name": "alice", "awx_job_id": ""}) is None and AwxJob.from_text("") is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("alice", "Alice@bastion", True), ("alice@a", "alice@b", True), ("alice", "bob", False), ("schedule nightly", "nightly", False)],
)
def test_one_person_has_several_names(one, other, same):
    assert same_person(one, other) is same


@pytest.fixture(name="server")
def fixture_server():
    """A server that answers as AWX does."""
    with awx() as running:
        yield running


def approved(server, job=RESUME, **environment):
    """Who approved before a job of the workflow."""
    return who_approved(AwxJob.read(server.job(job)), server.environment | environment)


def test_who_gave_the_approval_before_the_job_is_found(server):
    assert approved(server) == "bob" and approved(server, START) is None
    server.prefix = "/api/controller/v2/"
    assert approved(server) == "bob"
    server.prefix = "/awx/v2/"
    assert approved(server, CONTROLLER_OPTIONAL_API_URLPATTERN_PREFIX="/awx/") == "bob"


def test_a_name_and_a_password_will_do(server):
    environment = {"TOWER_HOST": server.url, "TOWER_USERNAME": USER, "TOWER_PASSWORD": PASSWORD}
    assert can_ask(environment) and who_approved(AwxJob.read(server.job()), environment) == "bob"
    assert not can_ask({"TOWER_HOST": server.url, "TOWER_USERNAME": ""}) and not can_ask({})


def test_an_approval_that_was_denied_or_is_elsewhere_counts_for_nothing(server):
    server.status = "failed"
    assert approved(server) is None
    server.status = "successful"
    server.more = [Awx.node(4, 44, "workflow_approval", [], [5]), Awx.node(5, 45, "job", [], [])]
    assert approved(server) == "bob" and not any(path.endswith("/44/") for path in server.asked)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"approver": None}, "does not say who approved"),
        ({"broken": (403, b"{}")}, "refuses the credential"),
        ({"broken": (502, b"bad gateway")}, "answered HTTP 502"),
        ({"broken": (200, b"<html>")}, f"has no workflow_jobs/{WORKFLOW_JOB}/workflow_nodes/"),
        ({"broken": (302, b"")}, "leads to another address (HTTP 302); CONTROLLER_HOST must be that one"),
        ({"broken": (418, b"{}")}, "answered HTTP 418"),
        ({"broken": (200, b'{"results": [{"id": 1}]}')}, "answered something else than AWX does"),
        ({"url": "http://127.0.0.1:9"}, "could not be reached"),
        ({"url": "http://alice:secret@127.0.0.1"}, "is no address of AWX"),
        ({"url": "https://[::1"}, "is no address of AWX"),
    ],
)
def test_what_awx_does_not_say_is_a_sentence_without_a_secret(server, monkeypatch, change, said):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    for name, value in change.items():
        setattr(server, name, value)
    with pytest.raises(AwxError) as caught:
        approved(server)
    assert said in str(caught.value) and TOKEN not in str(caught.value) and "secret" not in str(caught.value)


def test_an_awx_that_is_busy_is_asked_again(server, monkeypatch):
    """Whoever approved has done so, and cannot do it again."""
    waits = []

    def wait(seconds):
        waits.append(seconds)
        if len(waits) == 2:
            server.broken = None

    monkeypatch.setattr("time.sleep", wait)
    server.broken = (502, b"bad gateway")
    assert approved(server) == "bob" and len(waits) == 2


def test_a_job_that_is_not_of_the_workflow_is_told(server):
    with pytest.raises(AwxError, match="does not know job 99"):
        approved(server, 99)
