# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every module runs inside ansible-playbook and as an ordinary module, with the same result; and what only Ansible can do."""

from __future__ import annotations

import json
import pathlib
import re
import sys
import uuid

import pexpect
import pytest
import yaml

from in_process import take_into_service
from stores import SqliteStore

STEPS = [
    ("initial_input_form", {"nodes": "{{ device }}"}),
    ("construct_node_model", {"nodes": "{{ last.nodes }}"}),
    ("store_process_subscription", {"nodes": "{{ last.nodes }}"}),
    ("fetch_ip_address_information", {"nodes": "{{ last.nodes }}"}),
    ("set_status", {"nodes": "{{ last.nodes }}", "lifecycle": "provisioning"}),
    ("node_config_info", {"nodes": "{{ last.nodes }}"}),
    ("provide_config_to_user", {"nodes": "{{ last.nodes }}", "configs": "{{ configs }}", "confirm": True}),
    ("set_node_to_active", {"nodes": "{{ last.nodes }}"}),
    ("update_node_in_netbox", {"nodes": "{{ last.nodes }}"}),
    ("done", {"nodes": "{{ last.nodes }}"}),
    ("subscription_info", {}),
    ("process_info", {"steps": True}),
]

LIFE = [
    ("subscription_form", {"workflow": "modify_node", "nodes": "{{ device }}", "note": "moved"}),
    ("store_process_subscription", {"nodes": "{{ last.nodes }}"}),
    ("fetch_ip_address_information", {"nodes": "{{ last.nodes }}"}),
    ("modify_subscription", {"nodes": "{{ last.nodes }}"}),
    ("update_node_in_netbox", {"nodes": "{{ last.nodes }}"}),
    ("done", {"nodes": "{{ last.nodes }}"}),
    ("validate_node", {"nodes": "{{ device }}"}),
    ("reconcile_form", {"nodes": "{{ device }}"}),
    ("report", {"dest": "{{ page }}"}),
    ("import_subscriptions", {"source": "{{ other }}"}),
    ("setup_netbox", {"netbox_custom_field": "{{ field }}", "netbox_token": "{{ admin }}"}),
    ("abort", {"process_ids": "no-such-process"}),
    ("copy_store", {"target": "{{ other }}"}),
    ("reset", {"confirm": True}),
]
"""What comes after the enrolment, and what an operator does."""

CONFIGS = "{{ [{'process_id': (last.nodes | first).process_id, 'template': 't', 'config': 'hostname x'}] }}"


def playbook(steps: list, device: int, keywords: dict, check_mode: bool, **variables: str) -> str:
    """Each module once, with these task keywords."""
    tasks = []
    for module, options in steps:
        register = "facts" if module in ("node_config_info", "subscription_info", "process_info") else "last"
        task = {"name": module, "nodeflow.orchestrator." + module: options, "register": register}
        task |= {"vars": {"device": device, "configs": CONFIGS} | variables, "ignore_errors": module in ("abort", "copy_store")}
        tasks.append(task | {"check_mode": check_mode, "diff": True} | keywords)
    return yaml.safe_dump(tasks, sort_keys=False)


def normal(value, device, name):
    """A result without what differs from run to run: ids, moments, durations, hashes, names; and without what Ansible itself adds."""
    if isinstance(value, dict):
        added = ("invocation", "ansible_facts", "_ansible_no_log", "texts", "deprecations", "failed", "_ansible_parsed", "seconds")
        return {"DEVICE" if key == str(device) else key: normal(item, device, name) for key, item in sorted(value.items()) if key not in added}
    if isinstance(value, list):
        return [normal(item, device, name) for item in value]
    if value == device:
        return "DEVICE"
    if isinstance(value, str):
        value = value.replace(name, "NAME").replace(f", {device})", ", DEVICE)").replace(f"/{device}/", "/DEVICE/")
        value = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID", value)
        value = re.sub(r"\b[0-9a-f]{64}\b", "HASH", value)
        value = re.sub(r"10\.\d+\.\d+\.\d+", "IPV4", re.sub(r"2001:db8:[0-9a-f:]+", "IPV6", value))
        return re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)", "MOMENT", value)
    return value


@pytest.mark.parametrize("check_mode", [False, True], ids=["run", "check"])
def test_both_ways_give_the_same_results(play, netbox, lab, tmp_path, check_mode):
    found = []
    for way, keywords in (("in-process", {}), ("ordinary", {"environment": {"LC_MESSAGES": "C"}})):
        device = netbox.make()
        play.store = SqliteStore(tmp_path / way)
        done = play.tasks(playbook(STEPS, device, keywords, check_mode), "-vvv")
        assert done.returncode == 0, done.output
        assert list(done.results) == [module for module, _options in STEPS]
        name = netbox.device(device)["name"]
        found.append({module: normal(result, device, name) for module, result in done.results.items()})
        assert netbox.status(device) == ("planned" if check_mode else "active")
        assert done.output.count("AnsiballZ_") >= len(STEPS) if way == "ordinary" else "AnsiballZ_" not in done.output
    for module, _options in STEPS:
        assert found[0][module] == found[1][module], module


