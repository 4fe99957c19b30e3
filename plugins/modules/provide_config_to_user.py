#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: provide_config_to_user
short_description: Show each config and have it confirmed
version_added: 0.1.0
description:
  - Shows all configs, saves each to a file where O(config_dir) is set, and waits until they are confirmed, at the prompt or by
    O(confirm). Without a confirmation the process is suspended, and the play ends well.
  - Configs that are the same but for what is each node's own, such as its name, addresses and ids, are shown once, with the list of their nodes. One
    that differs from all others is shown alone, and comes first.
  - What is confirmed is the hash of the config and of what NetBox will be told. If either has changed when the process is resumed, the config
    is shown and must be confirmed again.
  - The role P(nodeflow.orchestrator.provide_config#role) renders the configs and calls this module.
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
    support: partial
    details: Files in O(config_dir) and entries of NetBox's journal are not shown.
  idempotent:
    support: full
options:
  configs:
    description:
      - The configs, as the lookup P(nodeflow.orchestrator.node_configs#lookup) renders them.
      - With O(source=netbox), needed only for nodes that are taken out of service, of which NetBox renders none.
    type: list
    elements: dict
    default: []
    suboptions:
      process_id:
        description: The process that the config is for.
        type: str
        required: true
      template:
        description: The template that it was rendered from.
        type: str
      config:
        description: The config.
        type: str
      error:
        description: Why there is no config. The node fails with it.
        type: str
  confirm:
    description:
      - The configs are in place. Confirms, without a question, each that was not shown before, or is the same as when it was shown.
      - Of one that has changed since, a person at the terminal is asked; where there is none, its process is suspended again. O(four_eyes) and O(approvers)
        hold all the same.
    type: bool
    default: false
  config_hash:
    version_added: 1.0.0
    description:
      - The hash that was shown with the configs that were approved, RV(config_hash). O(confirm=true) then confirms those configs alone that were shown
        with it and are the same still; any other is asked for at a terminal, and suspended again where nobody is there.
      - Without O(confirm=true) it confirms nothing.
    type: str
  config_dir:
    description: Save each config to a file in this directory, on the machine where the task runs. The directory is made.
    type: path
  source:
    description: Where the configs come from, O(configs) or NetBox's own C(render-config), with one request for each node.
    type: str
    choices: [templates, netbox]
    default: templates
"""

EXAMPLES = r"""
---
- name: Give the configs to the user (provide_config_to_user)
  nodeflow.orchestrator.provide_config_to_user:
    nodes: "{{ enrolment.nodes }}"
    source: netbox
    confirm: true
    config_dir: ~/configs
  register: enrolment

- name: Confirm what was approved and nothing else (provide_config_to_user)
  nodeflow.orchestrator.provide_config_to_user:
    nodes: "{{ enrolment.nodes }}"
    source: netbox
    confirm: true
    config_hash: 30f41443601e26838af5a370cdf8df1824d3c86a0e468ad21e94534290c33359
  register: enrolment
"""

RETURN = r"""
config_hash:
  description: >-
    SHA-256 over the configs that this step showed as to be confirmed, with the ids of their processes; null where none of them waits after it.
  returned: success, or where nodes failed
  type: str
  sample: 30f41443601e26838af5a370cdf8df1824d3c86a0e468ad21e94534290c33359
extends_documentation_fragment: [nodeflow.orchestrator.nodes]
"""

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.argspec import NODES, PROVIDE_CONFIG, options
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import NODE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.workflows import node_step
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._run import run_module
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

ROWS = NODE
SHOWN_ELSEWHERE = " A config can be read where node_config_dir saves it."
OPTIONS = options(
    NODES,
    {
        "configs": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {
                "process_id": {"type": "str", "required": True},
                "template": {"type": "str"},
                "config": {"type": "str"},
                "error": {"type": "str"},
            },
        },
    },
    PROVIDE_CONFIG,
)


def execute(task: Task) -> dict[str, t.Any]:
    """Do the step provide_config_to_user for the nodes that are at it."""
    return {"config_hash": None} | node_step(task, "provide_config_to_user")


def main() -> None:
    """Run as an ordinary module."""
    run_module(OPTIONS, execute, ROWS)


if __name__ == "__main__":
    main()
