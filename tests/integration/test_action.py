# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What lies between Ansible and a step: how rows reach it, what ends it before it began, and who gets to see what it says."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import time
import uuid

import pexpect
import pytest
import yaml

from in_process import InProcess, call_module
from netbox_proxy import NetboxProxy

OURS = "nodeflow.orchestrator."

LEFT = "Set the stats for the next job after a failure"

SECRET = "community s3cr3t-of-the-template"


def step(module: str, nodes: object, register: str = "last", options: dict | None = None, **keywords: object) -> dict:
    """A task that does one step."""
    return {"name": module, OURS + module: {"nodes": nodes} | (options or {}), "register": register} | keywords


def claimed(*devices: int) -> list[dict]:
    """The tasks up to the claim."""
    return [step("initial_input_form", list(devices)), step("construct_node_model", "{{ last.nodes }}"), step("store_process_subscription", "{{ last.nodes }}")]


def run(play, tasks: list[dict], *arguments: str, **variables: object):
    """Run these tasks."""
    return play.tasks(yaml.safe_dump(tasks, sort_keys=False), *arguments, **variables)


def standing(play) -> list[tuple]:
    """How the processes stand in the store."""
    return [(row["status"], row["run_id"], row["lease_until"]) for row in play.rows("SELECT status, run_id, lease_until FROM processes")]


FREE = ("failed", None, None)


def resumes(play, netbox, *devices: int) -> None:
    """What failed can be resumed at once, to its end."""
    failed = [row["process_id"] for row in play.rows("SELECT process_id FROM processes WHERE status = 'failed'")]
    done = InProcess(play.lab, play.store).resume(*failed, confirm_config=True, netbox_moved=True)
    assert failed and done.returncode == 0, done.output
    assert {netbox.status(device) for device in devices} == {"active"}


EXPRESSIONS = [
    "{{ last.nodes | selectattr('status', 'eq', 'running') }}",
    "{{ last.nodes | selectattr('status', 'eq', 'running') | list }}",
    "{{ last.nodes | map('combine', {'extra': 'x'}) }}",
    "{{ last.nodes + [] }}",
    "{{ (last | default({})).nodes | default([]) }}",
    "{{ rows }}",
    "{{ facts }}",
    "{{ hostvars['localhost'].last.nodes }}",
    "{{ last['nodes'][:1] + last['nodes'][1:] }}",
    "{{ [last.nodes[0], last.nodes[1]] }}",
    ["{{ last.nodes[0] }}", "{{ last.nodes[1] }}"],
]


@pytest.mark.parametrize("keywords", [{}, {"environment": {"A": "b"}}, {"async": 60, "poll": 1}], ids=["in-process", "environment", "async"])
def test_any_expression_that_yields_rows_will_do(play, netbox, keywords):
    devices = [netbox.make(), netbox.make()]
    tasks = [step("initial_input_form", devices)]
    for place, module in enumerate(("construct_node_model", "store_process_subscription", "fetch_ip_address_information")):
        for number, expression in enumerate(EXPRESSIONS if not keywords else EXPRESSIONS[place : place + 1]):
            tasks.append({"ansible.builtin.set_fact": {"facts": "{{ last.nodes }}"}})
            tasks.append(step(module, expression, vars={"rows": "{{ last.nodes | list }}"}, **keywords) | {"name": f"{module} {number}"})
    tasks.append({"name": "loop", OURS + "set_status": {"nodes": ["{{ item }}"], "lifecycle": "provisioning"}, "loop": "{{ last.nodes }}"})
    done = run(play, tasks)
    assert done.returncode == 0, done.output
    assert "queue send failure" not in done.output
    assert [row["status"] for row in done.nodes] == ["running", "running"]
    assert {row["step"] for row in play.rows("SELECT step FROM processes")} == {"provide_config_to_user"}


