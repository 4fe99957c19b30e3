# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's own tests run on a lab of their own."""

from __future__ import annotations

import pytest
from lab_under_test import Lab


@pytest.fixture(scope="session")
def lab():
    owned = Lab()
    try:
        owned("up")
        owned("reset")
        yield owned
    finally:
        owned("down")
