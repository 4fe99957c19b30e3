# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The base of an action plugin that runs its module inside ansible-playbook: this collection's modules, and those of others.

An ordinary module is packed, sent to a new Python and imports everything again, for each task. With an action plugin of the same name, its
function runs in the worker that ansible-playbook has forked for the task anyway. In ``plugins/action/circuit_step.py`` of ``acme.circuits``, to which
the files named like its other modules are links::

    class ActionModule(InProcessAction):
        module = importlib.import_module("ansible_collections.acme.circuits.plugins.modules." + __name__.rpartition(".")[2])

The module stays one that runs without the action, and does so whenever a task asks for another process: a connection that is not local
(so also ``delegate_to`` another host), ``async``, ``become`` or ``environment``. It has:

``OPTIONS``
    The keyword arguments of AnsibleModule. Without ``supports_check_mode: True`` the task is skipped in check mode.
``execute(task)``
    Does it, and returns the result.
``ROWS``
    What the rows are about that it takes or returns, if it does: a Subject. If the task ends before its step was done, the processes of these rows are
    released, so that they can be resumed at once. Where they are many, the result has short rows, and the next task gets the whole ones.
``HANDED_OVER``
    The names of other lists of dictionaries in its result that the next task takes, and that are handed over likewise, e.g. ``("circuit_configs",)``.
``TEMPLATE_DIRECTORIES``
    The name of its option with directories of templates, if it has one, which the controller looks for before anything is done.
``SHOWN_ELSEWHERE``
    A sentence, with a blank before it, that says where else what it shows can be read: for a question under ``no_log``.
"""

from __future__ import annotations

import functools
import types
import typing as t

from ansible.errors import AnsibleError
from ansible.utils.display import Display

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._awx.job import AwxJob
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.subject import Subject
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import missing_sentence
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.release import release
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._run import Interrupted, ended
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._secrets import mask_text, mask_values
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task
from ansible_collections.nodeflow.orchestrator.plugins.plugin_utils._ansible_core import FinalizedAction
from ansible_collections.nodeflow.orchestrator.plugins.plugin_utils._hand_over import hand_over, shown_arguments, with_whole_rows
from ansible_collections.nodeflow.orchestrator.plugins.plugin_utils._in_process import die, run_in_process
from ansible_collections.nodeflow.orchestrator.plugins.plugin_utils._options import Options, read_options
from ansible_collections.nodeflow.orchestrator.plugins.plugin_utils._ordinary import environment_of, run_ordinary, wants_own_process
from ansible_collections.nodeflow.orchestrator.plugins.plugin_utils._texts import Texts, ask_person, for_people, show_result, warn_how_to_continue

__all__ = ["InProcessAction"]


class InProcessAction(FinalizedAction):
    """The base. A subclass names its ``module``."""

    module: types.ModuleType

    _supports_async = True

    def __init_subclass__(cls, **kwargs: t.Any) -> None:
        super().__init_subclass__(**kwargs)
        if hasattr(cls, "module"):  # a base of somebody else's actions need not name one
            cls._supports_check_mode = bool(cls.module.OPTIONS.get("supports_check_mode"))
            rows = getattr(cls.module, "ROWS", None)
            spec = cls.module.OPTIONS["argument_spec"]
            cls.rows_option = rows.many if rows and spec.get(rows.many, {}).get("elements") == "dict" else None

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Run the task, here or as the ordinary module."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        own_process = wants_own_process(self._task, self._connection)
        arguments, missing_rows = with_whole_rows(self._task.args, getattr(self.module, "ROWS", None))
        options = read_options(self.module, arguments, variables, self._name, environment_of(self._task) if own_process else None)
        self._task.args = options.given
        texts = Texts(quiet=bool(self._task.no_log) or not for_people())
        task = self._make_task(options, texts, AwxJob.read(variables))
        self._stop_before(task)
        problem = missing_rows or options.problem or (None if own_process else missing_sentence())
        if problem:
            outcome = ended(task, problem)
            task.close()
        elif own_process:
            execute_module = functools.partial(
                self._execute_module, module_name=self._name, task_vars=task_vars, wrap_async=bool(self._task.async_val)
            )
            outcome = run_ordinary(self._task, task, execute_module)
        else:
            outcome = run_in_process(self.module.execute, task)
        if not self._task.diff or self._task.no_log:
            outcome.pop("diff", None)
        result.update(self._as_event(outcome, task.secrets))
        show_result(result, texts, self._task)
        return result

    @property
    def _name(self) -> str:
        """The module's name with its collection."""
        return str(self._task.resolved_action or self._task.action)

    def _as_event(self, outcome: dict[str, t.Any], secrets: t.Collection[str]) -> dict[str, t.Any]:
        """Return the outcome without secrets, and without what would make it long. The next task gets the whole rows all the same."""
        invocation = outcome.get("invocation")
        if isinstance(invocation, dict) and isinstance(invocation.get("module_args"), dict):
            outcome["invocation"] = invocation | {"module_args": shown_arguments(invocation["module_args"])}
        result = mask_values(outcome, secrets)
        subject: Subject | None = getattr(self.module, "ROWS", None)
        printed = bool(result.get("failed") or Display().verbosity)
        handed_over: dict[str, Subject | None] = dict.fromkeys(getattr(self.module, "HANDED_OVER", ()))
        if subject:
            handed_over[subject.many] = subject
        return result | {name: hand_over(result[name], about, printed) for name, about in handed_over.items() if name in result}

    def _make_task(self, options: Options, texts: Texts, awx_job: AwxJob | None) -> Task:
        """Make what the module's function gets. What it says goes to ``texts``, without secrets."""
        secrets = options.secrets
        hidden = f"(no_log hides what this task shows.{getattr(self.module, 'SHOWN_ELSEWHERE', '')})\n" if self._task.no_log else ""
        return Task(
            params=options.params,
            check_mode=self._task.check_mode,
            warn=lambda text: texts.warn(mask_text(text, secrets)),
            show=lambda text: texts.show(mask_text(text, secrets)),
            ask=lambda question: ask_person(mask_text(question, secrets), hidden),
            secrets=secrets,
            rows_about=getattr(self.module, "ROWS", None),
            awx_job=awx_job,
        )

    def _stop_before(self, task: Task) -> None:
        """End the task here if its options could not be templated, or a signal came meanwhile."""
        if self.finalized.interrupt:
            release(task, str(Interrupted(self.finalized.interrupt)))
            die(self.finalized.interrupt)
        if self.finalized.error:
            warn_how_to_continue(release(task, str(self.finalized.error)), task.rows_about, bool(self._task.no_log))
            raise AnsibleError(f"Finalization of task args for {self._name!r} failed.", obj=self._task.action) from self.finalized.error
