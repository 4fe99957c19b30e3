# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One lab: its settings and secrets, and the order in which its parts come up and go down."""

from __future__ import annotations

import contextlib
import json
import re
import secrets
import shutil
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import snapshot
from cache_server import Redis
from databases import Databases
from netbox_install import PINNED, ensure_installed
from netbox_server import DATABASE, WORKERS, Server
from places import locked, private_dir, read_json, state_dir, write_private
from postgres import SUPERUSER, Cluster, make_home, new_password
from report import LabError, say, step
from rqworker import Rqworker

LETTERS = string.ascii_letters + string.digits


class Instance:
    """The lab of one name; all that it knows is in `lab.json` of its state directory."""

    def __init__(self, name: str, purged: bool = False) -> None:
        self.name = name
        self.home = state_dir(name)
        self.file = self.home / "lab.json"
        self.purged = purged
        self.settings = self._read()

    # The commands.

    def up(self, version: str | None, base_path: str | None, content: str | None, workers: int | None = None, rqworker: bool | None = None) -> None:
        with self._locked():
            self._settle(version, base_path, workers, rqworker)
            if self._is_up() and not content:
                say(f"lab '{self.name}' is up already")
                return
            databases = self._start_services()
            present = databases.made_from()
            if content and present == "demo":
                say(f"lab '{self.name}' has demo data: `reset --empty` removes them")
            if present and self._is_up():
                say(f"lab '{self.name}' is up already")
                return
            self._serve(databases, None if present else content or "demo")

    def reset(self, version: str | None, base_path: str | None, content: str) -> None:
        with self._locked():
            if version and self.settings and version != self.settings["version"]:
                self._forget_version(version)
            self._settle(version, base_path)
            databases = self._start_services()
            self._serve(databases, content)

    def down(self) -> bool:
        if not self.home.exists():
            return False
        with self._locked():
            stopped = [part.stop() for part in (Rqworker(self._server()), self._server(), self._redis(), self._cluster())]
            if self.purged:
                for home in self._postgres_homes():
                    shutil.rmtree(home, ignore_errors=True)
                shutil.rmtree(self.home)
        return any(stopped) or self.purged

    def status(self) -> Iterator[str]:
        if not self.settings:
            yield f"lab '{self.name}': does not exist"
            return
        server, cluster, redis = self._server(), self._cluster(), self._redis()
        answers = server.version() if server.running() else None
        parts = {f"NetBox {self.settings['version']}": (bool(answers), server.url), "PostgreSQL": (cluster.answers(), f"127.0.0.1:{cluster.port}"),
                 "Redis": (redis.command("PING") == "+PONG", f"127.0.0.1:{redis.port}")}
        yield f"lab '{self.name}': {'up' if all(up for up, dummy in parts.values()) else 'down' if not any(up for up, dummy in parts.values()) else 'half up'}"
        for part, (up, where) in parts.items():
            yield f"  {part}: {f'answers at {where}' if up else 'does not answer'}"
        yield f"  state: {self.home}"

    def facts(self) -> dict[str, Any]:
        """Return all that a user or a test needs to know of a lab that is up."""
        if not self.settings or not self._is_up():
            raise LabError(f"Lab '{self.name}' is not up: python3 lab/lab.py up --name {self.name}")
        server, tokens = self._server(), self.settings["tokens"]
        return {
            "name": self.name, "url": server.url, "version": self.settings["version"],
            "token": tokens["admin"], "v1_token": tokens["admin_v1"], "read_only_token": tokens["read_only"], "no_permission_token": tokens["none"],
            "tokens": tokens, "username": self.settings["admin"]["username"], "password": self.settings["admin"]["password"],
            "postgres_dsn": self._cluster().dsn(), "netbox_dsn": self._cluster().dsn(DATABASE),
            "access_log": str(server.access_log), "log": str(server.log),
        }

    def add_devices(self, orders: dict[str, Any]) -> dict[str, Any]:
        self.facts()  # it must be up
        with step(f"adding {orders['count']} devices"):
            return self._server().run_inside(ensure_installed(self.settings["version"]), "add_devices.py", orders)

    def snapshot(self, version: str | None) -> Path:
        with self._locked():
            self._settle(version, None)
            databases = self._start_services()
            return databases.make_snapshot(snapshot.shipped(self.settings["version"]))

    # Their steps.

    def _settle(self, version: str | None, base_path: str | None, workers: int | None = None, rqworker: bool | None = None) -> None:
        """Settle what this lab is, before anything is started."""
        if not self.settings:
            self.settings.update(_new_settings(version or PINNED))
        if version and version != self.settings["version"]:
            raise LabError(f"Lab '{self.name}' has NetBox {self.settings['version']}: `reset --netbox-version {version}` replaces it, "
                           f"or `--name` makes another lab.")
        if base_path is not None and base_path != self.settings["base_path"]:
            self.settings["base_path"] = base_path
            self._server().stop()
        if workers is not None and workers != self.settings.get("workers", WORKERS):
            self.settings["workers"] = workers
            self._server().stop()
        if rqworker is not None:
            self.settings["rqworker"] = rqworker
        self._save()

    def _forget_version(self, version: str) -> None:
        self._server().stop()
        self.settings["version"] = version
        self._save()

    def _start_services(self) -> Databases:
        python = ensure_installed(self.settings["version"])
        if not Path(self.settings.get("postgres_home") or "/nowhere").is_dir():
            self.settings["postgres_home"] = str(make_home(self.home, self.name))
            self._save()
        with step("starting PostgreSQL and Redis"):
            cluster, redis = self._cluster(), self._redis()
            cluster.start()
            redis.start()
        self.settings.update(postgres_port=cluster.port, redis_port=redis.port)
        self._save()
        server = self._server()
        if server.configure():
            server.stop()  # it runs with another configuration
        return Databases(cluster, server, python, self.settings["version"])

    def _serve(self, databases: Databases, content: str | None) -> None:
        """Have NetBox running, on a pristine database if `content` says so; it loads while the database is made."""
        server = databases.server
        running = server.running() and server.version() == self.settings["version"]
        with step("resetting NetBox" if running else "starting NetBox"):
            if not running:
                server.launch(databases.python)
                self._save()
            if content:
                databases.reset(content)
                self._redis().flush()
            server.wait(databases.python)
        self._save()
        worker = Rqworker(server)
        if not self.settings.get("rqworker"):
            worker.stop()
        elif content or not worker.running():  # Redis was emptied, and with it NetBox's knowledge of the worker
            with step("starting rqworker"):
                worker.start(databases.python)

    def _is_up(self) -> bool:
        server = self._server()
        as_set = Rqworker(server).running() == bool(self.settings.get("rqworker"))
        return as_set and bool(self.settings.get("http_port")) and server.running() and server.version() == self.settings["version"]

    def _server(self) -> Server:
        return Server(self.home, self.settings)

    def _cluster(self) -> Cluster:
        return Cluster(Path(self.settings.get("postgres_home") or self.home / "postgres"), self.settings.get("postgres_password", ""),
                       self.settings.get("postgres_port"))

    def _redis(self) -> Redis:
        return Redis(self.home, self.settings.get("redis_password", ""), self.settings.get("redis_port"))

    def _postgres_homes(self) -> list[Path]:
        return [Path(self.settings["postgres_home"])] if self.settings.get("postgres_home") else []

    def _read(self) -> dict[str, Any]:
        """Return the settings; of a file that is damaged, and to be purged, what is needed for that."""
        try:
            return read_json(self.file)
        except LabError:
            if not self.purged:
                raise
        home = re.search(r'"postgres_home": "([^"]+)"', self.file.read_text(encoding="utf-8", errors="replace"))
        return {"postgres_home": home[1]} if home else {}

    def _save(self) -> None:
        write_private(self.file, json.dumps(self.settings, indent=2) + "\n")

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        private_dir(self.home.parent)
        private_dir(self.home)
        with locked(self.home.parent / f"{self.name}.lock", f"lab '{self.name}'"):
            self.settings.clear()
            self.settings.update(self._read())
            yield


def _new_settings(version: str) -> dict[str, Any]:
    v2 = {name: f"nbt_{_random(12)}.{_random(40)}" for name in ("admin", "operator", "read_only", "write_disabled", "none")}
    return {
        "version": version, "base_path": "", "secret_key": _random(60), "pepper": _random(60),
        "postgres_user": SUPERUSER, "postgres_password": new_password(), "redis_password": new_password(),
        "admin": {"username": "admin", "password": _random(16)},
        "tokens": {**v2, "admin_v1": secrets.token_hex(20)},
    }


def _random(length: int) -> str:
    return "".join(secrets.choice(LETTERS) for dummy in range(length))
