# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rows of a store in another one: all of them, to the letter, or none where the other has rows of its own."""

from __future__ import annotations

import contextlib

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.copy import copy_rows, count_rows, delete_rows, is_copy
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.engine import open_store
from filled_store import FilledStore

TABLES = ("subscriptions", "claims", "subscription_relations", "processes", "process_steps")


@pytest.fixture
def source(tmp_path):
    """A store with enrolments of several ends, and one that uses another."""
    ends = ("completed", "suspended", "aborted", "failed")
    store = FilledStore(tmp_path / "source.db", 40, lambda number: ends[number % 4])
    columns = [one["name"] for one in store.rows("PRAGMA table_info(subscription_relations)")]
    store.change(f"INSERT INTO subscription_relations ({', '.join(columns[:2])}) SELECT min(subscription_id), max(subscription_id) FROM subscriptions")
    store.change("""UPDATE processes SET state = '{"b": 1,   "a": "\\u00fc"}' WHERE process_id = (SELECT max(process_id) FROM processes)""")
    return store


@pytest.fixture
def target(tmp_path):
    """An empty one."""
    return FilledStore(tmp_path / "target.db", 0)


@contextlib.contextmanager
def both(source, target):
    """The two, in a transaction each."""
    with contextlib.closing(open_store(source.location)) as one, contextlib.closing(open_store(target.location)) as other:
        with one.read() as reading, other.write() as writing:
            yield reading, writing


def all_rows(store):
    """What is in its tables; the lines of the log in their order, without their numbers."""
    found = {table: store.rows(f"SELECT * FROM {table} ORDER BY 1, 2") for table in TABLES}
    for line in found["process_steps"]:
        del line["process_step_id"]
    return found


def test_all_is_copied_to_the_letter(source, target):
    with both(source, target) as (reading, writing):
        assert copy_rows(reading, writing) is True and is_copy(reading, writing)
        assert count_rows(writing) == {"subscriptions": 40, "processes": 40, "process_steps": len(source.rows("SELECT 1 FROM process_steps"))}
    copied = all_rows(target)
    assert copied == all_rows(source) and all(copied.values())
    assert target.rows("SELECT state FROM processes ORDER BY process_id DESC LIMIT 1") == [{"state": '{"b": 1,   "a": "\\u00fc"}'}]


def test_what_is_copied_already_is_copied_once(source, target):
    for _time in range(2):
        with both(source, target) as (reading, writing):
            assert copy_rows(reading, writing) is True
    assert all_rows(target) == all_rows(source)


def test_a_copy_that_came_to_a_part_of_the_tables_is_completed(source, target):
    with both(source, target) as (reading, writing):
        copy_rows(reading, writing)
    target.change("DELETE FROM process_steps")
    with both(source, target) as (reading, writing):
        assert is_copy(reading, writing) and copy_rows(reading, writing)
    assert all_rows(target) == all_rows(source)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE subscriptions SET note = 'x' WHERE subscription_id = (SELECT max(subscription_id) FROM subscriptions)",
        "UPDATE claims SET resource = 'dcim.device/99999' WHERE resource = 'dcim.device/1'",
        "DELETE FROM subscriptions WHERE subscription_id = (SELECT max(subscription_id) FROM subscriptions)",
        "UPDATE processes SET state = '{}' WHERE process_id = (SELECT max(process_id) FROM processes)",
        "DELETE FROM process_steps WHERE process_step_id = (SELECT max(process_step_id) FROM process_steps)",
        "UPDATE process_steps SET step = 'other' WHERE process_step_id = 1",
    ],
)
@pytest.mark.parametrize("changed", ["source", "target"])
def test_where_the_target_has_something_else_nothing_is_written(source, target, change, changed):
    with both(source, target) as (reading, writing):
        copy_rows(reading, writing)
    {"source": source, "target": target}[changed].change(change)
    before = all_rows(target)
    with both(source, target) as (reading, writing):
        assert not is_copy(reading, writing) and copy_rows(reading, writing) is False
    assert all_rows(target) == before


def test_rows_are_taken_out_with_those_that_refer_to_them(source):
    with contextlib.closing(open_store(source.location)) as store, store.write() as connection:
        delete_rows(connection)
    assert not any(all_rows(source).values()) and source.rows("SELECT count(*) AS n FROM nodeflow_store") == [{"n": 2}]
