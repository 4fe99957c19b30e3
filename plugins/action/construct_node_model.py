# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the module of the same name inside ansible-playbook."""

from __future__ import annotations

from ansible_collections.nodeflow.orchestrator.plugins.modules import construct_node_model
from ansible_collections.nodeflow.orchestrator.plugins.plugin_utils.action import InProcessAction


class ActionModule(InProcessAction):
    """The action of the module construct_node_model."""

    module = construct_node_model
