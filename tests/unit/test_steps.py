# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The step contract on a real SQLite store: a step happened or it did not, and its line in the log says so."""

from __future__ import annotations

import dataclasses
import datetime
import json
import subprocess
import sys
import types
from pathlib import Path

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils import _libraries
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._chunks import IN_A_STATEMENT
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import DomainError, NetboxError, NodeflowError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import NODE, NodeBlockInactive, NodeInactive
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process import holding as holding_module
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process import lease as lease_module
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process import run_step as run_step_module
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process import settle as settle_module
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.abort import restored
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.end_of_step import end_of_step, table
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.holding import still_held
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.rows import read_rows
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.run_step import run_step
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.state import State
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.step import Aborted, Done, Failed, Step, Suspended, Workflow
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._run import call
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.processes import Lease, Process, insert_processes, load_processes, take_processes
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.save_subscriptions import claim_subscriptions
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

RUN = "run-of-the-test"


class Shop:
    """A workflow of three steps, in which the test says what each node's outcome is, by the node's device id."""

    def __init__(self, path):
        self.path = path
        self.outcomes = {}
        self.warnings, self.shown = [], []
        self.workflow = Workflow(
            "test", 1, "CREATE", (Step("read", self._step, repeats=True), Step("write", self._step), Step("end", self._step)), final="write"
        )

    def _step(self, task, works):
        answers = {}
        for work in works:
            outcome = self.outcomes.get(work.subscription.device_id, "done")
            if isinstance(outcome, Exception):
                raise outcome
            noted = work.subscription.model_copy(update={"note": "changed"})
            answers[work.key] = Done(noted, work.state) if outcome == "done" else outcome
        return answers

    def task(self, rows, check_mode=False):
        """A task of the test's."""
        params = {"nodes": rows, "store": str(self.path), "netbox_url": None, "lease_minutes": 15, "actor": "ann", "netbox_moved": False}
        return Task(params, check_mode, self.warnings.append, self.shown.append, lambda question: None, rows_about=NODE)

    def new(self, *device_ids):
        """Rows of new processes."""
        task, rows = self.task([]), []
        now = datetime.datetime.now(datetime.timezone.utc)
        with task.store.write() as connection:
            for device_id in device_ids:
                one = NodeInactive(customer_id="c", node=NodeBlockInactive(node_id=device_id, node_name="r"))
                key = str(one.subscription_id)
                assert claim_subscriptions(connection, [one]) == {key}
                until = now + datetime.timedelta(minutes=15)
                insert_processes(connection, [Process(key, key, "test", 1, "CREATE", "running", "read", {}, None, "ann", RUN, until, now, now)])
                rows.append({"device_id": device_id, "device": f"r ({device_id})", "status": "running", "run_id": RUN, "process_id": key})
        task.close()
        return rows

    def take(self, row, holder=RUN, run_id="other", until=None):
        """Have another run take a process over."""
        task, now = self.task([]), datetime.datetime.now(datetime.timezone.utc)
        lease = Lease(run_id, "bob", until or now + datetime.timedelta(hours=1))
        with task.store.write() as connection:
            read = load_processes(connection, [row["process_id"]])
            assert take_processes(connection, list(read.values()), {row["process_id"]: holder}, lease, now) == set(read)
        task.close()

    def run(self, step, rows, workflow=None, check_mode=False):
        """One step."""
        task = self.task(rows, check_mode)
        try:
            return run_step(task, step, {"test": workflow or self.workflow}, read_rows(rows, NODE))
        finally:
            task.close()

    def ask(self, query):
        """The store, read directly."""
        task = self.task([])
        with task.store.read() as connection:
            found = connection.exec_driver_sql(query).fetchall()
        task.close()
        return [tuple(row) for row in found]


@pytest.fixture
def shop(tmp_path):
    """The workflow on an empty store."""
    return Shop(tmp_path / "store.db")


PROCESS = "SELECT p.status, p.step, p.run_id IS NULL, s.status, s.note FROM processes p JOIN subscriptions s USING (subscription_id)"
LOG = "SELECT step, status, error FROM process_steps ORDER BY process_step_id"


