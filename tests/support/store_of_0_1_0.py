# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A store as release 0.1.0 left it, of any size, with processes in every state. What the code of today does cannot change it.

``release_0_1_0/tables.sql`` is its layout (2), and ``rows.jsonl.gz`` what it wrote: a line for each scenario, which is how the life of one node went
until its last run ended, was killed or waits. 0.1.0 itself wrote them, with a NetBox in which the device was node-990007 of that id.
``shown.json.gz`` is what the last readers of layout 2 showed of a life of each scenario, but for the commands that they named.
"""

from __future__ import annotations

import functools
import gzip
import itertools
import json
import pathlib
import re
import typing as t
import uuid

from stores import PostgresqlStore, SqliteStore

HERE = pathlib.Path(__file__).parent / "release_0_1_0"

TABLES = ("subscriptions", "processes", "process_steps")

_UUID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Device(t.NamedTuple):
    """The device of a node."""

    id: int
    name: str
    ipv4: str
    ipv6: str


class Life(t.NamedTuple):
    """What the store has of one device, after the ``scenario``. The values of a row are the database's, but for JSON, which is read.

    ``writes`` are the writes to NetBox, in their order, and ``device_status`` what it has now.
    """

    scenario: str
    device: Device
    subscriptions: list[dict[str, t.Any]]
    processes: list[dict[str, t.Any]]
    process_steps: list[dict[str, t.Any]]
    writes: list[dict[str, str]]
    device_status: str


def made_up(number: int) -> Device:
    """A device that is in no NetBox."""
    return Device(number, f"node-{number}", f"10.{number // 250 % 250}.{number % 250}.1/32", f"2001:db8::{number:x}/128")


def lives(devices: t.Iterable[Device]) -> t.Iterator[Life]:
    """A life for each device, of one scenario after the other."""
    return (_life(device, *one) for device, one in zip(devices, itertools.cycle(_scenarios())))


@functools.cache
def _scenarios() -> list[tuple[str, list[str]]]:
    """Each line, and the ids in it."""
    lines = gzip.decompress((HERE / "rows.jsonl.gz").read_bytes()).decode().splitlines()
    return [(line, sorted(set(_UUID.findall(line)))) for line in lines]


def _life(device: Device, line: str, ids: t.Iterable[str]) -> Life:
    for old in ids:
        line = line.replace(old, str(uuid.uuid5(uuid.UUID(old), str(device.id))))
    values = {"node-990007": device.name, "990007": str(device.id), "10.99.0.7/32": device.ipv4, "2001:db8:99::7/128": device.ipv6}
    for old, new in values.items():
        line = line.replace(old, new)
    life = Life(device=device, **json.loads(line))
    for row in life.process_steps:
        row["step_id"] = str(uuid.uuid5(uuid.UUID(row["process_id"]), row["step"]))
    return life


def shown_before() -> dict[str, t.Any]:
    """What each reader showed, by its name, of the lives of the devices ``made_up(1)`` to ``made_up(40)`` in a store of https://netbox.example.org."""
    return dict(json.loads(gzip.decompress((HERE / "shown.json.gz").read_bytes())))


def fill(store: SqliteStore | PostgresqlStore, netbox_url: str, made: t.Iterable[Life]) -> None:
    """Make the tables in an empty store, and put the lives in."""
    postgresql = isinstance(store, PostgresqlStore)
    kinds = {"MOMENT": "TIMESTAMP WITH TIME ZONE", "NUMBERED": "BIGSERIAL"} if postgresql else {"MOMENT": "DATETIME", "NUMBERED": "INTEGER"}
    tables = re.sub("MOMENT|NUMBERED", lambda kind: kinds[kind[0]], (HERE / "tables.sql").read_text(encoding="utf-8"))
    if isinstance(store, SqliteStore):
        store.path.parent.mkdir(parents=True)
        store.write("PRAGMA journal_mode=WAL")
    made_first, made_last = tables.split("\n\n")
    store.write(*made_first.split(";\n"))
    store.insert("nodeflow_store", [{"name": "schema_version", "value": "2"}, {"name": "netbox_url", "value": netbox_url}])
    for some in itertools.batched(made, 5000):
        for table in TABLES:
            rows = [row for life in some for row in getattr(life, table)]
            store.insert(table, [_as_postgresql(row) for row in rows] if postgresql else rows)
    store.write(*made_last.strip().split(";\n"))


def _as_postgresql(row: dict[str, t.Any]) -> dict[str, t.Any]:
    """A row as SQLite has it, with moments in UTC that say so, and truth that is no number."""
    return {name: bool(value) if name == "insync" else value + "+00" if value and name in _MOMENTS else value for name, value in row.items()}


_MOMENTS = {"start_date", "end_date", "lease_until", "started_at", "updated_at", "completed_at"}