@pytest.mark.parametrize("check_mode", [False, True], ids=["run", "check"])
def test_rows_that_come_twice_are_one(enrol, netbox, check_mode):
    """In each step of a workflow that begins on a subscription, and of one that makes it."""
    enrolled, planned = netbox.make(), netbox.make()
    assert enrol.create(nodes=[enrolled], confirm_config=True).returncode == 0
    lists = {
        ("initial_input_form", planned): ("construct_node_model", "store_process_subscription", "fetch_ip_address_information"),
        ("subscription_form", enrolled): ("store_process_subscription", "fetch_ip_address_information", "modify_subscription", "update_node_in_netbox", "done"),
    }
    for (form, device), steps in lists.items():
        more = {"workflow": "modify_node", "note": "twice"} if device == enrolled else {}
        result = call_module(form, enrol.settings | {"nodes": [device]} | more, check_mode)
        for module in steps:
            result = call_module(module, enrol.settings | {"nodes": result["nodes"][:1] * 2}, check_mode)
            assert not result.get("failed") and len(result["nodes"]) == 2 and result["nodes"][0] == result["nodes"][1], (module, result)
    begun = [] if check_mode else [{"workflow": "modify_node", "status": "completed"}, {"workflow": "create_node", "status": "running"}]
    found = enrol.rows("SELECT workflow, status FROM processes")
    assert sorted(map(str, found)) == sorted(map(str, [{"workflow": "create_node", "status": "completed"}, *begun]))


def test_a_name_that_looks_like_a_template_stays_text(play, netbox):
    device = netbox.make(name="{{ lookup('pipe', 'touch evaluated') }} " + uuid.uuid4().hex[:6])
    done = run(play, [*claimed(device), step("fetch_ip_address_information", "{{ last.nodes | selectattr('status', 'eq', 'running') }}")])
    assert done.returncode == 0, done.output
    assert done.nodes[0]["device"].startswith("{{ lookup(")
    assert not (play.directory / "evaluated").exists()


BAD = [
    {"confirm_config": "maybe"},
    {"provide_config_confirm": "maybe"},
    {"node_config_source": "nowhere"},
    {"provide_config_source": "nowhere"},
    {"node_config_dir": "a-file/configs"},
    {"node_config_dir": "a-file"},
    {"node_config_dir": "$NO_SUCH_VARIABLE/configs"},
    {"provide_config_dir": "a-file"},
    {"node_config_templates": ["no-such-directory"]},
    {"provide_config_templates": ["no-such-directory"]},
]


@pytest.mark.parametrize("bad", [*BAD, {"customer_id": "x" * 201}, {"claim": "both"}, {"required_families": ["ipv5"]}], ids=str)
def test_an_option_of_a_later_step_is_checked_in_the_first_task(play, netbox, bad):
    (play.directory / "a-file").touch()
    device = netbox.make()
    done = play.create(nodes=device, **bad)
    assert done.returncode == 2, done.output
    assert list(done.results) == ["initial_input_form", LEFT] and done.results["initial_input_form"]["failed"]
    assert not play.store.exists()
    assert netbox.status(device) == "planned"


@pytest.mark.parametrize("bad", [BAD[0], BAD[4], {"node_config_templates": ["no-such-directory"]}], ids=str)
def test_so_it_is_in_the_other_workflows_with_a_config(play, netbox, bad):
    (play.directory / "a-file").touch()
    device = netbox.make()
    waiting = InProcess(play.lab, play.store).create(nodes=device)
    assert waiting.returncode == 0 and waiting.nodes[0]["status"] == "suspended", waiting.output
    resumed = play("nodeflow.orchestrator.resume", status="suspended", **bad)
    assert resumed.returncode == 2 and resumed.results["initial_input_form"]["failed"], resumed.output
    assert [row["status"] for row in play.rows("SELECT status FROM processes")] == ["suspended"]
    terminated = play("nodeflow.orchestrator.terminate_node", all_enrolled=True, **bad)
    assert terminated.returncode == 2 and terminated.results["initial_input_form"]["failed"], terminated.output
    assert len(play.rows("SELECT status FROM processes")) == 1


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        ({"provide_config_confirm": "maybe"}, "maybe"),
        ({"provide_config_source": "nowhere"}, "nowhere"),
        ({"provide_config_templates": 7}, "The template directory 7 does not exist"),
    ],
    ids=str,
)
def test_the_role_in_a_playbook_of_ones_own_releases_too(play, netbox, bad, sentence):
    device = netbox.make()
    role = {"ansible.builtin.import_role": {"name": "nodeflow.orchestrator.provide_config"}, "vars": {"provide_config_nodes": "{{ last.nodes }}"} | bad}
    tasks = [*claimed(device), step("fetch_ip_address_information", "{{ last.nodes }}")]
    done = run(play, [*tasks, step("set_status", "{{ last.nodes }}", options={"lifecycle": "provisioning"}), role])
    assert done.returncode == 2 and sentence in done.output, done.output
    assert standing(play) == [FREE]
    resumes(play, netbox, device)


