# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory plugin, through ansible-inventory and ansible-playbook."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import uuid

import pytest
import yaml

from fake_netbox import LAB
from filled_store import FilledStore
from playbook_files import ROOT
from player import Player
from stores import PostgresqlStore, SqliteStore

ENDS = {1: "completed", 2: "suspended", 3: "failed", 4: "aborted"}


class Inventory:
    """ansible-inventory, and ansible-playbook, with a file for the plugin."""

    def __init__(self, play, **options):
        self.play = play
        self.file = play.directory / "lab.nodeflow.yml"
        self.file.write_text(json.dumps({"plugin": "nodeflow.orchestrator.subscriptions"} | options), encoding="utf-8")

    def run(self, *arguments, program="ansible-inventory", **environment):
        """The finished process. No secret of the lab may be in what it printed."""
        full = self.play.full_environment(self.play.directory / "unused.jsonl")
        for name in ("ANSIBLE_INVENTORY_UNPARSED_WARNING", "ANSIBLE_LOCALHOST_WARNING"):
            del full[name]
        command = [program, "-i", str(self.file), *arguments] if program != sys.executable else [program, *arguments, str(self.file)]
        done = subprocess.run(command, env=full | environment, cwd=self.play.directory, capture_output=True, text=True, check=False)
        self.play.secrets.check(done.stdout, done.stderr)
        return done

    def listed(self, *arguments, **environment):
        """What ``--list`` says, and the warnings and errors with it, on one line."""
        done = self.run("--list", *arguments, **environment)
        return json.loads(done.stdout[done.stdout.index("{") :], object_hook=plain), " ".join(done.stderr.split())


@pytest.fixture
def filled(tmp_path):
    """The command line on a store with nodes named as told. No NetBox is needed."""

    def fill(count=4, name="node-{0}", **options):
        store = FilledStore(tmp_path / f"{uuid.uuid4()}.db", count, lambda number: ENDS.get(number, "completed"), name)
        return Inventory(Player(LAB, tmp_path, store), **options)

    return fill


def plain(value):
    """What ansible-inventory marks as a text that is no template, as that text."""
    return value.get("__ansible_unsafe", value)


def hosts(listed):
    return sorted(listed["_meta"]["hostvars"])


def test_each_live_subscription_is_a_host_with_its_fields(filled):
    before = (inventory := filled()).play.store.path.read_bytes()
    listed, said = inventory.listed()
    assert said == ""
    assert hosts(listed) == ["node-1", "node-2", "node-3"]  # the fourth is terminated
    variables = listed["_meta"]["hostvars"]["node-2"]
    assert variables["ansible_host"] == "10.0.2.1"
    assert variables["nodeflow_node"]["ipv4_loopback"] == "10.0.2.1/32"
    assert (variables["nodeflow_status"], variables["nodeflow_process_status"], variables["nodeflow_device_id"]) == ("provisioning", "suspended", 2)
    groups = {name: set(group["hosts"]) for name, group in listed.items() if group.get("hosts")}
    assert groups == {
        "lifecycle_active": {"node-1"},
        "lifecycle_provisioning": {"node-2", "node-3"},
        "product_Node": {"node-1", "node-2", "node-3"},
        "platform_cisco_ios": {"node-1", "node-2", "node-3"},
        "site_loc2": {"node-1"},
        "site_loc3": {"node-2"},
        "site_loc4": {"node-3"},
    }
    assert {"lifecycle_initial", "lifecycle_migrating", "lifecycle_disabled"} < set(listed["all"]["children"])  # empty, but known
    assert inventory.play.store.path.read_bytes() == before


def test_the_variables_are_those_of_subscription_info(filled):
    inventory = filled(1)
    inventory.play.environment["NETBOX_URL"] = None  # the store says that it belongs to another one
    asked = inventory.play.tasks("- {name: Ask, nodeflow.orchestrator.subscription_info: {}}")
    [answer] = asked.results["Ask"]["subscriptions"]
    variables = inventory.listed()[0]["_meta"]["hostvars"]["node-1"]
    assert variables == {"nodeflow_" + name: value for name, value in answer.items()} | {"ansible_host": "10.0.1.1"}


def test_hosts_share_what_is_the_same_of_them(filled):
    """For whoever has 50,000 hosts: a text of its own for each variable of each of them took 300 MiB."""
    done = filled().run("-c", SHARED, program=sys.executable)
    assert json.loads(done.stdout) == [["node-1", "node-2", "node-3"], 1, 1, 2], done.stderr


