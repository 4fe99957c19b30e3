# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the name of a task to the step that it does, which stands behind it: ``Update the node in NetBox (update_node_in_netbox)``."""

from __future__ import annotations

import re

_STEP = re.compile(r".*\((\w+)\)", re.DOTALL)


def step_of(task: str) -> str:
    """The step of a task by its name, with or without its role before it; of a task that is no step, its name."""
    name = task.rpartition(" : ")[2]
    step = _STEP.fullmatch(name)
    return step.group(1) if step else name
