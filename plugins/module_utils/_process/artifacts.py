# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run leaves for the next job: ``ansible_stats`` of a task's result, which AWX calls artifacts and gives the next job of a workflow as extra variables.

Each task says it anew, so that the last one counts. Ansible takes it only of tasks that are ok; of one that failed, the playbooks' last task sets it.
"""

from __future__ import annotations

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.rows import FAILED, SUSPENDED
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.step_log import last_runs
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = ["stats", "with_artifacts"]

MOST_IDS = 100
"""Processes that are named by their ids at the most; of more, the run's id says which they are."""

_NAMED = 3
_WIDTH = 200

Json = dict[str, t.Any]


def stats(values: Json) -> Json:
    """Return the values as Ansible takes them from a result, each instead of what an earlier task of the run said."""
    return {"ansible_stats": {"data": values, "per_host": False, "aggregate": False}}


def with_artifacts(task: Task, result: Json) -> Json:
    """Return the result of a task, with what its rows mean for a next job. One that has no rows to speak of, as a query, is as it was.

    A result with ``config_hash``, of the step that has configs confirmed, gives it to its suspended rows, so that later tasks know it.
    """
    subject = task.rows_about
    if subject is None or (subject.many not in result and not result.get("failed")):
        return result
    rows = _dictionaries(result.get(subject.many)) or _rows_given(task.params.get(subject.many))
    waiting = [row for row in rows if row.get("status") == SUSPENDED]
    if result.get("config_hash"):
        for row in waiting:
            row["config_hash"] = result["config_hash"]
    ids = [str(row["process_id"]) for row in waiting if row.get("process_id")]
    hashes = {str(row["config_hash"]) for row in waiting if row.get("config_hash")}
    if task.check_mode:  # ids are made up, and nothing waits
        ids, hashes = [], set()
    run_id = _run_that_left(task, waiting, ids) if len(ids) > MOST_IDS else None
    counts: dict[str, int] = {}
    for row in rows:
        counts[str(row.get("status"))] = counts.get(str(row.get("status")), 0) + 1
    config_hash = hashes.pop() if len(hashes) == 1 else None
    values = {
        "nodeflow_process_ids": None if run_id else ids,
        "nodeflow_run_id": run_id,
        "nodeflow_counts": dict(sorted(counts.items())),
        "nodeflow_config_hash": config_hash,
        "nodeflow_summary": _summary(task, rows, counts, config_hash, str(result.get("msg") or "") if result.get("failed") else ""),
    }
    return result | stats(values)


def _dictionaries(rows: t.Any) -> list[Json]:
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _rows_given(rows: t.Any) -> list[Json]:
    """Return the rows that a task was given which ended before its step; none where its option is a person's choice."""
    return [row for row in _dictionaries(rows) if row.get("status")]


def _run_that_left(task: Task, waiting: t.Sequence[Json], ids: t.Sequence[str]) -> str | None:
    """Return the id of the run by which the store finds all that wait; None where there is no such run, or none can be told.

    It is this one for what it began. What was suspended before may have been left as it was, by an earlier run.
    """
    runs = {str(row.get("run_id")) for row in waiting}
    if any(row.get("resumed") for row in waiting):
        try:
            store = task.any_store()
            if store is None:
                return None
            with store.read() as connection:
                runs = last_runs(connection, ids)
        except NodeflowError:
            return None
    return runs.pop() if len(runs) == 1 else None


def _summary(task: Task, rows: t.Sequence[Json], counts: t.Mapping[str, int], config_hash: str | None, message: str) -> str:
    """Three lines at the most: how many stand how, what waits, and what failed first."""
    stand = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    lines = [("check mode, nothing was changed: " if task.check_mode else "") + task.subject.counted(len(rows)) + (f": {stand}" if stand else "")]
    waiting = [str(row.get(task.subject.label)) for row in rows if row.get("status") == SUSPENDED]
    if waiting:
        names = ", ".join(waiting[:_NAMED]) + (f" and {len(waiting) - _NAMED} more" if len(waiting) > _NAMED else "")
        which = f", config hash {config_hash[:12]}" if config_hash else ""
        lines.append(_short(f"suspended: {names}", _WIDTH - len(which)) + which)
    failed = [str(row.get("message")) for row in rows if row.get("status") == FAILED] or ([message] if message else [])
    if failed:
        more = f"; and {len(failed) - _NAMED} more" if len(failed) > _NAMED else ""
        lines.append("failed: " + "; ".join(_short(one, _WIDTH) for one in failed[:_NAMED]) + more)
    return "\n".join(lines)


def _short(text: str, width: int) -> str:
    """Return the text in one line, cut where it is longer."""
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 3] + "..."
