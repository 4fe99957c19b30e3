# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A store of an older layout becomes one of this one, whole or not at all."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import subprocess

import pytest
import sqlalchemy as sa

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._reports.export import as_csv
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._reports.page import data_of
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store import migrations
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.engine import open_store
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.step_log import step_id
from in_process import call_module
from store_of_0_1_0 import fill, lives, made_up, shown_before
from stores import SqliteStore, device_id_of

NETBOX = "https://netbox.example.org"


@pytest.fixture
def old(tmp_path):
    """A store as release 0.1.0 left it, with a process in every state."""
    store = SqliteStore(tmp_path)
    fill(store, NETBOX, lives(made_up(number) for number in range(1, 81)))
    return store


def layout(location):
    """Tables with their columns, indexes and references, as SQLite tells."""
    with contextlib.closing(open_store(location)) as opened:
        seen = sa.inspect(opened.engine)
        return {
            name: (
                [(column["name"], str(column["type"]), column["nullable"]) for column in seen.get_columns(name)],
                sorted(index["name"] for index in seen.get_indexes(name)),
                [key["referred_table"] for key in seen.get_foreign_keys(name)],
                seen.get_pk_constraint(name)["constrained_columns"],
            )
            for name in seen.get_table_names()
        }


def migrate(store):
    """Open it, so that it is of this layout."""
    open_store(store.location).close()


def test_what_was_not_terminated_claims_its_device(old, tmp_path):
    before = old.rows("SELECT * FROM subscriptions ORDER BY subscription_id")
    migrate(old)
    claims = {row["subscription_id"]: row["resource"] for row in old.rows("SELECT * FROM claims")}
    assert claims == {row["subscription_id"]: f"dcim.device/{row['device_id']}" for row in before if row["status"] != "terminated"}
    after = old.rows("SELECT * FROM subscriptions ORDER BY subscription_id")
    assert after == [{name: value for name, value in row.items() if name != "device_id"} for row in before]
    assert old.rows("PRAGMA foreign_key_check") == [] == [row for row in old.rows("PRAGMA integrity_check") if row["integrity_check"] != "ok"]
    here, new = layout(old.location), layout(str(tmp_path / "new" / "store.db"))
    assert here.keys() == new.keys() and all(here[name] == new[name] for name in ("subscriptions", "claims", "processes"))


def test_of_several_live_ones_of_a_device_the_one_in_service_gets_the_claim(old):
    [device] = {device_id_of(row) for row in old.rows("SELECT * FROM subscriptions WHERE status = 'active' LIMIT 1")}
    columns = "product, customer_id, 'provisioning', insync, description, note, NULL, end_date, version, device_id, block"
    old.write(
        "DROP INDEX one_live_subscription_a_device",
        f"INSERT INTO subscriptions SELECT '00000000-0000-4000-8000-000000000000', {columns} FROM subscriptions WHERE device_id = {device}",
    )
    migrate(old)
    claims = old.rows(f"SELECT status FROM claims JOIN subscriptions USING (subscription_id) WHERE resource = 'dcim.device/{device}'")
    assert [row["status"] for row in claims] == ["active"]


@pytest.mark.parametrize("place", ["before", "after"])
def test_what_goes_wrong_on_the_way_leaves_the_old_layout(old, monkeypatch, place):
    real = migrations.MIGRATIONS[2]

    def fails(connection):
        if place == "after":
            real(connection)
        raise MemoryError

    tables = "SELECT name, sql FROM sqlite_schema ORDER BY name"
    before = old.rows(tables), old.rows("SELECT * FROM subscriptions")
    with monkeypatch.context() as patch:
        patch.setitem(migrations.MIGRATIONS, 2, fails)
        with pytest.raises(MemoryError):
            migrate(old)
    assert (old.rows(tables), old.rows("SELECT * FROM subscriptions")) == before
    migrate(old)
    assert old.rows("SELECT value FROM nodeflow_store WHERE name = 'schema_version'") == [{"value": "4"}]


def test_references_are_checked_again_afterwards(old):
    with contextlib.closing(open_store(old.location)) as opened, opened.write() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1


def at_least(shown, before):
    """What is ``shown`` of each, without what a reader of 0.1.0 did not tell."""
    return [{name: one[name] for name in known} for one, known in zip(shown, before, strict=True)]


