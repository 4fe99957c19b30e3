# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the time of one ansible-playbook goes, by task and kind. Python imports this file at its start where its directory is in PYTHONPATH.

Each worker writes a line of JSON to the file that the variable BENCH_PROFILE names: its task, when it began and ended, and the seconds of each kind.
ansible-playbook itself writes such a line, without a task, for each import of ours. Nothing of what is measured knows of it: functions at the known
boundaries are replaced as soon as their modules are imported.

Only the main thread of a process is counted. While it waits for threads, that is time of NetBox as long as one of them waits for an answer, and of
Python else. A kind counts without what is inside it and has a kind of its own.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import sys
import threading
import time
from importlib import _bootstrap  # all imports go through it, but for those of what is loaded already

OURS = "ansible_collections.nodeflow.orchestrator."
FILE = os.environ.get("BENCH_PROFILE", "")

ANSIBLE, TEMPLATING, ROWS, CONFIGS, IMPORTS, SQL, NETBOX, PYTHON = ("ansible", "templating", "rows", "configs", "imports", "sql", "netbox", "python")
WAITING = "waiting for threads"


class Clock:
    """The seconds of each kind, in this process. ``sending`` are other threads that wait for NetBox."""

    def __init__(self, kind: str) -> None:
        self.begin(kind)

    def begin(self, kind: str) -> None:
        """Count from now on, and nothing of before."""
        self.seconds: dict[str, float] = {}
        self.kinds = [kind]
        self.began = self.last = time.perf_counter()
        self.sending = 0
        self.lock = threading.Lock()

    def charge(self) -> None:
        """Add the time since the last call to what was going on."""
        now = time.perf_counter()
        kind = self.kinds[-1]
        if kind == WAITING:
            kind = NETBOX if self.sending else PYTHON
        self.seconds[kind] = self.seconds.get(kind, 0.0) + now - self.last
        self.last = now

    @contextlib.contextmanager
    def within(self, kind: str):
        """Count what happens as this kind."""
        if threading.current_thread() is threading.main_thread():
            with self.lock:
                self.charge()
                self.kinds.append(kind)
            try:
                yield
            finally:
                with self.lock:
                    self.charge()
                    self.kinds.pop()
        elif kind == NETBOX:
            with self.lock:
                self.charge()
                self.sending += 1
            try:
                yield
            finally:
                with self.lock:
                    self.charge()
                    self.sending -= 1
        else:
            yield

    def write(self, task: str | None) -> None:
        """A line of the file."""
        self.charge()
        line = json.dumps({"task": task, "began": self.began, "ended": self.last, "kinds": self.seconds}) + "\n"
        handle = os.open(FILE, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600)
        os.write(handle, line.encode())
        os.close(handle)


clock = Clock(ANSIBLE)


def timed(kind: str, function):
    """The function, which counts as this kind."""

    @functools.wraps(function)
    def wrapped(*args, **kwargs):
        with clock.within(kind):
            return function(*args, **kwargs)

    return wrapped


def time_methods(owner, kind: str, *names: str) -> None:
    """Have these functions of a class or module count as this kind."""
    for name in names:
        setattr(owner, name, timed(kind, getattr(owner, name)))


def _worker(module) -> None:
    run = module.WorkerProcess._run

    def wrapped(self) -> None:
        try:
            run(self)
        finally:
            clock.write(self._task.get_name())

    module.WorkerProcess._run = wrapped


def _lookups(module) -> None:
    def init_subclass(cls, **kwargs) -> None:
        super(module.LookupBase, cls).__init_subclass__(**kwargs)
        if cls.__module__.endswith("node_configs"):
            time_methods(cls, CONFIGS, "run")

    module.LookupBase.__init_subclass__ = classmethod(init_subclass)


AFTER_IMPORT = {
    "ansible.executor.process.worker": _worker,
    "ansible.executor.task_queue_manager": lambda module: time_methods(module.FinalQueue, ANSIBLE, "send_task_result"),
    "ansible.plugins.lookup": _lookups,
    OURS + "plugins.plugin_utils.action": lambda module: time_methods(module.InProcessAction, ROWS, "run"),
    OURS + "plugins.plugin_utils._in_process": lambda module: time_methods(module, PYTHON, "call"),
    "concurrent.futures": lambda module: time_methods(module, WAITING, "wait"),
    "requests.sessions": lambda module: time_methods(module.Session, NETBOX, "send"),
    "sqlalchemy.engine.base": lambda module: time_methods(module.Connection, SQL, "execute", "exec_driver_sql"),
    "sqlalchemy.engine.cursor": lambda module: time_methods(module.CursorFetchStrategy, SQL, "fetchone", "fetchmany", "fetchall"),
    "sqlalchemy.engine.default": lambda module: time_methods(module.DefaultDialect, SQL, "connect", "do_begin", "do_commit", "do_rollback", "do_close"),
}
"""What to do with a module once it is imported."""

_find_and_load = _bootstrap._find_and_load


def _import(name: str, import_):
    here = clock.kinds[-1]
    if here == IMPORTS or not (name.startswith(OURS) or here not in (ANSIBLE, TEMPLATING)):
        module = _find_and_load(name, import_)
    else:
        began = time.perf_counter()
        with clock.within(IMPORTS):
            module = _find_and_load(name, import_)
        if here == ANSIBLE:
            done = Clock(ANSIBLE)
            done.began, done.last, done.seconds = began, time.perf_counter(), {IMPORTS: time.perf_counter() - began}
            done.write(None)
    if name in AFTER_IMPORT and name in sys.modules:
        AFTER_IMPORT.pop(name)(sys.modules[name])
    return module


if FILE:
    os.register_at_fork(after_in_child=lambda: clock.begin(TEMPLATING))
    _bootstrap._find_and_load = _import
