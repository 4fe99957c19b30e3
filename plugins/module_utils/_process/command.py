# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A playbook and its variables, as a person is told to run it: at a terminal a command line, in a job of AWX the job template of the playbook's name."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.collection import OURS
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._surroundings import in_awx

__all__ = ["CONFIRMED", "TAKEN_OVER", "Command", "to_abort", "to_resume", "worded"]


@dataclasses.dataclass(frozen=True)
class Command:
    """A playbook with variables, in their order. ``str()`` of it is what to type, or where to click."""

    playbook: str
    variables: tuple[tuple[str, str], ...] = ()
    collection: str = OURS

    def having(self, **variables: str) -> Command:
        """Return the same with more variables."""
        return dataclasses.replace(self, variables=(*self.variables, *variables.items()))

    def __str__(self) -> str:
        name = f"{self.collection}.{self.playbook}"
        said = [f"{variable}={value}" for variable, value in self.variables]
        if in_awx():
            return f"the job template {name}" + (f" with {', '.join(said)}" if said else "")
        return " ".join([f"ansible-playbook {name}", *(f"-e {one}" for one in said)])


def worded(text: str) -> str:
    """Return a text that names variables as a command line gives them, as it is said here: in a job of AWX without the -e."""
    return text.replace(" -e ", " ") if in_awx() else text


CONFIRMED = {"confirm_config": "true"}
"""That what a process waits for, its config, is in place."""

TAKEN_OVER = {"take_over": "true"}
"""That the run that holds a process is gone."""


def to_resume(process_ids: t.Iterable[str] = (), collection: str = OURS) -> Command:
    """Return what continues processes of a collection: those of the ids; else which is to be said yet."""
    return _of(Command("resume", collection=collection), process_ids)


def to_abort(process_ids: t.Iterable[str] = (), collection: str = OURS) -> Command:
    """Return what ends processes of a collection, as ``to_resume``."""
    return _of(Command("abort", collection=collection), process_ids)


def _of(command: Command, process_ids: t.Iterable[str]) -> Command:
    ids = ",".join(process_ids)
    return command.having(process_ids=ids) if ids else command
