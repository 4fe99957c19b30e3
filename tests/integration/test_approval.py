# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Approve configs that others put in place: for who reads the job of 500 nodes, says yes to what is there, and must not have said yes to anything else."""

from __future__ import annotations

import json
import re
import signal
import threading

import pytest

from killing import ANSWER, REQUEST, kill
from netbox_proxy import NetboxProxy
from netbox_users import READS, Permission, user_with

RESUME, TERMINATE = "nodeflow.orchestrator.resume", "nodeflow.orchestrator.terminate_node"
HASH = re.compile(r"the hash ([0-9a-f]{64})")

KINDS = """\
hostname {{ node.name }}
interface lo0
 ip address {{ node.ipv4.interface }}
{% if node.device_id == odd | default(0) %}
 mtu {{ node.device_id }}
{% elif node.device_id % 3 %}
 kind {{ 'one' if node.device_id % 3 == 1 else 'two' }}
{% endif %}
"""


@pytest.fixture
def templates(tmp_path):
    """Return what a playbook takes to render this text for each node, and to remove this one."""

    def write(text, removal="no interface lo0\n"):
        (tmp_path / "templates").mkdir(exist_ok=True)
        for platform in ("default", "cisco_ios"):
            (tmp_path / "templates" / f"{platform}.j2").write_text(text, encoding="utf-8")
            (tmp_path / "templates" / f"{platform}.removal.j2").write_text(removal, encoding="utf-8")
        return {"node_config_templates": [str(tmp_path / "templates")]}

    return write


def hash_in(done):
    """The hash that a run's step has for its result, which its output has too."""
    found = done.results["provide_config_to_user"]["config_hash"]
    assert HASH.findall(done.output) == ([found] if found else [])
    return found


def statuses(play):
    return sorted(row["status"] for row in play.rows("SELECT status FROM processes"))


def states(play):
    rows = [row["state"] for row in play.rows("SELECT state FROM processes ORDER BY process_id")]
    return [json.loads(row) if isinstance(row, str) else row for row in rows]


def journal(netbox, device):
    """The entries of a device's journal, the oldest first."""
    found = netbox.call("GET", "extras/journal-entries", assigned_object_id=device, assigned_object_type="dcim.device", limit=100)["results"]
    return [entry["comments"] for entry in sorted(found, key=lambda entry: entry["id"])]


def killed_at_the_journal(play, netbox, playbook, moment, **variables):
    """Run a playbook and kill it where it puts a config into the journal: before NetBox has it, or once it is there."""
    started = threading.Event()

    def fault(method, path, forward):
        if method != "POST" or "journal-entries" not in path:
            return forward()
        if moment == ANSWER:
            forward()
        started.wait()
        kill(run)
        return None

    with NetboxProxy(netbox.url, fault) as proxy:
        run = play.start(playbook, netbox_url=proxy.url, netbox_moved=True, **variables)
        started.set()
        assert play.finish(run).returncode == -signal.SIGKILL


def test_one_config_passes_with_its_hash_and_with_no_other(play_on, netbox):
    device = netbox.make()
    waiting = play_on.create(nodes=device)
    assert waiting.returncode == 0 and waiting.output.count("--- config of ") == 1, waiting.output
    hash_ = hash_in(waiting)
    assert f"This config has the hash {hash_}" in waiting.output and states(play_on)[0]["shown_as"] == hash_
    process_id = waiting.nodes[0]["process_id"]
    alone = play_on.resume(process_id, config_hash=hash_)
    assert alone.nodes[0]["status"] == "suspended" and hash_in(alone) == hash_, alone.output
    log = play_on.rows("SELECT * FROM process_steps")
    wrong = play_on.resume(process_id, confirm_config=True, config_hash="0" * 64)
    assert wrong.returncode == 0 and "since another set of configs was approved than the one that it was shown in" in wrong.output, wrong.output
    assert wrong.recap["changed"] == 0 and hash_in(wrong) == hash_ and play_on.rows("SELECT * FROM process_steps") == log
    no_hash = play_on.resume(process_id, confirm_config=True, config_hash="0815")
    assert no_hash.returncode == 2 and "Config_hash must be" in no_hash.message.replace("config_hash must", "Config_hash must"), no_hash.output
    right = play_on.resume(process_id, confirm_config=True, nodeflow_config_hash=f" {hash_.upper()} ")
    assert right.returncode == 0 and statuses(play_on) == ["completed"] and hash_in(right) is None, right.output


