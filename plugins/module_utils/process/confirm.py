# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Give a person the configs of a step, and wait for the confirmation that they are in place.

What is confirmed is what was shown: the digest of a config, and of what is written to NetBox once it is there, is kept with the process. Where that changed
while the process waited, the config is shown again and must be confirmed again.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import pathlib
import tempfile
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError, NotAnswered
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._paths import can_be_made, user_path
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.domain.subscription import SubscriptionModel
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.process.state import State
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.process.step import Done, Failed, Outcome, Suspended, Work

__all__ = ["Config", "ConfirmedState", "check_config_dir", "confirmed_configs"]

SHOWN = 10
"""Configs that are shown at the most where one run has many."""


class ConfirmedState(State):
    """Of a workflow with a config to confirm: ``shown`` and ``confirmed`` are the digests, and ``config_file`` is where it was written."""

    shown: t.Optional[str] = None
    confirmed: t.Optional[str] = None
    config_file: t.Optional[str] = None


ConfirmedWork = Work[SubscriptionModel, ConfirmedState]


@dataclasses.dataclass(frozen=True)
class Config:
    """A config: its text, its title, e.g. "config of loc1-core (loc1, 7)", and the name of its file, e.g. "7-loc1-core.cfg".

    ``covers`` is what a person confirms with it, as JSON: what is written to NetBox once the config is in place.
    """

    text: str
    title: str
    file_name: str
    covers: t.Any = None

    @property
    def digest(self) -> str:
        """SHA-256 of the text, and of what it covers."""
        return hashlib.sha256(json.dumps([self.text, self.covers], sort_keys=True).encode()).hexdigest()

    def page(self) -> str:
        """How it is shown."""
        body = self.text.rstrip("\n")
        return f"\n--- {self.title} ---\n{body}\n--- end ---"


def confirmed_configs(task: Task, works: t.Sequence[ConfirmedWork], configs: t.Mapping[str, Config]) -> dict[str, Outcome]:
    """Show, save and have confirmed the configs of those works that have one. One whose config is confirmed already, and is the same still, passes.

    Args:
        task: The task, with the options ``confirm`` and ``config_dir``.
        works: The works of the step.
        configs: The config by the work's key; of a work that has none, there is no outcome.

    Returns:
        By key: Done for what is confirmed, Suspended for what waits, Failed for a config that could not be saved.
    """
    outcomes: dict[str, Outcome] = {}
    open_ones: list[ConfirmedWork] = []
    for work in works:
        if work.key in configs and work.state.confirmed == configs[work.key].digest:
            outcomes[work.key] = Done(work.subscription, work.state)
        elif work.key in configs:
            open_ones.append(work)
    for work in open_ones[:SHOWN]:
        task.show_config(configs[work.key].page())
    files = _save_files(task, open_ones, configs, outcomes)
    if len(open_ones) > SHOWN:
        directory = task.params["config_dir"] if files or task.check_mode else None
        where = f"{'would be' if task.check_mode else 'are'} in {directory}" if directory else f"are not shown; {task.subject.config_dir} saves them all"
        task.show(f"... and {len(open_ones) - SHOWN} more configs, which {where}")
    seen = {work.key for work in open_ones[:SHOWN]}
    open_ones = [work for work in open_ones if work.key not in outcomes]
    confirmed = _confirmed(task, open_ones, configs, seen, bool(files))
    for work in open_ones:
        digest = configs[work.key].digest
        state = work.state.having(shown=digest, **({"config_file": files[work.key]} if work.key in files else {}))
        if work.key in confirmed:
            outcomes[work.key] = Done(work.subscription, state.having(confirmed=digest))
        else:
            changed = "" if _as_shown(work, configs) else ", since it has changed after it was shown"
            waits = f"waits for its config to be confirmed{changed}"
            outcomes[work.key] = Suspended(f"{work.label} {waits} (process {work.key})", state.having(confirmed=None), waits)
    return outcomes


