# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of the step provide_config_to_user, for the form that checks them."""

from __future__ import annotations


class ModuleDocFragment:
    """The options of the group CONFIG in module_utils/_node/argspec.py."""

    DOCUMENTATION = r"""
options:
  confirm_config:
    description: Is only checked here. Whether the configs are in place; O(nodeflow.orchestrator.provide_config_to_user#module:confirm).
    type: bool
    default: false
  config_hash:
    description: Is only checked here. The hash of the configs that were approved; O(nodeflow.orchestrator.provide_config_to_user#module:config_hash).
    type: str
  node_config_dir:
    description:
      - The directory to save the configs in; O(nodeflow.orchestrator.provide_config_to_user#module:config_dir).
      - Is only checked here. It must be there and can be written, or it can be made.
    type: path
  node_config_source:
    description: Is only checked here. Where the configs come from; O(nodeflow.orchestrator.provide_config_to_user#module:source).
    type: str
    choices: [templates, netbox]
    default: templates
  node_config_templates:
    description:
      - Directories with templates, as the role P(nodeflow.orchestrator.provide_config#role) takes them.
      - Is only checked here, on the controller. Each must be there, next to the playbook or in the working directory.
    type: list
    elements: str
    default: []
"""
