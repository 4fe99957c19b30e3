# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of troubleshooting: for whoever searches it for the sentence on the screen. It has all that the plugins say."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

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