@pytest.mark.parametrize("check_mode", [False, True], ids=["run", "check"])
def test_both_ways_give_the_same_results_in_the_rest_of_a_nodes_life(play, netbox, lab, tmp_path, check_mode):
    found = []
    for way, keywords in (("in-process", {}), ("ordinary", {"environment": {"LC_MESSAGES": "C"}})):
        other = play.store = SqliteStore(tmp_path / way / "other")
        imported = netbox.make()
        take_into_service(play, imported)
        device, field = netbox.make(), "nodeflow_" + uuid.uuid4().hex[:12]  # other tests run at the same time
        play.store = SqliteStore(tmp_path / way)
        take_into_service(play, device)
        given = {"other": other.location, "admin": lab["tokens"]["admin"], "page": str(tmp_path / "page.html"), "field": field}
        text = playbook(LIFE, device, keywords, check_mode, **given)
        done = play.tasks(text, "-vvv")
        assert done.returncode == 0, done.output
        assert list(done.results) == [module for module, _options in LIFE]
        results = json.loads(json.dumps(done.results).replace(str(tmp_path / way), "STORE").replace(field, "FIELD").replace(f'"{imported}"', '"IMPORTED"'))
        name = netbox.device(device)["name"]
        found.append({module: normal(result, device, name) for module, result in results.items()})
        made = netbox.call("GET", "extras/custom-fields", name=field)["results"]
        assert len(made) == (0 if check_mode else 1) and netbox.status(device) == ("active" if check_mode else "planned")
        (tmp_path / "page.html").unlink(missing_ok=True)
    for module, _options in LIFE:
        assert found[0][module] == found[1][module], module


def test_every_module_is_run_both_ways():
    modules = {path.stem for path in (pathlib.Path(__file__).parents[2] / "plugins" / "modules").glob("*.py")}
    assert {module for module, _options in STEPS + LIFE} == modules


@pytest.mark.parametrize("keywords", [{"async": 60, "poll": 1}, {"become": True}, {"environment": {"A": "b"}}, {"delegate_to": "other"}])
def test_a_task_that_asks_for_another_process_gets_one(play, keywords, tmp_path):
    """Plain action plugins ignore these keywords. Ours run the ordinary module, in a Python of its own."""
    tasks = [{"nodeflow.orchestrator.subscription_info": {}, "register": "answer", "name": "ask"} | keywords]
    if "delegate_to" in keywords:
        where = {"name": "other", "ansible_connection": "ansible.builtin.ssh", "ansible_ssh_executable": "/bin/false", "ansible_host": "127.0.0.1"}
        tasks = [{"ansible.builtin.add_host": where}, *tasks]
        done = play.tasks(yaml.safe_dump(tasks, sort_keys=False))
        assert done.returncode == 4 and "unreachable=1" in done.output, done.output  # it did try the other host
        return
    done = play.tasks(yaml.safe_dump(tasks, sort_keys=False), "-vvv")
    assert done.returncode == 0, done.output
    assert "AnsiballZ_subscription_info.py" in done.output or "async_wrapper" in done.output


def test_in_process_is_the_usual_way(play):
    done = play.tasks(yaml.safe_dump([{"nodeflow.orchestrator.subscription_info": {}}]), "-vvv")
    assert done.returncode == 0 and "AnsiballZ" not in done.output


@pytest.mark.parametrize("keywords", [{}, {"environment": {"A": "b"}}], ids=["in-process", "ordinary"])
def test_wrong_arguments_have_ansibles_own_words(play, keywords):
    done = play.tasks(yaml.safe_dump([{"nodeflow.orchestrator.subscription_info": {"nosuch": 1}} | keywords]))
    assert "Unsupported parameters for (nodeflow.orchestrator.subscription_info) module: nosuch." in done.message
    done = play.tasks(yaml.safe_dump([{"nodeflow.orchestrator.set_status": {"nodes": [], "lifecycle": "active"}} | keywords]))
    assert "value of lifecycle must be one of: provisioning, got: active" in done.message
    done = play.tasks(yaml.safe_dump([{"nodeflow.orchestrator.done": {"nodes": [{"a": 1}]}} | keywords]))
    assert "takes the nodes that the step before returned" in done.message


