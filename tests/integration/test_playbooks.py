# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks where jobs run them: with surveys that nobody answered, inventories full of network devices, and variables of other people's."""

from __future__ import annotations

import json
import subprocess

import pytest
import yaml

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._surroundings import job
from fake_netbox import LAB
from filled_store import FilledStore
from in_process import InProcess, take_into_service
from playbook_files import MODULES, OF_PROCESSES, options_of, plays, tasks, variables_of
from player import Player
from stores import SqliteStore

BLANKS = ["", None, "  "]
NAMESPACE = "nodeflow.orchestrator."

NETWORK = {
    "ansible_connection": "ansible.netcommon.network_cli",
    "ansible_become": True,
    "ansible_become_method": "enable",
    "ansible_become_password": "x",
    "ansible_network_os": "cisco.ios.ios",
    "ansible_python_interpreter": "/no/such/python",
    "ansible_shell_executable": "/no/such/sh",
    "ansible_shell_type": "powershell",
    "ansible_remote_tmp": "/no/such/directory",
    "ansible_host": "192.0.2.1",
    "ansible_port": 2222,
    "ansible_user": "admin",
    "ansible_check_mode": True,
}
"""What an inventory of routers says of all its hosts."""


@pytest.fixture
def enrolled(play, netbox):
    """A device that is enrolled."""
    device = netbox.make()
    take_into_service(play, device)
    return device


def needed(playbook, device, play, tmp_path):
    """What a playbook cannot do without, for a run that comes far: everything else is left to surveys."""
    other = SqliteStore(tmp_path / "other")
    return {
        "abort": {"process_ids": "no-such-process"},
        "copy_store": {"target_store": other.location},
        "create_node": {"nodes": device},
        "import_subscriptions": {"source": play.store.location},
        "modify_node": {"all_enrolled": True, "note": "moved"},
        "reconcile_nodes": {"unenrolled": False},
        "reset": {"confirm": True},
        "resume": {"all": True},
        "setup_netbox": {"netbox_custom_field": "nodeflow_subscription"},
        "terminate_node": {"all_enrolled": True},
        "validate_node": {"unenrolled": False},
    }.get(playbook, {})


def asked_of(played):
    """What each task was asked: its options as they were validated, without the rows of earlier tasks; and how it ended."""
    asked = {}
    for name, result in played.results.items():
        arguments = result.get("invocation", {}).get("module_args", {})
        scalars = {option: value for option, value in arguments.items() if option not in ("nodes", "configs", "validated_at")}
        asked[name] = scalars, bool(result.get("failed")), result.get("skipped", False)
    return asked


@pytest.mark.parametrize("playbook", OF_PROCESSES)
def test_variables_that_say_nothing_are_variables_that_are_not_given(netbox, lab, tmp_path, playbook):
    """All of a playbook's at once, as a survey sends them that nobody filled in. Which there are is read in the playbook."""
    play = Player(lab, tmp_path, FilledStore(tmp_path / "filled.db", 3, lambda number: "suspended" if number == 2 else "completed"))
    play.environment["NODEFLOW_NETBOX_MOVED"] = "true"
    play.environment |= {"NODEFLOW_ACTOR": "the-environment", "NETBOX_BATCH_SIZE": "37", "NODEFLOW_LEASE_MINUTES": "7"}
    play.environment["NETBOX_TOKEN"] = lab["tokens"]["admin"]
    given = needed(playbook, netbox.make(), play, tmp_path)
    modes = [] if playbook in ("abort", "report", "resume", "sweep", "validate_node") else ["--check"]
    without = play(NAMESPACE + playbook, *modes, **given)
    first = next(iter(asked_of(without).values()))[0]
    assert first["actor"] == "the-environment" and first["netbox_batch_size"] == 37, without.output
    for blank in ("", None):
        blanks = dict.fromkeys(variables_of(playbook) - set(given), blank)
        assert blanks
        found = play(NAMESPACE + playbook, *modes, **blanks | given)
        assert asked_of(found) == asked_of(without), found.output
        assert found.returncode == without.returncode, found.output


