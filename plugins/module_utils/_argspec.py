# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option groups that the modules of all products share. Each is a value; ``options`` merges them, with those of a product.

The documentation of each group is the doc fragment of the same name. Here is also what "not given" means, for every option: see ``given``.
"""

from __future__ import annotations

import json
import os
import typing as t

from ansible.module_utils.errors import AnsibleFallbackNotFound

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.subject import Subject
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.location import ENVIRONMENT, shown_location

__all__ = ["CONFIRM", "DEST", "EXPORT", "PROCESSES", "Spec", "env_fallback", "given", "list_fallback", "location", "options", "rows_option"]

Spec = dict[str, dict[str, t.Any]]


def env_fallback(*names: str) -> str:
    """Return the value of the first environment variable that holds one. Raise AnsibleFallbackNotFound where none does.

    An empty variable is one that is not set: job runners inject those.
    """
    for name in names:
        if os.environ.get(name, "").strip():
            return os.environ[name]
    raise AnsibleFallbackNotFound


def list_fallback(*names: str) -> list[str]:
    """Return the same for an option that takes a list: what stands between the commas, without the spaces around it."""
    return [part.strip() for part in env_fallback(*names).split(",") if part.strip()]


def _shown_fallback(variable: str) -> str:
    """Return the location in an environment variable, without the password; find_location reads that where it is needed."""
    return shown_location(env_fallback(variable))


def location(name: str) -> Spec:
    """Return the option ``name`` for where a store is, and the one for its password. A path is no secret, so the first has no ``no_log``."""
    variable = ENVIRONMENT[name]
    return {
        name: {"type": "str", "fallback": (_shown_fallback, [variable])},
        name + "_password": {"type": "str", "no_log": True, "fallback": (env_fallback, [variable + "_PASSWORD"])},
    }


NETBOX: Spec = {
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

STORE: Spec = location("store")

PROCESS: Spec = {
    "actor": {"type": "str", "fallback": (env_fallback, ["NODEFLOW_ACTOR"])},
    "lease_minutes": {"type": "int", "default": 15, "fallback": (env_fallback, ["NODEFLOW_LEASE_MINUTES"])},
    "four_eyes": {"type": "bool", "default": False, "fallback": (env_fallback, ["NODEFLOW_FOUR_EYES"])},
    "approvers": {"type": "list", "elements": "str", "fallback": (list_fallback, ["NODEFLOW_APPROVERS"])},
    "netbox_moved": {"type": "bool", "default": False, "fallback": (env_fallback, ["NODEFLOW_NETBOX_MOVED"])},
    "netbox_journal": {"type": "bool", "default": False, "fallback": (env_fallback, ["NODEFLOW_NETBOX_JOURNAL"])},
    "config_journal": {"type": "bool", "default": False, "fallback": (env_fallback, ["NODEFLOW_CONFIG_JOURNAL"])},
    "netbox_custom_field": {"type": "str", "fallback": (env_fallback, ["NODEFLOW_NETBOX_CUSTOM_FIELD"])},
    "fail_on_suspended": {"type": "bool", "default": False},
}

PROCESSES: Spec = {
    "process_ids": {"type": "list", "elements": "str"},
    "process_status": {"type": "list", "elements": "str", "choices": ["failed", "interrupted", "suspended"]},
    "run_id": {"type": "str"},
    "take_over": {"type": "bool", "default": False},
}

CONFIRM: Spec = {
    "confirm": {"type": "bool", "default": False},
    "config_hash": {"type": "str"},
    "config_dir": {"type": "path"},
}

DEST: Spec = {
    "dest": {"type": "str"},
    "dest_user": {"type": "str", "fallback": (env_fallback, ["NODEFLOW_DEST_USER"])},
    "dest_password": {"type": "str", "no_log": True, "fallback": (env_fallback, ["NODEFLOW_DEST_PASSWORD"])},
    "dest_token": {"type": "str", "no_log": True, "fallback": (env_fallback, ["NODEFLOW_DEST_TOKEN"])},
    "dest_query": {"type": "str", "no_log": True, "fallback": (env_fallback, ["NODEFLOW_DEST_QUERY"])},
    "mode": {"type": "raw"},
}

EXPORT: Spec = DEST | {"format": {"type": "str", "choices": ["json", "csv"], "default": "json"}}


def rows_option(subject: Subject) -> Spec:
    """Return the option for the rows that the step before returned."""
    return {subject.many: {"type": "list", "elements": "dict", "required": True}}


def options(*groups: Spec) -> dict[str, t.Any]:
    """Return the keyword arguments of AnsibleModule for a module that takes these groups of options, and the settings.

    Every module takes every setting, needed or not, so that ``module_defaults`` can give them to the whole action group. A product that has settings
    of its own gives them to all modules of its action group.
    """
    spec: Spec = {}
    for group in (NETBOX, STORE, PROCESS, *groups):
        spec.update(group)
    return {"argument_spec": spec, "supports_check_mode": True}


def given(arguments: t.Mapping[str, t.Any], spec: t.Mapping[str, t.Mapping[str, t.Any]]) -> dict[str, t.Any]:
    """Leave out the arguments that say nothing, since a survey's unanswered question is an empty text, a null, or a list of these.

    Args:
        arguments: Options with their values, before they are validated.
        spec: The argument spec; options that it does not have are treated by their value.

    Returns:
        The rest. ``[]`` and ``{}`` say "none", and false and 0 are values as well: they stay.
    """
    said = {name: _said(value, name, spec.get(name, {})) for name, value in arguments.items()}
    return {name: value for name, value in said.items() if value is not None}


def _said(value: t.Any, name: str, option: t.Mapping[str, t.Any]) -> t.Any:
    """Return what an option's value says; None where that is nothing."""
    if _is_blank(value):
        return None
    if option.get("elements") == "dict":  # rows of an earlier task
        return value
    if name.endswith("_filter"):  # without a value that is blank, it would choose more than was meant; it is refused later
        return value
    if isinstance(value, str):
        return _said_as_text(value, option.get("type", "str"), name, option)
    if isinstance(value, list) and any(map(_is_empty, value)):
        return [one for one in value if not _is_empty(one)] or None
    if isinstance(value, dict) and any(map(_is_blank, value.values())):
        return {key: one for key, one in value.items() if not _is_blank(one)} or None
    return value


def _said_as_text(text: str, type_: str, name: str, option: t.Mapping[str, t.Any]) -> t.Any:
    """Return what a text says for an option of this type: ``-e name=value`` gives lists and dictionaries as texts."""
    if type_ in ("list", "raw", "dict") and text.lstrip().startswith(("[", "{")):
        try:
            return _said(json.loads(text), name, option)
        except (RecursionError, ValueError):
            return text
    parts = [part for part in (part.strip() for part in text.split(",")) if part]
    if type_ == "list":
        return parts or None
    return text if parts or type_ != "raw" else None


def _is_blank(value: t.Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _is_empty(value: t.Any) -> bool:
    """Return whether a member of a list says nothing: blank, or a dictionary of blanks, as a survey's answers make ``{name: "", site: ""}``."""
    return _is_blank(value) or (isinstance(value, dict) and bool(value) and all(map(_is_blank, value.values())))