def test_twelve_configs_of_three_templates_and_an_odd_one_are_four_things_to_read(play, netbox, templates):
    devices = netbox.make_many(12)
    variables = templates(KINDS) | {"odd": devices[5]}
    waiting = play.create(nodes=devices, **variables)
    assert waiting.returncode == 0, waiting.output
    hash_ = hash_in(waiting)
    kinds = {device % 3 for device in devices if device != devices[5]}
    heads = re.findall(r"^--- (config of .*) ---$", waiting.output, re.MULTILINE)
    assert len(heads) == 1 + len(kinds) and f", {devices[5]})" in heads[0] and f"\n mtu {devices[5]}\n" in waiting.output, heads
    assert all(re.fullmatch(r"config of \d nodes; <name>, <ipv4 address> stand for each node's own values", head) for head in heads[1:]), heads
    assert all(f", {device})" in waiting.output for device in devices) and waiting.output.count("hostname <name>") == len(kinds)
    assert f"1 of the 12 stands alone: {waiting.nodes[5]['device']}" in waiting.output
    assert f"These 12 configs of {1 + len(kinds)} kinds have the hash {hash_}" in waiting.output
    assert {state["shown_as"] for state in states(play)} == {hash_}
    some = play(RESUME, process_ids=[row["process_id"] for row in waiting.nodes[:2]], **variables)  # which shows them in another set
    assert some.recap["changed"] and hash_in(some) != hash_
    done = play(RESUME, status="suspended", confirm_config=True, config_hash=hash_, **variables)
    assert done.returncode == 0 and statuses(play) == ["completed"] * 10 + ["suspended"] * 2, done.output
    assert "2 nodes, each: waits for its config to be confirmed, since another set of configs was approved" in done.output
    rest = play(RESUME, status="suspended", confirm_config=True, config_hash=hash_in(done), **variables)
    assert rest.returncode == 0 and statuses(play) == ["completed"] * 12, rest.output


def test_a_config_that_was_changed_after_it_was_approved_is_approved_again(play, netbox, templates):
    devices = netbox.make_many(3)
    hash_ = hash_in(play.create(nodes=devices, **templates(KINDS)))
    variables = templates(KINDS + f"{{% if node.device_id == {devices[1]} %}}\n more\n{{% endif %}}\n")
    done = play(RESUME, status="suspended", confirm_config=True, config_hash=hash_, **variables)
    assert done.returncode == 0 and statuses(play) == ["completed", "completed", "suspended"], done.output
    assert "waits for its config to be confirmed, since it has changed after it was approved" in done.output
    assert " confirmed:" in done.output and "\n more\n" in done.output.partition(" to be confirmed:")[2]
    again = hash_in(done)
    assert again != hash_ and netbox.status(devices[1]) == "staged"
    assert play(RESUME, status="suspended", confirm_config=True, config_hash=hash_, **variables).nodes[0]["status"] == "suspended"
    assert play(RESUME, status="suspended", confirm_config=True, config_hash=again, **variables).returncode == 0
    assert statuses(play) == ["completed"] * 3


