# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of NetBox at a terminal: none of them can hide what is said of the others."""

from __future__ import annotations

import pytest
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.netbox.device import device_label

UNSAFE = ["\x1b", "\x07", "\x85", "\u202e", "\u200b", "\u2028", "\ud800"]
SAFE = ["\u00e9", "\u6771", "\u00a0", "\U0001239a"]


@pytest.mark.parametrize(("char", "shown"), [*((char, "?") for char in UNSAFE), *((char, char) for char in SAFE)])
def test_what_a_terminal_would_act_upon_is_shown_as_a_question_mark_everywhere(char, shown):
    said: list[str] = []
    task = Task({}, False, said.append, said.append, said.append)
    task.warn("core" + char)
    task.show("core" + char)
    task.ask("core" + char)
    assert said == ["core" + shown] * 3
    assert str(NodeflowError("core" + char)) == "core" + shown
    assert device_label("core" + char, "loc1", 7) == "core" + shown + " (loc1, 7)"


def test_a_text_keeps_its_lines_and_a_label_has_one():
    assert str(NodeflowError("a\n\tb")) == "a\n\tb"
    assert device_label("a\nb", "", 7) == "a?b (7)"
