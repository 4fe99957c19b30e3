# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The chain of hashes through the step log of a process, by which an edit, and a line that is missing, was put in or is in another place, are found. Pure.

A line has the hash of the line before it, which is part of its own hash; the process has the hash of its last line. The first line has that of who asked
for the process. Lines that an older layout wrote have no hash. They become part of the chain when their process gets its next line, so nothing of them can
change unseen from then on.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import typing as t

__all__ = ["Line", "chained", "end_of", "start_of", "what_is_wrong"]

START = ""
"""The hash before the first line of a process of which nobody knows who asked for it."""


class Line(t.NamedTuple):
    """A line: the values of all its columns but the number and the hash, JSON as the text that the column has; and the hash that it has."""

    step: str
    attempt: t.Any
    values: tuple[t.Any, ...]
    previous_hash: str | None = None


def start_of(requester: str | None) -> str:
    """Return the hash before the first line: of who asked for the process, which decides who may confirm its config."""
    return START if requester is None else hashlib.sha256(json.dumps(requester).encode()).hexdigest()


def chained(lines: t.Sequence[Line], before: str) -> tuple[list[str], str]:
    """Return the hash that each of these new lines gets, and the hash of the last one. ``before`` is the hash of the line before them."""
    hashes = []
    for line in lines:
        hashes.append(before)
        before = _hash(before, line._replace(previous_hash=before))
    return hashes, before


def end_of(lines: t.Sequence[Line]) -> str:
    """Return the hash of the last of these lines, which are all of a process, whether they have hashes or not."""
    found = START
    for line in lines:
        found = _hash(found, line)
    return found


def what_is_wrong(lines: t.Sequence[Line], log_hash: str | None, requester: str | None = None) -> str | None:
    """Say where the step log of a process is not as it was written; None where it is.

    Args:
        lines: All lines of the process, in their order.
        log_hash: What the process has as the hash of its last line; None of one that no release with hashes has written to.
        requester: Who asked for the process, as it says; None of one of an older layout.
    """
    found, last, written = start_of(requester), None, False
    for line in lines:
        if line.previous_hash is None and written:
            return f"{_name(line)} was changed, or was put in: it has no hash, and the line before it has one"
        if line.previous_hash not in (None, found):
            if last is None:
                return f"lines before {_name(line)} which is the first one now, are missing, or it was changed, or the requester of the process was"
            return f"{_name(last)} was changed, or a line after it is missing, was put in, or is in another place"
        written = written or line.previous_hash is not None
        found, last = _hash(found, line), line
    if log_hash == found or (log_hash is None and requester is None and not written):
        return None
    if last is None:
        return "all its lines are missing, or its requester was changed"
    return f"{_name(last)} which is the last one now, was changed, or lines after it are missing, or one was put in"


def _name(line: Line) -> str:
    return f"the line of {line.step}, attempt {line.attempt},"


def _hash(before: str, line: Line) -> str:
    """SHA-256 of the hash before a line and of all that the line has, as JSON, so that nothing can move from one column to the next unseen."""
    return hashlib.sha256(_as_json((before, line.previous_hash, *line.values)).encode()).hexdigest()


def _text(value: t.Any) -> str:
    """Return a value that JSON does not have as a text that is the same whatever the database: a moment in UTC."""
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.timezone.utc).isoformat(timespec="microseconds")
    return str(value)


_as_json = json.JSONEncoder(default=_text).encode  # json.dumps would make an encoder for each line, and there are very many
