# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The chain of hashes through a step log: for who has to believe what it says."""

from __future__ import annotations

import contextlib
import datetime

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import StaleSave
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.engine import open_store
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.processes import find_processes, save_processes
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.step_log import StepRecord, broken_logs, step_id
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.step_log_chain import Line, chained, end_of, start_of, what_is_wrong
from store_of_0_1_0 import fill, lives, made_up
from stores import SqliteStore


def line(step, previous_hash=None, **values):
    """A line that says nothing but its step."""
    return Line(step, 1, (step, *values.values()), previous_hash)


def whole(*steps, old=0):
    """The lines of these steps, of which the first ``old`` are of an older layout; and the hash of the last one."""
    lines = [line(step) for step in steps[:old]]
    hashes, end = chained([line(step) for step in steps[old:]], end_of(lines))
    return lines + [line(step, previous) for step, previous in zip(steps[old:], hashes, strict=True)], end


@pytest.mark.parametrize("old", [0, 1, 3])
def test_what_nobody_touched_is_whole(old):
    assert what_is_wrong(*whole("a", "b", "c", "d", old=old)) is None
    assert what_is_wrong([], "") is None and what_is_wrong([line("a"), line("b")], None) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: [line("x", lines[0].previous_hash), *lines[1:]], "the line of x, attempt 1, was changed"),
        (lambda lines: [*lines[:2], line("x", lines[2].previous_hash), lines[3]], "the line of x, attempt 1, was changed"),
        (lambda lines: [*lines[:3], line("x", lines[3].previous_hash)], "the line of x, attempt 1, which is the last one now, was changed, or lines after it"),
        (lambda lines: lines[1:], "lines before the line of b, attempt 1, which is the first one now, are missing"),
        (lambda lines: [lines[0], *lines[2:]], "the line of a, attempt 1, was changed, or a line after it is missing"),
        (lambda lines: lines[:3], "the line of c, attempt 1, which is the last one now, was changed, or lines after it are missing"),
        (lambda lines: [], "all its lines are missing"),
        (lambda lines: [*lines, line("x", "0" * 64)], "the line of d, attempt 1, was changed, or a line after it is missing, was put in"),
        (lambda lines: [*lines, line("x")], "the line of x, attempt 1, was changed, or was put in: it has no hash"),
        (lambda lines: [line("x"), *lines], "the line of x, attempt 1, was changed, or a line after it"),
        (lambda lines: [lines[0], lines[2], lines[1], lines[3]], "the line of a, attempt 1, was changed, or a line after it is missing"),
        (lambda lines: [lines[0]._replace(previous_hash=None), *lines[1:]], "the line of a, attempt 1, was changed"),
        (lambda lines: [*lines[:2], lines[2]._replace(previous_hash=None), lines[3]], "the line of c, attempt 1, was changed, or was put in: it has no hash"),
        (lambda lines: [one._replace(previous_hash=None) for one in lines], "the line of d, attempt 1, which is the last one now, was changed"),
    ],
)
def test_what_was_changed_is_found(change, said):
    lines, end = whole("a", "b", "c", "d")
    found = what_is_wrong(change(lines), end)
    assert found is not None and found.startswith(said), found


def test_what_an_older_layout_wrote_is_held_from_the_next_line_on():
    lines, end = whole("a", "b", "c", "d", old=3)
    for changed in (lines[1:], [*lines[:1], *lines[2:]], [line("x"), *lines[1:]], [line("x"), *lines], [lines[1], lines[0], *lines[2:]], lines[:3]):
        assert what_is_wrong(changed, end) is not None
    assert what_is_wrong(lines, None) is not None  # the hash of the process is gone


def test_a_value_cannot_move_from_one_column_to_the_next():
    first, second = Line("a", 1, ("ab", "c", None)), Line("a", 1, ("a", "bc", None))
    assert end_of([first]) != end_of([second]) and end_of([Line("a", 1, ("",))]) != end_of([Line("a", 1, (None,))])


@pytest.mark.parametrize("steps", [(), ("a",), ("a", "b", "c")])
def test_who_asked_for_a_process_cannot_be_changed_unseen(steps):
    hashes, end = chained([line(step) for step in steps], start_of("alice"))
    lines = [line(step, previous) for step, previous in zip(steps, hashes, strict=True)]
    assert what_is_wrong(lines, end, "alice") is None
    assert all("requester" in (what_is_wrong(lines, end, other) or "") for other in ("carol", "", None))
    old = [line("a"), line("b")]
    assert what_is_wrong(old, None, None) is None and what_is_wrong(old, None, "carol") is not None and what_is_wrong(old, end_of(old), "carol") is not None


def go_on(connection, process, run_id="r", step="done"):
    """Give a process a line more, as the run that works on it does."""
    now = datetime.datetime.now(datetime.timezone.utc)
    new = StepRecord(process.process_id, step_id(process.process_id, step), step, 1, "success", {"a": "é"}, None, {}, "ann", "r", now, now)
    save_processes(connection, [process], run_id, [new])


@pytest.fixture
def opened(tmp_path):
    """A store of release 0.1.0, brought up to date, with a run that works on each of its processes."""
    store = SqliteStore(tmp_path)
    fill(store, "https://netbox.example.org", lives(made_up(number) for number in range(1, 41)))
    open_store(store.location).close()
    store.write("UPDATE processes SET run_id = 'r'")
    with contextlib.closing(open_store(store.location)) as found:
        yield found


def test_a_process_of_an_older_release_goes_on_and_its_log_is_whole_and_held(opened):
    with opened.write() as connection:
        assert broken_logs(connection) == []
        going_on = find_processes(connection)[::2]
        for process in going_on:
            go_on(connection, process)
            go_on(connection, process, step="again")
        assert broken_logs(connection) == []
        connection.exec_driver_sql("UPDATE process_steps SET actor = 'eve'")  # of those that did not go on, nobody can tell
        assert {one.process_id for one in broken_logs(connection)} == {process.process_id for process in going_on}


def test_who_wrote_to_the_log_in_between_is_noticed(opened, monkeypatch):
    from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store import step_log  # pylint: disable=import-outside-toplevel

    with opened.write() as connection:
        [process] = find_processes(connection)[:1]
        go_on(connection, process)
    monkeypatch.setattr(step_log, "_ends", lambda connection, process_ids: dict.fromkeys(process_ids, "0" * 64))
    with pytest.raises(StaleSave), opened.write() as connection:
        go_on(connection, process)
