# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command lines that continue a process, or end it, as it stands."""

from __future__ import annotations

from ansible_collections.nodeflow.orchestrator.plugins.module_utils.store.processes import OVER, Process
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.workflow.lease import can_be_taken
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.workflow.rows import SUSPENDED, command
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.workflow.step import ABORT

__all__ = ["abort_with", "continue_with", "take_over_with"]


def continue_with(process: Process) -> str | None:
    """The command line that continues the process; None where there is nothing to continue, or while a run works on it.

    What began to be aborted can only be aborted.
    """
    if process.status in OVER or not can_be_taken(process):
        return None
    if process.step == ABORT:
        return abort_with(process)
    return command("resume", [process.process_id]) + (" -e confirm_config=true" if process.status == SUSPENDED else "")


def abort_with(process: Process) -> str | None:
    """The command line that ends the process; None where it is over, or while a run works on it."""
    return command("abort", [process.process_id]) if process.status not in OVER and can_be_taken(process) else None


def take_over_with(playbook: str, run_id: str) -> str:
    """The command line that continues, or aborts, what a run left, and takes over what it holds still."""
    return f"ansible-playbook nodeflow.orchestrator.{playbook} -e run_id={run_id} -e take_over=true"
