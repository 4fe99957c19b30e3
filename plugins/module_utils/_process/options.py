# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the options of a task say together."""

from __future__ import annotations

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = ["given", "refuse_together"]


def given(task: Task, *names: str) -> list[str]:
    """Return those of the options that the task gives. An empty text or filter, and a switch that is off, say nothing; an empty list does."""
    return [name for name in names if task.params.get(name) not in (None, "", False, {})]


def refuse_together(one: t.Sequence[str], other: t.Sequence[str]) -> None:
    """Raise NodeflowError where options of both are given: each says what is meant, and one of them would be ignored."""
    if one and other:
        raise NodeflowError(f"{' and '.join(one)} already says what is meant; leave {' and '.join(other)} out, which would be ignored")
