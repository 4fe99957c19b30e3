# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A product from outside: the example collection, installed from its tarball, on the lab. All that is general works for it."""

from __future__ import annotations

import json
import re

import pytest

from circuits import Circuits
from terminal import Terminal

NOTHING = {"prefixes": [], "addresses": [], "cables": []}


@pytest.fixture
def make(play, netbox, lab):
    """Makes circuits' nodes and interfaces, with an SQLite store."""
    return lambda **sizes: Circuits(play, netbox, **sizes)


def expected(circuits, pairs, status="connected"):
    """What NetBox is to have of circuits that were built in this order."""
    ipv4, ipv6 = ([next(subnets) for _pair in pairs] for subnets in (circuits.ipv4.subnets(new_prefix=31), circuits.ipv6.subnets(new_prefix=127)))
    addresses = [(f"{net[end]}/{net.prefixlen}", pair[end]) for pair, *nets in zip(pairs, ipv4, ipv6) for net in nets for end in (0, 1)]
    return {
        "prefixes": sorted(str(net) for net in (*ipv4, *ipv6)),
        "addresses": sorted(addresses),
        "cables": sorted((status, *pair) for pair in pairs),
    }


def test_many_are_built_and_the_second_run_changes_nothing(make):
    circuits = make(nodes=2, interfaces=3)
    shown = circuits.create(circuits.pairs)
    assert shown.returncode == 0 and shown.recap["changed"] and circuits.in_netbox()["cables"] == []
    ends = re.findall(r"^interface xe-0/0/(\d)$", shown.output, re.MULTILINE)
    assert ends == ["0", "0", "1", "1", "2", "2"], shown.output
    ids = ",".join(row["process_id"] for row in circuits.play.rows("SELECT process_id FROM processes WHERE status = 'suspended'"))
    command = re.search(r"ansible-playbook (\S+) -e process_ids=(\S+) -e confirm_config=true", shown.output)
    assert command[1] == "acme.circuits.resume" and sorted(command[2].split(",")) == sorted(ids.split(","))
    done = circuits.run("resume", process_ids=ids, confirm_config=True)
    assert done.returncode == 0 and "3 circuits: 3 completed" in done.output
    assert circuits.in_netbox() == expected(circuits, circuits.pairs)
    assert circuits.claims() == {key for pair in circuits.pairs for key in pair}
    again = circuits.create(circuits.pairs)
    assert (again.returncode, again.recap["changed"]) == (0, 0) and "is built already, active" in again.output


def test_check_mode_shows_it_and_changes_nothing(make):
    circuits = make()
    predicted = circuits.create(circuits.pairs, "--check", "--diff", confirm_config=True)
    assert predicted.returncode == 0 and "would be active" in predicted.output
    first4, first6 = next(circuits.ipv4.subnets(new_prefix=31)), next(circuits.ipv6.subnets(new_prefix=127))
    for text in (f'"ipv4_prefix": "{first4}"', f'"ipv6_prefix": "{first6}"', f'"{first4[1]}/31": "planned"', '"cable": "planned"', '"status": "connected"'):
        assert text in predicted.output, text
    assert circuits.in_netbox() == NOTHING and circuits.subscriptions() == [] and circuits.claims() == set()
    assert circuits.create(circuits.pairs, confirm_config=True).returncode == 0
    before = circuits.in_netbox()
    ending = circuits.run("terminate_circuit", "--check", "--diff", circuits=[circuits.subscriptions()[0]["subscription_id"]], confirm_config=True)
    assert ending.returncode == 0 and "would be terminated" in ending.output and '"netbox": {' in ending.output
    assert circuits.in_netbox() == before and circuits.subscriptions()[0]["status"] == "active"


def test_terminating_gives_everything_back(make):
    circuits = make(interfaces=2)
    circuits.create(circuits.pairs, confirm_config=True)
    first, second = [row["subscription_id"] for row in circuits.subscriptions()]
    gone = circuits.run("terminate_circuit", circuits=[first], confirm_config=True)
    assert gone.returncode == 0 and "is terminated" in gone.output
    assert [len(found) for found in circuits.in_netbox().values()] == [2, 4, 1]
    assert circuits.claims() == set(circuits.pairs[1])
    again = circuits.run("terminate_circuit", circuits=[first, second], confirm_config=True)
    assert again.returncode == 0 and "was terminated before" in again.output
    assert circuits.in_netbox() == NOTHING and circuits.claims() == set()
    assert circuits.create(circuits.pairs[:1], confirm_config=True).returncode == 0  # what was given back can be had again
    assert circuits.in_netbox() == expected(circuits, circuits.pairs[:1])


