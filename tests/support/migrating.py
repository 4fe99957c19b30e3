# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Open a store in a Python of its own, which brings it up to date, and kill that Python or make it wait in the middle.

Run as a program, it prints each SQL statement before it is run, and "COMMIT" before each commit.
"""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import time
import typing as t

COLLECTIONS = pathlib.Path(__file__).resolve().parents[2] / ".venv" / "collections"

KILL, WAIT = "kill", "wait"


def open_elsewhere(location: str, what: str = WAIT, number: int = 0) -> subprocess.Popen[str]:
    """Start it. Before its statement or commit of that ``number``, from 1, it kills itself, or waits for a line of its input; 0 is never."""
    command = [sys.executable, __file__, location, what, str(number)]
    pipes: dict[str, t.Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(COLLECTIONS)}, **pipes)  # pylint: disable=consider-using-with


def main(location: str, what: str, number: int) -> None:
    """Open the store. The last line says how many seconds it took."""
    import sqlalchemy as sa  # pylint: disable=import-outside-toplevel  # only here is the collection in the path

    from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.engine import open_store  # pylint: disable=import-outside-toplevel

    seen = 0

    def note(statement: str) -> None:
        nonlocal seen
        seen += 1
        print(" ".join(statement.split()), flush=True)
        if seen == number and what == KILL:
            os.kill(os.getpid(), signal.SIGKILL)
        if seen == number:
            sys.stdin.readline()

    sa.event.listen(sa.Engine, "before_cursor_execute", lambda _connection, _cursor, statement, *_rest: note(statement))
    sa.event.listen(sa.Engine, "commit", lambda _connection: note("COMMIT"))
    began = time.perf_counter()
    open_store(location).close()
    print(f"{time.perf_counter() - began:.2f}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
