# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of quality: for whoever reads it, who must see what failed, and what was not run."""

from __future__ import annotations

import pytest

import quality

RESULTS = """\
<testsuites><testsuite name="pytest">
<testcase classname="tests.unit.test_one" name="test_a" time="0.5" />
<testcase classname="tests.unit.test_one" name="test_b" time="1.5"><failure message="m">no</failure></testcase>
<testcase classname="tests.unit.test_one" name="test_b" time="0.1"><error message="m">failed on teardown</error></testcase>
<testcase classname="tests.unit.test_two.TestThing" name="test_c" time="0.25"><skipped message="m">no</skipped></testcase>
<testcase classname="tests.gates.test_gates" name="test_ruff_finds_nothing" time="3" />
<testcase classname="tests.gates.test_some" name="test_units[a]" time="1" />
<testcase classname="tests.gates.test_some" name="test_units[b]" time="2"><error message="m">no</error></testcase>
</testsuite></testsuites>
"""
VERSIONS = {"Python": "3.13.0", **dict.fromkeys(quality.SHOWN, "1.2")}


@pytest.fixture
def results(tmp_path):
    """What pytest wrote."""
    file = tmp_path / "results.xml"
    file.write_text(RESULTS, encoding="utf-8")
    return quality.read_results(file)


@pytest.fixture
def page(tmp_path, monkeypatch):
    """The page, with these figures."""
    monkeypatch.setattr(quality, "PAGE", tmp_path / "quality.md")
    monkeypatch.setattr(quality, "FIGURES", tmp_path / "quality.json")

    def write(**figures):
        quality.PAGE.write_text(f"before\n{quality.BEGIN}\nold\n{quality.END}\nafter\n", encoding="utf-8")
        for name, outcome in figures.items():
            quality.record(name, outcome)
        return quality.PAGE.read_text(encoding="utf-8")

    return write


def run(results, **others):
    return {"passed": False, "seconds": 125, "commit": "abc", "date": "2026-11-28", "versions": VERSIONS, "tests": results} | others


def test_each_gate_is_a_row_and_the_other_tests_one_a_directory(results):
    assert results["unit"] == {"passed": 1, "failed": 1, "skipped": 1, "seconds": 2.2}
    assert results["gates: ruff finds nothing"]["passed"] == 1
    assert results["gates: units"] == {"passed": 1, "failed": 1, "skipped": 0, "seconds": 3.0}


def test_the_page_says_what_failed_and_what_was_skipped_and_keeps_its_own_text(results, page):
    text = page(newest=run(results), oldest=run(results))
    assert text.startswith("before\n") and text.endswith("\nafter\n") and "\nold\n" not in text
    assert "|  | oldest | newest |" in text
    assert "| tests/unit | 1 passed, **1 failed**, 1 skipped; 2 s |" in text
    assert "| units | passed, **1 failed**; 3 s |" in text
    assert "| all tests | 3 passed, **2 failed**, 1 skipped; 2 min |" in text


def test_a_gate_that_one_environment_has_not_is_empty_there(results, page):
    text = page(oldest=run({"unit": results["unit"]}), newest=run(results))
    assert "| ruff finds nothing |  | passed; 3 s |" in text


def test_coverage_names_the_lines(results, page):
    left = {"plugins/a.py": {"percent": 50.0, "lines": [1, 2, 3, 7], "branches": []}}
    text = page(current=run(results, coverage={"percent": 94.99, "statements": 1234, "left": left}))
    assert "**94.99 %**" in text and "1,234 statements; target: at least 95 %; missed" in text
    assert "| `a.py` | 50.0 | 1-3, 7 |" in text


def test_mutants_that_nobody_noticed_are_counted_by_file(page):
    files = {"a.py": {"killed": 9, "timed out": 1}, "b.py": {"killed": 5}, "c.py": {"killed": 1, "not tested": 2}}
    survivors = {"a.py": {"one": 1}, "c.py": {"two": 1, "Three.four": 1}}
    run_of = {"rooms": ["_x"], "mutants": 18, "killed": 15, "files": files, "survivors": survivors, "commit": "abc", "date": "2026-11-28"}
    text = page(mutation=run_of)
    assert "**83.3 %** (target: at least 85 %; missed" in text
    assert "| `c.py` | 1 | 0 | 0 | 2 |\n| `a.py` | 9 | 1 | 0 | 0 |" in text and "`b.py`" not in text
    assert "- `a.py`: `one` 1\n- `c.py`: `Three.four` 1, `two` 1\n" in text
