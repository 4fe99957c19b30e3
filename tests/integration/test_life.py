# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The life of a node after its enrolment: modify, terminate, enrol again; validate and reconcile. On SQLite and PostgreSQL alike."""

from __future__ import annotations

import json
import uuid

import pytest

from in_process import take_into_service
from lab_netbox import ipv4_of
from netbox_proxy import NetboxProxy

MODIFY, TERMINATE = "nodeflow.orchestrator.modify_node", "nodeflow.orchestrator.terminate_node"
VALIDATE, RECONCILE = "nodeflow.orchestrator.validate_node", "nodeflow.orchestrator.reconcile_nodes"

_ENROLMENT = (
    *("store_process_subscription", "fetch_ip_address_information", "set_status", "provide_config_to_user", "set_node_to_active"),
    *("update_node_in_netbox", "done"),
)
_CHANGE = ("store_process_subscription", "fetch_ip_address_information", "modify_subscription", "update_node_in_netbox", "done")
WHOLE_LIFE = [
    (workflow, step, "success")
    for workflow, steps in (
        ("create_node", _ENROLMENT),
        ("modify_node", _CHANGE),
        ("terminate_node", (*_CHANGE[:2], "provide_config_to_user", *_CHANGE[2:])),
        ("create_node", _ENROLMENT),
    )
    for step in steps
]
"""The log of a node that was enrolled, modified, terminated and enrolled again: workflow, step and how that ended."""

NOT_OURS = {"unenrolled": False}
"""The lab has active devices of other tests."""


@pytest.fixture
def enrolled(play_on, netbox):
    """Return the ids of so many devices that were enrolled."""

    def some(count=1):
        devices = [netbox.make() for _device in range(count)]
        take_into_service(play_on, *devices)
        return devices

    return some


def subscription(play, device):
    """The live subscription of a device, with its block; None where there is none."""
    rows = play.rows(f"SELECT * FROM subscriptions WHERE {play.store.device_id} = {device} AND status <> 'terminated'")
    assert len(rows) < 2
    for row in rows:
        block = row["block"] if isinstance(row["block"], dict) else json.loads(row["block"])
        return row | block["node"]
    return None


def processes(play, device):
    """Workflow, target and status of a device's processes, the oldest first."""
    query = (
        "SELECT workflow, target, p.status FROM processes p JOIN subscriptions s USING (subscription_id) "
        f"WHERE {play.store.device_id} = {device} ORDER BY started_at"
    )
    return [tuple(row.values()) for row in play.rows(query)]


def test_a_note_is_changed_once_and_only_the_note(play_on, netbox, enrolled):
    [device] = enrolled()
    netbox.set(device, status="failed")
    expected = play_on(MODIFY, "--check", "--diff", nodes=device, note="moved")
    assert expected.returncode == 0 and '"note": "moved"' in expected.output, expected.output
    assert '-        "insync": true' in expected.output and '"workflow": "modify_node"' in expected.output
    assert subscription(play_on, device)["note"] is None and len(processes(play_on, device)) == 1
    done = play_on(MODIFY, nodes=device, note="moved")
    assert done.returncode == 0, done.output
    row = subscription(play_on, device)
    assert (row["note"], bool(row["insync"]), row["status"]) == ("moved", True, "active")
    assert netbox.status(device) == "failed"  # which this was not for
    again = play_on(MODIFY, nodes=device, note="moved")
    assert (again.returncode, again.recap["changed"]) == (0, 0) and "there is nothing to change" in again.output
    unsaid = play_on(MODIFY, nodes=device, note="")
    assert unsaid.returncode == 2 and "clear=note" in unsaid.message and subscription(play_on, device)["note"] == "moved"
    both = play_on(MODIFY, nodes=device, note="x", clear=["note"])
    assert both.returncode == 2 and "names note, which is given a value at the same time; say one of the two" in both.message, both.output
    assert play_on(MODIFY, nodes=device, clear="note").returncode == 0
    assert subscription(play_on, device)["note"] is None
    assert processes(play_on, device)[1:] == [("modify_node", "MODIFY", "completed")] * 2


