# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a database says that does not do what it is asked, by its codes, in the words of an operator; and how a PostgreSQL database is opened."""

from __future__ import annotations

import contextlib
import datetime
import sqlite3

import pytest
import sqlalchemy as sa

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError, StoreError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._run import _check_settings
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store import engine
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.engine import foreign_database, load_driver, open_store
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.location import Location, parse_location
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.schema import read_json, steps, write_json

HELD = "another run has held it for over 30 seconds; try again"
FULL = "the disk is full; make room and run again"


def raised(text, **codes):
    """An error of a driver with these codes."""
    error = Exception(text)
    for name, code in codes.items():
        setattr(error, name, code)
    return error


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (raised("FATAL: no\nHINT: none"), "FATAL: no"),
        (raised("  \n "), "Exception"),
        (raised("permission denied for table x", sqlstate="42501"), "permission denied for table x; the database's user needs more rights for this"),
        (raised("cannot execute", sqlstate="25006"), "the database takes no writes: it is a standby, or is set to read-only"),
        (
            raised("ERROR: prepared statements are not in statement pooling mode", sqlstate="08P01"),
            "PgBouncer runs in statement mode, which allows no transactions; set pool_mode to transaction or session",
        ),
        (raised("another", sqlstate="08P01"), "another"),
        (raised("x", sqlite_errorcode=sqlite3.SQLITE_NOTADB), "the file is no SQLite database, so it is no store"),
        (raised("x", sqlite_errorcode=sqlite3.SQLITE_READONLY), "it cannot be written: the file or its directory is read-only"),
        (raised("x", sqlite_errorcode=sqlite3.SQLITE_READONLY_DIRECTORY), "it cannot be written: the file or its directory is read-only"),
        (raised("x", sqlite_errorcode=sqlite3.SQLITE_CANTOPEN), "it cannot be opened: check that the file and its directory can be written"),
        (raised("x", sqlite_errorcode=sqlite3.SQLITE_BUSY), HELD),
        (raised("x", sqlite_errorcode=sqlite3.SQLITE_BUSY_SNAPSHOT), HELD),
        (raised("x", sqlite_errorcode=sqlite3.SQLITE_LOCKED), HELD),
        (raised("x", sqlite_errorcode=sqlite3.SQLITE_FULL), FULL),
        (raised("x", sqlite_errorcode=sqlite3.SQLITE_IOERR_WRITE), f"{FULL}; if it is not, the disk fails"),
        (raised("malformed", sqlite_errorcode=sqlite3.SQLITE_CORRUPT), "malformed"),
        (raised("no such table", sqlite_errorcode=sqlite3.SQLITE_ERROR), "no such table"),
    ],
)
def test_an_error_is_known_by_its_code(tmp_path, error, sentence):
    with contextlib.closing(open_store(str(tmp_path / "store.db"))) as store, pytest.raises(StoreError) as caught, store.errors():
        raise sa.exc.DBAPIError("SELECT", {}, error)
    assert str(caught.value) == f"the store store.db in {tmp_path}: {sentence}"


