# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A device that somebody sets free while an enrolment of it goes on, so that another store can claim it: one of the two has it, and both know."""

from __future__ import annotations

import typing as t

import pytest

from in_process import InProcess, call_module
from netbox_proxy import Answer, NetboxProxy
from stores import SqliteStore


@pytest.fixture
def stores(lab, tmp_path):
    """Two runs, each with an SQLite store of its own."""
    return [InProcess(lab, SqliteStore(tmp_path / name)) for name in ("ours", "theirs")]


def taken_at(netbox: t.Any, lab: t.Any, device: int, theirs: InProcess) -> t.Callable[..., Answer]:
    """A fault: before the first write that comes through the proxy, a person sets the device free, and another store claims it."""
    done: list[bool] = []

    def fault(method: str, _path: str, forward: t.Callable[..., Answer]) -> Answer:
        if method == "PATCH" and not done:
            done.append(True)
            netbox.set(device, status="planned")
            assert theirs.create(nodes=[device]).nodes[0]["status"] == "suspended"
        return forward()

    return fault


def test_an_abort_leaves_what_another_store_has_claimed_in_the_same_moment(lab, netbox, stores):
    ours, theirs = stores
    device = netbox.make()
    [row] = ours.create(nodes=[device]).nodes
    with NetboxProxy(lab["url"], taken_at(netbox, lab, device, theirs)) as proxy:
        settings = ours.settings | {"netbox_url": proxy.url, "netbox_moved": True}
        aborted = call_module("abort", settings | {"process_ids": [row["process_id"]]})
    assert aborted["failed"] and "was set to staged in NetBox meanwhile; run again" in aborted["msg"], aborted
    assert netbox.status(device) == "staged"
    again = call_module("abort", ours.settings | {"process_ids": [row["process_id"]], "netbox_moved": True})
    assert not again.get("failed") and "somebody else has claimed it" in again["nodes"][0]["message"], again
    assert netbox.status(device) == "staged"
    done = theirs.resume(*[one["process_id"] for one in theirs.rows("SELECT process_id FROM processes")], confirm_config=True)
    assert done.returncode == 0 and netbox.status(device) == "active", done.output


def test_an_enrolment_does_not_write_active_to_what_another_store_has_claimed_in_the_same_moment(lab, netbox, stores):
    ours, theirs = stores
    device = netbox.make()
    [row] = ours.create(nodes=[device]).nodes
    with NetboxProxy(lab["url"], taken_at(netbox, lab, device, theirs)) as proxy:
        ours.settings |= {"netbox_url": proxy.url, "netbox_moved": True}
        done = ours.resume(row["process_id"], confirm_config=True)
    assert done.returncode != 0 and "is not this process's any more" in done.output, done.output
    assert netbox.status(device) == "staged"
