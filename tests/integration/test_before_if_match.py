# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A NetBox before 4.6, which knows no If-Match: the real one, which says that it is 4.5 and is never asked for a condition.

Before 4.6, NetBox loads what a PATCH is for and then saves the whole row. Where that matters, the proxy does the same: it reads the device, waits, and
writes what it has read beside what was asked for.
"""

from __future__ import annotations

import json
import threading

import psycopg
import pytest

from netbox_proxy import Answer, NetboxProxy
from netbox_users import READS, Permission, user_with
from stores import SqliteStore


def says_4_5(answer):
    """The answer as NetBox 4.5 would head it."""
    return answer._replace(headers={name: value for name, value in answer.headers.items() if name.lower() != "etag"} | {"API-Version": "4.5"})


class WholeRows:
    """The first PATCH saves the device as it was before ``meanwhile`` was called, with what was asked for."""

    def __init__(self, netbox, meanwhile):
        self.netbox, self.meanwhile = netbox, meanwhile

    def __call__(self, method, path, forward):
        if method != "PATCH" or not self.meanwhile:
            return says_4_5(forward())
        meanwhile, self.meanwhile = self.meanwhile, None

        def as_loaded(body):
            [change] = json.loads(body)
            row = self.netbox.device(change["id"])
            meanwhile()
            fields = {"status": row["status"]["value"], "comments": row["comments"], "serial": row["serial"]}
            return json.dumps([fields | change]).encode()

        return says_4_5(forward(as_loaded))


def test_a_device_is_read_before_the_claim_and_the_change_log_after_it(play, netbox, lab):
    device = netbox.make()
    with NetboxProxy(lab["url"], lambda method, path, forward: says_4_5(forward())) as proxy:
        done = play.create(nodes=device, confirm_config=True, netbox_url=proxy.url)
    assert done.returncode == 0, done.output
    asked = [(method, path.split("?")[0].removeprefix("/api/")) for method, path in proxy.requests]
    devices, changes, write = ("GET", "dcim/devices/"), ("GET", "core/object-changes/"), ("PATCH", "dcim/devices/")
    assert asked == [devices, changes, devices, write, devices, changes, devices, ("GET", "ipam/ip-addresses/"), devices, write]
    assert netbox.status(device) == "active"


def test_of_two_claims_in_the_same_moment_the_change_log_keeps_one(play, netbox, lab, tmp_path):
    device = netbox.make()
    both_have_read = threading.Barrier(2, timeout=120)
    claims = []

    def fault(method, path, forward):
        if method == "PATCH" and len(claims) < 2:
            claims.append(path)
            both_have_read.wait()
        return says_4_5(forward())

    stores = [SqliteStore(tmp_path / name) for name in ("one", "two")]
    with NetboxProxy(lab["url"], fault) as proxy:
        runs = []
        for store in stores:
            play.store = store
            runs.append(play.start("nodeflow.orchestrator.create_node", nodes=device, confirm_config=True, netbox_url=proxy.url))
        ended = [play.finish(run) for run in runs]
    assert len(claims) == 2 and [run.returncode for run in ended] == [0, 0], [run.output for run in ended]
    assert sum("was taken by somebody else meanwhile, in the same moment" in run.output for run in ended) == 1
    live = [row for store in stores for row in store.rows("SELECT status FROM subscriptions WHERE status != 'terminated'")]
    assert live == [{"status": "active"}] and netbox.status(device) == "active"


def test_a_claim_that_lands_after_the_holder_went_on_is_put_back(play, netbox, lab, tmp_path):
    device, winner = netbox.make(), SqliteStore(tmp_path / "winner")

    def meanwhile():
        play.store, loser = winner, play.store
        done = play.create(nodes=device, confirm_config=True)
        play.store = loser
        assert done.returncode == 0 and netbox.status(device) == "active", done.output
        netbox.set(device, comments="racked")

    with NetboxProxy(lab["url"], WholeRows(netbox, meanwhile)) as proxy:
        done = play.create(nodes=device, confirm_config=True, netbox_url=proxy.url)
    assert done.returncode == 0 and "was taken by somebody else meanwhile, in the same moment" in done.output, done.output
    now = netbox.device(device)
    assert (now["status"]["value"], now["comments"]) == ("active", "racked"), done.output
    assert [row["status"] for row in play.rows("SELECT status FROM subscriptions")] == ["terminated"]
    assert [row["status"] for row in winner.rows("SELECT status FROM subscriptions")] == ["active"]


def test_a_late_claim_that_netbox_did_not_even_log_is_put_back(play, netbox, lab, tmp_path):
    """NetBox logs no change where it saves a row as it had loaded it, here after the holder's claim and before the holder went on."""
    device, winner = netbox.make(), SqliteStore(tmp_path / "winner")

    def meanwhile():
        play.store, loser = winner, play.store
        assert play.create(nodes=device, confirm_config=True).returncode == 0
        play.store = loser
        netbox.set(device, comments="racked")

    rows = WholeRows(netbox, meanwhile)

    def unlogged(method, path, forward):
        late = method == "PATCH" and rows.meanwhile
        answer = rows(method, path, forward)
        if late:
            with psycopg.connect(lab["netbox_dsn"]) as connection:
                query = "DELETE FROM core_objectchange WHERE id = (SELECT max(id) FROM core_objectchange WHERE changed_object_id = %s AND message LIKE %s)"
                assert connection.execute(query, [device, "nodeflow%"]).rowcount == 1
        return answer

    with NetboxProxy(lab["url"], unlogged) as proxy:
        done = play.create(nodes=device, confirm_config=True, netbox_url=proxy.url)
    now = netbox.device(device)
    assert done.returncode == 0 and (now["status"]["value"], now["comments"]) == ("active", "racked"), done.output
    assert "was taken by somebody else meanwhile, in the same moment" in done.output


