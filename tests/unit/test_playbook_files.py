# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must be true of every playbook, every option and every command that we print, found by reading them: a new one that forgets fails here."""

from __future__ import annotations

import ast
import json
import re
import shlex

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.splitter import parse_kv

from ansible_collections.nodeflow.orchestrator.plugins.module_utils import _argspec
from playbook_files import MODULES, PLAYBOOKS, ROOT, options_of, own_names, plays, variables_of

SAYS_NOTHING = ["", "  ", "\n", None]
WITH_AWX = ("refresh_surveys", "setup_awx")
LISTS_OF_NOTHING = [[""], ["", None], [" ", ""], ",", " , ", '[""]', "[null]"]


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_every_play_runs_on_the_controller_with_the_shared_settings(playbook):
    for play in plays(playbook):
        kept = {name: value for name, value in play.items() if name not in ("name", "tasks")}
        if playbook in WITH_AWX:  # more of both, and nothing else
            [kept["vars_files"], *more] = kept["vars_files"]
            assert more == ["vars/nodeflow_awx.yml", "vars/nodeflow_awx_templates.yml"]
            kept["module_defaults"] = {name: value for name, value in kept["module_defaults"].items() if name != "ansible.builtin.uri"}
        assert kept == {
            "hosts": "{{ nodeflow_host }}",
            "connection": "local",
            "become": False,
            "gather_facts": False,
            "vars_files": "vars/nodeflow_playbooks.yml",
            "module_defaults": {"group/nodeflow.orchestrator.all": "{{ nodeflow_node_settings }}"},
        }


def test_names_that_we_set_cannot_be_taken_for_a_persons():
    prefixes = ("nodeflow_", "ansible_", "provide_config_")
    assert [name for name in sorted(own_names(ROOT / "playbooks")) if not name.startswith(prefixes)] == []
    assert [name for name in sorted(own_names(ROOT / "roles")) if not name.startswith("provide_config_")] == []


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_every_variable_of_a_playbook_is_in_the_documentation(playbook):
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert {name for name in variables_of(playbook) if f"`{name}`" not in text} == set()


@pytest.mark.parametrize("module", MODULES)
def test_an_option_that_says_nothing_is_one_that_is_not_given(module, monkeypatch):
    """Of each option of each module, by its own argument spec."""
    spec = options_of(module)
    for name in {name for option in spec.values() for name in option.get("fallback", (None, []))[1]}:
        monkeypatch.delenv(name, raising=False)
    for name, option in spec.items():
        needed = {other: _some(rule) for other, rule in spec.items() if rule.get("required") and other != name}
        without = _validated(spec, needed)
        lists = LISTS_OF_NOTHING if (option["type"] == "list" and option.get("elements") != "dict") or (name == "nodes" and option["type"] == "raw") else []
        for value in SAYS_NOTHING + lists:
            assert _validated(spec, needed | {name: value}) == without, (name, value)


def _some(rule):
    return rule["choices"][0] if "choices" in rule else [] if rule["type"] == "list" else "x"


def _validated(spec, arguments):
    result = ArgumentSpecValidator(spec).validate(_argspec.given(arguments, spec))
    return result.error_messages, result.validated_parameters


