# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who is known to the stand-ins for AWX."""

from __future__ import annotations

import base64

__all__ = ["PASSWORD", "TOKEN", "USER", "is_known"]

TOKEN, USER, PASSWORD = "awx-token-of-the-tests", "admin", "awx-password-of-the-tests"


def is_known(authorization: str | None) -> bool:
    """Whether this header of a request has the token, or user and password."""
    return authorization in (f"Bearer {TOKEN}", "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode())
