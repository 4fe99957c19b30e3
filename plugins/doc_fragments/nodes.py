# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The nodes that go from step to step."""

from __future__ import annotations


class ModuleDocFragment:
    """The option of the group NODES in module_utils/_argspec.py."""

    DOCUMENTATION = r"""
options:
  nodes:
    description:
      - The nodes as the step before returned them. Those with the status V(running) take this step; the others are passed on.
      - One bad node stops one node. The task fails only where no node is left to go on with.
    type: list
    elements: dict
    required: true
"""
