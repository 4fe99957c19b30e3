# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Long lists in parts that one SQL statement can name."""

from __future__ import annotations

import typing as t

__all__ = ["chunks"]

CHUNK = 500
"""SQLite's oldest builds allow 999 parameters in a statement."""


def chunks(items: t.Sequence[t.Any]) -> t.Iterator[t.Sequence[t.Any]]:
    """``items`` in parts of at most CHUNK."""
    return (items[start : start + CHUNK] for start in range(0, len(items), CHUNK))
