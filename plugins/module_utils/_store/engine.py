# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Open the store: find it, make it where it is missing, and refuse what is not ours or newer than we are."""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import sqlite3
import stat
import tempfile
import time
import typing as t
import urllib.parse

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import StoreError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import load_psycopg, sa, sa_exc, sa_insert
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._paths import can_be_made
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.location import Location, find_location
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.migrations import MIGRATIONS
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.schema import SCHEMA_VERSION, metadata, read_json, store_info, write_json
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.whole_copy import copy_whole

__all__ = ["Store", "foreign_database", "load_driver", "open_store"]

BUSY_TIMEOUT = 30
"""Seconds that a writer waits for another one to finish with an SQLite store."""


class Store:
    """An open store. ``label`` says which it is, without a password; ``info`` is what it said of itself when it was opened.

    ``engine`` begins transactions that write, ``reader`` those that do not. ``path`` is the file of an SQLite store. ``copy`` is the directory
    of its copy, or an empty text, of a store that this login may only read; None where it may write.
    """

    def __init__(self, engine: t.Any, label: str, path: pathlib.Path | None = None, copy: str | None = None) -> None:
        self.engine = engine
        self.label = label
        self._path = path
        self._copy = copy
        self.info: dict[str, str] = {}
        one_state = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True} if engine.dialect.name == "postgresql" else {}
        self.reader = engine.execution_options(nodeflow_read=True, **one_state)

    @contextlib.contextmanager
    def transaction(self, migrating: bool = False) -> t.Iterator[t.Any]:
        """Yield a connection in a transaction, whatever the store says of itself; committed at the end, or undone by an exception. Raises StoreError.

        While it is ``migrating``, a table can be replaced that others refer to.
        """
        refused = self.why_not_written()
        if refused:
            raise StoreError(refused)
        engine = self.engine.execution_options(nodeflow_migrating=True) if migrating else self.engine
        try:
            with self.errors(), engine.begin() as connection:
                yield connection
        finally:
            if migrating:
                self.engine.dispose()  # its connections do not check references

    @contextlib.contextmanager
    def write(self) -> t.Iterator[t.Any]:
        """Yield a connection in a transaction. Raises StoreError, also where the store was moved since it was opened."""
        with self.transaction() as connection:
            self.info = _rows(connection)
            self.refuse_if_moved()
            yield connection

    @contextlib.contextmanager
    def to_move(self) -> t.Iterator[t.Any]:
        """Yield a connection in a transaction while nobody else writes, also where the store was moved already. Raises StoreError."""
        with self.transaction() as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f"LOCK TABLE {store_info.name} IN ACCESS EXCLUSIVE MODE")  # each that writes reads it first
            self.info = _rows(connection)
            yield connection

    def refuse_if_moved(self) -> None:
        """Raise StoreError if the store was moved: nobody must go on with it."""
        if self.moved_to:
            raise StoreError(f"{self.label} was moved to {self.moved_to}; name that one in the option store, or in NODEFLOW_STORE")

    @contextlib.contextmanager
    def read(self) -> t.Iterator[t.Any]:
        """Yield a connection that sees one state of the store and does not keep writers out. Raises StoreError."""
        with self.errors(), self.reader.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def errors(self) -> t.Iterator[None]:
        """Turn the database's errors into a StoreError that names this store."""
        try:
            yield
        except sa_exc.DBAPIError as error:
            raise StoreError(f"{self.label}: {_reason(error.orig)}") from error
        except (OverflowError, UnicodeError, sa_exc.StatementError) as error:
            why = getattr(error, "orig", error)
            if not isinstance(why, (OverflowError, UnicodeError)):
                raise
            raise StoreError(f"{self.label} cannot hold a value that it was to save: {why}") from error

    def belongs_to(self, netbox_url: str, moved: bool = False) -> None:
        """Bind the store to the NetBox at ``netbox_url``, or check that it is bound to that one.

        The ids of its objects mean something in one NetBox only. ``moved`` says that it is the same NetBox under a new address.
        Raises StoreError if the store belongs to another NetBox.
        """
        if self.netbox_url == netbox_url:
            return
        name = store_info.c.name == "netbox_url"
        with self.write() as connection:
            # Of first runs at once, one binds the store; the others wait here for its commit, and then find what it wrote.
            insert = sa_insert(connection, store_info).values(name="netbox_url", value=netbox_url)
            connection.execute(insert.on_conflict_do_nothing())
            bound = connection.execute(sa.select(store_info.c.value).where(name)).scalar_one()
            if bound != netbox_url and not moved:
                raise self.foreign_netbox(bound, netbox_url)
            if bound != netbox_url:
                connection.execute(store_info.update().where(name).values(value=netbox_url))
        self.info["netbox_url"] = netbox_url

    def foreign_netbox(self, bound: str, netbox_url: str) -> StoreError:
        """Return the error for a store that belongs to another NetBox."""
        return StoreError(
            f"{self.label} belongs to the NetBox at {bound}, whose ids mean nothing at {netbox_url}. Name another store for this NetBox; "
            "if it is the same NetBox under a new address, say so once with netbox_moved=true"
        )

    @property
    def netbox_url(self) -> str | None:
        """The URL of the NetBox that the store belongs to; None where no subscription was ever stored."""
        return self.info.get("netbox_url")

    @property
    def moved_to(self) -> str | None:
        """Where the store was moved to; None if it was not."""
        return self.info.get("moved_to")

    def is_same_as(self, other: Store) -> bool:
        """Return whether both are one store, however each was named. Raises StoreError."""
        return self._identity() == other._identity()  # pylint: disable=protected-access

    def _identity(self) -> tuple[t.Any, ...]:
        if self._path is not None:
            found = os.stat(self._path)
            return found.st_dev, found.st_ino
        with self.read() as connection:
            query = "SELECT pg_postmaster_start_time(), oid FROM pg_database WHERE datname = current_database()"
            return tuple(connection.exec_driver_sql(query).one())

    def mark_moved(self, connection: t.Any, label: str) -> None:
        """Leave word that the store was moved. It is refused from then on."""
        connection.execute(store_info.insert().values(name="moved_to", value=label))

    @property
    def may_only_be_read(self) -> bool:
        """Whether it is a file that this login cannot write."""
        return self._copy is not None

    def why_not_written(self) -> str | None:
        """Return why it cannot be written, as far as that shows without trying; None where nothing speaks against it. What rights a PostgreSQL database gives
        its user is not asked.
        """
        return f"{self.label} cannot be written: the file or its directory is read-only for this login" if self.may_only_be_read else None

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()
        if self._copy:
            shutil.rmtree(self._copy, ignore_errors=True)


