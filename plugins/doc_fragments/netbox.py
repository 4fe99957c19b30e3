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
      - It must be where NetBox answers, without a user and a password. Redirects are not followed.
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
      - A file or directory with the certificates of the authorities to trust, instead of the system's.
      - If not set, the value of the environment variable E(NETBOX_CA_PATH) is used.
      - Without it, E(REQUESTS_CA_BUNDLE), else E(CURL_CA_BUNDLE), names the authorities to trust instead of the system's; E(SSL_CERT_FILE) and
        E(SSL_CERT_DIR) say where the system's are.
    type: path
  netbox_timeout:
    description:
      - How many seconds NetBox may take for an answer, from V(1) to V(86400).
      - If not set, the value of the environment variable E(NETBOX_TIMEOUT) is used.
    type: int
    default: 60
  netbox_connect_timeout:
    description:
      - How many seconds a connection to NetBox may take to open, from V(1) to V(86400).
      - If not set, the value of the environment variable E(NETBOX_CONNECT_TIMEOUT) is used.
    type: int
    default: 10
  netbox_retries:
    description:
      - How often a request is tried again that NetBox, or a proxy in front of it, was too busy or too broken to answer, with growing waits in
        between; from V(0) to V(100). After a write whose answer was lost, NetBox is read first.
      - If not set, the value of the environment variable E(NETBOX_RETRIES) is used.
    type: int
    default: 5
  netbox_batch_size:
    description:
      - How many devices one request changes at most, from V(1) to V(150).
      - If not set, the value of the environment variable E(NETBOX_BATCH_SIZE) is used.
    type: int
    default: 100
  netbox_parallel:
    description:
      - How many requests are made at a time, from V(1) to V(16), where a step takes several.
      - If not set, the value of the environment variable E(NETBOX_PARALLEL) is used.
    type: int
    default: 2
notes:
  - NetBox 4.4 or newer is needed. Before 4.6, NetBox cannot refuse a write to a device that changed meanwhile, so devices are written one at a time,
    a claim needs the permission C(core.view_objectchange), and a short window remains.
  - All of these settings, and those of the store and of processes, can be set once for all modules with C(module_defaults) and the action group
    C(group/nodeflow.orchestrator.all). For that, each module takes all of them, and ignores those that it has no use for.
requirements:
  - python >= 3.12
  - pynetbox >= 7.4
  - urllib3 >= 2
  - PySocks, for a SOCKS proxy
"""
