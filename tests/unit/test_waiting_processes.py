# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Processes that wait in the store: which they are, and the command that continues each, for whoever comes to them next."""

from __future__ import annotations

import contextlib
import datetime
import types
import uuid

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import StoreError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.lease import refuse_while_working
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.ways_on import NAMED, abort_with, continue_with, how_it_goes_on, open_processes
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.engine import open_store
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.processes import (
    find_processes,
    left_by,
    of_age,
    subscriptions_at_work,
    worked_on_by,
)
from filled_store import NOW, FilledStore

PLAYBOOK = "ansible-playbook nodeflow.orchestrator."


def process_id(number):
    """The process of the device of that number."""
    return str(uuid.UUID(int=2 << 64 | number))


def run_id(number):
    """The run that began it."""
    return str(uuid.UUID(int=3 << 64 | number))


def ids(*numbers):
    """As a command names them."""
    return ",".join(process_id(number) for number in numbers)


def waiting(store):
    """What is said to wait, as lines."""
    task = types.SimpleNamespace(existing_store=lambda: open_store(store.location) if store else None)
    return open_processes(task).splitlines()


def test_where_there_is_no_store_nothing_waits():
    assert waiting(None) == []


def test_each_way_to_wait_has_a_line_with_its_command(tmp_path):
    ends = ("completed", "suspended", "failed", "interrupted", "aborted", "running", "suspended", "failed", "failed", "failed")
    store = FilledStore(tmp_path / "store.db", len(ends), lambda number: ends[number - 1])
    store.change("UPDATE processes SET step = 'abort' WHERE process_id = ?", process_id(8))
    store.change("UPDATE processes SET workflow = 'acme.circuits.create_circuit' WHERE process_id IN (?, ?)", process_id(9), process_id(10))
    assert waiting(store) == [
        f"2 processes are suspended; continue them with: {PLAYBOOK}resume -e process_ids={ids(2, 7)} -e confirm_config=true",
        f"1 process is failed; continue it with: {PLAYBOOK}resume -e process_ids={ids(3)}",
        f"1 process is interrupted; continue it with: {PLAYBOOK}resume -e process_ids={ids(4)}",
        f"1 process is half aborted; continue it with: {PLAYBOOK}abort -e process_ids={ids(8)}",
        f"2 processes are failed; continue them with: ansible-playbook acme.circuits.resume -e process_ids={ids(9, 10)}",
    ]
    found = dict(enumerate(found_in(store), 1))
    assert [number for number, process in found.items() if continue_with(process) is None] == [1, 5, 6] == [
        number for number, process in found.items() if abort_with(process) is None
    ]
    assert continue_with(found[2]) == f"{PLAYBOOK}resume -e process_ids={ids(2)} -e confirm_config=true"
    assert continue_with(found[4]) == f"{PLAYBOOK}resume -e process_ids={ids(4)}"
    assert continue_with(found[8]) == f"{PLAYBOOK}abort -e process_ids={ids(8)}" == abort_with(found[8])
    assert abort_with(found[9]) == f"ansible-playbook acme.circuits.abort -e process_ids={ids(9)}"


def test_how_one_goes_on_is_said_of_each_kind(tmp_path):
    ends = ("suspended", "running", "suspended", "running", "failed")
    store = FilledStore(tmp_path / "store.db", len(ends), lambda number: ends[number - 1])
    store.change("UPDATE processes SET step = 'abort' WHERE process_id IN (?, ?)", process_id(3), process_id(4))
    store.change("UPDATE processes SET workflow_version = 'x' WHERE process_id = ?", process_id(5))
    said = [how_it_goes_on(process) for process in found_in(store)]
    assert said[:4] == [
        ("is suspended at provide_config_to_user", f"; continue it with: {PLAYBOOK}resume -e process_ids={ids(1)}"),
        (
            "is running at set_status, by ann@workstation until 9999-01-01 00:00 UTC",
            f"; if that run is gone, continue it with: {PLAYBOOK}resume -e process_ids={ids(2)} -e take_over=true",
        ),
        ("is half aborted", f"; finish that with: {PLAYBOOK}abort -e process_ids={ids(3)}"),
        (
            "is being aborted, by ann@workstation until 9999-01-01 00:00 UTC",
            f"; if that run is gone, finish that with: {PLAYBOOK}abort -e process_ids={ids(4)} -e take_over=true",
        ),
    ]
    assert said[4][0].startswith("cannot be read: its workflow_version is no number: x.") and said[4][1] == ""