def test_what_was_not_shown_is_not_what_was_approved(play, netbox):
    device = netbox.make()
    done = play.create(nodes=device, confirm_config=True, config_hash="a" * 64)
    assert done.nodes[0]["status"] == "suspended" and "since it had not been shown when config_hash was approved" in done.output, done.output
    hash_ = hash_in(done)
    [row] = play.rows("SELECT state FROM processes")
    state = json.loads(row["state"])
    del state["shown_as"]  # as a release before this one left it
    play.store.write(f"UPDATE processes SET state = '{json.dumps(state)}'")
    again = play(RESUME, status="suspended", confirm_config=True, config_hash=hash_)
    assert again.nodes[0]["status"] == "suspended" and "since an older release showed it, without a hash" in again.output, again.output
    assert play(RESUME, status="suspended", confirm_config=True, config_hash=hash_in(again)).nodes[0]["status"] == "completed"


def test_a_run_that_died_after_it_had_shown_its_configs_has_shown_none(play, netbox, templates):
    """The hash that a person copied from its output lets nothing pass, and neither does the one before it."""
    device = netbox.make()
    before = hash_in(play.create(nodes=device, **templates(KINDS)))
    variables = templates(KINDS + "more\n")
    play.environment["NODEFLOW_CONFIG_JOURNAL"] = "true"
    killed_at_the_journal(play, netbox, RESUME, ANSWER, status="suspended", lease_minutes=0, **variables)  # the store comes next
    assert len(journal(netbox, device)) == 1
    assert states(play)[0]["shown_as"] == before and "journalled" not in states(play)[0]
    done = play(RESUME, all=True, confirm_config=True, config_hash=before, netbox_moved=True, **variables)
    assert done.nodes[0]["status"] == "suspended" and "since it has changed after it was approved" in done.output, done.output
    assert len(journal(netbox, device)) == 1, "it was there already"
    assert play(RESUME, all=True, confirm_config=True, config_hash=hash_in(done), **variables).nodes[0]["status"] == "completed"


def test_removals_are_approved_as_well(play, netbox, templates):
    devices = netbox.make_many(3)
    removal = "no hostname {{ node.name }}\n"
    assert play.create(nodes=devices, confirm_config=True).returncode == 0
    waiting = play(TERMINATE, nodes=devices, **templates("x\n", removal))
    assert re.findall(r"^--- (.*) ---$", waiting.output, re.MULTILINE) == ["removal from 3 nodes; <name> stands for each node's own values", "end"]
    wrong = play(RESUME, status="suspended", confirm_config=True, config_hash="b" * 64, **templates("x\n", removal))
    assert {row["status"] for row in wrong.nodes} == {"suspended"}, wrong.output
    done = play(RESUME, status="suspended", confirm_config=True, config_hash=hash_in(waiting), **templates("x\n", removal))
    assert done.returncode == 0 and set(netbox.statuses(devices).values()) == {"offline"}, done.output


def test_what_two_workflows_wait_with_is_one_set(play, netbox):
    first, second = netbox.make_many(2)
    assert play.create(nodes=first, confirm_config=True).returncode == 0
    play(TERMINATE, nodes=first)
    play.create(nodes=second)
    both = play(RESUME, status="suspended")
    assert "These 2 configs have the hash" in both.output and both.output.count("the hash ") == 1, both.output
    done = play(RESUME, status="suspended", confirm_config=True, config_hash=hash_in(both))
    assert done.returncode == 0 and netbox.statuses([first, second]) == {first: "offline", second: "active"}, done.output


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_config_is_in_the_journal_once_and_again_when_it_changes(play_on, netbox, templates):
    play, device = play_on, netbox.make()
    variables = {"config_journal": True, "netbox_journal": True}
    fenced = "banner\n```\n````\n" + KINDS
    waiting = play.create(nodes=device, **variables, **templates(fenced))
    [text] = journal(netbox, device)
    process_id, state = waiting.nodes[0]["process_id"], states(play)[0]
    assert re.match(rf"Config of \S+ \(loc1, {device}\), to be confirmed \(process {process_id}, digest {state['shown']}\)\n\n`````\nbanner\n", text)
    assert text.endswith("\n`````") and "\n```\n````\nhostname " in text
    play(RESUME, status="suspended", **variables, **templates(fenced))
    again = play(RESUME, status="suspended", **variables, **templates(fenced))
    assert journal(netbox, device) == [text] and again.recap["changed"] == 0, again.output
    play(RESUME, status="suspended", **variables, **templates(KINDS))
    assert len(journal(netbox, device)) == 2
    play(RESUME, status="suspended", **variables, **templates(fenced))
    assert len(journal(netbox, device)) == 2, "the first one is there already"
    assert play(RESUME, status="suspended", confirm_config=True, **variables, **templates(fenced)).returncode == 0
    texts = journal(netbox, device)
    assert len(texts) == 3 and texts[2].startswith("Enrolled"), texts


