# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What something is called where only a host name will do: in a config, and in the inventory."""

from __future__ import annotations

import unicodedata

__all__ = ["hostname"]


def hostname(name: str) -> str:
    """Return the name with a dash instead of each run of characters that a host name cannot have."""
    return "-".join("".join(char if _fits(char) else " " for char in name).split()).strip("-.")


def _fits(char: str) -> bool:
    return char in "-_." or unicodedata.category(char)[0] in "LMN"
