# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Repair what a validation finds to differ. What is to be repaired, and how, the form puts into the state: ``reconcile_form.py``."""

from __future__ import annotations

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.abort_change import abort_change
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.change_steps import (
    DONE,
    FETCH_IP_ADDRESS_INFORMATION,
    MODIFY_SUBSCRIPTION,
    STORE_PROCESS_SUBSCRIPTION,
    UPDATE_NODE_IN_NETBOX,
)
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import NodeInactive
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.state import ChangeState, named
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.step import Workflow

__all__ = ["RECONCILE_NODE"]

RECONCILE_NODE = Workflow(
    name="reconcile_node",
    version=1,
    target="RECONCILE",
    steps=(
        STORE_PROCESS_SUBSCRIPTION,
        FETCH_IP_ADDRESS_INFORMATION,
        MODIFY_SUBSCRIPTION,
        UPDATE_NODE_IN_NETBOX,
        DONE,
    ),
    final="modify_subscription",
    state=ChangeState,
    about=NodeInactive,
    abort=abort_change,
    named=named,
)