def test_a_node_in_use_is_not_terminated_and_readers_show_both_directions(make):
    circuits = make(nodes=3)
    circuits.create(circuits.pairs, confirm_config=True)
    first, second, unused = circuits.devices
    refused = circuits.play("nodeflow.orchestrator.terminate_node", nodes=[first, unused], confirm_config=True)
    assert refused.returncode != 0 and "is in use by Circuit " in refused.output
    assert (circuits.netbox.status(first), circuits.netbox.status(unused)) == ("active", "offline")
    found = circuits.play.tasks("- nodeflow.orchestrator.subscription_info:\n  register: found").results
    rows = {row["description"]: row for row in next(iter(found.values()))["subscriptions"]}
    circuit = next(row for name, row in rows.items() if name.startswith("Circuit"))
    nodes = [row for row in rows.values() if row.get("device_id") in (first, second)]
    assert sorted(circuit["depends_on"]) == sorted(row["subscription_id"] for row in nodes)
    assert all(row["in_use_by"] == [circuit["subscription_id"]] for row in nodes)
    assert circuit["circuit"]["ports"][0]["interface_id"] == circuits.pairs[0][0]


def test_an_interface_is_claimed_once(make):
    circuits = make(nodes=3)
    a, b, c = circuits.interfaces[0]
    both = circuits.create([(a, b), (b, c)], confirm_config=True)
    assert both.returncode != 0 and "1 completed, 1 failed" in both.output
    assert circuits.claims() == {a, b}
    taken = circuits.create([(b, c)], confirm_config=True)
    assert taken.returncode != 0 and f"the interface {b} is not free: Circuit " in taken.message
    assert [len(found) for found in circuits.in_netbox().values()] == [2, 4, 1]


def test_sixteen_runs_at_once_take_no_address_twice(make):
    circuits = make(interfaces=16)
    runs = [
        circuits.play.start("acme.circuits.create_circuit", **circuits.variables([pair], confirm_config=True), environment={"ANSIBLE_FORKS": "1"})
        for pair in circuits.pairs
    ]
    done = [circuits.play.finish(run) for run in runs]
    assert [one.returncode for one in done] == [0] * 16, "\n".join(one.output for one in done if one.returncode)
    found = circuits.in_netbox()
    assert [len(set(found[name])) for name in found] == [len(found[name]) for name in found] == [32, 64, 16]
    assert len({address for address, _interface in found["addresses"]}) == 64


def test_a_cable_that_was_moved_and_an_address_that_was_taken_are_found(make):
    circuits = make(nodes=3, interfaces=2)
    circuits.create(circuits.pairs, confirm_config=True)
    assert "no differences" in circuits.run("validate_circuit").output
    cable = circuits.netbox.call("GET", "dcim/cables", interface_id=circuits.pairs[0][0])["results"][0]["id"]
    elsewhere = circuits.interfaces[0][2]
    circuits.netbox.call("PATCH", f"dcim/cables/{cable}", {"b_terminations": [{"object_type": "dcim.interface", "object_id": elsewhere}]})
    address = circuits.netbox.call("GET", "ipam/ip-addresses", interface_id=circuits.pairs[1][1])["results"][0]
    circuits.netbox.call("PATCH", f"ipam/ip-addresses/{address['id']}", {"assigned_object_id": elsewhere})
    result = next(iter(circuits.run("validate_circuit").results.values()))
    assert sorted(one["problem"] for one in result["findings"]) == ["address_taken", "cable_moved"], result
    assert any(address["address"] in one["detail"] for one in result["findings"])


def test_an_abort_gives_back_what_was_taken(make):
    circuits = make()
    circuits.create(circuits.pairs)
    assert len(circuits.in_netbox()["prefixes"]) == 2
    ids = [row["process_id"] for row in circuits.play.rows("SELECT process_id FROM processes WHERE status = 'suspended'")]
    foreign = circuits.play("nodeflow.orchestrator.abort", process_ids=ids)
    assert foreign.returncode != 0 and f"ansible-playbook acme.circuits.abort -e process_ids={ids[0]}" in foreign.output
    gone = circuits.run("abort", process_ids=ids)
    assert gone.returncode == 0 and "is free again" in gone.output
    assert circuits.in_netbox() == NOTHING and circuits.claims() == set()
    assert circuits.subscriptions()[0]["status"] == "terminated"


