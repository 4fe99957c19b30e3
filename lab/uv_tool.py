# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""uv, which installs NetBox in a tenth of pip's time: the one on the PATH, or one of our own in the cache."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from places import cache_dir, locked
from probe_python import path_python
from report import LabError, last_lines, step


def uv() -> Path:
    """Return the path of a uv that runs."""
    for candidate in (shutil.which("uv"), str(cache_dir() / "uv" / "bin" / "uv")):
        if candidate and _runs(candidate):
            return Path(candidate)
    with locked(cache_dir() / "uv.lock", "the cache"):
        own = cache_dir() / "uv" / "bin" / "uv"
        if not _runs(str(own)):
            _install(cache_dir() / "uv")
    return own


def _runs(path: str) -> bool:
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=30, check=False).returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False


def _install(target: Path) -> None:
    python = path_python()
    if python is None:
        raise LabError("No Python here can make a virtual environment: apt-get install python3-venv")
    with step("installing uv"):
        for command in ([python, "-m", "venv", "--clear", str(target)], [str(target / "bin" / "pip"), "install", "-q", "uv"]):
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, cwd="/")
            if done.returncode:
                raise LabError(f"uv could not be installed: {last_lines(done.stdout, 2)}")
