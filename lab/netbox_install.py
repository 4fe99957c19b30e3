# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""NetBox from PyPI in a virtual environment of the cache, which all labs of that version share."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from find_python import find_python
from places import cache_dir, locked
from report import LabError, last_lines, step
from uv_tool import uv

PINNED = "4.7.3"
OLDEST = (4, 7)


def check_version(version: str) -> str:
    """Return the version, if the lab can run it."""
    match = re.fullmatch(r"(\d+)\.(\d+)\.\d+[a-z0-9.-]*", version)
    if not match or (int(match[1]), int(match[2])) < OLDEST:
        raise LabError(f"'{version}' is no version of NetBox that the lab can run: it takes 4.7.0 or newer, the first that PyPI has.")
    return version


def ensure_installed(version: str) -> Path:
    """Return the Python that has this NetBox; installs it where it is missing or an earlier run was cut short."""
    target = cache_dir() / f"netbox-{version}"
    python, complete = target / "bin" / "python", target / ".complete"
    if complete.exists() and _works(python):
        return python
    with locked(cache_dir() / f"netbox-{version}.lock", f"NetBox {version}"):
        if not (complete.exists() and _works(python)):
            shutil.rmtree(target, ignore_errors=True)
            base = find_python()
            with step(f"installing NetBox {version}"):
                _install(base, target, version)
            complete.touch()
    return python


def _works(python: Path) -> bool:
    """Return whether an environment works: the interpreter that it was made from may be gone."""
    try:
        return subprocess.run([str(python), "-c", "import ssl"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _install(base: Path, target: Path, version: str) -> None:
    problem = ""
    for way in (_Uv, _Pip):
        try:
            tool = way(base, target)
            tool.install("--no-deps", f"netbox=={version}")
            tool.install(*_requirements(target / "bin" / "python"))
            return
        except LabError as exc:
            problem = problem or str(exc)
            shutil.rmtree(target, ignore_errors=True)
    raise LabError(f"NetBox {version} could not be installed: {problem}")


def _requirements(python: Path) -> list[str]:
    """Return what NetBox asks for, but for psycopg's compiled wheel instead of its sources, which need a C compiler and libpq's headers."""
    code = "import importlib.metadata as m; print('\\n'.join(r for r in m.requires('netbox') if ';' not in r))"
    done = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True)
    return [re.sub(r"^psycopg\[c\b", "psycopg[binary", line) for line in done.stdout.splitlines()]


class _Uv:
    def __init__(self, base: Path, target: Path) -> None:
        self.program, self.target = uv(), target
        self.environment = {**_clean_environment(), **_index_of_pip()}
        _run([str(self.program), "venv", "-q", "--python", str(base), str(target)], self.environment)

    def install(self, *arguments: str) -> None:
        _run([str(self.program), "pip", "install", "-q", "--python", str(self.target / "bin" / "python"), *arguments], self.environment)


class _Pip:
    def __init__(self, base: Path, target: Path) -> None:
        self.target = target
        _run([str(base), "-m", "venv", str(target)], _clean_environment())

    def install(self, *arguments: str) -> None:
        _run([str(self.target / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check", *arguments], _clean_environment())


def _clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}


def _index_of_pip() -> dict[str, str]:
    """uv does not read pip's configuration; where pip is told to ask another index, uv is told the same."""
    if "UV_DEFAULT_INDEX" in os.environ or "UV_INDEX_URL" in os.environ:
        return {}
    index = os.environ.get("PIP_INDEX_URL", "")
    if not index:
        done = subprocess.run([sys.executable, "-m", "pip", "config", "get", "global.index-url"], capture_output=True, text=True, check=False, cwd="/")
        index = done.stdout.strip() if done.returncode == 0 else ""
    return {"UV_DEFAULT_INDEX": index} if index else {}


def _run(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, cwd="/", env=environment)
    if done.returncode:
        raise LabError(last_lines(done.stdout, 4))
