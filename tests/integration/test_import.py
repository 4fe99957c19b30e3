# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Coming from an orchestrator whose workflow enrolled each device many times, or from another store."""

from __future__ import annotations

import datetime
import urllib.parse
import uuid

import psycopg
import pytest

from in_process import InProcess, call_module
from lab_netbox import ipv4_of
from orchestrator_database import OrchestratorDatabase
from player import Player
from stores import PostgresqlStore, SqliteStore, device_id_of

IMPORT, RECONCILE = "nodeflow.orchestrator.import_subscriptions", "nodeflow.orchestrator.reconcile_nodes"
VALIDATE = "nodeflow.orchestrator.validate_node"


@pytest.fixture
def orchestrator(lab):
    """A database of an orchestrator."""
    database = PostgresqlStore(lab["postgres_dsn"])
    yield OrchestratorDatabase(database.location)
    database.drop()


def block(netbox, device, **other):
    """What the orchestrator knows of a device."""
    found = netbox.device(device)
    values = {"node_id": device, "node_name": found["name"], "node_status": "active"}
    return values | {"ipv4_loopback": found["primary_ip4"]["address"], "ipv6_loopback": found["primary_ip6"]["address"]} | other


def test_a_device_that_was_enrolled_many_times_has_one_subscription_and_is_put_right(play_on, netbox, orchestrator):
    first, renamed, here = netbox.make(), netbox.make(), netbox.make()
    assert play_on.create(nodes=here, confirm_config=True).returncode == 0
    keys = [orchestrator.add(block(netbox, first), day=day, note="by hand" if day == 5 else None) for day in (3, 1, 5)]
    keys.append(orchestrator.add(block(netbox, renamed, node_name="as-it-was"), day=2))
    keys.append(orchestrator.add(block(netbox, here), day=1))
    keys.append(orchestrator.add({"node_id": first}, status="initial", process="failed", day=4))
    no_device = orchestrator.add({"node_name": "no id"})
    gone = orchestrator.add(block(netbox, first, node_id=2000000000))
    before = play_on.rows("SELECT * FROM subscriptions")
    expected = play_on(IMPORT, "--check", source=orchestrator.location)
    assert expected.returncode == 0 and "would be imported: 3 live, 4 terminated" in expected.output, expected.output
    assert play_on.rows("SELECT * FROM subscriptions") == before
    done = play_on(IMPORT, source=orchestrator.location)
    assert done.returncode == 0 and done.recap["changed"] == 1, done.output
    result = done.results["import_subscriptions"]
    assert result["imported"] == {"live": 3, "terminated": 4, "known": 0}
    assert [one["subscription_id"] for one in result["refused"]] == [no_device] and "points to no device" in result["refused"][0]["reason"]
    rows = {str(row["subscription_id"]): row for row in play_on.rows("SELECT * FROM subscriptions")}
    assert [rows[key]["status"] for key in keys] == ["terminated", "active", "terminated", "active", "terminated", "terminated"]
    assert keys[1] in rows[keys[0]]["note"] and rows[keys[2]]["note"].startswith("by hand; ") and rows[keys[1]]["note"] is None
    assert rows[keys[1]]["customer_id"] == "customer" and str(rows[keys[1]]["start_date"]).startswith("2026-01-02")
    statuses = sorted(row["status"] for row in play_on.rows("SELECT status FROM processes WHERE actor = 'ann'"))
    assert statuses == ["aborted"] + ["completed"] * 6
    log = play_on.rows("SELECT step, status, error FROM process_steps WHERE actor = 'ann' ORDER BY started_at, step")
    assert len(log) == 14 and [row["error"] for row in log if row["status"] == "failed"] == ["connection reset"]
    again = play_on(IMPORT, source=orchestrator.location)
    assert (again.returncode, again.recap["changed"]) == (0, 0) and again.results["import_subscriptions"]["imported"]["known"] == 7
    repaired = play_on(RECONCILE, device_gone="terminate", unenrolled=False)
    assert repaired.returncode == 0, repaired.output
    assert {netbox.status(device) for device in (first, renamed, here)} == {"active"}
    live = play_on.rows("SELECT block FROM subscriptions WHERE status <> 'terminated'")
    assert sorted(map(device_id_of, live)) == sorted([first, renamed, here]) and rows[gone]["status"] == "active"
    nothing = play_on(RECONCILE, device_gone="terminate", unenrolled=False)
    assert (nothing.returncode, nothing.recap["changed"]) == (0, 0), nothing.output
    netbox.set(first, site=netbox.call("GET", "dcim/sites", slug="loc2")["results"][0]["id"])
    moved = play_on(VALIDATE, nodes=first).results["validate_node"]["findings"]
    assert [(one["problem"], one["store"], one["netbox"]) for one in moved] == [("site", "loc1", "loc2")]  # known since it was repaired