@pytest.mark.parametrize("keywords", [{}, {"environment": {"A": "b"}}], ids=["in-process", "ordinary"])
def test_options_that_say_nothing_are_options_that_are_not_given(tmp_path, keywords):
    """Of every module, all at once; which there are is read in its argument spec."""
    play = Player(LAB, tmp_path, FilledStore(tmp_path / "filled.db", 2))
    with_options = [module for module in MODULES if set(options_of(module)) - set(options_of("done"))]
    modules = with_options if keywords else MODULES
    text = []
    for module in modules:
        spec = options_of(module)
        fixed = {name: [] if name == "nodes" else option["choices"][0] for name, option in spec.items() if option.get("required")}
        for number, blank in enumerate([..., ""] if keywords else [..., *BLANKS]):
            blanks = {} if blank is ... else dict.fromkeys([name for name in spec if name not in fixed], blank)
            text.append({"name": f"{module} {number}", NAMESPACE + module: blanks | fixed, "ignore_errors": True} | keywords)
    play.environment |= {"NETBOX_URL": None, "NETBOX_TOKEN": None, "NODEFLOW_ACTOR": "the-environment", "ANSIBLE_INJECT_INVOCATION": "true"}
    done = play.tasks(yaml.safe_dump(text, sort_keys=False))
    assert done.recap["ok"] == len(text), done.output
    for module in modules:
        without, *others = [result for name, result in done.results.items() if name.rpartition(" ")[0] == module]
        assert without["invocation"]["module_args"]["actor"] == "the-environment"
        for other in others:
            assert other["invocation"]["module_args"] == without["invocation"]["module_args"], module
            assert other.get("msg", "") == without.get("msg", "") or module in ("report", "validate_node"), module


def test_findings_fail_unless_somebody_said_otherwise(play, netbox, enrolled):
    netbox.set(enrolled, status="offline")
    for said in (*BLANKS, "true", False):
        done = play(NAMESPACE + "validate_node", nodes=enrolled, fail_on_findings=said)
        assert done.returncode == (0 if said is False else 2), done.output
        assert done.results["validate_node"]["findings"]
    assert play(NAMESPACE + "validate_node", nodes=enrolled, fail_on_findings="maybe").returncode == 2


@pytest.mark.parametrize("blank", BLANKS, ids=repr)
def test_an_empty_store_is_the_one_of_the_environment(play, netbox, blank):
    done = play.create(nodes=netbox.make(), store=blank, netbox_url=blank, netbox_token=blank, confirm_config=True)
    assert done.returncode == 0, done.output
    assert len(play.rows("SELECT status FROM subscriptions")) == 1


def test_an_empty_environment_variable_is_one_that_is_not_set(play, netbox, lab, tmp_path):
    """AWX injects empty ones. NETBOX_API is the one after NETBOX_URL; the store's default is below XDG_STATE_HOME."""
    environment = {"NETBOX_URL": "", "NETBOX_API": lab["url"], "NODEFLOW_ACTOR": "", "NETBOX_PARALLEL": "", "NETBOX_VALIDATE_CERTS": ""}
    environment |= {"XDG_STATE_HOME": str(tmp_path / "home"), "NETBOX_TIMEOUT": " ", "NODEFLOW_NETBOX_MOVED": ""}
    done = play.finish(play.start(NAMESPACE + "create_node", environment=environment, nodes=netbox.make(), confirm_config=True))
    assert done.returncode == 0, done.output
    default = play.finish(play.start(NAMESPACE + "create_node", environment=environment | {"NODEFLOW_STORE": " "}, nodes=netbox.make(), confirm_config=True))
    if job():  # in a container, the default store would be lost
        assert default.returncode == 2 and "No store is named" in default.message, default.output
    else:
        assert default.returncode == 0 and (tmp_path / "home" / "nodeflow" / "store.db").exists(), default.output


