# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Configs that wait to be confirmed, in NetBox's journal of what they are for, where the setting config_journal asks for it."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._chunks import text_parts
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NetboxError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.journal import Entry, add_entries
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.config import Config
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.step import AnyWork, Failed, Outcome
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = ["journalled_configs"]

IN_AN_ENTRY = 200_000
"""Characters of a config in one entry at the most: NetBox takes 2.5 MB in a request, and JSON can take six bytes or twelve for a character."""


def journalled_configs(task: Task, works: t.Sequence[AnyWork], configs: t.Mapping[str, Config]) -> tuple[set[str], dict[str, Outcome]]:
    """Put each config into the journal of its object, unless its process knows that it is there. Return the processes whose config is there.

    Second, the outcomes of those whose entry NetBox refused: what is to be kept is not confirmed without being kept.
    """
    if not task.params.get("config_journal") or task.check_mode:
        return set(), {}
    todo = [work for work in works if configs[work.key].journal and work.state.journalled != configs[work.key].digest]
    failed: dict[str, Outcome] = {}
    for kind in dict.fromkeys(_place(configs[work.key])[0] for work in todo):
        some = [work for work in todo if _place(configs[work.key])[0] == kind]
        entries = {entry: work for work in some for entry in _entries(work, configs[work.key])}
        try:
            refused = add_entries(task.netbox, kind, list(entries))
        except NetboxError as error:
            refused = {entry: str(error) for entry in entries}
        for entry, why in refused.items():
            work = entries[entry]
            failed[work.key] = Failed(f"{work.label}: its config could not be written to its journal in NetBox (config_journal): {why}")
    return {work.key for work in todo if work.key not in failed}, failed


def _place(config: Config) -> tuple[str, int]:
    """Return the type and the id of the object whose journal it is."""
    return config.journal or ("", 0)


def _entries(work: AnyWork, config: Config) -> t.Iterator[Entry]:
    """Yield the entry of a config, or several of one that is too long for one."""
    # NetBox takes neither of the two that are no characters.
    text = config.text.encode("utf-8", "replace").decode().replace("\0", "?").rstrip("\n")
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    parts = list(text_parts(text, IN_AN_ENTRY))
    for number, part in enumerate(parts, 1):
        mark = f"(process {work.key}, digest {config.digest}{f', part {number} of {len(parts)}' if len(parts) > 1 else ''})"
        head = config.title[:1].upper() + config.title[1:]
        yield Entry(_place(config)[1], f"{head}, to be confirmed {mark}\n\n{fence}\n{part}\n{fence}", "info", mark)
