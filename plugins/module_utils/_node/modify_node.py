# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Change fields of an enrolled node, in the store and in NetBox. What is to be changed, the form puts into the state: ``subscription_form.py``."""

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

__all__ = ["MODIFY_NODE"]

MODIFY_NODE = Workflow(
    name="modify_node",
    version=1,
    target="MODIFY",
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
