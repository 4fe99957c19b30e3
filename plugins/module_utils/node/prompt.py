# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The question which nodes are meant, for a person at the terminal: the list to choose from, and an answer that can be given again."""

from __future__ import annotations

import typing as t
import unicodedata

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NetboxError, NodeflowError, NotAnswered, StoreError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._printable import printable
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.node.choice import Wanted, parse_nodes

__all__ = ["Listed", "choose", "columns"]

TRIES = 3
"""How often a person may answer."""

LISTED = 50
"""Nodes that the prompt lists at the most."""

Chosen = t.TypeVar("Chosen")


class Listed(t.NamedTuple):
    """A node to choose: its NetBox id, name, site's slug and addresses, and what somebody who chooses it should know; "" or None where there is none."""

    id: int
    name: str | None
    site: str
    addresses: t.Sequence[str | None]
    remark: str = ""

    def meant_by(self, wanted: Wanted) -> bool:
        """Whether an answer names this node."""
        if wanted.id is not None:
            return wanted.id == self.id
        return wanted.name == self.name and wanted.site in (None, self.site)


def choose(task: Task, title: str, listed: t.Sequence[Listed], question: str, take: t.Callable[[list[Wanted] | None], Chosen]) -> Chosen | None:
    """List nodes and ask which are meant. A bad answer is asked again, three times in all.

    Args:
        task: The task that asks.
        title: What is above the list.
        listed: The nodes.
        question: What is asked, without the colon.
        take: Makes of the entries of an answer, or of None for all nodes, what is wanted; raises NodeflowError where it cannot.

    Returns:
        What ``take`` returned; None where nobody is at a terminal.

    Raises:
        NodeflowError: No answer was good, or none was given, or NetBox or the store does not answer.
    """
    asked = f"{title}\n{columns(listed)}\n{question}"
    for left in reversed(range(TRIES)):
        answer = task.ask(f"{asked}: ")
        if answer is None:
            return None
        try:
            return take(_entries(answer, listed))
        except (NetboxError, NotAnswered, StoreError):
            raise
        except NodeflowError as error:
            if not left:
                raise NodeflowError(f"{error}. That was the last of {TRIES} answers, so nothing was done") from error
            task.show(f"{error}. Nothing was done yet")
        asked = question
    return None


def columns(listed: t.Sequence[Listed]) -> str:
    """The list: a node a line, each column as wide as its longest value."""
    head = ("id", "name", "site", "addresses", "")
    rows = [head] + [
        (str(one.id), printable(one.name or "(no name)", kept=""), one.site or "-", ", ".join(filter(None, one.addresses)) or "-", one.remark)
        for one in listed[:LISTED]
    ]
    widths = [max(_width(row[place]) for row in rows) for place in range(len(head))]
    lines = []
    for row in rows:
        key, *others = (value + " " * (width - _width(value)) for value, width in zip(row, widths))
        lines.append(f"  {key.strip():>{widths[0]}}  {'  '.join(others)}".rstrip())
    if len(listed) > LISTED:
        lines.append(f"  and {len(listed) - LISTED} more, which can be named as well; device_filter narrows the list")
    return "\n".join(lines)


def _entries(answer: str, listed: t.Sequence[Listed]) -> list[Wanted] | None:
    """What was typed; None for all. Commas stand between entries, or spaces where that can only mean several nodes of the list."""
    if answer.lower() == "all":
        return None
    if answer.startswith(("[", "{")):
        return parse_nodes(answer)
    entries: list[str] = []
    for part in filter(None, (part.strip() for part in answer.split(","))):
        words = part.split()
        entries += words if not _known(part, listed) and all(_known(word, listed) for word in words) else [part]
    if not entries:
        raise NodeflowError("nothing was typed: name ids or names from the list, with commas between, or all")
    return parse_nodes(entries)


def _known(text: str, listed: t.Sequence[Listed]) -> bool:
    wanted = parse_nodes([text])[0]
    return any(one.meant_by(wanted) for one in listed)


def _width(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
