# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small file system that can be really full and really read-only, for root too.

It is a tmpfs in a mount namespace of its own, which any user can make where the system allows user namespaces.
"""

from __future__ import annotations

import errno
import json
import pathlib
import subprocess
import sys
import typing as t

from stores import SqliteStore

_HOLD = 'mount -t tmpfs -o size=4m none "$1" && echo ready && exec cat'
"""Mount, say so, and stay until the standard input is closed."""


class CannotMount(Exception):
    """This system does not let us."""


class SmallDisk:
    """4 MB at ``path``, seen by the commands that ``prefix`` precedes, and by this process at ``outside``. Use as a context manager."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        path.mkdir()
        command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", _HOLD, "sh", str(path)]
        try:
            self._holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        except OSError as error:
            raise CannotMount(f"no program unshare here: {error.strerror}") from error
        answer = t.cast(t.IO[str], self._holder.stdout).readline()
        if answer != "ready\n":
            self._holder.communicate()
            raise CannotMount(f"no tmpfs in a user namespace here: {answer.strip()}")
        self.prefix = ["nsenter", "--preserve-credentials", "--user", "--mount", "--target", str(self._holder.pid)]
        self.outside = pathlib.Path(f"/proc/{self._holder.pid}/root{path}")

    def __enter__(self) -> SmallDisk:
        return self

    def __exit__(self, *exc: object) -> None:
        self._holder.communicate()  # the namespace, and with it the disk, goes with its last process

    def fill(self, leave: int = 0) -> None:
        """Leave so many bytes, in whole pages."""
        with open(self.outside / "filler", "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
            file.truncate(file.tell() - leave)

    def make_room(self) -> None:
        """Take back what ``fill`` wrote."""
        (self.outside / "filler").unlink()

    def mount(self, mode: str) -> None:
        """Mount it anew, read-only (``ro``) or to be written (``rw``)."""
        subprocess.run([*self.prefix, "mount", "-o", f"remount,{mode}", str(self.path)], check=True, capture_output=True)


_READ = """
import json, sqlite3, sys
connection = sqlite3.connect("file:{0}?mode=ro".format(sys.argv[1]), uri=True)
connection.row_factory = sqlite3.Row
print(json.dumps([dict(row) for row in connection.execute(sys.argv[2])]))
"""


class StoreOnDisk(SqliteStore):
    """A store on a small disk. It is read from inside, because SQLite does not open what it finds at ``outside``."""

    def __init__(self, disk: SmallDisk) -> None:
        super().__init__(disk.path)
        self._disk = disk
        self._inside = self.path
        self.path = disk.outside / self.path.relative_to(disk.path)

    def rows(self, query: str) -> list[dict[str, t.Any]]:
        command = [*self._disk.prefix, sys.executable, "-c", _READ, str(self._inside), query]
        return list(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
