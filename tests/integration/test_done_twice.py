# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two tasks that store the same rows at the same moment, as in a play over several hosts: each node has one process, in PostgreSQL and SQLite."""

from __future__ import annotations

import concurrent.futures
import threading
import time
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process import store_process
from in_process import call_module


def test_each_node_has_one_process(enrol, netbox, monkeypatch):
    devices = [netbox.make() for dummy in range(3)]
    rows = enrol.create(nodes=devices, last="construct_node_model").nodes
    begun, inserted, both = store_process._insert_part, store_process.insert_processes, threading.Barrier(2)

    def begin_together(*arguments: t.Any) -> t.Any:
        both.wait(30)
        return begun(*arguments)

    def insert_late(connection: t.Any, processes: t.Any) -> None:
        inserted(connection, processes)
        time.sleep(1)  # the other task waits meanwhile, for what this one has not committed yet

    monkeypatch.setattr(store_process, "_insert_part", begin_together)
    monkeypatch.setattr(store_process, "insert_processes", insert_late)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        running = [pool.submit(call_module, "store_process_subscription", enrol.settings | {"nodes": rows}) for dummy in range(2)]
        results = [one.result() for one in running]
    ids = [[row["process_id"] for row in result["nodes"]] for result in results]
    assert ids[0] == ids[1] and [row["status"] for result in results for row in result["nodes"]] == ["running"] * 6, results
    assert [row["number"] for row in enrol.rows("SELECT count(*) AS number FROM processes")] == [3]
