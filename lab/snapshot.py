# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots of a migrated, empty NetBox database: kept in the repository for the pinned version, in the cache for others.

Migrating a new database takes NetBox about five minutes; restoring a snapshot takes two seconds.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Callable

from places import HERE, cache_dir
from postgres import Cluster
from report import LabError, last_lines, step

# Written by newer versions of pg_dump, not understood by older servers and clients, and of no use here.
NOT_PORTABLE = re.compile(rb"^(\\(un)?restrict |SET transaction_timeout|SET default_table_access_method|-- Dumped )")


def shipped(version: str) -> Path:
    return HERE / "snapshot" / f"netbox-{version}.sql.gz"


def cached(version: str) -> Path:
    return cache_dir() / f"netbox-{version}.sql.gz"


def find(version: str) -> Path | None:
    """Return the snapshot of a version, if there is one."""
    for path in (shipped(version), cached(version)):
        if path.exists():
            return path
    return None


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def restore(cluster: Cluster, database: str, path: Path) -> None:
    psql = cluster.feed(database)
    assert psql.stdin is not None and psql.stderr is not None
    problem = ""
    try:
        with gzip.open(path) as source:
            shutil.copyfileobj(source, psql.stdin, 1 << 20)
        psql.stdin.close()
    except (BrokenPipeError, ConnectionResetError):
        pass  # psql stopped; it says why below
    except (OSError, EOFError) as exc:
        problem = str(exc)
        psql.kill()
    errors = psql.stderr.read().decode(errors="replace")
    if psql.wait() or problem:
        raise LabError(f"The snapshot {path} could not be restored: {problem or last_lines(errors, 2)}")


def migrate(python: Path, environment: dict[str, str], log: Path, version: str) -> None:
    """Have NetBox migrate a new database, saying how far it is."""
    with step(f"migrating a new database to NetBox {version} (once; about five minutes)") as progress, open(log, "w+", encoding="utf-8") as output:
        process = subprocess.Popen([str(python), "-u", "-m", "netbox", "migrate", "--no-input"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True, env=environment, cwd="/")
        assert process.stdout is not None
        count = 0
        for line in process.stdout:
            output.write(line)
            count += line.count("  Applying ")
            progress.detail = f"{count} migrations"
        if process.wait():
            output.seek(0)
            raise LabError(f"NetBox's migration failed: {last_lines(output.read(), 2)} (log: {log})")


def save(cluster: Cluster, database: str, path: Path) -> None:
    """Write a snapshot that restores on PostgreSQL 14 and newer, the same bytes for the same content."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile() as plain:
        cluster.dump(database, plain)
        plain.seek(0)
        new = path.with_name(path.name + ".new")
        with open(new, "wb") as raw, gzip.GzipFile("", "wb", compresslevel=9, fileobj=raw, mtime=0) as packed:
            in_data = False
            for line in plain:
                in_data = line.startswith(b"COPY ") or (in_data and line != b"\\.\n")
                if in_data or not NOT_PORTABLE.match(line):
                    packed.write(line)
        os.replace(new, path)


def make(version: str, path: Path, cluster: Cluster, database: str, migrated: Callable[[str], None]) -> None:
    """Migrate a database that is dropped again, and save it."""
    cluster.sql(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
    cluster.sql(f'CREATE DATABASE "{database}" TEMPLATE template0')
    migrated(database)
    with step(f"saving the snapshot of NetBox {version}"):
        save(cluster, database, path)
    cluster.sql(f'DROP DATABASE "{database}" WITH (FORCE)')
