# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""kill -9 of a run, at a given moment."""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import subprocess
import threading
import typing as t

from netbox_proxy import Answer, NetboxProxy
from player import STARTED, Played, Player


class Moment(t.NamedTuple):
    """When a run is killed. ``number`` is that of the task or of the request to NetBox, from 1; for ``SECONDS``, how long after the start."""

    kind: str
    number: float

    def __str__(self) -> str:
        return f"{self.kind} {self.number:g}"


START, END = "start", "end"
REQUEST, ANSWER = "before NetBox gets request", "after NetBox answered request"
SECONDS = "at second"


def kill(run: subprocess.Popen[str]) -> None:
    """kill -9 of all that the run is, its workers too: each of those is in a session of its own, where a signal to the group misses it."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(run.pid, signal.SIGSTOP)  # so that it starts no other one meanwhile
        for pid in descendants(run.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        os.kill(run.pid, signal.SIGKILL)


def end_runs() -> None:
    """End what this test has started and left running, as one that fails does."""
    for run in STARTED:
        if run.poll() is None:
            kill(run)
            run.wait()
    STARTED.clear()


def killed_at(play: Player, step: str, **variables: t.Any) -> list[str]:
    """Run create_node and kill it at the end of this step. The ids of the processes that it leaves running."""
    run = play.start("nodeflow.orchestrator.create_node", environment={"NODEFLOW_TEST_KILL": f"{END} {step}"}, confirm_config=True, **variables)
    done = play.finish(run)
    assert done.returncode == -signal.SIGKILL, done.output
    return [row["process_id"] for row in play.rows("SELECT process_id FROM processes WHERE status = 'running'")]


def play_killed(play: Player, proxy: NetboxProxy, moment: Moment, playbook: str, **variables: t.Any) -> Played | None:
    """Run a playbook through ``proxy`` and kill it at ``moment``. None if it was over before."""
    requests, run_known = [0], threading.Event()
    environment = {"NETBOX_URL": proxy.url}
    if moment.kind in (START, END):
        environment["NODEFLOW_TEST_KILL"] = str(moment)

    def fault(method: str, path: str, forward: t.Callable[[], Answer]) -> Answer | None:  # pylint: disable=unused-argument
        requests[0] += 1
        if moment.kind not in (REQUEST, ANSWER) or requests[0] != moment.number:
            return forward()
        if moment.kind == ANSWER:
            forward()
        run_known.wait()
        kill(run)
        return None

    proxy.fault = fault
    try:
        name = playbook if "." in playbook else f"nodeflow.orchestrator.{playbook}"
        run = play.start(name, environment=environment, **variables)
        run_known.set()
        if moment.kind == SECONDS:
            with contextlib.suppress(subprocess.TimeoutExpired):
                run.wait(moment.number)
            kill(run)
        done = play.finish(run)
    finally:
        proxy.fault = None
    return done if done.returncode == -signal.SIGKILL else None


def descendants(parent: int) -> list[int]:
    """The pids of all processes that descend from ``parent``."""
    children: dict[int, list[int]] = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                stat = (entry / "stat").read_text(encoding="utf-8", errors="replace")
                children.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(entry.name))
    found, new = [], [parent]
    while new:
        new = [child for pid in new for child in children.get(pid, [])]
        found += new
    return found
