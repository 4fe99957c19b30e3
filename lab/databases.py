# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The databases in an instance's cluster, and how a pristine one is made in a second.

`lab_base` is the restored snapshot with the lab's users and tokens, `lab_demo` that with the demo data. Both are
templates that nobody connects to; NetBox's own database is a copy of one of them. A template says in its comment what
it was made from, and is made again when that has changed.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import snapshot
from netbox_server import DATABASE, INSIDE, Server
from places import cache_dir
from postgres import Cluster
from report import step

TEMPLATES = {"empty": "lab_base", "demo": "lab_demo"}


class Databases:
    """What NetBox stands on, for one instance."""

    def __init__(self, cluster: Cluster, server: Server, python: Path, version: str) -> None:
        self.cluster, self.server, self.python, self.version = cluster, server, python, version

    def made_from(self) -> str:
        """Return the content of NetBox's own database ('demo' or 'empty'), or nothing if there is none."""
        comment = self._comments().get(DATABASE, "")
        return comment if comment in TEMPLATES else ""

    def reset(self, content: str) -> None:
        """Replace NetBox's database by a pristine one."""
        self._ensure_templates()
        self._drop(DATABASE)
        self._drop("lab_new")
        self.cluster.sql(f'CREATE DATABASE lab_new TEMPLATE "{TEMPLATES[content]}"')
        self.cluster.sql(f"COMMENT ON DATABASE lab_new IS '{content}'")
        self.cluster.sql(f'ALTER DATABASE lab_new RENAME TO "{DATABASE}"')

    def _ensure_templates(self) -> None:
        path = snapshot.find(self.version) or self.make_snapshot(snapshot.cached(self.version))
        snapshot_digest = snapshot.digest(path)
        key = self._key(snapshot_digest)
        comments = self._comments()
        if all(comments.get(name) == key for name in TEMPLATES.values()):
            return
        for name in (*TEMPLATES.values(), "lab_base_new", "lab_demo_new"):
            self._drop(name)
        with step("restoring the snapshot"):
            self.cluster.sql("CREATE DATABASE lab_base_new TEMPLATE template0")
            snapshot.restore(self.cluster, "lab_base_new", path)
        checked = cache_dir() / "checked" / f"netbox-{self.version}-{snapshot_digest[:16]}"
        with step("loading users, tokens and the demo data" + ("" if checked.exists() else ", checking the migrations")):
            self.server.run_inside(self.python, "provision.py", {
                "database": "lab_base_new", "demo_database": "lab_demo_new", "check_migrations": not checked.exists(),
                "admin": self.server.settings["admin"], "tokens": self.server.settings["tokens"]})
        checked.parent.mkdir(exist_ok=True)
        checked.touch()
        for name in TEMPLATES.values():
            self.cluster.sql(f"ALTER DATABASE {name}_new WITH IS_TEMPLATE true ALLOW_CONNECTIONS false")
            self.cluster.sql(f"ALTER DATABASE {name}_new RENAME TO {name}")
            self.cluster.sql(f"COMMENT ON DATABASE {name} IS '{key}'")

    def make_snapshot(self, path: Path) -> Path:
        """Migrate a new database, and keep the result."""
        snapshot.make(self.version, path, self.cluster, "lab_migrating", lambda database: snapshot.migrate(
            self.python, self.server.environment(database), self.server.root / "migrate.log", self.version))
        return path

    def _key(self, snapshot_digest: str) -> str:
        """Return what the templates are made from: the snapshot, the scripts that fill them, and this instance's secrets."""
        key = hashlib.sha256(f"{self.version} {snapshot_digest}".encode())
        for name in ("provision.py", "demo_data.py"):
            key.update((INSIDE / name).read_bytes())
        key.update(json.dumps([self.server.settings[name] for name in ("pepper", "admin", "tokens")]).encode())
        return key.hexdigest()

    def _comments(self) -> dict[str, str]:
        rows = self.cluster.sql("SELECT datname || ' ' || coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database")
        return dict(row.partition(" ")[::2] for row in rows.splitlines())

    def _drop(self, name: str) -> None:
        if name in self._comments():
            self.cluster.sql(f'ALTER DATABASE "{name}" WITH IS_TEMPLATE false')
            self.cluster.sql(f'DROP DATABASE "{name}" WITH (FORCE)')
