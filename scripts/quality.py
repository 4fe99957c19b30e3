# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All tests on the versions that the collection supports, and docs/quality.md, which says what came of them.

`python3 scripts/quality.py oldest current newest` runs all tests in each of these environments: all by default, an hour each. In `current`, which is
.venv, it measures what they run of plugins/. What follows `--` goes to pytest; since not all tests run then, nothing is written.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import typing as t
from xml.etree import ElementTree

from environments import VERSIONS, environment
from make_venv import ROOT, VENV, link_collection
from report import LabError, run_main

Json = dict[str, t.Any]
ENVIRONMENTS = ("oldest", "current", "newest")
TRIED = VERSIONS | {"oldest": VERSIONS["oldest"]._replace(pythons=((3, 12), (3, 12)))}
"""The lower bounds are tried on the oldest Python too: the gate of the archive tries them on a newer one, on which it is harder for them."""
FIGURES, PAGE = ROOT / "docs" / "quality.json", ROOT / "docs" / "quality.md"
BEGIN, END = "<!-- figures: written by scripts/quality.py -->", "<!-- end of figures -->"
LAB = "quality"
SHOWN = ("ansible-core", "pydantic", "SQLAlchemy", "pynetbox", "psycopg")
COVERED = 95
"""Percent of the lines and branches of plugins/ that the tests must run."""
KILLED = 85
"""Percent of the mutants that the unit tests must notice."""


def main() -> int:
    """Run what was asked for; 0 if all of it passed."""
    words = sys.argv[1:]
    asked, extra = (words[: words.index("--")], words[words.index("--") + 1 :]) if "--" in words else (words, [])
    parser = argparse.ArgumentParser(description="All tests on the supported versions, and docs/quality.md.")
    parser.add_argument("environments", nargs="*", choices=[*ENVIRONMENTS, []], help="all by default")
    chosen = parser.parse_args(asked).environments or list(ENVIRONMENTS)
    passed = True
    for name in chosen:
        outcome = run_in(name, extra)
        if not extra:
            record(name, outcome)
        covered = outcome.get("coverage", {}).get("percent", COVERED)
        passed = passed and outcome["passed"] and (covered >= COVERED or bool(extra))
    return 0 if passed else 1


