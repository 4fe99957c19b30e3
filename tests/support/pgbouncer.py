# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real PgBouncer on the loopback, in front of the lab's PostgreSQL."""

from __future__ import annotations

import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.parse

from packages import pgbouncer

_CONFIG = """
[databases]
* = host={host} port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own_port}
unix_socket_dir =
auth_type = plain
auth_file = {directory}/users
pool_mode = {mode}
default_pool_size = 3
max_client_conn = 200
"""


class PgBouncer:
    """In a pool mode, ``transaction`` or ``statement``: so few connections to the server that clients share them. Use as a context manager."""

    def __init__(self, dsn: str, mode: str = "transaction") -> None:
        self._server, self._mode = urllib.parse.urlsplit(dsn), mode
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]

    def url(self, database: str) -> str:
        """The URL of a database, through PgBouncer."""
        return f"postgresql://{self._server.username}:{self._server.password}@127.0.0.1:{self._port}/{database}"

    def __enter__(self) -> PgBouncer:
        self._directory = pathlib.Path(tempfile.mkdtemp(prefix="pgbouncer-"))
        place = {"host": self._server.hostname, "port": self._server.port, "own_port": self._port, "directory": self._directory, "mode": self._mode}
        config = self._directory / "pgbouncer.ini"
        config.write_text(_CONFIG.format(**place), encoding="utf-8")
        login = f'"{self._server.username}" "{urllib.parse.unquote(self._server.password or "")}"\n'
        (self._directory / "users").write_text(login, encoding="utf-8")
        command = [str(pgbouncer()), str(config)]
        if os.geteuid() == 0:  # it refuses to run as root
            for path in (self._directory, *self._directory.iterdir()):
                shutil.chown(path, "nobody")
            command = [str(shutil.which("setpriv")), "--reuid=nobody", "--clear-groups", *command]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _try in range(100):
            try:
                socket.create_connection(("127.0.0.1", self._port), timeout=1).close()
                return self
            except OSError:
                if self._process.poll() is not None:
                    break
                time.sleep(0.1)
        self.__exit__()
        raise RuntimeError("PgBouncer does not run")

    def __exit__(self, *exc: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._directory)
