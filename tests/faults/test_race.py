# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many runs over the same planned devices at once. Each has found all of them free before the first may take one."""

from __future__ import annotations

import concurrent.futures
import contextlib
import time
import uuid

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import StoreError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.engine import open_store
from audit import audit
from gate import Gate
from killing import killed_at
from player import Played, Player
from stores import SqliteStore

DEVICES = 50

LOST = ("was enrolled by another run meanwhile", "was taken by somebody else meanwhile")


def pytest_generate_tests(metafunc):
    if "turn" in metafunc.fixturenames:
        metafunc.parametrize("turn", range(5 if metafunc.config.getoption("--soak") else 1))


@pytest.fixture
def prefix():
    """How the names of 50 new planned devices begin."""
    return f"race{uuid.uuid4().hex[:6]}-"


@pytest.fixture
def devices(netbox, prefix):
    return netbox.make_many(DEVICES, prefix)


def race(plays: list[Player], devices: list[int], prefix: str) -> list[Played]:
    """Let each player's run list the devices, every second one by a filter; then let all of them go on at once."""
    gates = [Gate(play.directory, "store_process_subscription") for play in plays]
    choices = [{"nodes": devices}, {"all_planned": True, "device_filter": {"name__isw": prefix}}]
    runs = [
        play.start("nodeflow.orchestrator.create_node", environment=gate.environment, confirm_config=True, **choices[number % 2])
        for number, (play, gate) in enumerate(zip(plays, gates))
    ]
    for gate, run in zip(gates, runs):
        gate.wait_for(run)
    for gate in gates:
        gate.open()
    return [play.finish(run) for play, run in zip(plays, runs)]


def check(played: list[Played], devices: list[int]) -> None:
    """Every run went for every device; the one that got it completed it, and each of the others said that it was too late."""
    for done in played:
        assert done.returncode == 0, done.output
        assert {row["device_id"] for row in done.results["construct_node_model"]["nodes"] if row["status"] == "running"} == set(devices)
        for row in done.nodes:
            assert row["status"] == "completed" or (row["status"] == "unchanged" and any(words in row["message"] for words in LOST)), row
    completed = [row["device_id"] for done in played for row in done.nodes if row["status"] == "completed"]
    assert sorted(completed) == sorted(devices)
    assert sum(row["status"] == "unchanged" for done in played for row in done.nodes) == (len(played) - 1) * len(devices)


def test_16_runs_share_one_postgresql_store(lab, netbox, postgresql, tmp_path, fault_table, devices, prefix, turn):
    played = race([Player(lab, tmp_path, postgresql) for _run in range(16)], devices, prefix)
    fault_table.record("16 runs at once, one PostgreSQL store", audit(netbox, [postgresql], devices), [done.output for done in played])
    check(played, devices)


def test_two_first_runs_bind_one_postgresql_store(postgresql):
    first, second = open_store(postgresql.location), open_store(postgresql.location)
    waits = f"SELECT 1 FROM pg_stat_activity WHERE datname = '{postgresql.name}' AND wait_event_type = 'Lock'"
    with contextlib.closing(first), contextlib.closing(second), concurrent.futures.ThreadPoolExecutor() as pool:
        with first.write() as connection:
            connection.exec_driver_sql("INSERT INTO nodeflow_store VALUES ('netbox_url', 'https://netbox')")
            late = pool.submit(second.belongs_to, "https://netbox")
            deadline = time.monotonic() + 30
            while not postgresql.rows(waits) and time.monotonic() < deadline:
                time.sleep(0.05)
            assert postgresql.rows(waits) and not late.done()
        late.result(30)
        with pytest.raises(StoreError, match="belongs to the NetBox at https://netbox"):
            second.belongs_to("https://other")


def test_4_runs_share_one_sqlite_store(lab, netbox, tmp_path, fault_table, devices, prefix, turn):
    store = SqliteStore(tmp_path)
    played = race([Player(lab, tmp_path, store) for _run in range(4)], devices, prefix)
    fault_table.record("4 runs at once, one SQLite store", audit(netbox, [store], devices), [done.output for done in played])
    check(played, devices)


def test_4_runs_with_an_sqlite_store_each_share_one_netbox(lab, netbox, tmp_path, fault_table, devices, prefix, turn):
    plays = []
    for number in range(4):
        directory = tmp_path / str(number)
        directory.mkdir()
        plays.append(Player(lab, directory, SqliteStore(directory)))
    played = race(plays, devices, prefix)
    found = audit(netbox, [play.store for play in plays], devices)
    fault_table.record("4 runs at once, an SQLite store each", found, [done.output for done in played])
    check(played, devices)


def test_4_resumes_take_over_the_same_processes(lab, netbox, postgresql, tmp_path, fault_table, turn):
    play = Player(lab, tmp_path, postgresql)
    devices = [netbox.make() for _device in range(3)]
    process_ids = killed_at(play, "set_status", nodes=devices)
    assert len(process_ids) == len(devices)
    gates = [Gate(tmp_path, "store_process_subscription") for _run in range(4)]
    choice = {"process_ids": process_ids, "take_over": True, "confirm_config": True}
    runs = [play.start("nodeflow.orchestrator.resume", environment=gate.environment, **choice) for gate in gates]
    for gate, run in zip(gates, runs):
        gate.wait_for(run)
    for gate in gates:
        gate.open()
    played = [play.finish(run) for run in runs]
    fault_table.record("4 resumes at once, PostgreSQL", audit(netbox, [postgresql], devices), [done.output for done in played])
    rows = [row for done in played for row in done.nodes]
    assert sorted(row["device_id"] for row in rows if row["status"] == "completed") == sorted(devices)
    late = [row for row in rows if row["status"] == "failed"]
    assert len(late) == 3 * len(devices) and all("is being worked on by another run" in row["message"] for row in late), late
