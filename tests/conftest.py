# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All tests import the collection, and run its playbooks, from this checkout, with the programs of this Python's environment."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))

from make_venv import link_collection  # noqa: E402  # pylint: disable=wrong-import-position

COLLECTIONS = str(link_collection())

sys.path.insert(0, COLLECTIONS)
for name in [name for name in os.environ if name.startswith("ANSIBLE_")]:
    del os.environ[name]  # a developer's own settings
os.environ["ANSIBLE_COLLECTIONS_PATH"] = COLLECTIONS
os.environ["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", os.defpath)])
