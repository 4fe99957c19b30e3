# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A person at a real terminal: what is shown, asked and typed, and what is left of it on the screen and in the log."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time

import pytest

from terminal import Terminal

UP, LEFT, END = "\x1b[A", "\x1bOD", "\x1b[F"

WHICH = "Which are to be enrolled.*: $"


@pytest.fixture(name="at")
def fixture_at(play):
    """Starts playbooks at a terminal."""
    return lambda playbook, *arguments, **variables: Terminal(play, playbook, *arguments, **variables)


def name_of(netbox, device):
    return netbox.device(device)["name"]


def test_the_list_has_each_device_once_and_marks_what_must_fail(at):
    """The lab's own devices come first."""
    ran = at("create_node")
    shown = ran.until(WHICH).replace("\r", "")
    assert re.search(r"\n +id  name +site  addresses\n", shown)
    lines = dict(re.findall(r"^ +(\d+)  (.*)$", shown, re.MULTILINE))
    assert len(lines) > 10 and all(f"{key})" not in line for key, line in lines.items())
    assert re.match(r"loc1-bare +loc1  - +! lacks a primary IPv4 address and a primary IPv6 address$", lines["9"]), shown
    assert re.match(r"loc1-v4only +loc1  10\.0\.1\.4/32 +! lacks a primary IPv6 address$", lines["7"]), shown
    assert re.match(r"\(no name\) +loc2  10\.0\.2\.7/32, 2001:db8:2::7/128 +! lacks a name$", lines["12"]), shown
    assert re.match(r"mgmt +loc1  10\.0\.1\.6/32, 2001:db8:1::6/128$", lines["10"]) and lines["9"].index(" loc1 ") == lines["7"].index(" loc1 ")
    ran.type("\x03")
    assert ran.end() == 2


def test_families_that_are_not_required_are_not_marked(at):
    ran = at("create_node", required_families=["ipv4"])
    shown = ran.until(WHICH)
    assert re.search(r"loc1-v4only +loc1  10\.0\.1\.4/32\r", shown) and re.search(r"loc1-bare .*! lacks a primary IPv4 address\r", shown), shown
    ran.type("\x04")
    assert ran.end() == 2


def test_a_bad_answer_is_asked_again_and_a_good_one_is_on_the_screen_and_in_the_log(at, netbox):
    device = netbox.make()
    name = name_of(netbox, device)
    ran = at("create_node")
    ran.until(WHICH)
    ran.type("no-such-device\r")
    assert "NetBox has no device no-such-device" in ran.until(WHICH)
    ran.type("\r")
    assert "nothing was typed" in ran.until(WHICH).lower()
    ran.type(f" {UP}{name[:4]}{LEFT}xy\x7f\x7f{name[4:]}{END} , \r")
    ran.until(f"--- config of {name}")
    ran.until("Type yes to confirm; anything else suspends: $")
    ran.type("yes\r")
    assert ran.end() == 0
    assert netbox.status(device) == "active"
    for keys in ("[A", "OD", "[F"):
        assert f"\x1b{keys}" not in ran.seen and f"^[{keys}" not in ran.seen
    assert re.search(rf"or all: +{name[:4]}xy\x08 \x08\x08 \x08{name[4:]}", ran.seen)
    assert "anything else suspends: yes" in ran.seen
    for answer in ("no-such-device", f"{name} ,", "yes"):
        assert re.search(rf": +{answer}\s*$", ran.log, re.MULTILINE), ran.log


def test_three_bad_answers_end_the_run_and_nothing_is_done(at, play, netbox):
    netbox.make()
    ran = at("create_node")
    for answer in ("0", '[{"nam', "no-such, "):
        ran.until(WHICH)
        ran.type(f"{answer}\r")
    assert ran.end() == 2 and "That was the last of 3 answers, so nothing was done" in ran.seen
    assert not play.store.exists()


def test_a_name_of_two_devices_is_asked_again_with_their_ids(at, netbox):
    name = name_of(netbox, netbox.make())
    there = {netbox.device(netbox.make(name=name, site="loc2"))["id"]}
    ran = at("create_node")
    ran.until(WHICH)
    ran.type(f"{name}\r")
    again = ran.until(WHICH)
    assert f"{name} is the name of 2 devices" in again and str(there.pop()) in again
    ran.type("\x03")
    assert ran.end() == 2


def test_several_with_spaces_or_commas(at, netbox):
    devices = [netbox.make(), netbox.make()]
    ran = at("create_node", "--check")
    ran.until(WHICH)
    ran.type(f"{devices[0]} {name_of(netbox, devices[1])},\r")
    assert ran.end() == 0
    assert "2 nodes: 2 completed" in ran.seen


