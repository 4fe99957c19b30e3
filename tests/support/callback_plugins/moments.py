# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kill the run, or hold it, at a boundary between two of its tasks."""

from __future__ import annotations

import os
import pathlib
import signal
import time
import typing as t

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: moments
type: notification
short_description: Kills or holds a run at a boundary between two tasks, for the tests
description:
  - NODEFLOW_TEST_KILL is the moment at which the process group gets SIGKILL, for example C(start 3) or C(end 3), of the third task, or C(end done), of
    the one with that module.
  - NODEFLOW_TEST_GATE_TASK is the module of a task before which the run makes the file NODEFLOW_TEST_GATE.arrived and waits for
    NODEFLOW_TEST_GATE.open.
"""

PATIENCE = 300
"""Seconds after which a gate that nobody opens lets the run go on, because the test is gone."""


class CallbackModule(CallbackBase):
    """Counts the tasks, and acts at the one that the environment names."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "moments"

    def __init__(self) -> None:
        super().__init__()
        self._tasks = 0
        self._name = ""

    def v2_playbook_on_task_start(self, task: t.Any, is_conditional: bool) -> None:
        """A task is about to start. What ends the play is none: it does nothing that a kill could cut off."""
        if task.action.rpartition(".")[2] == "meta":
            return
        self._tasks += 1
        self._name = task.action.rpartition(".")[2]
        self._at("start")
        if os.environ.get("NODEFLOW_TEST_GATE_TASK") == self._name:
            _hold(os.environ["NODEFLOW_TEST_GATE"])

    def v2_runner_on_ok(self, result: t.Any) -> None:
        """A task went well."""
        self._at("end")

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        """A task failed."""
        self._at("end")

    def v2_runner_on_skipped(self, result: t.Any) -> None:
        """A task was skipped."""
        self._at("end")

    def _at(self, moment: str) -> None:
        if os.environ.get("NODEFLOW_TEST_KILL") in (f"{moment} {self._tasks}", f"{moment} {self._name}"):
            os.killpg(os.getpid(), signal.SIGKILL)  # the tests start each run as the leader of a group


def _hold(gate: str) -> None:
    pathlib.Path(gate + ".arrived").touch()
    deadline = time.monotonic() + PATIENCE
    while not pathlib.Path(gate + ".open").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