def test_a_host_that_was_there_before_gives_no_other_host_what_it_had(filled, tmp_path):
    """For whoever has an inventory a store, or a device with two subscriptions: Ansible keeps the variables of such a host elsewhere."""
    first = filled(6)
    second = tmp_path / "second.nodeflow.yml"
    store = FilledStore(tmp_path / "second.db", 6, lambda number: "suspended" if number < 4 else "failed")
    second.write_text(json.dumps({"plugin": "nodeflow.orchestrator.subscriptions", "store": store.location}), encoding="utf-8")
    listed, said = first.listed("-i", str(second))
    found = {host: variables["nodeflow_process_status"] for host, variables in listed["_meta"]["hostvars"].items()}
    assert found == {f"node-{number}": "suspended" if number < 4 else "failed" for number in range(1, 7)}, said


def test_a_node_that_is_called_as_a_group_gives_it_nothing_and_is_a_host_of_its_own(filled, tmp_path):
    """Else a play would reach the members of that group at the address of the node."""
    group = tmp_path / "groups.ini"
    group.write_text("[core]\nother\n", encoding="utf-8")
    inventory = filled(6, compose={"ansible_network_os": "'ios'"})
    renamed = "UPDATE subscriptions SET block = json_set(block, '$.node.node_name', 'core') WHERE json_extract(block, '$.node.node_id') = 2"
    inventory.play.store.change(renamed)
    source, inventory.file = inventory.file, group  # the group is there first
    listed, said = inventory.listed("-i", str(source))
    assert set(hosts(listed)) == {"node-1", "core-2", "node-3", "node-5", "node-6"} and said == ""
    assert listed["core"] == {"hosts": ["other"]}
    of_node = listed["_meta"]["hostvars"]["core-2"]
    assert (of_node["ansible_host"], of_node["nodeflow_device_id"], of_node["ansible_network_os"]) == ("10.0.2.1", 2, "ios")
    assert listed["lifecycle_provisioning"]["hosts"] == ["core-2", "node-3"] and "children" not in listed["lifecycle_provisioning"]


def test_a_node_that_is_called_as_a_group_of_the_plugins_own_is_a_host_of_its_own(filled):
    inventory = filled(3, name="loc{0}", keyed_groups=[{"key": "nodeflow_site", "prefix": "", "separator": ""}], compose={"of": "nodeflow_device_id"})
    listed, said = inventory.listed()  # loc1 is in the site loc2, and loc2 in loc3
    assert set(hosts(listed)) == {"loc1", "loc2-2", "loc3-3"} and said == ""
    assert {name: variables["of"] for name, variables in listed["_meta"]["hostvars"].items()} == {"loc1": 1, "loc2-2": 2, "loc3-3": 3}
    assert listed["loc2"] == {"hosts": ["loc1"]} and listed["loc3"] == {"hosts": ["loc2-2"]}


def test_a_name_of_which_the_one_with_the_id_is_a_group_too(filled, tmp_path):
    group = tmp_path / "groups.ini"
    group.write_text("[loc2]\nother\n[loc2-2]\nanother\n", encoding="utf-8")
    inventory = filled(2, name="loc{0}")
    source, inventory.file = inventory.file, group
    listed, said = inventory.listed("-i", str(source))
    assert set(hosts(listed)) == {"loc1", "loc2-2-2"}, said


def test_a_node_that_is_called_as_the_group_that_it_makes_keeps_what_is_composed_for_itself(filled):
    inventory = filled(1, name="site_loc2", compose={"of": "nodeflow_device_id"})
    listed, dummy = inventory.listed()
    assert listed["_meta"]["hostvars"]["site_loc2"]["of"] == 1 and listed["site_loc2"] == {"hosts": ["site_loc2"]}


def test_a_filter_that_is_no_list_is_one_filter(filled):
    listed, said = filled(6, filters="nodeflow_site in ['loc2', 'loc4']").listed()
    assert hosts(listed) == ["node-1", "node-3"] and said == ""


SHARED = """
import json, sys
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
init_plugin_loader()
hosts = InventoryManager(DataLoader(), sources=[sys.argv[1]]).get_hosts()
of = lambda name: len({id(host.vars[name]) for host in hosts})
names = len({id(name) for host in hosts for name in host.vars if name == "nodeflow_node"})
print(json.dumps([sorted(host.name for host in hosts), names, of("nodeflow_customer_id"), of("nodeflow_status")]))
"""


