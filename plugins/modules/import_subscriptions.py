#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: import_subscriptions
short_description: Bring subscriptions in from an orchestrator's database or from another store
version_added: 0.1.0
description:
  - Reads the subscriptions of a product, with their processes and step logs, from the PostgreSQL database of an orchestrator-core, or from another store of
    this collection, and saves them in O(store) in one transaction.
  - Nothing is written to an orchestrator's database. A store of which everything was brought in is marked as moved, as M(nodeflow.orchestrator.copy_store)
    does, and refused from then on, so that no two stores go on with the same nodes. While a subscription stays behind, it is not marked, and the
    output says why. A store with subscriptions of another product is refused, since they could not come along; M(nodeflow.orchestrator.copy_store)
    copies it whole.
  - The databases of older releases of orchestrator-core are read as they are. What they do not have yet has a default.
  - Ids, dates, customers, notes and descriptions are kept. Of each device, one subscription stays as it is, the oldest active one, or the one
    that O(store) has already. The others come in as terminated, with a line in their note that names it; so do those that were never active.
  - What cannot be brought in is listed with the reason. What is there already is left alone, so that a second import changes nothing.
  - NetBox is neither read nor written. O(netbox_url) must be set all the same, unless O(store) or the store that is read belongs to a NetBox already; it says
    whose ids they are. Run reconcile_nodes afterwards, first in check mode. It sets devices that are planned or staged to active. Of
    whatever else differs, NetBox's value counts, unless its variable C(wins) says that the store's does.
author:
  - nodeflow.orchestrator contributors (@nodeflow)
extends_documentation_fragment:
  - nodeflow.orchestrator.attributes
  - nodeflow.orchestrator.netbox
  - nodeflow.orchestrator.store
  - nodeflow.orchestrator.process
  - nodeflow.orchestrator.loopback
attributes:
  check_mode:
    support: full
  diff_mode:
    support: partial
    details: Says how many subscriptions come in as what; that O(source) is marked as moved is not shown.
  idempotent:
    support: full
options:
  source:
    description:
      - The database or store to read, a path or a database like O(store). It must be named, here or by the environment variable.
      - If not set, the value of the environment variable E(NODEFLOW_IMPORT_SOURCE) is used.
    type: str
  source_password:
    description:
      - The password of O(source).
      - If not set, the password in O(source) is used, else the value of the environment variable E(NODEFLOW_IMPORT_SOURCE_PASSWORD); else as for
        O(store_password).
    type: str
  product:
    description: The product whose subscriptions are nodes, by its name where they come from.
    type: str
    default: Node
"""

EXAMPLES = r"""
---
- name: See what an import would bring
  nodeflow.orchestrator.import_subscriptions:
    source: "{{ vaulted_orchestrator_database }}"
    netbox_url: https://netbox.example.org
  check_mode: true

- name: Bring the nodes of a file in
  nodeflow.orchestrator.import_subscriptions:
    source: /var/lib/nodeflow/other.db
"""

RETURN = r"""
---
imported:
  description: >-
    How many subscriptions came in C(live) and C(terminated), and how many were C(known), in the store already.
  returned: success
  type: dict
  sample:
    live: 271
    terminated: 1763
    known: 0
source_moved:
  description: Whether the store that was read was marked as moved by this run; in check mode, whether it would be.
  returned: success
  type: bool
  sample: false
refused:
  description: The subscriptions that cannot be brought in.
  returned: success
  type: list
  elements: dict
  sample:
    - subscription_id: 9b3c5a0e-1d56-4c39-a3c5-0f4a52a4f1d5
      reason: its block has no node_id that is a number, so it points to no device
msg:
  description: The summary; or, of a task that failed, the reason.
  returned: always
  type: str
  sample: '2034 subscriptions imported: 271 live, 1763 terminated; 0 were here already, 0 cannot be imported'
"""

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._argspec import location
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.argspec import options
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.import_subscriptions import import_subscriptions as execute
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._run import run_module

OPTIONS = options(location("source"), {"product": {"type": "str", "default": "Node"}})


def main() -> None:
    """Run as an ordinary module."""
    run_module(OPTIONS, execute)


if __name__ == "__main__":
    main()
