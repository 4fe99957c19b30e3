#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: update_node_in_netbox
short_description: Write each node to NetBox
version_added: 0.1.0
description:
  - Builds the payload of each node, of the fields that its workflow is to write, and writes those that differ, in bulk. NetBox 4.6 or newer
    refuses if somebody changed a device meanwhile; then it is read and compared again, so that the other edit survives. An older one is written one device
    at a time, each read right before.
  - A device of which somebody else has changed a field that is to be written, such as its status, is a conflict, and fails with it.
  - Sets O(netbox_custom_field) too, and empties it where the subscription ends.
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
- name: Update the node in NetBox (update_node_in_netbox)
  nodeflow.orchestrator.update_node_in_netbox:
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
    """Do the step update_node_in_netbox for the nodes that are at it."""
    return node_step(task, "update_node_in_netbox")


def main() -> None:
    """Run as an ordinary module."""
    run_module(OPTIONS, execute, ROWS)


if __name__ == "__main__":
    main()