def test_the_preferred_family_that_is_there_is_the_address(filled):
    inventory = filled(2, address_families=["ipv6", "ipv4"])
    statement = "UPDATE subscriptions SET block = json_set(block, '$.node.ipv6_loopback', null) WHERE json_extract(block, '$.node.node_id') = 2"
    inventory.play.store.change(statement)
    variables = inventory.listed()[0]["_meta"]["hostvars"]
    assert [variables[name]["ansible_host"] for name in ("node-1", "node-2")] == ["2001:db8::1", "10.0.2.1"]


@pytest.mark.parametrize("name", ["loc1-core", "localhost", "all", "!!!"])
def test_a_name_that_is_not_one_nodes_alone_is_followed_by_the_id(filled, name):
    listed, _said = filled(3, name=name).listed()
    assert hosts(listed) == [f"{name.strip('!') or 'device'}-{number}" for number in (1, 2, 3)]


def test_a_name_that_looks_like_another_with_its_id_is_none_of_them(filled):
    inventory = filled(3, name="core")
    renamed = "UPDATE subscriptions SET block = json_set(block, '$.node.node_name', 'core-2') WHERE json_extract(block, '$.node.node_id') = 3"
    inventory.play.store.change(renamed)
    assert hosts(inventory.listed()[0]) == [
        "core-1",
        "core-2",
        "core-2-3",
    ]


def test_no_text_of_a_node_is_a_template_or_a_pattern(filled):
    inventory = filled(1, name="{{{{ lookup('pipe', 'touch evaluated') }}}}:!,[0]")
    playbook = inventory.play.directory / "show.yml"
    playbook.write_text(
        "- hosts: lifecycle_active\n  gather_facts: false\n  connection: local\n  tasks:\n"
        "    - ansible.builtin.debug: {msg: 'name {{ nodeflow_node.node_name }}, {{ nodeflow_description }}'}\n",
        encoding="utf-8",
    )
    done = inventory.run(str(playbook), "--limit", "lookup-pipe-touch-evaluated-0", program="ansible-playbook")
    assert done.returncode == 0 and "name {{ lookup('pipe', 'touch evaluated') }}:!,[0]" in done.stdout, done.stdout + done.stderr
    assert not (inventory.play.directory / "evaluated").exists()


def test_the_options_of_constructed_and_the_filters_work(filled):
    options = {
        "filters": ["nodeflow_site != 'loc4'", "nodeflow_insync or nodeflow_process_status == 'suspended'"],
        "compose": {"ansible_network_os": "{'cisco_ios': 'cisco.ios.ios'}[nodeflow_platform]", "ansible_port": "8000 + nodeflow_device_id"},
        "keyed_groups": [{"key": "nodeflow_customer_id", "prefix": "customer"}, {"key": "ansible_port | string", "prefix": "port"}],
        "groups": {"waiting": "nodeflow_process_status == 'suspended'"},
        "strict": True,
    }
    listed, said = filled(7, **options).listed()
    assert said == "" and hosts(listed) == ["node-1", "node-2", "node-5", "node-6", "node-7"]
    assert listed["_meta"]["hostvars"]["node-1"]["ansible_network_os"] == "cisco.ios.ios"
    assert listed["waiting"]["hosts"] == listed["port_8002"]["hosts"] == ["node-2"]
    assert sorted(listed["customer_default"]["hosts"]) == hosts(listed)


def test_a_filter_that_cannot_be_evaluated_leaves_out_or_is_an_error(filled):
    listed, said = filled(filters=["nodeflow_sight == 'loc2'"]).listed()
    assert hosts(listed) == [] and said == ""
    listed, said = filled(filters=["nodeflow_sight == 'loc2'"], strict=True).listed()
    assert hosts(listed) == [] and "the filter nodeflow_sight == 'loc2' cannot be evaluated for host node-1" in said


def test_the_cache_is_asked_until_it_is_flushed_and_never_for_another_store(filled, tmp_path):
    inventory = filled(cache=True, cache_plugin="ansible.builtin.jsonfile", cache_connection=str(tmp_path / "cache"))
    assert hosts(inventory.listed()[0]) == ["node-1", "node-2", "node-3"]
    inventory.play.store.change("UPDATE subscriptions SET status = 'terminated' WHERE json_extract(block, '$.node.node_id') = 1")
    assert hosts(inventory.listed()[0]) == ["node-1", "node-2", "node-3"]
    assert hosts(inventory.listed("--flush-cache")[0]) == hosts(inventory.listed()[0]) == ["node-2", "node-3"]
    other = FilledStore(tmp_path / "other.db", 1, name="other")
    assert hosts(inventory.listed(NODEFLOW_STORE=other.location)[0]) == ["other"]
    assert hosts(inventory.listed()[0]) == ["node-2", "node-3"]


