# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hand long rows to the next task by a file, so that a task's result stays short.

Each result becomes an event of the job, which AWX keeps and ansible-runner drops where it is very long. So of a list that is long, the result has short
rows, and the whole ones are in a file of Ansible's own temporary directory, which all workers of one ansible-playbook share and which goes with it. A
short row names its whole one, so it may be filtered, sorted, repeated, changed and mixed with others before it comes back.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import re
import secrets
import typing as t

from ansible import constants as C

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.subject import Subject
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.rows import COMPLETED, RUNNING, UNCHANGED

__all__ = ["MOST", "gone", "hand_over", "shown_arguments", "whole_rows", "with_whole_rows"]

MOST = 90_000
"""Characters of JSON above which a list of rows is handed over by a file."""

_KEY = "whole_row"
_REFERENCE = re.compile(r"([0-9a-f]{8})\.([0-9]{1,9})\.([0-9a-f]{0,8})", re.ASCII)
"""The file, the place in it, and how the id of the row's run begins, by which its process can be released even if the file is gone."""


def gone(missing: int, rows: str) -> str:
    """Return why so many rows of a task cannot be had; ``rows`` is what they are, as "nodes"."""
    return (
        f"Of the {rows} that this task was given, {missing} came short, and the file with the whole ones is gone: what a task returns is good within the "
        "same run of ansible-playbook only. Begin with the first task again; what is stored already is continued by resume"
    )


Rows = list[t.Any]


def hand_over(rows: t.Any, subject: Subject | None, printed: bool) -> t.Any:
    """Return a list of rows for a task's result: as it is, or short where it is long.

    Args:
        rows: The list; anything else comes back as it is.
        subject: What the rows are about; None where they are rows of another kind.
        printed: Ansible prints the result too, so that it is twice in its event.
    """
    most = MOST * 2 // 5 if printed else MOST  # with the message, which is printed as well
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return rows
    with contextlib.suppress(OSError, TypeError, ValueError):  # then the result is long, which nothing but its size speaks against
        text = json.dumps(rows)
        return _short_rows(rows, _write(text), subject, most, printed) if len(text) > most else rows
    return rows


def _short_rows(rows: Rows, file: str, subject: Subject | None, most: int, printed: bool) -> Rows:
    """Return the short rows, with as much of what a reader wants as fits."""
    short: Rows = []
    for more in _more(rows, subject, printed):
        short = [_short(row, _reference(file, place, row), more) for place, row in enumerate(rows)]
        if len(json.dumps(short)) <= most:
            break
    return short


def _more(rows: Rows, subject: Subject | None, printed: bool) -> t.Iterator[t.Collection[str]]:
    """Yield what a row has beside its numbers and how it stands, the most first. Before there are processes, a row has its label, however many there are."""
    if subject:
        yield "id", subject.label, "reason"
        yield "id", subject.label
        if not any(row.get("process_id") for row in rows):
            return
    yield ("id",)
    if printed:
        yield ()


def _short(row: dict[str, t.Any], reference: str, more: t.Collection[str]) -> dict[str, t.Any]:
    status = row.get("status", RUNNING)
    kept = {"status", *more}
    if "id" in more or status == RUNNING:  # a process that goes on may have to be released
        kept.add("subscription_id" if status in (COMPLETED, UNCHANGED) else "process_id")
    return {name: value for name, value in row.items() if name in kept or (_is_small(value) and name not in _NEVER)} | {_KEY: reference}


_NEVER = ("resumed", "version")
"""What is small and says nothing to a reader."""


def _is_small(value: t.Any) -> bool:
    return value is None or isinstance(value, (bool, int))


def _reference(file: str, place: int, row: t.Any) -> str:
    run = str(row.get("run_id", ""))[:8] if isinstance(row, dict) else ""
    reference = f"{file}.{place}.{run}"
    return reference if _REFERENCE.fullmatch(reference) else f"{file}.{place}."


def with_whole_rows(arguments: t.Mapping[str, t.Any], subject: Subject | None) -> tuple[dict[str, t.Any], str | None]:
    """Put the whole rows back into a task's arguments.

    Returns:
        The arguments; and a sentence if some of their rows could not be had, which then have what is needed to release their processes.
    """
    whole: dict[str, t.Any] = {}
    problem = None
    for name, value in arguments.items():
        whole[name], missing = whole_rows(value)
        if missing:
            whole[name] = [_to_release(row, subject) if subject and _is_short(row) else row for row in whole[name]]
            problem = problem or gone(missing, name)
    return whole, problem


def whole_rows(rows: t.Any) -> tuple[t.Any, int]:
    """Return a list with the whole rows for its short ones, and how many could not be had; anything else comes back as it is.

    What was added to a short row, or changed in it, stays.
    """
    if not isinstance(rows, list) or not any(map(_is_short, rows)):
        return rows, 0
    files: dict[str, Rows] = {}
    whole = [_whole(row, files) if _is_short(row) else row for row in rows]
    return whole, sum(map(_is_short, whole))


def _is_short(row: t.Any) -> bool:
    return isinstance(row, dict) and _KEY in row


def _whole(short: dict[str, t.Any], files: dict[str, Rows]) -> dict[str, t.Any]:
    """Return the whole row. One that cannot be had stays short."""
    reference = str(short[_KEY])
    found = _REFERENCE.fullmatch(reference)
    if not found:
        return short
    file, place = found[1], int(found[2])
    if file not in files:
        files[file] = _read(file)
    row = files[file][place] if place < len(files[file]) else None
    if not isinstance(row, dict) or _reference(file, place, row) != reference or short.get("process_id") not in (None, row.get("process_id")):
        return short
    return row | {name: value for name, value in short.items() if name != _KEY}


def _to_release(short: dict[str, t.Any], subject: Subject) -> dict[str, t.Any]:
    """Return a row that cannot be had, with what tells whether this run holds its process."""
    found = _REFERENCE.fullmatch(str(short[_KEY]))
    return {subject.label: f"process {short.get('process_id')}", "run_id": found[3] if found else ""} | short


def _path(file: str) -> pathlib.Path:
    return pathlib.Path(C.DEFAULT_LOCAL_TMP) / f"nodeflow-rows-{file}.json"


def _write(text: str) -> str:
    """Write a new file that nobody else may read, and return its id."""
    file = secrets.token_hex(4)
    handle = os.open(_path(file), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as opened:
            opened.write(text)
    except BaseException:
        os.unlink(_path(file))
        raise
    return file


def _read(file: str) -> Rows:
    try:
        rows = json.loads(_path(file).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return rows if isinstance(rows, list) else []


def shown_arguments(arguments: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return a task's arguments as they are shown: rows and configs are counted, since the result of an earlier task has them."""

    def are_rows(value: t.Any) -> bool:
        return isinstance(value, list) and bool(value) and isinstance(value[0], dict)

    return {name: f"{len(value)} {name}" if are_rows(value) else value for name, value in arguments.items()}
