# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs from Debian's packages: found, or installed where we may, or asked for in a sentence."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from report import LabError, last_lines, step

OLDEST_POSTGRES = 14


def postgres_bin(major: int | None = None) -> Path:
    """Return the directory of PostgreSQL's programs: of the newest version, or of one."""
    found = _postgres_bin(major)
    if found is None and major is None:
        install("postgresql")
        found = _postgres_bin(major)
    if found is None and major:
        way = f"apt-get install postgresql-{major}, or begin anew after `down --purge`"
        raise LabError(f"PostgreSQL {major}, which wrote this lab's data, is not installed: {way}")
    if found is None:
        raise LabError(f"PostgreSQL {OLDEST_POSTGRES} or newer is not installed: apt-get install postgresql")
    return found


def _postgres_bin(major: int | None) -> Path | None:
    versions = []
    for directory in Path("/usr/lib/postgresql").glob("*/bin"):
        number = re.fullmatch(r"\d+", directory.parent.name)
        if number and all((directory / name).exists() for name in ("initdb", "pg_ctl", "postgres", "psql", "pg_dump")):
            versions.append((int(number[0]), directory))
    fitting = [item for item in versions if item[0] == major or (major is None and item[0] >= OLDEST_POSTGRES)]
    return max(fitting)[1] if fitting else None


def redis_server() -> Path:
    for attempt in range(2):
        found = shutil.which("redis-server") or shutil.which("valkey-server")
        if found:
            return Path(found)
        if not attempt:
            install("redis-server")
    raise LabError("Redis is not installed: apt-get install redis-server")


def pgbouncer() -> Path:
    """PgBouncer, which the tests put before PostgreSQL."""
    for attempt in range(2):
        found = shutil.which("pgbouncer", path=os.environ.get("PATH", os.defpath) + ":/usr/sbin")
        if found:
            return Path(found)
        if not attempt:
            install("pgbouncer")
    raise LabError("PgBouncer is not installed: apt-get install pgbouncer")


def install(*names: str) -> None:
    """Install Debian packages, or raise the sentence that says what to type."""
    ask = f"{' and '.join(names)} missing; as root: apt-get install {' '.join(names)}"
    if not shutil.which("apt-get"):
        raise LabError(f"{' and '.join(names)} missing, and this machine has no apt-get: install by your system's own means.")
    become = _become()
    if become is None:
        raise LabError(ask)
    with step(f"installing Debian's {' '.join(names)}"), tempfile.TemporaryDirectory() as directory:
        _apt(become, directory, ["update", "-q"], ask)
        _apt(become, directory, ["install", "-q", "-y", "--no-install-recommends", *names], ask)


def _become() -> list[str] | None:
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0:
        return ["sudo", "-n"]
    return None


def _apt(become: list[str], directory: str, arguments: list[str], ask: str) -> None:
    # The machine's own PostgreSQL cluster and Redis are none of the lab's business: RUNLEVEL=1 has Debian's
    # invoke-rc.d leave a newly installed service alone.
    command = [*become, "env", "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1", "apt-get", *arguments]
    done = subprocess.run(command, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise LabError(f"apt-get {arguments[0]} failed ({last_lines(done.stdout, 2)}). {ask}")