@pytest.mark.parametrize("nothing", ["", None, ["", None], ",", '["", null]'], ids=repr)
def test_a_survey_in_which_nothing_was_chosen_chooses_nothing(play, netbox, nothing):
    waiting = InProcess(play.lab, play.store).create(nodes=netbox.make())
    assert waiting.nodes[0]["status"] == "suspended"
    resumed = play(NAMESPACE + "resume", status=nothing, process_ids=nothing, all=None)
    assert resumed.returncode == 2 and "Say which processes to resume" in resumed.message, resumed.output
    created = play.create(nodes=nothing, all_planned="")
    assert created.returncode == 2 and "no node was chosen" in created.message.lower(), created.output
    swept = play(NAMESPACE + "sweep", status=nothing, suspended_limit=nothing if nothing in BLANKS else "")
    assert swept.returncode == 0 and "Continue it with" not in swept.output, swept.output
    assert play.rows("SELECT status FROM processes") == [{"status": "suspended"}]


def test_a_limit_of_zero_is_a_limit(play, netbox):
    play.create(nodes=netbox.make())
    assert "has been suspended since" in play(NAMESPACE + "sweep", suspended_limit=0).output


@pytest.mark.parametrize("blank", BLANKS, ids=repr)
def test_the_role_takes_what_is_empty_for_what_is_not_given(play, netbox, tmp_path, blank):
    device = netbox.make()
    suspended = InProcess(play.lab, play.store).create(nodes=device)
    assert suspended.returncode == 0
    empty = {f"provide_config_{name}": blank for name in ("templates", "source", "confirm", "dir")}
    text = [
        {"name": "form", NAMESPACE + "initial_input_form": {"process_ids": suspended.nodes[0]["process_id"]}, "register": "last"},
        *({"name": step, NAMESPACE + step: {"nodes": "{{ last.nodes }}"}, "register": "last"} for step in ("fetch_ip_address_information",)),
        {"name": "role", "ansible.builtin.import_role": {"name": NAMESPACE + "provide_config"}, "vars": empty | {"provide_config_nodes": "{{ last.nodes }}"}},
    ]
    done = play.tasks(yaml.safe_dump(text, sort_keys=False))
    assert done.returncode == 0 and done.nodes[0]["status"] == "suspended", done.output
    done = play.tasks(yaml.safe_dump(text, sort_keys=False), confirm_config=True, node_config_dir=str(tmp_path / "configs"))
    assert done.nodes[0]["status"] == "running" and list((tmp_path / "configs").iterdir()), done.output


@pytest.mark.parametrize("blank", [*BLANKS, [""], [None, ""]], ids=repr)
def test_an_inventory_with_empty_options_is_one_without(tmp_path, blank):
    store = FilledStore(tmp_path / "filled.db", 3)
    play = Player(LAB, tmp_path, store)
    names = ["store", "address_families", "filters", "compose", "groups", "keyed_groups", "strict", "cache"]
    listed = []
    for number, options in enumerate([{}, dict.fromkeys(names if not isinstance(blank, list) else names[1:3], blank)]):
        file = tmp_path / f"{number}.nodeflow.yml"
        file.write_text(yaml.safe_dump({"plugin": NAMESPACE + "subscriptions"} | options), encoding="utf-8")
        environment = play.full_environment(tmp_path / "unused")
        done = subprocess.run(["ansible-inventory", "-i", str(file), "--list"], env=environment, capture_output=True, text=True, check=True)
        listed.append(json.loads(done.stdout))
    assert listed[0] == listed[1] and len(listed[0]["_meta"]["hostvars"]) == 3