BEFORE_THE_STEP = {
    "argument": ({"options": {"lifecycle": "nowhere"}}, "value of lifecycle must be one of"),
    "unsupported": ({"options": {"lifecycle": "provisioning", "nosuch": 1}}, "Unsupported parameters"),
    "missing": ({"options": {}}, "missing required arguments: lifecycle"),
    "argument of the ordinary module": ({"options": {"lifecycle": "nowhere"}, "environment": {"A": "b"}}, "value of lifecycle must be one of"),
    "setting": ({"options": {"lifecycle": "provisioning", "netbox_retries": -1}}, "netbox_retries must be 0 or more"),
    "undefined": ({"options": {"lifecycle": "{{ nosuch.lifecycle }}"}}, "'nosuch' is undefined"),
    "interpreter": ({"options": {"lifecycle": "provisioning"}, "environment": {"A": "b"}, "vars": {"ansible_python_interpreter": "/no/python"}}, "/no/python"),
    "library": ({"options": {"lifecycle": "provisioning"}, "environment": {"PYTHONPATH": "{{ playbook_dir }}/broken"}}, "SQLAlchemy"),
    "host": ({"options": {"lifecycle": "provisioning"}, "delegate_to": "other"}, "UNREACHABLE"),
}


@pytest.mark.parametrize("case", BEFORE_THE_STEP)
def test_what_ends_a_task_before_its_step_leaves_no_process_held(play, netbox, case):
    keywords, sentence = BEFORE_THE_STEP[case]
    (play.directory / "broken").mkdir()
    (play.directory / "broken" / "sqlalchemy.py").write_text("raise ImportError('not here')\n", encoding="utf-8")
    where = {"name": "other", "ansible_connection": "ansible.builtin.ssh", "ansible_ssh_executable": "/bin/false", "ansible_host": "127.0.0.1"}
    device = netbox.make()
    tasks = [{"ansible.builtin.add_host": where}, *claimed(device), step("fetch_ip_address_information", "{{ last.nodes }}")]
    done = run(play, [*tasks, step("set_status", "{{ last.nodes }}", **keywords)])
    assert done.returncode in (2, 4), done.output
    assert sentence in done.output
    assert "Traceback" not in done.output
    process = play.rows("SELECT process_id, error FROM processes")[0]
    assert standing(play) == [FREE], done.output
    assert process["error"]
    assert "nodeflow.orchestrator.resume -e process_ids=" + process["process_id"] in done.output
    assert play.rows("SELECT status, error FROM process_steps ORDER BY process_step_id DESC LIMIT 1") == [{"status": "failed", "error": process["error"]}]
    resumes(play, netbox, device)


def test_in_check_mode_nothing_is_released(play, netbox):
    device = netbox.make()
    done = run(play, [*claimed(device), step("fetch_ip_address_information", "{{ last.nodes }}", options={"nosuch": 1}, check_mode=True)])
    assert done.returncode == 2
    assert [row[0] for row in standing(play)] == ["running"]


def test_only_rows_of_the_task_and_of_this_run_are_released(play, netbox):
    first, second = netbox.make(), netbox.make()
    done = run(play, [*claimed(first, second), step("fetch_ip_address_information", "{{ last.nodes[:1] }}", options={"nosuch": 1})])
    assert done.returncode == 2
    assert sorted(row[0] for row in standing(play)) == ["failed", "running"]
    rows = json.loads(json.dumps([row | {"status": "running", "run_id": "another"} for row in done.nodes]))
    run(play, [step("fetch_ip_address_information", rows, options={"nosuch": 1})])
    assert sorted(row[0] for row in standing(play)) == ["failed", "running"]


