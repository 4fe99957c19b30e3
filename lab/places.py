# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the lab keeps things: state of one instance, cache shared by all; and the locks on both."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from report import LabError, say

HERE = Path(__file__).resolve().parent


def _xdg(variable: str, fallback: str) -> Path:
    value = os.environ.get(variable, "")
    base = Path(value) if os.path.isabs(value) else Path.home() / fallback
    return base / "nodeflow-lab"


def cache_dir() -> Path:
    return private_dir(_xdg("XDG_CACHE_HOME", ".cache"))


def state_dir(name: str) -> Path:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,30}", name):
        raise LabError(f"'{name}' is no name for a lab: use up to 31 of a-z, 0-9, '-' and '_', beginning with a letter or digit.")
    return _xdg("XDG_STATE_HOME", ".local/state") / name


def private_dir(path: Path) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.chmod(0o700)
    except OSError as exc:
        raise LabError(f"The directory {path} cannot be used: {exc.strerror}. Set XDG_STATE_HOME and XDG_CACHE_HOME to directories of yours.") from exc
    return path


def write_private(path: Path, text: str) -> bool:
    """Replace a file at once, readable by its owner only. Tells whether that changed it."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    new = path.with_name(path.name + ".new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    os.replace(new, path)
    return True


def read_json(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (ValueError, TypeError) as exc:
        raise LabError(f"{path} is damaged: remove the lab with `down --purge`, then bring it up again.") from exc


@contextlib.contextmanager
def locked(path: Path, what: str) -> Iterator[None]:
    """Hold a lock that ends with this process, however it ends."""
    with open(path, "a", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another run that is at work on {what} ...")
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield
