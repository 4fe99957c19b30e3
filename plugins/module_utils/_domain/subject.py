# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the rows of a product's steps are about."""

from __future__ import annotations

import dataclasses

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.collection import OURS
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._words import counted

__all__ = ["Subject"]


@dataclasses.dataclass(frozen=True)
class Subject:
    """The words for it: ``one`` and ``many`` of them, e.g. "circuit" and "circuits". ``many`` is the option, and the key of a result, that has the rows;
    ``label`` the key of a row that has what messages call it. ``taken`` is what becomes of one that a run gets:
    "enrolled". ``repaired_by`` is the playbook that repairs what is out of sync,
    "" where there is none; ``config_dir`` the variable of its playbooks for the directory that keeps configs; ``collection`` is the one whose playbooks
    continue its processes.
    """

    one: str
    many: str
    label: str
    taken: str = "taken"
    repaired_by: str = ""
    config_dir: str = "config_dir"
    collection: str = OURS

    def counted(self, number: int) -> str:
        """Return so many of them, in words: "1 circuit", "2 circuits"."""
        return counted(number, self.one, self.many)
