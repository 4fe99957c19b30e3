#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: construct_node_model
short_description: Build the model of each chosen node
version_added: 0.1.0
description:
  - The second step of create_node. Builds a C(NodeInactive) in the lifecycle initial from the id, name and status of each device, with its
    description.
  - A device without a name, or without an address of a family that is required, fails here, before anything is saved. The others go on.
  - Writes nothing.
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
    support: none
  idempotent:
    support: full
options:
  required_families:
    description:
      - The address families of which a node must have a primary address in NetBox, checked before anything is saved.
      - An empty list asks for none.
    type: list
    elements: str
    choices: [ipv4, ipv6]
    default: [ipv4, ipv6]
  customer_id:
    description: The customer that the subscription belongs to.
    type: str
    default: default
"""

EXAMPLES = r"""
---
- name: Construct the node model (construct_node_model)
  nodeflow.orchestrator.construct_node_model:
    nodes: "{{ enrolment.nodes }}"
    required_families: [ipv4]
  register: enrolment
"""

RETURN = r"""
extends_documentation_fragment: [nodeflow.orchestrator.nodes]
"""

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.argspec import MODEL, NODES, options
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.construct import construct_node_model as execute
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import NODE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._run import run_module

ROWS = NODE
OPTIONS = options(NODES, MODEL)


def main() -> None:
    """Run as an ordinary module."""
    run_module(OPTIONS, execute, ROWS)


if __name__ == "__main__":
    main()