@pytest.mark.parametrize(
    ("outcome", "process", "log", "row"),
    [
        ("done", ("running", "write", 0, "initial", "changed"), ("read", "success", None), "running"),
        (Failed("no luck"), ("failed", "read", 1, "initial", None), ("read", "failed", "no luck"), "failed"),
        (Suspended("wait", State(shown=1)), ("suspended", "read", 1, "initial", None), ("read", "suspended", "wait"), "suspended"),
        (Aborted("taken", "unchanged"), ("aborted", None, 1, "terminated", "taken"), ("read", "aborted", "taken"), "unchanged"),
        (Aborted("refused"), ("aborted", None, 1, "terminated", "refused"), ("read", "aborted", "refused"), "failed"),
        (NodeflowError("all of it"), ("failed", "read", 1, "initial", None), ("read", "failed", "r (1): all of it"), "failed"),
    ],
)
def test_what_each_outcome_leaves(shop, outcome, process, log, row):
    rows = shop.new(1)
    shop.outcomes[1] = outcome
    result = shop.run("read", rows)
    assert (shop.ask(PROCESS), shop.ask(LOG)) == ([process], [log])
    assert result["nodes"][0]["status"] == row and result["changed"]
    assert bool(result.get("failed")) is (row == "failed")


def test_a_defect_is_a_sentence_in_the_log_and_the_process_can_be_resumed(shop):
    rows = shop.new(1)
    shop.outcomes[1] = ZeroDivisionError("oops")
    result = shop.run("read", rows)
    assert "a defect of nodeflow.orchestrator at test_steps.py" in result["msg"]
    assert shop.ask(PROCESS) == [("failed", "read", 1, "initial", None)]


def test_the_list_ends_with_the_process_completed(shop):
    rows = shop.new(1)
    for step in ("read", "write", "end"):
        rows = shop.run(step, rows)["nodes"]
    assert rows[0]["status"] == "completed"
    assert shop.ask("SELECT status, step, completed_at IS NULL FROM processes") == [("completed", None, 0)]


def test_one_bad_node_stops_one_node_and_the_end_says_who(shop):
    rows = shop.new(1, 2, 3)
    shop.outcomes[2] = Failed("r (2): no luck")
    first = shop.run("read", rows)
    assert not first.get("failed") and shop.warnings == ["r (2): no luck"]
    rows = shop.run("write", first["nodes"])["nodes"]
    last = shop.run("end", rows)
    assert last["failed"] and "3 nodes: 2 completed, 1 failed" in last["msg"] and "r (2): no luck" in last["msg"]
    assert "resume -e process_ids=" + rows[1]["process_id"] in last["msg"]


def test_check_mode_predicts_and_writes_nothing(shop):
    rows = shop.new(1)
    before = shop.ask(PROCESS), shop.ask(LOG)
    for step in ("read", "write", "end"):
        result = shop.run(step, rows, check_mode=True)
        rows = json.loads(json.dumps(result["nodes"]))
        assert result["changed"] and result["diff"]
    assert rows[0]["status"] == "completed" and "predicted" not in rows[0]
    assert (shop.ask(PROCESS), shop.ask(LOG)) == before


def test_a_step_that_is_done_is_not_done_again(shop):
    rows = shop.new(1)
    shop.run("read", rows)
    again = shop.run("read", rows)
    assert not again["changed"] and len(shop.ask(LOG)) == 1


def test_a_step_before_its_time_is_refused(shop):
    result = shop.run("end", shop.new(1))
    assert result["failed"] and "is at read; do that step before end" in result["msg"]


def test_a_resumed_process_reads_again_and_stays_where_it_was(shop):
    rows = shop.new(1)
    shop.run("read", rows)
    resumed = [rows[0] | {"resumed": True}]
    assert not shop.run("read", resumed)["changed"]  # it reads the same
    assert shop.ask("SELECT step FROM processes") == [("write",)]
    shop.outcomes[1] = Failed("gone")
    assert shop.run("read", resumed)["failed"]
    assert shop.ask("SELECT status, step FROM processes") == [("failed", "write")]


def test_a_process_of_another_run_is_left_to_it_and_the_others_go_on(shop):
    rows = shop.new(1, 2)
    shop.take(rows[0])
    result = shop.run("read", rows)
    assert [row["status"] for row in result["nodes"]] == ["failed", "running"]
    assert "is being worked on by another run, of bob, until" in shop.warnings[0]