@t.overload
def open_store(location: Location | str | None, create: t.Literal[True] = True, write: bool = True, moved: bool = False) -> Store: ...


@t.overload
def open_store(location: Location | str | None, create: bool, write: bool = True, moved: bool = False) -> Store | None: ...


def open_store(location: Location | str | None, create: bool = True, write: bool = True, moved: bool = False) -> Store | None:
    """Return the store at ``location``, which may be a text that names it; None means the one of NODEFLOW_STORE, else the default one.

    Makes the store where it is missing; without ``create`` the answer is None then. A store with an older layout is brought up to this
    release's; without ``write`` it is refused. Raises StoreError for that, for a place that cannot be written, a file that is no store, a
    database that holds something else, a store from a newer release, and, unless ``moved``, one that was moved to another place.
    A file that this login may only read is opened for that, and left alone.
    """
    if not isinstance(location, Location):
        location = find_location("store", location)
    if location is None:
        raise StoreError("no store is named")
    store = foreign_database(location) if location.path is None else _sqlite(location, location.path, create)
    if store is None:
        return None
    try:
        return store if _prepare(store, create, write, moved) else None
    except BaseException:
        store.close()
        raise


def load_driver(database: bool) -> None:
    """Import what a PostgreSQL store needs, or one of SQLite; connects to nothing. Raises StoreError where it is missing."""
    if database:
        load_psycopg()
    sa.create_engine("postgresql+psycopg://" if database else "sqlite://")


_TIME_LIMITS = {"connect_timeout": 10, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 30000}
"""libpq's, so that a server that is gone without a word is noticed before a lease has run out. Seconds; the last in milliseconds:
https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS"""


def _time_limits(named: t.Mapping[str, t.Any]) -> dict[str, int]:
    """Return the limits that neither a service file nor libpq's own variable of the environment may set; what a store's name says counts anyway."""
    if "service" in named or os.environ.get("PGSERVICE"):
        return {}
    return {name: limit for name, limit in _TIME_LIMITS.items() if name != "connect_timeout" or not os.environ.get("PGCONNECT_TIMEOUT")}


def foreign_database(location: Location) -> Store:
    """Return a PostgreSQL database, whatever it holds. Raises StoreError."""
    # In PgBouncer's transaction mode the next transaction may be another session's, which knows no statement that was prepared in this one.
    # A database may have another encoding than UTF-8, or none, and another isolation than writers here wait for each other by.
    named = location.database or {}
    arguments = {**_time_limits(named), "client_encoding": "utf8", **named, "prepare_threshold": None}
    load_psycopg()
    settings = {"pool_pre_ping": True, "json_deserializer": read_json, "json_serializer": write_json}
    return Store(sa.create_engine("postgresql+psycopg://", connect_args=arguments, isolation_level="READ COMMITTED", **settings), location.label)