def test_the_configs_of_many_are_in_their_journals_and_none_is_without_the_setting(play, netbox, templates):
    devices = netbox.make_many(5)
    long = "x" * 79 + "\n"
    variables = templates(KINDS + f"{{% if node.device_id == {devices[0]} %}}{{{{ long * 6000 }}}}{{% endif %}}") | {"long": long}
    requests = []

    def count(method, path, forward):
        if method == "POST" and "journal-entries" in path:
            requests.append(path)
        return forward()

    with NetboxProxy(netbox.url, count) as proxy:
        assert play.create(nodes=devices, config_journal=True, netbox_url=proxy.url, **variables).returncode == 0
        checked = play(RESUME, "--check", status="suspended", config_journal=True, netbox_url=proxy.url, **variables)
        assert checked.returncode == 0 and checked.results["provide_config_to_user"]["config_hash"] is None
    assert len(requests) == 3  # two parts of the long one, and its third with the rest
    first, *others = (journal(netbox, device) for device in devices)
    assert [len(texts) for texts in others] == [1] * 4 and len(first) == 3 and sum(text.count("x" * 79) for text in first) == 6000
    assert [re.search(r", (part \d of \d)\)", text)[1] for text in first] == ["part 1 of 3", "part 2 of 3", "part 3 of 3"]
    device = netbox.make()
    assert play.create(nodes=device, netbox_moved=True).returncode == 0 and journal(netbox, device) == []


@pytest.mark.parametrize("moment", [REQUEST, ANSWER])
def test_a_run_that_died_at_the_journal_leaves_one_entry(play, netbox, moment):
    device = netbox.make()
    variables = {"nodes": device, "config_journal": True, "lease_minutes": 0}
    killed_at_the_journal(play, netbox, "nodeflow.orchestrator.create_node", moment, **variables)
    assert len(journal(netbox, device)) == (moment == ANSWER)
    done = play(RESUME, all=True, config_journal=True, netbox_moved=True)
    assert done.nodes[0]["status"] == "suspended" and len(journal(netbox, device)) == 1, done.output


def test_a_journal_that_may_not_be_written_stops_the_nodes_that_it_is_of(play, netbox):
    devices = netbox.make_many(3)
    permissions = [Permission(["view"], [*READS, "ipam.ipaddress"]), Permission(["change"], ["dcim.device"])]
    writes = Permission(["view", "add"], ["extras.journalentry"], {"assigned_object_id__in": devices[:2]})
    with user_with(netbox, *permissions, writes) as token:
        done = play.create(nodes=devices, config_journal=True, netbox_token=token)
    assert statuses(play) == ["failed", "suspended", "suspended"], done.output
    assert "its config could not be written to its journal in NetBox (config_journal)" in done.output
    with user_with(netbox, *permissions) as token:
        other = play(RESUME, all=True, config_journal=True, netbox_token=token)
    assert statuses(play) == ["failed", "suspended", "suspended"], other.output  # those of the two are there
    assert play(RESUME, all=True, config_journal=True).nodes[0]["status"] == "suspended" and statuses(play) == ["suspended"] * 3
    assert [len(journal(netbox, device)) for device in devices] == [1, 1, 1]
