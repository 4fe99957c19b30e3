# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rows of a form, from which the next step begins processes."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.description import description
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.subscription import SubscriptionModel
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.rows import RUNNING, Row
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.state import State
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.step import Workflow

__all__ = ["to_change", "to_create"]


def to_create(row: Row, workflow: Workflow, subscription: SubscriptionModel, state: State) -> Row:
    """Return the row with a process to begin, of a subscription that is new.

    Args:
        row: The row, which has its ``label`` and ``run_id``.
        workflow: The workflow of the process.
        subscription: The subscription to store, in the lifecycle in which it begins. Its description is made, if it has none.
        state: What the process remembers from the start.
    """
    if not subscription.description:
        subscription = subscription.model_copy(update={"description": description(subscription)})
    return _planned(row, workflow, state, model=subscription.model_dump(mode="json"))


def to_change(row: Row, workflow: Workflow, subscription: SubscriptionModel, state: State) -> Row:
    """Return the row with a process to begin, of a subscription that exists. Should it be changed before the process is stored, the process will not
    begin.

    Args:
        row: The row, which has its ``label`` and ``run_id``.
        workflow: The workflow of the process.
        subscription: The subscription as it was read.
        state: What the process remembers from the start.
    """
    return _planned(row, workflow, state, subscription_id=str(subscription.subscription_id), version=subscription.version)


def _planned(row: Row, workflow: Workflow, state: State, **of_subscription: t.Any) -> Row:
    return dataclasses.replace(row, status=RUNNING, workflow=workflow.name, state=state.as_json(), **of_subscription)
