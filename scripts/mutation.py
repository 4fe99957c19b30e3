# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Small changes to the code below the steps, one at a time, and whether the unit tests notice each: `make mutation`.

mutmut makes the mutants, in a copy of the checkout that is a directory of collections, since a mutant is known by its module's name. Each is tried with the
quickest of the tests that run its function, and with some that play a whole workflow: all of them would take a day. What came of them is in docs/quality.json
and, by file and by function, in docs/quality.md; the mutants that no test noticed are printed. A run that was interrupted goes on where it was, as long as
neither the code nor the tests have changed. `make mutation ARGS=--left` tries only those that the last run left, with all tests of now, and writes nothing.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import typing as t

import quality
from checkout import checkout_files, copy_checkout
from environments import REQUIREMENTS, Versions, environment
from make_venv import ROOT
from places import cache_dir, locked, private_dir
from report import run_main

ROOMS = ("_domain", "_netbox", "_process", "_store")
COLLECTION = "ansible_collections/nodeflow/orchestrator"
STATS, ALL_STATS = "mutants/mutmut-stats.json", "mutmut-stats-all.json"
MUTMUT = Versions(((3, 13), (3, 13)), ["mutmut>=3.8.1", "ansible-core>=2.21,<2.22", *REQUIREMENTS])
JUDGED_BY = ("plugins/", "tests/unit/", "tests/support/", "tests/conftest.py", "tests/requirements.txt", "requirements.txt", "pytest.ini")
"""What decides what becomes of a mutant."""
READ_THE_SOURCE = ("actions_of_others", "benchmark", "collection", "documentation", "messages", "mutation", "playbook_files", "rooms", "setup_awx")
"""Files with tests that read the code, run Ansible, or have nothing to do with it: they would notice the copy, not the mutant."""
QUICK_TESTS, SCENES = 40, 12
"""Tests that a mutant is tried with at the most: the quickest, and those that play a whole workflow, which take longer and notice most."""
FATES = {1: "killed", 3: "killed", -24: "timed out", 24: "timed out", 36: "timed out", 152: "timed out", 255: "timed out", -9: "timed out"}
FATES |= {5: "not tested", 33: "not tested"}
"""mutmut's exit codes; what has any other survived. A machine that is busy makes mutants time out, so those do not count as killed."""


def main() -> int:
    """Make the copy, run mutmut, keep what came of it."""
    parser = argparse.ArgumentParser(description="Whether the unit tests notice small changes to the code below the steps.")
    parser.add_argument("--left", action="store_true", help="only the mutants that the last run left; writes nothing")
    left = parser.parse_args().left
    program = environment("mutation", MUTMUT, [ROOT / "tests" / "requirements.txt"])
    variables = {"PATH": f"{program}{os.pathsep}{os.environ['PATH']}"}
    with locked(cache_dir() / "mutants.lock", "the mutants"):
        names, tested = checkout_files(), quality.commit()
        place = with_results(private_dir(cache_dir() / "mutants"), "left" if left else digest(names))
        copy(place, names)
        command = [str(program / "mutmut"), "run", "--max-children", str(os.cpu_count() or 2)]
        if not (place / STATS).exists():  # which tests run which function: it finds that out before it finds no mutant of that name
            subprocess.run([*command, "of-no-name"], cwd=place, env=os.environ | variables, check=False)
        choose_tests(place, QUICK_TESTS if not left else None)
        if left:
            try_again(place)
        done = subprocess.run(command, cwd=place, env=os.environ | variables, check=False)
        if done.returncode:
            return done.returncode
        outcome = read(place)
    for name in outcome.pop("names"):
        print(name)
    share = outcome["killed"] / outcome["mutants"] * 100
    print(f"{outcome['killed']} of {outcome['mutants']} mutants were noticed, {share:.1f} %")
    if not left:
        quality.record("mutation", outcome | {"commit": tested, "date": datetime.datetime.now(datetime.UTC).date().isoformat()})
    return 0 if share >= quality.KILLED else 1


def digest(names: t.Iterable[str]) -> str:
    """Return the digest of all that decides what becomes of a mutant, so that what another code or other tests have left does not count."""
    found = hashlib.sha256()
    for name in names:
        if name.startswith(JUDGED_BY):
            found.update(f"{name}\0".encode() + hashlib.sha256((ROOT / name).read_bytes()).digest())
    return found.hexdigest()[:12]


def with_results(places: pathlib.Path, name: str) -> pathlib.Path:
    """Return the directory of that name, and no other. Those that are ``left`` are of the last run, whatever its name is."""
    others = [place for place in places.iterdir() if place.name != name]
    if name == "left" and others:
        shutil.rmtree(places / name, ignore_errors=True)
        others.pop().rename(places / name)
    for place in others:
        shutil.rmtree(place)
    return private_dir(places / name)


