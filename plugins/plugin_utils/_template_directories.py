# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the directories of templates, which only the controller can look into."""

from __future__ import annotations

import os
import typing as t

from ansible.errors import AnsibleError

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._paths import expanded

__all__ = ["find_directories"]


def find_directories(directories: t.Iterable[str], variables: t.Mapping[str, t.Any]) -> list[str]:
    """Return the directories as absolute paths. A relative one is next to the playbook, or else in the working directory."""
    bases = [str(variables.get("playbook_dir") or "."), "."]
    found = []
    for directory in directories:
        if not str(directory or "").strip():  # a variable that is not set, not the directory of the playbook
            continue
        try:
            path = expanded(str(directory), "the template directory")
        except NodeflowError as error:
            raise AnsibleError(f"The template directory {directory} does not exist: {error}") from error
        paths = [os.path.abspath(os.path.join(base, path)) for base in bases]
        existing = [path for path in paths if os.path.isdir(path)]
        if not existing:
            raise AnsibleError(
                f"The template directory {directory} does not exist (looked for {' and '.join(dict.fromkeys(paths))}). "
                "Create it, or correct the list of template directories."
            )
        found.append(existing[0])
    return found
