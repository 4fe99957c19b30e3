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
    description: Whether the configs are in place, which this module only checks; O(nodeflow.orchestrator.provide_config_to_user#module:confirm).
    type: bool
    default: false
  config_hash:
    version_added: 1.0.0
    description: The hash of the approved configs, which this module only checks; O(nodeflow.orchestrator.provide_config_to_user#module:config_hash).
    type: str
  node_config_dir:
    description:
      - The directory to save the configs in; O(nodeflow.orchestrator.provide_config_to_user#module:config_dir).
      - This module only checks it. It must be writable, or it must be possible to create it.
    type: path
  node_config_source:
    description: Where the configs come from, which this module only checks; O(nodeflow.orchestrator.provide_config_to_user#module:source).
    type: str
    choices: [templates, netbox]
    default: templates
  node_config_templates:
    description:
      - Directories with templates, as the role P(nodeflow.orchestrator.provide_config#role) takes them.
      - This module only checks them, on the controller. Each must be there, next to the playbook or in the working directory.
    type: list
    elements: str
    default: []
"""
