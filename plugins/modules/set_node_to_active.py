#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: set_node_to_active
short_description: Set the node status to active on each model
version_added: 0.1.0
description:
  - Sets C(node_status) to V(active) on the subscription. NetBox is told in the next step.
author:
  - nodeflow.orchestrator contributors (@nodeflow)
extends_documentation_fragment:
  - nodeflow.orchestrator.attributes
  - nodeflow.orchestrator.netbox
  - nodeflow.orchestrator.store
  - nodeflow.orchestrator.process
  - nodeflow.orchestrator.loopback
  - nodeflow.orchestrator.nodes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
"""

EXAMPLES = r"""
---
- name: Set the node to active (set_node_to_active)
  nodeflow.orchestrator.set_node_to_active:
    nodes: "{{ enrolment.nodes }}"
  register: enrolment
"""

RETURN = r"""
extends_documentation_fragment: [nodeflow.orchestrator.nodes]
"""

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.argspec import NODES, options
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import NODE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.workflows import node_step
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._run import run_module
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

ROWS = NODE
OPTIONS = options(NODES)


def execute(task: Task) -> dict[str, t.Any]:
    """Do the step set_node_to_active of create_node for the nodes that are at it."""
    return node_step(task, "set_node_to_active")


def main() -> None:
    """Run as an ordinary module."""
    run_module(OPTIONS, execute, ROWS)


if __name__ == "__main__":
    main()
