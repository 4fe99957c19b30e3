#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: set_status
short_description: Move subscriptions to a lifecycle
version_added: 0.1.0
description:
  - Validates each subscription as the type of its new lifecycle. One that lacks a field which that type needs fails, and all such fields are
    named.
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
options:
  lifecycle:
    description: The lifecycle to move to.
    type: str
    choices: [provisioning]
    required: true
"""

EXAMPLES = r"""
---
- name: Set the subscription to provisioning (set_status)
  nodeflow.orchestrator.set_status:
    nodes: "{{ enrolment.nodes }}"
    lifecycle: provisioning
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
OPTIONS = options(
    NODES,
    {
        "lifecycle": {"type": "str", "choices": ["provisioning"], "required": True},
    },
)


def execute(task: Task) -> dict[str, t.Any]:
    """Do the step set_status of create_node for the nodes that are at it."""
    return node_step(task, "set_status")


def main() -> None:
    """Run as an ordinary module."""
    run_module(OPTIONS, execute, ROWS)


if __name__ == "__main__":
    main()
