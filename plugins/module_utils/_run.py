# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the function behind a module: the same in a module's own process and inside ansible-playbook."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError, defect
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import missing_libraries
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = ["Function", "call", "failure", "run_module"]

Function = t.Callable[[Task], dict[str, t.Any]]
"""What a module does: takes the task and returns its result; raises NodeflowError where it cannot."""


def call(function: Function, task: Task) -> dict[str, t.Any]:
    """The result of ``function``. An error is a failed result with a sentence for ``msg``; a missing library is named."""
    missing = missing_libraries()
    if missing:
        return {"failed": True, "msg": missing_required_lib(" and ".join(missing), reason="for nodeflow.orchestrator")}
    try:
        _check_settings(task.params)
        return _plain({"changed": False} | function(task))
    except NodeflowError as error:
        return failure(str(error))
    except Exception as error:  # pylint: disable=broad-exception-caught
        return failure(defect(error))
    finally:
        task.close()


def failure(sentence: str) -> dict[str, t.Any]:
    """The result of a task that failed, with the reason."""
    return {"failed": True, "changed": False, "msg": _capital(sentence)}


_PLAIN = frozenset((str, int, float, bool, type(None)))


def _plain(value: t.Any) -> t.Any:
    """A result of the types that JSON has and of no others, whichever way the module runs. Ansible warns of a str that is more than one, and drops it."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, t.Mapping):
        return {str(_plain(key)): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(inner) for inner in value]
    for kind in (int, float):
        if isinstance(value, kind):
            return kind(value)
    return str(value)


_DAY = 24 * 60 * 60
_RANGES = {
    "lease_minutes": (0, 366 * 24 * 60),
    "netbox_batch_size": (1, 150),  # each ETag in If-Match takes some 40 bytes, and servers limit a header to about 8 KB
    "netbox_connect_timeout": (1, _DAY),
    "netbox_parallel": (1, 16),
    "netbox_retries": (0, 100),
    "netbox_timeout": (1, _DAY),
}


def _check_settings(params: dict[str, t.Any]) -> None:
    """Raise NodeflowError for a setting that cannot mean anything."""
    for name, (least, most) in _RANGES.items():
        if params.get(name) is not None and not least <= params[name] <= most:
            raise NodeflowError("{0} must be {1} or more, and {2} or less; it is {3}".format(name, least, most, params[name]))
    actor = params.get("actor") or ""
    if len(actor) > 200 or not actor.isprintable():
        raise NodeflowError("actor must have 200 characters or less, and all of them printable")


def run_module(options: dict[str, t.Any], function: Function) -> None:
    """The ``main`` of a module: validate the options, call ``function``, leave with its result."""
    module = AnsibleModule(**options)
    shown: list[str] = []
    task = Task(module.params, module.check_mode, module.warn, shown.append, lambda question: None)
    result = call(function, task)
    if not module._diff:  # pylint: disable=protected-access
        result.pop("diff", None)
    if shown:
        result["shown"] = shown  # the action plugin shows it
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**result)


def _capital(sentence: str) -> str:
    """A sentence begins with a capital, unless its first word is a name."""
    first = sentence.split(" ", 1)[0]
    return sentence if any(char in first for char in "_./:0123456789-") else sentence[:1].upper() + sentence[1:]