@pytest.mark.parametrize("module", MODULES)
def test_an_environment_variable_that_says_nothing_is_one_that_is_not_set(module, monkeypatch):
    """Job runners inject empty ones. Of each option that has any, each of its variables, and the next one counts."""
    spec = options_of(module)
    needed = {name: _some(rule) for name, rule in spec.items() if rule.get("required")}
    with_environment = {name: option["fallback"][1] for name, option in spec.items() if "fallback" in option}
    assert {spec[name]["fallback"][0] for name in with_environment} <= {_argspec.env_fallback, _argspec.list_fallback, _argspec._shown_fallback}
    variables = [variable for names in with_environment.values() for variable in names]
    for variable in variables:
        monkeypatch.delenv(variable, raising=False)
    without = _validated(spec, needed)
    for blank in ("", "  "):
        for variable in variables:
            monkeypatch.setenv(variable, blank)
        assert _validated(spec, needed) == without
        for name, (*others, last) in with_environment.items():
            value = {"bool": "true", "int": "7"}.get(spec[name]["type"], "/x")
            monkeypatch.setenv(last, value)
            found = _validated(spec, needed)[1][name]
            assert ([str(one).lower() for one in found] if isinstance(found, list) else str(found).lower()) in (value, [value]), (name, others)
            monkeypatch.setenv(last, blank)


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("flag", False, False),
        ("number", 0, 0),
        ("flag", "false", "false"),
        ("nodes", [], []),
        ("nodes", "[]", []),
        ("families", "[]", []),
        ("families", [], []),
        ("families", "ipv4, ipv6,", ["ipv4", "ipv6"]),
        ("families", ["ipv4", "", None], ["ipv4"]),
        ("families", '["ipv4", ""]', ["ipv4"]),
        ("families", "[ipv4", "[ipv4"),
        ("nodes", "a,b", "a,b"),
        ("nodes", ["", 7, {"name": "", "site": None}, {"name": "x", "site": ""}], [7, {"name": "x", "site": ""}]),
        ("rows", [{"a": None}, {}], [{"a": None}, {}]),
        ("wins", {"status": "", "name": "store"}, {"name": "store"}),
        ("wins", '{"status": "", "name": "store"}', {"name": "store"}),
        ("wins", {"status": None}, "nothing"),
        ("wins", {}, {}),
        ("device_filter", {"site": "", "role": "core"}, {"site": "", "role": "core"}),
        ("device_filter", "", "nothing"),
        ("text", " a ", " a "),
        ("text", ",", ","),
    ],
)
def test_what_says_something_is_kept(name, value, kept):
    types = {"flag": "bool", "number": "int", "nodes": "raw", "families": "list", "rows": "list", "wins": "dict", "device_filter": "dict", "text": "str"}
    spec = {name: {"type": type_} | ({"elements": "dict"} if name == "rows" else {}) for name, type_ in types.items()}
    expected = {} if isinstance(kept, str) and kept == "nothing" else {name: kept}
    assert _argspec.given({name: value}, spec) == expected


_EXTRA = re.compile(r"""(?:^|\s)(?:-e|--extra-vars)[ =]('[^']*'|\S*?'[^']*'|\S*?"[^"]*"|\S+)""")
_PLACEHOLDER = re.compile(r"\{\{.*?\}\}|\{\w*\}", re.DOTALL)


def _texts():
    """Every text that a person may take a command from, with its file: code in the documentation, and each string in our programs."""
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("roles/*/README.md"), *ROOT.glob("lab/*.md")]:
        text = path.read_text(encoding="utf-8")
        yield from ((path.name, line) for block in re.findall(r"^```.*?\n(.*?)^```", text, re.DOTALL | re.MULTILINE) for line in block.splitlines())
        yield from ((path.name, span) for span in re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)))
    for path in [*ROOT.glob("plugins/**/*.py"), *ROOT.glob("lab/**/*.py"), *ROOT.glob("scripts/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield path.name, node.value
    for path in [*ROOT.glob("playbooks/*.yml"), *ROOT.glob("roles/**/*.yml"), ROOT / "Makefile"]:
        yield path.name, path.read_text(encoding="utf-8")


EXTRA = sorted({(file, extra) for file, text in _texts() for extra in _EXTRA.findall(_PLACEHOLDER.sub("X", text))} - {("rows.py", "X")})
"""Each value of -e that we show or print, as it stands for the shell, with X where a program puts an id, a list of them or a URL."""


@pytest.mark.parametrize(("file", "extra"), EXTRA)
def test_a_command_that_we_write_gives_ansible_its_whole_value(file, extra):
    """Ansible splits ``key=value key=value`` at blanks, also within what the shell has taken for one word."""
    [word] = shlex.split(extra.replace("\\", ""))
    if word.startswith("@"):  # a file
        return
    if word.startswith("{"):
        assert json.loads(word)
    else:
        name, _equals, value = word.partition("=")
        assert parse_kv(word) == {name: value}, f"{file}: Ansible loses a part of {extra}"


def test_the_commands_that_we_write_are_found():
    assert {("enrol.md", "reason"), ("life.md", "note"), ("resume.yml", "process_ids")} <= {
        (file, name) for file, extra in EXTRA for name in re.findall(r"\w+", extra)[:1]
    }


def test_no_line_is_longer_than_the_slower_linters_allow():
    """It takes ansible-lint and ansible-test minutes to say so; and ruff passes over a line that ends with an address."""
    places = ("playbooks", "changelogs", "roles", "meta", "extensions", "examples", "plugins", "scripts", "lab", "tests")
    files = [path for place in places for end in ("yml", "py") for path in (ROOT / place).rglob(f"*.{end}") if "output" not in path.parts]
    lines = [(str(path), line) for path in files for line in path.read_text(encoding="utf-8").splitlines()]
    assert len(files) > 400 and [(path, line) for path, line in lines if len(line) > 160 and "# noqa" not in line] == []
