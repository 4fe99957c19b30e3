# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Small changes to the code below the steps, one at a time, and whether the unit tests notice each: `make mutation`.

mutmut makes the mutants, in a copy of the checkout that is a directory of collections, since a mutant is known by its module's name. What came of them is
in docs/quality.json and, by file, in docs/quality.md; the mutants that no test noticed are printed.
"""

from __future__ import annotations

import datetime
import json
import os
import pathlib
import shutil
import subprocess
import sys
import typing as t

import quality
from environments import REQUIREMENTS, Versions, environment
from make_venv import ROOT
from places import cache_dir, private_dir

ROOMS = ("_domain", "_netbox", "_process", "_store")
COLLECTION = "ansible_collections/nodeflow/orchestrator"
MUTMUT = Versions(((3, 13), (3, 13)), ["mutmut>=3.8.1", "ansible-core>=2.21,<2.22", *REQUIREMENTS])
READ_THE_SOURCE = ("actions_of_others", "benchmark", "collection", "documentation", "messages", "playbook_files", "rooms", "setup_awx")
"""Files with tests that read the code, run Ansible, or have nothing to do with it: they would notice the copy, not the mutant."""
KILLED, TIMEOUT, NOT_TESTED = (1, 3), (-24, 24, 36, 152), (5, 33)
"""mutmut's exit codes."""


def main() -> int:
    """Make the copy, run mutmut, keep what came of it."""
    place = private_dir(cache_dir() / "mutation")
    copy(place)
    try_again(place)
    program = environment("mutation", MUTMUT, [ROOT / "tests" / "requirements.txt"])
    variables = {"PATH": f"{program}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run([str(program / "mutmut"), "run", "--max-children", str(os.cpu_count() or 2)], cwd=place, env=os.environ | variables, check=False)
    if done.returncode:
        return done.returncode
    outcome = read(place)
    for name in outcome.pop("names"):
        print(name)
    quality.record("mutation", outcome)
    return 0 if outcome["killed"] / outcome["mutants"] >= quality.KILLED / 100 else 1


def copy(place: pathlib.Path) -> None:
    """Have the files of the checkout there, and mutmut's settings. Mutants that a test noticed before stay judged while their function is the same."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True)
    names = [name for name in listed.stdout.split("\0") if (ROOT / name).is_file()]
    kept = {place / part / COLLECTION / name for part in (".", "mutants") for name in names} | {
        place / "mutants" / COLLECTION / f"{name}.meta" for name in names
    }
    for file in [file for part in (".", "mutants") for file in (place / part / COLLECTION).rglob("*") if file.suffix in (".py", ".meta")]:
        if file not in kept and ".venv" not in file.parts:  # of a file that is gone
            file.unlink()
    for name in names:
        source, target = ROOT / name, place / COLLECTION / name
        if source.is_file() and not (target.exists() and target.read_bytes() == source.read_bytes()):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    unit = f"{COLLECTION}/tests/unit"
    files = [file.name for file in sorted((ROOT / "tests" / "unit").glob("test_*.py"))]
    ignored = [f"--ignore={unit}/{name}" for name in files if any(word in name for word in READ_THE_SOURCE)]
    arguments = ["-p", "no:cacheprovider", "-W", "ignore", "-k", "not what_a_product_costs", *ignored]  # which counts lines
    lines = [
        "[tool.mutmut]",
        f"source_paths = {json.dumps([f'{COLLECTION}/plugins/module_utils/{room}' for room in ROOMS])}",
        'also_copy = ["ansible_collections"]',
        f"pytest_add_cli_args_test_selection = {json.dumps([unit])}",  # by its name alone, since all is judged anew where this changes
        f"pytest_add_cli_args = {json.dumps(arguments)}",
        "use_git_change_detection = false",
    ]
    (place / "pyproject.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def try_again(place: pathlib.Path) -> None:
    """Have those mutants judged once more that no test noticed, or that took too long: there may be a new test, or a quieter machine."""
    for file in (place / "mutants").rglob("*.meta"):
        known = json.loads(file.read_text(encoding="utf-8"))
        codes = known["exit_code_by_key"]
        known["exit_code_by_key"] = {name: code if code in KILLED else None for name, code in codes.items()}
        if known["exit_code_by_key"] != codes:
            file.write_text(json.dumps(known, indent=4), encoding="utf-8")


def read(place: pathlib.Path) -> dict[str, t.Any]:
    """What became of the mutants: their number, how many were noticed (also by a test that then never ended), by file, and the names of the others."""
    files: dict[str, dict[str, int]] = {}
    names: list[str] = []
    for file in sorted((place / "mutants").rglob("*.meta")):
        codes = json.loads(file.read_text(encoding="utf-8"))["exit_code_by_key"]
        if not codes:
            continue
        row = files.setdefault(file.relative_to(place / "mutants" / COLLECTION / "plugins" / "module_utils").as_posix().removesuffix(".meta"), {})
        for name, code in codes.items():
            fate = "killed" if code in KILLED or code in TIMEOUT else "not tested" if code in NOT_TESTED else "survived"
            row[fate] = row.get(fate, 0) + 1
            if fate != "killed":
                names.append(f"{fate}: {name}")
    return {
        "rooms": list(ROOMS),
        "mutants": sum(sum(row.values()) for row in files.values()),
        "killed": sum(row.get("killed", 0) for row in files.values()),
        "files": files,
        "commit": quality.commit(),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "names": names,
    }


if __name__ == "__main__":
    sys.exit(main())
