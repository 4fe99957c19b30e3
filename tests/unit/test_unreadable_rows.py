# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A row of the store that cannot be read, damaged or of a newer release, is shown with the reason, and hides no other. No NetBox is needed."""

from __future__ import annotations

import csv
import json
import uuid

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._reports.page import data_of
from filled_store import FilledStore
from in_process import call_module

OF_DEVICE = {number: str(uuid.UUID(int=1 << 64 | number)) for number in range(1, 5)}
"""The subscriptions of the store, by the ids of their devices."""

ENDS = ("completed", "suspended", "interrupted", "failed")

SUBSCRIPTIONS = {
    "an address that is none": ("""block = json_set(block, '$.node.ipv4_loopback', '10.0.0.999/32')""", "ipv4_loopback"),
    "a lifecycle of a newer release": ("status = 'archived'", "archived"),
    "a product of somebody else": ("""product = 'Port', block = '{"port": {"speed": 100}}'""", "Port"),
    "a block that is no JSON": ("block = '{oops'", "block"),
    "a block that is another kind of JSON": ("block = '[1, 2]'", "block"),
    "a block that is null": ("block = 'null'", "block"),
    "a block that says what its columns say": ("""block = json_set(block, '$.status', 'terminated')""", "block"),
    "a field of a newer release": ("""block = json_set(block, '$.node.rack', 7)""", "rack"),
    "half of a character": ("""block = '{"node": {"node_id": 1, "node_name": "\\ud800"}, "x": "\\ud83d"}'""", "x"),
    "a number that is none": ("""block = '{"node": {"node_id": NaN}}'""", "node_id"),
    "another device than the column": ("""block = json_set(block, '$.node.node_id', 77)""", "77"),
    "a moment that is none": ("start_date = 'yesterday'", "yesterday"),
    "an id that is no UUID": ("subscription_id = 'node-one'", "UUID"),
}


@pytest.fixture
def store(tmp_path):
    """A process of each kind."""
    return FilledStore(tmp_path / "store.db", len(ENDS), lambda number: ENDS[number - 1])


def ask(store, module, **options):
    """The result of a module that must not fail."""
    result = call_module(module, {"store": store.location} | options)
    assert not result.get("failed"), result["msg"]
    json.dumps(result, allow_nan=False).encode()
    return result


@pytest.mark.parametrize("damage", SUBSCRIPTIONS)
def test_a_subscription_that_cannot_be_read_is_shown_with_the_reason_and_hides_no_other(store, tmp_path, damage):
    statement, reason = SUBSCRIPTIONS[damage]
    before = {one["subscription_id"]: one for one in ask(store, "subscription_info")["subscriptions"]}
    store.change(f"UPDATE subscriptions SET {statement} WHERE subscription_id = ?", OF_DEVICE[1])
    found = ask(store, "subscription_info")["subscriptions"]
    bad, good = [one for one in found if one["problem"]], [one for one in found if not one["problem"]]
    assert len(bad) == 1 and bad[0]["device_id"] == 1 and reason in bad[0]["problem"], bad
    assert good == [before[one["subscription_id"]] for one in good] and len(good) == len(ENDS) - 1
    assert [one["problem"] for one in ask(store, "process_info", steps=True)["processes"]] == [None] * (len(ENDS) - ("UUID" in reason))
    ask(store, "subscription_info", dest=str(tmp_path / "found.csv"), format="csv")
    with (tmp_path / "found.csv").open(encoding="utf-8", newline="") as file:
        assert [bool(line["problem"]) for line in csv.DictReader(file)].count(True) == 1
    page = tmp_path / "report.html"
    ask(store, "report", dest=str(page))
    table = data_of(page.read_text(encoding="utf-8"))["subscriptions"]
    assert [reason in (row[table["columns"].index("problem")] or "") for row in table["rows"]].count(True) == 1


PROCESSES = {
    "a state that is no JSON": ("state = '{'", "state"),
    "a state that is a list": ("state = '[]'", "state"),
    "a status of a newer release": ("status = 'paused'", "paused"),
    "an id that is no UUID": ("process_id = 'one'", "UUID"),
    "a moment that is none": ("lease_until = 'for ever'", "lease_until"),
    "no moment of its start": ("started_at = ''", "started_at"),
}


@pytest.mark.parametrize("damage", PROCESSES)
def test_a_process_that_cannot_be_read_is_shown_with_the_reason_and_hides_no_other(store, tmp_path, damage):
    statement, reason = PROCESSES[damage]
    store.change(f"UPDATE processes SET {statement} WHERE subscription_id = ?", OF_DEVICE[3])
    found = ask(store, "process_info", steps=True)["processes"]
    assert len(found) == len(ENDS)
    [bad] = [one for one in found if one["problem"]]
    assert bad["device_id"] == 3 and reason in bad["problem"] and bad["continue_with"] is None and bad["abort_with"] is None
    assert ask(store, "process_info", device_names=["node-2"])["processes"][0]["device_id"] == 2
    assert len(ask(store, "subscription_info")["subscriptions"]) == len(ENDS)
    ask(store, "process_info", steps=True, dest=str(tmp_path / "found.csv"), format="csv")
    page = tmp_path / "report.html"
    ask(store, "report", dest=str(page))
    table = data_of(page.read_text(encoding="utf-8"))["processes"]
    assert [reason in (row[table["columns"].index("problem")] or "") for row in table["rows"]].count(True) == 1


@pytest.mark.parametrize("damage", ["state = '{'", "changes = 'no'", "changes = '5'", "started_at = 'then'", "completed_at = 'x'"])
def test_a_line_of_a_step_log_that_cannot_be_read_is_shown_with_the_reason(store, tmp_path, damage):
    store.change(f"UPDATE process_steps SET {damage} WHERE process_step_id = 2")
    lines = [line for one in ask(store, "process_info", steps=True)["processes"] for line in one["steps"]]
    [bad] = [line for line in lines if line["problem"]]
    assert damage.split(" ")[0] in bad["problem"] and len(lines) == len(store.rows("SELECT 1 FROM process_steps"))
    ask(store, "report", dest=str(tmp_path / "report.html"))


def test_a_process_of_which_only_the_name_is_damaged_is_found_by_no_name(store):
    store.change("UPDATE subscriptions SET block = '{' WHERE subscription_id = ?", OF_DEVICE[1])
    assert ask(store, "process_info", device_names=["node-1"])["processes"] == []
    assert len(ask(store, "process_info", device_names=["node-1"], device_ids=[1])["processes"]) == 1


def test_a_copy_has_each_row_as_it_is_and_the_same_command_again_changes_nothing(store, tmp_path):
    store.change("UPDATE processes SET lease_until = NULL, run_id = NULL")
    store.change("UPDATE subscriptions SET block = '{oops' WHERE subscription_id = ?", OF_DEVICE[1])
    store.change("UPDATE subscriptions SET status = 'archived', start_date = 'yesterday' WHERE subscription_id = ?", OF_DEVICE[2])
    store.change("UPDATE process_steps SET changes = 'no' WHERE process_step_id = 2")
    target = tmp_path / "target.db"
    tables = ("subscriptions", "processes", "process_steps")
    before = {table: store.rows(f"SELECT * FROM {table} ORDER BY 1") for table in tables}
    assert ask(store, "copy_store", target=str(target))["changed"]
    store.path = target
    assert {table: store.rows(f"SELECT * FROM {table} ORDER BY 1") for table in tables} == before
