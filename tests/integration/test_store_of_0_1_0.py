# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A store as release 0.1.0 left it: for the team that upgrades the collection while processes wait."""

from __future__ import annotations

import collections
import datetime
import itertools

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._reports.page import data_of
from in_process import call_module
from store_of_0_1_0 import Device, fill, lives, made_up

SCENARIOS = 40
STANDING = ("failed", "suspended", "running")


def moment(text):
    """A moment, as SQL or a reader gives it."""
    return text and datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.timezone.utc)


@pytest.fixture
def filled(lab, store):
    """The store, with a life of each scenario in it, and these lives."""
    made = list(lives(made_up(number) for number in range(1, SCENARIOS + 1)))
    fill(store, lab["url"], made)
    return store, made


def test_the_lives_are_of_every_kind():
    made = list(lives(made_up(number) for number in range(1, SCENARIOS + 1)))
    assert len({life.scenario for life in made}) == SCENARIOS
    assert next(lives([made_up(7)])).scenario == made[0].scenario
    last = [life.processes[-1] for life in made]
    assert {row["status"] for row in last} == {"running", "failed", "suspended", "completed", "aborted"}
    assert {row["workflow"] for row in last} == {"create_node", "modify_node", "terminate_node", "reconcile_node"}


def test_every_reader_shows_what_is_stored(filled, tmp_path):
    store, made = filled
    shown = call_module("subscription_info", {"store": store.location})["subscriptions"]
    rows = {row["subscription_id"]: row for life in made for row in life.subscriptions}
    assert {one["subscription_id"] for one in shown} == set(rows)
    for one in shown:
        row = rows[one["subscription_id"]]
        for field in ("product", "customer_id", "status", "description", "note", "version"):
            assert one[field] == row[field], (field, one)
        assert (one["node"], one["insync"]) == (row["block"]["node"], bool(row["insync"])) and one["problem"] is None
        assert [moment(one[field]) for field in ("start_date", "end_date")] == [moment(row[field]) for field in ("start_date", "end_date")]

    shown = call_module("process_info", {"store": store.location, "steps": True})["processes"]
    rows = {row["process_id"]: row for life in made for row in life.processes}
    log = [line for life in made for line in life.process_steps]
    assert {one["process_id"] for one in shown} == set(rows)
    for one in shown:
        row = rows[one["process_id"]]
        for field in ("subscription_id", "workflow", "target", "step", "error", "actor", "run_id"):
            assert one[field] == row[field], (field, one)
        assert one["status"] == {"running": "interrupted"}.get(row["status"], row["status"]) and one["problem"] is None
        assert bool(one["continue_with"]) == (row["status"] in STANDING) == bool(one["abort_with"]), one
        told = [(line["step_id"], line["step"], line["attempt"], line["status"], line["error"], line["changes"]) for line in one["steps"]]
        assert told == [
            (line["step_id"], line["step"], line["attempt"], line["status"], line["error"], line["changes"])
            for line in log
            if line["process_id"] == one["process_id"]
        ]

    page = tmp_path / "report.html"
    assert not call_module("report", {"store": store.location, "dest": str(page)}).get("failed")
    assert all(key in page.read_text(encoding="utf-8") for key in rows) and data_of(page.read_text(encoding="utf-8"))


def test_the_inventory_has_the_subscriptions(filled, play_on):
    _store, made = filled
    done = play_on.tasks("- ansible.builtin.debug:\n    msg: \"{{ groups['all'] | length }} hosts\"", "-i", inventory(play_on))
    live = {row["subscription_id"] for life in made for row in life.subscriptions if row["status"] != "terminated"}
    assert done.returncode == 0 and f'"{len(live)} hosts"' in done.output, done.output


def test_with_check_the_inventory_does_not_bring_it_up_to_date(filled, play_on):
    store, _made = filled
    layout = "SELECT value FROM nodeflow_store WHERE name = 'schema_version'"
    before = store.rows(layout)
    done = play_on.tasks("- ansible.builtin.debug:", "--check", "-i", inventory(play_on))
    assert "has the layout of an older release" in " ".join(done.output.split()) and store.rows(layout) == before, done.output


def inventory(play):
    """The file of an inventory of the subscriptions."""
    path = play.directory / "all.nodeflow.yml"
    path.write_text("plugin: nodeflow.orchestrator.subscriptions\n", encoding="utf-8")
    return str(path)


def test_every_process_goes_on(play_on, netbox, lab):
    known = netbox.call("GET", "dcim/devices", id=netbox.make_many(SCENARIOS), limit=SCENARIOS)["results"]
    made = list(lives([Device(one["id"], one["name"], one["primary_ip4"]["address"], one["primary_ip6"]["address"]) for one in known]))
    for writes in itertools.zip_longest(*([*life.writes, {"status": life.device_status}] for life in made)):
        netbox.call("PATCH", "dcim/devices", [{"id": life.device.id} | write for life, write in zip(made, writes) if write])
    fill(play_on.store, lab["url"], made)
    standing = [life for life in made if life.processes[-1]["status"] in STANDING]
    half_aborted = [life for life in standing if life.processes[-1]["step"] == "abort"]
    going_on = [life.processes[-1]["process_id"] for life in standing if life not in half_aborted]
    resumed = play_on.resume(*going_on, confirm_config=True)
    assert resumed.returncode == 0, resumed.output
    # What 0.1.0 showed is not what is rendered now, so these are asked for once more.
    asked = [row["process_id"] for row in resumed.nodes if row["status"] == "suspended"]
    assert play_on.resume(*asked, confirm_config=True).returncode == 0
    aborted = play_on("nodeflow.orchestrator.abort", process_ids=[life.processes[-1]["process_id"] for life in half_aborted], reason="wrong rack")
    assert aborted.returncode == 0, aborted.output
    ended = play_on.rows("SELECT status FROM processes")
    before = collections.Counter(row["status"] for life in made for row in life.processes)
    assert collections.Counter(row["status"] for row in ended) == {
        "completed": before["completed"] + len(going_on),
        "aborted": before["aborted"] + len(half_aborted),
    }
    ends = {"terminate_node": "offline", "create_node": "active", "modify_node": "active", "reconcile_node": "active"}
    statuses = netbox.statuses([life.device.id for life in made])
    for life in made:
        gone = life in half_aborted or life.processes[-1]["status"] == "aborted"
        assert statuses[life.device.id] == ("planned" if gone else ends[life.processes[-1]["workflow"]]), life.scenario
    found = play_on("nodeflow.orchestrator.validate_node", nodes=[life.device.id for life in standing if life.processes[-1]["workflow"] != "terminate_node"])
    assert found.returncode == 0 and found.results["validate_node"]["findings"] == [], found.output
