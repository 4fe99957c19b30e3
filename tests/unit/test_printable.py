# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of NetBox at a terminal: none of them can hide what is said of the others."""

from __future__ import annotations

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.device import device_label
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

ACTED_UPON = ["\x1b", "\x07", "\x85", "\u202e", "\u200b", "\u2028", "\ud800"]
OTHERS = ["\u00a0", "\u3000", "\ue000", "\U0001239a"]


@pytest.fixture
def said():
    return []


@pytest.fixture
def task(said):
    return Task({}, False, said.append, said.append, said.append)


@pytest.mark.parametrize("char", ["\t", *ACTED_UPON, *OTHERS])
def test_what_is_not_printable_is_a_question_mark_everywhere(char, task, said):
    task.warn("core" + char)
    task.show("core" + char)
    task.ask("core" + char)
    assert said == ["core?"] * 3 and str(NodeflowError("core" + char)) == "core?"
    assert device_label("core" + char, "loc1", 7) == "core? (loc1, 7)"


@pytest.mark.parametrize("char", ["\u00e9", "\u6771", "\U0001f600"])
def test_a_letter_of_any_script_is_shown(char, task, said):
    task.show("core" + char)
    assert said == ["core" + char] and device_label("core" + char, "loc1", 7) == "core" + char + " (loc1, 7)"


def test_a_config_keeps_its_spaces_and_nothing_that_a_terminal_acts_upon(task, said):
    task.show_config("".join(["a\n\tb", *OTHERS, *ACTED_UPON]))
    assert said == ["".join(["a\n\tb", *OTHERS, "?" * len(ACTED_UPON)])]


def test_a_sentence_keeps_its_lines_and_a_label_has_one():
    assert str(NodeflowError("a\nb")) == "a\nb"
    assert device_label("a\nb", "", 7) == "a?b (7)"
