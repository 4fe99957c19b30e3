# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One row that cannot be read, of the store or of NetBox's answer, stops that node alone. In this process, against the real NetBox."""

from __future__ import annotations

import json

import pytest

from in_process import InProcess, call_module
from netbox_proxy import NetboxProxy
from stores import device_id_of


@pytest.fixture
def run(lab, store):
    """Runs playbooks' steps and modules on a store of each kind."""
    return InProcess(lab, store)


def call(run, module, said=None, **options):
    """The result of a module."""
    return call_module(module, run.settings | options, said=said)


def change(run, workflow, **options):
    """The rows after the steps of a workflow that changes nodes, and all that was said."""
    said = []
    form = "reconcile_form" if workflow == "reconcile_node" else "subscription_form"
    steps = ["store_process_subscription", "fetch_ip_address_information", "modify_subscription", "update_node_in_netbox", "done"]
    result = call(run, form, said, **({} if form == "reconcile_form" else {"workflow": workflow}), **options)
    for step in steps:
        if any(row["status"] == "running" for row in result["nodes"]):
            result = call(run, step, said, nodes=result["nodes"])
    return {row["device_id"]: row for row in result["nodes"]}, "\n".join([*said, result["msg"]])


DAMAGE = {
    "address": ("block = '{\"node\": {\"node_id\": %d, \"ipv4_loopback\": \"10.0.0.999\"}}'", "ipv4_loopback"),
    "lifecycle": ("status = 'archived', insync = %d > 0", "archived"),
    "product": ("product = 'Port', description = 'Port %d'", "Port"),
    "null": ("block = 'null', note = '%d'", "block"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_subscription_that_cannot_be_read_stops_its_own_node_alone(run, netbox, damage):
    bad, good, free = netbox.make(), netbox.make(), netbox.make()
    assert run.create(nodes=[bad, good], confirm_config=True).returncode == 0
    statement, reason = DAMAGE[damage]
    [own] = [row["subscription_id"] for row in run.rows("SELECT * FROM subscriptions") if device_id_of(row) == bad]
    run.store.write(f"UPDATE subscriptions SET {statement % bad} WHERE subscription_id = '{own}'")
    [damaged] = run.rows(f"SELECT * FROM subscriptions WHERE subscription_id = '{own}'")
    netbox.set(good, status="offline")
    checked = call(run, "validate_node", unenrolled=False)
    assert {(one["device_id"], one["problem"]) for one in checked["findings"]} == {(bad, "unreadable"), (good, "status")}, checked
    assert reason in next(one["message"] for one in checked["findings"] if one["device_id"] == bad)
    rows, said = change(run, "modify_node", all_enrolled=True, note="seen")
    assert (rows[bad]["status"], rows[good]["status"]) == ("failed", "completed") and reason in said, said
    rows, said = change(run, "reconcile_node", unenrolled=False)
    assert (rows[bad]["status"], rows[good]["status"]) == ("unchanged", "completed") and reason in said, said
    netbox.set(bad, status="planned")
    done = run.create(nodes=[bad, free], confirm_config=True)
    rows = {row["device_id"]: row for row in done.nodes}
    assert (rows[bad]["status"], rows[free]["status"]) == ("failed", "completed"), done.output
    assert str(damaged["subscription_id"]) in rows[bad]["message"] and reason in rows[bad]["message"]
    rows, said = change(run, "terminate_node", subscription_ids=[str(damaged["subscription_id"])])
    assert rows[bad]["status"] == "failed" and reason in said
    assert run.rows(f"SELECT * FROM subscriptions WHERE subscription_id = '{own}'") == [damaged]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ("state = '{}'", "state has no"),
        ("state = '[]'", "its state is no dictionary"),
        ("workflow = 'create_port'", "create_port"),
        ("workflow_version = 99", "version 99"),
        ("step = 'paint_it'", "paint_it"),
    ],
)
def test_a_process_that_cannot_be_continued_stops_its_own_node_alone(run, netbox, damage, reason):
    bad, good = netbox.make(), netbox.make()
    assert run.create(nodes=[bad, good]).returncode == 0
    ids = {device_id_of(row): row["process_id"] for row in run.rows("SELECT * FROM processes JOIN subscriptions USING (subscription_id)")}
    run.store.write(f"UPDATE processes SET {damage} WHERE process_id = '{ids[bad]}'")
    [damaged] = run.rows(f"SELECT * FROM processes WHERE process_id = '{ids[bad]}'")
    done = run.resume(*ids.values(), confirm_config=True)
    rows = {row.get("subscription_id"): row for row in done.nodes}
    assert sorted(row["status"] for row in rows.values()) == ["completed", "failed"], done.output
    assert reason in rows[damaged["subscription_id"]]["message"], rows
    assert netbox.statuses([bad, good])[good] == "active"
    if "version" not in damage and "step" not in damage:  # an abort takes a process from wherever it stands
        aborted = call(run, "abort", process_ids=[ids[bad]])
        assert aborted.get("failed") and reason in aborted["msg"], aborted
    assert run.rows(f"SELECT status FROM processes WHERE process_id = '{ids[good]}'") == [{"status": "completed"}]


def without(device_id, field):
    """A fault that takes a field of one device out of each of NetBox's listings."""

    def fault(method, path, forward):
        answer = forward()
        if method != "GET" or "/dcim/devices" not in path:
            return answer
        body = json.loads(answer.body)
        for device in body.get("results", []):
            if device["id"] == device_id:
                device[field] = {"slug": 7} if field == "site" else None
        return answer._replace(body=json.dumps(body).encode())

    return fault


@pytest.mark.parametrize("field", ["status", "site", "last_updated"])
def test_a_device_of_a_listing_that_cannot_be_read_stops_its_own_node_alone(run, netbox, field):
    bad, good, enrolled = netbox.make(), netbox.make(), netbox.make()
    site = netbox.device(bad)["site"]["slug"]
    assert run.create(nodes=[enrolled], confirm_config=True).returncode == 0
    with NetboxProxy(run.settings["netbox_url"], without(bad, field)) as proxy:
        run.settings |= {"netbox_url": proxy.url, "netbox_moved": True}
        done = run.create(nodes=[bad, good], confirm_config=True)
        rows = {row["device_id"]: row for row in done.nodes}
        assert (rows[bad]["status"], rows[good]["status"]) == ("failed", "completed"), done.output
        assert "cannot be read" in rows[bad]["message"] and str(bad) in rows[bad]["message"]
        form = call(run, "initial_input_form", device_filter={"site": site, "id": [bad, netbox.make()]})
        assert {row["status"] for row in form["nodes"]} == {"running", "failed"}, form
    with NetboxProxy(netbox.url, without(enrolled, field)) as proxy:
        run.settings |= {"netbox_url": proxy.url}
        found = call(run, "validate_node", nodes=[enrolled, good])["findings"]
        assert [(one["device_id"], one["problem"]) for one in found] == [(enrolled, "device_unreadable")]
        for workflow in ("modify_node", "terminate_node"):
            rows, said = change(run, workflow, nodes=[enrolled], note="x")
            assert rows[enrolled]["status"] == "failed" and "cannot be read" in said
    assert netbox.status(enrolled) == "active"
