# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the tests run in full, for hours, or in the bounded form of ``make test``."""

from __future__ import annotations

import os

SOAK = bool(os.environ.get("NODEFLOW_SOAK"))
