# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rows that go from task to task: one a node, with how it stands. All that a playbook needs to know of a node is in its row.

Between the form and the store a row carries what was found; after that, the ids of process and subscription, and everything else is read
from the store. In check mode nothing is stored, so the row carries the models instead, under ``predicted``.
"""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = [
    "ABORTED",
    "COMPLETED",
    "FAILED",
    "RUNNING",
    "SUSPENDED",
    "UNCHANGED",
    "Row",
    "check_rows",
    "command",
    "end_of_step",
    "how_to_continue",
    "not_stored",
    "reading_rows",
    "table",
]

Row = dict[str, t.Any]

RUNNING, SUSPENDED, FAILED, COMPLETED, UNCHANGED, ABORTED = "running", "suspended", "failed", "completed", "unchanged", "aborted"

_NEWS = 10
"""Nodes that leave the run at a step, of which a message is shown at once; for those that failed, and for the others."""

_LISTED = {COMPLETED: 10, UNCHANGED: 10}
_LISTED_ELSE = 50
"""Rows that the closing table lists at the most, for each status; the count is always of all."""


def end_of_step(
    task: Task, before: t.Sequence[Row], after: list[Row], changed: bool, diff: list[dict[str, t.Any]], last: bool = False
) -> dict[str, t.Any]:
    """The result of a step. One bad node stops one node: the task fails only where no node is left to go on with.

    At the end of the step list (``last``) it fails if any node failed on the way.
    """
    if last:
        after = [{name: value for name, value in row.items() if name != "predicted"} for row in after]  # no step reads it any more
    result = {"changed": changed, "nodes": after, "diff": diff, "msg": summary(after)}
    known = [row for row in before if row["status"] != RUNNING]
    news = [row for row in after if row["status"] not in (RUNNING, COMPLETED) and row not in known]
    failed = [row for row in after if row["status"] == FAILED]
    left = any(row["status"] == RUNNING for row in after)
    if failed and (last or (not left and any(row["status"] == FAILED for row in news))):
        return result | {"failed": True, "msg": failed[0]["message"] + _hints(after) if len(after) == 1 else table(after)}
    for tell, some in ((task.warn, [row for row in news if row["status"] == FAILED]), (task.show, [row for row in news if row["status"] != FAILED])):
        for row in some[:_NEWS]:
            tell(row["message"])
        if len(some) > _NEWS:
            tell("... and {0} more, which the end of the run lists".format(len(some) - _NEWS))
    if last:
        task.show(table(after) if len(after) > 1 else "".join(row["message"] for row in after if row["status"] == COMPLETED))
    elif not last and any(row["status"] == SUSPENDED for row in news):
        task.show(_hints(after).strip())
    return result


def summary(rows: t.Sequence[Row]) -> str:
    """How many nodes stand how: "3 nodes: 2 completed, 1 failed"."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["status"]] = counts.get(row["status"], 0) + 1
    total = "{0} node{1}".format(len(rows), "" if len(rows) == 1 else "s")
    return total + (": " + ", ".join("{0} {1}".format(count, status) for status, count in sorted(counts.items())) if rows else "")


def table(rows: t.Sequence[Row]) -> str:
    """Who stands how and why, a node a line; then the commands that continue those that can be."""
    lines = [summary(rows)]
    for status in (COMPLETED, RUNNING, ABORTED, UNCHANGED, SUSPENDED, FAILED):
        some = [row for row in rows if row["status"] == status]
        most = _LISTED.get(status, _LISTED_ELSE)
        lines += ["  {0:<10} {1}".format(status, row.get("message") or row["device"]) for row in some[:most]]
        if len(some) > most:
            lines.append("  {0:<10} and {1} more".format(status, len(some) - most))
    return "\n".join(lines) + _hints(rows)


def how_to_continue(rows: t.Sequence[Row]) -> str:
    """The commands that continue these rows, each on a line of its own; "" where there is nothing to continue."""
    return _hints(rows)


def _hints(rows: t.Sequence[Row]) -> str:
    """The commands that continue what is suspended and what failed, each on a line of its own."""
    commands: dict[tuple[str, str, str], list[str]] = {}
    for row in rows:
        if row.get("process_id") and row["status"] in (SUSPENDED, FAILED):
            words, more = (
                ("Continue what is suspended", " -e confirm_config=true") if row["status"] == SUSPENDED else _AFTER_FAILURE[bool(row.get("held"))]
            )
            commands.setdefault((words, row.get("playbook", "resume"), row["status"], more), []).append(row["process_id"])
    return "".join(
        "\n{0} with: {1}".format(words, _command_for(playbook, ids, status, more)) for (words, playbook, status, more), ids in commands.items()
    )


def _command_for(playbook: str, process_ids: t.Sequence[str], status: str, more: str) -> str:
    """By ids. Of many, by status, where that can be meant: what is held is not released yet, and an abort is for those that were named."""
    if len(process_ids) <= _NAMED or playbook != "resume" or more == _AFTER_FAILURE[True][1]:
        return command(playbook, process_ids) + more
    return "{0}{1}, which takes all that stand so, of other runs as well".format(command(playbook, (), status), more)


_AFTER_FAILURE = {
    False: ("Once the reason is gone, continue", ""),
    True: ("Once the reason is gone, continue what could not be released", " -e take_over=true"),
}


_NAMED = 10
"""Processes that a command names by their ids at the most."""


def command(playbook: str, process_ids: t.Sequence[str], status: str = "") -> str:
    """The command line that continues, or aborts, processes: those of the ids, or all that stand as ``status``."""
    which = "status=" + status if status else "process_ids=" + ",".join(process_ids)
    return "ansible-playbook nodeflow.orchestrator.{0} -e {1}".format(playbook, which)


def not_stored(row: Row, error: NodeflowError) -> Row:
    """The row of a process that could not be read or saved, so that the store still holds it for this run."""
    return row | {"status": FAILED, "message": "{0}: {1}".format(row["device"], error), "held": True}


NO_ROWS = 'the option nodes takes the nodes that the step before returned, e.g. nodes: "{{ enrolment.nodes }}"'


def check_rows(rows: t.Sequence[Row]) -> None:
    """Raise NodeflowError for rows that no step of ours returned."""
    for row in rows:
        known = all(isinstance(row[name], kind) for name, kind in _KINDS.items() if name in row and (row[name] is not None or kind is dict))
        needed = ("run_id",) if row.get("status") == RUNNING else ("message",)
        complete = row.get("status") in _STATUSES and row.get("device") and all(row.get(name) for name in needed)
        if not known or not complete or ("model" in row and "state" not in row):
            raise NodeflowError(NO_ROWS)


@contextlib.contextmanager
def reading_rows() -> t.Iterator[None]:
    """Raise NodeflowError where what a row carries is not what a step of ours put there."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise NodeflowError(NO_ROWS) from error


_STATUSES = (RUNNING, SUSPENDED, FAILED, COMPLETED, UNCHANGED, ABORTED)

_KINDS = {name: str for name in ("device", "message", "playbook", "process_id", "run_id", "status", "subscription_id", "take_over_from", "workflow")}
_KINDS |= {"device_id": int, "found": dict, "model": dict, "predicted": dict, "state": dict}
