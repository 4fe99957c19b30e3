# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a module's function in the worker that ansible-playbook has forked for the task."""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.release import release
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._run import Function, Interrupted, call, interrupts
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._secrets import invocation
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.engine import load_driver
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.location import is_database
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = ["die", "run_in_process"]

# ansible-playbook loads the action, and so this file, before it forks a worker for each task: what is imported here, no worker imports again. So it is with
# what talks to the store: for SQLite 8 ms a task, for a database 0.1 s. Other tasks cannot tell: a library is imported and nothing else happens.
with contextlib.suppress(NodeflowError):  # a task that needs it says so in a sentence
    load_driver(is_database(os.environ.get("NODEFLOW_STORE", "").strip()))

# At its very end, ansible-playbook looks for garbage among all that it and our libraries have loaded, before the operating system takes it all: 0.4 s of
# 1.7 for one subject in check mode. By then the last play is over, so no task can tell that there is nothing left to look at.
atexit.register(gc.freeze)


def run_in_process(function: Function, task: Task) -> dict[str, t.Any]:
    """Return what ``function`` does for the task, with its arguments for ``-vvv``. If a signal ends it, its processes are released and nothing is returned."""
    parent = os.getppid()

    def over() -> str | None:
        if came:
            return str(Interrupted(came[0]))
        return None if os.getppid() == parent else "ansible-playbook, which ran it, is gone"

    with interrupts() as came:
        try:
            result = call(function, task, over)
        except Interrupted as error:
            release(task, str(error))  # once more, where it came while they were being released
            task.close()
            result = {}
    if came:
        die(came[0])
    return result | {"invocation": invocation(task.params)}


def die(number: int) -> t.NoReturn:
    """End this worker as Ansible does when that signal comes."""
    os.kill(os.getpid(), number)
    os._exit(1)