def test_a_store_that_cannot_be_told_is_said(play, netbox):
    device = netbox.make()
    other = play.directory / "no-store-here.db"
    done = run(play, [*claimed(device), step("fetch_ip_address_information", "{{ last.nodes }}", options={"nosuch": 1, "store": str(other)})])
    assert done.returncode == 2
    assert "continue what could not be released with: ansible-playbook nodeflow.orchestrator.resume" in done.message
    assert "take_over=true" in done.message
    assert not other.exists()


def test_a_defect_releases_too(play, netbox, lab):
    device = netbox.make()
    done = run(play, claimed(device))
    settings = {"netbox_url": lab["url"], "netbox_token": lab["tokens"]["operator"], "store": play.store.location}
    module = importlib.import_module("ansible_collections.nodeflow.orchestrator.plugins.modules.fetch_ip_address_information")

    def broken(task):
        raise RuntimeError("boom")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "execute", broken)
        failed = call_module("fetch_ip_address_information", settings | {"nodes": done.nodes})
    assert failed["failed"] and "a defect of nodeflow.orchestrator" in failed["msg"].lower() and "resume" in failed["msg"]
    assert standing(play) == [FREE]


class Slow:
    """NetBox behind a proxy that takes its time."""

    def __init__(self, url: str, seconds: float) -> None:
        self.seconds, self.asked, self.answered = seconds, 0, 0
        self.proxy = NetboxProxy(url, self.fault)

    def fault(self, method, path, forward):
        """Wait, then pass it on."""
        self.asked += 1
        time.sleep(self.seconds)
        self.answered += 1
        return forward()


@pytest.mark.parametrize(
    ("keywords", "sentence"),
    [({"timeout": 3}, "Timed out after"), ({"async": 8, "poll": 1}, "time limit"), ({"timeout": 8, "environment": {"A": "b"}}, "imed out after")],
    ids=["timeout", "async", "timeout of the ordinary module"],
)
def test_a_task_that_takes_too_long(play, netbox, lab, keywords, sentence):
    device = netbox.make()
    slow = Slow(lab["url"], 20)
    with slow.proxy as proxy:
        url = {"netbox_url": proxy.url, "netbox_moved": True}
        done = run(play, [*claimed(device), step("fetch_ip_address_information", "{{ last.nodes }}", options=url, **keywords)])
        assert done.returncode == 2 and sentence in done.output, done.output
        until(lambda: standing(play) == [FREE])
    play.environment["NODEFLOW_NETBOX_MOVED"] = "true"
    resumes(play, netbox, device)


def until(true, seconds: float = 30) -> None:
    """Wait until something is true."""
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.2)
    assert true()


@pytest.mark.parametrize("keywords", [{}, {"environment": {"A": "b"}}], ids=["in-process", "ordinary"])
@pytest.mark.parametrize(
    ("number", "names"),
    [
        # ansible-playbook ends its workers with SIGTERM soon after it passed SIGINT on. A worker to which both have come by then passes SIGTERM on first, since
        # its handler of SIGINT begins with signal.signal(), in which Python calls the handlers of other signals that wait.
        (signal.SIGINT, ("SIGINT", "SIGTERM")),
        (signal.SIGTERM, ("SIGTERM",)),
    ],
    ids=["SIGINT", "SIGTERM"],
)
def test_an_interrupt_in_the_middle_of_a_step(play, netbox, lab, number, names, keywords):
    device = netbox.make()
    slow = Slow(lab["url"], 15)
    with slow.proxy as proxy:
        url = {"netbox_url": proxy.url, "netbox_moved": True}
        path = play.directory / "interrupted.yml"
        tasks = [*claimed(device), step("fetch_ip_address_information", "{{ last.nodes }}", options=url, **keywords)]
        path.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}], sort_keys=False), encoding="utf-8")
        process = play.start(str(path))
        until(lambda: slow.asked > 0, 90)
        os.killpg(process.pid, number)
        done = play.finish(process)
        until(lambda: standing(play) == [FREE])
        assert not slow.answered
    assert done.returncode != 0
    assert any(name in play.rows("SELECT error FROM processes")[0]["error"] for name in names)
    play.environment["NODEFLOW_NETBOX_MOVED"] = "true"
    resumes(play, netbox, device)