def record(name: str, outcome: Json) -> None:
    """Keep what came of a run, and write the page again."""
    figures = json.loads(FIGURES.read_text(encoding="utf-8")) if FIGURES.exists() else {}
    figures[name] = outcome
    FIGURES.write_text(json.dumps(figures, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    write_page(figures)


def run_in(name: str, extra: list[str]) -> Json:
    """Run the tests in an environment, on a lab of its own. The output is pytest's."""
    programs = VENV / "bin" if name == "current" else environment(f"tests-{name}", TRIED[name], [ROOT / "tests" / "requirements.txt"], anew=not extra)
    with tempfile.TemporaryDirectory() as directory:
        results, covered = pathlib.Path(directory, "results.xml"), pathlib.Path(directory, "coverage")
        variables = {"NODEFLOW_LAB_NAME": LAB, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "ANSIBLE_COLLECTIONS_PATH": str(link_collection())}
        os.environ.pop("NODEFLOW_RECORD", None)  # which makes the tests write what they are to compare
        python = str(programs / "python")
        pytest = ["-m", "pytest", "-v", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder", f"--junitxml={results}", *extra]
        if name == "current":
            pytest = ["-m", "coverage", "run", f"--data-file={covered}", *pytest]
        outcome = {"commit": commit(), "date": datetime.datetime.now(datetime.UTC).date().isoformat(), "versions": versions(python)}
        began = time.monotonic()
        try:
            if _run(sys.executable, "lab/lab.py", "reset", "--name", LAB):
                raise LabError("there is no NetBox for the tests, as said above")
            status = _run(python, *pytest, **variables)
        finally:
            _run(sys.executable, "lab/lab.py", "down", "--name", LAB)
        outcome |= {"passed": status == 0, "seconds": round(time.monotonic() - began), "tests": read_results(results)}
        if name == "current":
            outcome["coverage"] = read_coverage(python, covered)
        return outcome


def read_results(results: pathlib.Path) -> dict[str, Json]:
    """Return what became of each gate, and of the tests of each other directory: how many passed, failed and were skipped, and their seconds.

    A test that failed, and then failed to clean up, is there twice.
    """
    tests: dict[str, Json] = {}
    seen: set[tuple[str | None, str | None]] = set()
    for case in ElementTree.parse(results).iter("testcase"):
        if (known := (case.get("classname"), case.get("name"))) in seen:
            continue
        seen.add(known)
        place = case.get("classname", "").split(".")
        what = place[1] if len(place) > 1 else "?"
        if what == "gates":
            what = "gates: " + re.sub(r"\[.*", "", case.get("name", "")).removeprefix("test_").replace("_", " ")
        row = tests.setdefault(what, {"passed": 0, "failed": 0, "skipped": 0, "seconds": 0.0})
        fate = "failed" if case.find("failure") is not None or case.find("error") is not None else "passed"
        row["skipped" if case.find("skipped") is not None else fate] += 1
        row["seconds"] = round(row["seconds"] + float(case.get("time", 0)), 1)
    return tests


def read_coverage(python: str, data: pathlib.Path) -> Json:
    """Return what the tests ran of plugins/: percent of lines and branches, in all and of each file in which something is left."""
    report = data.with_suffix(".json")
    for command in (["combine"], ["json", "-o", str(report)]):
        if _run(python, "-m", "coverage", *command, "-q", f"--data-file={data}"):
            raise LabError("what the tests ran of plugins/ is not known, as said above")
    found = json.loads(report.read_text(encoding="utf-8"))
    left = {
        name: {"percent": round(file["summary"]["percent_covered"], 1), "lines": file["missing_lines"], "branches": file["missing_branches"]}
        for name, file in found["files"].items()
        if file["missing_lines"] or file["missing_branches"]
    }
    return {"percent": round(found["totals"]["percent_covered"], 2), "statements": found["totals"]["num_statements"], "left": left}


def versions(python: str) -> dict[str, str]:
    """Return what the tests ran with."""
    return {what: _said(python, f"import platform; print({code})") for what, code in _asked().items()}


def _asked() -> dict[str, str]:
    return {"Python": "platform.python_version()", **{name: f"__import__('importlib.metadata').metadata.version({name!r})" for name in SHOWN}}


def _said(python: str, code: str) -> str:
    return subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def commit(root: pathlib.Path = ROOT) -> str:
    """Return the commit that was tested; with a plus sign where files differ from it, others than those in which the figures of an earlier environment are."""
    head = ["rev-parse", "--short=10", "HEAD"]
    changes = ["status", "--porcelain", "--untracked-files=no", "--", ".", *(f":!docs/{file.name}" for file in (FIGURES, PAGE))]
    said = [subprocess.run(["git", *one], cwd=root, check=True, capture_output=True, text=True).stdout.strip() for one in (head, changes)]
    return said[0] + ("+" if said[1] else "")


def write_page(figures: Json) -> None:
    """Write the figures into docs/quality.md."""
    head, dummy, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    dummy, dummy, foot = rest.partition(END)
    lines = [*_environments(figures), *_tests(figures), *_coverage(figures["current"].get("coverage") if "current" in figures else None)]
    lines += _mutation(figures.get("mutation"))
    PAGE.write_text(f"{head}{BEGIN}\n\n" + "\n".join(lines) + f"\n\n{END}{foot}", encoding="utf-8")


def _environments(figures: Json) -> list[str]:
    known = [name for name in ENVIRONMENTS if name in figures]
    lines = ["### Versions", "", _row("", *known), _row("---", *["---"] * len(known))]
    lines += [_row(what, *[figures[name]["versions"][what] for name in known]) for what in _asked()]
    lines.append(_row("tested", *[f"{figures[name]['date']}, {figures[name]['commit']}" for name in known]))
    lines.append(_row("all tests", *[_outcome(figures[name]) for name in known]))
    return lines


def _outcome(outcome: Json) -> str:
    count = {fate: sum(row[fate] for row in outcome["tests"].values()) for fate in ("passed", "failed", "skipped")}
    said = [f"{count['passed']:,} passed"]
    said += [f"**{count['failed']} failed**"] if count["failed"] else []
    said += [f"{count['skipped']} skipped"] if count["skipped"] else []
    return f"{', '.join(said)}; {outcome['seconds'] // 60} min"


def _tests(figures: Json) -> list[str]:
    known = [name for name in ENVIRONMENTS if name in figures]
    kinds = sorted({what for name in known for what in figures[name]["tests"]}, key=lambda what: (what.startswith("gates: "), what))
    lines = ["", "### Tests and gates", "", "Seconds are of each test added, where two run at a time.", ""]
    lines += [_row("", *known), _row("---", *["---"] * len(known))]
    for what in kinds:
        cells = []
        for name in known:
            row = figures[name]["tests"].get(what)
            cells.append("" if row is None else _cell(row, count=not what.startswith("gates: ")))
        lines.append(_row(what.removeprefix("gates: ") if what.startswith("gates: ") else f"tests/{what}", *cells))
    return lines


def _cell(row: Json, count: bool) -> str:
    said = [f"{row['passed']:,} passed" if count else "passed"] if row["passed"] else []
    said += [f"**{row['failed']} failed**"] if row["failed"] else []
    said += [f"{row['skipped']} skipped"] if row["skipped"] else []
    return f"{', '.join(said)}; {row['seconds']:.0f} s"


def _coverage(coverage: Json | None) -> list[str]:
    if coverage is None:
        return []
    lines = ["", "### Coverage", "", f"All tests together run **{coverage['percent']} %** of the lines and branches of `plugins/`"]
    lines[-1] += f" ({coverage['statements']:,} statements; target: at least {COVERED} %; {_met(coverage['percent'] >= COVERED)}). Least of:"
    lines += ["", "| file | percent | lines that no test runs |", "|---|---:|---|"]
    for name, file in sorted(coverage["left"].items(), key=lambda item: (item[1]["percent"], item[0]))[:15]:
        lines.append(_row(f"`{name.removeprefix('plugins/')}`", f"{file['percent']}", _lines(file["lines"])))
    return lines


def _lines(numbers: list[int]) -> str:
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(f"{first}" if first == last else f"{first}-{last}" for first, last in runs)


def _mutation(mutation: Json | None) -> list[str]:
    if mutation is None:
        return []
    killed = mutation["killed"] / mutation["mutants"] * 100
    left = {name: file for name, file in mutation["files"].items() if set(file) != {"killed"}}
    lines = ["", "### Mutation", "", f"Of {mutation['mutants']:,} mutants of {', '.join(f'`{room}`' for room in mutation['rooms'])}, the unit tests notice"]
    lines[-1] += f" **{killed:.1f} %** (target: at least {KILLED} %; {_met(killed >= KILLED)}; {mutation['date']}, {mutation['commit']})."
    lines += ["", "| file | noticed | timed out | survived | in code that no unit test runs |", "|---|---:|---:|---:|---:|"]
    for name, file in sorted(left.items(), key=lambda item: item[1].get("killed", 0) - sum(item[1].values())):
        lines.append(_row(f"`{name}`", *[str(file.get(fate, 0)) for fate in ("killed", "timed out", "survived", "not tested")]))
    lines += ["", "The functions of those that no test noticed, with their number:", ""]
    for name, functions in mutation["survivors"].items():
        lines.append(f"- `{name}`: " + ", ".join(f"`{function}` {count}" for function, count in sorted(functions.items())))
    return lines


def _met(met: bool) -> str:
    return "met" if met else "missed"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _run(*command: str, **variables: str) -> int:
    return subprocess.run(command, cwd=ROOT, env=os.environ | variables, stdin=subprocess.DEVNULL, check=False).returncode


if __name__ == "__main__":
    run_main("quality", main)
