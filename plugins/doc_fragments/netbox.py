# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which NetBox, and how to reach it."""

from __future__ import annotations


class ModuleDocFragment:
    """The options of the group NETBOX in module_utils/_argspec.py."""

    DOCUMENTATION = r"""
options:
  netbox_url:
    description:
      - The URL of NetBox, with its base path if it has one, for example V(https://netbox.example.org) or V(https://example.org/netbox).
      - If not set, the value of the environment variable E(NETBOX_URL) is used, else that of E(NETBOX_API).
    type: str
  netbox_token:
    description:
      - An API token of NetBox, of version 1 or 2 (V(nbt_...)).
      - If not set, the value of the environment variable E(NETBOX_TOKEN) is used.
    type: str
  validate_certs:
    description:
      - Verify the TLS certificate of NetBox.
      - If not set, the value of the environment variable E(NETBOX_VALIDATE_CERTS) is used.
    type: bool
    default: true
  ca_path:
    description:
      - A file or directory with the certificates of the authorities to trust, in place of the system's.
      - If not set, the value of the environment variable E(NETBOX_CA_PATH) is used.
    type: path
  netbox_timeout:
    description:
      - How many seconds NetBox may take for an answer.
      - If not set, the value of the environment variable E(NETBOX_TIMEOUT) is used.
    type: int
    default: 60
notes:
  - NetBox 4.6 or newer is needed.
  - Every option of the NetBox group, and O(ignore:store), can be set once for all modules with C(module_defaults) and the action group
    C(group/nodeflow.orchestrator.all).
requirements:
  - pynetbox >= 7.4
"""
