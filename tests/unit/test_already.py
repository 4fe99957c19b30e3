# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of what has a subscription already: for whoever runs the same command again."""

from __future__ import annotations

import datetime
import types

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import NODE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.already import already_there
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.rows import Row
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.processes import Process

NOW = datetime.datetime.now(datetime.timezone.utc)
HOUR = datetime.timedelta(hours=1)
KEY, SUBSCRIPTION = "6f0c1f5e-8d5b-4a39-9be4-8f4a52a4f1d5", "9b3c5a0e-1d56-4c39-a3c5-0f4a52a4f1d5"
LATER, TAKEN = f"{NOW + HOUR:%Y-%m-%d %H:%M} UTC", "-e take_over=true"
ROW = Row("r (loc1, 7)", "running", run_id="ours")
RESUME, ABORT = (f"ansible-playbook nodeflow.orchestrator.{name} -e process_ids={KEY}" for name in ("resume", "abort"))


def process(status, workflow="create_node", step="set_status", **fields):
    """A process of another run."""
    known = {"state": {}, "error": None, "actor": "bob", "run_id": None, "lease_until": None, "started_at": NOW, "updated_at": NOW} | fields
    return Process(KEY, SUBSCRIPTION, workflow, 1, "CREATE", status, step, **known)


def told(one):
    """The row of what has a subscription, and this process."""
    subscription = types.SimpleNamespace(subscription_id=SUBSCRIPTION, status="active")
    return already_there(types.SimpleNamespace(subject=NODE), ROW, subscription, one, types.SimpleNamespace(name="create_node"))


def test_what_is_enrolled_is_left_as_it_is():
    row = told(None)
    assert (row.status, row.message) == ("unchanged", f"r (loc1, 7) is enrolled already: subscription {SUBSCRIPTION}, active")
    assert (row.reason, row.subscription_id, row.process_id) == ("is enrolled already, active", SUBSCRIPTION, None)


@pytest.mark.parametrize("one", [process("failed"), process("running", run_id="gone", lease_until=NOW - HOUR)])
def test_an_enrolment_that_failed_or_was_interrupted_goes_on(one):
    row = told(one)
    assert (row.status, row.process_id, row.run_id, row.resumed, row.subscription_id) == ("running", KEY, "ours", True, SUBSCRIPTION)


@pytest.mark.parametrize(
    ("one", "message", "held"),
    [
        (process("suspended"), f"is being enrolled already: process {KEY} is suspended at set_status; continue it with: {RESUME}", False),
        (
            process("running", run_id="theirs", lease_until=NOW + HOUR),
            f"is being enrolled already: process {KEY} is running at set_status, by bob until {LATER}; if that run is gone, continue it with: {RESUME} {TAKEN}",
            True,
        ),
        (
            process("failed", "modify_node"),
            f"is enrolled already, and modify_node works on it: process {KEY} is failed at set_status; continue it with: {RESUME}",
            False,
        ),
    ],
)
def test_what_is_at_work_is_told_of_with_what_continues_it(one, message, held):
    row = told(one)
    assert (row.status, row.message) == ("unchanged", f"r (loc1, 7) {message}")
    assert (row.process_id, row.held, row.resumed) == (KEY, held, False)


def test_of_what_is_half_aborted_no_later_step_has_the_process():
    row = told(process("suspended", step="abort"))
    assert row.message.endswith(f"is being enrolled already: process {KEY} is half aborted; finish that with: {ABORT}") and row.process_id is None


def test_what_cannot_be_read_fails():
    row = told(process("odd", "modify_node"))
    assert row.status == "failed" and "cannot be read: its status odd is not known here" in row.message and row.process_id is None
