# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A private PostgreSQL cluster on the loopback interface, from Debian's programs.

PostgreSQL refuses to run as root. For root it runs as Debian's user `postgres`, with its files where that user can reach
them (/root is closed to it).
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import IO, Any

import processes
from packages import postgres_bin
from report import LabError, last_lines

SUPERUSER = "lab"
SERVICE_USER = "postgres"
# A lab can be made again at any time, so it does not wait for disks: no fsync, no full page images. Never do this to data that matters.
# Commits are still handed to the system one by one (synchronous_commit stays on): a killed server loses nothing, only a crashed machine does.
SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
fsync = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 2GB
jit = off
log_timezone = 'UTC'
timezone = 'UTC'
"""


class Cluster:
    """One cluster; `home` holds its data, its log and nothing else."""

    def __init__(self, home: Path, password: str, port: int | None) -> None:
        self.home = home
        self.data = home / "data"
        self.log = home / "postgres.log"
        self.password = password
        self.port = port or 0

    def dsn(self, database: str = "postgres") -> str:
        return f"postgresql://{SUPERUSER}:{self.password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Make the cluster if it is not there, start it if it does not run."""
        self._make()
        if processes.find("postgres", self.data) and self.answers():
            return
        self.stop()
        problem = ""
        for dummy in range(4):
            self.port = processes.free_port(self.port)
            (self.data / "postmaster.pid").unlink(missing_ok=True)  # nobody runs there; its pid may be another's by now
            done = self._run("pg_ctl", "-D", self.data, "-w", "-s", "-t", "60", "-l", self.log, "-o", f"-p {self.port}", "start")
            if done.returncode == 0 and self.answers():
                return
            problem = last_lines(_tail(self.log) or done.stderr, 3)
            self.stop()
            time.sleep(1)
        raise LabError(f"PostgreSQL does not start: {problem} (log: {self.log})")

    def stop(self) -> bool:
        return processes.stop("postgres", self.data, ask=signal.SIGINT, patience=15)

    def answers(self) -> bool:
        return bool(self.port) and self.psql_command("SELECT 1", check=False).returncode == 0

    def sql(self, statement: str, database: str = "postgres") -> str:
        return str(self.psql_command(statement, database).stdout).strip()

    def psql_command(self, statement: str, database: str = "postgres", check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run([*self._psql(database), "-c", statement], capture_output=True, text=True, check=False, env=self.environment())
        if check and done.returncode:
            raise LabError(f"PostgreSQL refused: {last_lines(done.stderr, 2)}")
        return done

    def feed(self, database: str) -> subprocess.Popen[bytes]:
        """Return a psql that executes what it reads, all of it or nothing."""
        return subprocess.Popen([*self._psql(database), "-1"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                env=self.environment())

    def dump(self, database: str, to: IO[bytes]) -> None:
        command = [str(self._bin() / "pg_dump"), "--no-owner", "--no-privileges", "--no-password", "-d", self._address(database)]
        done = subprocess.run(command, stdout=to, stderr=subprocess.PIPE, check=False, env=self.environment())
        if done.returncode:
            raise LabError(f"pg_dump failed: {last_lines(done.stderr.decode(errors='replace'), 2)}")

    def environment(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        return {**clean, "PGPASSWORD": self.password, "PGOPTIONS": "-c client_min_messages=warning"}

    def _address(self, database: str) -> str:
        return f"host=127.0.0.1 port={self.port} user={SUPERUSER} dbname={database} connect_timeout=10"

    def _psql(self, database: str) -> list[str]:
        return [str(self._bin() / "psql"), "-X", "-q", "-A", "-t", "-w", "-v", "ON_ERROR_STOP=1", "-d", self._address(database)]

    def _bin(self) -> Path:
        version = self.data / "PG_VERSION"
        return postgres_bin(int(version.read_text(encoding="utf-8")) if version.exists() else None)

    def _make(self) -> None:
        if (self.data / "PG_VERSION").exists():
            return
        programs = postgres_bin()
        new, password_file = self.home / "data.new", self.home / "password"
        shutil.rmtree(new, ignore_errors=True)
        password_file.write_text(self.password, encoding="utf-8")
        password_file.chmod(0o600)
        _give(password_file)
        try:
            done = self._run(programs / "initdb", "-D", new, "-E", "UTF8", "--locale=C.UTF-8", "-U", SUPERUSER, "-A", "scram-sha-256",
                             f"--pwfile={password_file}", "--no-sync")
        finally:
            password_file.unlink()
        if done.returncode:
            raise LabError(f"initdb failed: {last_lines(done.stderr, 2)}")
        with open(new / "postgresql.conf", "a", encoding="utf-8") as stream:
            stream.write(SETTINGS)
        new.rename(self.data)

    def _run(self, program: str | Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        path = program if isinstance(program, Path) else self._bin() / program
        output = self.home / "command.log"  # a file, not a pipe: the server that pg_ctl leaves behind would keep a pipe open
        with open(output, "w+", encoding="utf-8") as stream:
            done = subprocess.run([str(path), *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, text=True, check=False,
                                  cwd=self.home, env={**self.environment(), "LC_ALL": "C.UTF-8"}, **_as_service_user())
            stream.seek(0)
            done.stderr = stream.read()
        return done


def make_home(instance: Path, name: str) -> Path:
    """Return a directory for a cluster of this instance that the user PostgreSQL runs as can reach."""
    if os.geteuid() != 0:
        home = instance / "postgres"
        home.mkdir(mode=0o700, exist_ok=True)
        return home
    postgres_bin()  # brings the user with it
    home = Path(tempfile.mkdtemp(prefix=f"nodeflow-lab-{name}-", dir="/var/tmp"))
    _give(home)
    return home


def new_password() -> str:
    return secrets.token_hex(16)


def _as_service_user() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    return {"user": _service_user().pw_uid, "group": _service_user().pw_gid, "extra_groups": []}


def _give(path: Path) -> None:
    if os.geteuid() == 0:
        os.chown(path, _service_user().pw_uid, _service_user().pw_gid)


def _service_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(SERVICE_USER)
    except KeyError:
        raise LabError(f"PostgreSQL does not run as root, and there is no user '{SERVICE_USER}': apt-get install postgresql") from None


def _tail(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")[-4000:] if path.exists() else ""