def test_every_device_of_many_comes_out_with_its_oldest_subscription(play_on, netbox, orchestrator, soak):
    devices = netbox.make_many(271 if soak else 6)
    each = 10 if soak else 1
    gone, renamed, readdressed = (devices[place * each : (place + 1) * each] for place in range(3))
    blocks = [block(netbox, device) for device in devices]
    oldest = {values["node_id"]: orchestrator.add(values, day=1) for values in blocks}
    later = [orchestrator.add(values, day=day) for day in range(2, 9 if soak else 4) for values in blocks]
    left = [orchestrator.add(values, status=status, process="failed") for values, status in zip(blocks, ["initial"] * 5 + ["provisioning"] * 2)]
    for device in gone:
        netbox.call("DELETE", f"dcim/devices/{device}")
    for device in renamed:
        netbox.set(device, name=f"renamed-{device}")
    for device in readdressed:
        netbox.address(device, primary_ip4=ipv4_of(device, 96) + "/31")
    done = play_on(IMPORT, source=orchestrator.location)
    result = done.results["import_subscriptions"]
    assert result["imported"] == {"live": len(devices), "terminated": len(later) + len(left), "known": 0} and result["refused"] == [], done.output
    there = devices[each:]
    assert set(netbox.statuses(there).values()) == {"planned"}
    done = play_on(RECONCILE, device_gone="terminate", unenrolled=False)
    assert done.returncode == 0, done.output
    assert netbox.statuses(devices) == dict.fromkeys(there, "active")
    live = {device_id_of(row): str(row["subscription_id"]) for row in play_on.rows("SELECT * FROM subscriptions WHERE status <> 'terminated'")}
    assert live == {device: oldest[device] for device in there}
    names = play_on.rows(f"SELECT description FROM subscriptions WHERE status = 'active' AND {play_on.store.device_id} IN ({', '.join(map(str, renamed))})")
    assert sorted(row["description"] for row in names) == sorted(f"Node renamed-{device}" for device in renamed)
    for playbook, variables in ((IMPORT, {"source": orchestrator.location}), (RECONCILE, {"device_gone": "terminate", "unenrolled": False})):
        again = play_on(playbook, **variables)
        assert (again.returncode, again.recap["changed"]) == (0, 0), again.output
    assert play_on(VALIDATE, unenrolled=False).results["validate_node"]["findings"] == []


def test_what_an_orchestrator_can_leave_is_settled_or_refused(play, netbox, orchestrator):
    disabled, unwritten, twice, never = (netbox.make() for _device in range(4))
    old = orchestrator.add(block(netbox, disabled), status="disabled", day=1)
    active = orchestrator.add(block(netbox, disabled), day=2)
    planned = orchestrator.add(block(netbox, unwritten, node_status="planned"))
    mixed = orchestrator.add(block(netbox, twice))
    orchestrator.correct(mixed, {"node_id": disabled})
    left = [orchestrator.add(block(netbox, never), status=status, process="failed") for status in ("initial", "provisioning")]
    done = play(IMPORT, source=orchestrator.location)
    assert done.returncode == 0, done.output
    [refused] = done.results["import_subscriptions"]["refused"]
    assert refused["subscription_id"] == mixed and "several values of node_id" in refused["reason"]
    rows = {row["subscription_id"]: row for row in play.rows("SELECT * FROM subscriptions")}
    assert {key: rows[key]["status"] for key in (old, active, planned, *left)} == {
        old: "terminated", active: "active", planned: "active",
        **dict.fromkeys(left, "terminated"),
    }
    assert active in rows[old]["note"] and all("by a process that is over" in rows[key]["note"] for key in left)
    assert play(RECONCILE, unenrolled=False).returncode == 0
    assert netbox.statuses([disabled, unwritten, twice, never]) == {disabled: "active", unwritten: "active", twice: "planned", never: "planned"}


