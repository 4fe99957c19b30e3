# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A store of an older layout, and a store that moves: on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import concurrent.futures
import contextlib
import datetime
import os
import time

import pytest
import sqlalchemy as sa

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import StoreError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import NodeBlockInactive, NodeInactive
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.engine import open_store
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.save_subscriptions import claim_subscriptions
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.subscriptions import find_subscriptions
from consistency import inconsistencies

BEFORE_LAYOUT_4 = (
    "ALTER TABLE processes DROP COLUMN log_hash",
    "ALTER TABLE processes DROP COLUMN requester",
    "ALTER TABLE process_steps DROP COLUMN previous_hash",
)

BEFORE_LAYOUT_3 = (
    "ALTER TABLE subscriptions ADD COLUMN device_id INTEGER",
    "UPDATE subscriptions SET device_id = {0}",
    "CREATE UNIQUE INDEX one_live_subscription_a_device ON subscriptions (device_id) WHERE status <> 'terminated'",
    "DROP TABLE claims",
    "DROP TABLE subscription_relations",
)

BEFORE_LAYOUT_2 = (
    "DROP INDEX ix_process_steps_step_id",
    "ALTER TABLE process_steps DROP COLUMN step_id",
    "ALTER TABLE process_steps DROP COLUMN attempt",
    "ALTER TABLE process_steps DROP COLUMN state",
    "UPDATE nodeflow_store SET value = '1' WHERE name = 'schema_version'",
)


def layout(location):
    """Tables, columns and indexes, as the database tells."""
    with contextlib.closing(open_store(location)) as opened:
        seen = sa.inspect(opened.engine)
        columns = {name: {(c["name"], str(c["type"]), c["nullable"]) for c in seen.get_columns(name)} for name in seen.get_table_names()}
        return columns, {name: {index["name"] for index in seen.get_indexes(name)} for name in seen.get_table_names()}


def test_a_store_of_layout_1_is_brought_up_to_date_and_its_processes_go_on(play_on, netbox):
    device = netbox.make()
    process_id = play_on.create(nodes=device).nodes[0]["process_id"]
    new = layout(play_on.store.location)
    with contextlib.closing(open_store(play_on.store.location)) as opened, opened.write() as connection:
        for statement in BEFORE_LAYOUT_4 + BEFORE_LAYOUT_3 + BEFORE_LAYOUT_2:
            connection.exec_driver_sql(statement.format(play_on.store.device_id))
    with pytest.raises(StoreError, match="has the layout of an older release"):
        open_store(play_on.store.location, create=False, write=False)
    done = play_on.resume(process_id, confirm_config=True)
    assert done.returncode == 0, done.output
    assert layout(play_on.store.location) == new
    log = play_on.rows("SELECT step, attempt, step_id FROM process_steps WHERE step = 'provide_config_to_user' ORDER BY process_step_id")
    assert [line["attempt"] for line in log] == [1, 2] and len({line["step_id"] for line in log}) == 1
    assert netbox.status(device) == "active" and inconsistencies(play_on.store) == []


def test_a_store_moves_to_postgresql_without_loss_and_the_old_one_is_refused(play, netbox, postgresql):
    devices = [netbox.make(), netbox.make()]
    assert play.create(nodes=devices[0], confirm_config=True).returncode == 0
    waiting = play.create(nodes=devices[1]).nodes[0]["process_id"]
    old = play.store
    move = {"environment": {"NODEFLOW_TARGET_STORE": postgresql.location}}
    expected = play("nodeflow.orchestrator.copy_store", "--check", **move)
    assert expected.returncode == 0 and "would be moved to" in expected.output and not postgresql.exists()
    moved = play("nodeflow.orchestrator.copy_store", **move)
    assert (moved.returncode, moved.recap["changed"]) == (0, 1), moved.output
    for table, order in (("subscriptions", "subscription_id"), ("processes", "process_id"), ("process_steps", "process_step_id")):
        query = f"SELECT * FROM {table} ORDER BY {order}"
        assert [list(row) for row in old.rows(query)] == [list(row) for row in postgresql.rows(query)] != []
    again = play("nodeflow.orchestrator.copy_store", **move)
    assert (again.returncode, again.recap["changed"]) == (0, 0), again.output
    refused = play.create(nodes=devices[1])
    assert refused.returncode == 2 and "was moved to" in refused.message
    play.store = postgresql
    assert play.resume(waiting, confirm_config=True).returncode == 0
    assert [netbox.status(device) for device in devices] == ["active", "active"]
    assert {row["status"] for row in postgresql.rows("SELECT status FROM subscriptions")} == {"active"}


