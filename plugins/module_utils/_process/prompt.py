# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Show a person at the terminal what there is to choose from, and take the answer."""

from __future__ import annotations

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NetboxError, NodeflowError, NotAnswered, StoreError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._printable import printable, width
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = ["choose", "columns"]

TRIES = 3
"""How often a person may answer."""

LISTED = 50
"""Lines that a list has at the most."""

Chosen = t.TypeVar("Chosen")


def choose(task: Task, what_there_is: str, question: str, take: t.Callable[[str], Chosen]) -> Chosen | None:
    """Ask which are meant. A bad answer is asked again, three times in all.

    Args:
        task: The task that asks.
        what_there_is: The title and the list, e.g. of ``columns``.
        question: What is asked, without the colon.
        take: Makes of an answer what is wanted; raises NodeflowError where it cannot.

    Returns:
        What ``take`` returned; None where nobody is at a terminal.

    Raises:
        NodeflowError: No answer was good, or none was given, or NetBox or the store does not answer.
    """
    asked = f"{what_there_is}\n{question}"
    for left in reversed(range(TRIES)):
        answer = task.ask(f"{asked}: ")
        if answer is None:
            return None
        try:
            return take(answer)
        except (NetboxError, NotAnswered, StoreError):
            raise
        except NodeflowError as error:
            if not left:
                raise NodeflowError(f"{error}. That was the last of {TRIES} answers, so nothing was done") from error
            task.show(f"{error}. Nothing was done yet")
        asked = question
    return None


def columns(head: t.Sequence[str], rows: t.Sequence[t.Sequence[str]], rest: str = "which can be named as well") -> str:
    """Return a list to choose from: a line each, each column as wide as its longest value, the first to the right.

    Args:
        head: The names of the columns.
        rows: The texts of each line, as many as there are columns; what is not printable is left out, and "" is shown as nothing.
        rest: What to say of those that are not shown, where there are more than LISTED.
    """
    lines = [[printable(text, kept="") for text in row] for row in (head, *rows[:LISTED])]
    widths = [max(width(line[place]) for line in lines) for place in range(len(head))]
    shown = []
    for line in lines:
        key, *others = (value + " " * (most - width(value)) for value, most in zip(line, widths))
        shown.append(f"  {key.strip():>{widths[0]}}  {'  '.join(others)}".rstrip())
    if len(rows) > LISTED:
        shown.append(f"  and {len(rows) - LISTED} more, {rest}")
    return "\n".join(shown)
