# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The step log of real runs, changed by hand, and not: for who has to believe what it says."""

from __future__ import annotations

import contextlib
import datetime
import json
import random

import pytest
import sqlalchemy as sa

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.engine import open_store
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.schema import steps
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.step_log import broken_logs
from consistency import inconsistencies
from in_process import InProcess, call_module
from killing import killed_at
from stores import SqliteStore

EDITS = 100


@pytest.fixture
def run(lab, store):
    """Steps and modules on a store of each kind."""
    return InProcess(lab, store)


def broken(store):
    """The processes whose step log is not as it was written."""
    with contextlib.closing(open_store(store.location)) as opened, opened.read() as connection:
        return [one.process_id for one in broken_logs(connection)]


def other(value, name, of, rows):
    """Another value for a column of a line."""
    if name == "process_id":
        return of.choice([row["process_id"] for row in rows if row["process_id"] != value])
    if isinstance(value, datetime.datetime):
        return value + datetime.timedelta(seconds=of.choice([-3600, 1, 86400]))
    if isinstance(value, int):
        return value + of.choice([-1, 1])
    if isinstance(value, dict):
        return of.choice([value | {"more": 1}, {} if value else {"less": 1}])
    texts = [text for text in ("", "eve", (value or "")[:-1] + "?", (value or "x")[:-1]) if text != value]
    return of.choice(texts + ([None] if value is not None and steps.c[name].nullable else []))


def edit(connection, of):
    """Change one line of the log at random; put in, take out or swap some. What was done."""
    rows = [dict(row) for row in connection.execute(sa.select(steps).order_by(steps.c.process_step_id)).mappings()]
    row = of.choice(rows)
    same = [one for one in rows if one["process_id"] == row["process_id"]]
    key, this = steps.c.process_step_id, row["process_step_id"]
    kind = of.choice(["edit"] * 6 + ["delete", "delete last", "delete first", "delete all", "insert", "swap", "swap content"])
    if kind == "edit":
        name = of.choice([column.name for column in steps.c if column.name != "process_step_id"])
        value = other(row[name], name, of, rows)
        connection.execute(steps.update().where(key == this).values({name: value if value is not None else sa.null()}))
        return f"{name}: {row[name]} -> {value}"
    if kind.startswith("delete"):
        chosen = {"delete": [row], "delete last": same[-1:], "delete first": same[:1], "delete all": same}[kind]
        connection.execute(steps.delete().where(key.in_([one["process_step_id"] for one in chosen])))
    elif kind == "insert":
        connection.execute(steps.insert(), row | {"process_step_id": rows[-1]["process_step_id"] + 1})
    else:
        one, two = of.sample(same, 2)
        names = [name for name in row if name != "process_step_id" and (kind == "swap" or name != "previous_hash")]
        for target, source in ((one, two), (two, one)):
            values = {name: source[name] if source[name] is not None else sa.null() for name in names}
            connection.execute(steps.update().where(key == target["process_step_id"]).values(values))
    return kind


def test_each_of_a_hundred_random_edits_is_found(run, netbox):
    devices = [netbox.make() for _number in range(3)]
    assert run.create(nodes=devices[:2], confirm_config=True).returncode == 0
    waiting = run.create(nodes=devices[2]).nodes[0]["process_id"]
    assert run.resume(waiting, confirm_config=True).returncode == 0
    assert broken(run.store) == [] == inconsistencies(run.store)
    done, missed = [], []
    with contextlib.closing(open_store(run.store.location)) as opened:
        for seed in range(EDITS):
            of = random.Random(seed)
            with contextlib.suppress(ZeroDivisionError), opened.write() as connection:
                done.append(edit(connection, of))
                if not broken_logs(connection):
                    missed.append((seed, done[-1]))
                raise ZeroDivisionError  # the next one finds it as it was
    assert missed == [] and len(done) == EDITS
    assert {one.partition(":")[0] for one in done} >= {column.name for column in steps.c} - {"process_step_id"}, done
    assert broken(run.store) == []


