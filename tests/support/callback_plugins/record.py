# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write each task result as a line of JSON to the file NODEFLOW_TEST_RESULTS, beside the usual output."""

from __future__ import annotations

import json
import os
import typing as t

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: record
type: notification
short_description: Records task results for the tests
description: Appends each result as JSON to the file that NODEFLOW_TEST_RESULTS names.
"""


class CallbackModule(CallbackBase):
    """Records what each task returned."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "record"

    def _record(self, status: str, result: t.Any) -> None:
        line = {"status": status, "task": result.task.get_name(), "result": result.result}
        with open(os.environ["NODEFLOW_TEST_RESULTS"], "a", encoding="utf-8") as file:
            file.write(json.dumps(line, default=str) + "\n")

    def v2_runner_on_ok(self, result: t.Any) -> None:
        """A task went well."""
        self._record("ok", result)

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        """A task failed."""
        self._record("failed", result)
