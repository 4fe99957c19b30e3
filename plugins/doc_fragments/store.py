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
      - "The store of subscriptions and processes: the path of an SQLite file, or a PostgreSQL database, as in
        C(postgresql://USER@HOST:PORT/DATABASE) or C(host=HOST dbname=DATABASE user=USER)."
      - If not set, the value of the environment variable E(NODEFLOW_STORE) is used, else the file C(nodeflow/store.db) in the user's state
        directory, E(XDG_STATE_HOME) or C(~/.local/state). In a job or a container, where that file would be lost, the store must be named.
      - A store of an older release is brought up to date by the first module that opens it outside check mode, also by one that otherwise writes nothing. In
        check mode it is refused.
    type: str
  store_password:
    description:
      - The password of a PostgreSQL store.
      - If not set, the password in O(store) is used, else the value of the environment variable E(NODEFLOW_STORE_PASSWORD), which also counts
        before a password in E(NODEFLOW_STORE); else what libpq finds itself, in E(PGPASSWORD), C(~/.pgpass) or a service file.
    type: str
requirements:
  - pydantic >= 2.8
  - SQLAlchemy >= 2.0.31
  - psycopg >= 3.2, for a PostgreSQL store
"""
