# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A store of release 0.1.0 whose migration is killed, meets another one, or is not allowed: it has one layout or the other, whole."""

from __future__ import annotations

import signal
import subprocess
import urllib.parse

import pytest
import sqlalchemy as sa

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.schema import metadata
from in_process import call_module
from migrating import KILL, WAIT, open_elsewhere
from store_of_0_1_0 import fill, lives, made_up

NETBOX = "https://netbox.example.org"

LIVES = 80

ADDED = {"processes": ["log_hash", "requester"], "process_steps": ["previous_hash"]}
"""The columns that these tables have since, and that are empty in what was there."""


@pytest.fixture
def before(store):
    """What is in the store, of each kind in turn, as release 0.1.0 left it."""
    return filled(store)


def filled(store):
    """Put a process in every state in, as release 0.1.0 left them. Return what is in the store then."""
    fill(store, NETBOX, lives(made_up(number) for number in range(1, LIVES + 1)))
    return content(store)


def content(store):
    """Columns, indexes and rows of each table, as the database tells."""
    location = store.location.replace("postgresql://", "postgresql+psycopg://") if "://" in store.location else f"sqlite:///{store.location}"
    engine = sa.create_engine(location, poolclass=sa.pool.NullPool)
    seen = sa.inspect(engine)
    return {
        name: (
            {column["name"] for column in seen.get_columns(name)},
            {index["name"] for index in seen.get_indexes(name)},
            sorted(map(str, store.rows(f"SELECT * FROM {name}"))),
        )
        for name in seen.get_table_names()
    }


def check_migrated(store, before):
    """It is of this layout, nothing of what was there ``before`` is missing, and each subscription that is not terminated has its claim."""
    after = content(store)
    assert {name: of[:2] for name, of in after.items()} == {
        table.name: ({column.name for column in table.columns}, {index.name for index in table.indexes}) for table in metadata.tables.values()
    }
    for name, added in ADDED.items():
        assert (after[name][0], after[name][1]) == (before[name][0] | set(added), before[name][1])
        new = "".join(f", '{column}': None" for column in added)
        assert after[name][2] == sorted(row[:-1] + new + "}" for row in before[name][2]) != []
    assert store.rows("SELECT value FROM nodeflow_store WHERE name = 'schema_version'") == [{"value": "4"}]
    lived = [row for life in lives(made_up(number) for number in range(1, LIVES + 1)) for row in life.subscriptions]
    expected = {row["subscription_id"]: row for row in lived}
    found = {row["subscription_id"]: row for row in store.rows("SELECT * FROM subscriptions")}
    assert found.keys() == expected.keys() and len(expected) == len(lived)
    for key, row in found.items():
        for field in ("product", "customer_id", "status", "description", "note", "version"):
            assert row[field] == expected[key][field]
    claims = {(row["resource"], row["subscription_id"]) for row in store.rows("SELECT * FROM claims")}
    assert claims == {(f"dcim.device/{row['device_id']}", row["subscription_id"]) for row in lived if row["status"] != "terminated"}
    assert store.rows("SELECT * FROM subscription_relations") == []


def test_killed_before_any_statement_it_is_of_the_old_layout_and_the_next_run_finishes_it(store, before):
    killed = []
    while True:
        run = open_elsewhere(store.location, KILL, len(killed) + 1)
        said, _none = run.communicate()
        if run.returncode == 0:
            break
        assert run.returncode == -signal.SIGKILL, said
        assert content(store) == before, said
        killed.append(said.splitlines()[-1])
    assert sum(one.startswith(("CREATE", "ALTER", "DROP", "INSERT", "UPDATE")) for one in killed) >= 7 and killed[-1] == "COMMIT"
    check_migrated(store, before)


def test_of_two_runs_at_once_one_migrates_and_both_go_on(store, before):
    said = open_elsewhere(store.location, KILL, 12).communicate()[0].splitlines()
    assert content(store) == before and any(line.startswith("CREATE TABLE") for line in said)
    first = open_elsewhere(store.location, WAIT, 12)
    lines = [first.stdout.readline() for _line in range(12)]
    second = open_elsewhere(store.location)
    try:
        while not second.stdout.readline().startswith(("BEGIN IMMEDIATE", "SELECT pg_advisory_xact_lock")):
            assert second.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            second.wait(0.5)
        first.communicate("go on\n")
        told, _none = second.communicate()
    finally:
        first.kill()
        second.kill()
    assert (first.returncode, second.returncode) == (0, 0), (lines, told)
    assert not any(line.startswith(("CREATE", "ALTER", "DROP", "INSERT", "UPDATE")) for line in told.splitlines()), told
    check_migrated(store, before)


def test_a_database_user_who_may_only_select_is_told_who_must_and_reads_it_afterwards(postgresql, tmp_path):
    before = filled(postgresql)
    role = f"reader%_{postgresql.name}"
    postgresql.write(f"CREATE ROLE \"{role}\" LOGIN PASSWORD 'read'", f'GRANT SELECT ON ALL TABLES IN SCHEMA public TO "{role}"')
    try:
        location = f"postgresql://{urllib.parse.quote(role)}:read@{postgresql.direct.rpartition('@')[2]}"
        for said in refused(location, tmp_path):
            assert "Here, permission denied" in said, said
        assert content(postgresql) == before
        run = open_elsewhere(postgresql.direct)
        assert run.communicate(timeout=60) and run.returncode == 0
        check_migrated(postgresql, before)
        for name, options in readers(tmp_path).items():
            result = call_module(name, {"store": location} | options)
            assert not result.get("failed"), result
    finally:
        postgresql.write(f'DROP OWNED BY "{role}"', f'DROP ROLE "{role}"')


def test_of_a_database_that_takes_no_writes_it_is_told_who_must(postgresql, tmp_path):
    before = filled(postgresql)
    postgresql.write(
        "CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'as a standby says' USING ERRCODE = '25006'; END$$",
        "CREATE EVENT TRIGGER refuse ON ddl_command_start EXECUTE FUNCTION refuse()",
    )
    for said in refused(postgresql.direct, tmp_path):
        assert "Here, the database takes no writes: it is a standby, or is set to read-only" in said, said
    assert content(postgresql) == before


def readers(directory):
    """The modules that read, with what they are given."""
    return {"subscription_info": {}, "process_info": {"steps": True}, "report": {"dest": str(directory / "report.html")}}


def refused(location, directory):
    """What each reader says outside check mode; in check mode, it says who brings the store up to date and nothing more."""
    told = "has the layout of an older release; it is brought up to date by any run that names it in the option store, without check mode"
    for name, options in readers(directory).items():
        expected = call_module(name, {"store": location} | options, check_mode=True)
        assert expected["failed"] and expected["msg"].endswith(told), expected
        result = call_module(name, {"store": location} | options)
        assert result["failed"] and f"{told}, and may change its tables. " in result["msg"], result
        yield result["msg"]
