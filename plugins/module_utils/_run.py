# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the function behind a module: the same in a module's own process and inside ansible-playbook."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._awx.job import AWX_JOB, AwxJob
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.subject import Subject
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError, defect
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import missing_sentence
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._plain import plain
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.artifacts import with_artifacts
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.end_of_step import how_to_continue
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.release import release
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._secrets import invocation
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = ["TIME_LIMIT", "Function", "Interrupted", "call", "ended", "interrupts", "run_module", "sentence"]

TIME_LIMIT = "NODEFLOW_TIME_LIMIT"
"""The environment variable that tells an ordinary module for how many seconds it may run, since Ansible kills it without a word."""

Function = t.Callable[[Task], dict[str, t.Any]]
"""What a module does: takes the task and returns its result; raises NodeflowError where it cannot."""


class Interrupted(BaseException):
    """This process was asked to end. No ``Exception``, so that no step takes it for a fault of one subject."""

    def __init__(self, number: int) -> None:
        super().__init__(_INTERRUPTS[number])


_INTERRUPTS: dict[int, str] = {
    signal.SIGALRM: "the task ran into its time limit",
    signal.SIGINT: "the run was interrupted (SIGINT)",
    signal.SIGTERM: "the run was ended (SIGTERM)",
}


@contextlib.contextmanager
def interrupts(at_once: bool = True) -> t.Iterator[list[int]]:
    """Have SIGINT, SIGTERM and SIGALRM raise Interrupted, or, unless ``at_once``, wait, so that processes can be released before the end.

    Yields the number of the signal that came, if one did. The first one counts; others are not heard until this is over. Python lets nothing but a
    process's main thread hear them; in any other, they do what they did.
    """
    came: list[int] = []

    def hear(number: int, frame: t.Any) -> None:  # pylint: disable=unused-argument
        if came:
            return
        came.append(number)
        if at_once:
            raise Interrupted(number)

    # Ansible's own time limit for a task is an alarm too, which it handles itself.
    free = [number for number in _INTERRUPTS if number != signal.SIGALRM or signal.getsignal(number) is signal.SIG_DFL]
    main = threading.current_thread() is threading.main_thread()
    before = {number: signal.signal(number, hear) for number in free} if main else {}
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def call(function: Function, task: Task, over: t.Callable[[], str | None] = lambda: None) -> dict[str, t.Any]:
    """Return the result of ``function``. An error is a failed result with a sentence for ``msg``; a missing library is named.

    ``over`` says why the run ends with this task, although its step was done; None where it goes on. However the task ends, no process stays held
    that no step will continue.
    """
    missing = missing_sentence()
    if missing:
        return {"failed": True, "msg": missing}  # the action plugin releases the processes
    try:
        _check_settings(task.params)
        result = {name: plain(value) for name, value in ({"changed": False} | function(task)).items()}
        why = over()
        if why:
            if task.rows_about:
                task.params[task.rows_about.many] = result.get(task.rows_about.many)
            release(task, why)
        return with_artifacts(task, result)
    except NodeflowError as error:
        return ended(task, sentence(str(error)))
    except Exception as error:  # pylint: disable=broad-exception-caught
        return ended(task, sentence(defect(error)))
    except BaseException as error:  # an interrupt, or the time limit of the task
        hints = how_to_continue(release(task, str(error) or type(error).__name__), task.rows_about)
        if hints:
            task.show(hints.strip())
        raise
    finally:
        task.close()


def ended(task: Task, message: str) -> dict[str, t.Any]:
    """Return the result of a task that ends with ``message`` before its step was done: its processes failed with it, and can be resumed."""
    rows = release(task, message)
    if not rows:
        return with_artifacts(task, {"failed": True, "changed": False, "msg": message})
    told = message + how_to_continue(rows, task.subject)
    return with_artifacts(task, {"failed": True, "changed": False, task.subject.many: [row.as_result(task.subject) for row in rows], "msg": told})


_DAY = 24 * 60 * 60
_RANGES = {
    "lease_minutes": (0, 366 * 24 * 60),
    "netbox_batch_size": (1, 150),  # each ETag in If-Match takes some 40 bytes, and servers limit a header to about 8 KB
    "netbox_connect_timeout": (1, _DAY),
    "netbox_parallel": (1, 16),
    "netbox_retries": (0, 100),
    "netbox_timeout": (1, _DAY),
}


_STORED = ("customer_id", "description", "note", "reason")
"""Texts that the store keeps."""


def _check_settings(params: dict[str, t.Any]) -> None:
    """Raise NodeflowError for a setting that cannot mean anything."""
    for name, (least, most) in _RANGES.items():
        if params.get(name) is not None and not least <= params[name] <= most:
            raise NodeflowError(f"{name} must be {least} or more, and {most} or less; it is {params[name]}")
    for name in _STORED:
        if isinstance(value := params.get(name), str) and ("\0" in value or not _is_text(value)):
            raise NodeflowError(f"{name} holds what no database takes, a NUL or half of a character; check where the text comes from, and its encoding")
    actor = params.get("actor") or ""
    if len(actor) > 200 or not actor.isprintable():
        raise NodeflowError("actor must have 200 characters or less, and all of them printable")


def _is_text(value: str) -> bool:
    try:
        value.encode()
        return True
    except UnicodeError:
        return False


def run_module(options: dict[str, t.Any], function: Function, rows: Subject | None = None) -> None:
    """Run as the ``main`` of a module: validate the options, call ``function``, leave with its result. ``rows`` says what its rows are about, if it has any."""
    module = AnsibleModule(**options)
    texts: list[str] = []
    secrets = frozenset(module.no_log_values)
    job = AwxJob.from_text(os.environ.get(AWX_JOB))
    task = Task(module.params, module.check_mode, module.warn, texts.append, lambda question: None, secrets, rows, awx_job=job)
    with interrupts():
        signal.setitimer(signal.ITIMER_REAL, float(os.environ.get(TIME_LIMIT) or 0))
        try:
            result = call(function, task)
        except Interrupted as error:
            result = ended(task, sentence(str(error)))
        signal.setitimer(signal.ITIMER_REAL, 0)
    if not module._diff:  # pylint: disable=protected-access
        result.pop("diff", None)
    if texts:
        result["texts"] = texts  # the action plugin shows them
    result["invocation"] = invocation(module.params)  # before 2.21, AnsibleModule returns its own each time, with such a password
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**result)


def sentence(text: str) -> str:
    """Return the text with a capital, unless its first word is a name."""
    first = text.split(" ", 1)[0]
    return text if any(char in first for char in "_./:0123456789-") else text[:1].upper() + text[1:]
