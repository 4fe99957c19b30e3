# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What happens between the last statement of a transaction and the answer to its COMMIT: a dropped connection, a stopped server, a kill."""

from __future__ import annotations

import signal
import threading

import pytest

from gate import Gate
from killing import kill
from player import Player
from postgres_proxy import AFTER, BEFORE, PostgresProxy
from recovery import recover
from stores import PostgresqlStore

COMMITS = 10
"""COMMITs of transactions that write, in a create_node with a new store. The first test counts them again."""

BOUNDED = [
    (BEFORE, "cut", 3),
    (AFTER, "cut", 3),
    (AFTER, "cut", 8),
    (BEFORE, "stop", 5),
    (BEFORE, "kill", 4),
    (AFTER, "kill", 3),
]
"""What make test injects at which COMMIT: at the third, the new processes are stored."""


def pytest_generate_tests(metafunc):
    if "fault" in metafunc.fixturenames:
        every = [(side, fault, number + 1) for side in (BEFORE, AFTER) for fault in ("cut", "stop", "kill") for number in range(COMMITS)]
        metafunc.parametrize("side, fault, number", every if metafunc.config.getoption("--soak") else BOUNDED)


@pytest.fixture
def proxy(cluster):
    with PostgresProxy(cluster.port) as proxy:
        yield proxy


@pytest.fixture
def play(lab, cluster, proxy, tmp_path):
    """ansible-playbook with a store that it reaches through the proxy."""
    store = PostgresqlStore(cluster.dsn())
    store.location = store.location.replace(f":{cluster.port}/", f":{proxy.port}/")
    yield Player(lab, tmp_path, store)
    store.drop()


def test_every_commit_is_known(play, netbox, proxy):
    assert play.create(nodes=[netbox.make() for _device in range(3)], confirm_config=True).returncode == 0
    assert proxy.commits == COMMITS


def test_a_fault_at_a_commit(play, netbox, fault_table, cluster, proxy, side, fault, number):
    devices = [netbox.make() for _device in range(3)]
    run_known, injected = threading.Event(), []

    def act(at: str, commit: int) -> bool:
        if injected or (at, commit) != (side, number):
            return False
        injected.append(fault)
        if fault == "stop":
            cluster.stop()
        elif fault == "kill":
            run_known.wait()
            kill(run)
        return True

    proxy.fault = act
    run = play.start("nodeflow.orchestrator.create_node", nodes=devices, confirm_config=True)
    run_known.set()
    done = play.finish(run)
    proxy.fault = None
    assert injected == [fault]
    if fault == "stop":
        assert not cluster.answers()
        port = cluster.port
        cluster.start()
        assert cluster.port == port
    # What a dropped connection undid can be saved again at once, so that not every run fails.
    assert done.returncode in {"kill": [-signal.SIGKILL], "stop": [2], "cut": [0, 2]}[fault], done.output
    recovered = recover(play, netbox, devices)
    name = {"cut": "connection dropped {0}", "stop": "PostgreSQL stopped {0}", "kill": "kill -9 {0}, PostgreSQL"}[fault].format(side)
    fault_table.record(name, recovered.found, [done.output, *recovered.outputs])


def test_a_server_that_comes_back_between_two_steps(play, netbox, fault_table, cluster):
    devices = [netbox.make() for _device in range(3)]
    gate = Gate(play.directory, "set_status")
    run = play.start("nodeflow.orchestrator.create_node", environment=gate.environment, nodes=devices, confirm_config=True)
    gate.wait_for(run)
    cluster.stop()
    assert not cluster.answers()
    cluster.start()
    gate.open()
    done = play.finish(run)
    assert done.returncode == 0, done.output
    recovered = recover(play, netbox, devices)
    assert recovered.outputs == []
    fault_table.record("PostgreSQL restarted between steps", recovered.found, [done.output])
