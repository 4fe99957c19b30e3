# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Configs that wait to be confirmed, in files."""

from __future__ import annotations

import pathlib
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._files import replace_file
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._paths import can_be_made, user_path
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.config import Config
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.step import AnyWork, Failed, Outcome
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = ["check_config_dir", "saved_configs"]


def check_config_dir(name: str, directory: str | None) -> None:
    """Raise NodeflowError where no config can be saved in ``directory``, which the option ``name`` gives, as far as that shows without trying."""
    if directory and not can_be_made(user_path(directory, name) / "config"):
        raise NodeflowError(f"{name} names {directory}, which cannot be written, or not be made; name a directory in which configs can be saved")


def saved_configs(task: Task, works: t.Sequence[AnyWork], configs: t.Mapping[str, Config]) -> tuple[dict[str, str], dict[str, Outcome]]:
    """Write the configs into ``config_dir``, each whole or not at all. Return the paths; second, the outcomes of those that cannot be written."""
    directory = task.params["config_dir"]
    if not directory:
        return {}, {}
    try:
        place = user_path(directory, task.subject.config_dir)
    except NodeflowError as error:
        return {}, {work.key: Failed(f"{work.label}: its config cannot be saved: {error}") for work in works}
    if task.check_mode:
        why = f"its config cannot be saved in {directory}: it cannot be written"
        return {}, {work.key: Failed(f"{work.label}: {why}") for work in works} if not can_be_made(place / "config") else {}
    paths: dict[str, str] = {}
    failed: dict[str, Outcome] = {}
    for work in works:
        path = place / configs[work.key].file_name
        try:
            replace_file(path, configs[work.key].text.encode("utf-8"))
            _remove_former(work, path)
            paths[work.key] = str(path)
        except (OSError, UnicodeError) as error:
            why = getattr(error, "strerror", None) or "it has a character that no file can have"
            failed[work.key] = Failed(f"{work.label}: its config cannot be saved to {path}: {why}")
    return paths, failed


def _remove_former(work: AnyWork, path: pathlib.Path) -> None:
    """Remove the file that an earlier run wrote beside ``path`` under another name: a process has one config."""
    former = pathlib.Path(work.state.config_file or path)
    same = former.exists() and former.samefile(path)  # as two names are where a file system ignores case
    if former != path and former.parent == path.parent and not same:
        former.unlink(missing_ok=True)
