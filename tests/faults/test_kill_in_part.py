# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""kill -9 of a part of a run. Ansible's workers are in sessions of their own, so a signal to its process group leaves one at work."""

from __future__ import annotations

import os
import pathlib
import signal
import threading
import time

import pytest

from audit import audit
from killing import descendants
from netbox_proxy import NetboxProxy
from player import Player
from recovery import recover
from stores import SqliteStore

WRITES = (1, 2)
"""Writes to NetBox in a create_node with an SQLite store: the claim, and the update."""


class Held:
    """A fault of the proxy: the write of that number waits until it is let go."""

    def __init__(self, write: int) -> None:
        self.write, self.seen = write, 0
        self.arrived, self.go, self.over = threading.Event(), threading.Event(), threading.Event()

    def __call__(self, method, path, forward):
        self.seen += method == "PATCH"
        if method != "PATCH" or self.seen != self.write:
            return forward()
        self.arrived.set()
        self.go.wait()
        answer = forward()
        self.over.set()
        return answer


@pytest.fixture
def proxy(netbox):
    with NetboxProxy(netbox.url) as proxy:
        yield proxy


@pytest.fixture
def play(lab, tmp_path, proxy):
    play = Player(lab, tmp_path, SqliteStore(tmp_path))
    play.environment["NETBOX_URL"] = proxy.url
    return play


def start_until_held(play, proxy, devices, write):
    """Start a run. Returns it, what holds its write, and the pids of its workers."""
    held = proxy.fault = Held(write)
    run = play.start("nodeflow.orchestrator.create_node", nodes=devices, confirm_config=True)
    while not held.arrived.wait(0.05):
        assert run.poll() is None, run.communicate()[0]
    return run, held, descendants(run.pid)


def wait_for_end(pids: list[int]) -> None:
    """Return once these processes are gone."""
    deadline = time.monotonic() + 60
    for pid in pids:
        while state(pid) not in ("", "Z"):
            assert time.monotonic() < deadline, f"{pid} does not end"
            time.sleep(0.01)


def state(pid: int) -> str:
    """The state letter of a process; "" for one that is not there."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
    except OSError:
        return ""


@pytest.mark.parametrize("write", WRITES)
def test_a_worker_that_lives_on_does_no_harm(play, proxy, netbox, fault_table, write):
    devices = [netbox.make() for _device in range(3)]
    run, held, workers = start_until_held(play, proxy, devices, write)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    assert any(state(pid) not in ("", "Z") for pid in workers)
    proxy.fault = None
    recovered = recover(play, netbox, devices)
    assert not held.over.is_set()
    held.go.set()  # what the dead run has sent arrives now
    assert held.over.wait(60)
    wait_for_end(workers)
    output = play.finish(run).output
    late = audit(netbox, [play.store], devices)
    fault_table.record("kill -9 of all but the worker, SQLite", recovered.found, [output, *recovered.outputs])
    fault_table.record("a dead run's write arrives after recovery, SQLite", late, [output])


@pytest.mark.parametrize("worker_lives", [True, False])
@pytest.mark.parametrize("write", WRITES)
def test_what_a_dead_run_has_sent_does_nothing_after_an_abort(play, proxy, netbox, write, worker_lives):
    """It arrives late, and a worker that lives on reads and writes again, unless it is told not to."""
    devices = [netbox.make() for _device in range(3)]
    run, held, workers = start_until_held(play, proxy, devices, write)
    abort_and_let_go(play, proxy, run, held, () if worker_lives else workers)
    if worker_lives:
        wait_for_end(workers)
    assert netbox.statuses(devices) == dict.fromkeys(devices, "planned")
    assert {row["status"] for row in play.rows("SELECT status FROM subscriptions")} == {"terminated"}


@pytest.mark.parametrize("worker_lives", [True, False])
def test_a_termination_that_was_aborted_sets_no_device_free_later(play, proxy, netbox, worker_lives):
    device = netbox.make()
    assert play.create(nodes=device, confirm_config=True).returncode == 0
    held = proxy.fault = Held(1)
    run = play.start("nodeflow.orchestrator.terminate_node", nodes=device, confirm_config=True, node_status="planned")
    while not held.arrived.wait(0.05):
        assert run.poll() is None, run.communicate()[0]
    workers = descendants(run.pid)
    abort_and_let_go(play, proxy, run, held, () if worker_lives else workers)
    if worker_lives:
        wait_for_end(workers)
    assert netbox.status(device) == "active"
    assert [(row["status"], bool(row["insync"])) for row in play.rows("SELECT status, insync FROM subscriptions")] == [("active", True)]


def abort_and_let_go(play, proxy, run, held, workers):
    """Kill a run, and those of its ``workers`` that are named; abort its processes; let what it has sent arrive."""
    os.killpg(run.pid, signal.SIGKILL)
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    run.wait()
    proxy.fault = None
    [left] = {row["run_id"] for row in play.rows("SELECT run_id FROM processes WHERE status = 'running'")}
    aborted = play("nodeflow.orchestrator.abort", run_id=left, take_over=True)
    assert aborted.returncode == 0, aborted.output
    assert not held.over.is_set()
    held.go.set()
    assert held.over.wait(60)


@pytest.mark.parametrize("write", WRITES)
def test_a_killed_worker(play, proxy, netbox, fault_table, write):
    devices = [netbox.make() for _device in range(3)]
    run, held, workers = start_until_held(play, proxy, devices, write)
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    held.go.set()
    done = play.finish(run)
    assert done.returncode not in (0, -signal.SIGKILL), done.output
    assert held.over.wait(60)
    recovered = recover(play, netbox, devices)
    fault_table.record("kill -9 of the worker alone, SQLite", recovered.found, [done.output, *recovered.outputs])
