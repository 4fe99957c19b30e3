# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""NetBox's worker for background jobs, where a lab is to have one. While it runs, NetBox leaves writing its search index to it."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import processes
from netbox_server import PATIENCE, Server
from report import LabError, last_lines


class Rqworker:
    """The worker of one instance; the file with its pid is how its process is known."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.pid_file = server.root / "rqworker.pid"
        self.log = server.root / "rqworker.log"

    def running(self) -> bool:
        return bool(processes.find("netbox", self.pid_file))

    def start(self, python: Path) -> None:
        """Start it anew, and wait until NetBox can see it."""
        self.stop()
        self.pid_file.unlink(missing_ok=True)
        with open(self.log, "wb") as log:
            process = subprocess.Popen([str(python), "-m", "netbox", "rqworker", "--pid", str(self.pid_file)], stdin=subprocess.DEVNULL,
                                       stdout=log, stderr=log, env=self.server.environment(), cwd="/", start_new_session=True)
        deadline = time.monotonic() + PATIENCE
        while process.poll() is None and time.monotonic() < deadline:
            if "Listening on" in self.log.read_text(encoding="utf-8", errors="replace"):
                return
            time.sleep(0.1)
        raise LabError(f"rqworker does not come up: {last_lines(self.log.read_text(encoding='utf-8', errors='replace'), 3)} (log: {self.log})")

    def stop(self) -> bool:
        return processes.stop("netbox", self.pid_file)
