# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option groups that modules share. Each is a value; ``options`` merges them.

The documentation of each group is the doc fragment of the same name.
"""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import env_fallback

__all__ = ["EXPORT", "NODES", "PROCESSES", "options"]

_Spec = dict[str, dict[str, t.Any]]

NETBOX: _Spec = {
    "netbox_url": {"type": "str", "fallback": (env_fallback, ["NETBOX_URL", "NETBOX_API"])},
    "netbox_token": {"type": "str", "no_log": True, "fallback": (env_fallback, ["NETBOX_TOKEN"])},
    "validate_certs": {"type": "bool", "default": True, "fallback": (env_fallback, ["NETBOX_VALIDATE_CERTS"])},
    "ca_path": {"type": "path", "fallback": (env_fallback, ["NETBOX_CA_PATH"])},
    "netbox_timeout": {"type": "int", "default": 60, "fallback": (env_fallback, ["NETBOX_TIMEOUT"])},
    "netbox_connect_timeout": {"type": "int", "default": 10, "fallback": (env_fallback, ["NETBOX_CONNECT_TIMEOUT"])},
    "netbox_retries": {"type": "int", "default": 5, "fallback": (env_fallback, ["NETBOX_RETRIES"])},
    "netbox_batch_size": {"type": "int", "default": 100, "fallback": (env_fallback, ["NETBOX_BATCH_SIZE"])},
    "netbox_parallel": {"type": "int", "default": 2, "fallback": (env_fallback, ["NETBOX_PARALLEL"])},
}

STORE: _Spec = {
    "store": {"type": "str", "no_log": True, "fallback": (env_fallback, ["NODEFLOW_STORE"])},
}

PROCESS: _Spec = {
    "actor": {"type": "str", "fallback": (env_fallback, ["NODEFLOW_ACTOR"])},
    "lease_minutes": {"type": "int", "default": 15, "fallback": (env_fallback, ["NODEFLOW_LEASE_MINUTES"])},
    "netbox_moved": {"type": "bool", "default": False, "fallback": (env_fallback, ["NODEFLOW_NETBOX_MOVED"])},
    "netbox_journal": {"type": "bool", "default": False, "fallback": (env_fallback, ["NODEFLOW_NETBOX_JOURNAL"])},
    "netbox_custom_field": {"type": "str", "fallback": (env_fallback, ["NODEFLOW_NETBOX_CUSTOM_FIELD"])},
}

PROCESSES: _Spec = {
    "process_ids": {"type": "list", "elements": "str"},
    "process_status": {"type": "list", "elements": "str", "choices": ["failed", "interrupted", "suspended"]},
    "run_id": {"type": "str"},
    "take_over": {"type": "bool", "default": False},
}

NODES: _Spec = {
    "nodes": {"type": "list", "elements": "dict", "required": True},
}

EXPORT: _Spec = {
    "dest": {"type": "path"},
    "format": {"type": "str", "choices": ["json", "csv"], "default": "json"},
    "mode": {"type": "raw"},
}


def options(*groups: _Spec) -> dict[str, t.Any]:
    """The keyword arguments of AnsibleModule for a module that takes these groups of options, and the settings.

    Every module takes every setting, needed or not, so that ``module_defaults`` can give them to the whole action group.
    """
    spec: _Spec = {}
    for group in (NETBOX, STORE, PROCESS, *groups):
        spec.update(group)
    return {"argument_spec": spec, "supports_check_mode": True}
