# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option groups that only modules for nodes have, and the settings that a node adds to those of every product."""

from __future__ import annotations

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils import _argspec
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._argspec import CONFIRM, Spec, list_fallback

__all__ = ["CLAIM", "CONFIG", "MODEL", "NODES", "PROVIDE_CONFIG", "options"]

LOOPBACK: Spec = {
    "loopback_interface": {"type": "list", "elements": "str", "fallback": (list_fallback, ["NODEFLOW_LOOPBACK_INTERFACE"])},
}

NODES: Spec = {
    "nodes": {"type": "list", "elements": "dict", "required": True},
}

MODEL: Spec = {
    "required_families": {"type": "list", "elements": "str", "choices": ["ipv4", "ipv6"], "default": ["ipv4", "ipv6"]},
    "customer_id": {"type": "str", "default": "default"},
}

CLAIM: Spec = {
    "claim": {"type": "str", "choices": ["auto", "store", "netbox"], "default": "auto"},
}

PROVIDE_CONFIG: Spec = {
    **CONFIRM,
    "source": {"type": "str", "choices": ["templates", "netbox"], "default": "templates"},
}

CONFIG: Spec = {
    "confirm_config": PROVIDE_CONFIG["confirm"],
    "config_hash": PROVIDE_CONFIG["config_hash"],
    "node_config_dir": PROVIDE_CONFIG["config_dir"],
    "node_config_source": PROVIDE_CONFIG["source"],
    "node_config_templates": {"type": "list", "elements": "str", "default": []},
}
"""The options of the step provide_config_to_user under the names that they have in a playbook, to be checked before anything is done."""


def options(*groups: Spec) -> dict[str, t.Any]:
    """Return the same as the function of that name in ``_argspec``, with the settings of nodes. All modules of this collection take those, since they are one
    action group.
    """
    return _argspec.options(LOOPBACK, *groups)
