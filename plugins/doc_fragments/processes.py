# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The choice of processes to continue or to abort."""

from __future__ import annotations


class ModuleDocFragment:
    """The options of the group PROCESSES in module_utils/_argspec.py."""

    DOCUMENTATION = r"""
options:
  process_ids:
    description: The processes of these ids. What follows an id after a space, as in a survey's choices, is ignored.
    type: list
    elements: str
  process_status:
    description:
      - All processes with one of these statuses. V(interrupted) is one whose run is gone, so that its lease has run out.
      - Together with O(process_ids), those as well.
    type: list
    elements: str
    choices: [failed, interrupted, suspended]
  run_id:
    description:
      - The processes that are not over and that this run works on, or was the last that did, so also those that it left V(failed) or V(suspended).
        With O(process_status), those of them with that status. Not together with O(process_ids).
      - Those that it holds still are taken only with O(take_over).
    type: str
  take_over:
    description:
      - Take processes over from the run that works on them, without waiting until its lease has run out. Say so only of a run that is known
        to be gone. If it lives after all, its next step is refused.
      - With V(interrupted) in O(process_status), of all processes that are running.
    type: bool
    default: false
"""
