# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of this checkout that git would take, and copies of them for tools that want another place."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from make_venv import ROOT

__all__ = ["checkout_files", "copy_checkout"]


def checkout_files() -> list[str]:
    """Return what is committed, and what is new and not ignored, as paths within the checkout."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True)
    return sorted(name for name in listed.stdout.split("\0") if (ROOT / name).is_file())


def copy_checkout(target: Path) -> None:
    """Have these files in ``target``. One that is there already, with the same content, is left alone; links stay links."""
    for name in checkout_files():
        source, copied = ROOT / name, target / name
        if source.is_symlink() or not (copied.exists() and copied.read_bytes() == source.read_bytes()):
            copied.parent.mkdir(parents=True, exist_ok=True)
            copied.unlink(missing_ok=True)
            shutil.copy2(source, copied, follow_symlinks=False)
