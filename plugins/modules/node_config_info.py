#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: node_config_info
short_description: Give config templates what they need to know of each node
version_added: 1.0.0
description:
  - Return one dictionary for each node whose config is to be rendered. Reads the store and writes nothing.
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
"""

EXAMPLES = r"""
---
- name: Read what the templates need
  nodeflow.orchestrator.node_config_info:
    nodes: "{{ enrolment.nodes }}"
  register: info
"""

RETURN = r"""
---
node_configs:
  description: >-
    What the templates know as C(node), one for each node that is at the step provide_config_to_user or repeats it. Where they are many (some 120),
    the result has short ones, with C(process_id), C(device_id) and C(removal), and the lookup P(nodeflow.orchestrator.node_configs#lookup) takes the
    whole ones.
  returned: success
  type: list
  elements: dict
  sample:
    - process_id: 6f0c1f5e-8d5b-4a39-9be4-8f4a52a4f1d5
      removal: false
      subscription_id: 9b3c5a0e-1d56-4c39-a3c5-0f4a52a4f1d5
      device_id: 7
      name: loc1-core
      description: Node loc1-core
      site: loc1
      role: core
      platform: cisco_ios
      ipv4:
        interface_name: Loopback0
        is_loopback: true
        interface: 10.0.0.1/32
        address: 10.0.0.1
        prefix_length: 32
        netmask: 255.255.255.255
        hostmask: 0.0.0.0
        network: 10.0.0.1/32
      ipv6: null
nodes:
  description: Where the task failed, the nodes whose processes were released as failed, and the others, as M(nodeflow.orchestrator.done) has them.
  returned: failure, if this run held processes
  type: list
  elements: dict
ansible_stats:
  description: What this leaves for the next job, as that of M(nodeflow.orchestrator.done).
  returned: failure
  type: dict
msg:
  description: Why the task failed.
  returned: failure
  type: str
"""

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.argspec import NODES, options
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import NODE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.node_config_info import node_config_info as execute
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._run import run_module

ROWS = NODE
HANDED_OVER = ("node_configs",)
OPTIONS = options(NODES)


def main() -> None:
    """Run as an ordinary module."""
    run_module(OPTIONS, execute, ROWS)


if __name__ == "__main__":
    main()