def test_a_line_that_was_changed_is_told_and_left_alone(run, netbox):
    enrolled, gone, fine, asked = netbox.make(), netbox.make(), netbox.make(), netbox.make()
    assert run.create(nodes=[enrolled, gone, fine, asked], confirm_config=True).returncode == 0
    of = {row["device_id"]: row["process_id"] for row in call_module("process_info", run.settings)["processes"]}
    run.store.write(
        f"UPDATE process_steps SET actor = 'eve' WHERE process_id = '{of[enrolled]}' AND step = 'set_status'",
        f"UPDATE processes SET requester = 'eve' WHERE process_id = '{of[asked]}'",
        f"DELETE FROM process_steps WHERE process_id = '{of[gone]}' AND step = 'done'",
        f"UPDATE subscriptions SET status = 'terminated' WHERE subscription_id IN (SELECT subscription_id FROM processes WHERE process_id = '{of[gone]}')",
    )
    said = []
    chosen = call_module("validate_node", run.settings | {"nodes": [enrolled, fine]}, said=said)
    [finding] = [one for one in chosen["findings"] if one["problem"] == "step_log"]
    assert finding["device_id"] == enrolled and finding["store"].startswith(f"process {of[enrolled]}: the line of set_status, attempt 1, was changed")
    assert "a backup of the database has the log as it was" in finding["message"] and "the step log was changed by hand (1)" in "\n".join(said)
    assert chosen["fails"] and chosen["counts"] == {"step_log": 1}
    found = call_module("validate_node", run.settings | {"unenrolled": False, "fail_on_findings": False})
    assert sorted(one["device_id"] for one in found["findings"] if one["problem"] == "step_log") == sorted([enrolled, gone, asked]) and not found["fails"]
    repaired = call_module("reconcile_form", run.settings | {"nodes": [enrolled, fine]})
    [row] = repaired["nodes"]
    assert (row["device_id"], row["status"]) == (enrolled, "unchanged") and row["message"].endswith("nothing was changed"), repaired


def test_what_no_hand_touched_is_whole(play_on, netbox, lab, tmp_path, request):
    killed, waiting, given_up = netbox.make(), netbox.make(), netbox.make()
    [left] = killed_at(play_on, "set_status", nodes=killed)
    assert play_on.resume(left, take_over=True, confirm_config=True).returncode == 0
    ids = [row["process_id"] for row in play_on.create(nodes=[waiting, given_up]).nodes]
    assert play_on("nodeflow.orchestrator.abort", process_ids=[ids[1]]).returncode == 0
    assert play_on.resume(ids[0], confirm_config=True).returncode == 0
    first = play_on.store
    assert broken(first) == [] == inconsistencies(first)
    there = request.getfixturevalue("postgresql") if isinstance(first, SqliteStore) else SqliteStore(tmp_path / "there")
    moved = play_on("nodeflow.orchestrator.copy_store", environment={"NODEFLOW_TARGET_STORE": there.location})
    assert moved.returncode == 0, moved.output
    assert broken(there) == [] == inconsistencies(there)
    back = SqliteStore(tmp_path / "back")
    returned = call_module("copy_store", {"store": there.location, "target": back.location})
    assert not returned.get("failed"), returned
    assert broken(back) == [] == inconsistencies(back)
    play_on.store = back
    found = play_on("nodeflow.orchestrator.validate_node", nodes=[killed, waiting])
    assert found.returncode == 0 and json.dumps(found.results["validate_node"]["findings"]) == "[]", found.output
    last = InProcess(lab, SqliteStore(tmp_path / "last"))
    brought = call_module("import_subscriptions", last.settings | {"source": back.location})
    assert not brought.get("failed") and len(last.rows("SELECT 1 FROM process_steps")) == len(first.rows("SELECT 1 FROM process_steps")), brought
    assert broken(last.store) == [] == inconsistencies(last.store)