@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["Ctrl-C", "Ctrl-D"])
def test_who_leaves_the_choice_has_chosen_nothing(at, play, netbox, key):
    netbox.make()
    ran = at("create_node")
    ran.until(WHICH)
    ran.type(key)
    assert ran.end() == 2 and "left without an answer, so nothing was done" in ran.seen and "Traceback" not in ran.seen
    assert not play.store.exists()


@pytest.mark.parametrize("key", ["\x03", "\x04", "\r", "no\r", f"{UP}\r"], ids=["Ctrl-C", "Ctrl-D", "Enter", "no", "arrow"])
def test_who_does_not_confirm_has_suspended(at, play, netbox, key):
    device = netbox.make()
    ran = at("create_node", nodes=device)
    ran.until("anything else suspends: $")
    ran.type(key)
    assert ran.end() == 0 and "waits for its config to be confirmed" in ran.seen
    assert play.rows("SELECT status, run_id FROM processes") == [{"status": "suspended", "run_id": None}]


def test_a_terminal_that_goes_away_holds_no_process(at, play, netbox):
    ran = at("create_node", nodes=netbox.make())
    ran.until("anything else suspends: $")
    os.close(ran.child.fileno())
    try:
        deadline = time.monotonic() + 60
        while play.rows("SELECT status FROM processes") != [{"status": "suspended"}]:
            assert time.monotonic() < deadline, play.rows("SELECT * FROM processes")
            time.sleep(0.2)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(ran.child.pid, signal.SIGKILL)  # ansible-playbook itself does not always end with its terminal


def test_what_waits_is_said_where_nothing_can_be_enrolled(at, play, netbox):
    device = netbox.make()
    assert play.create(nodes=device).returncode == 0
    process = play.rows("SELECT process_id FROM processes")[0]["process_id"]
    said = f"1 process is suspended; continue it with: ansible-playbook nodeflow.orchestrator.resume -e process_ids={process} -e confirm_config=true"
    nothing = play.create(device_filter={"name": "no-such-device"})
    assert nothing.returncode == 0 and "There is nothing to enrol" in nothing.output and said in nothing.output, nothing.output
    netbox.make()
    ran = at("create_node")
    assert said in ran.until(WHICH).replace("\r\n", "")
    ran.type("\x03")
    ran.end()


def test_the_list_of_enrolled_nodes_has_sites_and_addresses(at, play, netbox):
    device = netbox.make()
    name = name_of(netbox, device)
    assert play.create(nodes=device, confirm_config=True).returncode == 0
    ran = at("terminate_node")
    shown = ran.until("Which ones.*: $").replace("\r", "")
    assert re.search(rf"^ +{device}  {name}  loc1  10\.\d+\.\d+\.\d+/32, 2001:db8:[0-9a-f:]+/128  active$", shown, re.MULTILINE), shown
    ran.type("nobody\r")
    ran.until("Which ones.*: $")
    ran.type("ALL\r")
    ran.until("anything else suspends: $")
    ran.type("yes\r")
    assert ran.end() == 0 and netbox.status(device) == "offline"


def test_many_configs_are_all_seen_before_they_are_confirmed(at, play, netbox):
    devices = netbox.make_many(12)
    ran = at("create_node", nodes=devices)
    asked = ran.until("anything else suspends: $")
    assert "Are the 12 configs in place?" in asked and "These 12 configs have the hash " in asked and asked.count("--- config of 12 nodes; ") == 1
    assert all(f", {device})" in asked for device in devices)
    ran.type("no\r")
    assert ran.end() == 0
    assert "12 nodes, each: waits for its config to be confirmed" in ran.seen
    said = play("nodeflow.orchestrator.resume", status="suspended", confirm_config=True)
    assert said.returncode == 0 and said.output.count("--- config of 12 nodes; ") == 1 and "12 nodes: 12 completed" in said.output, said.output


def test_configs_in_files_can_be_had(play, netbox):
    devices = netbox.make_many(12)
    done = play.create(nodes=devices, confirm_config=True, node_config_dir=str(play.directory / "configs"))
    assert done.returncode == 0 and len(list((play.directory / "configs").iterdir())) == 12


def test_a_terminal_without_a_way_in_is_asked_by_ansible(play, netbox):
    """A worker that stays in the terminal's session could not read from it."""
    device = netbox.make()
    ran = Terminal(play, "create_node", environment={"ANSIBLE_WORKER_SESSION_ISOLATION": "false"}, nodes=device)
    ran.until("anything else suspends: ")
    ran.type(f"{UP}yes\r")
    assert ran.end() == 0 and netbox.status(device) == "active"
    assert "anything else suspends: yes" in ran.seen


def rename(netbox, device):
    """Give a device another name and another site."""
    site = netbox.call("GET", "dcim/sites", slug="loc2")["results"][0]["id"]
    new = f"renamed-{device}"
    netbox.set(device, name=new, site=site)
    return new


