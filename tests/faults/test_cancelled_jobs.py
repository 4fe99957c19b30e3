# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs of ansible-runner that are cancelled in the middle of a step as a mesh does it: SIGINT, ten seconds, SIGKILL. The next jobs finish all of it."""

from __future__ import annotations

import contextlib
import re
import sqlite3
import threading
import time

import psycopg

from audit import audit
from consistency import inconsistencies
from gate import Gate
from killing import descendants
from netbox_proxy import NetboxProxy
from recovery import never_stored
from runner import GRACE, Runner, cancel
from stores import SqliteStore

STEPS = ("store_process_subscription", "fetch_ip_address_information", "provide_config_to_user", "update_node_in_netbox", "done")
ANSIBLE, RUNNER = "ansible", "runner"
"""Who gets the SIGINT. Runner looks every five seconds whether it came, and kills Ansible then; Ansible itself stops."""


def pytest_generate_tests(metafunc):
    soak = metafunc.config.getoption("--soak")
    few = [("store_process_subscription", RUNNER, "postgresql"), ("update_node_in_netbox", RUNNER, "sqlite"), ("update_node_in_netbox", ANSIBLE, "postgresql")]
    all_ = [(step, *how) for step in STEPS for how in ((RUNNER, "sqlite"), (ANSIBLE, "postgresql"))] + [(step, RUNNER, "postgresql") for step in STEPS]
    metafunc.parametrize(("step", "whom", "kind"), all_ if soak else few)


class SecondWrite:
    """A fault of the proxy: NetBox has the second PATCH after the gate was opened when it is noticed."""

    def __init__(self):
        self.seen, self.arrived, self.go = 0, threading.Event(), threading.Event()

    def __call__(self, method, path, forward):
        self.seen += method == "PATCH"
        if method == "PATCH" and self.seen == 2:
            self.arrived.set()
            self.go.wait(GRACE)
        return forward()


@contextlib.contextmanager
def locked(store):
    """Nobody else writes to the store meanwhile, so that a step is held in the middle, before its transaction."""
    if isinstance(store, SqliteStore):
        with contextlib.closing(sqlite3.connect(store.path, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield
    else:
        with psycopg.connect(store.direct) as connection:
            connection.execute("LOCK TABLE processes IN EXCLUSIVE MODE")
            yield
            connection.rollback()


def stored(store):
    """How many processes there are."""
    return store.rows("SELECT count(*) AS number FROM processes")[0]["number"] if store.exists() and store.has_tables() else 0


def ansible_of(run):
    """The process of a job that leads Ansible's group."""
    return descendants(run.pid)[0]


def test_a_cancelled_job_is_finished_by_the_next(lab, netbox, tmp_path, request, fault_table, chance, soak, step, whom, kind):
    count = 300 if soak else 30
    devices = netbox.make_many(count)
    runner = Runner(lab, tmp_path, SqliteStore(tmp_path) if kind == "sqlite" else request.getfixturevalue("postgresql"))
    runner.streamed = True
    writes = step == "update_node_in_netbox" or (step == "store_process_subscription" and kind == "sqlite")
    gate = Gate(tmp_path, step)
    with NetboxProxy(netbox.url) as proxy:
        runner.environment |= {"NETBOX_URL": proxy.url}  # a store belongs to one address of NetBox
        given = {"nodes": devices, "confirm_config": True, "netbox_batch_size": count // 3}
        run = runner.start("nodeflow.orchestrator.create_node", environment=gate.environment, **given)
        gate.wait_for(run)
        fault = proxy.fault = SecondWrite()
        with contextlib.ExitStack() as stack:
            if writes:
                gate.open()
                assert fault.arrived.wait(120)
            elif whom == ANSIBLE:
                gate.open()
                time.sleep(chance.uniform(0.05, 0.6))
            elif step == "store_process_subscription":
                gate.open()
                deadline = time.monotonic() + 60
                while not stored(runner.store):
                    assert time.monotonic() < deadline, "nothing is stored"
                    time.sleep(0.01)
                stack.enter_context(locked(runner.store))
            else:
                stack.enter_context(locked(runner.store))
                gate.open()
            seconds = cancel(run, ansible_of if whom == ANSIBLE else None)
        fault.go.set()
        cancelled = runner.finish(run)
        proxy.fault = None
        assert seconds < GRACE + 5 and "PLAY RECAP" not in cancelled.output

        rows = runner.rows("SELECT status, step, run_id FROM processes") if stored(runner.store) else []
        held = [row for row in rows if row["status"] == "running"]
        stood = {key: len([row for row in rows if (row["status"], row["step"]) == key]) for key in {(row["status"], row["step"]) for row in rows}}
        print(f"cancelled in {step}, SIGINT to {whom}, {kind}: over after {seconds:.1f} s; of {count}: {stood}")
        swept = runner("nodeflow.orchestrator.sweep", confirm_config=True)
        outputs, jobs = [cancelled.output, swept.output], []
        assert swept.returncode == 0, swept.output
        for run_id in {row["run_id"] for row in held}:
            said = re.findall(rf"(\d+) process(?:es)? (?:is|are) held by run {run_id}", swept.output)
            assert said == [str(len([row for row in held if row["run_id"] == run_id]))], swept.output
            jobs.append(runner("nodeflow.orchestrator.resume", run_id=run_id, take_over=True, confirm_config=True))
        if runner.rows("SELECT 1 FROM processes WHERE status = 'failed'") if rows else []:
            jobs.append(runner("nodeflow.orchestrator.resume", status="failed", confirm_config=True))
        unknown = never_stored(runner, devices)
        if unknown:
            jobs.append(runner.create(nodes=unknown, confirm_config=True))
        assert all(job.returncode == 0 for job in jobs), [job.output for job in jobs]
        outputs += [job.output for job in jobs]
        found = audit(netbox, [runner.store], devices)
    assert inconsistencies(runner.store) == []
    fault_table.record(f"a job cancelled as a mesh does, SIGINT to {whom}, {type(runner.store).__name__.replace('Store', '')}", found, outputs)
