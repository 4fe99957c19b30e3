# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the module of this file's name inside ansible-playbook. All other files of this folder are links to this one."""

from __future__ import annotations

import importlib

from ansible_collections.nodeflow.orchestrator.plugins.plugin_utils.action import InProcessAction


class ActionModule(InProcessAction):
    """The action of the module of the same name."""

    module = importlib.import_module("ansible_collections.nodeflow.orchestrator.plugins.modules." + __name__.rpartition(".")[2])
