# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the ordinary module, packed and in a Python of its own, where a task asks for another process."""

from __future__ import annotations

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._awx.job import AWX_JOB
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.release import release
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._run import TIME_LIMIT, ended
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task
from ansible_collections.nodeflow.orchestrator.plugins.plugin_utils._texts import warn_how_to_continue

__all__ = ["environment_of", "run_ordinary", "wants_own_process"]

_PATH_INFO = ("gid", "group", "mode", "owner", "secontext", "size", "state", "uid")
"""What AnsibleModule adds to each result with a ``dest``, of the file there. Both ways give the same, so neither has it."""

_BEFORE_KILL = 3
"""Seconds that the ordinary module keeps of the time that ``async`` gives, to release its processes in them."""


def wants_own_process(ansible_task: t.Any, connection: t.Any) -> bool:
    """Return whether the task asks for another process: by a connection that is not local, ``async``, ``become`` or ``environment``."""
    is_local = connection.transport in ("local", "ansible.builtin.local")
    return bool(not is_local or ansible_task.async_val or connection.become or any(ansible_task.environment or []))


def environment_of(ansible_task: t.Any) -> dict[str, str]:
    """Return what the keyword ``environment`` sets for the task."""
    parts = [part for part in ansible_task.environment or [] if isinstance(part, dict)]
    return {name: str(value) for part in parts for name, value in part.items()}


def run_ordinary(ansible_task: t.Any, task: Task, execute_module: t.Callable[[], dict[str, t.Any]]) -> dict[str, t.Any]:
    """Return the result of the ordinary module. What it could not release, since it did not start or was killed, is released here.

    Args:
        ansible_task: Ansible's task.
        task: The same task as the module's function gets it, with which its processes are released.
        execute_module: Runs the module.
    """
    ansible_task.environment = [*(ansible_task.environment or []), {AWX_JOB: task.awx_job.as_text() if task.awx_job else ""}]
    limit = _time_limit(ansible_task)
    if limit:
        ansible_task.environment = [*(ansible_task.environment or []), {TIME_LIMIT: str(limit)}]
    try:
        result = execute_module()
    except Exception as error:
        warn_how_to_continue(release(task, str(error)), task.rows_about, bool(ansible_task.no_log))
        raise
    finally:
        task.close()
    if (result.get("failed") or result.get("unreachable")) and not (task.rows_about and task.rows_about.many in result):
        result |= ended(task, result.get("msg") or "the module did not start")
        task.close()
    return {name: value for name, value in result.items() if name not in _PATH_INFO}


def _time_limit(ansible_task: t.Any) -> int:
    """Return the seconds after which the ordinary module ends by itself, because it is killed soon after; 0 for none."""
    limits = [ansible_task.async_val - _BEFORE_KILL] if ansible_task.async_val else []
    limits += [ansible_task.timeout] if ansible_task.timeout else []
    return max(1, min(limits)) if limits else 0
