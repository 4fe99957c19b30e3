# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How numbers read in a sentence."""

from __future__ import annotations

__all__ = ["counted"]


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return so many of something, in words: "1 device", "2 devices". ``many`` is the plural, where that is not ``one`` with an "s"."""
    return f"{number} {one if number == 1 else many or one + 's'}"
