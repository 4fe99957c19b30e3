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

__all__ = ["ABORTED", "COMPLETED", "FAILED", "RUNNING", "SUSPENDED", "UNCHANGED", "Row", "check_rows", "not_stored", "reading_rows", "says_how_it_stands"]

Row = dict[str, t.Any]

RUNNING, SUSPENDED, FAILED, COMPLETED, UNCHANGED, ABORTED = "running", "suspended", "failed", "completed", "unchanged", "aborted"


def not_stored(row: Row, error: NodeflowError) -> Row:
    """The row of a process that could not be read or saved, so that the store still holds it for this run."""
    return row | {"status": FAILED, "message": f"{row['device']}: {error}", "held": True}


_NO_ROWS = 'the option nodes takes the nodes that the step before returned, e.g. nodes: "{{ enrolment.nodes }}"'


def check_rows(rows: t.Sequence[Row]) -> None:
    """Raise NodeflowError for rows that no step of ours returned."""
    for row in rows:
        known = all(isinstance(row[name], kind) for name, kind in _KINDS.items() if name in row and (row[name] is not None or kind is dict))
        if not known or not says_how_it_stands(row) or ("model" in row and "state" not in row):
            raise NodeflowError(_NO_ROWS)


def says_how_it_stands(row: t.Any) -> bool:
    """Whether it is a row, all texts of which are texts, and none is missing that its status needs. What else it carries may be anything."""
    if not isinstance(row, dict) or not all(isinstance(row.get(name), (str, type(None))) for name in _TEXTS):
        return False
    return row.get("status") in _STATUSES and bool(row.get("device") and row.get("run_id" if row["status"] == RUNNING else "message"))


@contextlib.contextmanager
def reading_rows() -> t.Iterator[None]:
    """Raise NodeflowError where what a row carries is not what a step of ours put there."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise NodeflowError(_NO_ROWS) from error


_STATUSES = (RUNNING, SUSPENDED, FAILED, COMPLETED, UNCHANGED, ABORTED)

_TEXTS = ("device", "message", "or_end", "playbook", "process_id", "reason", "run_id", "status", "subscription_id", "take_over_from", "workflow")
_KINDS: dict[str, type] = {"device_id": int, "found": dict, "model": dict, "predicted": dict, "state": dict}
