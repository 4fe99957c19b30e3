# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare NetBox's answer to a write with what was asked for."""

from __future__ import annotations

import typing as t

__all__ = ["not_as_written"]

_NOT_ECHOED = ("id", "changelog_message")
"""``id`` says which object it is; the message goes into the change log."""


def not_as_written(wanted: t.Mapping[str, t.Any], answered: t.Mapping[str, t.Any]) -> list[str]:
    """Name the fields of an object that the answer has with another value than was written. Fields that it does not have do not count."""
    return [name for name, value in wanted.items() if name not in _NOT_ECHOED and name in answered and not _is(value, answered[name])]


def _is(wanted: t.Any, answered: t.Any) -> bool:
    """Return whether a value is what was written, as far as NetBox's ways to show it can tell: a choice and a related object are dictionaries."""
    if isinstance(wanted, dict):
        return isinstance(answered, dict) and not not_as_written(wanted, answered)
    if isinstance(answered, dict):
        answered = answered.get("value", answered.get("id"))
    if isinstance(wanted, list):
        return isinstance(answered, list) and len(wanted) == len(answered) and all(any(_is(one, other) for other in answered) for one in wanted)
    if isinstance(wanted, str) and isinstance(answered, str):
        return wanted.strip() == answered.strip()  # NetBox strips what it stores
    if wanted is None or answered is None or wanted == "" or answered == "":
        return (wanted or None) == (answered or None)
    return wanted == answered or type(wanted) is not type(answered)
