#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: reset
short_description: Empty a lab's store and set its devices back to planned
version_added: 0.1.0
description:
  - Sets every device of NetBox that the store has a subscription of, also a terminated one, back to C(planned), empties O(netbox_custom_field) of those that
    it sets back, and then empties the store. There is no way back.
  - Asks first, unless O(confirm) is given.
  - Refuses a NetBox that is no lab, which is one that has no tag C(nodeflow-lab), unless O(force) names it; and a store that belongs to another
    NetBox, even with O(netbox_moved).
  - Refuses while a run works on a process of the store, and a store with subscriptions of another collection that are not terminated.
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
    details: That O(netbox_custom_field) is emptied is not shown.
  idempotent:
    support: full
options:
  confirm:
    description: Go on without a question.
    type: bool
    default: false
  force:
    description: The URL of a NetBox that is to be reset although it is no lab.
    type: str
"""

EXAMPLES = r"""
---
- name: See what would be reset
  nodeflow.orchestrator.reset:
  check_mode: true

- name: Begin anew in the lab
  nodeflow.orchestrator.reset:
    confirm: true
"""

RETURN = r"""
---
devices:
  description: How many devices were set back to planned.
  returned: success, where there is a store
  type: int
  sample: 12
rows:
  description: How many rows each table had.
  returned: success, where there is a store
  type: dict
  sample:
    subscriptions: 12
    processes: 14
    process_steps: 84
msg:
  description: What was done; or why it was not.
  returned: always
  type: str
  sample: there is no store, so there is nothing to reset
"""

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.argspec import options
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.reset import reset as execute
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._run import run_module

OPTIONS = options({"confirm": {"type": "bool", "default": False}, "force": {"type": "str"}})


def main() -> None:
    """Run as an ordinary module."""
    run_module(OPTIONS, execute)


if __name__ == "__main__":
    main()
