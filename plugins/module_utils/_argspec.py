# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option groups that modules share. Each is a value; ``options`` merges them.

The documentation of each group is the doc fragment of the same name.
"""

from __future__ import annotations

import os
import typing as t

from ansible.module_utils.basic import AnsibleFallbackNotFound, env_fallback

from ansible_collections.nodeflow.orchestrator.plugins.module_utils.store.location import ENVIRONMENT, shown_location

__all__ = ["EXPORT", "NODES", "PROCESSES", "location", "options"]

_Spec = dict[str, dict[str, t.Any]]


def _shown_fallback(variable: str) -> str:
    """The location in an environment variable, without the password; find_location reads that where it is needed."""
    given = os.environ.get(variable, "").strip()
    if not given:
        raise AnsibleFallbackNotFound
    return shown_location(given)


def location(name: str) -> _Spec:
    """The option ``name`` for where a store is, and the one for its password. A path is no secret, so the first has no ``no_log``."""
    variable = ENVIRONMENT[name]
    return {
        name: {"type": "str", "fallback": (_shown_fallback, [variable])},
        name + "_password": {"type": "str", "no_log": True, "fallback": (env_fallback, [variable + "_PASSWORD"])},
    }


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

STORE: _Spec = location("store")

PROCESS: _Spec = {
    "actor": {"type": "str", "fallback": (env_fallback, ["NODEFLOW_ACTOR"])},
    "lease_minutes": {"type": "int", "default": 15, "fallback": (env_fallback, ["NODEFLOW_LEASE_MINUTES"])},
    "netbox_moved": {"type": "bool", "default": False, "fallback": (env_fallback, ["NODEFLOW_NETBOX_MOVED"])},
    "netbox_journal": {"type": "bool", "default": False, "fallback": (env_fallback, ["NODEFLOW_NETBOX_JOURNAL"])},
    "netbox_custom_field": {"type": "str", "fallback": (env_fallback, ["NODEFLOW_NETBOX_CUSTOM_FIELD"])},
    "loopback_interface": {"type": "list", "elements": "str", "fallback": (env_fallback, ["NODEFLOW_LOOPBACK_INTERFACE"])},
}

PROCESSES: _Spec = {
    "process_ids": {"type": "list", "elements": "str"},
    "process_status": {"type": "list", "elements": "str", "choices": ["failed", "interrupted", "suspended"]},
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