def test_one_that_another_run_takes_during_the_step_is_left_to_it(shop):
    rows = shop.new(1, 2)

    def taken_meanwhile(task, works):
        shop.take(rows[0])
        return shop._step(task, works)

    steps = (Step("read", taken_meanwhile, repeats=True), *shop.workflow.steps[1:])
    result = shop.run("read", rows, dataclasses.replace(shop.workflow, steps=steps))
    first, second = result["nodes"]
    assert (first["status"], second["status"]) == ("failed", "running") and not {"process_id", "held"} & first.keys()
    assert first["message"] == f"r (1): process {rows[0]['process_id']} was taken over by another run; look at it with process_info"
    ended = shop.run("end", shop.run("write", result["nodes"])["nodes"])
    assert ended["failed"] and "take_over" not in ended["msg"] and "resume" not in ended["msg"]
    assert sorted(shop.ask("SELECT status, run_id FROM processes")) == [("completed", None), ("running", "other")]


def test_one_with_which_another_run_has_gone_on_is_left_to_it(shop):
    """Its subscription has changed as well by then."""
    rows = shop.new(1)

    def gone_on(task, works):
        shop.take(rows[0])
        with task.store.write() as connection:
            connection.exec_driver_sql("UPDATE subscriptions SET version = version + 1, note = 'theirs'")
        return shop._step(task, works)

    steps = (Step("read", gone_on, repeats=True), *shop.workflow.steps[1:])
    result = shop.run("read", rows, dataclasses.replace(shop.workflow, steps=steps))
    assert "was taken over by another run" in result["msg"] and "take_over" not in result["msg"] and not {"process_id", "held"} & result["nodes"][0].keys()


@pytest.mark.parametrize(("left", "renewed"), [(14.9, False), (14, False), (13.4, True), (8, True), (1, True)])
def test_a_step_begins_with_nearly_the_whole_lease(shop, left, renewed):
    rows = shop.new(1)
    shop.take(rows[0], run_id=RUN, until=datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=left))
    before, seen = shop.ask("SELECT lease_until FROM processes"), []

    def looking(task, works):
        with task.store.read() as connection:
            seen.extend(tuple(row) for row in connection.exec_driver_sql("SELECT lease_until FROM processes").fetchall())
        return shop._step(task, works)

    steps = (Step("read", looking, repeats=True), *shop.workflow.steps[1:])
    shop.run("read", rows, dataclasses.replace(shop.workflow, steps=steps))
    assert (seen != before) is renewed


def test_a_process_is_taken_over_from_the_run_that_was_seen_and_from_no_other(shop):
    rows = shop.new(1, 2)
    seen = shop.ask("SELECT run_id FROM processes")[0][0]
    shop.take(rows[1], seen)  # another one was quicker with the second
    result = shop.run("read", [row | {"run_id": "ours", "take_over_from": seen} for row in rows])
    assert [row["status"] for row in result["nodes"]] == ["running", "failed"]
    late = shop.run("write", rows[:1])  # the run that was thought to be gone
    assert late["failed"] and "is being worked on by another run" in late["msg"]
    assert shop.ask("SELECT step FROM processes") == [("write",), ("read",)]


def test_a_process_that_another_run_continued_since_it_was_read_is_left_as_it_is(shop, monkeypatch):
    """Two runs resume it at once, and the other is done with it before this one asks for the lease."""
    [row] = shop.run("read", shop.new(1))["nodes"]
    shop.outcomes = {1: Failed("no luck")}
    shop.run("write", [row])
    shop.outcomes = {1: Suspended("wait", State(shown=1))}
    plain = run_step_module.take

    def late(task, works, **values):
        monkeypatch.setattr(run_step_module, "take", plain)
        shop.run("write", [row | {"run_id": "other"}])
        return plain(task, works, **values)

    monkeypatch.setattr(run_step_module, "take", late)
    before = len(shop.ask(LOG))
    result = shop.run("write", [row | {"run_id": "ours"}])
    assert "was continued by another run meanwhile, and is suspended now; look at it with process_info" in result["msg"]
    assert len(shop.ask(LOG)) == before + 1 and shop.ask("SELECT status, run_id, state FROM processes") == [("suspended", None, '{"shown": 1}')]


