# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command that continues a process, as messages give it."""

from __future__ import annotations

__all__ = ["how_to_resume"]


def how_to_resume(process_id: str) -> str:
    """The command line, with what it does before it."""
    return "continue it with ansible-playbook nodeflow.orchestrator.resume -e process_ids={0}".format(process_id)
