# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts that a terminal may be given, whatever NetBox has in its names."""

from __future__ import annotations

import unicodedata

__all__ = ["printable"]

_UNSAFE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Unicode's categories of what changes how the rest is shown, or cannot be encoded: control, format, surrogate, line and paragraph separator."""


def printable(text: str, kept: str = "\n\t") -> str:
    """The text with a "?" for each character that a terminal would act upon, but for those ``kept``."""
    return "".join(char if char in kept or unicodedata.category(char) not in _UNSAFE else "?" for char in text)