def test_within_a_step_only_what_this_run_holds_is_written_and_half_a_lease_is_renewed(shop):
    rows = shop.new(1, 2, 3)
    seen = {}

    def writing(task, works):
        held = still_held(task, {work.subscription.device_id: work for work in works})
        seen["at first"] = held([1, 2, 3])
        shop.take(rows[1])
        seen["one taken"] = held([1, 2, 3])
        with pytest.raises(NetboxError, match=f"has taken process {rows[1]['process_id']} over meanwhile"):
            task.before_write()
        with task.store.write() as connection:
            connection.exec_driver_sql("UPDATE processes SET lease_until = '2026-01-01 00:00:00.000000' WHERE run_id <> 'other'")
        seen["run out"] = held([1, 3])
        return shop._step(task, works)

    steps = (Step("read", writing, repeats=True), *shop.workflow.steps[1:])
    shop.run("read", rows, dataclasses.replace(shop.workflow, steps=steps))
    assert seen == {"at first": {1, 2, 3}, "one taken": {1, 3}, "run out": {1, 3}}
    left = {row[0]: row[1] > "2026-06" for row in shop.ask("SELECT process_id, lease_until FROM processes")}
    assert all(left.values())


def test_after_half_a_lease_those_of_all_works_of_the_step_are_renewed(shop, monkeypatch):
    """They are saved at its end, whenever each of them was written."""
    rows, plain = shop.new(1, 2), lease_module._now

    def writing(task, works):
        held = still_held(task, {work.subscription.device_id: work for work in works})
        for minutes in (7, 8, 14, 16):
            for module in (holding_module, lease_module):
                monkeypatch.setattr(module, "_now", lambda minutes=minutes: plain() + datetime.timedelta(minutes=minutes))
            assert held([1]) == {1}
            ends = {row[0] for row in shop.ask("SELECT lease_until FROM processes")}
            seen.append(len(ends) == 1 and min(ends) > str(plain() + datetime.timedelta(minutes=minutes + 14))[:26])
        return shop._step(task, works)

    seen = []
    steps = (Step("read", writing, repeats=True), *shop.workflow.steps[1:])
    shop.run("read", rows, dataclasses.replace(shop.workflow, steps=steps))
    assert seen == [False, True, False, True]


def test_where_the_store_is_gone_nothing_is_written(shop):
    rows = shop.new(1)

    def writing(task, works):
        shop.path.rename(shop.path.with_suffix(".away"))
        shop.path.mkdir()
        try:
            task.store.engine.dispose()
            with pytest.raises(NetboxError, match="NetBox was not written, since the store did not say whether this run may"):
                still_held(task, {1: works[0]})([1])
        finally:
            shop.path.rmdir()
            shop.path.with_suffix(".away").rename(shop.path)
        return shop._step(task, works)

    steps = (Step("read", writing, repeats=True), *shop.workflow.steps[1:])
    assert shop.run("read", rows, dataclasses.replace(shop.workflow, steps=steps))["nodes"][0]["status"] == "running"


def test_the_log_counts_the_attempts_of_a_step(shop):
    rows = shop.new(1)
    for outcome in (Failed("one"), Failed("two"), "done"):
        shop.outcomes[1] = outcome
        shop.run("read", [rows[0] | {"resumed": True}])
    log = shop.ask("SELECT attempt, status, step_id FROM process_steps ORDER BY process_step_id")
    assert [line[:2] for line in log] == [(1, "failed"), (2, "failed"), (3, "success")]
    assert len({line[2] for line in log}) == 1


def test_a_process_of_an_older_step_list_goes_on_or_is_refused(shop):
    rows = shop.new(1)
    newer = dataclasses.replace(shop.workflow, version=2)
    assert "was started with version 1 of the step list" in shop.run("read", rows, newer)["msg"]
    assert shop.ask("SELECT status, step FROM processes") == [("running", "read")]
    shop.run("write", rows, dataclasses.replace(newer, continues={1: {"read": "write"}}))
    assert shop.ask("SELECT workflow_version, step FROM processes") == [(2, "end")]