def test_a_node_that_was_renamed_and_addressed_anew_is_refreshed(play_on, netbox, enrolled):
    [device] = enrolled()
    address = netbox.device(device)["primary_ip4"]
    netbox.set(device, name=f"renamed-{device}")
    netbox.call("PATCH", f"ipam/ip-addresses/{address['id']}", {"address": ipv4_of(device, 99) + "/31"})
    done = play_on(MODIFY, nodes=device, refresh=True, customer_id="acme")
    assert done.returncode == 0, done.output
    row = subscription(play_on, device)
    assert row["node_name"] == f"renamed-{device}" and row["description"] == f"Node renamed-{device}"
    assert row["ipv4_loopback"].startswith("10.99.") and row["customer_id"] == "acme"


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_status_is_written_to_netbox_and_one_that_no_node_in_service_has_is_refused(play_on, netbox, enrolled):
    [device] = enrolled()
    assert play_on(MODIFY, nodes=device, node_status="offline", description="Spare").returncode == 0
    assert netbox.status(device) == "offline"
    row = subscription(play_on, device)
    assert (row["node_status"], row["description"], row["status"]) == ("offline", "Spare", "active")
    refused = play_on(MODIFY, nodes=device, node_status="planned")
    assert refused.returncode == 2 and "terminate it with terminate_node" in refused.message
    unknown = play_on(MODIFY, nodes=device, node_status="no-such-status")
    assert unknown.returncode == 2 and "NetBox refused the change" in unknown.message, unknown.output
    assert netbox.status(device) == "offline"
    nothing = play_on(MODIFY, nodes=device)
    assert nothing.returncode == 2 and "Say what to change" in nothing.message


def test_one_workflow_at_a_time_works_on_a_subscription(play_on, netbox, enrolled):
    [device] = enrolled()
    waiting = play_on(TERMINATE, nodes=device)
    assert waiting.returncode == 0 and "removal from" in waiting.output and "waits for its removal to be confirmed" in waiting.output
    [process_id] = [row["process_id"] for row in play_on.rows("SELECT process_id FROM processes WHERE status = 'suspended'")]
    for playbook, variables in ((MODIFY, {"note": "x"}), (TERMINATE, {"confirm_config": True})):
        refused = play_on(playbook, nodes=device, **variables)
        assert refused.returncode == 2 and f"process {process_id} (terminate_node) works on it" in refused.message, refused.output
    again = play_on.create(nodes=device)
    assert again.returncode == 0 and "terminate_node works on it" in again.output
    assert netbox.status(device) == "active"
    aborted = play_on("nodeflow.orchestrator.abort", process_ids=process_id)
    assert aborted.returncode == 0, aborted.output
    row = subscription(play_on, device)
    assert (row["status"], bool(row["insync"]), row["node_status"]) == ("active", True, "active")
    assert play_on(MODIFY, nodes=device, note="x").returncode == 0


def test_of_runs_that_start_at_once_each_change_of_a_node_is_one_runs(play_on, enrolled):
    devices = enrolled(4)
    runs = {note: play_on.start(MODIFY, nodes=devices, note=note) for note in ("a", "b", "c")}
    done = {note: play_on.finish(run) for note, run in runs.items()}
    assert not [one.output for one in done.values() if "Traceback" in one.output or "defect" in one.output]
    said = {note: {row["device_id"] for row in one.nodes if row["status"] == "completed"} for note, one in done.items()}
    refused = [note for note, completed in said.items() if len(completed) < len(devices)]
    for note in refused:
        assert done[note].returncode == 2 and any(why in done[note].output for why in ("works on it", "was changed meanwhile")), done[note].output
    for device in devices:
        changed = [status for workflow, _target, status in processes(play_on, device) if workflow == "modify_node"]
        by = [note for note, completed in said.items() if device in completed]
        assert by and changed == ["completed"] * len(by), (by, changed)
        row = subscription(play_on, device)
        assert row["note"] in by and bool(row["insync"])


