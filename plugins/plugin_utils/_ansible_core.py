# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is used here of ansible-core's parts that it calls experimental, or promises to nobody. No other file of ours may.

Tried on ansible-core 2.20 to 2.22.

==================================================  ==========================================================================================
``ActionBase.get_finalize_task_args_context``,      Experimental. Where ansible-core stops calling them, a task whose options cannot be templated
``ActionBase.finalize_task_arg``                    ends before this collection hears of it. Its processes stay ``running`` until their lease
                                                    runs out (15 minutes), or until ``resume`` is told to take them over. Nothing else changes.
``is_trusted_as_template``,                         For two short ways past the templating of our own playbooks' options, which Ansible takes half a
``templar.available_variables``,                    millisecond each for, and 5 to 20 ms for 100 rows. Where they are gone, all is templated as usual.
``templar.resolve_to_container``
``AnsibleValueOmittedError``                        Goes with the two: it says that ``omit`` is the value of an option.
==================================================  ==========================================================================================
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
import typing as t

from ansible import errors, template
from ansible.plugins.action import ActionBase

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._run import interrupts

__all__ = ["Finalized", "FinalizedAction"]

_OmittedError: type[Exception] | tuple[()] = getattr(errors, "AnsibleValueOmittedError", ())
_is_template: t.Callable[[t.Any], bool] = getattr(template, "is_trusted_as_template", lambda value: False)
_DEFAULT_OMIT = re.compile(r"\{\{ (\w+) \| default\(omit\) \}\}", re.ASCII)


@dataclasses.dataclass
class Finalized:
    """What happened while the options of a task were templated: the first ``error``, and the number of a signal that came."""

    error: errors.AnsibleError | None = None
    interrupt: int | None = None


class FinalizedAction(ActionBase):
    """The base of an action that deals itself with what goes wrong while its options are templated: see ``finalized``.

    An option that could not be templated is None.
    """

    finalized = Finalized()

    @classmethod
    @contextlib.contextmanager
    def get_finalize_task_args_context(cls) -> t.Any:
        """Take note of a signal that comes meanwhile."""
        cls.finalized = Finalized()
        with interrupts(at_once=False) as came:
            yield cls.finalized
        cls.finalized.interrupt = came[0] if came else None

    rows_option: str | None = None
    """The option for the rows that an earlier task returned, of an action that takes them."""

    @classmethod
    def finalize_task_arg(cls, name: str, value: t.Any, templar: t.Any, context: t.Any) -> t.Any:
        """Template an option, unless it is known without, and take note of the first error.

        ``{{ NAME | default(omit) }}`` with no such variable is omitted, and rows that a variable holds are copied as they are.
        """
        if _is_template(value):
            default = _DEFAULT_OMIT.fullmatch(value)
            if default and _OmittedError and default.group(1) not in getattr(templar, "available_variables", {default.group(1)}):
                raise _OmittedError
            rows = _rows(value, templar) if name == cls.rows_option else None
            if rows is not None:
                return rows
        try:
            return super().finalize_task_arg(name, value, templar, context)
        except _OmittedError:
            raise
        except errors.AnsibleError as error:
            if not isinstance(context, Finalized):
                raise
            context.error = context.error or error
            return None


def _rows(template: str, templar: t.Any) -> list[t.Any] | None:
    """Return a plain copy of the rows that a template names; None where there is anything in them that Ansible has to look at."""
    if not hasattr(templar, "resolve_to_container"):
        return None
    try:
        rows = _plain(templar.resolve_to_container(template))
    except (errors.AnsibleError, _NotPlain):
        return None
    return rows if isinstance(rows, list) and rows else None


class _NotPlain(Exception):
    """A value that is more than data."""


def _plain(value: t.Any) -> t.Any:
    """Return a copy of dictionaries, lists and scalars, since Ansible's own containers cannot leave the worker. Raises _NotPlain for all else."""
    if isinstance(value, dict):
        return {_plain(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if value is None or isinstance(value, (bool, int, float)) or (isinstance(value, str) and "{" not in value):
        return value
    raise _NotPlain