def test_a_process_of_a_newer_release_is_refused(shop):
    rows = shop.new(1)
    older = dataclasses.replace(shop.workflow, version=0, continues={1: {"read": "read"}})
    assert "cannot continue it" in shop.run("read", rows, older)["msg"]


@pytest.mark.parametrize("number", [2, IN_A_STATEMENT + 1])
def test_one_that_cannot_be_saved_does_not_keep_the_others_from_it(shop, number):
    """Nor is any of them saved twice, of so many that a step's transaction has several statements."""
    rows = shop.new(*range(1, number + 1))
    real = shop._step

    def meanwhile(task, works):
        with task.store.write() as connection:  # somebody saves the first one while the step is at work
            connection.exec_driver_sql("UPDATE subscriptions SET version = version + 1 WHERE json_extract(block, '$.node.node_id') = 1")
        return real(task, works)

    shop.workflow = Workflow("test", 1, "CREATE", (Step("read", meanwhile), *shop.workflow.steps[1:]), final="write")
    result = shop.run("read", rows)
    assert [row["status"] for row in result["nodes"]] == ["failed"] + ["running"] * (number - 1)
    assert "was changed meanwhile, by another run" in shop.warnings[0]
    query = "SELECT step FROM processes p JOIN subscriptions USING (subscription_id) ORDER BY json_extract(block, '$.node.node_id')"
    assert shop.ask(query) == [("read",)] + [("write",)] * (number - 1)
    assert shop.ask("SELECT COUNT(*), COUNT(DISTINCT process_id), MAX(attempt) FROM process_steps") == [(number - 1, number - 1, 1)]


def test_a_database_is_sent_few_executions_before_its_first_answer_is_read(shop):
    """psycopg sends all that it is given at once; of 500, PostgreSQL and we now and then waited for each other."""
    sent = []

    def note(connection, cursor, statement, parameters, context, executemany):  # pylint: disable=too-many-arguments
        if executemany:
            sent.append((statement.split()[0], len(parameters)))

    _libraries.sa.event.listen(_libraries.sa.Engine, "before_cursor_execute", note)
    try:
        result = shop.run("read", shop.new(*range(1, 122)))
    finally:
        _libraries.sa.event.remove(_libraries.sa.Engine, "before_cursor_execute", note)
    assert [row["status"] for row in result["nodes"]] == ["running"] * 121
    assert [number for verb, number in sent if verb == "UPDATE"] == [50, 50, 21] * 2 and max(number for _verb, number in sent) == 50


def test_rows_of_nobody_are_refused(shop):
    with pytest.raises(NodeflowError, match="takes the nodes that the step before returned"):
        shop.run("read", [{"name": "r"}])


def bad(number, why, **more):
    """A row that failed."""
    return {"device": f"r ({number})", "status": "failed", "message": f"r ({number}){why}"} | more


def test_the_table_has_each_reason_once_with_all_its_nodes_and_hides_none():
    rows = [bad(number, " is bad") for number in range(25)] + [bad(number, f": its own, {number}") for number in range(30, 100)]
    rows.append(bad(100, " is bad"))
    text = table(read_rows(rows, NODE), NODE)
    assert text.startswith("96 nodes: 96 failed\n  failed     26 nodes, each: is bad\n             r (0), r (1), ")
    assert all(f"r ({number})" in text for number in [*range(25), *range(30, 101)])
    assert all(f": its own, {number}" in text for number in range(30, 100))
    assert "more" not in text and max(map(len, text.splitlines())) < 140


def test_the_table_is_short_however_many_there_are():
    rows = [bad(number, " is bad", process_id=f"p{number}") for number in range(5000)] + [bad(6000, " is worse")]
    text = table(read_rows(rows, NODE), NODE)
    assert "5000 nodes, each: is bad" in text and "r (6000) is worse" in text and len(text.splitlines()) < 20 and len(text) < 2500
    assert "and 4900 more; ansible localhost -m nodeflow.orchestrator.process_info -a status=failed lists all" in text