def test_the_whole_life(play_on, netbox, soak):
    devices = netbox.make_many(100 if soak else 3)
    assert play_on.create(nodes=devices, confirm_config=True).returncode == 0
    assert play_on(MODIFY, nodes=devices, note="in service").returncode == 0
    done = play_on(TERMINATE, nodes=devices, confirm_config=True, node_status="planned", note="replaced")
    assert done.returncode == 0 and f"{len(devices)} nodes: {len(devices)} completed" in done.output, done.output
    rows = play_on.rows("SELECT status, insync, end_date, note FROM subscriptions")
    ended = [(row["status"], bool(row["insync"]), bool(row["end_date"]), row["note"]) for row in rows]
    assert ended == [("terminated", True, True, "replaced")] * len(devices)
    assert set(netbox.statuses(devices).values()) == {"planned"}
    again = play_on(TERMINATE, nodes=devices)
    assert (again.returncode, again.recap["changed"]) == (0, 0) and "was terminated before" in again.output
    assert play_on.create(nodes=devices, confirm_config=True).returncode == 0
    assert set(netbox.statuses(devices).values()) == {"active"}
    logs = play_on.rows(
        f"SELECT {play_on.store.device_id} AS device_id, s.status AS lifecycle, workflow, t.step, t.status FROM process_steps t "
        "JOIN processes USING (process_id) JOIN subscriptions s USING (subscription_id) ORDER BY process_step_id"
    )
    for device in devices:
        log = [row for row in logs if row["device_id"] == device]
        assert [(row["workflow"], row["step"], row["status"]) for row in log] == WHOLE_LIFE
        assert [row["lifecycle"] for row in log if row["step"] == "done"] == ["terminated"] * 3 + ["active"]


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_a_node_whose_device_is_gone_is_terminated_by_its_name(play_on, netbox, enrolled):
    [device] = enrolled()
    name = subscription(play_on, device)["node_name"]
    netbox.call("DELETE", f"dcim/devices/{device}")
    done = play_on(TERMINATE, nodes=name, confirm_config=True)
    assert done.returncode == 0, done.output
    assert subscription(play_on, device) is None


