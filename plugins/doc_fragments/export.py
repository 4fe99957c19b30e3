# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A file for what was found."""

from __future__ import annotations


class ModuleDocFragment:
    """The options that EXPORT in module_utils/_argspec.py adds to those of the fragment dest, and what such a module returns of its file."""

    DOCUMENTATION = r"""
options:
  dest:
    description:
      - A file to put what was found into. Links are followed, missing directories are made, and the file is replaced as a whole or not at all.
      - It is written only if its contents would change. Without a store, which could be one that was named wrongly, the task fails, and the
        file stays as it is.
      - Or a C(http) or C(https) URL to put it to, since the files of a job go with it. WebDAV, presigned URLs of object stores and package registries take it.
        It is read first, and put there only if it would change; where it cannot be read, always. Redirects are refused.
      - For a URL, O(validate_certs), O(ca_path) (beside the system's authorities), O(netbox_timeout), O(netbox_connect_timeout), O(netbox_retries) and the
        proxies of the environment hold as for NetBox.
    type: str
  format:
    description:
      - How O(dest) is written. V(json) is the list that the module returns.
      - V(csv) has a header, a comma between two cells, and text in UTF-8 (RFC 4180). A field of a dictionary is a column of its own
        (C(node.node_name)); lists, C(state) and C(changes) are JSON in their cell. No value is an empty cell.
      - "So that no spreadsheet takes a text for a formula, an apostrophe is put before each C(=), C(+), C(-), C(@) or apostrophe with which a
        text begins, or which follows a comma, a semicolon, a bar, a tab, a line break or a double quote, and before spaces in between; likewise
        for the full-width forms of the four. A program that reads the file drops these apostrophes: each that stands in such a place."
    type: str
    choices: [json, csv]
    default: json
"""

    RETURN = r"""
url:
  description: The same, where it is a URL. Except in check mode, the next job of a workflow gets it as the artifact C(nodeflow_report_url).
  returned: if O(dest) is a URL
  type: str
  version_added: 1.0.0
ansible_stats:
  description: What this leaves for the next job, which Ansible takes as stats and AWX as artifacts; C(nodeflow_report_url).
  returned: success, if O(dest) is a URL, except in check mode
  type: dict
  version_added: 1.0.0
"""
