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
import gc
import os
import re
import typing as t

from ansible.errors import AnsibleError, AnsibleValueOmittedError
from ansible.module_utils.basic import heuristic_log_sanitize
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError
from ansible.module_utils.common.parameters import remove_values
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import filter_loader
from ansible.utils.display import Display

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import missing_libraries, sa
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._run import call, plain_paths
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task
from ansible_collections.nodeflow.orchestrator.plugins.plugin_utils._terminal import ask

__all__ = ["InProcessAction"]

display = Display()

# ansible-playbook loads this file before it forks a worker for each task. What is loaded here, no worker loads again, and what is frozen here,
# no worker's garbage collector touches and so copies. Together it is about a fifth of the time of a play over one node.
filter_loader.get("ansible.builtin.default")
if os.environ.get("NODEFLOW_STORE", "").startswith("postgresql") and not missing_libraries():
    with contextlib.suppress(ImportError):
        sa.create_engine("postgresql+psycopg://")  # imports the driver, connects to nothing
gc.freeze()

_PATH_INFO = ("gid", "group", "mode", "owner", "secontext", "size", "state", "uid")
"""What AnsibleModule adds to each result with a ``dest``, of the file there. Both ways give the same, so neither has it."""

_DEFAULT_OMIT = re.compile(r"\{\{ (\w+) \| default\(omit\) \}\}", re.ASCII)


class InProcessAction(ActionBase):
    """The base of our actions. A subclass names its ``module``: the Python module with OPTIONS and the function ``execute``."""

    _supports_async = True

    module: t.Any = None

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Run the task, here or as the ordinary module."""
        result = super().run(tmp, task_vars)
        self._name_actor(task_vars or {})
        if self._wants_own_process():
            result.update(self._run_ordinary(task_vars or {}))
        else:
            result.update(self._run_here())
        if not self._task.async_val:  # its result comes later, with the texts in it
            for text in result.pop("shown", []):
                display.display(text)
        return result

    @classmethod
    def finalize_task_arg(cls, name: str, value: t.Any, templar: t.Any, context: t.Any) -> t.Any:
        """Template an option, unless it is known without: ``{{ NAME | default(omit) }}`` with no such variable is omitted, and rows, which are
        a result of a task, and so data, are the variable itself. To compile the one takes a millisecond or two, and our playbooks have many; to
        look for templates in thousands of the others takes longer than the step. Ansible calls this hook experimental: where it is gone, or will
        not do, all is templated as usual.
        """
        if isinstance(value, str):
            default = _DEFAULT_OMIT.fullmatch(value)
            if default and default.group(1) not in templar.available_variables:
                raise AnsibleValueOmittedError()
            if name == "nodes" and cls.module.OPTIONS["argument_spec"][name].get("elements") == "dict":
                rows = _rows(value, templar)
                if rows is not None:
                    return rows
        return super().finalize_task_arg(name, value, templar, context)

    def _name_actor(self, task_vars: dict[str, t.Any]) -> None:
        """In a job of AWX, which runs all jobs as one login, the actor is AWX's user and the job."""
        if task_vars.get("awx_job_id") and not self._task.args.get("actor") and not os.environ.get("NODEFLOW_ACTOR"):
            self._task.args["actor"] = "{0} (AWX job {1})".format(task_vars.get("awx_user_name") or "schedule", task_vars["awx_job_id"])

    def _wants_own_process(self) -> bool:
        return bool(
            self._connection.transport not in ("local", "ansible.builtin.local")
            or self._task.async_val
            or self._connection.become
            or any(self._task.environment or [])
        )

    def _run_ordinary(self, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        result = self._execute_module(
            module_name=self._task.resolved_action or self._task.action, task_vars=task_vars, wrap_async=bool(self._task.async_val)
        )
        return {name: value for name, value in result.items() if name not in _PATH_INFO}

    def _run_here(self) -> dict[str, t.Any]:
        options = dict(self.module.OPTIONS)
        options.pop("supports_check_mode")
        spec = options.pop("argument_spec")
        validated = ArgumentSpecValidator(spec, **options).validate(dict(self._task.args))
        secrets = validated._no_log_values - plain_paths(validated.validated_parameters)  # pylint: disable=protected-access
        if validated.error_messages:
            return remove_values({"failed": True, "msg": self._argument_error(validated.errors[0])}, secrets)
        warnings: list[str] = []
        task = Task(
            params=validated.validated_parameters,
            check_mode=self._task.check_mode,
            warn=warnings.append,
            show=lambda text: display.display(remove_values(text, secrets)),
            ask=lambda question: _ask(remove_values(question, secrets)),
        )
        result = call(self.module.execute, task)
        if not self._task.diff:
            result.pop("diff", None)
        if warnings:
            result["warnings"] = warnings
        shown = {name: heuristic_log_sanitize(value) if isinstance(value, str) else value for name, value in validated.validated_parameters.items()}
        rows = shown.get("nodes")
        if isinstance(rows, list) and len(rows) > 10 and isinstance(rows[0], dict):  # the result of the task before has them
            shown["nodes"] = "{0} nodes".format(len(rows))
        result["invocation"] = {"module_args": shown}
        return remove_values(result, secrets)

    def _argument_error(self, error: t.Any) -> str:
        """The words in which AnsibleModule says the same."""
        if isinstance(error, UnsupportedError):
            return "Unsupported parameters for ({0}) module: {1}".format(self._task.resolved_action or self._task.action, error.msg)
        return error.msg


def _rows(template: str, templar: t.Any) -> list[t.Any] | None:
    """The rows that a template names, where there is nothing in them to template; None where Ansible has to look."""
    if not hasattr(templar, "resolve_to_container"):
        return None
    try:
        rows = templar.resolve_to_container(template)
    except AnsibleError:
        return None
    return rows if isinstance(rows, list) and rows and not any("{" in text for row in rows for text in _texts(row)) else None


def _texts(value: t.Any) -> t.Iterator[str]:
    """All the texts in a row."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, str):
        yield value


def _ask(question: str) -> str | None:
    """The line that a person at the terminal types; None where nobody can: no terminal, or a job runner that only looks like one."""
    if os.environ.get("AWX_ISOLATED_DATA_DIR") or os.environ.get("CI", "").lower() not in ("", "0", "false"):
        return None  # ansible-runner, which AWX runs jobs with, gives the job a pseudo-terminal that nobody sits at
    return ask(question)
