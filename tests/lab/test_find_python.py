# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Python that is found runs; a name on the PATH proves nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FINDER = Path(__file__).resolve().parents[2] / "lab" / "find_python.py"


@pytest.fixture
def find(tmp_path):
    """The finder on a PATH and in a home that hold nothing but what the test puts there."""
    (tmp_path / "bin").mkdir()

    def put(name: str, script: str) -> Path:
        path = tmp_path / "bin" / name
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)
        return path

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": str(tmp_path / "bin"),
            "HOME": str(tmp_path),
            "PYENV_ROOT": str(tmp_path / "pyenv"),
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
        }
        return subprocess.run([sys.executable, str(FINDER), *arguments], capture_output=True, text=True, check=False, env=environment, timeout=120)

    run.put = put
    run.home = tmp_path
    return run


SERVES = "echo 3 98; echo /bin/true"
"""What a Python of another version than the one that runs the tests says of itself."""


def real_python() -> str:
    return getattr(sys, "_base_executable", "") or sys.executable


def own_version() -> str:
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def test_a_shim_that_fails_is_passed_over(find):
    find.put(f"python{own_version()}", "echo 'pyenv: command not found' >&2; exit 127")
    find.put("python3", f'exec {real_python()} "$@"')
    done = find("--min", own_version(), "--max", own_version())
    assert done.returncode == 0, done.stderr
    assert os.path.samefile(done.stdout.strip(), real_python())


def test_a_shim_that_prints_nonsense_is_passed_over(find):
    find.put(f"python{own_version()}", "echo 99 99; echo /bin/true")
    done = find("--min", own_version(), "--max", own_version())
    assert done.returncode == 0, done.stderr
    assert os.path.samefile(done.stdout.strip(), real_python())


def test_pyenv_is_searched_and_what_fails_there_passed_over(find):
    versions = find.home / "pyenv" / "versions"
    for name, script in {"3.99.0": "exit 1", "3.98.1": SERVES}.items():
        (versions / name / "bin").mkdir(parents=True)
        (versions / name / "bin" / "python3").write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (versions / name / "bin" / "python3").chmod(0o755)
    done = find("--min", "3.98", "--max", "3.98")
    assert done.stdout == "/bin/true\n", done.stderr


def test_a_python_that_lacks_a_module_is_passed_over(find):
    find.put("uv", "exit 1")
    done = find("--module", "no_such_module_anywhere")
    assert done.returncode == 1 and done.stdout == ""


def test_where_none_will_do_a_sentence_says_what_to_type(find):
    find.put("uv", "[ $1 = --version ]")
    find.put("python3", "exit 1")
    done = find("--min", "3.98", "--max", "3.99")
    assert done.returncode == 1
    assert "No Python 3.98 to 3.99 runs here" in done.stderr and "uv python install 3.13" in done.stderr
    assert "Traceback" not in done.stderr


def test_uv_is_the_last_resort(find):
    installed, python = find.home / "installed", find.home / "python"
    python.write_text(f"#!/bin/sh\n{SERVES.replace('98', '7')}\n", encoding="utf-8")
    python.chmod(0o755)
    find.put("uv", f'case "$1 $2 $3" in "python find "*) test -e {installed} && echo {python};; "python install 3.7") touch {installed};; esac')
    find.put("touch", 'exec /usr/bin/touch "$@"')
    done = find("--min", "3.7", "--max", "3.7")
    assert done.stdout == "/bin/true\n" and installed.exists(), done.stderr
