# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An approval, as AWX has it between two jobs: what the first leaves in its artifacts is all that the second gets, and only what was approved goes on."""

from __future__ import annotations

import json
import re

import pytest

from audit import audit
from runner import Runner
from stores import device_id_of

LARGEST = 100_000
"""Characters that an event may have: AWX stores and shows each of them."""

NAMED = 100
"""Processes that the artifacts name; more are told by their run."""

KEYS = {"nodeflow_process_ids", "nodeflow_run_id", "nodeflow_counts", "nodeflow_config_hash", "nodeflow_summary"}

SAME = "There is no template for the platform of this node"
"""A line of the config that all nodes but the odd one have."""


def pytest_generate_tests(metafunc):
    metafunc.parametrize("count", (1, 12, 500) if metafunc.config.getoption("--soak") else (1, 12))


@pytest.fixture
def runner(lab, tmp_path, postgresql):
    runner = Runner(lab, tmp_path, postgresql)
    runner.streamed = True
    return runner


def names_of(netbox, devices):
    """The names of devices."""
    found = []
    for start in range(0, len(devices), 100):
        found += netbox.call("GET", "dcim/devices", id=devices[start : start + 100], fields="name", limit=100)["results"]
    return [device["name"] for device in found]


def checked(job, returncode=0):
    """What a job leaves for the next, after a look at its size."""
    assert job.returncode == returncode, job.output
    largest = {}
    for event in job.events:
        task = event.get("event_data", {}).get("task", "")
        largest[task] = max(largest.get(task, 0), len(json.dumps(event)))
    for task, size in sorted(largest.items(), key=lambda entry: -entry[1])[:4]:
        print(f"{size:7} characters: {task or 'the play'}")
    assert max(largest.values()) <= LARGEST, largest
    assert set(job.artifacts) >= KEYS and len(job.artifacts["nodeflow_summary"].splitlines()) <= 3, job.artifacts
    return job.artifacts


def waiting(artifacts, count, **counts):
    """Whether artifacts say that so many processes wait, and how the others stand."""
    expected = {name: number for name, number in ({"suspended": count} | counts).items() if number}
    assert artifacts["nodeflow_counts"] == expected, artifacts
    if count > NAMED:
        assert artifacts["nodeflow_process_ids"] is None and artifacts["nodeflow_run_id"], artifacts
    else:
        assert len(artifacts["nodeflow_process_ids"]) == count and artifacts["nodeflow_run_id"] is None, artifacts
    assert re.fullmatch("[0-9a-f]{64}", artifacts["nodeflow_config_hash"] or "") if count else artifacts["nodeflow_config_hash"] is None, artifacts


def started(runner, netbox, devices):
    """Start the enrolment; answer with the job and what it leaves."""
    job = runner.create(nodes=devices)
    artifacts = checked(job)
    waiting(artifacts, len(devices))
    assert [name for name in names_of(netbox, devices) if name not in job.output] == []  # whoever approves sees each
    return job, artifacts


def resume(runner, artifacts, **variables):
    """The job after an approval."""
    return runner("nodeflow.orchestrator.resume", **(artifacts | {"confirm_config": True} | variables))


def test_what_is_the_same_is_shown_once_and_what_is_odd_alone_and_all_goes_on_as_approved(runner, netbox, count):
    devices = [netbox.make(), *netbox.make_many(count - 1)]  # the first has a platform of its own
    job, artifacts = started(runner, netbox, devices)
    assert job.output.count(SAME) == (1 if count > 1 else 0), job.output
    waiting(checked(resume(runner, artifacts)), 0, completed=count)
    assert not audit(netbox, [runner.store], devices)


def test_a_config_that_changed_in_between_waits_again_and_the_others_go_on(runner, netbox, count):
    devices = netbox.make_many(count)
    _job, first = started(runner, netbox, devices)
    netbox.address(devices[0], primary_ip4=f"10.97.{devices[0] // 250 % 250}.{devices[0] % 250 + 1}/32")
    job = resume(runner, first, fail_on_suspended=True)
    second = checked(job, returncode=2)
    waiting(second, 1, completed=count - 1)
    assert second["nodeflow_config_hash"] != first["nodeflow_config_hash"] and names_of(netbox, devices[:1])[0] in job.output
    stale = checked(resume(runner, second, config_hash=first["nodeflow_config_hash"]))  # an approval of what was shown before
    waiting(stale, 1)
    waiting(checked(resume(runner, stale)), 0, completed=1)
    assert not audit(netbox, [runner.store], devices)


def test_what_was_denied_is_given_back(runner, netbox, count):
    devices = netbox.make_many(count)
    _job, artifacts = started(runner, netbox, devices)
    job = runner("nodeflow.orchestrator.abort", **(artifacts | {"reason": "denied"}))
    assert job.returncode == 0, job.output
    assert set(netbox.statuses(devices).values()) == {"planned"}
    assert {row["status"] for row in runner.rows("SELECT status FROM processes")} == {"aborted"}
    assert sorted(map(device_id_of, runner.rows("SELECT block FROM subscriptions WHERE status = 'terminated'"))) == sorted(devices)


def test_a_hash_that_was_shown_to_nobody_confirms_nothing(runner, netbox, count):
    devices = netbox.make_many(min(count, 12))
    _job, artifacts = started(runner, netbox, devices)
    waiting(checked(resume(runner, artifacts, config_hash="0" * 64)), len(devices))
    assert "active" not in netbox.statuses(devices).values()
