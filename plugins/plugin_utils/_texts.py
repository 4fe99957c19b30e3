# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task says to a person and asks of one, and whether there is one to read it on stdout."""

from __future__ import annotations

import dataclasses
import os
import typing as t

from ansible import constants as C
from ansible import context as cli
from ansible.plugins.loader import callback_loader
from ansible.utils.display import Display

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.subject import Subject
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.end_of_step import how_to_continue
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.rows import Row
from ansible_collections.nodeflow.orchestrator.plugins.plugin_utils._terminal import ask

__all__ = ["LONGEST", "Texts", "ask_person", "for_people", "show_result", "warn_how_to_continue"]

display = Display()

LONGEST = 40_000
"""Characters that are shown at once at the most, unless a line is longer."""

_NOT_FOR_PEOPLE = {"json", "jsonl", "null", "oneline"}
"""Callbacks whose stdout programs read, or that promise to print nothing, or one line a result, beside those with json in their name."""


@dataclasses.dataclass
class Texts:
    """What a task says to a person. ``kept`` is what was not shown at once, because it is ``quiet``."""

    quiet: bool
    kept: list[str] = dataclasses.field(default_factory=list)
    warnings: list[str] = dataclasses.field(default_factory=list)

    def show(self, text: str) -> None:
        """Show a text, or keep it."""
        if self.quiet:
            self.kept.append(text)
        else:
            _display(text)

    def warn(self, text: str) -> None:
        """Keep a warning for the result, with which Ansible shows it."""
        self.warnings.append(text)


def _display(text: str) -> None:
    """Show a text, a long one in parts that end where a line does: each becomes an event of a job."""
    parts = [""]
    for line in text.splitlines(keepends=True):
        if parts[-1] and len(parts[-1]) + len(line) > LONGEST:
            parts.append("")
        parts[-1] += line
    for part in parts[:-1]:
        display.display(part.removesuffix("\n"))
    display.display(parts[-1])


def for_people() -> bool:
    """Return whether what is on stdout is for a person to read. A callback for programs, or one made of it, says so by its name."""
    name = "oneline" if cli.CLIARGS.get("one_line") else C.DEFAULT_STDOUT_CALLBACK
    plugin = callback_loader.get(name, class_only=True)
    names = [name, *(one.__module__ for one in plugin.__mro__)] if plugin else [name]
    last_parts = {one.rpartition(".")[2] for one in names}
    return not last_parts & _NOT_FOR_PEOPLE and not any("json" in part for part in last_parts)


def show_result(result: dict[str, t.Any], texts: Texts, ansible_task: t.Any) -> None:
    """Show what the task says to a person. Where it must not be shown, or nobody would read it, it stays in the result, as ``texts``."""
    said = texts.kept + result.pop("texts", [])
    if not texts.quiet and not ansible_task.async_val:  # a result that comes later has its texts in it
        for text in said:
            _display(text)
        said = []
    said = [text for text in said if text]
    if texts.warnings:
        result["warnings"] = texts.warnings
    if ansible_task.no_log and "ansible_stats" in result:  # which Ansible hands on nevertheless
        result["ansible_stats"]["data"]["nodeflow_summary"] = None
    if ansible_task.no_log:  # Ansible shows warnings nevertheless
        said += [str(warning) for warning in result.pop("warnings", [])]
    if said:
        result["texts"] = said


def warn_how_to_continue(rows: t.Sequence[Row], subject: Subject | None, no_log: bool) -> None:
    """Say how to continue the processes of a task that ends with an exception, which says nothing of them."""
    hints = how_to_continue(rows, subject)
    if hints and not no_log:
        display.warning(hints.strip())


def ask_person(question: str, before: str) -> str | None:
    """Return the line that a person at the terminal types; None where nobody can: no terminal, or a job runner that only looks like one.

    ``before`` is shown above the question.
    """
    if os.environ.get("AWX_ISOLATED_DATA_DIR") or os.environ.get("CI", "").lower() not in ("", "0", "false") or not for_people():
        return None  # ansible-runner, which AWX runs jobs with, gives the job a pseudo-terminal that nobody sits at
    return ask(before + question)
