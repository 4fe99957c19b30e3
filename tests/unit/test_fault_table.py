# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of faults: what fails a test, and what counts as unclear. A table that found nothing anywhere would look just as good."""

from __future__ import annotations

import pytest

from audit import Findings
from fault_table import FaultTable, unclear_lines

UNCLEAR = (
    "Traceback (most recent call last):",
    "[ERROR]: Task failed: a defect of nodeflow.orchestrator at engine.py:12: KeyError: 'x'",
    "(psycopg.OperationalError) server closed the connection unexpectedly",
    "An exception occurred during task execution. To see the full traceback, use -vvv.",
    "<Response object at 0x7f>",
)

CLEAR = (
    "[ERROR]: Task failed: Action failed: NetBox at http://127.0.0.1 answered 500 Internal Server Error",
    "the store store.db in /tmp: the disk is full; make room and run again",
    "localhost : ok=1 changed=0 unreachable=0 failed=1",
)


@pytest.mark.parametrize("line", UNCLEAR)
def test_what_is_no_sentence_is_unclear(line):
    assert unclear_lines("fine\n" + line + "\nfine") == [line]


@pytest.mark.parametrize("line", CLEAR)
def test_a_sentence_is_clear(line):
    assert unclear_lines(line) == []


@pytest.mark.parametrize(
    "found, outputs, injected, counts",
    [
        (Findings(lost=["one", "two"]), ["fine"], 1, [1, 2, 0, 0, 0]),
        (Findings(twice=["one"]), ["fine"], 3, [3, 0, 1, 0, 0]),
        (Findings(stuck=["one"]), ["fine"], 1, [1, 0, 0, 1, 0]),
        (Findings(), ["fine", UNCLEAR[0]], 1, [1, 0, 0, 0, 1]),
    ],
)
def test_what_is_wrong_is_counted_and_fails_the_test(found, outputs, injected, counts):
    properties = []
    with pytest.raises(AssertionError, match="after the fault 'the fault'"):
        FaultTable(properties).record("the fault", found, outputs, injected)
    assert properties == [("fault", ["the fault", *counts])]


def test_nothing_wrong_passes_and_nothing_injected_does_not():
    properties = []
    FaultTable(properties).record("the fault", Findings(), ["fine"])
    assert properties == [("fault", ["the fault", 1, 0, 0, 0, 0])]
    with pytest.raises(AssertionError, match="nothing was injected"):
        FaultTable(properties).record("the fault", Findings(), ["fine"], 0)
