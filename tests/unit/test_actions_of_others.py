# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Another collection's module with an action plugin made of ours: for whoever brings a product of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

MODULE = """
import sys
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._argspec import options
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._run import run_module

OPTIONS = options({"circuit": {"type": "str", "required": True}, "key": {"type": "str", "no_log": True}}) | {"supports_check_mode": SUPPORTED}


def execute(task):
    task.show(f"this is {task.params['circuit']}, opened with {task.params['key']}")
    here = {"own_process": "ansible.plugins.loader" not in sys.modules, "imported": "sqlalchemy.dialects.sqlite" in sys.modules}
    return {"changed": True, "check_mode": task.check_mode, **here}


def main():
    run_module(OPTIONS, execute)


if __name__ == "__main__":
    main()
"""

ACTION = """
from ansible_collections.acme.circuits.plugins.modules import NAME
from ansible_collections.nodeflow.orchestrator.plugins.plugin_utils.action import InProcessAction


class ActionModule(InProcessAction):
    module = NAME
"""

SUDO = """#!/bin/sh
while [ "$1" != -u ]; do shift; done
shift 2
exec "$@"
"""


HOST = {"name": "other", "ansible_connection": "ansible.builtin.ssh", "ansible_ssh_executable": "/bin/false", "ansible_host": "127.0.0.1"}
GOOD = {"circuit": "c-7", "key": "s3cr3t-key"}
WRONG = {"circuit": "c-7", "speed": 10}
TASKS = {
    "in-process": {"acme.circuits.circuit_form": GOOD},
    "environment": {"acme.circuits.circuit_form": GOOD, "environment": {"A": "b"}},
    "async": {"acme.circuits.circuit_form": GOOD, "async": 60, "poll": 1},
    "become": {"acme.circuits.circuit_form": GOOD, "become": True},
    "wrong": {"acme.circuits.circuit_form": WRONG, "ignore_errors": True},
    "wrong, ordinary": {"acme.circuits.circuit_form": WRONG, "ignore_errors": True, "environment": {"A": "b"}},
    "in check mode": {"acme.circuits.circuit_form": GOOD, "check_mode": True},
    "cannot predict": {"acme.circuits.circuit_write": GOOD, "check_mode": True},
    "elsewhere": {"acme.circuits.circuit_form": GOOD, "delegate_to": "other"},
}


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """The result of each task by its name, and the output of the play."""
    place = tmp_path_factory.mktemp("others")
    plugins = place / "ansible_collections" / "acme" / "circuits" / "plugins"
    for name, supported in (("circuit_form", "True"), ("circuit_write", "False")):
        for folder, text in (("modules", MODULE), ("action", ACTION)):
            (plugins / folder).mkdir(parents=True, exist_ok=True)
            (plugins / folder / f"{name}.py").write_text(text.replace("NAME", name).replace("SUPPORTED", supported), encoding="utf-8")
    (place / "sudo").write_text(SUDO, encoding="utf-8")
    (place / "sudo").chmod(0o755)
    tasks = [{"ansible.builtin.add_host": HOST}, *({"name": name} | task for name, task in TASKS.items())]
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks, "vars": {"ansible_python_interpreter": sys.executable}}
    (place / "play.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
    environment = os.environ | {
        "ANSIBLE_COLLECTIONS_PATH": f"{place}:{os.environ['ANSIBLE_COLLECTIONS_PATH']}",
        "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parents[1] / "support" / "callback_plugins"),
        "ANSIBLE_CALLBACKS_ENABLED": "record",
        "NODEFLOW_TEST_RESULTS": str(place / "results.jsonl"),
        "ANSIBLE_BECOME_EXE": str(place / "sudo"),
        "ANSIBLE_ASYNC_DIR": str(place / "async"),
    }
    command = ["ansible-playbook", str(place / "play.yml")]
    done = subprocess.run(command, env=environment, cwd=place, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    lines = (place / "results.jsonl").read_text(encoding="utf-8")
    assert GOOD["key"] not in done.stdout + done.stderr + lines
    return {entry["task"]: entry for entry in map(json.loads, lines.splitlines())}, done.stdout + done.stderr


def test_it_runs_inside_ansible_playbook(played):
    results, output = played
    assert results["in-process"]["status"] == "ok", output
    assert results["in-process"]["result"]["own_process"] is False
    assert "this is c-7, opened with ****" in output.partition("TASK [environment]")[0]


def test_what_opens_a_store_was_imported_before_the_worker_began(played):
    results, _output = played
    assert results["in-process"]["result"]["imported"] is True


@pytest.mark.parametrize("name", ["environment", "async", "become"])
def test_it_is_an_ordinary_module_where_the_task_asks_for_another_process(played, name):
    results, output = played
    assert results[name]["status"] == "ok", output
    assert results[name]["result"]["own_process"] is True


def test_for_another_host_it_goes_there(played):
    assert "UNREACHABLE" in played[1].partition("TASK [elsewhere]")[2]


@pytest.mark.parametrize("name", ["wrong", "wrong, ordinary"])
def test_a_wrong_argument_is_an_error_of_that_module(played, name):
    entry = played[0][name]
    assert entry["status"] == "failed"
    assert entry["result"]["msg"].startswith("Unsupported parameters for (acme.circuits.circuit_form) module: speed.")


def test_in_check_mode_a_module_that_cannot_predict_is_skipped(played):
    results, output = played
    assert results["in check mode"]["result"]["check_mode"] is True
    assert "skipping: [localhost]" in output.partition("TASK [cannot predict]")[2].partition("TASK [")[0]