def test_what_is_one_nodes_own_does_not_keep_it_from_the_others_and_the_commands_are_of_all(shop):
    rows = shop.new(1, 2, 3)
    for row in rows:
        key = row["process_id"]
        why = f"r ({row['device_id']}) is gone. If it stays so, end the process with abort -e process_ids={key}"
        shop.outcomes[row["device_id"]] = Failed(why, "is gone", "If it stays so, end the process")
    result = shop.run("read", rows)
    ids = ",".join(row["process_id"] for row in rows)
    assert result["msg"].splitlines() == [
        "3 nodes: 3 failed",
        "  failed     3 nodes, each: is gone",
        "             r (1), r (2), r (3)",
        f"Once the reason is gone, continue with: ansible-playbook nodeflow.orchestrator.resume -e process_ids={ids}",
        f"If it stays so, end the process with: ansible-playbook nodeflow.orchestrator.abort -e process_ids={ids}",
    ]
    assert "process_ids=" + rows[0]["process_id"] in result["nodes"][0]["message"]  # as data, each has its own


def test_while_the_run_goes_on_a_reason_is_said_once(shop):
    rows = shop.new(*range(1, 31))
    shop.outcomes = {number: Failed(f"r ({number}): no luck") for number in range(1, 30)}
    shop.run("read", rows)
    assert len(shop.warnings) == 1 and shop.warnings[0].startswith("29 nodes, each: no luck\n  r (1), r (2)")
    assert "and 19 more; the end of the run names all" in shop.warnings[0]


def test_many_reasons_are_no_long_message_and_none_is_left_out(shop):
    rows = shop.new(*range(1, 401))
    shop.outcomes = {number: Failed(f"r ({number}): no luck, of the kind {number} that is like no other, and takes some words") for number in range(2, 401)}
    result = shop.run("read", rows)
    assert len(shop.warnings) == 21 and shop.warnings[-1] == "379 nodes for 379 more reasons; the end of the run names all"
    shop.outcomes = {1: Failed("r (1): no luck at last")}
    failed = shop.run("write", result["nodes"])
    assert failed["failed"] and len(failed["msg"]) < 9_000 and "which is shown above" in failed["msg"]
    assert all(f"of the kind {number} that" in shop.shown[-1] for number in range(2, 401))


@pytest.mark.parametrize("outcome", ["done", "failed"])
def test_a_node_is_called_as_netbox_calls_it_from_the_moment_it_is_read(shop, outcome):
    rows = shop.new(1)

    def read(task, works):
        work = works[0].called("new (loc2, 1)")
        done = Done(work.subscription, work.state, label=work.label)
        return {work.key: done if outcome == "done" else Failed(f"{work.label} is odd", label=work.label)}

    shop.workflow = Workflow("test", 1, "CREATE", (Step("read", read), *shop.workflow.steps[1:]), final="write")
    result = shop.run("read", rows)
    assert shop.shown == ["r (1) is called new (loc2, 1) in NetBox now"] and result["nodes"][0]["device"] == "new (loc2, 1)"
    if outcome == "done":
        last = shop.run("end", shop.run("write", result["nodes"])["nodes"])
        assert last["nodes"][0]["message"].startswith("new (loc2, 1) is initial") and len(shop.shown) == 2
        assert "new (loc2, 1)" in shop.shown[1]


def test_no_nodes_are_no_failure(shop):
    assert not end_of_step(shop.task([]), [], [], False, [], last=True).get("failed")