@pytest.mark.parametrize("more", [0, 1])
def test_many_are_named_by_how_they_stand_but_an_abort_names_each(tmp_path, more):
    count = NAMED + more
    store = FilledStore(tmp_path / "store.db", count, lambda number: "suspended")
    every = f"process_ids={ids(*range(1, count + 1))}"
    named = "status=suspended" if more else every
    [line] = waiting(store)
    assert line == f"{count} processes are suspended; continue them with: {PLAYBOOK}resume -e {named} -e confirm_config=true"
    store.change("UPDATE processes SET workflow = 'acme.circuits.create_circuit', status = 'failed'")
    [line] = waiting(store)
    assert line == f"{count} processes are failed; continue them with: ansible-playbook acme.circuits.resume -e {named.replace('suspended', 'failed')}"
    store.change("UPDATE processes SET step = 'abort'")
    [line] = waiting(store)
    assert line == f"{count} processes are half aborted; continue them with: ansible-playbook acme.circuits.abort -e {every}"


def found_in(store, *conditions):
    """The processes that meet the conditions."""
    with contextlib.closing(open_store(store.location)) as opened, opened.read() as connection:
        return find_processes(connection, *conditions)


@pytest.fixture
def store(tmp_path):
    """Processes of all kinds; each has had a run of its own."""
    ends = ("completed", "suspended", "failed", "interrupted", "aborted", "running")
    return FilledStore(tmp_path / "store.db", len(ends), lambda number: ends[number - 1])


def numbers(processes):
    """Of which devices they are."""
    return [uuid.UUID(process.process_id).int - (2 << 64) for process in processes]


def test_what_a_run_has_left_is_what_it_works_on_or_was_the_last_to_work_on(store):
    assert [numbers(found_in(store, left_by(run_id(number)))) for number in range(1, 8)] == [[], [2], [3], [4], [], [6], []]
    store.change("INSERT INTO process_steps SELECT NULL, process_id, step_id, step, 2, status, state, error, changes, actor, 'later', started_at, "
                 "completed_at, NULL FROM process_steps WHERE process_id = ? ORDER BY process_step_id LIMIT 1", process_id(3))  # fmt: skip
    assert [numbers(found_in(store, left_by(one))) for one in (run_id(3), "later")] == [[], [3]]
    store.change("UPDATE processes SET run_id = 'another' WHERE process_id = ?", process_id(2))
    assert [numbers(found_in(store, left_by(one))) for one in (run_id(2), "another")] == [[], [2]]


def test_what_runs_worked_on_is_also_what_is_over(store):
    assert numbers(found_in(store, worked_on_by([run_id(1), run_id(5), run_id(6), "nobody"]))) == [1, 5, 6]
    store.change("UPDATE processes SET run_id = 'another' WHERE process_id = ?", process_id(2))
    assert [numbers(found_in(store, worked_on_by([one]))) for one in (run_id(2), "another", "nobody")] == [[2], [2], []]


def test_the_age_of_a_process_counts_to_the_moment(store):
    second = datetime.timedelta(seconds=1)
    assert numbers(found_in(store, of_age("started", NOW + 3 * second, True))) == [3, 4, 5, 6]
    assert numbers(found_in(store, of_age("started", NOW + 3 * second, False))) == [1, 2, 3]
    assert numbers(found_in(store, of_age("updated", NOW + 6 * second, True))) == [6]


def test_subscriptions_at_work_are_those_of_processes_that_are_not_over(store):
    with contextlib.closing(open_store(store.location)) as opened, opened.read() as connection:
        assert {uuid.UUID(one).int - (1 << 64) for one in subscriptions_at_work(connection)} == {2, 3, 4, 6}


def test_while_a_run_works_what_is_for_all_waits(store):
    with contextlib.closing(open_store(store.location)) as opened:
        with pytest.raises(StoreError) as error, opened.read() as connection:
            refuse_while_working(connection, "copy it")
        assert str(error.value) == f"a run of ann@workstation works on process {process_id(6)} until 9999-01-01 00:00 UTC; copy it after that"
        store.change("UPDATE processes SET lease_until = NULL WHERE process_id = ?", process_id(6))
        with opened.read() as connection:
            refuse_while_working(connection, "copy it")
