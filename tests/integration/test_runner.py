# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs of ansible-runner, which AWX runs them with: from private data directories that go when they end, in a container, with a survey's empty answers."""

from __future__ import annotations

import subprocess

import pytest

from audit import audit
from playbook_files import OF_PROCESSES, variables_of
from runner import Runner, as_nobody
from stores import SqliteStore, device_id_of

NOTHING = ("", None, [""])
"""What an unanswered question of a survey can be."""


class Life:
    """Runs playbooks, and remembers which. With ``empty``, each gets all its variables that are not given, as a survey without answers sends them."""

    def __init__(self, runner, lab, empty, first=0):
        self.runner, self.admin, self.empty, self.first = runner, lab["tokens"]["admin"], empty, first
        self.played = set()

    def __call__(self, playbook, *arguments, fails=False, **variables):
        self.played.add(playbook)
        nothing = {}
        if self.empty:
            missing = sorted(variables_of(playbook) - set(variables))
            nothing = {name: NOTHING[(self.first + place) % len(NOTHING)] for place, name in enumerate(missing)}
            nothing |= {name: "" for name in nothing if name.endswith("_filter")}  # a dictionary, which no question of several choices asks for
        job = self.runner("nodeflow.orchestrator." + playbook, *arguments, **(nothing | variables))
        assert (job.returncode, job.status) == ((2, "failed") if fails else (0, "successful")), job.output
        assert job.events[-1]["event"] == "playbook_on_stats" or "verbose" in job.events[-1]["event"], job.events[-1]
        assert "Traceback" not in job.output and "[DEPRECATION WARNING]" not in job.output, job.output
        return job


def pytest_generate_tests(metafunc):
    if "first" in metafunc.fixturenames:  # which kind of nothing the first variable gets: in the soak, each gets each
        metafunc.parametrize("first", range(len(NOTHING)) if metafunc.config.getoption("--soak") else [0])


def suspended(runner):
    """The ids of the processes that wait."""
    return [row["process_id"] for row in runner.rows("SELECT process_id FROM processes WHERE status = 'suspended'")]


def live(runner):
    """The lifecycles of the subscriptions that are not over, by device."""
    rows = runner.rows("SELECT block, status FROM subscriptions WHERE status <> 'terminated'")
    return {device_id_of(row): row["status"] for row in rows}


def test_every_playbook_under_run(lab, netbox, postgresql, tmp_path):
    every_playbook(Life(Runner(lab, tmp_path, postgresql), lab, empty=False), netbox)


def test_every_playbook_under_transmit_worker_and_process_with_every_other_variable_empty(lab, netbox, postgresql, tmp_path, first):
    runner = Runner(lab, tmp_path, postgresql)
    runner.streamed = True
    every_playbook(Life(runner, lab, empty=True, first=first), netbox)


def every_playbook(play, netbox):
    """A node's life, the same whatever says nothing."""
    runner = play.runner
    first, second, third = devices = netbox.make_many(3)
    expected = play("create_node", "--check", "--diff", "-vvvv", nodes=devices, confirm_config=True)
    assert expected.results["done"]["diff"] and not runner.store.exists() and set(netbox.statuses(devices).values()) == {"planned"}
    play("setup_netbox", "--check", "--diff", netbox_custom_field="nodeflow_subscription", netbox_token=play.admin)

    play("create_node", nodes=[first, second])
    play("resume", process_ids=suspended(runner), confirm_config=True)
    play("create_node", nodes=[third])
    assert "has been suspended since" not in play("sweep").output  # not for a day
    assert live(runner) == {first: "active", second: "active", third: "provisioning"}
    play("abort", process_ids=suspended(runner))

    assert play("validate_node", nodes=[first, second]).results["validate_node"]["findings"] == []
    assert play("modify_node", nodes=[first], note="moved").results["done"]["changed"]
    netbox.set(first, status="planned")
    assert play("validate_node", nodes=[first, second], fails=True).results["validate_node"]["findings"]
    play("reconcile_nodes", nodes=[first, second])
    assert netbox.status(first) == "active"

    page = runner.directory / "outside" / "report.html"
    page.parent.mkdir()
    play("report", report_dest=str(page), validate=True)
    assert page.read_text(encoding="utf-8").count("moved")

    copy, third_store = SqliteStore(runner.directory / "copy"), SqliteStore(runner.directory / "third")
    play("copy_store", target_store=copy.location)
    runner.store = third_store
    play("import_subscriptions", source=copy.location)
    assert live(runner) == {first: "active", second: "active"}
    play("terminate_node", nodes=[second], confirm_config=True)
    assert live(runner) == {first: "active"} and netbox.status(second) != "active"
    play("reset", confirm=True)
    assert live(runner) == {} and netbox.statuses(devices) == dict.fromkeys(devices, "planned")
    assert play.played == set(OF_PROCESSES)
    assert not list(runner.directory.glob("job-*"))  # nothing was left


