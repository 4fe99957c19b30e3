# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a module of ours inside ansible-playbook itself, where that is what the task asks for.

An ordinary module is packed, sent to a new Python and imports everything again, for each task. These actions validate the arguments
against the module's own argument spec and call the same function in the worker. They step aside for the ordinary module whenever the
task asks for another process: a connection that is not local, async, become, or an environment.
"""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import os
import re
import typing as t

from ansible.errors import AnsibleError, AnsibleValueOmittedError
from ansible.module_utils.basic import heuristic_log_sanitize
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.errors import UnsupportedError
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import filter_loader
from ansible.template import is_trusted_as_template
from ansible.utils.display import Display

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._argspec import given
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import missing_libraries, sa
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._run import TIME_LIMIT, Interrupted, call, ended, interrupts, missing_sentence, sentence
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.domain.subject import Subject
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.process.end_of_step import how_to_continue
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.process.release import release
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.process.rows import Row
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.store.location import ENVIRONMENT, is_database, split_password
from ansible_collections.nodeflow.orchestrator.plugins.plugin_utils._template_directories import find_directories
from ansible_collections.nodeflow.orchestrator.plugins.plugin_utils._terminal import ask
from ansible_collections.nodeflow.orchestrator.plugins.plugin_utils._texts import Texts, for_people

__all__ = ["InProcessAction"]

display = Display()

# ansible-playbook loads this file before it forks a worker for each task. What is loaded here, no worker loads again, and what is frozen here,
# no worker's garbage collector touches and so copies. Together it is about a fifth of the time of a play over one subject.
filter_loader.get("ansible.builtin.default")
with contextlib.suppress(ImportError, NodeflowError):
    if is_database(os.environ.get("NODEFLOW_STORE", "").strip()) and not missing_libraries():
        sa.create_engine("postgresql+psycopg://")  # imports the driver, connects to nothing
gc.freeze()

_PATH_INFO = ("gid", "group", "mode", "owner", "secontext", "size", "state", "uid")
"""What AnsibleModule adds to each result with a ``dest``, of the file there. Both ways give the same, so neither has it."""

_BEFORE_KILL = 3
"""Seconds that the ordinary module keeps of the time that ``async`` gives, to release its processes in them."""

_DEFAULT_OMIT = re.compile(r"\{\{ (\w+) \| default\(omit\) \}\}", re.ASCII)


class InProcessAction(ActionBase):
    """The base of our actions. A subclass names its ``module``: the Python module with OPTIONS and the function ``execute``.

    Where the module has rows, ROWS says what they are about. TEMPLATE_DIRECTORIES is its option with directories of templates, if it has one, and
    SHOWN_ELSEWHERE the sentence that says where else what it shows can be read.
    """

    _supports_async = True

    module: t.Any = None

    _finalized: _Finalized | None = None

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Run the task, here or as the ordinary module."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        self._task.args = given(self._task.args, self.module.OPTIONS["argument_spec"])
        self._name_actor(task_vars or {})
        unclear = self._part_passwords()
        texts = Texts(quiet=bool(self._task.no_log) or not for_people())
        own_process = self._wants_own_process()
        task, problem = self._prepare(texts, own_process)
        problem = unclear or problem or self._missing_directory(task.params, task_vars or {}) or (None if own_process else missing_sentence())
        self._stop_before(task)
        if problem:
            outcome = ended(task, problem)
        elif own_process:
            outcome = self._run_ordinary(task, task_vars or {})
        else:
            outcome = self._run_here(task)
        result.update(remove_values(outcome, task.secrets))
        self._show(result, texts)
        return result

    @classmethod
    @contextlib.contextmanager
    def get_finalize_task_args_context(cls) -> t.Any:
        """Let ``run`` deal with what goes wrong while the options are templated: only it can release processes."""
        cls._finalized = _Finalized()
        with interrupts(at_once=False) as came:
            yield cls._finalized
        cls._finalized.interrupt = came[0] if came else None

    @classmethod
    def finalize_task_arg(cls, name: str, value: t.Any, templar: t.Any, context: t.Any) -> t.Any:
        """Template an option, unless it is known without: ``{{ NAME | default(omit) }}`` with no such variable is omitted, and rows that a variable
        holds are copied as they are. To compile the one takes half a millisecond, and our playbooks have 15 a task; Ansible looks for templates in
        each text of the others, which takes 5 to 20 ms for 100 rows, and a copy 1. Ansible calls this hook experimental: where it is gone, or will not
        do, all is templated as usual.
        """
        if is_trusted_as_template(value):
            default = _DEFAULT_OMIT.fullmatch(value)
            if default and default.group(1) not in templar.available_variables:
                raise AnsibleValueOmittedError
            subject = cls._rows_about()
            if subject and name == subject.many and cls.module.OPTIONS["argument_spec"][name].get("elements") == "dict":
                rows = _rows(value, templar)
                if rows is not None:
                    return rows
        try:
            return super().finalize_task_arg(name, value, templar, context)
        except AnsibleError as error:
            if isinstance(error, AnsibleValueOmittedError) or not isinstance(context, _Finalized):
                raise
            context.error = context.error or error
            return None

    def _stop_before(self, task: Task) -> None:
        """End the task here, where its options could not be templated or the run was interrupted meanwhile."""
        finalized = self._finalized
        if finalized and finalized.interrupt:
            release(task, str(Interrupted(finalized.interrupt)))
            self._die(finalized.interrupt)
        if finalized and finalized.error:
            self._tell_how_to_continue(release(task, str(finalized.error)))
            raise AnsibleError(f"Finalization of task args for {self._task.resolved_action!r} failed.", obj=self._task.action) from finalized.error

    def _die(self, number: int) -> t.NoReturn:
        """End this worker as Ansible does when that signal comes."""
        os.kill(os.getpid(), number)
        os._exit(1)

    def _tell_how_to_continue(self, rows: t.Sequence[Row]) -> None:
        """For a task that ends with an exception, which says nothing of processes."""
        hints = how_to_continue(rows, self._rows_about())
        if hints and not self._task.no_log:
            display.warning(hints.strip())

    def _name_actor(self, task_vars: dict[str, t.Any]) -> None:
        """In a job of AWX, which runs all jobs as one login, the actor is AWX's user and the job."""
        if task_vars.get("awx_job_id") and not self._task.args.get("actor") and not os.environ.get("NODEFLOW_ACTOR", "").strip():
            self._task.args["actor"] = f"{task_vars.get('awx_user_name') or 'schedule'} (AWX job {task_vars['awx_job_id']})"

    def _part_passwords(self) -> str | None:
        """Give the password in the name of a store to the option that is for it, whose value is nowhere shown. Tell what is wrong with a name."""
        for name in ENVIRONMENT:
            if name + "_password" not in self.module.OPTIONS["argument_spec"] or name not in self._task.args:
                continue
            text = self._task.args.pop(name)
            if not isinstance(text, (str, int)):
                return f"The option {name} takes a text, the path or the URL of a store"
            try:
                self._task.args[name], password = split_password(str(text))
            except NodeflowError as error:
                return sentence(str(error))
            if password is not None:
                self._task.args.setdefault(name + "_password", password)
        return None

    def _wants_own_process(self) -> bool:
        return bool(
            self._connection.transport not in ("local", "ansible.builtin.local")
            or self._task.async_val
            or self._connection.become
            or any(self._task.environment or [])
        )

    def _prepare(self, texts: Texts, own_process: bool) -> tuple[Task, str | None]:
        """The task with its options, as far as they are right; and what is wrong with them, in the words in which AnsibleModule says it."""
        options = dict(self.module.OPTIONS)
        options.pop("supports_check_mode")
        spec = options.pop("argument_spec")
        validated = ArgumentSpecValidator(spec, **options).validate(dict(self._task.args))
        params = validated.validated_parameters
        told = (self._task.args, params)
        secrets = frozenset(text for name in spec if spec[name].get("no_log") for values in told for text in _strings(values.get(name)))
        if own_process:  # what is not given, it takes from its own environment
            spec = {name: {key: part for key, part in option.items() if key != "fallback"} for name, option in spec.items()}
            validated = ArgumentSpecValidator(spec, **options).validate(dict(self._task.args))
            own = self._environment()
            if "store" not in self._task.args:
                params["store"] = own.get("NODEFLOW_STORE") or params["store"]
            if "store_password" not in self._task.args:
                params["store_password"] = own.get("NODEFLOW_STORE_PASSWORD") or params["store_password"]
        task = Task(
            params=params,
            check_mode=self._task.check_mode,
            warn=lambda text: texts.warn(remove_values(text, secrets)),
            show=lambda text: texts.show(remove_values(text, secrets)),
            ask=lambda question: self._ask(remove_values(question, secrets)),
            secrets=secrets,
            rows_about=self._rows_about(),
        )
        return task, self._argument_error(validated.errors[0]) if validated.error_messages else None

    def _missing_directory(self, params: dict[str, t.Any], variables: dict[str, t.Any]) -> str | None:
        """What is wrong with the template directories of a form."""
        try:
            find_directories(params.get(getattr(self.module, "TEMPLATE_DIRECTORIES", "")) or [], variables)
        except AnsibleError as error:
            return str(error)
        return None

    @classmethod
    def _rows_about(cls) -> Subject | None:
        """What the rows of the module are about, if it has any."""
        subject: Subject | None = getattr(cls.module, "ROWS", None)
        return subject

    def _environment(self) -> dict[str, str]:
        """What the keyword environment sets for the task."""
        parts = [part for part in self._task.environment or [] if isinstance(part, dict)]
        return {name: str(value) for part in parts for name, value in part.items()}

    def _run_ordinary(self, task: Task, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """The result of the ordinary module. What it could not release, since it did not start or was killed, is released here."""
        limit = self._time_limit()
        if limit:
            self._task.environment = [*(self._task.environment or []), {TIME_LIMIT: str(limit)}]
        try:
            result = self._execute_module(
                module_name=self._task.resolved_action or self._task.action, task_vars=task_vars, wrap_async=bool(self._task.async_val)
            )
        except Exception as error:
            self._tell_how_to_continue(release(task, str(error)))
            raise
        finally:
            task.close()
        if (result.get("failed") or result.get("unreachable")) and not (task.rows_about and task.rows_about.many in result):
            result |= ended(task, result.get("msg") or "the module did not start")
            task.close()
        return {name: value for name, value in result.items() if name not in _PATH_INFO}

    def _time_limit(self) -> int:
        """Seconds after which the ordinary module ends by itself, because it is killed soon after; 0 for none."""
        limits = [self._task.async_val - _BEFORE_KILL] if self._task.async_val else []
        limits += [self._task.timeout] if self._task.timeout else []
        return max(1, min(limits)) if limits else 0

    def _run_here(self, task: Task) -> dict[str, t.Any]:
        parent = os.getppid()

        def over() -> str | None:
            if came:
                return str(Interrupted(came[0]))
            return None if os.getppid() == parent else "ansible-playbook, which ran it, is gone"

        with interrupts() as came:
            try:
                result = call(self.module.execute, task, over)
            except Interrupted as error:
                release(task, str(error))  # once more, where it came while they were being released
                task.close()
                result = {}
        if came:
            self._die(came[0])
        shown = {name: heuristic_log_sanitize(value) if isinstance(value, str) else value for name, value in task.params.items()}
        for name, value in shown.items():
            if isinstance(value, list) and len(value) > 10 and isinstance(value[0], dict):  # the result of an earlier task has them
                shown[name] = f"{len(value)} {name}"
        return result | {"invocation": {"module_args": shown}}

    def _show(self, result: dict[str, t.Any], texts: Texts) -> None:
        """Show what the task says to a person; where it must not be shown, or nobody would read it, it stays in the result, as ``texts``."""
        if not self._task.diff or self._task.no_log:
            result.pop("diff", None)
        said = texts.kept + result.pop("texts", [])
        if not texts.quiet and not self._task.async_val:  # a result that comes later has its texts in it
            for text in said:
                display.display(text)
            said = []
        said = [text for text in said if text]
        if texts.warnings:
            result["warnings"] = texts.warnings
        if self._task.no_log:  # Ansible shows warnings nevertheless
            said += [str(warning) for warning in result.pop("warnings", [])]
        if said:
            result["texts"] = said

    def _ask(self, question: str) -> str | None:
        """The line that a person at the terminal types; None where nobody can: no terminal, or a job runner that only looks like one."""
        if os.environ.get("AWX_ISOLATED_DATA_DIR") or os.environ.get("CI", "").lower() not in ("", "0", "false") or not for_people():
            return None  # ansible-runner, which AWX runs jobs with, gives the job a pseudo-terminal that nobody sits at
        if self._task.no_log:
            question = f"(no_log hides what this task shows.{getattr(self.module, 'SHOWN_ELSEWHERE', '')})\n{question}"
        return ask(question)

    def _argument_error(self, error: t.Any) -> str:
        """The words in which AnsibleModule says the same."""
        if isinstance(error, UnsupportedError):
            return f"Unsupported parameters for ({self._task.resolved_action or self._task.action}) module: {error.msg}"
        return str(error.msg)


@dataclasses.dataclass
class _Finalized:
    """What happened while the options of a task were templated: the first ``error``, and the number of a signal that came."""

    error: AnsibleError | None = None
    interrupt: int | None = None


def _rows(template: str, templar: t.Any) -> list[t.Any] | None:
    """A plain copy of the rows that a template names; None where there is anything in them that Ansible has to look at."""
    if not hasattr(templar, "resolve_to_container"):
        return None
    try:
        rows = _plain(templar.resolve_to_container(template))
    except (AnsibleError, _NotPlain):
        return None
    return rows if isinstance(rows, list) and rows else None


class _NotPlain(Exception):
    """A value that is more than data."""


def _plain(value: t.Any) -> t.Any:
    """A copy of dictionaries, lists and scalars, since Ansible's own containers cannot leave the worker. Raises _NotPlain for all else."""
    if isinstance(value, dict):
        return {_plain(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if value is None or isinstance(value, (bool, int, float)) or (isinstance(value, str) and "{" not in value):
        return value
    raise _NotPlain


def _strings(value: t.Any) -> set[str]:
    """The texts that a secret option's value holds, also where it has the wrong type."""
    if isinstance(value, t.Mapping):
        return _strings([*value, *value.values()])
    if isinstance(value, (list, tuple)):
        return {text for inner in value for text in _strings(inner)}
    return {str(value)} - {""} if value is not None and not isinstance(value, bool) else set()
