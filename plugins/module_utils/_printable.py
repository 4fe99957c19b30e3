# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts that a terminal may be given, whatever NetBox has in its names."""

from __future__ import annotations

import unicodedata

__all__ = ["printable", "printable_config", "width"]

_ACTED_UPON = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Unicode's categories of what a terminal acts upon, or cannot show: control, format, surrogate, line and paragraph separator."""


def printable(text: str, kept: str = "\n") -> str:
    """Return a sentence or a name, with a "?" for each character that is not printable, but for those ``kept``."""
    return "".join(char if char in kept or char.isprintable() else "?" for char in text)


def width(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return sum(0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def printable_config(text: str) -> str:
    """Return a config, which is shown as it is, whatever its spaces are, with a "?" for each character that a terminal would act upon."""
    return "".join(char if char in "\n\t" or unicodedata.category(char) not in _ACTED_UPON else "?" for char in text)
