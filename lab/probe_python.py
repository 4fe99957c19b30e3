# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a Python runs, and serves. A name on the PATH proves nothing, so it is run before it is believed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_PROBE = """import sys, venv, ensurepip, ssl, zlib
print(sys.version_info[0], sys.version_info[1])
print(getattr(sys, '_base_executable', '') or sys.executable)
"""


def probe(candidate: str, oldest: tuple[int, int], newest: tuple[int, int], modules: Sequence[str] = ()) -> Path | None:
    """Run a candidate; its real path if it serves."""
    code = "".join(f"import {name}\n" for name in modules) + _PROBE
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    try:
        done = subprocess.run([candidate, "-I", "-c", code], capture_output=True, text=True, timeout=30, check=True, env=environment)
        version, path = done.stdout.splitlines()[:2]
        major, minor = map(int, version.split())
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return Path(path) if oldest <= (major, minor) <= newest and os.access(path, os.X_OK) else None


def path_python() -> str | None:
    """Any Python 3 that can make a virtual environment, for tools that are not choosy."""
    for candidate in (sys.executable, shutil.which("python3"), "/usr/bin/python3"):
        if candidate and probe(candidate, (3, 9), (3, 99)):
            return candidate
    return None
