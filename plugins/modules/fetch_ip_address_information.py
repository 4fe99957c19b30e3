#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: fetch_ip_address_information
short_description: Read the addresses of each node's loopback from NetBox
version_added: 0.1.0
description:
  - Puts the device's name and the IPv4 and IPv6 addresses of its loopback onto the subscription, which are the primary ones unless
    O(loopback_interface) says otherwise. An address is an interface and keeps its mask.
  - Where a config follows, also reads the name of their interface, and warns of a primary address on an interface that is no loopback. A token without
    the permission C(ipam.view_ipaddress) gets a warning instead.
  - Of a node that is enrolled already, remembers the device as it is now; name and addresses change only where the process is to refresh them.
  - A resumed process reads them again, unless NetBox was written already.
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
- name: Fetch the IP addresses (fetch_ip_address_information)
  nodeflow.orchestrator.fetch_ip_address_information:
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
    """Do the step fetch_ip_address_information for the nodes that are at it."""
    return node_step(task, "fetch_ip_address_information")


def main() -> None:
    """Run as an ordinary module."""
    run_module(OPTIONS, execute, ROWS)


if __name__ == "__main__":
    main()
