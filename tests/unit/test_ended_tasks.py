# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task that ends before its step was done, since an option was wrong or something broke: its processes are failed, and free for a resume."""

from __future__ import annotations

import contextlib
import datetime
import json
import uuid

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import StoreError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import NODE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.release import release
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.engine import open_store
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task
from filled_store import FilledStore

COUNT = 6


def of(number, kind):
    """The subscription (1), process (2) or run (3) of the device of that number."""
    return str(uuid.UUID(int=kind << 64 | number))


@pytest.fixture
def store(tmp_path):
    """Five processes that a run works on each, and one that waits."""
    return FilledStore(tmp_path / "store.db", COUNT, lambda number: "suspended" if number == COUNT else "running")


def row(number, **fields):
    """The row of a device, as the step before left it."""
    known = {"device": f"r ({number})", "device_id": number, "status": "running", "run_id": of(number, 3), "process_id": of(number, 2)}
    return {name: value for name, value in (known | fields).items() if value is not None}


def ended(store, rows, reason="no such option", check_mode=False, secrets=()):
    """What the task leaves in its rows: the label, status and message of each, and whether the store still has it as held."""
    with contextlib.ExitStack() as stack:
        options = {"nodes": rows, "store": store if isinstance(store, str) else store.location, "netbox_url": None, "lease_minutes": 15, "actor": "bob"}
        task = Task(options, check_mode, [].append, [].append, lambda question: None, secrets=secrets, rows_about=NODE)
        stack.callback(task.close)
        return [(one.label, one.status, one.message, one.held, one.process_id) for one in release(task, reason)]


def failed(number, held=False, process=True):
    """How one stands that was given back."""
    return (f"r ({number})", "failed", f"r ({number}): no such option", held, of(number, 2) if process else None)


def as_it_was(one):
    """How one stands that was left alone."""
    return one["device"], one["status"], one.get("message", ""), False, one.get("process_id")


PROCESS = "SELECT status, step, error, run_id, lease_until FROM processes WHERE process_id = '{0}'"
LINE = "SELECT * FROM process_steps WHERE process_id = '{0}' ORDER BY process_step_id DESC LIMIT 1"


def test_what_the_run_holds_is_failed_with_the_reason_and_free(store):
    before = datetime.datetime.now(datetime.timezone.utc)
    other = row(6, status="suspended", message="waits")
    assert ended(store, [row(1), other, row(2)]) == [failed(1), as_it_was(other), failed(2)]
    for number in (1, 2):
        [process] = store.rows(PROCESS.format(of(number, 2)))
        assert process == {"status": "failed", "step": "set_status", "error": f"r ({number}): no such option", "run_id": None, "lease_until": None}
        [line] = store.rows(LINE.format(of(number, 2)))
        changes = {"subscription": {}, "process": {"status": ["running", "failed"], "error": [None, f"r ({number}): no such option"]}, "netbox": {}}
        assert (line["step"], line["status"], line["error"], line["actor"]) == ("set_status", "failed", f"r ({number}): no such option", "bob")
        assert (line["run_id"], line["attempt"], json.loads(line["changes"])) == (of(number, 3), 1, changes)
        assert line["step_id"] == str(uuid.uuid5(uuid.UUID(of(number, 2)), "set_status")) and json.loads(line["state"])["claim"] == "netbox"
        [moments] = store.rows(f"SELECT updated_at FROM processes WHERE process_id = '{of(number, 2)}'")
        at = datetime.datetime.fromisoformat(moments["updated_at"]).replace(tzinfo=datetime.timezone.utc)
        assert before <= at <= datetime.datetime.now(datetime.timezone.utc) and line["completed_at"] == line["started_at"] == moments["updated_at"]
    assert store.rows(PROCESS.format(of(3, 2)))[0]["status"] == "running"


def test_the_reason_holds_no_secret(store):
    ended(store, [row(1)], "no user nbt_KEY.secret", secrets=["nbt_KEY.secret"])
    assert store.rows(PROCESS.format(of(1, 2)))[0]["error"] == "r (1): no user ********"


