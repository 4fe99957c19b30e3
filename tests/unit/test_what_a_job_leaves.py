# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run leaves for the next job, and which way on it prints: at a terminal and in a job of AWX, for few and for many."""

from __future__ import annotations

import ast
import json
import re
import shlex

import pytest
from ansible.parsing.splitter import parse_kv

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import NODE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.command import CONFIRMED, TAKEN_OVER, Command, to_abort, to_resume, worded
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.end_of_step import end_of_step, how_to_continue, table
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.rows import Row, read_rows
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._run import call
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task
from filled_store import FilledStore
from playbook_files import ROOT

HASH = "0123456789abcdef" * 4


def row(number, status="suspended", **more):
    """A row of a process that a run left."""
    own = {"device_id": number, "device": f"r ({number})", "status": status, "message": f"r ({number}) waits for it", "reason": "waits for it"}
    return own | {"process_id": f"p{number}", "run_id": "run"} | more


def left(rows, check_mode=False, store=None, **result):
    """What a step with these rows leaves, as Ansible takes it; the task was given the rows, if the step raises."""
    task = Task({"nodes": rows, "store": store}, check_mode, [].append, [].append, lambda question: None, rows_about=NODE)

    def step(task):
        if "error" in result:
            raise NodeflowError(result["error"])
        return {"nodes": [dict(one) for one in rows]} | result

    stats = call(step, task)["ansible_stats"]
    assert (stats["per_host"], stats["aggregate"]) == (False, False)
    return {name.removeprefix("nodeflow_"): value for name, value in stats["data"].items()}


def test_a_result_says_who_waits_and_how_many_stand_how():
    rows = [row(1), row(2, "failed", message="r (2): no\n  luck"), row(3, "completed"), row(4)]
    assert left(rows, msg="all of it", failed=True) == {
        "process_ids": ["p1", "p4"],
        "run_id": None,
        "counts": {"completed": 1, "failed": 1, "suspended": 2},
        "config_hash": None,
        "summary": "4 nodes: 1 completed, 1 failed, 2 suspended\nsuspended: r (1), r (4)\nfailed: r (2): no luck",
    }
    nothing = {"process_ids": [], "run_id": None, "counts": {}, "config_hash": None}
    assert left([]) == nothing | {"summary": "0 nodes"}
    assert left([], error="no node was chosen") == nothing | {"summary": "0 nodes\nfailed: No node was chosen"}


def test_a_task_that_ends_before_its_step_leaves_what_waited_before_it():
    assert left([row(1), row(2, "completed")], error="no such table")["process_ids"] == ["p1"]


def test_check_mode_leaves_no_ids_and_says_so():
    predicted = left([row(1, predicted={}), row(2, "completed")], check_mode=True, config_hash=HASH)
    assert (predicted["process_ids"], predicted["config_hash"], predicted["counts"]) == ([], None, {"completed": 1, "suspended": 1})
    assert predicted["summary"].startswith("check mode, nothing was changed: 2 nodes")


def test_the_hash_of_the_configs_stays_until_the_last_step():
    task = Task({"nodes": []}, False, [].append, [].append, lambda question: None, rows_about=NODE)
    shown = call(lambda task: {"nodes": [row(1), row(2, "running", message="")], "config_hash": HASH}, task)
    assert shown["ansible_stats"]["data"]["nodeflow_config_hash"] == HASH
    later = left([one.as_result(NODE) for one in read_rows(shown["nodes"], NODE)])
    assert later["config_hash"] == HASH and later["summary"].splitlines()[1] == "suspended: r (1), config hash 0123456789ab"


@pytest.mark.parametrize(("count", "by_run"), [(100, False), (101, True), (5000, True)])
def test_many_are_named_by_the_run_that_left_them(count, by_run):
    found = left([row(number) for number in range(count)])
    assert (found["process_ids"] is None, found["run_id"]) == (by_run, "run" if by_run else None)
    assert len(json.dumps(found)) < 3000 and len(found["summary"].splitlines()) == 2


def test_many_that_were_resumed_are_named_by_the_run_that_was_the_last_to_do_something(tmp_path):
    store = FilledStore(tmp_path / "store.db", 150, lambda number: "suspended")
    with_ids = store.rows("SELECT process_id FROM processes")
    rows = [row(number, process_id=one["process_id"], resumed=True) for number, one in enumerate(with_ids)]
    store.change("UPDATE process_steps SET run_id = 'earlier'")
    found = left(rows, store=store.location)
    assert (found["process_ids"], found["run_id"]) == (None, "earlier")
    store.change(f"UPDATE process_steps SET run_id = 'another' WHERE process_id = '{rows[0]['process_id']}'")
    found = left(rows, store=store.location)
    assert len(found["process_ids"]) == 150 and found["run_id"] is None


def test_fail_on_suspended_fails_the_last_step_and_no_other():
    task = Task({"fail_on_suspended": True}, False, [].append, [].append, lambda question: None, rows_about=NODE)
    rows = read_rows([row(1), row(2, "completed")], NODE)
    assert not end_of_step(task, rows, rows, False, []).get("failed")
    for some in (rows, rows[:1]):
        ended = end_of_step(task, some, some, False, [], last=True)
        assert ended["failed"] and "r (1) waits for it" in ended["msg"] and "resume -e process_ids=p1 -e confirm_config=true" in ended["msg"], ended["msg"]
        assert ended["msg"].endswith("since fail_on_suspended is true.")
    assert not end_of_step(task, rows[1:], rows[1:], False, [], last=True).get("failed")


