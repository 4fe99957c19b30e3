# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What config templates need to know, of the nodes whose config is due."""

from __future__ import annotations

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.provide_config import node_config
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.workflows import WORKFLOWS
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.run_step import due_works
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = ["node_config_info"]


def node_config_info(task: Task) -> dict[str, t.Any]:
    """Return one dictionary a node."""
    works, _refused = due_works(task, "provide_config_to_user", WORKFLOWS, task.rows())
    return {"node_configs": [node_config(work) for work in works]}