def test_a_run_that_has_the_store_open_while_it_moves_does_not_write_to_the_old_one(store):
    with contextlib.closing(open_store(store.location)) as run, contextlib.closing(open_store(store.location)) as mover:
        with concurrent.futures.ThreadPoolExecutor() as pool:
            with mover.to_move() as connection:
                late = pool.submit(run.belongs_to, "https://netbox")
                time.sleep(0.5)
                assert not late.done()
                mover.mark_moved(connection, "the new store")
            with pytest.raises(StoreError, match="was moved to the new store"):
                late.result(30)
    assert store.rows("SELECT * FROM nodeflow_store WHERE name = 'netbox_url'") == []


def test_a_store_is_not_moved_onto_itself_under_another_name(play_on, netbox, tmp_path):
    assert play_on.create(nodes=netbox.make()).returncode == 0
    if "://" in play_on.store.location:
        other = play_on.store.location + "?application_name=other"
    else:
        other = str(tmp_path / "other.db")
        os.symlink(play_on.store.location, other)
    refused = play_on("nodeflow.orchestrator.copy_store", environment={"NODEFLOW_TARGET_STORE": other})
    assert refused.returncode == 2 and "target names the same store as store" in refused.output.lower(), refused.output


def test_a_store_is_not_copied_into_another_or_from_under_a_run(play, netbox, postgresql):
    move = {"environment": {"NODEFLOW_TARGET_STORE": postgresql.location}}
    assert "There is no store to copy" in play("nodeflow.orchestrator.copy_store", **move).message
    first = play.store
    play.store = postgresql
    assert play.create(nodes=netbox.make()).returncode == 0
    play.store = first
    assert play.create(nodes=netbox.make()).returncode == 0
    assert "holds other subscriptions" in play("nodeflow.orchestrator.copy_store", "--check", **move).message
    assert "holds other subscriptions" in play("nodeflow.orchestrator.copy_store", **move).message
    postgresql.write("UPDATE nodeflow_store SET value = 'https://other.example.org' WHERE name = 'netbox_url'")
    assert "belongs to the NetBox at https://other.example.org" in play("nodeflow.orchestrator.copy_store", "--check", **move).message
    with contextlib.closing(open_store(first.location)) as opened, opened.write() as connection:
        connection.exec_driver_sql("UPDATE processes SET status = 'running', run_id = 'r', lease_until = '2999-01-01 00:00:00.000000'")
    assert "copy the store after that" in play("nodeflow.orchestrator.copy_store", **move).message
    assert play.rows("SELECT * FROM nodeflow_store WHERE name = 'moved_to'") == []


def test_a_read_sees_one_state_and_moments_are_in_utc_whatever_the_servers_time_zone(store):
    if hasattr(store, "name"):
        store.write(f"ALTER DATABASE {store.name} SET timezone TO 'Asia/Tokyo'")
    moment = datetime.datetime(2026, 11, 23, 3, 0, tzinfo=datetime.timezone.utc)
    opened = open_store(store.location)
    models = [NodeInactive(customer_id="c", start_date=moment, node=NodeBlockInactive(node_id=number)) for number in (7, 8)]
    with opened.write() as connection:
        claim_subscriptions(connection, models[:1])
    with opened.read() as connection:
        before = find_subscriptions(connection)
        with contextlib.closing(open_store(store.location)) as other, other.write() as writing:
            claim_subscriptions(writing, models[1:])
        assert find_subscriptions(connection) == before
    assert before[0].start_date == moment and before[0].start_date.utcoffset() == datetime.timedelta(0)
    opened.close()
