# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a subscription is called in lists and logs."""

from __future__ import annotations

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.dispatch import single_dispatch
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.subscription import SubscriptionModel

__all__ = ["description"]


@single_dispatch
def description(subscription: SubscriptionModel) -> str:
    """Return one line about ``subscription``, e.g. "Circuit AMS-1". Dispatches on its type; each product registers its own."""
    raise NotImplementedError
