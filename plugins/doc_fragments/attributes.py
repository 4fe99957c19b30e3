# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the attributes of a module mean."""

from __future__ import annotations


class ModuleDocFragment:
    """Attributes that every module states."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode), says what would change, and changes nothing.
  diff_mode:
    description: Says what has changed, or in check mode would change, with C(--diff).
  idempotent:
    description: A second run with the same options changes nothing.
"""