def test_a_store_that_is_not_there_is_a_warning_and_one_that_is_none_an_error(tmp_path):
    inventory = Inventory(Player(LAB, tmp_path, SqliteStore(tmp_path)))
    listed, said = inventory.listed()
    assert hosts(listed) == [] and "there is no store there yet" in said and not inventory.play.store.exists()
    (tmp_path / "text.db").write_text("hello " * 1000)
    listed, said = inventory.listed(NODEFLOW_STORE=str(tmp_path / "text.db"))
    assert hosts(listed) == [] and "file is not a database" in said and "Traceback" not in said


def test_a_database_that_cannot_be_reached_is_named_without_its_password(tmp_path):
    done = Inventory(Player(LAB, tmp_path, SqliteStore(tmp_path))).run(
        "--list", "-vvv", NODEFLOW_STORE="postgresql://nodeflow:s3cr3t-word@127.0.0.1:9/nodeflow"
    )
    assert "the store nodeflow at 127.0.0.1" in " ".join(done.stderr.split())
    assert "s3cr3t-word" not in done.stdout + done.stderr


def test_a_file_of_another_name_is_left_to_other_plugins(filled):
    inventory = filled()
    inventory.file = inventory.file.rename(inventory.play.directory / "hosts.yml")
    assert hosts(inventory.listed()[0]) == []


def test_the_play_of_the_guide_takes_exactly_the_nodes_that_wait_and_names_those_that_took_it(play_on, netbox):
    active, leaving, unreachable, waiting = (netbox.make() for dummy in range(4))
    assert play_on.create(nodes=[active, leaving], confirm_config=True).returncode == 0
    assert play_on("nodeflow.orchestrator.terminate_node", nodes=[leaving]).returncode == 0
    assert play_on.create(nodes=[unreachable, waiting]).returncode == 0
    guide = (ROOT / "docs" / "inventory.md").read_text(encoding="utf-8")
    options, [written] = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL))
    own = {} if isinstance(play_on.store, PostgresqlStore) else {"store": "{{ lookup('ansible.builtin.env', 'NODEFLOW_STORE') }}"}
    inventory = Inventory(play_on, groups=options["groups"], **own)
    put_in_place = {"ansible.builtin.assert": {"that": f"nodeflow_device_id != {unreachable} and ansible_host.startswith('10.')"}}
    playbook = play_on.directory / "configure.yml"
    playbook.write_text(json.dumps([written | {"connection": "local", "tasks": [put_in_place, *written["tasks"][1:]]}]), encoding="utf-8")
    done = inventory.run(str(playbook), program="ansible-playbook")
    recap = {line.split()[0] for line in done.stdout.partition("PLAY RECAP")[2].splitlines()[1:] if line.strip()}
    assert len(recap) == 2 and done.returncode == 2, done.stdout + done.stderr
    [process_id] = re.findall(r'"msg": "([0-9a-f-]{36}(?:,[0-9a-f-]{36})*)"', done.stdout)
    assert play_on.resume(process_id, confirm_config=True).returncode == 0
    assert [netbox.status(device) for device in (unreachable, waiting)] == ["planned" if isinstance(play_on.store, PostgresqlStore) else "staged", "active"]


@pytest.mark.parametrize(
    "damage",
    [
        "block = '{oops'",
        "status = 'archived'",
        """product = 'Port', block = '{"port": {}}'""",
        """block = json_set(block, '$.node.ipv4_loopback', 'none')""",
        """block = json_set(block, '$.node.node_name', 7)""",
    ],
)
def test_a_subscription_that_cannot_be_read_is_a_host_apart_and_hides_no_other(filled, damage):
    inventory = filled(count=6, strict=True, filters=["nodeflow_insync or nodeflow_status == 'provisioning'"])
    before, _warnings = inventory.listed()
    inventory.play.store.change(f"UPDATE subscriptions SET {damage} WHERE json_extract(block, '$.node.node_id') = 5")
    after, warnings = inventory.listed()
    [bad] = after["unreadable"]["hosts"]
    assert "cannot be read" in warnings and after["_meta"]["hostvars"][bad]["nodeflow_problem"] and bad not in str(after["lifecycle_active"])
    others = {host: values for host, values in after["_meta"]["hostvars"].items() if host != bad}
    assert others == {host: values for host, values in before["_meta"]["hostvars"].items() if host != "node-5"}
