#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: store_process_subscription
short_description: Save subscription and process, and claim the device
version_added: 0.1.0
description:
  - The third step of create_node. Saves a subscription and its process for each node, in one transaction, not in sync yet.
  - One subscription has the claim of a device in the store, however many runs start at once. A run that comes second ends well,
    and says who was first.
  - Of a node that is enrolled already, locks the subscription, which is not in sync from then on, and saves the process that changes it, in one
    transaction. A subscription that a process works on, or that was changed since it was chosen, fails. So does one that is to be terminated and that
    another one uses.
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
  claim:
    description:
      - Who decides which of several runs gets a device.
      - V(store) is the key of the store's claims alone. That is enough where all runs share one store.
      - V(netbox) also sets the device from planned to staged in NetBox, on condition that nobody touched it since it was listed;
        before NetBox 4.6, the change log tells afterwards whose claim came first.
      - V(auto) is V(store) with a database that runs can share, and V(netbox) with an SQLite file.
    type: str
    choices: [auto, store, netbox]
    default: auto
"""

EXAMPLES = r"""
---
- name: Store process and subscription (store_process_subscription)
  nodeflow.orchestrator.store_process_subscription:
    nodes: "{{ enrolment.nodes }}"
  register: enrolment
"""

RETURN = r"""
extends_documentation_fragment: [nodeflow.orchestrator.nodes]
"""

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.argspec import CLAIM, NODES, options
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import NODE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.workflows import store_process_subscription as execute
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._run import run_module

ROWS = NODE
OPTIONS = options(NODES, CLAIM)


def main() -> None:
    """Run as an ordinary module."""
    run_module(OPTIONS, execute, ROWS)


if __name__ == "__main__":
    main()
