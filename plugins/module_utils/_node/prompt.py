# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The question which nodes are meant, for a person at the terminal: the list to choose from, and an answer that can be given again."""

from __future__ import annotations

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.choice import Wanted, parse_nodes
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process import prompt
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = ["Listed", "choose", "columns"]

Chosen = t.TypeVar("Chosen")


class Listed(t.NamedTuple):
    """A node to choose: its NetBox id, name, site's slug and addresses, and what somebody who chooses it should know; "" or None where there is none."""

    id: int
    name: str | None
    site: str
    addresses: t.Sequence[str | None]
    remark: str = ""

    def meant_by(self, wanted: Wanted) -> bool:
        """Return whether an answer names this node."""
        return wanted.names(self.id, self.name, (self.site,))


def choose(task: Task, title: str, listed: t.Sequence[Listed], question: str, take: t.Callable[[list[Wanted] | None], Chosen]) -> Chosen | None:
    """List nodes and ask which are meant, as the function of that name does for anything.

    ``take`` makes of the entries of an answer, or of None for all nodes, what is wanted; raises NodeflowError where it cannot.
    """
    return prompt.choose(task, f"{title}\n{columns(listed)}", question, lambda answer: take(_entries(answer, listed)))


def columns(listed: t.Sequence[Listed]) -> str:
    """Return the list: a node a line."""
    rows = [
        (str(one.id), one.name or "(no name)", one.site or "-", ", ".join(filter(None, one.addresses)) or "-", one.remark) for one in listed
    ]
    return prompt.columns(("id", "name", "site", "addresses", ""), rows, "which can be named as well; device_filter narrows the list")


def _entries(answer: str, listed: t.Sequence[Listed]) -> list[Wanted] | None:
    """Return what was typed; None for all. Commas stand between entries, or spaces where that can only mean several nodes of the list."""
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
