# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A token whose permissions have constraints: what it may not change or see stops alone, with a sentence, and the others go on."""

from __future__ import annotations

import json

import pytest

from in_process import InProcess, call_module
from netbox_proxy import NetboxProxy
from netbox_users import READS, Permission, user_with
from stores import SqliteStore

SEES = Permission(["view"], [*READS, "ipam.ipaddress"])

NOT_CHANGE = "the token may see it, but not change it"
NOT_SEE = "it is in NetBox, but the token may not see it any more"


@pytest.fixture(name="run")
def _run(lab, tmp_path):
    """create_node and the like in this process, with a store of its own."""
    return InProcess(lab, SqliteStore(tmp_path))


def may_change(*constraints):
    """A permission to change devices that one of these constraints matches."""
    return Permission(["change"], ["dcim.device"], list(constraints))


def failed(done):
    """The rows that failed."""
    return [row for row in done.nodes if row["status"] == "failed"]


def test_a_status_that_the_constraints_exclude_stops_those_devices_only(run, netbox):
    held, free = [netbox.make(), netbox.make()], [netbox.make(site="loc2"), netbox.make(site="loc2")]
    with user_with(netbox, SEES, may_change({"site__slug": "loc1", "status__in": ["planned", "staged"]}, {"site__slug": "loc2"})) as token:
        done = run.create(nodes=held + free, confirm_config=True, netbox_token=token)
        assert {row["device_id"] for row in failed(done)} == set(held) and all(NOT_CHANGE in row["message"] for row in failed(done)), done.output
        assert "staged and active" in failed(done)[0]["message"] and "needs the permission dcim.change_device" not in done.output
        assert set(netbox.statuses(free).values()) == {"active"} and set(netbox.statuses(held).values()) == {"staged"}
        more = netbox.make(site="loc2")
        waiting = run.create(nodes=more, netbox_token=token).nodes[0]["process_id"]
        again = run.resume(waiting, *(row["process_id"] for row in failed(done)), confirm_config=True, netbox_token=token)
    assert len(failed(again)) == 2 and netbox.status(more) == "active", again.output
    rest = run.resume(*(row["process_id"] for row in failed(done)), confirm_config=True)
    assert rest.returncode == 0 and set(netbox.statuses(held).values()) == {"active"}, rest.output


@pytest.mark.parametrize("alone", [True, False])
def test_a_device_outside_of_the_constraints_is_not_claimed_and_the_others_are(run, netbox, alone):
    others, ours = netbox.make(site="loc2"), [] if alone else [netbox.make(), netbox.make()]
    with user_with(netbox, SEES, may_change({"site__slug": "loc1"})) as token:
        done = run.create(nodes=[others, *ours], confirm_config=True, netbox_token=token)
    [row] = failed(done)
    assert row["device_id"] == others and NOT_CHANGE in row["message"], done.output
    assert netbox.status(others) == "planned" and set(netbox.statuses(ours).values()) <= {"active"}
    assert run.create(nodes=others, confirm_config=True).returncode == 0  # it is free still


def test_where_netbox_names_nobody_the_forbidden_ones_are_found(run, netbox, lab):
    held, free = netbox.make(), [netbox.make(site="loc2") for _number in range(4)]

    def before_4_7(method, path, forward):
        answer = forward()
        return answer._replace(body=json.dumps({"detail": "You do not have permission."}).encode()) if answer.status == 403 else answer

    change = may_change({"site__slug": "loc1", "status__in": ["planned", "staged"]}, {"site__slug": "loc2"})
    with user_with(netbox, SEES, change) as token, NetboxProxy(lab["url"], before_4_7) as proxy:
        done = run.create(nodes=[held, *free], confirm_config=True, netbox_token=token, netbox_url=proxy.url)
    [row] = failed(done)
    assert row["device_id"] == held and NOT_CHANGE in row["message"] and set(netbox.statuses(free).values()) == {"active"}, done.output


