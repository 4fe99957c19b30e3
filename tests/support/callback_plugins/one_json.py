# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Print the whole run as one JSON document, as ansible.posix.json does, which ansible-core does not bring along."""

from __future__ import annotations

import json
import typing as t

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: one_json
type: stdout
short_description: The run as one JSON document
description: Prints a list of the tasks' results when the run has ended.
"""


class CallbackModule(CallbackBase):
    """Collects what each task returned, and prints it at the end."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "one_json"

    def __init__(self, display: object = None) -> None:
        super().__init__(display)
        self.lines: list[dict[str, object]] = []

    def _collect(self, status: str, result: t.Any) -> None:
        self.lines.append({"status": status, "task": result.task.get_name(), "result": result.result})

    def v2_runner_on_ok(self, result: t.Any) -> None:
        """A task went well."""
        self._collect("ok", result)

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        """A task failed."""
        self._collect("failed", result)

    def v2_playbook_on_stats(self, stats: object) -> None:
        """The run is over."""
        self._display.display(json.dumps(self.lines, default=str))
