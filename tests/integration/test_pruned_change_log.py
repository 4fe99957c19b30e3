# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Claims after NetBox's change log was pruned, as NetBox does after 90 days, or where the token may not read it: the process's own log knows."""

from __future__ import annotations

import json

import psycopg
import pytest

from in_process import InProcess, call_module
from netbox_proxy import NetboxProxy
from netbox_users import Permission, user_with
from stores import SqliteStore


@pytest.fixture(name="run")
def _run(lab, tmp_path):
    """create_node and the like in this process, with a store of its own."""
    return InProcess(lab, SqliteStore(tmp_path))


@pytest.fixture(name="prune")
def _prune(lab):
    """Takes a device's entries out of NetBox's change log."""

    def prune(device):
        query = (
            "DELETE FROM core_objectchange WHERE changed_object_id = %s AND changed_object_type_id = "
            "(SELECT id FROM django_content_type WHERE app_label = 'dcim' AND model = 'device')"
        )
        with psycopg.connect(lab["netbox_dsn"]) as connection:
            assert connection.execute(query, [device]).rowcount

    return prune


def abort(run, process_id, **options):
    """The result of the module abort."""
    return call_module("abort", run.settings | {"process_ids": [process_id]} | options)


def waiting(run, device):
    """The id of a process that has claimed the device and waits for its config to be confirmed."""
    return run.create(nodes=device).nodes[0]["process_id"]


def test_an_abort_after_the_change_log_was_pruned_gives_the_device_back(run, netbox, prune):
    device = netbox.make()
    process_id = waiting(run, device)
    prune(device)
    done = abort(run, process_id)
    assert not done.get("failed") and netbox.status(device) == "planned", done
    assert run.rows("SELECT status FROM processes") == [{"status": "aborted"}]


def test_an_edit_after_the_prune_is_no_claim(run, netbox, prune):
    device = netbox.make()
    process_id = waiting(run, device)
    prune(device)
    netbox.set(device, comments="racked")
    abort(run, process_id)
    assert netbox.status(device) == "planned"


@pytest.mark.parametrize("pruned", [0, 1])
def test_who_came_after_the_prune_keeps_the_device(run, netbox, prune, pruned):
    device = netbox.make()
    process_id = waiting(run, device)
    for number, status in enumerate(["planned", "staged"]):
        if number == pruned:
            prune(device)
        netbox.set(device, status=status)
    done = abort(run, process_id)
    assert netbox.status(device) == "staged" and "since by NetBox's change log somebody else has claimed it" in json.dumps(done), done


def test_a_claim_that_was_cut_off_and_whose_entry_was_pruned_is_left_with_what_is_known(run, netbox, prune, lab):
    device = netbox.make()

    def cut_off(method, path, forward):
        answer = forward()
        return None if method == "PATCH" else answer

    with NetboxProxy(lab["url"], cut_off) as proxy:
        moved = run.settings | {"netbox_url": proxy.url}
        run.settings = moved
        lost = run.create(nodes=device, netbox_retries=0)
        assert lost.returncode == 2 and netbox.status(device) == "staged", lost.output
        proxy.fault = None
        process_id = lost.nodes[0]["process_id"]
        prune(device)
        resumed = run.resume(process_id)
        message = resumed.nodes[0]["message"] if resumed.nodes else resumed.message
        assert resumed.returncode == 2 and "nothing tells whether this process did that" in message, resumed.output
        assert run.rows("SELECT status FROM processes") == [{"status": "failed"}]
        done = abort(run, process_id)
        assert netbox.status(device) == "staged" and "set it to planned there" in json.dumps(done), done


def test_an_abort_without_the_permission_to_read_the_change_log_says_so_and_keeps_the_claim(run, netbox):
    claimed, elsewhere = netbox.make(), netbox.make()
    first, second = waiting(run, claimed), waiting(run, elsewhere)
    netbox.set(elsewhere, status="offline")
    with user_with(netbox, Permission(["view", "change"], ["dcim.device"])) as token:
        done = call_module("abort", run.settings | {"process_ids": [first, second], "netbox_token": token})
    said = {row["device_id"]: row for row in done["nodes"]}
    assert said[claimed]["status"] == "failed" and said[elsewhere]["status"] == "aborted", done
    assert "core.view_objectchange" in said[claimed]["message"] and "whether that is still the claim of this process" in said[claimed]["message"]
    assert netbox.status(claimed) == "staged"
    abort(run, first)
    assert netbox.status(claimed) == "planned"
