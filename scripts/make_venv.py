# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The checkout's own Python: `python3 scripts/make_venv.py demo` (or `test`) makes .venv, or repairs it; a second run is instant.
`peers` makes .venv-peers, with what the benchmark compares us to.

In .venv there is also a link by which Ansible finds the collection that this checkout is.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "lab"))

from find_python import find_python  # noqa: E402  # pylint: disable=wrong-import-position
from netbox_install import _index_of_pip  # noqa: E402  # pylint: disable=wrong-import-position
from report import LabError, last_lines, run_main, step  # noqa: E402  # pylint: disable=wrong-import-position
from uv_tool import uv  # noqa: E402  # pylint: disable=wrong-import-position

VENV = ROOT / ".venv"
COLLECTIONS = VENV / "collections"
REQUIREMENTS = {
    "demo": ["requirements.txt", "scripts/requirements.txt"],
    "test": ["requirements.txt", "scripts/requirements.txt", "tests/requirements.txt"],
    "bench": ["requirements.txt", "scripts/requirements.txt", "tests/requirements.txt", "tests/benchmarks/requirements.txt"],
    "peers": ["tests/benchmarks/peers.txt"],
}


def main() -> int:
    """Make the one that is named, that for the tests by default."""
    make(sys.argv[1] if len(sys.argv) > 1 else "test")
    return 0


def make(purpose: str) -> None:
    """Have .venv with all that the purpose needs."""
    venv = VENV if purpose != "peers" else ROOT / ".venv-peers"
    files = [ROOT / name for name in REQUIREMENTS[purpose]]
    lock = os.open(ROOT, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)  # two runs at once: the second finds the work done
    stamp, wanted = venv / f".complete-{purpose}", _digest(files)
    if not (_usable(venv) and stamp.exists() and stamp.read_text(encoding="utf-8") == wanted):
        with step(f"preparing Python for the {purpose} ({venv.name})"):
            install(venv, find_python(), files)
        stamp.write_text(wanted, encoding="utf-8")
    if venv == VENV:
        link_collection()


def link_collection() -> Path:
    """Return the directory for ANSIBLE_COLLECTIONS_PATH, in which this checkout is nodeflow.orchestrator."""
    link = COLLECTIONS / "ansible_collections" / "nodeflow" / "orchestrator"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not (link.is_symlink() and link.exists() and link.samefile(ROOT)):
        link.unlink(missing_ok=True)
        link.symlink_to(os.path.relpath(ROOT, link.parent))
    return COLLECTIONS


def _digest(files: list[Path]) -> str:
    return hashlib.sha256("".join(file.read_text(encoding="utf-8") for file in files).encode()).hexdigest()


def _usable(venv: Path) -> bool:
    """Not where the checkout was moved, where Python was removed, or where an installation was cut short."""
    try:
        made_here = str(venv) in (venv / "pyvenv.cfg").read_text(encoding="utf-8")
        runs = subprocess.run([str(venv / "bin" / "python"), "-c", "import ssl, pip"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False
    return made_here and runs and any(venv.glob(".complete-*")) and not (venv / ".unfinished").exists()


def install(venv: Path, base: Path, files: list[Path]) -> None:
    """Put what the files of requirements ask for into ``venv``, which is made of the Python ``base`` unless it is there. Raises LabError."""
    if not _usable(venv):
        _run(str(base), "-m", "venv", "--clear", str(venv))
    python, unfinished = str(venv / "bin" / "python"), venv / ".unfinished"
    unfinished.touch()
    requirements = [word for file in files for word in ("-r", str(file))]
    try:
        _run(str(uv()), "pip", "install", "-q", "--python", python, *requirements, **_index_of_pip())
    except LabError:
        _run(python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *requirements)
    unfinished.unlink()


def _run(*command: str, **environment: str) -> None:
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, cwd="/", env={**kept, **environment})
    if done.returncode:
        raise LabError(f"{command[0]} failed: {last_lines(done.stdout, 4)}")


if __name__ == "__main__":
    run_main("make_venv", main)