@pytest.mark.parametrize("error", [OverflowError("Python int too large"), UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed")])
def test_a_value_that_no_database_holds(tmp_path, error):
    with contextlib.closing(open_store(str(tmp_path / "store.db"))) as store, pytest.raises(StoreError) as caught, store.errors():
        raise error
    assert str(caught.value) == f"the store store.db in {tmp_path} cannot hold a value that it was to save: {error}"


@pytest.fixture
def made(monkeypatch):
    """The engines that were asked for, as the arguments of each."""
    asked = []
    real = sa.create_engine

    def create(url, **more):
        asked.append((str(url), more))
        return real(url, **more)

    monkeypatch.setattr(engine.sa, "create_engine", create)
    return asked


TIME_LIMITS = {"connect_timeout": 10, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 30000}


def test_a_database_is_opened_so_that_a_pooler_may_stand_before_it(made):
    store = foreign_database(parse_location("postgresql://u:secret@h:5433/d"))
    arguments = {"user": "u", "password": "secret", "host": "h", "port": "5433", "dbname": "d"}
    arguments |= {"prepare_threshold": None, "client_encoding": "utf8"} | TIME_LIMITS
    known = {"connect_args": arguments, "isolation_level": "READ COMMITTED", "pool_pre_ping": True}
    known |= {"json_deserializer": read_json, "json_serializer": write_json}
    assert made == [("postgresql+psycopg://", known)] and store.label == "the store d at h" and not store.may_only_be_read
    assert store.reader.get_execution_options() == {"nodeflow_read": True, "isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    assert store.engine.dialect.name == "postgresql" and store.engine.get_execution_options() == {}


def test_a_database_of_which_libpq_is_to_find_all(made):
    foreign_database(Location("it", "shown", database=None))
    assert made[0][1]["connect_args"] == {"prepare_threshold": None, "client_encoding": "utf8"} | TIME_LIMITS
    foreign_database(parse_location("host=h client_encoding=latin1 connect_timeout=3"))
    assert (made[1][1]["connect_args"]["client_encoding"], made[1][1]["connect_args"]["connect_timeout"]) == ("latin1", "3")
    foreign_database(parse_location("service=s"))
    assert made[2][1]["connect_args"] == {"prepare_threshold": None, "client_encoding": "utf8", "service": "s"}


@pytest.mark.parametrize(("name", "left"), [("PGSERVICE", set()), ("PGCONNECT_TIMEOUT", TIME_LIMITS.keys() - {"connect_timeout"})])
def test_what_libpq_takes_from_the_environment_counts(made, monkeypatch, name, left):
    monkeypatch.setenv(name, "60")
    foreign_database(parse_location("host=h"))
    assert made[0][1]["connect_args"].keys() & TIME_LIMITS.keys() == left


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (raised("could not connect", sqlstate="08006"), "could not connect"),
        (raised("no such table: x", sqlite_errorcode=sqlite3.SQLITE_ERROR), None),
        (raised("relation does not exist", sqlstate="42P01"), None),
    ],
)
def test_a_database_that_does_not_answer_is_asked_once_and_one_without_the_table_what_it_has(tmp_path, monkeypatch, error, sentence):
    with contextlib.closing(open_store(str(tmp_path / "store.db"))) as store:
        asked = []

        def rows(connection):
            asked.append(connection)
            if len(asked) == 1:
                raise sa.exc.DBAPIError("SELECT", {}, error)
            return {"schema_version": "4"}

        monkeypatch.setattr(engine, "_rows", rows)
        if sentence:
            with pytest.raises(StoreError) as caught:
                engine._info(store)
            assert str(caught.value) == f"the store store.db in {tmp_path}: {sentence}" and len(asked) == 1
        else:
            assert engine._info(store) == {"schema_version": "4"} and len(asked) == 2


@pytest.mark.parametrize(("database", "url"), [(True, "postgresql+psycopg://"), (False, "sqlite://")])
def test_a_driver_is_loaded_and_nothing_connected(made, database, url):
    load_driver(database)
    assert made == [(url, {})]


def test_the_same_database_is_known_whatever_it_is_called(monkeypatch):
    asked = []

    class Connection:
        """Answers as PostgreSQL does."""

        def exec_driver_sql(self, statement):
            """When the server was started, and the database's number."""
            asked.append(statement)
            return sa.engine.result.IteratorResult(sa.engine.result.SimpleResultMetaData(["started", "oid"]), iter([("2026-11-23", 16384)]))

    stores = [foreign_database(parse_location(f"postgresql://u@{host}/d")) for host in ("h", "h.example.org")]
    for store in stores:
        monkeypatch.setattr(store, "read", lambda: contextlib.nullcontext(Connection()))
    assert stores[0].is_same_as(stores[1])
    assert asked == ["SELECT pg_postmaster_start_time(), oid FROM pg_database WHERE datname = current_database()"] * 2


def test_a_store_of_another_netbox_says_what_may_be_meant(tmp_path):
    with contextlib.closing(open_store(str(tmp_path / "store.db"))) as store:
        store.belongs_to("https://a.example.org")
        with pytest.raises(StoreError) as error:
            store.belongs_to("https://b.example.org")
    assert str(error.value) == (
        f"the store store.db in {tmp_path} belongs to the NetBox at https://a.example.org, whose ids mean nothing at https://b.example.org. Name another "
        "store for this NetBox; if it is the same NetBox under a new address, say so once with netbox_moved=true"
    )


@pytest.mark.parametrize("text", ["cut \ud83d", "\udce9 of Latin-1", "a\0b"])
def test_a_text_that_postgresql_would_take_and_never_give_back_is_saved_nowhere(tmp_path, text):
    with contextlib.closing(open_store(str(tmp_path / "store.db"))) as store, pytest.raises(StoreError, match="cannot hold a value that it was to save"):
        with store.write() as connection:
            connection.execute(sa.insert(steps).values(NEW | {"state": {"note": [text]}}))
    assert write_json({"a": "Gr\u00fc\u00dfe \U0001f642 \\ud83d \\u0000"}) and write_json({"a": "\\ud"}) == '{"a": "\\\\ud"}'


NEW = {"process_id": "p", "step_id": "s", "step": "x", "attempt": 1, "status": "success", "changes": {}, "actor": "a", "run_id": "r"}
NEW |= dict.fromkeys(("started_at", "completed_at"), datetime.datetime(2026, 11, 28, tzinfo=datetime.timezone.utc))


@pytest.mark.parametrize("name", ["customer_id", "description", "note", "reason"])
@pytest.mark.parametrize("text", ["cut \ud83d", "a\0b"])
def test_an_option_that_no_database_takes_is_refused_before_anything_is_done(name, text):
    with pytest.raises(NodeflowError) as error:
        _check_settings({name: text})
    assert str(error.value) == f"{name} holds what no database takes, a NUL or half of a character; check where the text comes from, and its encoding"
    _check_settings({name: "Gr\u00fc\u00dfe \U0001f642"})