def _sqlite(location: Location, path: pathlib.Path, create: bool) -> Store | None:
    label = location.label
    with _file_errors(label, "opened"):
        try:
            is_file: bool | None = stat.S_ISREG(os.stat(path).st_mode)
        except (FileNotFoundError, NotADirectoryError):
            is_file = None
    if is_file is False:
        raise StoreError(f"{label} is no file, so it cannot be a store")
    if is_file is None and not create:
        if not can_be_made(path):
            raise StoreError(f"{label} is not there, and cannot be made: check that its directory can be written")
        return None
    if is_file is None:
        with _file_errors(label, "written"):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    real = os.path.realpath(path)
    if os.access(real, os.W_OK) and os.access(os.path.dirname(real), os.W_OK | os.X_OK):
        return Store(_sqlite_engine(str(path)), label, path)
    return _read_only(label, path, real)


@contextlib.contextmanager
def _file_errors(label: str, verb: str) -> t.Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        raise StoreError(f"{label} cannot be {verb}: {getattr(error, 'strerror', None) or error}") from error


def _sqlite_engine(database: str, **query: str) -> t.Any:
    url = sa.engine.URL.create("sqlite", database=database, query=query)
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_TIMEOUT}, json_deserializer=read_json, json_serializer=write_json)
    sa.event.listen(engine, "connect", _on_connect)
    sa.event.listen(engine, "begin", _on_begin)
    return engine


def _read_only(label: str, path: pathlib.Path, real: str) -> Store:
    """Return a store whose file, or the files that SQLite keeps beside it, this login cannot write. Nothing is made or changed there.

    While a writer has it open, its files beside it tell what is committed. Else the store is read from a copy that is known to be whole:
    SQLite can read such a file itself only where nobody writes meanwhile.
    """
    with _file_errors(label, "read"), open(real, "rb"):
        pass
    if os.path.exists(real + "-wal") and os.path.exists(real + "-shm"):
        engine = _sqlite_engine("file:" + urllib.parse.quote(os.fsencode(real)), mode="ro", readonly_shm="1", uri="true")
        try:
            with engine.connect() as connection:
                connection.exec_driver_sql("SELECT count(*) FROM sqlite_schema")
            return Store(engine, label, path, "")
        except sa_exc.DBAPIError:  # the writer has just gone
            engine.dispose()
    with _file_errors(label, "read from a copy"):
        directory = tempfile.mkdtemp(prefix="nodeflow-")
    try:
        with _file_errors(label, "read from a copy"):
            copy_whole(label, real, os.path.join(directory, "store.db"), BUSY_TIMEOUT)
        return Store(_sqlite_engine(os.path.join(directory, "store.db")), label, path, directory)
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        raise


def _on_connect(connection: t.Any, record: t.Any) -> None:  # pylint: disable=unused-argument
    connection.isolation_level = None  # _on_begin begins, not the driver
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA synchronous=FULL")  # a commit must outlive a power cut, also in WAL mode
    cursor.close()


def _on_begin(connection: t.Any) -> None:
    # IMMEDIATE: a transaction that reads first and writes then would fail at once, not wait, if another writer came in between.
    options = connection.get_execution_options()
    if options.get("nodeflow_migrating"):
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")  # it cannot be set in a transaction
    reading = options.get("nodeflow_read")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _prepare(store: Store, create: bool, write: bool, moved: bool) -> bool:
    """Check the layout, make or migrate it. False if there is none and none must be made."""
    store.info = _info(store)
    version = _version(store, store.info)
    if not moved:
        store.refuse_if_moved()
    if version == SCHEMA_VERSION:
        return True
    if not version and not create:
        return False
    if not write or (version and store.may_only_be_read):
        raise _older_layout(store, ", and may write it" if store.may_only_be_read else "")
    if store.engine.dialect.name == "sqlite":
        _use_wal(store)
    try:
        _make_or_migrate(store)
    except StoreError as error:
        refused = getattr(error.__cause__, "orig", None)
        if version and getattr(refused, "sqlstate", None) in (_NO_RIGHT, _NO_WRITES):
            raise _older_layout(store, f", and may change its tables. Here, {_reason(refused)}") from error
        raise
    return True


def _older_layout(store: Store, more: str) -> StoreError:
    """Return the error for a store that only somebody else, or another kind of run, can bring up to date."""
    return StoreError(
        f"{store.label} has the layout of an older release; it is brought up to date by any run that names it in the option store, without check mode{more}"
    )


def _make_or_migrate(store: Store) -> None:
    """Bring the store to this release's layout, in one transaction."""
    with store.transaction(migrating=True) as connection:
        if store.engine.dialect.name == "postgresql":
            # Two first runs at once: the second waits here, and then finds the tables made.
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7021946)")
        version = _version(store, _tables_and_info(store, connection))
        if not version:
            metadata.create_all(connection)
            connection.execute(store_info.insert().values(name="schema_version", value=str(SCHEMA_VERSION)))
        for old in range(version or SCHEMA_VERSION, SCHEMA_VERSION):
            MIGRATIONS[old](connection)
            connection.execute(store_info.update().where(store_info.c.name == "schema_version").values(value=str(old + 1)))


