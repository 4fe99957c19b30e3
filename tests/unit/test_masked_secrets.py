# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets in results: for whoever reads the log of a job. Most results are looked at once as a whole; that must find what a look at each would."""

from __future__ import annotations

import datetime
import math

import pytest
from hypothesis import event, example, given
from hypothesis import strategies as st

from ansible_collections.nodeflow.orchestrator.plugins.module_utils import _secrets
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._secrets import invocation, mask_text, mask_values
from ansible_collections.nodeflow.orchestrator.plugins.modules import set_status
from ansible_collections.nodeflow.orchestrator.plugins.plugin_utils._options import read_options

TEXTS = st.text(st.sampled_from('ab"\\/\n\t\0\x1f\x7f<\u2028\u00e9\U0001f600\ud83d\ude00 1.0e+-nfTruelNo{}[],:'), max_size=6)
BYTES = TEXTS.map(lambda text: text.encode("utf-8", "replace"))
SCALARS = st.one_of(TEXTS, st.integers(-200, 200), st.integers(), st.floats(), st.booleans(), st.none(), BYTES)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3) | st.sets(TEXTS, max_size=3), max_leaves=8)
RESULTS = st.dictionaries(st.text("abc", max_size=3), VALUES, max_size=4)
SECRETS = st.frozensets(TEXTS.filter(lambda text: text and text == text.strip()), max_size=3)

MASKS = ("VALUE_SPECIFIED_IN_NO_LOG_PARAMETER", "********")
"""What stands for a secret: where the text is nothing else, and ansible-core is older than 2.22, the first."""


@given(RESULTS, SECRETS, st.data())
@example({"nodes": [{"text": 'say "pass\\word"'}]}, frozenset({'"pass\\word"'}), None)
@example({"nodes": [{"number": 812345}]}, frozenset({"1234"}), None)
@example({"nodes": [{"number": 1e16}]}, frozenset({"1e+16"}), None)
@example({"nodes": [math.nan, math.inf]}, frozenset({"nan", "inf"}), None)
@example({"nodes": [b"a\xc3\xa9"]}, frozenset({"\u00e9"}), None)
def test_no_text_or_number_of_a_result_holds_a_secret(result, secrets, data):
    texts = [text for text in _texts(result) if text]
    if data and texts:  # one that is surely there, or a part of it
        text = data.draw(st.sampled_from(texts))
        begin = data.draw(st.integers(0, len(text) - 1))
        part = text[begin : data.draw(st.integers(begin + 1, len(text)))].strip()
        secrets |= {part} if part else set()
    masked = mask_values(result, secrets)
    event(f"masked: {repr(masked) != repr(result)}")
    left = [text.replace(MASKS[0], "").replace(MASKS[1], "\x01") for text in _texts(masked)]
    assert [secret for secret in secrets if any(secret in text for text in left)] == []
    assert masked.keys() == result.keys()


def _texts(value):
    """The texts and numbers in a value, numbers and bytes as texts."""
    if isinstance(value, dict):
        return [text for inner in value.values() for text in _texts(inner)]
    if isinstance(value, (list, set)):
        return [text for inner in value for text in _texts(inner)]
    return [value.decode()] if isinstance(value, bytes) else [] if value is None or isinstance(value, bool) else [str(value)]


def test_rows_without_a_secret_are_not_copied_and_a_secret_beside_them_is_masked(monkeypatch):
    result = {"nodes": [{"device": "loc1-core"}], "invocation": {"module_args": {"netbox_token": "a-secret"}}}
    after = mask_values(result, frozenset({"a-secret"}))
    assert after["nodes"] is result["nodes"] and after["invocation"]["module_args"]["netbox_token"] in MASKS
    looked_at = []
    monkeypatch.setattr(_secrets, "_mask", lambda value, secrets: looked_at.append(value) or value)
    assert mask_values({"when": datetime.date(2026, 1, 1), "device": "loc1-core"}, frozenset({"a-secret"})) and len(looked_at) == 1, "what JSON has not"


def test_a_text_has_no_secret_and_is_itself_where_there_was_none():
    masked = mask_text("the token a-secret is wrong", frozenset({"a-secret"}))  # where ansible-core keeps what is secret, it masks all of that
    assert "a-secret" not in masked and "********" in masked
    text = "nothing in here"
    assert mask_text(text, frozenset({"a-secret"})) is text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://ann:pass@netbox.example.org/x", "https://ann:********@netbox.example.org/x"),
        ("postgresql://:p%40ss@/db?host=/run and http://a:b@c", "postgresql://:********@c"),
        ("https://ann:pa/ss?#w o@rd://x@host/y", "https://ann:********@host/y"),
        ("http://a:p@ss@host", "http://a:********@host"),
        ("http://host:80/a@b", "http://host:********@b"),
        ("ann@example.org", "ann@example.org"),
    ],
)
def test_the_password_in_a_url_is_not_shown(text, shown):
    assert invocation({"netbox_url": text, "retries": 5}) == {"module_args": {"netbox_url": shown, "retries": 5}}


def test_rows_that_are_right_are_not_copied():
    rows = [{"device": "loc1-core", "status": "running", "run_id": "1"}]
    options = read_options(set_status, {"nodes": rows, "lifecycle": "provisioning"}, {}, "set_status", None)
    assert options.problem is None and options.params["nodes"] is rows


@pytest.mark.parametrize(("rows", "problem"), [([1], "Elements value for option 'nodes' is of type"), (None, "missing required arguments: nodes")])
def test_rows_that_are_wrong_are_said_to_be(rows, problem):
    assert problem in read_options(set_status, {"nodes": rows, "lifecycle": "provisioning"}, {}, "set_status", None).problem
