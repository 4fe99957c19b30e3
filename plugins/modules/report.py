#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: report
short_description: Write what the store holds as one HTML file
version_added: 0.1.0
description:
  - "Writes a page for a browser: the subscriptions, to search, sort and filter; each process with its steps, first those that failed, are
    suspended or were interrupted, with the commands that continue them; what a validation found, where it is given; links to the devices in NetBox."
  - The page is one file and loads nothing. It can be put on a web server, sent by mail, or opened from a disk.
  - "It stays below 5 MB. Of more than about 5000 subscriptions and 2500 processes it has those that a person must continue, then those that run, then those
    that changed last. It says how many there are of each, also of those to continue that are not on it, and how to list the rest: with
    M(nodeflow.orchestrator.subscription_info) and M(nodeflow.orchestrator.process_info)."
  - Reads the store and nothing else; one of an older release is brought up to date. Never makes a store; without one it fails, so that an empty page does
    not replace a good one.
  - Whoever reads the page sees what the store holds, so the file is not for everybody; see O(mode).
author:
  - nodeflow.orchestrator contributors (@nodeflow)
extends_documentation_fragment:
  - nodeflow.orchestrator.attributes
  - nodeflow.orchestrator.netbox
  - nodeflow.orchestrator.store
  - nodeflow.orchestrator.process
  - nodeflow.orchestrator.loopback
  - nodeflow.orchestrator.dest
attributes:
  check_mode:
    support: full
  diff_mode:
    support: partial
    details: Compares how many subscriptions and processes have which status, not the pages.
  idempotent:
    support: partial
    details: A page that shows the same already stays as it is, with the moment at which it was written. At a URL that cannot be read, it is put each time.
options:
  dest:
    description:
      - The file to write. Links are followed, missing directories are made, and the file is replaced as a whole or not at all.
      - Or a C(http) or C(https) URL to put it to, since the files of a job go with it. WebDAV, presigned URLs of object stores and package registries take it.
        It is read first, and put there only if it would change; where it cannot be read, always. Redirects are refused.
      - For a URL, O(validate_certs), O(ca_path) (beside the system's authorities), O(netbox_timeout), O(netbox_connect_timeout), O(netbox_retries) and the
        proxies of the environment hold as for NetBox.
    type: str
    default: nodeflow-report.html
  findings:
    description:
      - What a validation found to differ between the store and NetBox, as it returns it. An empty list says that nothing differs; if not set,
        the page says that nothing was validated.
      - "Each is a dictionary with the texts C(device), C(problem) and C(message); and, where they are known, C(subscription_id), C(device_id) (an
        integer), and the two values that differ, C(store) and C(netbox). Other keys are not shown."
    type: list
    elements: dict
  validated_at:
    description: When O(findings) were found, in ISO 8601, for example V(2026-11-23T05:52:17Z); in UTC where it names no zone. Needs O(findings).
    type: str
"""

EXAMPLES = r"""
---
- name: Write the report
  nodeflow.orchestrator.report:
    dest: /var/www/html/nodeflow.html
    mode: '0644'

- name: Put it to a WebDAV server, from a job
  nodeflow.orchestrator.report:
    dest: https://files.example.org/reports/nodeflow.html
    dest_user: nodeflow
    dest_password: "{{ vault_files_password }}"

- name: Write it with what a validation found
  nodeflow.orchestrator.report:
    dest: /var/www/html/nodeflow.html
    findings:
      - subscription_id: 9b3c5a0e-1d56-4c39-a3c5-0f4a52a4f1d5
        device_id: 7
        device: loc1-core (loc1, 7)
        problem: status
        store: active
        netbox: offline
        message: loc1-core (loc1, 7) is offline in NetBox, and active here
    validated_at: '2026-11-23T05:52:17Z'
"""

RETURN = r"""
---
dest:
  description: The file, with links followed; or the URL, without a user, a password, and what follows a C(?).
  returned: success
  type: str
  sample: /var/www/html/nodeflow.html
url:
  description: The same, where it is a URL. Except in check mode, the next job of a workflow gets it as the artifact C(nodeflow_report_url).
  returned: success, if O(dest) is a URL
  type: str
  sample: https://files.example.org/nodeflow.html
  version_added: 1.0.0
ansible_stats:
  description: >-
    What this leaves for the next job, which Ansible takes as stats and AWX as artifacts; C(nodeflow_report_url), null where O(dest) is no URL, and in check
    mode.
  returned: success
  type: dict
  version_added: 1.0.0
counts:
  description: How many subscriptions and processes of the store have which status, and how many findings there are; null where none were given.
  returned: success
  type: dict
  sample:
    subscriptions:
      active: 4812
      provisioning: 3
    processes:
      completed: 4820
      failed: 1
      suspended: 2
    findings: null
msg:
  description: What was done.
  returned: always
  type: str
  sample: the report on 4815 subscriptions and 4823 processes was written to /var/www/html/nodeflow.html
"""

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._argspec import DEST
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node import view  # noqa: F401  # pylint: disable=unused-import  # registers what nodes show
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.argspec import options
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._reports.report import report as execute
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._run import run_module

OPTIONS = options(
    DEST,
    {
        "dest": {"type": "str", "default": "nodeflow-report.html"},
        "findings": {"type": "list", "elements": "dict"},
        "validated_at": {"type": "str"},
    }
)


def main() -> None:
    """Run as an ordinary module."""
    run_module(OPTIONS, execute)


if __name__ == "__main__":
    main()
