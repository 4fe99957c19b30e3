# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lifecycle of a subscription: its states, and which may follow which."""

from __future__ import annotations

import enum

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import DomainError

__all__ = ["TRANSITIONS", "SubscriptionLifecycle", "check_transition"]


class SubscriptionLifecycle(str, enum.Enum):
    """The states of a subscription, named as the workflow orchestrator names them."""

    INITIAL = "initial"
    PROVISIONING = "provisioning"
    ACTIVE = "active"
    MIGRATING = "migrating"
    DISABLED = "disabled"
    TERMINATED = "terminated"

    def __str__(self) -> str:
        return self.value


_L = SubscriptionLifecycle

TRANSITIONS: dict[SubscriptionLifecycle, frozenset[SubscriptionLifecycle]] = {
    _L.INITIAL: frozenset({_L.PROVISIONING, _L.ACTIVE, _L.TERMINATED}),
    _L.PROVISIONING: frozenset({_L.ACTIVE, _L.TERMINATED}),
    _L.ACTIVE: frozenset({_L.PROVISIONING, _L.MIGRATING, _L.DISABLED, _L.TERMINATED}),
    _L.MIGRATING: frozenset({_L.ACTIVE, _L.DISABLED, _L.TERMINATED}),
    _L.DISABLED: frozenset({_L.ACTIVE, _L.TERMINATED}),
    _L.TERMINATED: frozenset(),
}


def check_transition(current: SubscriptionLifecycle, target: SubscriptionLifecycle) -> None:
    """Raise DomainError unless a subscription may go from ``current`` to ``target``. Staying is allowed."""
    if target is current or target in TRANSITIONS[current]:
        return
    allowed = ", ".join(sorted(state.value for state in TRANSITIONS[current])) or "nothing: it is final"
    raise DomainError(f"a subscription cannot go from {current} to {target}; from {current} it can go to {allowed}")
