# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of a task, from what stands in a playbook to what a module's function gets."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible.errors import AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._argspec import given
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._plain import plain
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._run import sentence
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.location import ENVIRONMENT, split_password
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._web_files import is_url, part_url
from ansible_collections.nodeflow.orchestrator.plugins.plugin_utils._template_directories import find_directories

__all__ = ["Options", "read_options"]

_Spec = dict[str, dict[str, t.Any]]


@dataclasses.dataclass
class Options:
    """The options of a task. ``given`` are those that say something, as Ansible passes them on; ``params`` all of them, validated as far as they are right.

    ``secrets`` are the texts that must not be shown; ``problem`` is what is wrong, in the words in which AnsibleModule says it.
    """

    given: dict[str, t.Any]
    params: dict[str, t.Any]
    secrets: frozenset[str]
    problem: str | None


def read_options(
    module: t.Any, arguments: t.Mapping[str, t.Any], variables: t.Mapping[str, t.Any], name: str, environment: t.Mapping[str, str] | None
) -> Options:
    """Read the options of a task.

    Args:
        module: The module, whose OPTIONS they are.
        arguments: The arguments of the task, templated.
        variables: The task's variables.
        name: What the module is called in argument errors.
        environment: What the task sets for a process of its own; None where it runs in this one.
    """
    options = module.OPTIONS
    spec: _Spec = options["argument_spec"]
    said = given(arguments, spec)
    unclear = [why for why in (_part_url(said, spec), _part_passwords(said, spec)) if why]
    conditions = {one: options[one] for one in _CONDITIONS if one in options}
    rows = _rows(said, spec)
    validated = ArgumentSpecValidator(spec, **conditions).validate(said | {name: [] for name in rows})
    params = {option: plain(value) for option, value in validated.validated_parameters.items()} | rows
    secret = [option for option in spec if spec[option].get("no_log")]
    secrets = frozenset(text for option in secret for values in (said, params) for text in _strings(values.get(option)))
    if environment is not None:  # what is not given, the process takes from its own environment
        without = {option: {key: part for key, part in told.items() if key != "fallback"} for option, told in spec.items()}
        validated = ArgumentSpecValidator(without, **conditions).validate(said | {name: [] for name in rows})
        for option, variable in (("store", "NODEFLOW_STORE"), ("store_password", "NODEFLOW_STORE_PASSWORD")):
            if option not in said and environment.get(variable):
                params[option] = environment[variable]
    missing = _missing_directory(params.get(getattr(module, "TEMPLATE_DIRECTORIES", "")), variables)
    wrong = _argument_error(validated.errors[0], name) if validated.error_messages else None
    return Options(said, params, secrets, next(iter(unclear), wrong) or missing)


_CONDITIONS = ("mutually_exclusive", "required_by", "required_if", "required_one_of", "required_together")
"""What OPTIONS may have beside the argument spec that makes options wrong."""


def _rows(said: t.Mapping[str, t.Any], spec: _Spec) -> dict[str, t.Any]:
    """Return the lists of dictionaries among the options that are right as they are: Ansible would copy each value in them, and look at none."""
    free = [name for name, option in spec.items() if option.get("elements") == "dict" and "options" not in option]
    return {name: said[name] for name in free if isinstance(said.get(name), list) and all(isinstance(row, dict) for row in said[name])}


def _part_passwords(said: dict[str, t.Any], spec: _Spec) -> str | None:
    """Give the password in the name of a store to the option that is for it, whose value is nowhere shown. Return what is wrong with a name."""
    for name in ENVIRONMENT:
        if name + "_password" not in spec or name not in said:
            continue
        text = said.pop(name)
        if not isinstance(text, (str, int)):
            return f"The option {name} takes a text, the path or the URL of a store"
        try:
            said[name], password = split_password(str(text))
        except NodeflowError as error:
            return sentence(str(error))
        if password is not None:
            said.setdefault(name + "_password", password)
    return None


def _part_url(said: dict[str, t.Any], spec: _Spec) -> str | None:
    """Give what is secret in the URL of a dest to the options that are for it, whose values are nowhere shown. Return what is wrong with the URL."""
    if "dest_query" in spec and isinstance(said.get("dest"), str) and is_url(said["dest"]):
        try:
            said["dest"], secret = part_url(said.pop("dest"))
        except NodeflowError as error:
            return sentence(str(error))
        said.update({name: text for name, text in secret.items() if name not in said})
    return None


def _argument_error(error: t.Any, name: str) -> str:
    """Say it in the words of AnsibleModule."""
    return f"Unsupported parameters for ({name}) module: {error.msg}" if isinstance(error, UnsupportedError) else str(error.msg)


def _missing_directory(directories: list[str] | None, variables: t.Mapping[str, t.Any]) -> str | None:
    """Return what is wrong with the template directories of a form, which only the controller can tell."""
    try:
        find_directories(directories or [], variables)
    except AnsibleError as error:
        return str(error)
    return None


def _strings(value: t.Any) -> set[str]:
    """Return the texts that a secret option's value holds, also where it has the wrong type."""
    if isinstance(value, t.Mapping):
        return _strings([*value, *value.values()])
    if isinstance(value, (list, tuple)):
        return {text for inner in value for text in _strings(inner)}
    return {str(value)} - {""} if value is not None and not isinstance(value, bool) else set()
