# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the lab tells its user: progress on stderr, and errors that are one sentence."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import NoReturn

HEARTBEAT = 15  # seconds of silence after which a long step says that it is still at work


class LabError(Exception):
    """Something that the user can understand and act on; shown as it is, without a traceback."""


def say(text: str) -> None:
    print(f"[lab] {text}", file=sys.stderr, flush=True)


class Step:
    """A step under way; set `detail` to have the next heartbeat tell how far it is."""

    def __init__(self) -> None:
        self.detail = ""


@contextlib.contextmanager
def step(what: str) -> Iterator[Step]:
    """Say that `what` begins, that it goes on, and how long it took."""
    started = time.monotonic()
    state = Step()
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(HEARTBEAT):
            detail = f", {state.detail}" if state.detail else ""
            say(f"{what} ... {time.monotonic() - started:.0f} s{detail}")

    say(f"{what} ...")
    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        ended.set()
        thread.join()
    took = time.monotonic() - started
    if took >= 1:
        say(f"{what}: done in {took:.0f} s")


def run_main(program: str, main: Callable[[], int]) -> NoReturn:
    """Run a script, and end with what its `main` returns; what a user can act on is one line, 130 a Ctrl-C."""
    problem = ""
    try:
        sys.exit(main())
    except LabError as exc:
        problem = str(exc)
    except subprocess.CalledProcessError as exc:
        said = last_lines(str(exc.stderr or exc.stdout or ""), 2)
        problem = f"{exc.cmd[0]} ended with {exc.returncode}{f': {said}' if said else ''}"
    except OSError as exc:
        problem = f"{exc.strerror or exc}{f': {exc.filename}' if exc.filename else ''}"
    except KeyboardInterrupt:
        print(f"{program}: interrupted", file=sys.stderr)
        sys.exit(130)
    print(f"{program}: {problem}", file=sys.stderr)
    sys.exit(1)


def last_lines(text: str, count: int = 5) -> str:
    """Return the end of a log, on one line, for use in a sentence."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    return " | ".join(lines[-count:])
