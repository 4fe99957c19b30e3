# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A file to write, here or at a URL."""

from __future__ import annotations


class ModuleDocFragment:
    """The options of the group DEST in module_utils/_argspec.py, but for O(dest), which each module says for itself."""

    DOCUMENTATION = r"""
options:
  dest_user:
    version_added: 1.0.0
    description:
      - The user to log in as where O(dest) is a URL, with O(dest_password).
      - If not set, the one in the URL, or the environment variable E(NODEFLOW_DEST_USER).
    type: str
  dest_password:
    version_added: 1.0.0
    description: The password, or a token that is used like one. If not set, the one in the URL, or the environment variable E(NODEFLOW_DEST_PASSWORD).
    type: str
  dest_token:
    version_added: 1.0.0
    description: A token that is sent as a bearer token, instead of a user. If not set, the environment variable E(NODEFLOW_DEST_TOKEN).
    type: str
  dest_query:
    version_added: 1.0.0
    description:
      - What follows the C(?) in the URL, such as the signature of a presigned one, which is a secret.
      - If not set, what O(dest) has there, or the environment variable E(NODEFLOW_DEST_QUERY).
    type: str
  mode:
    description:
      - The permissions of the file, like V('0640'), with the quotes. Not for a URL.
      - If not set, a new file gets V('0640'), and one that is there keeps what it has.
    type: raw
"""
