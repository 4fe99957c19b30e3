#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: copy_store
short_description: Move a store to another place
version_added: 0.1.0
description:
  - Copies every subscription, process and line of the step log of O(store) to O(target), in one transaction, for example from an SQLite
    file to a PostgreSQL database that many machines share.
  - O(target) must be empty, or hold the very same, as after a run that was cut off; then nothing is copied, and O(store) is marked. Where it was marked
    before, nothing changes.
  - Marks O(store) as moved. It is refused from then on, so that nobody goes on with the old one and enrols a device twice.
  - Refuses while a run works on a process of O(store).
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
    support: full
  idempotent:
    support: full
options:
  target:
    description:
      - The store to copy to, a path or a database like O(store). Made if it is missing; a PostgreSQL database must exist. It must be named, here or by the
        environment variable.
      - If not set, the value of the environment variable E(NODEFLOW_TARGET_STORE) is used.
    type: str
  target_password:
    description:
      - The password of O(target).
      - If not set, the password in O(target) is used, else the value of the environment variable E(NODEFLOW_TARGET_STORE_PASSWORD); else as for
        O(store_password).
    type: str
"""

EXAMPLES = r"""
---
- name: Move the store to PostgreSQL
  nodeflow.orchestrator.copy_store:
    store: /var/lib/nodeflow/store.db
    target: postgresql://nodeflow@db.example.org/nodeflow
    target_password: "{{ vaulted_database_password }}"
"""

RETURN = r"""
---
rows:
  description: How many rows each table has.
  returned: success
  type: dict
  sample:
    subscriptions: 1200
    processes: 1207
    process_steps: 8460
msg:
  description: What was done; or why it was not.
  returned: always
  type: str
  sample: the store store.db in /var/lib/nodeflow was moved to the store nodeflow at db.example.org
"""

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._argspec import location
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.argspec import options
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._run import run_module
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._upkeep.copy_store import copy_store as execute

OPTIONS = options(location("target"))


def main() -> None:
    """Run as an ordinary module."""
    run_module(OPTIONS, execute)


if __name__ == "__main__":
    main()
