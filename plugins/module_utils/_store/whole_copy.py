# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Copy the file of an SQLite store without its locks, in a moment in which nobody writes to it."""

from __future__ import annotations

import contextlib
import os
import shutil
import time

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import StoreError

__all__ = ["copy_whole"]

_BESIDE = ("", "-wal", "-journal")
"""The endings of the files that a store is made of. What else SQLite keeps beside it, it makes out of these."""


def copy_whole(label: str, source: str, target: str, patience: float) -> None:
    """Copy a store in a moment in which nobody writes to it. Raises StoreError where there is none in ``patience`` seconds, and OSError."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        before = _states(source)
        time.sleep(0.02)  # longer than a tick of the clock by which the file system dates a change
        if _states(source) != before:
            continue
        for ending in _BESIDE:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(target + ending)
            if before[ending] is not None:
                with contextlib.suppress(FileNotFoundError):
                    shutil.copyfile(source + ending, target + ending)
        if _states(source) == before:
            return
    raise StoreError(f"{label} is written to all the time, and this login may not read the files beside it; try again")


def _states(path: str) -> dict[str, tuple[int, int, int] | None]:
    """Return which file each of ``_BESIDE`` is, its size and when it was written; None where there is none."""
    found: dict[str, tuple[int, int, int] | None] = {}
    for ending in _BESIDE:
        try:
            status = os.stat(path + ending)
            found[ending] = (status.st_ino, status.st_size, status.st_mtime_ns)
        except FileNotFoundError:
            found[ending] = None
    return found