def test_a_run_that_was_killed_while_its_step_ends_well(play, netbox, lab):
    """The worker outlives ansible-playbook, and knows that nobody will go on."""
    device = netbox.make()
    slow = Slow(lab["url"], 2)
    with slow.proxy as proxy:
        url = {"netbox_url": proxy.url, "netbox_moved": True}
        path = play.directory / "killed.yml"
        tasks = [*claimed(device), step("fetch_ip_address_information", "{{ last.nodes }}", options=url)]
        path.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}], sort_keys=False), encoding="utf-8")
        process = play.start(str(path))
        until(lambda: slow.asked > 0, 90)
        process.kill()
        play.finish(process)
        until(lambda: standing(play) == [FREE])
    assert play.rows("SELECT step FROM processes") == [{"step": "set_status"}]


def templates(play) -> str:
    """A directory with a template that has a secret in it."""
    directory = play.directory / "secret-templates"
    directory.mkdir(exist_ok=True)
    (directory / "default.j2").write_text("hostname {{ node.hostname }}\n" + SECRET + "\n", encoding="utf-8")
    (directory / "cisco_ios.j2").write_text("hostname {{ node.hostname }}\n" + SECRET + "\n", encoding="utf-8")
    return str(directory)


@pytest.mark.parametrize("keywords", [{}, {"environment": {"A": "b"}}], ids=["in-process", "ordinary"])
@pytest.mark.parametrize("how", ["environment", "play"])
def test_no_log_hides_what_a_task_shows(play, netbox, how, keywords):
    device = netbox.make()
    log = play.directory / "ansible.log"
    play.environment |= {"ANSIBLE_LOG_PATH": str(log)} | ({"ANSIBLE_NO_LOG": "true"} if how == "environment" else {})
    config = {"process_id": "{{ last.nodes[0].process_id }}", "config": SECRET}
    tasks = [
        *claimed(device),
        step("fetch_ip_address_information", "{{ last.nodes }}"),
        step("set_status", "{{ last.nodes }}", options={"lifecycle": "provisioning"}),
        step("provide_config_to_user", "{{ last.nodes }}", options={"configs": [config], "confirm": True}, **keywords),
        {"name": "look", "ansible.builtin.assert": {"that": "SECRET in last.texts | join", "quiet": True}, "vars": {"SECRET": SECRET}, "no_log": True},
        step("set_node_to_active", "{{ last.nodes }}"),
        step("update_node_in_netbox", "{{ last.nodes }}"),
        step("done", "{{ last.nodes }}"),
    ]
    path = play.directory / "hidden.yml"
    plays = [{"hosts": "localhost", "gather_facts": False, "tasks": tasks} | ({"no_log": True} if how == "play" else {})]
    path.write_text(yaml.safe_dump(plays, sort_keys=False), encoding="utf-8")
    done = play(str(path), "--diff")
    assert done.returncode == 0, done.output
    for text in (done.output, log.read_text(encoding="utf-8"), json.dumps(done.results)):
        assert SECRET not in text
        assert "loc1" not in text and netbox.device(device)["name"] not in text


def test_a_secret_is_in_no_warning(play, netbox, lab):
    """A node may be called by what was pasted into the wrong field. The player looks for the token in all that was said."""
    done = play.create("--check", nodes=[lab["tokens"]["operator"], netbox.make()])
    assert done.returncode == 2 and "1 failed" in done.message, done.output
    assert "NetBox has no device" in done.output


def test_no_log_hides_warnings(play, netbox):
    """Why a task failed is Ansible's to show or to hide, and it shows it."""
    good, bad = netbox.make(), netbox.make(ipv4=None)
    play.environment["ANSIBLE_NO_LOG"] = "true"
    done = play.create(nodes=[good, bad], confirm_config=True, node_config_templates=templates(play))
    assert done.returncode == 2
    assert netbox.status(good) == "active"
    assert SECRET not in done.output
    assert done.output.count("lacks") == 1, done.output


