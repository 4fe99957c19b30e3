# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rows that go from task to task, as data and as results."""

from __future__ import annotations

import json

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import NODE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.rows import FAILED, RUNNING, UNCHANGED, Row, read_rows

FULL = Row(
    "r1 (loc1, 7)",
    RUNNING,
    message="m",
    reason="why",
    or_end="End it",
    playbook="abort",
    process_id="p",
    subscription_id="s",
    run_id="run",
    take_over_from="other",
    held=True,
    resumed=True,
    workflow="create_node",
    version=3,
    model={"a": 1},
    state={},
    predicted={},
    own={"device_id": 7, "found": {"id": 7}},
)


@pytest.mark.parametrize("row", [FULL, Row("r", RUNNING, run_id="x"), Row("r", FAILED, "m", own={"device_id": None})])
def test_a_row_comes_back_from_a_result_as_it_was(row):
    assert read_rows([json.loads(json.dumps(row.as_result(NODE)))], NODE) == [row]


def test_a_result_has_what_a_row_says_and_nothing_else():
    assert Row("r", FAILED, "m", own={"device_id": 7}).as_result(NODE) == {"device_id": 7, "device": "r", "status": "failed", "message": "m"}
    assert Row("r", RUNNING, run_id="x", state={}).as_result(NODE) == {"device": "r", "status": "running", "run_id": "x", "state": {}}


@pytest.mark.parametrize(
    "data",
    [
        7,
        {},
        {"device": "r", "status": "failed"},
        {"device": "r", "status": "running"},
        {"device": "", "status": "failed", "message": "m"},
        {"device": "r", "status": "odd", "message": "m"},
        {"device": "r", "status": ["failed"], "message": "m"},
        {"device": "r", "status": "failed", "message": {}},
        {"device": 7, "status": "failed", "message": "m"},
        {"device": "r", "status": "running", "run_id": "x", "state": None},
        {"device": "r", "status": "running", "run_id": "x", "model": {}},
        {"device": "r", "status": "running", "run_id": "x", "predicted": []},
    ],
)
def test_what_is_no_row_is_refused(data):
    with pytest.raises(NodeflowError, match="the option nodes takes the nodes that the step before returned"):
        read_rows([FULL.as_result(NODE), data], NODE)


def test_what_became_of_a_row_replaces_what_was_said_of_it():
    failed = FULL.failed("no")
    assert (failed.status, failed.message, failed.reason, failed.held) == (FAILED, "no", None, False)
    assert (FULL.unchanged("as it is").status, FULL.begun("q").process_id, FULL.begun("q").state) == (UNCHANGED, "q", None)
