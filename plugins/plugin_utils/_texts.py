# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task says to a person, and whether there is one to read it on stdout."""

from __future__ import annotations

import dataclasses

from ansible import constants as C
from ansible import context as cli
from ansible.plugins.loader import callback_loader
from ansible.utils.display import Display

__all__ = ["Texts", "for_people"]

display = Display()

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
            display.display(text)

    def warn(self, text: str) -> None:
        """Keep a warning for the result, with which Ansible shows it."""
        self.warnings.append(text)


def for_people() -> bool:
    """Whether what is on stdout is for a person to read. A callback for programs, or one made of it, says so by its name."""
    name = "oneline" if cli.CLIARGS.get("one_line") else C.DEFAULT_STDOUT_CALLBACK
    plugin = callback_loader.get(name, class_only=True)
    names = [name, *(one.__module__ for one in plugin.__mro__)] if plugin else [name]
    last_parts = {one.rpartition(".")[2] for one in names}
    return not last_parts & _NOT_FOR_PEOPLE and not any("json" in part for part in last_parts)
