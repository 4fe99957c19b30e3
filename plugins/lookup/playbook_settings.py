# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the file of variables that the playbooks of this collection have, for playbooks of one's own."""

from __future__ import annotations

DOCUMENTATION = r"""
name: playbook_settings
author:
  - nodeflow.orchestrator contributors (!UNKNOWN)
version_added: 1.0.0
short_description: Find the variables that our playbooks have
description:
  - The path of the file that each playbook of this collection has as C(vars_files). A playbook with tasks of this collection, or of one that builds on
    it, gets from it the same variables for the settings, and runs on the controller whatever an inventory says.
  - Its variables are C(nodeflow_host), for C(hosts), and for C(module_defaults) C(nodeflow_settings), and C(nodeflow_node_settings) with those that only
    nodes have.
"""

EXAMPLES = r"""
- name: Enrolled nodes
  hosts: "{{ nodeflow_host }}"
  gather_facts: false
  vars_files: "{{ lookup('nodeflow.orchestrator.playbook_settings') }}"
  module_defaults:
    group/nodeflow.orchestrator.all: "{{ nodeflow_node_settings }}"
  tasks:
    - name: List them
      nodeflow.orchestrator.subscription_info:
"""

RETURN = r"""
_raw:
  description: The path.
  type: list
  elements: path
"""

import pathlib
import typing as t

from ansible.plugins.lookup import LookupBase


class LookupModule(LookupBase):
    """The lookup."""

    def run(self, terms: t.Any, variables: t.Any = None, **kwargs: t.Any) -> list[str]:
        """Return the path."""
        return [str(pathlib.Path(__file__).resolve().parents[2] / "playbooks" / "vars" / "nodeflow_playbooks.yml")]
