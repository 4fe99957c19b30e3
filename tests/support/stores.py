# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stores of the tests, read with SQL, independent of the code under test."""

from __future__ import annotations

import contextlib
import json
import pathlib
import sqlite3
import typing as t
import uuid

import psycopg
import psycopg.rows


class Store(t.Protocol):
    """A store. ``location`` is what the option ``store`` takes."""

    location: str

    def rows(self, query: str) -> list[dict[str, t.Any]]:
        """The rows that a query gives."""

    def write(self, *statements: str) -> None:
        """Change it behind the back of the code under test."""

    def insert(self, table: str, rows: t.Sequence[dict[str, t.Any]]) -> None:
        """Put rows of one shape into a table. Dictionaries and lists become JSON."""

    def exists(self) -> bool:
        """Whether there is anything in it."""

    def has_tables(self) -> bool:
        """Whether its tables have been made."""


class SqliteStore:
    """A file that does not exist yet, in a directory that does not exist yet. ``device_id`` is, in its SQL, the device that a subscription stands for."""

    device_id = "CAST(json_extract(block, '$.node.node_id') AS INTEGER)"

    def __init__(self, directory: pathlib.Path) -> None:
        self.path = directory / "state" / "store.db"
        self.location = str(self.path)

    def rows(self, query: str) -> list[dict[str, t.Any]]:
        with contextlib.closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(query)]

    def write(self, *statements: str) -> None:
        with contextlib.closing(sqlite3.connect(self.path)) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.commit()

    def insert(self, table: str, rows: t.Sequence[dict[str, t.Any]]) -> None:
        if not rows:
            return
        statement = "INSERT INTO {0} ({1}) VALUES ({2})".format(table, ", ".join(rows[0]), ", ".join("?" * len(rows[0])))
        with contextlib.closing(sqlite3.connect(self.path)) as connection:
            connection.executemany(statement, [_values(row) for row in rows])
            connection.commit()

    def exists(self) -> bool:
        return self.path.parent.exists()

    def has_tables(self) -> bool:
        return self.path.exists() and bool(self.rows("SELECT 1 FROM sqlite_schema WHERE name = 'process_steps'"))


class PostgresqlStore:
    """An empty database of its own on a PostgreSQL server, dropped by ``drop``. ``direct`` is where it is read, whatever ``location`` says.
    ``device_id`` is, in its SQL, the device that a subscription stands for.
    """

    device_id = "CAST(block->'node'->>'node_id' AS INTEGER)"

    def __init__(self, server: str) -> None:
        self.server = server
        self.name = "store_" + uuid.uuid4().hex[:12]
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {self.name}")
        self.direct = self.location = server.rpartition("/")[0] + "/" + self.name

    def rows(self, query: str) -> list[dict[str, t.Any]]:
        with psycopg.connect(self.direct, row_factory=psycopg.rows.dict_row) as connection:
            return connection.execute(query).fetchall()

    def write(self, *statements: str) -> None:
        with psycopg.connect(self.direct) as connection:
            for statement in statements:
                connection.execute(statement)

    def insert(self, table: str, rows: t.Sequence[dict[str, t.Any]]) -> None:
        if not rows:
            return
        with psycopg.connect(self.direct) as connection, connection.cursor() as cursor:
            with cursor.copy("COPY {0} ({1}) FROM STDIN".format(table, ", ".join(rows[0]))) as copy:
                for row in rows:
                    copy.write_row(_values(row))

    def exists(self) -> bool:
        return bool(self.rows("SELECT 1 FROM pg_tables WHERE schemaname = 'public'"))

    def has_tables(self) -> bool:
        return self.exists()

    def drop(self) -> None:
        """Remove the database, whoever is connected to it."""
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")


def _values(row: dict[str, t.Any]) -> list[t.Any]:
    return [json.dumps(value) if isinstance(value, (dict, list)) else value for value in row.values()]


def device_id_of(row: dict[str, t.Any]) -> int:
    """The device that a subscription stands for, by its row as a store's ``rows`` gives it."""
    blocks = row["block"] if isinstance(row["block"], dict) else json.loads(row["block"])
    return int(blocks["node"]["node_id"])
