# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The figures of the mutants: what counts as noticed, and with which tests a mutant is tried."""

from __future__ import annotations

import json

import pytest

import mutation

UNIT = f"{mutation.COLLECTION}/tests/unit"


def with_codes(place, file, codes):
    """The exit codes that mutmut had for the mutants of a file."""
    path = place / "mutants" / mutation.COLLECTION / "plugins" / "module_utils" / f"{file}.meta"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"exit_code_by_key": codes}), encoding="utf-8")
    return path


def test_only_what_a_test_fails_at_is_noticed(tmp_path):
    with_codes(tmp_path, "_store/a.py", {"p.a.x_f__mutmut_1": 1, "p.a.x_f__mutmut_2": 0, "p.a.x_f__mutmut_3": 36, "p.a.xǁOneǁg__mutmut_1": 33})
    with_codes(tmp_path, "_store/b.py", {"p.b.x_h__mutmut_1": 3})
    found = mutation.read(tmp_path)
    assert (found["mutants"], found["killed"]) == (5, 2)
    assert found["files"] == {"_store/a.py": {"killed": 1, "survived": 1, "timed out": 1, "not tested": 1}, "_store/b.py": {"killed": 1}}
    assert found["survivors"] == {"_store/a.py": {"f": 2, "One.g": 1}}
    assert found["names"] == ["survived: p.a.x_f__mutmut_2", "timed out: p.a.x_f__mutmut_3", "not tested: p.a.xǁOneǁg__mutmut_1"]


def test_what_was_left_is_tried_again_and_what_was_noticed_is_not(tmp_path):
    path = with_codes(tmp_path, "_store/a.py", {"one": 1, "two": 0, "three": 36})
    mutation.try_again(tmp_path)
    assert json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"] == {"one": 1, "two": None, "three": None}


@pytest.fixture
def chosen(tmp_path):
    """The tests that a function's mutants are tried with."""
    seconds = {f"{UNIT}/test_store.py::{number:03}": number / 1000 for number in range(300)}
    seconds |= {f"{UNIT}/test_recorded.py::{number:02}": 9 for number in range(20)}
    (tmp_path / "mutants").mkdir()
    stats = {"duration_by_test": seconds, "tests_by_mangled_function_name": {"many": sorted(seconds, reverse=True), "few": [*seconds][:3]}}
    (tmp_path / mutation.STATS).write_text(json.dumps(stats), encoding="utf-8")

    def choose(quick):
        mutation.choose_tests(tmp_path, quick)
        return json.loads((tmp_path / mutation.STATS).read_text(encoding="utf-8"))["tests_by_mangled_function_name"]

    return choose


def test_a_mutant_is_tried_with_the_quickest_tests_and_some_scenes(chosen):
    tests = chosen(mutation.QUICK_TESTS)
    assert tests["many"][: mutation.QUICK_TESTS] == [f"{UNIT}/test_store.py::{number:03}" for number in range(mutation.QUICK_TESTS)]
    assert tests["many"][mutation.QUICK_TESTS :] == [f"{UNIT}/test_recorded.py::{number:02}" for number in range(mutation.SCENES)]
    assert len(tests["few"]) == 3


def test_all_of_them_can_be_had_again(chosen):
    chosen(5)
    assert len(chosen(None)["many"]) == 320 and len(chosen(5)["many"]) == 5 + mutation.SCENES