def test_a_process_of_two_subscriptions_comes_with_the_first_and_the_second_can_follow(play_on, netbox, orchestrator):
    devices = {}
    for device in (netbox.make(), netbox.make()):
        values = block(netbox, device)
        del values["node_id"]
        devices[orchestrator.add(values)] = device
    orchestrator.share(*devices)
    orchestrator.share(*reversed(devices))
    for key, device in devices.items():
        orchestrator.correct(key, {"node_id": device})
        done = play_on(IMPORT, source=orchestrator.location)
        assert done.returncode == 0 and done.results["import_subscriptions"]["imported"]["live"] == 1, done.output
    assert len(play_on.rows("SELECT * FROM processes")) == 2


@pytest.mark.parametrize("month", ["2024-12", "2023-11", "2023-06", "fork"])
def test_an_older_orchestrator_is_imported_like_one_of_today(lab, postgresql, orchestrator, tmp_path, month):
    for number in range(1, 5):
        values = {"node_id": number, "node_name": f"r{number}", "node_status": "active", "ipv4_loopback": f"10.0.0.{number}/32"}
        orchestrator.add(values, status="provisioning" if number == 4 else "active", process="failed" if number == 4 else "completed", day=number)
    found = []
    for store in (SqliteStore(tmp_path), postgresql):
        settings = {"netbox_url": lab["url"], "netbox_token": "none", "store": store.location, "source": orchestrator.location}
        done = call_module("import_subscriptions", settings)
        assert not done.get("failed") and done["imported"] == {"live": 3, "terminated": 1, "known": 0} and not done["refused"], done
        assert call_module("import_subscriptions", settings)["changed"] is False
        found.append({table: store.rows(f"SELECT * FROM {table} ORDER BY 2, 1") for table in ("subscriptions", "processes", "process_steps")})
        found[-1]["subscriptions"] = [row | {"device_id": device_id_of(row)} for row in found[-1]["subscriptions"]]
        if len(found) == 1:
            orchestrator.make_older(month)
    today, older = found
    assert len({row["customer_id"] for row in older["subscriptions"]}) == 1
    assert uuid.UUID(older["subscriptions"][0]["customer_id"]) if month == "2023-06" else older["subscriptions"][0]["customer_id"] == "customer"
    for table, names in (
        ("subscriptions", ("subscription_id", "status", "description", "device_id")),
        ("processes", ("process_id", "subscription_id", "workflow", "target", "status", "error", "actor", "started_at", "updated_at")),
        ("process_steps", ("process_id", "step_id", "step", "status", "error", "actor", "started_at", "completed_at")),
    ):
        now, then = ([{name: as_text(row[name]) for name in names} for row in some[table]] for some in (today, older))
        key = names[1] if table == "process_steps" else names[0]
        assert sorted(then, key=lambda row: row[key]) == sorted(now, key=lambda row: row[key])


