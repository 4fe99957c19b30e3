# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which store."""

from __future__ import annotations


class ModuleDocFragment:
    """The options of the group STORE in module_utils/_argspec.py."""

    DOCUMENTATION = r"""
options:
  store:
    description:
      - "The store of subscriptions and processes: the path of an SQLite file, or the URL of a PostgreSQL database,
        C(postgresql://USER:PASSWORD@HOST:PORT/DATABASE)."
      - If not set, the value of the environment variable E(NODEFLOW_STORE) is used, else the file C(nodeflow/store.db) in the user's state
        directory, E(XDG_STATE_HOME) or C(~/.local/state).
    type: str
requirements:
  - pydantic >= 2.7
  - SQLAlchemy >= 2.0.30
"""