def network_inventory(directory, localhost):
    """An inventory of a router, with and without an entry for localhost, and with more of the same in group_vars beside it."""
    (directory / "inventory" / "group_vars").mkdir(parents=True)
    hosts = {"r1": {}} | ({"localhost": NETWORK | {"ansible_host": "192.0.2.9"}} if localhost else {})
    (directory / "inventory" / "hosts.yml").write_text(yaml.safe_dump({"all": {"vars": NETWORK, "hosts": hosts}}), encoding="utf-8")
    (directory / "inventory" / "group_vars" / "all.yml").write_text(yaml.safe_dump(NETWORK), encoding="utf-8")
    return str(directory / "inventory")


@pytest.mark.parametrize("playbook", OF_PROCESSES)
def test_an_inventory_of_network_devices_changes_nothing(tmp_path, playbook):
    """Each task of every playbook that is reached without a NetBox ends as it does without the inventory."""
    ends = {1: "interrupted", 2: "suspended"}
    play = Player(LAB, tmp_path, FilledStore(tmp_path / "filled.db", 3, lambda number: ends.get(number, "completed")))
    play.environment |= {"NETBOX_URL": "http://127.0.0.1:9", "NETBOX_RETRIES": "0", "NODEFLOW_NETBOX_MOVED": "true"}
    given = needed(playbook, 1, play, tmp_path) | {"netbox_timeout": 5}
    modes = ["--check", "-vvv"]
    without = play(NAMESPACE + playbook, *modes, **given)
    found = play(NAMESPACE + playbook, *modes, "-i", network_inventory(tmp_path, True), "-b", "-c", "ansible.netcommon.network_cli", "-u", "bob", **given)
    assert list(found.results) == list(without.results), found.output
    assert asked_of(found) == asked_of(without)
    assert "AnsiballZ" not in found.output and "network_cli" not in found.output.partition("PLAY [")[2].replace("-c ansible.netcommon", "")


def test_an_enrolment_with_such_an_inventory(play, netbox, tmp_path):
    device = netbox.make()
    play.environment |= {"ANSIBLE_BECOME": "true", "ANSIBLE_BECOME_METHOD": "enable", "ANSIBLE_PYTHON_INTERPRETER": "/no/such/python"}
    inventory = network_inventory(tmp_path, True)
    done = play.create("-i", inventory, "-vvv", nodes=device, confirm_config=True)
    assert done.returncode == 0 and "AnsiballZ" not in done.output, done.output
    assert netbox.status(device) == "active"


def test_a_playbook_that_imports_ours_gets_our_settings_and_host(play, netbox, tmp_path):
    (tmp_path / "vars").mkdir()
    (tmp_path / "vars" / "nodeflow_playbooks.yml").write_text("nodeflow_host: nobody\n", encoding="utf-8")
    file = tmp_path / "site.yml"
    file.write_text(yaml.safe_dump([{"ansible.builtin.import_playbook": NAMESPACE + "create_node"}]), encoding="utf-8")
    device = netbox.make()
    done = play(str(file), "-i", network_inventory(tmp_path, False), nodes=device, actor="somebody", confirm_config=True)
    assert done.returncode == 0 and netbox.status(device) == "active", done.output
    assert {row["actor"] for row in play.rows("SELECT actor FROM processes")} == {"somebody"}


@pytest.mark.parametrize(("limit", "refused"), [("r1", True), ("all", True), ("r1,localhost", False)])
def test_a_limit_that_leaves_the_controller_out_is_no_success(tmp_path, limit, refused):
    play = Player(LAB, tmp_path, FilledStore(tmp_path / "filled.db", 1))
    play.environment["NETBOX_URL"] = None
    done = play(NAMESPACE + "report", "-i", network_inventory(tmp_path, False), "--limit", limit)
    assert (done.returncode != 0) is refused, done.output
    assert ("run on localhost, which --limit " in done.output) is refused


