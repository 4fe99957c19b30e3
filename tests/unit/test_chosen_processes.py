# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Processes that resume and abort do not take, and what is said of them: for whoever must go on with them in another way."""

from __future__ import annotations

import datetime
import types
import uuid

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import NODE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process import continued
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.ways_on import NAMED
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.processes import Process

NOW = datetime.datetime.now(datetime.timezone.utc)
HOUR = datetime.timedelta(hours=1)
THEIRS = "ansible-playbook acme.circuits."


def key(number):
    return str(uuid.UUID(int=number))


def process(number, status="suspended", workflow="acme.circuits.create_circuit", **fields):
    known = {"state": {}, "error": None, "actor": "bob", "run_id": None, "lease_until": None, "started_at": NOW, "updated_at": NOW} | fields
    return Process(key(number), key(number), workflow, 1, "CREATE", status, "one", **known)


def held(number, run="r1", **fields):
    return process(number, "running", **{"run_id": run, "lease_until": NOW + HOUR} | fields)


def said(tell, *arguments):
    """The lines that are shown."""
    shown = []
    tell(types.SimpleNamespace(show=shown.append, subject=NODE), *arguments)
    return shown


@pytest.mark.parametrize(
    ("line", "ids"),
    [
        (key(1), [key(1)]),
        (f"{key(1)}, {key(2)}", [key(1), key(2)]),
        (f"{key(1)} r1 (loc1, 7): suspended", [key(1)]),
        (f"{key(1)},{key(2)} and more", [key(1), key(2)]),
        ("no such thing", ["no", "such", "thing"]),
        ("", []),
    ],
)
def test_a_line_names_ids_and_what_stands_behind_them_in_a_survey(line, ids):
    assert continued._ids(line) == ids


def test_what_went_on_is_left_as_it_is_a_line_for_each_way_in_which_it_stands():
    done = [process(1, "completed"), process(2, "failed"), process(3, "completed")]
    assert said(continued._tell_went_on, done) == [
        f"2 processes left as they are, since not suspended but completed: {key(1)}, {key(3)}",
        f"1 process left as it is, since not suspended but failed: {key(2)}",
    ]


def test_what_is_another_collections_is_left_to_it_with_its_command():
    other = process(2, workflow="acme.ports.create_port")
    assert said(continued._tell_elsewhere, [process(1), other, process(3)], "resume") == [
        f"2 processes are of acme.circuits; continue them with: {THEIRS}resume -e process_ids={key(1)},{key(3)}",
        f"1 process is of acme.ports; continue it with: ansible-playbook acme.ports.resume -e process_ids={key(2)}",
    ]
    [line] = said(continued._tell_elsewhere, [process(1)], "abort")
    assert line == f"1 process is of acme.circuits; abort it with: {THEIRS}abort -e process_ids={key(1)}"


def test_many_are_named_by_how_they_stand_and_to_abort_them_by_their_ids():
    many = [process(number, "failed" if number % 2 else "suspended") for number in range(1, NAMED + 2)]
    assert said(continued._tell_elsewhere, many[:NAMED], "resume")[0].endswith(",".join(key(number) for number in range(1, NAMED + 1)))
    assert said(continued._tell_elsewhere, many, "resume")[0].endswith(f"continue them with: {THEIRS}resume -e status=failed,suspended")
    assert said(continued._tell_elsewhere, many, "abort")[0].endswith(",".join(key(number) for number in range(1, NAMED + 2)))


def test_what_a_run_of_another_collection_holds_is_to_be_taken_over():
    assert said(continued._tell_elsewhere, [held(1)], "resume")[0].endswith(f"resume -e process_ids={key(1)} -e take_over=true")
    many = [held(number) for number in range(1, NAMED + 2)]
    assert said(continued._tell_elsewhere, many, "resume")[0].endswith("resume -e status=interrupted -e take_over=true")


def test_what_runs_hold_is_told_of_a_line_for_each_run_and_collection():
    ours = {"workflow": "create_node"}
    lines = said(continued._tell_held, [held(1, **ours), held(2, actor="ann", **ours), held(3), held(4, "r2", lease_until=NOW + 2 * HOUR, **ours)], "resume")
    way, until = "If that run is known to be gone, take", f"{NOW + HOUR:%Y-%m-%d %H:%M} UTC"
    later = f"{NOW + 2 * HOUR:%Y-%m-%d %H:%M} UTC"
    command = "ansible-playbook nodeflow.orchestrator.resume -e run_id"
    before = "and cannot be continued before that. " + way
    assert lines == [
        f"2 processes are held by run r1, of ann, bob, until {until}, {before} them over with: {command}=r1 -e take_over=true",
        f"1 process is held by run r1, of bob, until {until}, {before} it over with: {THEIRS}resume -e run_id=r1 -e take_over=true",
        f"1 process is held by run r2, of bob, until {later}, {before} it over with: {command}=r2 -e take_over=true",
    ]
    assert "cannot be aborted before that" in said(continued._tell_held, [held(1)], "abort")[0] and said(continued._tell_held, [], "resume") == []