def _use_wal(store: Store) -> None:
    """Let readers and a writer work at the same time. The mode stays with the file. SQLite itself does not wait for a lock here."""
    with store.errors():
        connection = store.engine.raw_connection()
    deadline = time.monotonic() + BUSY_TIMEOUT
    try:
        while True:
            try:
                connection.driver_connection.execute("PRAGMA journal_mode=WAL")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & _PRIMARY not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) or time.monotonic() > deadline:
                    raise StoreError(f"{store.label}: {_reason(error)}") from error
            time.sleep(0.05)
    finally:
        connection.close()


def _info(store: Store) -> dict[str, str]:
    """Return what the store says of itself, in one plain statement, since every task of a play asks; {} for an empty database.

    Raises StoreError for a database that holds something else.
    """
    try:
        with store.reader.begin() as connection:
            return _rows(connection)
    except sa_exc.DBAPIError as error:
        if not _is_missing_table(error.orig):
            raise StoreError(f"{store.label}: {_reason(error.orig)}") from error
    with store.read() as connection:
        return _tables_and_info(store, connection)


def _is_missing_table(error: t.Any) -> bool:
    """Return whether a database says that it has no such table; SQLite has one code for that and for any other wrong statement."""
    sqlite = getattr(error, "sqlite_errorcode", None)
    return getattr(error, "sqlstate", None) == _NO_TABLE or (sqlite is not None and sqlite & _PRIMARY == sqlite3.SQLITE_ERROR)


def _rows(connection: t.Any) -> dict[str, str]:
    return dict(map(tuple, connection.exec_driver_sql(f"SELECT name, value FROM {store_info.name}")))


def _tables_and_info(store: Store, connection: t.Any) -> dict[str, str]:
    """Return the same, after a look at which tables there are."""
    tables = set(sa.inspect(connection).get_table_names())
    if store_info.name in tables:
        return _rows(connection)
    if tables:
        raise StoreError(f"{store.label} is a database, but no store of ours: it holds the table {min(tables)}")
    return {}


def _version(store: Store, info: t.Mapping[str, str]) -> int:
    """Return the layout of the store; 0 if it is empty. Raises StoreError for a newer layout and for what is none."""
    text = info.get("schema_version", "") if info else "0"
    if not text.isdecimal():
        raise StoreError(f"{store.label} is damaged: its layout is {text!r}, which is no number")
    if int(text) > SCHEMA_VERSION:
        raise StoreError(
            f"{store.label} was written by a newer release of nodeflow.orchestrator (layout {text}; this release knows {SCHEMA_VERSION}): upgrade the "
            "collection here"
        )
    return int(text)


def _reason(error: t.Any) -> str:
    """Return what went wrong, in the words of an operator; the driver's own where we know no better."""
    text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    code = getattr(error, "sqlstate", None)
    if code == _NO_RIGHT:
        return f"{text}; the database's user needs more rights for this"
    if code == _NO_WRITES:
        return "the database takes no writes: it is a standby, or is set to read-only"
    if "statement pooling mode" in text:  # PgBouncer has the same code for whatever it does not do
        return "PgBouncer runs in statement mode, which allows no transactions; set pool_mode to transaction or session"
    return _SQLITE_REASONS.get(getattr(error, "sqlite_errorcode", 0) & _PRIMARY, text)


_NO_RIGHT, _NO_WRITES, _NO_TABLE = "42501", "25006", "42P01"
"""PostgreSQL's codes for a user without a right, for a database that takes no writes, and for a table that is not there
(https://www.postgresql.org/docs/current/errcodes-appendix.html).
"""

_PRIMARY = 0xFF
"""The part of SQLite's extended result codes that its primary codes are (https://www.sqlite.org/rescode.html)."""

_SQLITE_REASONS = {
    sqlite3.SQLITE_NOTADB: "the file is no SQLite database, so it is no store",
    sqlite3.SQLITE_READONLY: "it cannot be written: the file or its directory is read-only",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened: check that the file and its directory can be written",
    sqlite3.SQLITE_BUSY: f"another run has held it for over {BUSY_TIMEOUT} seconds; try again",
    sqlite3.SQLITE_LOCKED: f"another run has held it for over {BUSY_TIMEOUT} seconds; try again",
    sqlite3.SQLITE_FULL: "the disk is full; make room and run again",
    sqlite3.SQLITE_IOERR: "the disk is full; make room and run again; if it is not, the disk fails",
}