def check_config_dir(name: str, directory: str | None) -> None:
    """Raise NodeflowError where no config can be saved in ``directory``, which the option ``name`` gives, as far as that shows without trying."""
    if directory and not can_be_made(user_path(directory, name) / "config"):
        raise NodeflowError(f"{name} names {directory}, which cannot be written, or not be made; name a directory in which configs can be saved")


def _confirmed(task: Task, works: t.Sequence[ConfirmedWork], configs: t.Mapping[str, Config], seen: t.Collection[str], saved: bool) -> set[str]:
    """The processes whose config is confirmed: by the option, or at the prompt; in check mode all, to see what would follow.

    ``seen`` are those whose config is on the screen; ``saved`` says that all are in files.
    """
    if not works:
        return set()
    if task.check_mode:
        return {work.key for work in works}
    by_option = {work.key for work in works if task.params["confirm"] and _as_shown(work, configs)}
    unseen = 0 if saved else len(by_option.difference(seen))
    if unseen:
        task.warn(
            f"{unseen} of the {len(by_option)} configs that confirm_config confirms were neither shown nor saved, and are not kept. To have them all, as "
            f"files, run with {task.subject.config_dir} and without confirm_config, then resume with confirm_config=true"
        )
    rest = [work for work in works if work.key not in by_option]
    return by_option | ({work.key for work in rest} if rest and _is_confirmed(task, rest, configs, seen, saved) else set())


def _is_confirmed(task: Task, works: t.Sequence[ConfirmedWork], configs: t.Mapping[str, Config], seen: t.Collection[str], saved: bool) -> bool:
    """Ask whether the configs are in place. Whoever leaves the question without an answer has not confirmed them."""
    hidden = [work for work in works if work.key not in seen]
    if len(works) == 1:
        what = f"Is the config of {works[0].label} in place"
    elif not hidden:
        what = f"Are the {len(works)} configs of {', '.join(work.label for work in works)} in place"
    else:
        where = f"all are in {task.params['config_dir']}" if saved else f"{len(hidden)} were neither shown nor saved; {task.subject.config_dir} saves them all"
        what = f"Are the {len(works)} configs in place, of which {len(works) - len(hidden)} are shown above ({where})"
    changed = "" if all(_as_shown(work, configs) for work in works) else " (what was shown before has changed)"
    try:
        answer = task.ask(f"{what}{changed}? Type yes to confirm; anything else suspends: ")
    except NotAnswered:
        return False
    return (answer or "").lower() in ("y", "yes")


def _as_shown(work: ConfirmedWork, configs: t.Mapping[str, Config]) -> bool:
    """Whether a confirmation can mean this config: it is the one that was shown, or none was shown before."""
    return work.state.shown in (None, configs[work.key].digest)


def _save_files(task: Task, works: t.Sequence[ConfirmedWork], configs: t.Mapping[str, Config], outcomes: dict[str, Outcome]) -> dict[str, str]:
    """Write the configs into ``config_dir``, each whole or not at all; answers with the paths. One that cannot be written failed."""
    directory = task.params["config_dir"]
    if not directory:
        return {}
    try:
        place = user_path(directory, task.subject.config_dir)
    except NodeflowError as error:
        outcomes |= {work.key: Failed(f"{work.label}: its config cannot be saved: {error}") for work in works}
        return {}
    if task.check_mode:
        if not can_be_made(place / "config"):
            for work in works:
                outcomes[work.key] = Failed(f"{work.label}: its config cannot be saved in {directory}: it cannot be written")
        return {}
    paths: dict[str, str] = {}
    for work in works:
        path = place / configs[work.key].file_name
        try:
            _write(path, configs[work.key].text)
            _remove_former(work, path)
            paths[work.key] = str(path)
        except OSError as error:
            outcomes[work.key] = Failed(f"{work.label}: its config cannot be saved to {path}: {error.strerror}")
    return paths


def _remove_former(work: ConfirmedWork, path: pathlib.Path) -> None:
    """Remove the file that an earlier run wrote beside ``path`` under another name: a process has one config."""
    former = pathlib.Path(work.state.config_file or path)
    if former != path and former.parent == path.parent:
        former.unlink(missing_ok=True)


def _write(path: pathlib.Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