def test_every_file_loads_without_the_libraries_and_a_missing_one_is_named():
    """Where pydantic is not installed, a user reads Ansible's sentence about it, and ansible-doc works."""
    plugins = Path(_libraries.__file__).parents[1]
    root = plugins.parents[3]
    modules = [str(file.relative_to(plugins)).removesuffix(".py").replace("/", ".") for file in plugins.rglob("*.py") if file.name != "__init__.py"]
    names = [name for name in modules if name.startswith(("module_utils.", "modules.", "action.", "plugin_utils.", "lookup.", "inventory."))]
    assert len(names) > 40
    code = (
        "import importlib, sys\n"
        f"sys.path.insert(0, {str(root)!r})\n"
        "for name in ('pydantic', 'pydantic_core', 'psycopg', 'pynetbox', 'requests', 'sqlalchemy'): sys.modules[name] = None\n"
        f"for name in {names!r}: importlib.import_module('ansible_collections.nodeflow.orchestrator.plugins.' + name)\n"
        "from ansible_collections.nodeflow.orchestrator.plugins.module_utils._run import call\n"
        "print(call(None, None)['msg'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Failed to import the required Python library (pydantic and pynetbox and SQLAlchemy)" in done.stdout


def test_a_function_that_breaks_is_a_sentence(shop):
    def broken(task):
        raise KeyError("oops")

    result = call(broken, shop.task([]))
    assert result["failed"] and result["msg"].startswith("A defect of nodeflow.orchestrator at test_steps.py:") and "KeyError" in result["msg"]


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_row_that_comes_twice_is_one_process(shop, check_mode):
    first, second = shop.new(1, 2)
    result = shop.run("read", [first, second, first], check_mode=check_mode)
    assert [(row["device_id"], row["status"]) for row in result["nodes"]] == [(1, "running"), (2, "running"), (1, "running")]
    assert len(shop.ask(LOG)) == (0 if check_mode else 2)
    again = shop.run("write", result["nodes"], check_mode=check_mode)
    assert [row["status"] for row in again["nodes"]] == ["running"] * 3, again
    assert len(shop.ask(LOG)) == (0 if check_mode else 4)


def test_rows_of_two_runs_go_on_side_by_side(shop):
    rows = shop.new(1, 2)
    shop.take(rows[1], run_id="another", until=datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=5))
    result = shop.run("read", [rows[0], rows[1] | {"run_id": "another"}])
    assert [row["status"] for row in result["nodes"]] == ["running", "running"], result
    assert sorted(shop.ask("SELECT run_id, step FROM processes")) == [("another", "write"), (RUN, "write")]
    assert sorted(shop.ask("SELECT run_id FROM process_steps")) == [("another",), (RUN,)]


def test_each_row_without_a_process_is_told_of_as_itself(shop):
    [stored] = shop.new(1)
    earlier = {"device_id": 2, "device": "r (2)", "status": "failed", "message": "NetBox has no device r (2)"}
    missing = [{"device_id": number, "device": f"r ({number})", "status": "running", "run_id": RUN} for number in (3, 4)]
    told = shop.run("read", [stored, earlier, *missing])["nodes"]
    assert [row["device"] for row in told] == ["r (1)", "r (2)", "r (3)", "r (4)"]
    assert [row["status"] for row in told] == ["running", "failed", "failed", "failed"]
    assert told[1]["message"] == earlier["message"] and all("do the step store_process_subscription first" in row["message"] for row in told[2:])


def test_one_whose_outcome_means_nothing_fails_alone(shop, monkeypatch):
    def no_such_type(subscription, lifecycle, context=None):
        raise DomainError(f"the product of {subscription.node.node_name} has no type for {lifecycle}")

    monkeypatch.setattr(settle_module, "move_to_lifecycle", no_such_type)
    rows = shop.new(1, 2)
    shop.outcomes[1] = Aborted("taken")
    result = shop.run("read", rows)
    assert [row["status"] for row in result["nodes"]] == ["failed", "running"]
    assert "has no type for terminated" in result["nodes"][0]["message"]
    assert shop.ask("SELECT status, step FROM processes ORDER BY status") == [("failed", "read"), ("running", "write")]


def test_to_look_at_what_waits_does_not_change_since_when_it_waits(shop):
    rows = shop.new(1)
    shop.outcomes[1] = Suspended("wait", State(shown=1))
    shop.run("read", rows)
    since = shop.ask("SELECT updated_at FROM processes")
    looked = shop.run("read", [rows[0] | {"resumed": True}])
    assert looked["nodes"][0]["status"] == "suspended" and not looked["changed"]
    assert shop.ask("SELECT updated_at FROM processes") == since


@pytest.mark.parametrize("insync", [True, False])
def test_an_abort_leaves_the_subscription_as_it_was_before(insync):
    before = NodeInactive(customer_id="c", node=NodeBlockInactive(node_id=7, node_name="r"), insync=insync)
    locked = before.model_copy(update={"insync": False, "version": before.version + 1})
    task = types.SimpleNamespace(params={"reason": None}, check_mode=False, actor="ann", subject=NODE)
    work = types.SimpleNamespace(label="r (loc1, 7)", subscription=locked, state=State(before=before.model_dump(mode="json")))
    assert restored(task, work).subscription == before.model_copy(update={"version": locked.version})