@pytest.mark.parametrize("fields", [{"run_id": "another"}, {"run_id": None, "status": "failed", "message": "x"}, {"status": "suspended", "message": "x"}])
def test_what_another_run_holds_is_left_to_it(store, fields):
    assert ended(store, [row(1, **fields)]) == []
    assert store.rows(PROCESS.format(of(1, 2)))[0]["status"] == "running"


@pytest.mark.parametrize("of_run", [{"status": "suspended"}, {"run_id": None}, {"run_id": "another"}])
def test_what_the_store_says_counts(store, of_run):
    for name, value in of_run.items():
        store.change(f"UPDATE processes SET {name} = ? WHERE process_id = ?", value, of(1, 2))
    before = store.rows(PROCESS.format(of(1, 2)))
    assert ended(store, [row(1)]) == [] and store.rows(PROCESS.format(of(1, 2))) == before


@pytest.mark.parametrize(("begins", "held"), [(8, True), (7, False), (9, False)])
def test_of_a_row_that_came_short_how_its_run_begins_is_enough(store, begins, held):
    store.change("UPDATE processes SET run_id = '0123456789abcdef' WHERE process_id = ?", of(1, 2))
    assert ended(store, [row(1, run_id="0123456789abcdef"[:begins])]) == ([failed(1)] if held else [])


def test_a_row_whose_process_was_saved_a_moment_ago_is_known_by_its_subscription(store):
    """The step that stores it was interrupted between its commit and its answer."""
    rows = [row(1, process_id=None, subscription_id=of(1, 1)), row(2, process_id=None, model={"subscription_id": of(2, 1)}), row(3)]
    assert ended(store, rows) == [failed(1), failed(2), failed(3)]
    assert [store.rows(PROCESS.format(of(number, 2)))[0]["status"] for number in (1, 2, 3, 4)] == ["failed"] * 3 + ["running"]


def test_a_row_that_has_neither_is_of_nothing_in_the_store(store):
    nothing = [row(1, process_id=None), row(2, process_id=None, model={"subscription_id": 7}), row(3, process_id=None, subscription_id=of(99, 1))]
    assert ended(store, nothing) == []
    assert ended(store, [*nothing, row(4)]) == [*map(as_it_was, nothing), failed(4)]


def test_a_process_that_the_store_does_not_know_may_be_held_elsewhere(store, tmp_path):
    assert ended(store, [row(77), row(1)]) == [failed(77, held=True), failed(1)]
    assert ended(store, [row(77)]) == [failed(77, held=True)]
    fresh = row(1, process_id=None, subscription_id=of(1, 1))
    assert ended(str(tmp_path / "no store.db"), [row(77), fresh]) == [failed(77, held=True), as_it_was(fresh)]


def test_where_the_store_cannot_be_told_all_are_held(store, monkeypatch):
    def broken(self):
        raise StoreError("the disk is full")

    monkeypatch.setattr(Task, "any_store", broken)
    fresh = row(2, process_id=None, subscription_id=of(2, 1))
    assert ended(store, [row(1), fresh]) == [failed(1, held=True), as_it_was(fresh)]


def test_check_mode_and_a_task_without_rows_release_nothing(store):
    assert ended(store, [row(1)], check_mode=True) == [] and ended(store, [row(1, predicted={"x": 1})]) == []
    for rows in (None, "r1", [], ["r1"], [{}], {"device": "r (1)"}):
        assert ended(store, rows) == []
    assert ended(store, ["no row", row(1)]) == [failed(1)]
    task = Task({"store": store.location}, False, [].append, [].append, lambda question: None)
    assert release(task, "x") == []


def test_two_runs_of_one_task_are_both_given_back(store):
    store.change("UPDATE processes SET run_id = ? WHERE process_id = ?", of(1, 3), of(2, 2))
    assert ended(store, [row(1), row(2, run_id=of(1, 3)), row(3)]) == [failed(1), failed(2), failed(3)]
    assert {one["run_id"] for one in store.rows("SELECT run_id FROM processes WHERE status = 'failed'")} == {None}
    with contextlib.closing(open_store(store.location)) as opened, opened.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM process_steps WHERE status = 'failed'").scalar_one() == 3
