# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the playbooks, the role and the modules of this checkout consist of, found by reading them."""

from __future__ import annotations

import importlib
import pathlib
import typing as t

import yaml
from jinja2 import Environment
from jinja2.nodes import Name

__all__ = ["MODULES", "OF_PROCESSES", "PLAYBOOKS", "ROOT", "options_of", "own_names", "plays", "read", "tasks", "variables_of"]

ROOT = pathlib.Path(__file__).parents[2]
PLAYBOOKS = sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml"))
OF_PROCESSES = [name for name in PLAYBOOKS if name not in ("refresh_surveys", "setup_awx")]
"""The playbooks but for those that speak to AWX, which test_setup_awx and test_awx_playbooks are for."""
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
ROLE = ROOT / "roles" / "provide_config"
SHARED = ROOT / "playbooks" / "vars" / "nodeflow_playbooks.yml"

_EXPRESSIONS = ("when", "that", "until", "failed_when", "changed_when")
"""Keywords and options that hold expressions without braces."""

_ANSIBLES = ("omit", "query", "lookup", "undef", "role_path")


def plays(playbook: str) -> list[dict[str, t.Any]]:
    """The plays of a playbook, without what it imports."""
    return [play for play in read(ROOT / "playbooks" / f"{playbook}.yml") if "hosts" in play]


def tasks(playbook: str) -> list[dict[str, t.Any]]:
    """The tasks of a playbook, in their order, without what it imports."""
    return [task for play in plays(playbook) for task in _flat(play["tasks"])]


def _flat(some: list[dict[str, t.Any]]) -> t.Iterator[dict[str, t.Any]]:
    for task in some:
        if "block" in task:
            yield from _flat([*task["block"], *task.get("rescue", []), *task.get("always", [])])
        else:
            yield task


def variables_of(playbook: str) -> set[str]:
    """The variables that a person can give to a playbook, its role and what it imports: all that are in the templates and are not ours."""
    entries = read(ROOT / "playbooks" / f"{playbook}.yml")
    found = _variables(entries) | _variables(read(SHARED))
    for entry in entries:
        if "ansible.builtin.import_playbook" in entry:
            found |= variables_of(entry["ansible.builtin.import_playbook"].removesuffix(".yml"))
    if "import_role" in str(entries):
        found |= {name for part in ("defaults", "vars", "tasks") for name in _variables(read(ROLE / part / "main.yml"))}
        found |= set(read(ROLE / "defaults" / "main.yml"))
    ours = own_names(ROLE) | {"provide_config_nodes", *_ANSIBLES}
    return {name for name in found - ours if not name.startswith(("nodeflow_", "ansible_", "provide_config_given_"))}


def own_names(where: pathlib.Path) -> set[str]:
    """Every name that the YAML files below a directory register, set as a fact, loop with, or give to a play, task or role as a variable."""
    files = [path for path in sorted(where.rglob("*.yml")) if path.parent.name not in ("meta", "defaults")]
    return {name for path in files for name in ([*read(path)] if path.parent.name == "vars" else _own(read(path)))}


def options_of(module: str) -> dict[str, dict[str, t.Any]]:
    """The argument spec of a module."""
    return dict(importlib.import_module(f"ansible_collections.nodeflow.orchestrator.plugins.modules.{module}").OPTIONS["argument_spec"])


def read(path: pathlib.Path) -> t.Any:
    """What a YAML file says, with texts that Ansible must not take for templates as the texts that they are."""
    return yaml.load(path.read_text(encoding="utf-8"), _Loader)


class _Loader(yaml.SafeLoader):
    """Knows ``!unsafe``."""


_Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))


def _own(value: t.Any) -> t.Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from _own(one)
    elif isinstance(value, dict):
        for key, one in value.items():
            if key in ("register", "loop_var", "index_var") and isinstance(one, str):
                yield one
            elif key in ("vars", "ansible.builtin.set_fact", "set_fact") and isinstance(one, dict):
                yield from one
            else:
                yield from _own(one)
        if "loop" in value and "loop_var" not in value.get("loop_control", {}):
            yield "item"


def _variables(value: t.Any, expression: bool = False) -> set[str]:
    if isinstance(value, str):
        text = "{{ " + value + " }}" if expression else value
        return {node.name for node in Environment().parse(text).find_all(Name)}
    if isinstance(value, list):
        return {name for one in value for name in _variables(one, expression)}
    if isinstance(value, dict):
        return {name for key, one in value.items() for name in _variables(one, key in _EXPRESSIONS)}
    return set()
