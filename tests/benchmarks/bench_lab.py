# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab NetBox of the benchmark: planned devices to spend, as often as they are needed, and stores."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import uuid

import psycopg

ROOT = pathlib.Path(__file__).resolve().parents[2]

sys.path.insert(0, str(ROOT / "tests" / "support"))

from stores import PostgresqlStore, SqliteStore, Store  # noqa: E402  # pylint: disable=wrong-import-position

__all__ = ["COLLECTIONS", "BenchLab", "Store"]

COLLECTIONS = ROOT / ".venv" / "collections"

PREFIX = "bench-"


class BenchLab:
    """A lab that is up. ``url``, ``token``, ``devices``: the ids of devices that can be enrolled."""

    def __init__(self, name: str, directory: pathlib.Path, most: int) -> None:
        self.name = name
        self.directory = directory
        self.shape()  # a benchmark that was broken off may have left another
        missing = most - len(self._ids())
        if missing > 0:
            self._lab("devices", "--count", str(missing), "--prefix", f"{PREFIX}{uuid.uuid4().hex[:4]}-")
        self.devices = self._ids()

    def shape(self, workers: int = 2, rqworker: bool = False) -> None:
        """Have NetBox run with so many of gunicorn's workers, and with or without a worker for background jobs."""
        self._lab("up", "--workers", str(workers), "--rqworker" if rqworker else "--no-rqworker")
        self._look()

    def _look(self) -> None:
        facts = json.loads(self._lab("env", "--json"))
        self.url, self.token = facts["url"], facts["tokens"]["admin"]
        self.version = facts["version"]
        self._netbox, self._postgresql = facts["netbox_dsn"], facts["postgres_dsn"]

    def reset(self) -> None:
        """All devices of the benchmark are planned again, as if nothing had touched them; what NetBox logged of it is gone."""
        with psycopg.connect(self._netbox) as connection:
            connection.execute("UPDATE dcim_device SET status = 'planned' WHERE name LIKE %s AND status <> 'planned'", [PREFIX + "%"])
            connection.execute("TRUNCATE core_objectchange CASCADE")

    def active(self) -> int:
        """How many devices of the benchmark are active."""
        with psycopg.connect(self._netbox) as connection:
            [[count]] = connection.execute("SELECT count(*) FROM dcim_device WHERE name LIKE %s AND status = 'active'", [PREFIX + "%"]).fetchall()
            return count

    def store(self, kind: str) -> Store:
        """An empty store: "sqlite" or "postgresql"."""
        if kind == "postgresql":
            return PostgresqlStore(self._postgresql)
        directory = self.directory / uuid.uuid4().hex
        directory.mkdir()
        return SqliteStore(directory)

    def _ids(self) -> list[int]:
        with psycopg.connect(self._netbox) as connection:
            return [row[0] for row in connection.execute("SELECT id FROM dcim_device WHERE name LIKE %s ORDER BY id", [PREFIX + "%"])]

    def _lab(self, *arguments: str) -> str:
        command = [sys.executable, str(ROOT / "lab" / "lab.py"), arguments[0], "--name", self.name, *arguments[1:]]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL, env=os.environ).stdout
