# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the loopbacks of nodes are."""

from __future__ import annotations


class ModuleDocFragment:
    """The option of the group LOOPBACK in module_utils/_node/argspec.py."""

    DOCUMENTATION = r"""
options:
  loopback_interface:
    description:
      - "Where the loopbacks are: names or shell patterns of interfaces of the device in NetBox, the preferred one first, for example
        C([Loopback0, 'lo*', system]). Upper and lower case count."
      - In each address family, the first entry that matches an interface with an address decides. Of several addresses, the primary one is taken,
        else the only one that is neither secondary nor shared; else the node fails, and the message names them.
      - The token needs the permission C(ipam.view_ipaddress).
      - If not set, the value of the environment variable E(NODEFLOW_LOOPBACK_INTERFACE) is used, with commas between the entries; else, where a
        process is continued, what it was begun with; else the loopbacks are the primary addresses.
    type: list
    elements: str
"""