def test_what_waits_is_told_of_by_how_it_stands_and_is_continued_by_its_own_collection(make):
    circuits = make()
    circuits.create(circuits.pairs)
    process_id = circuits.play.rows("SELECT process_id FROM processes WHERE status = 'suspended'")[0]["process_id"]
    told = circuits.play("nodeflow.orchestrator.resume", all=True)
    command = f"1 process is of acme.circuits; continue it with: ansible-playbook acme.circuits.resume -e process_ids={process_id}"
    assert told.returncode == 0 and command in told.output
    swept = circuits.play("nodeflow.orchestrator.sweep", suspended_limit="0s")
    assert swept.returncode == 0 and f"ansible-playbook acme.circuits.resume -e process_ids={process_id} -e confirm_config=true" in swept.output
    named = circuits.play("nodeflow.orchestrator.resume", process_ids=process_id)
    assert named.returncode != 0 and f"this one is for it: ansible-playbook acme.circuits.resume -e process_ids={process_id}" in named.message


@pytest.mark.parametrize("both", [True, False], ids=["installed", "not installed"])
def test_every_reader_shows_it_also_where_its_collection_is_not_installed(make, both, tmp_path):
    circuits = make()
    circuits.create(circuits.pairs, confirm_config=True)
    circuits.create(circuits.pairs)
    if not both:
        circuits.play.base["ANSIBLE_COLLECTIONS_PATH"] = circuits.play.base["ANSIBLE_COLLECTIONS_PATH"].partition(":")[2]
    tasks = """
- name: subscriptions
  nodeflow.orchestrator.subscription_info:
- name: processes
  nodeflow.orchestrator.process_info:
- nodeflow.orchestrator.subscription_info:
    dest: "{{ playbook_dir }}/subscriptions.csv"
    format: csv
- nodeflow.orchestrator.report:
    dest: "{{ playbook_dir }}/report.html"
- nodeflow.orchestrator.validate_node:
    nodes: [$DEVICES]
- ansible.builtin.command: ansible-inventory -i {{ playbook_dir }}/nodeflow.yml --list
  register: inventory
  changed_when: false
- nodeflow.orchestrator.copy_store:
    target: "{{ playbook_dir }}/copy.db"
"""
    (tmp_path / "nodeflow.yml").write_text("plugin: nodeflow.orchestrator.subscriptions\n", encoding="utf-8")
    shown = circuits.play.tasks(tasks.replace("$DEVICES", ", ".join(map(str, circuits.devices))))
    assert shown.returncode == 0, shown.output
    assert shown.results["nodeflow.orchestrator.validate_node"]["findings"] == []
    hosts = json.loads(shown.results["ansible.builtin.command"]["stdout"])["_meta"]["hostvars"]
    assert sorted(host["nodeflow_device_id"] for host in hosts.values()) == sorted(circuits.devices)
    assert all(host["nodeflow_in_use_by"] for host in hosts.values()) and shown.results["ansible.builtin.command"]["stderr"] == ""
    key = circuits.subscriptions()[0]["subscription_id"]
    for name in ("subscriptions.csv", "report.html"):
        path = next(tmp_path.rglob(name))
        assert key in path.read_text(encoding="utf-8"), name
    row = next(row for row in shown.results["subscriptions"]["subscriptions"] if row["product"] != "Node")
    assert row["circuit"]["cable_status"] == "connected" and ("acme.circuits, which is not installed here" in str(row["problem"])) != both
    process = next(row for row in shown.results["processes"]["processes"] if "circuit" in row["workflow"])
    assert process["workflow"] == "acme.circuits.create_circuit" and process["status"] == "completed"


def test_as_an_ordinary_module_it_does_the_same(make):
    circuits = make()
    circuits.play.environment["NODEFLOW_STORE"] = circuits.play.store.location
    steps = ["store_process_subscription", "allocate_prefixes", "set_status", "provide_config_to_user", "connect", "set_circuit_to_active"]
    steps += ["update_circuit_in_netbox", "done"]
    form = {"workflow": "create_circuit", **circuits.variables(circuits.pairs)}
    tasks = [{"name": "form", "acme.circuits.circuit_form": form, "register": "built", "environment": {"A": "b"}}]
    for step in steps:
        options = {"step": step, "circuits": "{{ built.circuits }}"} | ({"confirm": True} if step.startswith("provide") else {})
        tasks.append({"name": step, "acme.circuits.circuit_step": options, "register": "built", "environment": {"A": "b"}})
    tasks.append({"name": "compare", "acme.circuits.validate_circuit": {}, "environment": {"A": "b"}})
    done = circuits.play.tasks("\n".join("- " + json.dumps(task) for task in tasks))
    assert done.returncode == 0, done.output
    assert circuits.in_netbox() == expected(circuits, circuits.pairs)
    assert done.results["compare"]["findings"] == []