def test_a_step_compares_each_of_many_that_wait_with_itself_alone(monkeypatch):
    task = Task({}, False, [].append, (shown := []).append, lambda question: None, rows_about=NODE)
    before, after = (read_rows([row(number, process_id=f"p{number}", **new) for number in range(300)], NODE) for new in ({}, {"resumed": True}))
    compared = []
    equal = Row.__eq__
    monkeypatch.setattr(Row, "__eq__", lambda one, other: compared.append(one) or equal(one, other))
    end_of_step(task, before, before[:299] + after[299:], False, [])
    assert len(compared) <= 300 and shown[0] == "r (299) waits for it" and len(shown) == 2


COMMANDS = [
    (to_resume(["a", "b"]).having(**CONFIRMED), "nodeflow.orchestrator.resume", {"process_ids": "a,b", "confirm_config": "true"}),
    (to_abort(["a"], "acme.circuits"), "acme.circuits.abort", {"process_ids": "a"}),
    (to_resume().having(run_id="r", **TAKEN_OVER), "nodeflow.orchestrator.resume", {"run_id": "r", "take_over": "true"}),
    (Command("reconcile_nodes"), "nodeflow.orchestrator.reconcile_nodes", {}),
]


@pytest.mark.parametrize(("command", "name", "variables"), COMMANDS)
def test_a_command_is_one_line_for_a_shell_and_names_the_job_template_in_a_job_of_awx(command, name, variables, monkeypatch):
    program, playbook, *extra = shlex.split(str(command))
    assert (program, playbook, extra[::2]) == ("ansible-playbook", name, ["-e"] * len(variables))
    assert {key: value for one in extra[1::2] for key, value in parse_kv(one).items()} == variables
    monkeypatch.setenv("AWX_ISOLATED_DATA_DIR", "/runner/artifacts/1")  # ansible-runner, which is not AWX
    monkeypatch.setenv("JOB_ID", "7")
    assert str(command).startswith("ansible-playbook ")
    monkeypatch.setenv("AWX_HOST", "https://towerhost")
    said = ", ".join(f"{key}={value}" for key, value in variables.items())
    assert str(command) == f"the job template {name}" + (f" with {said}" if said else "")


@pytest.mark.parametrize(
    ("status", "more", "expected"),
    [
        ("suspended", {}, "-e run_id=run -e status=suspended -e confirm_config=true"),
        ("failed", {}, "-e run_id=run -e status=failed"),
        ("suspended", {"resumed": True}, "-e status=suspended -e confirm_config=true, which takes all that stand so, of other runs as well"),
    ],
)
def test_many_are_continued_by_their_run_where_it_is_the_one_that_left_them(status, more, expected):
    rows = read_rows([row(number, status, **more) for number in range(11)], NODE)
    assert how_to_continue(rows, NODE).splitlines()[1].endswith(f"nodeflow.orchestrator.resume {expected}")
    assert "process_ids=p0,p1" in how_to_continue(rows[:10], NODE)


def test_a_job_of_awx_prints_no_command_line(monkeypatch):
    monkeypatch.setenv("JOB_ID", "7")
    monkeypatch.setenv("AWX_HOST", "https://towerhost")
    rows = read_rows([row(number, status) for status in ("failed", "suspended") for number in range(200)], NODE)
    text = table(rows, NODE)
    assert "with: the job template nodeflow.orchestrator.resume with run_id=run, status=suspended, confirm_config=true" in text
    assert "-e " not in text and "ansible-playbook" not in text and "ansible localhost" not in text


def test_a_job_of_awx_is_told_of_variables_without_the_option_of_a_command_line(monkeypatch):
    said = "say which, with -e process_ids=ID, or (e.g. -e nodes=r1)"
    assert worded(said) == said
    monkeypatch.setenv("JOB_ID", "7")
    monkeypatch.setenv("AWX_HOST", "https://towerhost")
    assert worded(said) == "say which, with process_ids=ID, or (e.g. nodes=r1)"


def test_no_text_says_an_option_of_a_command_line_without_being_worded():
    """Each text of ours with one is an argument of worded, by itself or by its name, or in the file where command lines are made."""
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT / "plugins" / "module_utils").rglob("*.py") if path.name != "command.py"}
    told, passed = set(), set()
    for path, tree in trees.items():
        named = {target.id: node.value for node in tree.body if isinstance(node, ast.Assign) for target in node.targets if isinstance(target, ast.Name)}
        given = [node.args[0] for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "worded"]
        told |= {(path.name, text) for text in _with_an_option(tree)}
        passed |= {(path.name, text) for one in given for text in _with_an_option(named.get(ast.unparse(one), one))}
    assert passed and told - passed == set()


def _with_an_option(tree):
    """The texts in it that say an option of a command line."""
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return [text for text in texts if re.search(r"(^|\s)-e (?!\[)", text)]
