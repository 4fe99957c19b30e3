# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Put what a question was answered with into a file: as JSON, or as CSV that a spreadsheet can be trusted with."""

from __future__ import annotations

import csv
import io
import json
import re
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._files import Destination, told
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._web_files import WebFile

__all__ = ["as_csv", "as_json", "export"]

Records = t.Sequence[t.Mapping[str, t.Any]]

_FORMULA = re.compile(r"""(^|[;,|\t\r\n"])(?=\s*['=+\-@\uff1d\uff0b\uff0d\uff20])""")
"""Where a spreadsheet may begin to read a formula: at the start of a text, or behind what it may take for the end of a cell."""


def export(task: Task, target: Destination | WebFile, records: Records, columns: t.Sequence[str]) -> dict[str, t.Any]:
    """Have the records in the file, and what that adds to the task's result."""
    before = target.read()
    content = as_csv(records, columns) if task.params["format"] == "csv" else as_json(records)
    changed = target.write(content, task.check_mode, "text/csv; charset=utf-8" if task.params["format"] == "csv" else "application/json")
    change = {"before_header": target.name, "after_header": target.name, "before": _size(before), "after": _size(content)}
    return told(task, target) | {"changed": changed, "diff": [change] if changed else []}


def as_json(records: Records) -> bytes:
    """Return the records as a JSON list in UTF-8."""
    return (json.dumps(list(records), indent=2, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")


def as_csv(records: Records, columns: t.Sequence[str]) -> bytes:
    """Return the records as CSV (RFC 4180) in UTF-8 with a header, a record a line: ``columns``, and behind them whatever else there is.

    A dictionary in a record is a column a key, ``circuit.speed``; one in ``state`` and a list are JSON in their cell. A record with ``steps``
    is a line for each of them, ``steps.step``.
    """
    names = dict.fromkeys(columns)
    for record in records:  # the lines are made twice, since all of them may not fit into memory
        for line in _lines(record):
            names.update(dict.fromkeys(line))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(names))
    writer.writeheader()
    for record in records:
        writer.writerows(_lines(record))
    return text.getvalue().encode("utf-8", "backslashreplace")


def _lines(record: t.Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
    """Return the lines of a record, as cells by column."""
    plain = _cells({name: value for name, value in record.items() if name != "steps"})
    steps = [{name: value for name, value in step.items() if name != "process_id"} for step in record.get("steps") or []]
    return [plain | _cells(step, "steps.") for step in steps] or [plain]


def _cells(record: t.Mapping[str, t.Any], prefix: str = "") -> dict[str, t.Any]:
    cells: dict[str, t.Any] = {}
    for name, value in record.items():
        nested = isinstance(value, dict) and name not in ("state", "changes")
        cells.update(_cells(value, prefix + name + ".") if nested else {prefix + name: _cell(value)})
    return cells


def _cell(value: t.Any) -> t.Any:
    """Return a value as CSV holds it. In a text, an apostrophe stands wherever a spreadsheet could begin to read a formula."""
    if value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        return value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return _FORMULA.sub(r"\1'", text)


def _size(content: bytes | None) -> dict[str, int]:
    """Return what the diff says of a file, which may be long."""
    return {} if content is None else {"bytes": len(content), "lines": content.count(b"\n")}
