# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Long lists, and texts, in parts."""

from __future__ import annotations

import typing as t

__all__ = ["IN_A_STATEMENT", "chunks", "text_parts"]

IN_A_STATEMENT = 500
"""What one SQL statement names at the most: SQLite's oldest builds allow 999 parameters."""


def chunks(items: t.Sequence[t.Any], size: int = IN_A_STATEMENT) -> t.Iterator[t.Sequence[t.Any]]:
    """``items`` in parts of at most ``size``."""
    return (items[start : start + size] for start in range(0, len(items), size))


def text_parts(text: str, size: int) -> t.Iterator[str]:
    """Yield a text in parts of at most ``size`` characters, parted at the ends of lines, which are in none; within a line that is longer."""
    while len(text) > size:
        end = text.rfind("\n", 1, size + 1)
        part, text = (text[:end], text[end + 1 :]) if end > 0 else (text[:size], text[size:])
        yield part
    yield text
