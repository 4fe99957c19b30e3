# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find a Python that runs: `python3 lab/find_python.py --min 3.12` prints its path.

A name on the PATH proves nothing: a pyenv shim is there and fails, Debian's python3 may lack ensurepip. So each
candidate is run before it is believed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from probe_python import probe
from report import LabError, last_lines, run_main
from uv_tool import uv

NEWEST = (3, 14)  # of newer ones not all packages have wheels yet


def find_python(oldest: tuple[int, int] = (3, 12), newest: tuple[int, int] = NEWEST, modules: Sequence[str] = ()) -> Path:
    """Return the first interpreter that runs, is neither too old nor too new, and can import what is needed."""
    tried = []
    for candidate in _installed(oldest, newest):
        found = probe(candidate, oldest, newest, modules)
        if found:
            return found
        tried.append(candidate)
    found, problem = _from_uv(oldest, newest, modules)
    if found:
        return found
    versions = _text(oldest) if oldest == newest else f"{_text(oldest)} to {_text(newest)}"
    example = _to_install(newest)
    raise LabError(
        f"No Python {versions} runs here (tried: {', '.join(tried) or 'none found'}; then uv: {problem}). "
        f"Install one, for instance with `pyenv install {example}` or `uv python install {example}`."
    )


def _installed(oldest: tuple[int, int], newest: tuple[int, int]) -> Iterator[str]:
    seen = set()
    for name in [*(f"python3.{minor}" for minor in range(newest[1], oldest[1] - 1, -1)), "python3"]:
        for directory in os.environ.get("PATH", os.defpath).split(os.pathsep):
            path = os.path.join(directory, name)
            if path not in seen and os.access(path, os.X_OK):
                seen.add(path)
                yield path
    if sys.executable not in seen:
        yield sys.executable
    beside = [
        os.path.dirname(directory) for directory in os.environ.get("PATH", os.defpath).split(os.pathsep) if os.path.basename(directory) == "shims"
    ]
    for root in filter(None, (os.environ.get("PYENV_ROOT"), os.path.expanduser("~/.pyenv"), *beside)):  # what the shims stand for
        for path in sorted(Path(root, "versions").glob("3.*/bin/python3"), key=_version_key, reverse=True):
            if str(path) not in seen:
                seen.add(str(path))
                yield str(path)


def _text(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))


def _to_install(newest: tuple[int, int]) -> str:
    """Return the version that is installed where none is there: the newest that will do and that all packages have wheels for."""
    return _text(min(newest, (3, 13)))


def _version_key(path: Path) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else -1 for part in path.parts[-3].split("."))


def _from_uv(oldest: tuple[int, int], newest: tuple[int, int], modules: Sequence[str]) -> tuple[Path | None, str]:
    """Return what uv has or can download; or why not."""
    try:
        program = uv()
    except LabError as exc:
        return None, str(exc)
    problem = "none that serves"
    wanted = f">={oldest[0]}.{oldest[1]},<{newest[0]}.{newest[1] + 1}"
    for arguments in (["python", "find", wanted], ["python", "install", _to_install(newest)], ["python", "find", wanted]):
        done = subprocess.run([str(program), *arguments], capture_output=True, text=True, check=False, cwd="/")
        if arguments[1] == "install" and done.returncode:
            return None, last_lines(done.stderr, 1) or problem
        path = done.stdout.strip()
        found = probe(path, oldest, newest, modules) if arguments[1] == "find" and path else None
        if found:
            return found, ""
    return None, problem


def _version(text: str) -> tuple[int, int]:
    major, dummy, minor = text.partition(".")
    return int(major), int(minor)


def main() -> int:
    """Print the path."""
    parser = argparse.ArgumentParser(description="Print the path of a Python that runs.")
    parser.add_argument("--min", type=_version, default=(3, 12), help="oldest version that will do (default: 3.12)")
    parser.add_argument("--max", type=_version, default=NEWEST, help=f"newest version that will do (default: {NEWEST[0]}.{NEWEST[1]})")
    parser.add_argument("--module", action="append", default=[], help="standard module that it must have, e.g. sqlite3; may be repeated")
    options = parser.parse_args()
    print(find_python(options.min, options.max, options.module))
    return 0


if __name__ == "__main__":
    run_main("find_python", main)
