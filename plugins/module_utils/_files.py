# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write a file that a task was asked for: whole or not at all, and only where it would become another one."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import re
import stat
import tempfile
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._paths import can_be_made, user_path
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._surroundings import job, vanishes
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._web_files import WebFile, is_url

__all__ = ["Destination", "destination", "link", "needed_destination", "replace_file", "told"]

NEW_FILE = 0o640


@dataclasses.dataclass(frozen=True)
class Destination:
    """The file to write, with links followed. ``mode`` is what its permissions are to be; None leaves them, and gives a new file 0640."""

    path: pathlib.Path
    mode: int | None

    @property
    def name(self) -> str:
        """How messages call it."""
        return str(self.path)

    def read(self) -> bytes | None:
        """Return what is in the file; None where there is none. Raises NodeflowError."""
        with self._errors("read"):
            return self.path.read_bytes() if self._status() else None

    def write(self, content: bytes, check_mode: bool, kind: str = "") -> bool:  # pylint: disable=unused-argument
        """Have ``content`` in the file. Return whether that, or its permissions, was a change; in check mode, whether it would be one.

        Raises NodeflowError where it cannot be written, as far as that shows in check mode.
        """
        with self._errors("written"):
            status = self._status()
            mode = self.mode if self.mode is not None else stat.S_IMODE(status.st_mode) if status else NEW_FILE
            same = status is not None and status.st_size == len(content) and self.path.read_bytes() == content
            if status is not None and same and stat.S_IMODE(status.st_mode) == mode:
                return False
            if check_mode and not can_be_made(self.path):
                raise NodeflowError(f"{self.path} cannot be written")
            if not check_mode and same:
                os.chmod(self.path, mode)
            elif not check_mode:
                replace_file(self.path, content, mode, status)
            return True

    def _status(self) -> os.stat_result | None:
        """Return what the file system knows of the file; None where there is none. Raises NodeflowError for what is no file."""
        try:
            status = os.stat(self.path)
        except FileNotFoundError:
            return None
        if not stat.S_ISREG(status.st_mode):
            raise NodeflowError(f"{self.path} is {'a directory' if self.path.is_dir() else 'no file'}; dest takes the path of a file")
        return status

    @contextlib.contextmanager
    def _errors(self, verb: str) -> t.Iterator[None]:
        try:
            yield
        except OSError as error:
            raise NodeflowError(f"{self.path} cannot be {verb}: {error.strerror or error}") from error


def destination(task: Task) -> Destination | WebFile | None:
    """Return the file that the option dest names; None where it is not set. Raises NodeflowError for what can be none."""
    return None if task.params["dest"] is None else needed_destination(task)


def needed_destination(task: Task) -> Destination | WebFile:
    """Return the file that the option dest names. Raises NodeflowError for what can be none; warns of one that is lost with a job."""
    if is_url(task.params["dest"]):
        return WebFile(task)
    try:
        if not task.params["dest"].strip() or task.params["dest"].endswith("/"):
            raise NodeflowError(f"dest takes the path of a file; this is {task.params['dest']!r}")
        path = pathlib.Path(os.path.realpath(user_path(task.params["dest"], "dest")))
    except (OSError, ValueError) as error:
        raise NodeflowError(f"dest cannot be used as a path: {getattr(error, 'strerror', None) or error}") from error
    if vanishes(path):
        task.warn(f"{path} lies in a directory that goes with {job()}: name a file in one that stays, or a URL that it can be put to, in dest")
    return Destination(path, _mode(task.params["mode"]))


def told(task: Task, target: Destination | WebFile) -> dict[str, t.Any]:
    """Return what a task's result says of the file. A link is for the next job too."""
    if not isinstance(target, WebFile):
        return {"dest": target.name}
    return {"dest": target.name, "url": target.name} | (link(target.name) if not task.check_mode else {})


def link(url: str | None) -> dict[str, t.Any]:
    """Return what hands a link to the next job of a workflow."""
    return {"ansible_stats": {"data": {"nodeflow_report_url": url}, "per_host": False, "aggregate": False}}


def _mode(value: t.Any) -> int | None:
    """Permissions as YAML and people write them: "0640", "640", or 0640 without quotes, which YAML reads as a number."""
    if value is None:
        return None
    bits = -1
    if isinstance(value, str) and re.fullmatch(r"0?[0-7]{3}", value.strip()):
        bits = int(value, 8)
    elif isinstance(value, int) and not isinstance(value, bool):
        bits = value
    if not 0 <= bits <= 0o777:
        raise NodeflowError(f"mode must read like '0640', with the quotes; this is {value!r}")
    return bits


def replace_file(path: pathlib.Path, content: bytes, mode: int = 0o600, before: os.stat_result | None = None) -> None:
    """Put a new file in the place of ``path``: whole or not at all, also where the power fails. Its directory is made, if it is missing. It gets the group
    and the owner of the file that was there, ``before``, where this login may give them. Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(handle, "wb") as file:
            for owner in [(-1, before.st_gid), (before.st_uid, -1)] if before else []:
                with contextlib.suppress(OSError):
                    os.fchown(handle, *owner)
            os.fchmod(handle, mode)
            file.write(content)
            file.flush()
            os.fsync(handle)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