def test_a_resumed_claim_that_landed_after_the_holder_went_on_is_put_back(play, netbox, lab, tmp_path):
    device, winner = netbox.make(), SqliteStore(tmp_path / "winner")

    def meanwhile():
        play.store, loser = winner, play.store
        assert play.create(nodes=device, confirm_config=True).returncode == 0
        play.store = loser

    rows = WholeRows(netbox, meanwhile)

    def unanswered(method, path, forward):
        answer = rows(method, path, forward)
        return answer if method == "GET" and rows.meanwhile else None

    with NetboxProxy(lab["url"], unanswered) as proxy:
        lost = play.create(nodes=device, confirm_config=True, netbox_url=proxy.url, netbox_retries=0)
        assert lost.returncode == 2 and netbox.status(device) == "staged", lost.output
        proxy.fault = lambda method, path, forward: says_4_5(forward())
        done = play("nodeflow.orchestrator.resume", all=True, confirm_config=True, netbox_url=proxy.url)
    assert "was taken by somebody else meanwhile" in done.output and netbox.status(device) == "active", done.output


def test_an_edit_that_the_claim_overwrote_is_put_back(play, netbox, lab):
    device = netbox.make(comments="old", serial="A1")
    fault = WholeRows(netbox, lambda: netbox.set(device, comments="mind the dog"))
    with NetboxProxy(lab["url"], fault) as proxy:
        done = play.create(nodes=device, confirm_config=True, netbox_url=proxy.url)
    now = netbox.device(device)
    assert done.returncode == 0 and (now["status"]["value"], now["comments"], now["serial"]) == ("active", "mind the dog", "A1"), done.output


def test_a_status_that_a_person_set_in_the_same_moment_stays(play, netbox, lab):
    device = netbox.make()
    with NetboxProxy(lab["url"], WholeRows(netbox, lambda: netbox.set(device, status="offline"))) as proxy:
        done = play.create(nodes=device, confirm_config=True, netbox_url=proxy.url)
    assert netbox.status(device) == "offline" and "was taken by somebody else meanwhile" in done.output, done.output


def test_devices_are_written_one_a_request_and_one_request_at_a_time(play, netbox, lab):
    devices, writing, most, sizes = netbox.make_many(8), [], [], []

    def fault(method, path, forward):
        if method != "PATCH":
            return says_4_5(forward())

        def seen(body):
            sizes.append(len(json.loads(body)))
            return body

        writing.append(path)
        most.append(len(writing))
        try:
            return says_4_5(forward(seen))
        finally:
            writing.remove(path)

    with NetboxProxy(lab["url"], fault) as proxy:
        done = play.create(nodes=devices, confirm_config=True, netbox_url=proxy.url, netbox_parallel=4)
        assert done.returncode == 0, done.output
        ended = play("nodeflow.orchestrator.terminate_node", nodes=devices, confirm_config=True, netbox_url=proxy.url, netbox_parallel=4)
        assert ended.returncode == 0, ended.output
    assert sizes == [1] * 24 and max(most) == 1


@pytest.mark.parametrize("constraints", [None, {"changed_object_type__model": "site"}])
def test_a_change_log_that_tells_nothing_stops_the_claim_with_a_sentence(play, netbox, lab, constraints):
    device = netbox.make()
    reads = [Permission(["view"], [READS[1]], constraints)] if constraints else []
    with user_with(netbox, Permission(["view", "change"], ["dcim.device"]), *reads) as token:
        with NetboxProxy(lab["url"], lambda method, path, forward: says_4_5(forward())) as proxy:
            done = play.create(nodes=device, confirm_config=True, netbox_url=proxy.url, netbox_token=token)
    assert done.returncode == 2, done.output
    if constraints:
        assert "NetBox's change log has no entry of it" in done.message, done.output
        [row] = play.rows("SELECT status FROM processes")
        assert row["status"] == "failed"
    else:
        assert "was not claimed" in done.message and "core.view_objectchange" in done.message, done.output
        assert netbox.status(device) == "planned" and play.rows("SELECT status FROM subscriptions") == [{"status": "terminated"}]


def test_what_a_netbox_before_4_7_leaves_out_of_its_answer_stops_alone(play, netbox, lab):
    ours, others = netbox.make(), netbox.make(site="loc2")

    def fault(method, path, forward):
        answer = says_4_5(forward())
        return Answer(200, answer.headers, b"[]") if method == "PATCH" and b"does not exist" in answer.body else answer

    change = Permission(["change"], ["dcim.device"], {"site__slug": "loc1"})
    with user_with(netbox, Permission(["view"], READS), change) as token, NetboxProxy(lab["url"], fault) as proxy:
        done = play.create(nodes=[ours, others], confirm_config=True, netbox_url=proxy.url, netbox_token=token)
    assert done.returncode == 2 and "the token may see it, but not change it" in done.output, done.output
    assert (netbox.status(ours), netbox.status(others)) == ("active", "planned")