def test_a_token_that_may_change_nothing_is_told_so_after_few_requests(run, netbox, lab):
    devices = [netbox.make() for _number in range(6)]
    with user_with(netbox, SEES) as token, NetboxProxy(lab["url"]) as proxy:
        done = run.create(nodes=devices, confirm_config=True, netbox_token=token, netbox_url=proxy.url)
    assert done.returncode == 2 and all("it needs the permission dcim.change_device" in row["message"] for row in failed(done)), done.output
    assert [method for method, dummy in proxy.requests].count("PATCH") <= 3  # two side by side, and the question whether it may change any
    assert set(netbox.statuses(devices).values()) == {"planned"}


def test_a_device_that_the_token_cannot_see_once_it_is_claimed_is_not_called_gone(run, netbox):
    device = netbox.make()
    sees = [Permission(["view"], ["core.objectchange"]), Permission(["view"], ["dcim.device"], {"status": "planned"})]
    with user_with(netbox, *sees, Permission(["change"], ["dcim.device"])) as token:
        done = run.create(nodes=device, confirm_config=True, netbox_token=token)
        [row] = failed(done)
        assert NOT_SEE in row["message"] and "not in NetBox any more" not in row["message"], done.output
        aborted = call_module("abort", run.settings | {"process_ids": [row["process_id"]], "netbox_token": token})
        assert NOT_SEE in aborted["msg"] and netbox.status(device) == "staged", aborted
    assert run.resume(row["process_id"]).returncode == 2  # it is being aborted
    call_module("abort", run.settings | {"process_ids": [row["process_id"]]})
    assert netbox.status(device) == "planned" and netbox.our_writes(device) == ["staged", "planned"]


def test_a_subscription_does_not_end_because_the_token_cannot_see_its_device(run, play, netbox):
    device = netbox.make()
    assert run.create(nodes=device, confirm_config=True).returncode == 0
    sees = [Permission(["view"], ["core.objectchange"]), Permission(["view"], ["dcim.device"], {"status": "planned"})]
    with user_with(netbox, *sees, Permission(["change"], ["dcim.device"])) as token:
        done = play("nodeflow.orchestrator.terminate_node", nodes=device, confirm_config=True, netbox_token=token)
    assert done.returncode == 2 and NOT_SEE in done.output, done.output
    assert play.rows("SELECT status FROM subscriptions") == [{"status": "active"}] and netbox.status(device) == "active"


def test_changes_of_enrolled_devices_stop_alone_too(run, play, netbox):
    held, free = netbox.make(), netbox.make(site="loc2")
    assert run.create(nodes=[held, free], confirm_config=True).returncode == 0
    change = may_change({"site__slug": "loc1", "status": "active"}, {"site__slug": "loc2"})
    with user_with(netbox, SEES, change) as token:
        done = play("nodeflow.orchestrator.terminate_node", nodes=[held, free], confirm_config=True, netbox_token=token)
    assert done.returncode == 2 and NOT_CHANGE in done.output, done.output
    assert (netbox.status(held), netbox.status(free)) == ("active", "offline")


def test_a_journal_that_the_token_may_not_write_stops_its_node_only(run, netbox):
    devices = [netbox.make(), netbox.make(), netbox.make()]
    writes = Permission(["view", "add"], ["extras.journalentry"], {"assigned_object_id__in": devices[:2]})
    with user_with(netbox, SEES, Permission(["change"], ["dcim.device"]), writes) as token:
        done = run.create(nodes=devices, confirm_config=True, netbox_token=token, netbox_journal=True)
    assert [row["device_id"] for row in failed(done)] == devices[2:] and "its journal" in failed(done)[0]["message"], done.output


def test_a_config_that_the_token_may_not_render_stops_its_node_only(play, netbox):
    template = netbox.call("POST", "extras/config-templates", {"name": f"t {netbox.make()}", "template_code": "hostname x"})["id"]
    held, free = netbox.make(site="loc2", config_template=template), netbox.make(config_template=template)
    change, render = Permission(["change"], ["dcim.device"]), Permission(["render_config"], ["dcim.device"], {"site__slug": "loc1"})
    with user_with(netbox, SEES, change, render) as token:
        done = play.create(nodes=[held, free], confirm_config=True, node_config_source="netbox", netbox_token=token)
    assert done.returncode == 2 and "lacks the permission dcim.render_config_device for it" in done.output, done.output
    assert (netbox.status(held), netbox.status(free)) == ("staged", "active")