def as_text(value):
    """A moment in UTC as SQLite keeps it, and anything else as it is."""
    return value.astimezone(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f") if isinstance(value, datetime.datetime) else value


def test_a_database_that_is_neither_is_called_the_source(lab, postgresql, orchestrator, play):
    settings = {"netbox_url": lab["url"], "netbox_token": "none", "store": play.store.location}
    postgresql.write("CREATE TABLE accounts (id integer)")
    for source in (postgresql, orchestrator):
        if source is orchestrator:
            with psycopg.connect(orchestrator.location) as connection:
                connection.execute("ALTER TABLE products RENAME COLUMN name TO title")
        done = call_module("import_subscriptions", settings | {"source": source.location})
        assert done["failed"] and done["msg"].startswith("The source ") and "the store" not in done["msg"], done["msg"]


def test_a_store_that_is_brought_in_whole_is_marked_as_moved(lab, store, netbox, tmp_path):
    theirs, ours = InProcess(lab, SqliteStore(tmp_path / "other")), InProcess(lab, store)
    done, waiting, later = netbox.make(), netbox.make(), netbox.make()
    assert theirs.create(nodes=[done], confirm_config=True).returncode == 0
    assert theirs.create(nodes=[waiting]).returncode == 0
    said = []
    options = ours.settings | {"source": theirs.store.location}
    expected = call_module("import_subscriptions", options, check_mode=True, said=said)
    assert not expected["source_moved"] and "changed by hand" not in "\n".join(said)
    theirs.store.write("UPDATE process_steps SET actor = 'eve' WHERE step = 'done'")
    partly = call_module("import_subscriptions", options, said=said)
    assert partly["imported"]["live"] == 1 and not partly["source_moved"] and "was not marked as moved: 1 of its subscriptions" in "\n".join(said)
    [warning] = [text for text in said if "has step logs that were changed by hand" in text]
    assert "the line of done, attempt 1, which is the last one now, was changed" in warning, warning
    [process] = theirs.rows("SELECT process_id FROM processes WHERE status = 'suspended'")
    assert theirs.resume(process["process_id"], confirm_config=True).returncode == 0
    expected = call_module("import_subscriptions", options, check_mode=True)
    assert expected["source_moved"] and not theirs.rows("SELECT 1 FROM nodeflow_store WHERE name = 'moved_to'")
    whole = call_module("import_subscriptions", options)
    assert whole["imported"] == {"live": 1, "terminated": 0, "known": 1} and whole["source_moved"] and whole["changed"], whole
    refused = theirs.create(nodes=[later])
    assert refused.returncode == 2 and "was moved to" in refused.output
    again = call_module("import_subscriptions", options)
    assert not again.get("failed") and not again["changed"] and not again["source_moved"], again
    third = call_module("import_subscriptions", options | {"store": str(tmp_path / "third.db")})
    assert third["failed"] and "The source" in third["msg"] and "import from that one" in third["msg"]


def test_what_was_marked_too_late_is_marked_by_the_same_command_again(lab, play, netbox, tmp_path):
    theirs = InProcess(lab, SqliteStore(tmp_path / "other"))
    device = netbox.make()
    assert theirs.create(nodes=[device], confirm_config=True).returncode == 0
    options = theirs.settings | {"store": play.store.location, "source": theirs.store.location}
    assert call_module("import_subscriptions", options)["source_moved"]
    theirs.store.write("DELETE FROM nodeflow_store WHERE name = 'moved_to'")  # as after a crash between the two commits
    again = call_module("import_subscriptions", options)
    assert again["source_moved"] and again["changed"] and again["imported"]["known"] == 1
    theirs.store.write("DELETE FROM nodeflow_store WHERE name = 'moved_to'", "UPDATE subscriptions SET status = 'terminated'")
    went_on = call_module("import_subscriptions", options)
    assert not went_on["source_moved"] and "was changed there since" in went_on["refused"][0]["reason"]


def test_a_source_that_may_only_be_read_is_imported_and_said_not_to_be_marked(lab, play, netbox, postgresql):
    theirs = InProcess(lab, postgresql)
    assert theirs.create(nodes=[netbox.make()], confirm_config=True).returncode == 0
    role = "reader_" + postgresql.name
    postgresql.write(f"CREATE ROLE {role} LOGIN PASSWORD 'read'", f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    try:
        location = urllib.parse.urlsplit(postgresql.location)
        source = f"postgresql://{role}:read@{location.netloc.rpartition('@')[2]}{location.path}"
        said = []
        done = call_module("import_subscriptions", theirs.settings | {"store": play.store.location, "source": source}, said=said)
        assert done["imported"]["live"] == 1 and not done["source_moved"], done
        assert "was not marked as moved" in "\n".join(said) and "permission denied" in "\n".join(said), said
    finally:
        postgresql.write(f"DROP OWNED BY {role}", f"DROP ROLE {role}")


def test_another_store_is_brought_in_with_its_log(lab, play_on, netbox, tmp_path):
    other = Player(lab, tmp_path, SqliteStore(tmp_path / "other"))
    ours, theirs, waiting = netbox.make(), netbox.make(), netbox.make()
    assert play_on.create(nodes=ours, confirm_config=True).returncode == 0
    assert other.create(nodes=theirs, confirm_config=True).returncode == 0
    assert other.create(nodes=waiting).returncode == 0
    done = play_on(IMPORT, source=other.store.location)
    assert done.returncode == 0, done.output
    assert done.results["import_subscriptions"]["imported"] == {"live": 1, "terminated": 0, "known": 0}
    [refused] = done.results["import_subscriptions"]["refused"]
    assert "is suspended there; finish or abort it first" in refused["reason"]
    live = play_on.rows("SELECT block FROM subscriptions")
    assert sorted(map(device_id_of, live)) == sorted([ours, theirs])
    assert len(play_on.rows("SELECT * FROM process_steps")) == 14
    assert play_on(IMPORT, source=other.store.location).recap["changed"] == 0


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("/no/such/place.db", "There is no store to import from"),
        ("mysql://u:p@127.0.0.1/x", "URL cannot be used"),
        ("postgresql://u:verysecret@127.0.0.1:1/x", "connection"),
    ],
)
def test_a_source_that_is_none(play, netbox, source, sentence):
    assert netbox
    done = play(IMPORT, source=source)
    assert done.returncode == 2 and sentence.lower() in done.message.lower(), done.message
    assert "verysecret" not in done.output