def test_a_run_without_a_choice_says_how_to_choose(play_on, enrolled):
    early = play_on(TERMINATE, nodes=1)
    assert early.returncode == 2 and "There is no store yet" in early.message
    enrolled()
    done = play_on(TERMINATE)
    assert done.returncode == 2 and "all_enrolled=true" in done.message
    unknown = play_on(MODIFY, subscription_ids="0b7b2b5e-0000-4000-8000-000000000000", note="x")
    assert unknown.returncode == 2 and "there is no subscription 0b7b2b5e" in unknown.message


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_what_differs_is_found_and_repaired_and_then_nothing_is_left(play_on, netbox, enrolled):
    fine, planned, renamed, moved, failed, gone, left, stuck, twice = devices = enrolled(9)
    netbox.set(planned, status="planned")
    netbox.set(renamed, name=f"renamed-{renamed}")
    netbox.set(moved, site=netbox.call("GET", "dcim/sites", slug="loc2")["results"][0]["id"])
    netbox.set(failed, status="failed")
    netbox.call("DELETE", f"dcim/devices/{gone}")
    of_device = f"UPDATE subscriptions SET {{0}} WHERE {play_on.store.device_id} = {{1}}"
    play_on.store.write(
        of_device.format(f"status = 'provisioning', insync = {False}", left),
        of_device.format(f"insync = {False}", stuck),
        "INSERT INTO subscriptions SELECT 'ffffffff-0000-4000-8000-000000000000', product, customer_id, status, insync, description, note, "
        f"'9999-01-01 00:00:00', end_date, version, block FROM subscriptions WHERE {play_on.store.device_id} = {twice}",
    )
    found = play_on(VALIDATE, **NOT_OURS)
    assert found.returncode == 2 and found.recap["changed"] == 0, found.output
    findings = found.results["validate_node"]["findings"]
    assert sorted((one["device_id"], one["problem"]) for one in findings) == sorted(
        [
            (planned, "status"),
            (renamed, "name"),
            (moved, "site"),
            (failed, "status"),
            (gone, "device_gone"),
            (left, "left_over"),
            (stuck, "not_insync"),
            (twice, "several_subscriptions"),
        ]
    )
    before = play_on.rows("SELECT * FROM subscriptions ORDER BY subscription_id")
    expected = play_on(RECONCILE, "--check", "--diff", device_gone="terminate", **NOT_OURS)
    assert expected.returncode == 0 and expected.recap["changed"] > 0, expected.output
    assert play_on.rows("SELECT * FROM subscriptions ORDER BY subscription_id") == before and netbox.status(planned) == "planned"
    done = play_on(RECONCILE, device_gone="terminate", **NOT_OURS)
    assert done.returncode == 0 and "8 nodes: 8 completed" in done.output, done.output
    assert netbox.status(planned) == "active" and netbox.status(failed) == "failed"
    assert subscription(play_on, renamed)["node_name"] == f"renamed-{renamed}"
    assert subscription(play_on, failed)["node_status"] == "failed"
    assert subscription(play_on, gone) is None and subscription(play_on, left) is None
    assert str(subscription(play_on, twice)["subscription_id"]) != "ffffffff-0000-4000-8000-000000000000"
    [note] = play_on.rows("SELECT note FROM subscriptions WHERE subscription_id = 'ffffffff-0000-4000-8000-000000000000'")
    assert str(subscription(play_on, twice)["subscription_id"]) in note["note"]
    assert len([row for row in play_on.rows("SELECT workflow, status FROM processes") if tuple(row.values()) == ("reconcile_node", "completed")]) == 8
    clean = play_on(VALIDATE, **NOT_OURS)
    assert clean.returncode == 0 and clean.results["validate_node"]["findings"] == [], clean.output
    again = play_on(RECONCILE, device_gone="terminate", **NOT_OURS)
    assert (again.returncode, again.recap["changed"]) == (0, 0), again.output
    assert fine in devices and netbox.status(fine) == "active"


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_the_store_can_win(play_on, netbox, enrolled):
    [device] = enrolled()
    was = netbox.device(device)
    other = netbox.call("POST", "ipam/ip-addresses", {"address": ipv4_of(device, 98) + "/32"})
    interface = netbox.call("GET", "dcim/interfaces", device_id=device)["results"][0]["id"]
    netbox.call("PATCH", f"ipam/ip-addresses/{other['id']}", {"assigned_object_type": "dcim.interface", "assigned_object_id": interface})
    site = netbox.call("GET", "dcim/sites", slug="loc2")["results"][0]["id"]
    netbox.set(device, name=f"other-{device}", primary_ip4=other["id"], site=site)
    wins = {"name": "store", "ipv4_loopback": "store", "site": "store"}
    done = play_on(RECONCILE, nodes=device, wins=wins)
    assert done.returncode == 0, done.output
    now = netbox.device(device)
    assert [now[name]["id"] for name in ("primary_ip4", "site")] == [was[name]["id"] for name in ("primary_ip4", "site")]
    assert now["name"] == was["name"]
    again = play_on(RECONCILE, nodes=device, wins=wins)
    assert (again.returncode, again.recap["changed"]) == (0, 0), again.output
    assert play_on(VALIDATE, nodes=device).returncode == 0
    wrong = play_on(RECONCILE, nodes=device, wins={"colour": "store"})
    assert wrong.returncode == 2 and "option wins takes netbox or store for each of" in wrong.message


def test_an_active_device_without_a_subscription_is_reported_and_adopted_on_request(play_on, netbox, enrolled):
    enrolled()
    device = netbox.make(status="active")
    found = play_on(VALIDATE, nodes=device)
    assert [one["problem"] for one in found.results["validate_node"]["findings"]] == ["no_subscription"]
    reported = play_on(RECONCILE, nodes=device)
    assert (reported.returncode, reported.recap["changed"]) == (0, 0) and "adopt=true gives it one" in reported.output
    done = play_on(RECONCILE, nodes=device, adopt=True, claim="store")
    assert done.returncode == 0, done.output
    row = subscription(play_on, device)
    assert (row["status"], bool(row["insync"]), row["node_status"]) == ("active", True, "active") and row["ipv4_loopback"] and row["start_date"]
    assert processes(play_on, device) == [("reconcile_node", "RECONCILE", "completed")]
    again = play_on.create(nodes=device)
    assert again.returncode == 0 and "is enrolled already" in again.output