def test_a_prompt_under_no_log_shows_no_config(play, netbox):
    device = netbox.make()
    environment = play.full_environment(play.directory / "interactive.jsonl") | {"ANSIBLE_NO_LOG": "true"}
    variables = json.dumps({"nodes": device, "node_config_templates": templates(play)})
    child = pexpect.spawn("ansible-playbook", ["nodeflow.orchestrator.create_node", "-e", variables], env=environment, encoding="utf-8", timeout=120)
    child.expect("no_log hides what this task shows")
    assert SECRET not in child.before
    child.expect("Type yes to confirm")
    child.sendline("yes")
    child.expect(pexpect.EOF)
    assert SECRET not in child.before
    child.close()
    assert child.exitstatus == 0
    assert netbox.status(device) == "active"


def document(play, playbook: str, *arguments: str, callback: str = "one_json", **variables: object) -> tuple[int, list[dict]]:
    """Run a playbook with a callback that prints one JSON document, and read the whole of stdout as that."""
    environment = play.full_environment(play.directory / "unused.jsonl") | {"ANSIBLE_STDOUT_CALLBACK": callback}
    command = ["ansible-playbook", playbook, "-e", json.dumps(variables), *arguments]
    done = subprocess.run(command, env=environment, cwd=play.directory, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return done.returncode, json.loads(done.stdout)


def texts(lines: list[dict]) -> str:
    """All texts of all tasks."""
    return "\n".join(text for line in lines for text in line["result"].get("texts", []))


def test_with_a_callback_for_programs_the_texts_are_in_the_results(play, netbox):
    one, two, three = netbox.make(), netbox.make(), netbox.make(ipv4=None)
    code, lines = document(play, "nodeflow.orchestrator.create_node", nodes=one)
    assert code == 0 and "--- config of" in texts(lines) and "nodeflow.orchestrator.resume" in texts(lines)
    code, lines = document(play, "nodeflow.orchestrator.resume", status="suspended", confirm_config=True)
    assert code == 0 and "is active" in texts(lines)
    code, lines = document(play, "nodeflow.orchestrator.create_node", "--check", "--diff", nodes=two)
    assert code == 0 and "would be active" in texts(lines)
    code, lines = document(play, "nodeflow.orchestrator.create_node", nodes=[two, three], confirm_config=True)
    assert code == 2 and lines[-2]["result"]["msg"] and lines[-1]["task"] == LEFT
    code, lines = document(play, "nodeflow.orchestrator.validate_node", fail_on_findings=False)
    assert code == 0 and texts(lines)
    code, lines = document(play, "nodeflow.orchestrator.report")
    assert code == 0
    code, lines = document(play, "nodeflow.orchestrator.create_node", confirm_config="maybe", nodes=one)
    assert code == 2


def test_with_a_callback_for_programs_nobody_is_asked(play, netbox):
    netbox.make()
    environment = play.full_environment(play.directory / "unused.jsonl") | {"ANSIBLE_STDOUT_CALLBACK": "one_json"}
    output, status = pexpect.run("ansible-playbook nodeflow.orchestrator.create_node", env=environment, encoding="utf-8", timeout=90, withexitstatus=True)
    assert status == 2 and "Choose with nodes" in output, output
    assert "Which are to be enrolled" not in output


def test_the_ordinary_way_keeps_to_the_callback_too(play, netbox):
    device = netbox.make()
    path = play.directory / "ordinary.yml"
    tasks = [*claimed(device), step("fetch_ip_address_information", "{{ last.nodes }}", environment={"A": "b"})]
    path.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}], sort_keys=False), encoding="utf-8")
    code, lines = document(play, str(path))
    assert code == 0 and [line["task"] for line in lines] == [task["name"] for task in tasks], lines


def test_oneline_stays_one_line_a_result(play, netbox):
    environment = play.full_environment(play.directory / "unused.jsonl") | {"ANSIBLE_STDOUT_CALLBACK": "oneline"}
    command = ["ansible-playbook", "nodeflow.orchestrator.create_node", "-e", f"nodes={netbox.make()}"]
    done = subprocess.run(command, env=environment, cwd=play.directory, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    assert len(lines) >= 9 and all(line.startswith("localhost | ") for line in lines), done.stdout
