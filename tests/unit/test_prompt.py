# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The list to choose from, the answers that are taken, and the line that is typed. At a real terminal: tests/integration/test_terminal.py."""

from __future__ import annotations

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NetboxError, NodeflowError, NotAnswered
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.choice import Wanted
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.prompt import Listed, choose, columns
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task
from ansible_collections.nodeflow.orchestrator.plugins.plugin_utils._terminal import Line

LISTED = [
    Listed(7, "r7", "loc1", ("10.0.0.7/32", "2001:db8::7/128")),
    Listed(12, "a b", "loc1", (None, None), "! lacks a primary IPv4 address"),
    Listed(113, None, "", ("10.0.0.9/32", None)),
    Listed(14, "東京", "loc1-long", ("10.0.0.10/32", None)),
]


class Person:
    """Gives these answers, one after the other."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked, self.shown = [], []
        self.task = Task({}, False, lambda text: None, self.shown.append, self._ask)

    def _ask(self, question):
        self.asked.append(question)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def choose(self, take=lambda wanted: wanted):
        """What is taken."""
        return choose(self.task, "Nodes:", LISTED, "Which", take)


def test_the_columns_are_aligned_whatever_is_in_them():
    assert columns(LISTED).splitlines() == [
        "   id  name       site       addresses",
        "    7  r7         loc1       10.0.0.7/32, 2001:db8::7/128",
        "   12  a b        loc1       -                             ! lacks a primary IPv4 address",
        "  113  (no name)  -          10.0.0.9/32",
        "   14  東京       loc1-long  10.0.0.10/32",
    ]


def test_a_long_list_says_what_is_not_in_it():
    assert columns(LISTED * 20).splitlines()[-1] == "  and 30 more, which can be named as well; device_filter narrows the list"


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        ("all", None),
        ("ALL", None),
        ("7, 12 ,", [Wanted(id=7), Wanted(id=12)]),
        ("7 12", [Wanted(id=7), Wanted(id=12)]),
        ("a b", [Wanted(name="a b")]),
        ("r7 113", [Wanted(name="r7"), Wanted(id=113)]),
        ("r7 nobody", [Wanted(name="r7 nobody")]),
        ('{"name": "r7", "site": "loc1"}', [Wanted(name="r7", site="loc1")]),
    ],
)
def test_what_an_answer_means(answer, wanted):
    assert Person(answer).choose() == wanted


def test_a_bad_answer_is_asked_again_without_the_list():
    def take(wanted):
        if wanted != [Wanted(id=7)]:
            raise NodeflowError("NetBox has no such device")
        return "r7"

    person = Person("", "nobody", "7")
    assert person.choose(take) == "r7"
    assert [question.count("\n") for question in person.asked] == [6, 0, 0] and all(question.endswith("Which: ") for question in person.asked)
    assert "nothing was typed" in person.shown[0] and "NetBox has no such device" in person.shown[1]


def test_the_third_bad_answer_is_the_last():
    with pytest.raises(NodeflowError, match="That was the last of 3 answers, so nothing was done"):
        Person("", ",", "[", "7").choose()


@pytest.mark.parametrize("error", [NotAnswered(), NetboxError("NetBox is away")])
def test_what_is_no_answer_is_not_asked_again(error):
    person = Person(error, "7")
    with pytest.raises(type(error)):
        person.choose()
    assert len(person.asked) == 1


def test_nobody_is_not_asked_again():
    person = Person(None, "7")
    assert person.choose() is None and len(person.asked) == 1


@pytest.mark.parametrize(
    ("keys", "text", "screen"),
    [
        ("abc\r", "abc", "abc"),
        ("ab\x7fc\n", "ac", "ab\b \bc"),
        ("\x7f\x08a\r", "a", "a"),
        ("東\x7fa\r", "a", "東\b \b\b \ba"),
        ("\x1b[A\x1b[1;5Cx\x1bOP\x1b[3~\x1bby\r", "xy", "xy"),
        ("\x1b[200~pasted\x1b[201~\r", "pasted", "pasted"),
        ("a b\x17c\r", "ac", "a b\b \b\b \bc"),
        ("ab\x15c\r", "c", "ab\b \b\b \bc"),
        ("a\x04\x01\tb\rrest", "ab", "ab"),
    ],
)
def test_a_line_that_is_typed(keys, text, screen):
    line = Line()
    assert "".join(line.press(key) for key in keys) == screen
    assert (line.text, line.ended, line.given_up) == (text, True, False)


@pytest.mark.parametrize("keys", ["\x03", "abc\x03", "\x04"])
def test_a_line_that_is_left(keys):
    line = Line()
    for key in keys:
        line.press(key)
    assert line.ended and line.given_up
