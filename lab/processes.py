# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Processes that the lab started: found by what they run, not by a pid that may be another's by now.

Each server is started with a path of its instance on its command line. A search for that path in /proc finds it even if
the lab tool was killed right after the start, and never finds anything that is not ours.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from pathlib import Path


def find(program: str, path: Path) -> list[int]:
    """Pids that run `program` with `path` as an argument, the oldest (a server's main process) first."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            arguments = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
            started = int((entry / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19])
        except (OSError, ValueError, IndexError):
            continue
        if str(path) in arguments and any(os.path.basename(part) == program for part in arguments[:3]):
            found.append((started, int(entry.name)))
    return [pid for dummy, pid in sorted(found)]


def stop(program: str, path: Path, ask: int = signal.SIGTERM, patience: float = 10) -> bool:
    """Ask the main process to end; end all that remain after `patience` seconds. Tells whether there was anything to stop.

    What somebody starts there meanwhile is left alone.
    """
    pids = find(program, path)
    if not pids:
        return False
    _signal(pids[0], ask)
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if not _left(program, path, pids):
            return True
        time.sleep(0.1)
    for pid in _left(program, path, pids):
        _signal(pid, signal.SIGKILL)
    while _left(program, path, pids):
        time.sleep(0.05)
    return True


def _left(program: str, path: Path, pids: list[int]) -> list[int]:
    return [pid for pid in find(program, path) if pid in pids]


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port(preferred: int | None = None) -> int:
    """Return the preferred port of the loopback interface if nobody has it, else another."""
    if preferred and port_is_free(preferred):
        return preferred
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