def copy(place: pathlib.Path, names: t.Sequence[str]) -> None:
    """Have the files of the checkout there, no others, and mutmut's settings."""
    kept = {place / part / COLLECTION / f"{name}{end}" for part in (".", "mutants") for name in names for end in ("", ".meta")}
    for file in [file for part in (".", "mutants") for file in (place / part / COLLECTION).rglob("*") if file.is_file() and "__pycache__" not in file.parts]:
        if file not in kept:
            file.unlink()
    copy_checkout(place / COLLECTION)
    unit = f"{COLLECTION}/tests/unit"
    files = [file.name for file in sorted((ROOT / "tests" / "unit").glob("test_*.py"))]
    ignored = [f"--ignore={unit}/{name}" for name in files if any(word in name for word in READ_THE_SOURCE)]
    arguments = ["-p", "no:cacheprovider", "-W", "ignore", "-k", "not what_a_product_costs", *ignored]  # the one counts lines
    lines = [
        "[tool.mutmut]",
        f"source_paths = {json.dumps([f'{COLLECTION}/plugins/module_utils/{room}' for room in ROOMS])}",
        'also_copy = ["ansible_collections"]',
        f"pytest_add_cli_args_test_selection = {json.dumps([unit])}",  # by its name alone, since all is judged anew where this changes
        f"pytest_add_cli_args = {json.dumps(arguments)}",
        "use_git_change_detection = false",
    ]
    (place / "pyproject.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def choose_tests(place: pathlib.Path, quick: int | None) -> None:
    """Have mutmut try each mutant with so many ``quick`` tests of its function, and with some scenes; None for all of them."""
    if not (place / ALL_STATS).exists():
        shutil.copyfile(place / STATS, place / ALL_STATS)
    stats = json.loads((place / ALL_STATS).read_text(encoding="utf-8"))
    seconds = stats["duration_by_test"]
    for name, tests in stats["tests_by_mangled_function_name"].items() if quick else ():
        quickest = sorted(tests, key=lambda test: (seconds.get(test, 0), test))
        scenes = [test for test in quickest if "/test_recorded" in test]
        stats["tests_by_mangled_function_name"][name] = list(dict.fromkeys([*quickest[:quick], *scenes[:SCENES]]))
    (place / STATS).write_text(json.dumps(stats, indent=4), encoding="utf-8")


def try_again(place: pathlib.Path) -> None:
    """Have those mutants judged once more that were not killed."""
    for file in (place / "mutants").rglob("*.meta"):
        known = json.loads(file.read_text(encoding="utf-8"))
        codes = known["exit_code_by_key"]
        known["exit_code_by_key"] = {name: code if FATES.get(code) == "killed" else None for name, code in codes.items()}
        if known["exit_code_by_key"] != codes:
            file.write_text(json.dumps(known, indent=4), encoding="utf-8")


def read(place: pathlib.Path) -> dict[str, t.Any]:
    """Return what became of the mutants: their number, how many were killed, by file, the functions with the others, and the names of those."""
    files: dict[str, dict[str, int]] = {}
    survivors: dict[str, dict[str, int]] = {}
    names: list[str] = []
    for file in sorted((place / "mutants").rglob("*.meta")):
        codes = json.loads(file.read_text(encoding="utf-8"))["exit_code_by_key"]
        if not codes:
            continue
        where = file.relative_to(place / "mutants" / COLLECTION / "plugins" / "module_utils").as_posix().removesuffix(".meta")
        row = files.setdefault(where, {})
        for name, code in codes.items():
            fate = FATES.get(code, "survived")
            row[fate] = row.get(fate, 0) + 1
            if fate != "killed":
                names.append(f"{fate}: {name}")
                function = function_of(name)
                survivors.setdefault(where, {})[function] = survivors.get(where, {}).get(function, 0) + 1
    return {
        "rooms": list(ROOMS),
        "mutants": sum(sum(row.values()) for row in files.values()),
        "killed": sum(row.get("killed", 0) for row in files.values()),
        "files": files,
        "survivors": survivors,
        "names": names,
    }


def function_of(mutant: str) -> str:
    """Return the function that a mutant is of, from mutmut's name: ``room.file.x_function__mutmut_1``, or ``xǁClassǁmethod__mutmut_1``."""
    name = mutant.rpartition(".")[2].rpartition("__mutmut_")[0]
    return ".".join(name.split("ǁ")[1:]) if "ǁ" in name else name.removeprefix("x_")


if __name__ == "__main__":
    run_main("mutation", main)
