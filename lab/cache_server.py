# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A private Redis on the loopback interface: NetBox's cache and queues, kept in memory only."""

from __future__ import annotations

import socket
import subprocess
import time
from pathlib import Path

import processes
from packages import redis_server
from places import write_private
from report import LabError, last_lines

PATIENCE = 30  # seconds for Redis to answer, on a busy machine


class Redis:
    """One server; its configuration file, which names the instance, is how its process is known."""

    def __init__(self, home: Path, password: str, port: int | None) -> None:
        self.config = home / "redis.conf"
        self.log = home / "redis.log"
        self.password = password
        self.port = port or 0

    def start(self) -> None:
        program = redis_server()
        if self._pids(program) and self.command("PING") == "+PONG":
            return
        self.stop()
        for dummy in range(4):
            self.port = processes.free_port(self.port)
            write_private(self.config, self._settings())
            with open(self.log, "ab") as log:
                server = subprocess.Popen([str(program), str(self.config)], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                          cwd="/", start_new_session=True)
            deadline = time.monotonic() + PATIENCE
            while server.poll() is None and time.monotonic() < deadline:
                if self.command("PING") == "+PONG":
                    return
                time.sleep(0.05)
            server.kill()
        raise LabError(f"Redis does not start: {last_lines(self.log.read_text(encoding='utf-8', errors='replace'), 2)} (log: {self.log})")

    def stop(self) -> bool:
        redis, valkey = (processes.stop(name, self.config) for name in ("redis-server", "valkey-server"))
        return redis or valkey

    def flush(self) -> None:
        if self.command("FLUSHALL") != "+OK":
            raise LabError(f"Redis on port {self.port} does not answer (log: {self.log})")

    def command(self, text: str) -> str:
        """Return the first line of the answer to one command; empty when nobody answers."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection, connection.makefile("rw", newline="\r\n") as stream:
                stream.write(f"AUTH {self.password}\n{text}\n")
                stream.flush()
                stream.readline()
                return stream.readline().strip()
        except OSError:
            return ""

    def _pids(self, program: Path) -> list[int]:
        return processes.find(program.name, self.config)

    def _settings(self) -> str:
        lines = ["bind 127.0.0.1", f"port {self.port}", f"requirepass {self.password}", 'save ""', "appendonly no", "daemonize no",
                 "set-proc-title no", "databases 2"]  # its own title would hide the path that it is known by
        return "\n".join(lines) + "\n"