def test_every_reader_shows_what_it_showed_before(tmp_path):
    store = SqliteStore(tmp_path)
    fill(store, NETBOX, lives(made_up(number) for number in range(1, 41)))
    before = shown_before()
    for name, options, kind in (("subscription_info", {}, "subscriptions"), ("process_info", {"steps": True}, "processes")):
        answers = call_module(name, {"store": store.location} | options)[kind]
        assert at_least(answers, before[name]) == before[name]
        path = tmp_path / name
        call_module(name, {"store": store.location, "dest": str(path), "format": "json"} | options)
        assert json.loads(path.read_text(encoding="utf-8")) == answers
        call_module(name, {"store": store.location, "dest": str(path), "format": "csv"} | options)
        known = list(csv.DictReader(io.StringIO(as_csv(before[name], []).decode())))
        assert at_least(csv.DictReader(io.StringIO(path.read_bytes().decode())), known) == known != []
    page = tmp_path / "report.html"
    call_module("report", {"store": store.location, "dest": str(page)})
    for kind, known in before["report"].items():
        table = data_of(page.read_text(encoding="utf-8"))[kind]
        assert at_least([dict(zip(table["columns"], row)) for row in table["rows"]], known) == known != []
    source = tmp_path / "all.nodeflow.yml"
    source.write_text(f"plugin: nodeflow.orchestrator.subscriptions\nstore: {store.location}\n", encoding="utf-8")
    command = ["ansible-inventory", "-i", str(source), "--list", "--export"]
    hosts = json.loads(subprocess.run(command, check=True, capture_output=True).stdout, object_hook=plain)["_meta"]["hostvars"]
    assert hosts.keys() == before["inventory"].keys()
    assert at_least(hosts.values(), (before["inventory"][host] for host in hosts)) == [before["inventory"][host] for host in hosts]


def plain(value):
    """A text as it is, which Ansible marks as untrusted."""
    return value["__ansible_unsafe"] if list(value) == ["__ansible_unsafe"] else value


LAYOUT_1 = (
    "DROP INDEX ix_process_steps_step_id",
    *(f"ALTER TABLE process_steps DROP COLUMN {name}" for name in ("step_id", "attempt", "state")),
    "UPDATE nodeflow_store SET value = '1' WHERE name = 'schema_version'",
)


def test_the_attempts_of_a_step_are_counted_in_the_order_of_its_lines(old):
    query = "SELECT process_step_id, process_id, step, step_id, attempt FROM process_steps ORDER BY process_step_id"
    columns = ", ".join(column["name"] for column in old.rows("PRAGMA table_info(process_steps)")[1:])
    for attempt in (2, 3):
        again = columns.replace("attempt", str(attempt))
        old.write(f"INSERT INTO process_steps ({columns}) SELECT {again} FROM process_steps WHERE step = 'set_status' AND attempt = 1")
    before = old.rows(query)
    old.write(*LAYOUT_1)
    migrate(old)
    after = old.rows(query)
    assert after == before and {line["attempt"] for line in after} == {1, 2, 3}
    assert [line["step_id"] for line in after] == [step_id(line["process_id"], line["step"]) for line in after]
    assert old.rows("SELECT DISTINCT state FROM process_steps") == [{"state": None}]
    made = {column["name"]: column for column in old.rows("PRAGMA table_info(process_steps)")}
    assert [(made[name]["type"], made[name]["notnull"], made[name]["dflt_value"]) for name in ("step_id", "attempt", "state")] == [
        ("VARCHAR(36)", 1, "''"), ("INTEGER", 1, "1"), ("JSON", 0, None),
    ]  # fmt: skip
    assert "ix_process_steps_step_id" in {one["name"] for one in old.rows("PRAGMA index_list(process_steps)")}
    assert old.rows("PRAGMA index_info(ix_process_steps_step_id)")[0]["name"] == "step_id"


def test_who_may_use_the_subscriptions_of_a_database_may_use_the_new_tables():
    """As it is said to PostgreSQL; tests/integration/test_store_layouts.py asks one."""
    said = []

    class Connection:
        """Answers who has rights."""

        def exec_driver_sql(self, statement):
            """Two users, one of whom has an odd name."""
            said.append(statement)
            return self

        def all(self):
            """What each may do, and who."""
            return [("SELECT, INSERT", "PUBLIC"), ("SELECT", '"100% ann"')]

    migrations._grant_as_for_subscriptions(Connection(), "claims, subscription_relations")
    assert said[1:] == [
        "GRANT SELECT, INSERT ON claims, subscription_relations TO PUBLIC",
        'GRANT SELECT ON claims, subscription_relations TO "100%% ann"',
    ]
    assert said[0] == (
        "SELECT string_agg(privilege_type, ', '), CASE grantee WHEN 'PUBLIC' THEN grantee ELSE quote_ident(grantee) END "
        "FROM information_schema.table_privileges "
        "WHERE table_schema = current_schema() AND table_name = 'subscriptions' AND grantee <> current_user GROUP BY grantee"
    )