def test_nobody_is_chosen_by_an_empty_list(lab, netbox, tmp_path):
    """Which is what a question of several choices without an answer is said to be; it is no reason to enrol all."""
    runner = Runner(lab, tmp_path, SqliteStore(tmp_path))
    device = netbox.make()
    job = runner.create(nodes=[], confirm_config=True)
    assert job.returncode == 0 and netbox.status(device) == "planned" and not runner.store.exists(), job.output


@pytest.fixture
def nobody(tmp_path, soak):
    """The prefix of a command for a container's conditions. Where the system allows none, the full run fails, and the bounded one says that it skips."""
    prefix = as_nobody(tmp_path)
    done = subprocess.run([*prefix, "true"], capture_output=True, text=True, check=False)
    if done.returncode:
        (pytest.fail if soak else pytest.skip)(f"NOT INJECTED: {done.stderr}")
    return prefix


@pytest.mark.parametrize(("home", "streamed", "kind"), [("/", False, "sqlite"), (None, True, "postgresql"), ("locked", False, "postgresql")])
def test_a_user_id_without_a_name_whose_home_cannot_be_written(lab, netbox, tmp_path, request, nobody, home, streamed, kind):
    """What a container platform gives a job. Ansible itself needs a directory of its own then: ANSIBLE_HOME."""
    device = netbox.make()
    runner = Runner(lab, tmp_path, SqliteStore(tmp_path) if kind == "sqlite" else request.getfixturevalue("postgresql"))
    (tmp_path / "locked").mkdir(mode=0o000)
    runner.prefix, runner.streamed = nobody, streamed
    runner.environment["HOME"] = str(tmp_path / "locked") if home == "locked" else home
    runner.environment["TMPDIR"] = str(tmp_path)
    runner.environment["ANSIBLE_HOME"] = str(tmp_path / "ansible")
    configs, page = tmp_path / "configs", tmp_path / "report.html"
    created = runner.create(nodes=[device], node_config_dir=str(configs))
    resumed = runner.resume(*suspended(runner), confirm_config=True)  # another job, with nothing of the first but the store
    reported = runner("nodeflow.orchestrator.report", report_dest=str(page))
    for job in (created, resumed, reported):
        assert (job.returncode, job.status) == (0, "successful") and "Failed to create" not in job.output, job.output
    assert not audit(netbox, [runner.store], [device]) and len(list(configs.iterdir())) == 1 and page.exists()
    assert {row["actor"].partition("@")[0] for row in runner.rows("SELECT actor FROM process_steps")} == {"uid 54321"}


def test_a_job_without_a_store_is_refused(lab, netbox, tmp_path):
    """It would be lost with the job. The job has no inventory of a person's and no home either."""
    device = netbox.make()
    runner = Runner(lab, tmp_path, SqliteStore(tmp_path))
    runner.streamed = True
    job = runner.finish(runner.start("nodeflow.orchestrator.create_node", environment={"NODEFLOW_STORE": ""}, nodes=[device]))
    assert job.status == "failed" and "would be lost with the job" in job.output and "PostgreSQL" in job.output, job.output
    assert netbox.status(device) == "planned"
