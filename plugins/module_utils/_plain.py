# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values of the types that JSON has and of no others.

What a user gives comes with types of Ansible's, a str that knows in which file it stood; pydantic before 2.10 takes it for none of a field's choices. And
what a task returns may hold no such types of ours: Ansible warns of a str that is more than one, and drops it.
"""

from __future__ import annotations

import typing as t

__all__ = ["plain"]

_PLAIN = frozenset((str, int, float, bool, type(None)))


def plain(value: t.Any) -> t.Any:
    """Return the value of plain types, and all in it; of what JSON has no type for, the text."""
    if type(value) in _PLAIN:
        return value
    # Most of what is in a row is plain already, and need not be asked.
    if isinstance(value, (dict, t.Mapping)):
        return {str(key): inner if type(inner) in _PLAIN else plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [inner if type(inner) in _PLAIN else plain(inner) for inner in value]
    for kind in (int, float):
        if isinstance(value, kind):
            return kind(value)
    return str(value)