def test_a_device_renamed_while_it_waited_has_its_new_name_to_the_end(play, netbox):
    device = netbox.make()
    old = name_of(netbox, device)
    configs = play.directory / "configs"
    assert play.create(nodes=device, node_config_dir=str(configs)).returncode == 0
    assert [file.name for file in configs.iterdir()] == [f"{device}-{old}.cfg"]
    new = rename(netbox, device)
    waits = play("nodeflow.orchestrator.resume", all=True, node_config_dir=str(configs), confirm_config=True)  # what was shown has changed
    assert waits.returncode == 0, waits.output
    said = f"{old} (loc1, {device}) is called {new} (loc2, {device}) in NetBox now"
    assert waits.output.count(said) == 1 and old not in waits.output.partition(said)[2], waits.output
    assert waits.nodes[0]["device"] == f"{new} (loc2, {device})" and waits.nodes[0]["message"].startswith(f"{new} (loc2, {device}) waits")
    assert [file.name for file in configs.iterdir()] == [f"{device}-{new}.cfg"]
    done = play("nodeflow.orchestrator.resume", all=True, confirm_config=True)
    assert done.returncode == 0 and old not in done.output and f"{new} (loc2, {device}) is active" in done.output, done.output


@pytest.mark.parametrize("left", ["no name", "a status of somebody", "nothing"])
def test_also_what_fails_where_it_is_read_is_called_by_its_new_name(play, netbox, left):
    device = netbox.make()
    old = name_of(netbox, device)
    assert play.create(nodes=device).returncode == 0
    new = rename(netbox, device)
    if left == "no name":
        netbox.set(device, name=None)
        new = "unnamed device"
    elif left == "a status of somebody":
        netbox.set(device, status="failed")
    else:
        netbox.address(device, primary_ip4=None)
        netbox.set(device, primary_ip4=None)
    done = play("nodeflow.orchestrator.resume", all=True)
    assert done.returncode == 2 and done.message.startswith(f"{new} (loc2, {device}) "), done.message
    assert done.nodes[0]["device"] == f"{new} (loc2, {device})" and old not in done.message
    assert f"{old} (loc1, {device}) is called {new} (loc2, {device}) in NetBox now" in done.output


def test_a_node_renamed_while_its_end_waited(play, netbox):
    device = netbox.make()
    old = name_of(netbox, device)
    assert play.create(nodes=device, confirm_config=True).returncode == 0
    assert play("nodeflow.orchestrator.terminate_node", nodes=device).returncode == 0
    new = rename(netbox, device)
    done = play("nodeflow.orchestrator.resume", all=True, confirm_config=True)
    assert f"{new} (loc2, {device}) is terminated" in done.output and done.output.count(f"{old} (loc1") == 1, done.output


def test_the_journal_says_what_a_field_was_and_is(play, netbox):
    device = netbox.make()
    assert play.create(nodes=device, confirm_config=True).returncode == 0
    assert play("nodeflow.orchestrator.modify_node", nodes=device, node_status="failed", netbox_journal=True).returncode == 0
    entries = netbox.call("GET", "extras/journal-entries", assigned_object_id=device, assigned_object_type="dcim.device")["results"]
    assert ": node_status: active -> failed. modify_node, process " in entries[0]["comments"], entries


def test_a_table_of_findings_says_each_thing_once(play, netbox):
    devices = netbox.make_many(3)
    assert play.create(nodes=devices, confirm_config=True).returncode == 0
    for device in devices[:2]:
        netbox.set(device, status="offline")
    netbox.set(devices[2], primary_ip4=None)
    done = play("nodeflow.orchestrator.validate_node", nodes=devices)
    assert done.returncode == 2
    labels = [f"{name_of(netbox, device)} (loc1, {device})" for device in devices]
    assert "  the status differs (2):\n    2 devices: active in the store, offline in NetBox\n      " in done.output, done.output
    assert re.search(rf"  the IPv4 address differs \(1\):\n    {re.escape(labels[2])}: 10\.\d+\.\d+\.\d+/32 in the store, nothing in NetBox\n", done.output)
    assert "None" not in done.output


def test_all_reasons_of_a_run_are_in_its_table(play, netbox):
    bare, good = [netbox.make(ipv4=None, ipv6=None) for _number in range(3)], netbox.make()
    done = play.create(nodes=[*bare, good, "no-such-1", "no-such-2"], confirm_config=True)
    assert done.returncode == 2
    assert "6 nodes: 1 completed, 5 failed" in done.message
    assert "3 nodes, each: lacks a primary IPv4 address and a primary IPv6 address: add them in NetBox" in done.message
    assert "2 nodes, each: NetBox has no device of this name; look it up there\n             no-such-1, no-such-2" in done.message
