# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""NetBox's statuses of a device, and what they mean for its node."""

from __future__ import annotations

__all__ = ["ACTIVE", "CLAIMED", "ENDED", "FREE", "NOT_IN_SERVICE", "RETIRED"]

FREE, CLAIMED, ACTIVE = "planned", "staged", "active"
"""Before the claim, after it, and once the node is in service."""

RETIRED = ("inventory", "decommissioning")
"""By these somebody says that a device left service. Only a person knows whether its subscription is to end."""

NOT_IN_SERVICE = (FREE, CLAIMED, *RETIRED)
"""Those that contradict a node in service. Whoever wants one of them terminates the node."""

ENDED = ("offline", "decommissioning", FREE)
"""What a device can be once its subscription is terminated, the first where nothing is said."""