def test_what_a_person_has_changed_is_not_taken_down(make):
    circuits = make(nodes=3, interfaces=3)
    circuits.create(circuits.pairs, confirm_config=True)
    keys = [row["subscription_id"] for row in circuits.subscriptions()]
    moved = circuits.netbox.call("GET", "dcim/cables", interface_id=circuits.pairs[0][0])["results"][0]["id"]
    ends = [{"object_type": "dcim.interface", "object_id": circuits.interfaces[0][2]}]
    circuits.netbox.call("PATCH", f"dcim/cables/{moved}", {"b_terminations": ends})
    named = circuits.netbox.call("GET", "ipam/ip-addresses", interface_id=circuits.pairs[1][0])["results"][0]
    circuits.netbox.call("PATCH", f"ipam/ip-addresses/{named['id']}", {"description": "a person's"})
    done = circuits.run("terminate_circuit", circuits=keys, confirm_config=True)
    assert done.returncode != 0 and "1 completed, 2 failed" in done.output, done.output
    assert f"its cable, id {moved}, is between the interfaces" in done.output and f"{named['address']} has another description in NetBox" in done.output
    assert [len(found) for found in circuits.in_netbox().values()] == [4, 8, 2]
    circuits.netbox.call("DELETE", "dcim/cables", [{"id": moved}])
    circuits.netbox.call("DELETE", "ipam/ip-addresses", [{"id": named["id"]}])
    assert circuits.run("resume", status="failed", confirm_config=True).returncode == 0
    assert circuits.in_netbox() == NOTHING and circuits.claims() == set()


@pytest.mark.parametrize("taken_down", [False, True])
def test_an_end_that_is_aborted_puts_back_only_what_is_whole(make, taken_down):
    circuits = make()
    circuits.create(circuits.pairs, confirm_config=True)
    [row] = circuits.subscriptions()
    circuits.run("terminate_circuit", circuits=[row["subscription_id"]])
    if taken_down:
        cable = circuits.netbox.call("GET", "dcim/cables", interface_id=circuits.pairs[0][0])["results"][0]["id"]
        circuits.netbox.call("DELETE", "dcim/cables", [{"id": cable}])
    assert circuits.run("abort", status="suspended").returncode == 0
    [row] = circuits.subscriptions()
    assert (row["status"], bool(row["insync"])) == (("terminated", True) if taken_down else ("active", True))
    assert circuits.in_netbox() == (NOTHING if taken_down else expected(circuits, circuits.pairs))
    assert circuits.claims() == (set() if taken_down else set(circuits.pairs[0]))


def test_a_chain_in_one_run_loses_one_link_and_no_more(make):
    circuits = make(nodes=4)
    a, b, c, d = circuits.interfaces[0]
    checked = circuits.create([(a, b), (b, c), (c, d)], "--check", confirm_config=True)
    done = circuits.create([(a, b), (b, c), (c, d)], confirm_config=True)
    assert "2 completed, 1 failed" in done.output and "2 completed, 1 failed" in checked.output, done.output
    assert circuits.claims() == {a, b, c, d} and [cable[1:] for cable in circuits.in_netbox()["cables"]] == [(a, b), (c, d)]


def test_a_person_chooses_free_interfaces_and_confirms_the_configs(make):
    circuits = make(interfaces=2)
    a, b = circuits.pairs[0]
    ran = Terminal(circuits.play, "acme.circuits.create_circuit", ipv4_prefix=str(circuits.ipv4), ipv6_prefix=str(circuits.ipv6))
    listed = ran.until("Which, with commas between: $")
    assert all(f"{key}  " in listed and "xe-0/0/" in listed for ids in circuits.interfaces for key in ids), listed
    ran.type(f"{a}-{a}\r")
    assert "is no circuit: name the ids of its two interfaces" in ran.until("Which, with commas between: $")
    ran.type(f"{a}-{b}\r")
    shown = ran.until("Type yes to confirm; anything else suspends: $")
    assert shown.count("interface xe-0/0/0") == 2 and str(next(circuits.ipv4.subnets(new_prefix=31))[1]) in shown
    ran.type("yes\r")
    assert ran.end() == 0, ran.seen
    assert circuits.in_netbox() == expected(circuits, circuits.pairs[:1])
    chosen = Terminal(circuits.play, "acme.circuits.terminate_circuit")
    assert circuits.subscriptions()[0]["subscription_id"] in chosen.until("Which, with commas between: $")
    chosen.type("\x03")
    assert chosen.end() != 0
