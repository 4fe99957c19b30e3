# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A full disk, a read-only one and a locked file, in the middle of a run with an SQLite store."""

from __future__ import annotations

import contextlib
import os
import pathlib
import re
import sqlite3
import time

import pytest

from gate import Gate
from killing import descendants
from player import Player
from recovery import recover
from small_disk import StoreOnDisk

STEPS = (
    "initial_input_form",
    "store_process_subscription",
    "fetch_ip_address_information",
    "set_status",
    "provide_config_to_user",
    "set_node_to_active",
    "update_node_in_netbox",
    "done",
)


SOME_PAGES = 48 * 1024
"""Room enough for SQLite to begin to write, and not enough to commit."""

READ_ONLY = re.compile(
    r"Read-only file system|cannot be (written|opened|made): (the file or its directory is read-only|check that .* can be written)"
)


def pytest_generate_tests(metafunc):
    if "play_on_disk" in metafunc.fixturenames:
        soak = metafunc.config.getoption("--soak")
        metafunc.parametrize("step", STEPS if soak else ("store_process_subscription", "update_node_in_netbox"))


@pytest.fixture
def play_on_disk(lab, tmp_path, disk):
    """ansible-playbook with a store on the small disk."""
    play = Player(lab, tmp_path, StoreOnDisk(disk))
    play.prefix = disk.prefix
    return play


def at_step(play, step, devices, break_it):
    """Run create_node and call ``break_it`` right before ``step``."""
    gate = Gate(play.directory, step)
    run = play.start("nodeflow.orchestrator.create_node", environment=gate.environment, nodes=devices, confirm_config=True)
    gate.wait_for(run)
    break_it()
    gate.open()
    return run


@pytest.mark.parametrize("leave", [0, SOME_PAGES])
def test_a_full_disk(play_on_disk, netbox, fault_table, disk, step, leave):
    devices = [netbox.make() for _device in range(3)]
    done = play_on_disk.finish(at_step(play_on_disk, step, devices, lambda: disk.fill(leave)))
    assert done.returncode == 2, done.output
    disk.make_room()
    recovered = recover(play_on_disk, netbox, devices)
    fault_table.record("full disk, SQLite", recovered.found, [done.output, *recovered.outputs])
    assert "the disk is full; make room and run again" in done.output, done.output


def test_a_read_only_disk(play_on_disk, netbox, fault_table, disk, step):
    devices = [netbox.make() for _device in range(3)]
    done = play_on_disk.finish(at_step(play_on_disk, step, devices, lambda: disk.mount("ro")))
    assert done.returncode == 2, done.output
    disk.mount("rw")
    recovered = recover(play_on_disk, netbox, devices)
    fault_table.record("read-only disk, SQLite", recovered.found, [done.output, *recovered.outputs])
    assert READ_ONLY.search(done.output), done.output


def locked(play):
    """A connection to the store that keeps writers out until it is closed. Where there is no store yet, it is as if another run made it."""
    play.store.path.parent.mkdir(exist_ok=True)
    connection = sqlite3.connect(play.store.path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    return contextlib.closing(connection)


def wait_until_opened(run, path: pathlib.Path) -> None:
    """Return once a worker of the run has the store open."""
    while not any(str(path) == target for pid in descendants(run.pid) for target in open_files(pid)):
        assert run.poll() is None, run.communicate()[0]
        time.sleep(0.01)


def open_files(pid: int) -> list[str]:
    with contextlib.suppress(OSError):
        return [os.readlink(entry) for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir()]
    return []


@pytest.mark.parametrize("step", ["store_process_subscription", "set_node_to_active"])
def test_a_lock_that_goes_is_waited_for(play, netbox, fault_table, step):
    devices = [netbox.make() for _device in range(3)]
    gate = Gate(play.directory, step)
    run = play.start("nodeflow.orchestrator.create_node", environment=gate.environment, nodes=devices, confirm_config=True)
    gate.wait_for(run)
    with locked(play):
        before = step_log(play)
        gate.open()
        wait_until_opened(run, play.store.path)
        time.sleep(3)
        assert step_log(play) == before
    done = play.finish(run)
    recovered = recover(play, netbox, devices)
    fault_table.record("store locked for a moment, SQLite", recovered.found, [done.output, *recovered.outputs])
    assert done.returncode == 0, done.output


def step_log(play):
    return play.rows("SELECT * FROM process_steps") if play.store.has_tables() else []


def test_a_lock_that_stays_is_given_up(play, netbox, fault_table):
    device = netbox.make()
    gate = Gate(play.directory, "set_status")
    run = play.start("nodeflow.orchestrator.create_node", environment=gate.environment, nodes=device, confirm_config=True)
    gate.wait_for(run)
    with locked(play):
        gate.open()
        done = play.finish(run)
    assert done.returncode == 2, done.output
    recovered = recover(play, netbox, [device])
    fault_table.record("store locked for good, SQLite", recovered.found, [done.output, *recovered.outputs])
    assert "another run has held it for over" in done.output, done.output
