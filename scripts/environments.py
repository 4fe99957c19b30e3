# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Python environments beside .venv, kept in the cache: the oldest versions that the collection supports, the newest that there are, and tools of their own."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lab"))

from find_python import find_python  # pylint: disable=wrong-import-position
from make_venv import ROOT, install  # pylint: disable=wrong-import-position
from places import cache_dir, locked  # pylint: disable=wrong-import-position

REQUIREMENTS = [line for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]


class Versions(NamedTuple):
    """The Pythons that will do, oldest and newest, and what is installed."""

    pythons: tuple[tuple[int, int], tuple[int, int]]
    requirements: list[str]


VERSIONS = {
    "oldest": Versions(((3, 12), (3, 13)), ["ansible-core==2.20.0", *(line.replace(">=", "==") for line in REQUIREMENTS)]),
    "newest": Versions(((3, 13), (3, 14)), ["ansible-core>=2.22.0rc1", *REQUIREMENTS]),
}
"""All with ``==`` in the oldest; a pre-release in the newest. Between them is .venv."""

GALAXY = Versions(((3, 12), (3, 13)), ["ansible-core>=2.21,<2.22", "ansible-lint>=26.10", "distlib>=0.4", "galaxy-importer>=0.4.44"])
NOX = Versions(
    ((3, 12), (3, 13)),
    ["ansible-core>=2.21,<2.22", "antsibull-docs>=2.20", "antsibull-docutils>=1.2", "antsibull-nox>=1.10", "reuse[charset-normalizer]>=6", "ruff>=0.17"],
)
"""What Galaxy checks with, and what other collections do. The two ask for versions of attrs that exclude each other."""


UNUSED = 14 * 24 * 3600
"""Seconds after which an environment that nobody has asked for is removed, where another of its name is used."""


def environment(name: str, versions: Versions, files: Sequence[Path] = (), anew: bool = False) -> Path:
    """Return the directory of the programs of an environment with these versions and what the ``files`` of requirements ask for.

    It is made unless it is there, or ``anew``, with the newest that fit by now. Raises LabError where no Python serves, or something cannot be installed.
    """
    python = find_python(*versions.pythons)
    text = "".join(f"{line}\n" for line in [*versions.requirements, *(file.read_text(encoding="utf-8") for file in files)])
    venv = cache_dir() / f"{name}-{hashlib.sha256(f'{python} {text}'.encode()).hexdigest()[:12]}"
    with locked(venv.with_suffix(".lock"), f"the environment {name}"):
        if anew:
            _remove(venv)
        if not (venv / ".complete").exists():
            wanted = venv.with_suffix(".txt")
            wanted.write_text(text, encoding="utf-8")
            install(venv, python, [wanted])
        (venv / ".complete").touch()
    for stamp in cache_dir().glob(f"{name}-{'[0-9a-f]' * 12}/.complete"):
        with contextlib.suppress(FileNotFoundError):  # another run removes it
            if time.time() - stamp.stat().st_mtime > UNUSED:
                _remove(stamp.parent)
    return venv / "bin"


def _remove(venv: Path) -> None:
    (venv / ".complete").unlink(missing_ok=True)  # what is half removed is not whole
    shutil.rmtree(venv, ignore_errors=True)
