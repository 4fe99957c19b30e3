# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of troubleshooting: for whoever searches it for the sentence on the screen. It has all that the plugins and the playbooks say."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import yaml

import messages

ERRORS = {"NodeflowError", "DomainError", "NetboxError", "StoreError", "AwxError", "Failed", "failed", "warn"}


def said(path: Path):
    """The longest text within each call that makes an error, a failed row or a warning, where it has four words or more."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", None)) in ERRORS:
            texts = [" ".join(part.value.split()) for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)]
            longest = max(texts, key=len, default="")
            if longest.count(" ") >= 3:
                yield longest


@pytest.mark.parametrize("path", sorted(messages.PLUGINS.rglob("*.py")), ids=lambda path: path.relative_to(messages.PLUGINS).as_posix())
def test_each_error_and_warning_is_on_the_page(path):
    texts = [message.text for message in messages.messages() if message.file == path.relative_to(messages.PLUGINS).as_posix()]
    assert [text for text in said(path) if not any(text in there for there in texts)] == []


def test_no_value_is_a_number_in_braces():
    assert [message for message in messages.messages() if re.search(r"\{\d", message.text)] == []


def tasks_of(node):
    """The mappings in a file of YAML."""
    if isinstance(node, dict):
        yield node
    for part in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from tasks_of(part)


@pytest.mark.parametrize("path", sorted(messages.PLAYBOOKS.rglob("*.yml")), ids=lambda path: path.relative_to(messages.PLAYBOOKS).as_posix())
def test_what_a_playbook_says_is_on_the_page(path):
    """Each text of some length outside of the expressions, word for word."""
    whole = yaml.safe_load(path.read_text(encoding="utf-8").replace("!unsafe", ""))
    said = [task[key] for task in tasks_of(whole) for key in ("fail_msg", "msg", "otherwise") if key in task]
    texts = [" ".join(part.split()) for text in said for part in re.split(r"\{\{.*?\}\}", text, flags=re.DOTALL)]
    page = [message.text for message in messages.messages() if message.file.endswith(f"/{path.name}")]
    assert [text for text in texts if text.count(" ") >= 3 and not any(text in there for there in page)] == []


@pytest.mark.parametrize(
    ("task", "found"),
    [
        ("fail_msg: awx_state is present or absent, and not {{ nodeflow_awx_state }}", ["awx_state is present or absent, and not <awx state>"]),
        ("""fail_msg: "{{ done.msg }}{{ '. Repair that with: ' ~ done.repair_with if done.repair_with else '' }}\"""", [". Repair that with: <repair with>"]),
        ("host: \"{{ 'localhost' if on else undef(hint='It runs here, and ' ~ limit ~ ' leaves that out') }}\"", ["It runs here, and <limit> leaves that out"]),
        ("name: Say what was done, and to what", []),
        ('msg: "{{ done.msg }}"', []),
    ],
)
def test_a_sentence_of_a_task(task, found):
    assert list(messages.sentences_of_tasks(task)) == found


def test_no_room_is_left_without_a_title():
    page = messages.page()
    assert page.count("\n- ") == len(messages.messages()) > 300
    assert [title for title, _about in messages.ROOMS.values() if f"## {title}\n" not in page] == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('raise StoreError(f"{label} is no file, so it cannot be a store")', ["<label> is no file, so it cannot be a store"]),
        ('x = "too few words"', []),
        ('def f():\n    """This is a docstring of many words."""', []),
        ('DOCUMENTATION = "this is documentation of many words"', []),
        ('x = "SELECT a FROM b WHERE c"', []),
        ('x = f"say {\'this or that or nothing\' if y else z} and go"', ["say <...> and go", "this or that or nothing"]),
    ],
)
def test_a_sentence_is_told_from_documentation_and_sql(source, found):
    assert sorted(messages.sentences(ast.parse(source))) == sorted(found)
