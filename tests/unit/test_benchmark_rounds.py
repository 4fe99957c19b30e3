# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which rounds of the benchmark count."""

from __future__ import annotations

import pytest

from rounds import Load, Measured, Round, judge, summary

QUIET, BUSY = Load(0.1, 1.0), Load(1.2, 3.0)


def rounds(*seconds, busy=()):
    """A round for each pair of seconds, of two subjects; ``busy`` are the places of those with other work on the machine."""
    return [
        Round({("floor", 100): Measured(floor), ("ours", 100): Measured(ours)}, BUSY if place in busy else QUIET, netbox_ms=floor * 10)
        for place, (floor, ours) in enumerate(seconds)
    ]


def test_steady_rounds_of_a_quiet_machine_all_count():
    measured = rounds((2.0, 3.0), (2.1, 3.1), (1.9, 3.2))
    assert judge(measured, 3) == (measured, 0, {}, True)


def test_a_round_of_a_busy_machine_is_not_averaged_in_however_near_it_is():
    measured = rounds((2.0, 3.0), (2.1, 3.1), (1.9, 3.2), busy=(1,))
    verdict = judge(measured, 3)
    assert (verdict.settled, verdict.busy) == (False, 1)
    measured += rounds((2.0, 3.1))
    verdict = judge(measured, 3)
    assert (verdict.settled, verdict.kept) == (True, [measured[0], measured[2], measured[3]])


def test_a_subject_that_is_off_its_median_throws_its_whole_round_away_and_is_named():
    measured = rounds((2.0, 3.0), (2.0, 3.6), (2.0, 3.1), (2.4, 3.0), (2.0, 3.0))
    verdict = judge(measured, 3)
    assert verdict.kept == [measured[0], measured[2], measured[4]]
    assert verdict.off == {"ours": 1, "floor": 1}


def test_a_quick_round_is_off_too():
    assert judge(rounds((2.0, 3.0), (2.0, 2.0), (2.0, 3.0)), 3).off == {"ours": 1}


def test_what_never_settles_counts_the_nearest_and_says_so():
    measured = rounds((2.0, 3.0), (2.0, 6.0), (2.0, 4.0), (2.0, 1.0), busy=(0,))
    verdict = judge(measured, 2)
    assert verdict.settled is False
    assert verdict.kept == [measured[2], measured[1]]
    assert summary(measured, 2)["rounds"]["spread"] == pytest.approx(0.2)


def test_a_machine_that_is_always_busy_still_has_figures():
    found = summary(rounds((2.0, 3.0), (2.0, 3.0), busy=(0, 1)), 2)
    assert (found["rounds"]["busy"], found["rounds"]["kept"], found["rounds"]["settled"]) == (2, 2, False)


def test_the_summary_is_of_the_rounds_that_count_alone():
    found = summary(rounds((2.0, 3.0), (9.0, 9.0), (2.2, 3.2), (2.1, 3.3), busy=(1,)), 3)
    assert [(one["subject"], one["seconds"]) for one in found["series"]] == [("floor", 2.1), ("ours", 3.2)]
    assert found["series"][1]["slowest"] == pytest.approx(3.3 / 3.2)
    assert found["rounds"]["netbox_ms"] == 21.0
    assert len(found["rounds"]["loads"]) == found["rounds"]["measured"] == 4


def test_the_slowest_is_that_of_all_rounds_of_a_quiet_machine():
    """A target that a round thrown away cannot miss would say nothing."""
    made = summary(rounds((2.0, 3.0), (2.0, 4.5), (2.0, 3.0), (2.0, 3.0), (2.0, 9.0), busy=(4,)), 3)
    assert [one["slowest"] for one in made["series"]] == [1.0, 1.5]