@pytest.mark.parametrize("keywords", [{}, {"environment": {"A": "b"}}], ids=["in-process", "ordinary"])
def test_settings_come_from_module_defaults_of_the_action_group(play, netbox, lab, keywords):
    tasks = [{"name": "form", "nodeflow.orchestrator.initial_input_form": {"nodes": netbox.make()}} | keywords]
    defaults = {
        "group/nodeflow.orchestrator.all": {"netbox_url": lab["url"], "netbox_token": lab["tokens"]["operator"], "store": play.store.location}
    }
    plays = [{"hosts": "localhost", "gather_facts": False, "module_defaults": defaults, "tasks": tasks}]
    file = play.directory / "defaults.yml"
    file.write_text(yaml.safe_dump(plays), encoding="utf-8")
    unset = dict.fromkeys(("NETBOX_URL", "NETBOX_TOKEN", "NODEFLOW_STORE"))
    done = play.finish(play.start(str(file), environment=unset))
    assert done.returncode == 0, done.output


def test_secrets_are_in_no_output_and_no_store(play, netbox, lab):
    device, secret = netbox.make(), lab["tokens"]["operator"]
    outputs = [
        play.create("-vvvv", "--diff", nodes=device, confirm_config=True).output,
        play.create("-vvvv", nodes=device, netbox_url="http://127.0.0.1:9", netbox_retries=0).output,
        play.tasks(yaml.safe_dump([{"nodeflow.orchestrator.subscription_info": {"store": "postgresql://u:hunter2@127.0.0.1:9/x"}}]), "-vvvv").output,
        play.tasks(
            yaml.safe_dump([{"nodeflow.orchestrator.process_info": {"store": "postgresql://u:hunter2@127.0.0.1:9/x"}, "environment": {"A": "b"}}]),
            "-vvvv",
        ).output,
    ]
    for output in outputs:
        assert secret not in output and secret.split(".")[1] not in output and "hunter2" not in output
    for file in play.store.path.parent.iterdir():
        content = file.read_bytes()
        assert secret.split(".")[1].encode() not in content


def test_a_person_at_the_terminal_chooses_and_confirms(play, netbox):
    mark = netbox.make()
    name = netbox.device(mark)["name"]
    environment = play.full_environment(play.directory / "interactive.jsonl")
    child = pexpect.spawn(
        "ansible-playbook", ["nodeflow.orchestrator.create_node"], env=environment, encoding="utf-8", timeout=90, dimensions=(60, 200)
    )
    child.expect("Planned devices:")
    child.expect("Which are to be enrolled")
    child.sendline(name)
    child.expect("--- config of " + name)
    child.expect("Type yes to confirm")
    child.sendline("yes")
    child.expect("PLAY RECAP")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert netbox.status(mark) == "active"


def test_a_job_of_ansible_runner_is_not_asked(play, tmp_path):
    """AWX runs jobs with ansible-runner, on a pseudo-terminal that nobody sits at."""
    (tmp_path / "project").mkdir()
    command = [sys.executable, "-m", "ansible_runner", "run", str(tmp_path), "-p", "nodeflow.orchestrator.create_node"]
    environment = play.full_environment(tmp_path / "runner.jsonl")
    output, status = pexpect.run(" ".join(command), env=environment, encoding="utf-8", timeout=90, withexitstatus=True)
    assert status == 2 and "Choose with nodes" in output, output


@pytest.mark.parametrize("predicted", ["store_process_subscription", "fetch_ip_address_information", "update_node_in_netbox"])
def test_a_task_in_check_mode_has_no_consequence_in_one_that_is_not(play, netbox, predicted):
    device = netbox.make()
    tasks = yaml.safe_load(playbook(STEPS, device, {}, False))
    for task in tasks:
        if "nodeflow.orchestrator." + predicted in task:
            task["check_mode"] = True
    done = play.tasks(yaml.safe_dump(tasks))
    assert done.returncode == 2, done.output
    assert "do that step before" in done.message or "not in check mode" in done.message, done.message
    assert netbox.status(device) != "active"
    if play.store.exists() and predicted != "store_process_subscription":
        assert play.rows("SELECT status FROM processes") == [{"status": "running"}]


def test_a_store_of_another_netbox_is_refused_at_every_step(play, netbox, lab):
    device = netbox.make()
    tasks = yaml.safe_load(playbook(STEPS, device, {}, False))
    other = lab["url"].replace("127.0.0.1", "localhost")
    for task in tasks:
        if "nodeflow.orchestrator.update_node_in_netbox" in task:
            task["nodeflow.orchestrator.update_node_in_netbox"]["netbox_url"] = other
    done = play.tasks(yaml.safe_dump(tasks))
    assert done.returncode == 2 and "belongs to the NetBox at" in done.message, done.output
    assert netbox.status(device) == "staged"
