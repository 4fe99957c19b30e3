# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A human in the way: somebody edits, takes or deletes the device in NetBox in the middle of an enrolment.

The other edit survives, what contradicts ours is reported as a sentence, and nothing is overwritten. Once it is set right, resume completes.
"""

from __future__ import annotations

import ipaddress

import pytest

from audit import audit
from in_process import call_module
from netbox_proxy import NetboxProxy
from stores import SqliteStore


def claimed_status(enrol):
    """How a device stands in NetBox while it is enrolled."""
    return "staged" if isinstance(enrol.store, SqliteStore) else "planned"


def suspended(enrol, device):
    """Enrol a device up to the step that waits for a person; return the process."""
    done = enrol.create(nodes=device)
    assert done.returncode == 0, done.output
    [process] = enrol.rows("SELECT * FROM processes")
    assert (process["status"], process["step"]) == ("suspended", "provide_config_to_user")
    return process["process_id"]


@pytest.fixture
def completed(netbox, fault_table):
    """Return a function: everything must be right, in the store, in NetBox and in its change log, after somebody did ``what``."""

    def check(what, enrol, device, *runs, writes=("active",)):
        fault_table.record("a human: " + what, audit(netbox, [enrol.store], [device]), [run.output for run in runs])
        assert netbox.our_writes(device) == (["staged"] if isinstance(enrol.store, SqliteStore) else []) + list(writes)

    return check


@pytest.mark.parametrize("what", ["name", "address"])
def test_what_the_config_says_is_edited_and_the_config_confirmed_again(enrol, netbox, completed, what):
    device = netbox.make()
    process_id = suspended(enrol, device)
    if what == "name":
        edited = netbox.device(device)["name"] + "-renamed"
        netbox.set(device, name=edited)
    else:
        edited = f"{ipaddress.IPv4Address('10.96.0.0') + device}/32"
        netbox.address(device, primary_ip4=edited)
    asked = enrol.resume(process_id, confirm_config=True)
    assert asked.returncode == 0 and edited in asked.output and "since it has changed after it was shown" in asked.output, asked.output
    assert netbox.status(device) == claimed_status(enrol)
    done = enrol.resume(process_id, confirm_config=True)
    assert done.returncode == 0, done.output
    known = netbox.device(device)
    assert edited == (known["name"] if what == "name" else known["primary_ip4"]["address"])
    [subscription] = enrol.rows("SELECT description, block FROM subscriptions")
    assert edited in str(subscription)
    completed(f"device {what} edited", enrol, device, asked, done)


def test_edits_in_other_fields_survive(enrol, netbox, completed):
    device = netbox.make()
    process_id = suspended(enrol, device)
    edits = {"serial": f"S{device}", "comments": "racked by Ann", "asset_tag": f"A{device}", "description": "edge"}
    netbox.set(device, **edits)
    done = enrol.resume(process_id, confirm_config=True)
    assert done.returncode == 0, done.output
    known = netbox.device(device)
    assert {name: known[name] for name in edits} == edits
    completed("other fields edited", enrol, device, done)


def pytest_generate_tests(metafunc):
    """The statuses that somebody sets."""
    if "status" in metafunc.fixturenames:
        more = ["offline", "inventory", "decommissioning"] if metafunc.config.getoption("--soak") else []
        metafunc.parametrize("status", ["failed", "other of the two", *more])


def test_another_status_is_a_contradiction_that_is_reported_and_left(enrol, netbox, completed, status):
    device = netbox.make()
    expected = claimed_status(enrol)
    status = {"planned": "staged", "staged": "planned"}[expected] if status == "other of the two" else status
    process_id = suspended(enrol, device)
    netbox.set(device, status=status)
    before = netbox.device(device)
    for _attempt in range(2):
        done = enrol.resume(process_id, confirm_config=True)
        assert done.returncode == 2
        assert f"has the status {status} in NetBox, where {expected} was expected" in done.message and process_id in done.message
        assert enrol.rows("SELECT status FROM processes") == [{"status": "failed"}]
    assert netbox.device(device) == before
    netbox.set(device, status=expected)
    assert enrol.resume(process_id, confirm_config=True).returncode == 0
    completed("another status", enrol, device, done)


def test_a_device_that_somebody_set_to_active_is_not_written_again(enrol, netbox, completed):
    device = netbox.make()
    process_id = suspended(enrol, device)
    netbox.set(device, status="active")
    before = netbox.device(device)
    done = enrol.resume(process_id, confirm_config=True)
    assert done.returncode == 0, done.output
    assert netbox.device(device) == before
    completed("set to active", enrol, device, done, writes=())


@pytest.mark.parametrize(
    ("removed", "sentence"),
    [
        ({"primary_ip4": None}, "lacks a primary IPv4 address"),
        ({"name": None}, "lacks a name"),
        ({"primary_ip6": None}, "lacks a primary IPv6 address"),
    ],
    ids=["ipv4", "name", "ipv6"],
)
def test_what_is_needed_is_removed_and_given_back(enrol, netbox, completed, removed, sentence):
    device = netbox.make()
    [field] = removed
    kept = netbox.device(device)[field]
    process_id = suspended(enrol, device)
    netbox.set(device, **removed)
    before = netbox.device(device)
    done = enrol.resume(process_id, confirm_config=True)
    assert done.returncode == 2 and sentence in done.message, done.output
    assert netbox.device(device) == before
    netbox.set(device, **{field: kept["id"] if isinstance(kept, dict) else kept})
    assert enrol.resume(process_id, confirm_config=True).returncode == 0
    completed("what is needed removed", enrol, device, done)


def test_a_device_that_was_deleted_is_reported_and_its_process_can_be_aborted(enrol, netbox, fault_table):
    device = netbox.make()
    process_id = suspended(enrol, device)
    netbox.call("DELETE", f"dcim/devices/{device}")
    done = enrol.resume(process_id, confirm_config=True)
    assert done.returncode == 2 and "is not in NetBox any more" in done.message, done.output
    assert enrol.rows("SELECT status FROM processes") == [{"status": "failed"}]
    ended = call_module("abort", enrol.settings | {"process_ids": [process_id]})
    assert not ended.get("failed"), ended
    fault_table.record("a human: device deleted", audit(netbox, [enrol.store], []), [done.output, ended["msg"]])
    assert enrol.rows("SELECT status FROM processes") == [{"status": "aborted"}]
    assert enrol.rows("SELECT status FROM subscriptions") == [{"status": "terminated"}]


class Meddler:
    """For the proxy: ``edit`` happens in NetBox right before a write of ours reaches it, each time or the first time."""

    def __init__(self, edit, write=1, always=False):
        self.edit = edit
        self.first = write
        self.always = always
        self.writes = 0
        self.edits = 0

    def __call__(self, method, path, forward):
        if method == "PATCH":
            self.writes += 1
            if self.writes == self.first or (self.always and self.writes > self.first):
                self.edits += 1
                self.edit(self.edits)
        return forward()


def last_write(enrol):
    """The number of the write that ends an enrolment: where NetBox decides the claim, it is the second."""
    return 2 if isinstance(enrol.store, SqliteStore) else 1


def writes_of(enrol):
    """The writes of an enrolment by their numbers: the claim, if there is one, and the update."""
    return range(1, last_write(enrol) + 1)


def test_an_edit_between_our_read_and_our_write_survives(enrol, netbox, lab, fault_table):
    """NetBox refuses the write, because the device has changed; it is read again, and the write repeated."""
    devices = []
    for write in writes_of(enrol):
        device = netbox.make()
        devices.append(device)
        edited = netbox.device(device)["name"] + "-in-between"
        meddler = Meddler(lambda number, device=device, edited=edited: netbox.set(device, comments="in between", name=edited), write)
        with NetboxProxy(lab["url"], meddler) as proxy:
            done = enrol.create(nodes=device, confirm_config=True, netbox_url=proxy.url, netbox_moved=True)
        assert meddler.edits == 1 and done.returncode == 0, done.output
        known = netbox.device(device)
        assert (known["status"]["value"], known["comments"], known["name"]) == ("active", "in between", edited)
        assert netbox.our_writes(device) == (["staged", "active"] if isinstance(enrol.store, SqliteStore) else ["active"])
        fault_table.record("a human: an edit right before our write", audit(netbox, [enrol.store], devices), [done.output])


def test_a_status_set_between_our_read_and_our_claim_is_the_others_claim(netbox, lab, claiming, completed):
    device = netbox.make()
    meddler = Meddler(lambda number: netbox.set(device, status="offline"))
    with NetboxProxy(lab["url"], meddler) as proxy:
        done = claiming.create(nodes=device, confirm_config=True, netbox_url=proxy.url)
        assert meddler.edits == 1 and done.returncode == 0, done.output
        assert "was taken by somebody else meanwhile: its status in NetBox is offline now" in done.output
        assert netbox.status(device) == "offline" and netbox.our_writes(device) == []
        assert claiming.rows("SELECT status FROM subscriptions") == [{"status": "terminated"}]
        netbox.set(device, status="planned")
        assert claiming.create(nodes=device, confirm_config=True, netbox_url=proxy.url).returncode == 0
    completed("another status right before our write", claiming, device, done)


def test_a_status_set_between_our_read_and_our_update_is_a_contradiction(enrol, netbox, lab, completed):
    device = netbox.make()
    meddler = Meddler(lambda number: netbox.set(device, status="failed"), last_write(enrol))
    with NetboxProxy(lab["url"], meddler) as proxy:
        done = enrol.create(nodes=device, confirm_config=True, netbox_url=proxy.url)
        assert meddler.edits == 1 and done.returncode == 2
        assert f"has the status failed in NetBox, where {claimed_status(enrol)} was expected" in done.message
        assert netbox.status(device) == "failed"
        netbox.set(device, status=claimed_status(enrol))
        [process] = enrol.rows("SELECT process_id, status FROM processes")
        assert process["status"] == "failed"
        assert enrol.resume(process["process_id"], confirm_config=True, netbox_url=proxy.url).returncode == 0
    completed("another status right before our write", enrol, device, done)


def test_a_device_deleted_between_our_read_and_our_write_is_reported(enrol, netbox, lab, fault_table):
    for write in writes_of(enrol):
        device = netbox.make()
        meddler = Meddler(lambda number, device=device: netbox.call("DELETE", f"dcim/devices/{device}"), write)
        with NetboxProxy(lab["url"], meddler) as proxy:
            done = enrol.create(nodes=device, confirm_config=True, netbox_url=proxy.url, netbox_moved=True)
        assert meddler.edits == 1 and done.returncode == 2 and f", {device})" in done.message, done.output
        standing = [row["process_id"] for row in enrol.rows("SELECT process_id FROM processes WHERE status = 'failed'")]
        if standing:
            ended = call_module("abort", enrol.settings | {"process_ids": standing, "netbox_moved": True})
            assert not ended.get("failed"), ended
        fault_table.record("a human: device deleted right before our write", audit(netbox, [enrol.store], []), [done.output])


def test_one_who_keeps_editing_wins_and_resume_completes(enrol, netbox, lab, completed):
    device = netbox.make()
    meddler = Meddler(lambda number: netbox.set(device, comments=f"edit {number}"), last_write(enrol), always=True)
    with NetboxProxy(lab["url"], meddler) as proxy:
        done = enrol.create(nodes=device, confirm_config=True, netbox_url=proxy.url)
        assert meddler.edits > 1 and done.returncode == 2 and "somebody else kept changing it in NetBox meanwhile" in done.message, done.output
        assert netbox.device(device)["comments"] == f"edit {meddler.edits}"
        proxy.fault = None
        [process] = enrol.rows("SELECT process_id, status FROM processes")
        assert enrol.resume(process["process_id"], confirm_config=True, netbox_url=proxy.url).returncode == 0
    assert netbox.device(device)["comments"] == f"edit {meddler.edits}"
    completed("an edit before each of our writes", enrol, device, done)
