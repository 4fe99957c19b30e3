# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A point in a run at which it waits for the test, so that a fault comes when it is meant to."""

from __future__ import annotations

import pathlib
import subprocess
import time
import uuid

PATIENCE = 120
"""Seconds."""


class Gate:
    """Closed before the task ``task``. A run that is started with ``environment`` waits there."""

    def __init__(self, directory: pathlib.Path, task: str) -> None:
        self._path = str(directory / f"gate-{uuid.uuid4().hex[:8]}")
        self.environment = {"NODEFLOW_TEST_GATE": self._path, "NODEFLOW_TEST_GATE_TASK": task}

    def wait_for(self, run: subprocess.Popen[str]) -> None:
        """Return when the run waits here. Raises AssertionError if it ends before that, or does not come."""
        deadline = time.monotonic() + PATIENCE
        while not pathlib.Path(self._path + ".arrived").exists():
            assert run.poll() is None, run.communicate()[0]
            assert time.monotonic() < deadline, "the run does not come to the gate"
            time.sleep(0.01)

    def open(self) -> None:
        """Let the run go on."""
        pathlib.Path(self._path + ".open").touch()