def test_a_network_that_is_in_service_is_adopted_into_a_new_store(play_on, netbox):
    devices = [netbox.make(status="active") for _device in range(2)]
    settings = {"nodes": devices, "adopt": True, "claim": "store"}
    without = play_on(RECONCILE, nodes=devices)
    assert without.returncode == 2 and "There is no store there yet" in without.message
    expected = play_on(RECONCILE, "--check", **settings)
    assert expected.returncode == 0 and "2 nodes: 2 completed" in expected.output and not play_on.store.has_tables(), expected.output
    assert play_on(RECONCILE, **settings).returncode == 0
    assert [subscription(play_on, device)["status"] for device in devices] == ["active", "active"]
    again = play_on(RECONCILE, **settings)
    assert (again.returncode, again.recap["changed"]) == (0, 0), again.output


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_the_report_shows_what_a_validation_found(play_on, netbox, enrolled, tmp_path):
    [device] = enrolled()
    netbox.set(device, status="planned")
    done = play_on("nodeflow.orchestrator.report", validate=True, report_dest=str(tmp_path / "page.html"))
    assert done.returncode == 0, done.output
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "the status differs: active in the store, planned in NetBox" in page


def test_a_lab_begins_anew(play_on, netbox, enrolled, lab):
    devices = enrolled(2)
    asked = play_on("nodeflow.orchestrator.reset")
    assert asked.returncode == 2 and "confirm=true" in asked.message and netbox.status(devices[0]) == "active"
    expected = play_on("nodeflow.orchestrator.reset", "--check", "--diff")
    assert expected.returncode == 0 and "and remove 2 subscriptions and 2 processes from the store" in expected.output, expected.output
    assert len(play_on.rows("SELECT * FROM subscriptions")) == 2
    done = play_on("nodeflow.orchestrator.reset", confirm=True)
    assert (done.returncode, done.recap["changed"]) == (0, 1), done.output
    assert {netbox.status(device) for device in devices} == {"planned"} and not play_on.rows("SELECT * FROM subscriptions")
    again = play_on("nodeflow.orchestrator.reset")
    assert (again.returncode, again.recap["changed"]) == (0, 0) and "nothing to reset" in again.output


def test_a_netbox_that_is_no_lab_is_not_reset_unless_it_is_named(play, netbox, lab):
    def without_tag(method, path, forward):
        nothing = json.dumps({"count": 0, "next": None, "previous": None, "results": []}).encode()
        return forward()._replace(body=nothing) if "/extras/tags/" in path else forward()

    device = netbox.make()
    with NetboxProxy(lab["url"], without_tag) as proxy:
        play.environment["NETBOX_URL"] = proxy.url
        assert play.create(nodes=device, confirm_config=True).returncode == 0
        refused = play("nodeflow.orchestrator.reset", confirm=True)
        assert refused.returncode == 2 and "is no lab of ours" in refused.message and netbox.status(device) == "active"
        assert play("nodeflow.orchestrator.reset", confirm=True, force=proxy.url).returncode == 0
        assert netbox.status(device) == "planned"


@pytest.mark.parametrize("lost", ["before", "after"])
def test_a_journal_entry_whose_answer_was_lost_is_not_made_twice(play, netbox, lab, lost):
    def fault(method, path, forward):
        if method == "POST" and "/extras/journal-entries/" in path:
            if lost == "after":
                forward()
            return None
        return forward()

    device = netbox.make()
    with NetboxProxy(lab["url"], fault) as proxy:
        play.environment["NETBOX_URL"] = proxy.url
        done = play.create(nodes=device, confirm_config=True, netbox_journal=True)
        assert done.returncode == 2 and "its journal in NetBox could not be written" in done.message, done.output
        assert [(row["status"], row["step"]) for row in play.rows("SELECT status, step FROM processes")] == [("failed", "done")]
        proxy.fault = None
        resumed = play("nodeflow.orchestrator.resume", status="failed", netbox_journal=True)
        assert resumed.returncode == 0, resumed.output
    entries = netbox.call("GET", "extras/journal-entries", assigned_object_id=device, assigned_object_type="dcim.device")["results"]
    assert [entry["comments"].split()[0] for entry in entries] == ["Enrolled"]
    assert subscription(play, device)["status"] == "active"


