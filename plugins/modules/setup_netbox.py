#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: setup_netbox
short_description: Make the custom field in NetBox that leads from a device to its subscription
version_added: 0.1.0
description:
  - Makes the custom field that O(netbox_custom_field) names, for devices, as text that is shown where it is set and that nobody edits in NetBox's
    pages; and with O(report_url) a custom link on the device's page. The name must be given; it has letters, digits and single underscores.
  - The token needs the permissions C(extras.view_customfield), C(extras.add_customfield), C(extras.change_customfield), and with
    O(report_url) the same for C(customlink).
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
  report_url:
    description: Where the page of M(nodeflow.orchestrator.report) is served. The link goes there, with the subscription's id behind a C(#).
    type: str
"""

EXAMPLES = r"""
---
- name: Make the custom field and the link
  nodeflow.orchestrator.setup_netbox:
    netbox_custom_field: nodeflow_subscription
    report_url: https://reports.example.org/nodeflow.html
"""

RETURN = r"""
---
msg:
  description: What was done; or why it was not.
  returned: always
  type: str
  sample: custom field nodeflow_subscription was set up
"""

import functools

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.argspec import options
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.device import DEVICE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._run import run_module
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._upkeep.setup_netbox import setup_netbox

execute = functools.partial(setup_netbox, object_type=DEVICE)
OPTIONS = options({"report_url": {"type": "str"}})


def main() -> None:
    """Run as an ordinary module."""
    run_module(OPTIONS, execute)


if __name__ == "__main__":
    main()