def test_names_of_a_persons_own_variables_are_free(play, netbox, enrolled):
    """Also those that are words of ours: nobody knows what a playbook registers."""
    own = dict.fromkeys(["change", "enrolment", "validation", "done", "item", "node", "rows", "written", "copied", "waiting", "result"], "CHG0012345")
    modified = play(NAMESPACE + "modify_node", nodes=enrolled, note="moved", **own)
    assert modified.returncode == 0 and modified.recap["changed"] > 0, modified.output
    validated = play(NAMESPACE + "validate_node", nodes=enrolled, **own)
    assert validated.returncode == 0, validated.output
    reported = play(NAMESPACE + "report", **own)
    assert reported.returncode == 0 and "nodeflow-report.html" in reported.output, reported.output
    created = play.create(nodes=netbox.make(), **own)
    assert created.nodes[0]["status"] == "suspended", created.output
    swept = play(NAMESPACE + "sweep", suspended_limit="0m", **own)
    assert swept.returncode == 0 and "has been suspended since" in swept.output, swept.output


@pytest.mark.parametrize("where", ["group_vars", "extra", "file"])
@pytest.mark.parametrize("name", ["provide_config_templates", "node_config_templates"])
def test_templates_of_ones_own_are_found_wherever_they_are_named(play, netbox, tmp_path, where, name):
    device = netbox.make(platform="cisco_ios")
    for directory in ("first", "second"):
        (tmp_path / directory).mkdir()
        for ending in ("cisco_ios.j2", "cisco_ios.removal.j2"):
            (tmp_path / directory / ending).write_text(f"{directory} for {{{{ node.name }}}}\n", encoding="utf-8")
    arguments, variables = [], {name: [str(tmp_path / "first")]}
    if where == "group_vars":
        (tmp_path / "inventory" / "group_vars").mkdir(parents=True)
        (tmp_path / "inventory" / "hosts").write_text("r1\n", encoding="utf-8")
        (tmp_path / "inventory" / "group_vars" / "all.yml").write_text(yaml.safe_dump(variables), encoding="utf-8")
        arguments, variables = ["-i", str(tmp_path / "inventory")], {}
    elif where == "file":
        (tmp_path / "mine.yml").write_text(yaml.safe_dump(variables), encoding="utf-8")
        arguments, variables = ["-e", f"@{tmp_path}/mine.yml"], {}
    done = play.create(*arguments, nodes=device, **variables)
    assert done.nodes[0]["status"] == "suspended" and "first for " in done.output, done.output
    resumed = play(NAMESPACE + "resume", *arguments, process_ids=done.nodes[0]["process_id"], confirm_config=True, **variables)
    assert resumed.returncode == 0 and netbox.status(device) == "active", resumed.output
    if name == "provide_config_templates":  # which wins
        ended = play(NAMESPACE + "terminate_node", *arguments, nodes=device, node_config_templates=[str(tmp_path / "second")], **variables)
        assert "first for " in ended.output and "second for " not in ended.output, ended.output


def test_the_other_variables_of_the_role_count_for_the_playbooks_as_well(play, netbox, tmp_path):
    device = netbox.make()
    (tmp_path / "group_vars").mkdir()
    mine = {"provide_config_confirm": True, "provide_config_dir": str(tmp_path / "configs")}
    (tmp_path / "group_vars" / "all.yml").write_text(yaml.safe_dump(mine), encoding="utf-8")
    (tmp_path / "hosts").write_text("r1\n", encoding="utf-8")
    done = play.create("-i", str(tmp_path / "hosts"), nodes=device)
    assert done.returncode == 0 and netbox.status(device) == "active", done.output
    assert len(list((tmp_path / "configs").iterdir())) == 1


def test_every_playbook_is_a_play_of_tasks_of_ours():
    """So that what holds for our modules holds for the playbooks; ``debug`` and ``assert`` say what came out, ``set_stats`` what a failed run leaves."""
    allowed = tuple(f"ansible.builtin.{name}" for name in ("debug", "assert", "import_role", "meta", "set_stats"))
    for playbook in OF_PROCESSES:
        assert plays(playbook)
        for task in tasks(playbook):
            assert any(key.startswith(NAMESPACE) or key in allowed for key in task), (playbook, task)