def custom_field(play, lab, **settings):
    """Set a custom field up in NetBox, by a name of its own. It stays: NetBox would take it from all devices, which other tests are writing."""
    field = f"nodeflow_{uuid.uuid4().hex[:8]}"
    setup = {"netbox_custom_field": field, "netbox_token": lab["tokens"]["admin"]} | settings
    done = play("nodeflow.orchestrator.setup_netbox", **setup)
    assert (done.returncode, done.recap["changed"]) == (0, 1), done.output
    again = play("nodeflow.orchestrator.setup_netbox", **setup)
    assert (again.returncode, again.recap["changed"]) == (0, 0), again.output
    return field


def test_netbox_leads_to_the_subscription(play, netbox, lab):
    report = "https://reports.example.org/nodeflow.html"
    setup = {"netbox_custom_field": "nodeflow_in_check_mode", "netbox_token": lab["tokens"]["admin"], "report_url": report}
    assert play("nodeflow.orchestrator.setup_netbox", "--check", "--diff", **setup).returncode == 0
    assert netbox.call("GET", "extras/custom-fields", name="nodeflow_in_check_mode")["results"] == []
    # NetBox has one custom link of ours, so this is the only test that makes it
    field = custom_field(play, lab, report_url=report)
    device, other = netbox.make(), netbox.make()
    assert play.create(nodes=device, confirm_config=True, netbox_custom_field=field).returncode == 0
    key = str(subscription(play, device)["subscription_id"])
    page = netbox.page(f"dcim/devices/{device}", lab["username"], lab["password"])
    assert f'href="{report}#{key}"' in page
    assert "reports.example.org" not in netbox.page(f"dcim/devices/{other}", lab["username"], lab["password"])


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_the_custom_field_and_the_journal_tell_the_life(play_on, netbox, lab):
    field, device = custom_field(play_on, lab), netbox.make()
    settings = {"netbox_custom_field": field, "netbox_journal": True, "actor": "ann"}
    assert play_on.create(nodes=device, confirm_config=True, **settings).returncode == 0
    key = str(subscription(play_on, device)["subscription_id"])
    assert netbox.custom_fields(device)[field] == key
    assert play_on(MODIFY, nodes=device, note="new rack", **settings).returncode == 0
    netbox.set(device, custom_fields={field: None}, status="planned")
    differs = play_on(VALIDATE, nodes=device, netbox_custom_field=field).results["validate_node"]["findings"]
    assert sorted(one["problem"] for one in differs) == ["custom_field", "status"]
    assert play_on(RECONCILE, nodes=device, **settings).returncode == 0
    assert netbox.custom_fields(device)[field] == key
    again = play_on(RECONCILE, nodes=device, **settings)
    assert (again.returncode, again.recap["changed"]) == (0, 0), again.output
    assert play_on(TERMINATE, nodes=device, confirm_config=True, **settings).returncode == 0
    assert netbox.custom_fields(device)[field] is None
    entries = netbox.call("GET", "extras/journal-entries", assigned_object_id=device, assigned_object_type="dcim.device")["results"]
    texts = [entry["comments"] for entry in sorted(entries, key=lambda entry: entry["id"])]
    assert [text.partition(" by ann")[0] for text in texts] == ["Enrolled", "Modified", "Reconciled", "Terminated"] and "new rack" in texts[1]
    assert ": the custom field does not lead to the subscription, the status differs." in texts[2], texts
    assert ": node_status: active -> offline" in texts[3], texts
