# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How subscriptions and NetBox differ, and which of several subscriptions stays."""

from __future__ import annotations

import datetime

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.lifecycle import SubscriptionLifecycle as L
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.device import Device
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.drift import Seen, drift, kept
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import Node, NodeInactive


def subscription(device_id=7, day=1, kind=Node, status="active", insync=True, **block):
    node = {"node_id": device_id, "node_name": "r", "node_status": "active", "ipv4_loopback": "10.0.0.1/32", "ipv6_loopback": "2001:db8::1/128"}
    start = datetime.datetime(2026, 1, day, tzinfo=datetime.timezone.utc) if status == "active" else None
    return kind(customer_id="c", status=status, insync=insync, start_date=start, node=node | block)


def device(**fields):
    plain = {"id": 7, "name": "r", "status": "active", "site": "loc1", "site_name": "Amsterdam", "role": "core", "platform": ""}
    return Device(**plain | {"ipv4": "10.0.0.1/32", "ipv6": "2001:db8::1/128"} | fields)


def problems(models, devices, at_work=(), sites=None, keep=None):
    seen = Seen(models, {one.id: one for one in devices}, set(at_work), sites or {}, keep or {})
    return [(finding.device_id, finding.problem, finding.store, finding.netbox) for finding in drift(seen)]


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, []),
        ({"ipv6": "2001:DB8:0::1/128"}, []),  # the same address, as NetBox may write it
        ({"status": "planned"}, [(7, "status", "active", "planned")]),
        ({"name": None}, [(7, "name", "r", None)]),
        ({"ipv4": "10.0.0.1/24"}, [(7, "ipv4_loopback", "10.0.0.1/32", "10.0.0.1/24")]),
        ({"ipv6": None}, [(7, "ipv6_loopback", "2001:db8::1/128", None)]),
        ({"name": "x", "status": "failed"}, [(7, "name", "r", "x"), (7, "status", "active", "failed")]),
    ],
)
def test_the_fields_of_one_device(fields, found):
    assert problems([subscription()], [device(**fields)]) == found


def test_a_device_that_moved():
    model = subscription()
    assert problems([model], [device()], sites={str(model.subscription_id): "loc2"}) == [(7, "site", "loc2", "loc1")]


def test_a_device_that_is_gone_and_one_that_nobody_enrolled():
    model = subscription()
    assert problems([model], []) == [(7, "device_gone", str(model.subscription_id), None)]
    assert problems([], [device(), device(id=8, status="planned")]) == [(7, "no_subscription", None, "active")]


def test_what_was_left_half_way_is_found_only_if_nobody_works_on_it():
    left, stuck = subscription(kind=NodeInactive, status="initial", insync=False), subscription(device_id=8, insync=False)
    devices = [device(status="staged"), device(id=8)]
    assert problems([left, stuck], devices) == [(7, "left_over", "initial", "staged"), (8, "not_insync", "false", None)]
    assert problems([left, stuck], devices, at_work=[str(left.subscription_id), str(stuck.subscription_id)]) == []


def test_of_several_the_oldest_active_one_stays_or_the_one_that_was_named():
    early, late, never = subscription(day=1), subscription(day=2), subscription(kind=NodeInactive, status="initial")
    assert kept([late, never, early]) is early
    assert kept([late, never, early], str(late.subscription_id)) is late
    found = problems([late, never, early], [device(status="planned")])
    assert sorted(one[1] for one in found) == ["several_subscriptions", "several_subscriptions", "status"]
    assert {one[2] for one in found if one[1] == "several_subscriptions"} == {str(late.subscription_id), str(never.subscription_id)}


def test_an_active_one_stays_although_one_that_is_disabled_is_older():
    disabled, active, migrating = subscription(day=1), subscription(day=3), subscription(day=2)
    disabled, migrating = (model.model_copy(update={"status": status}) for model, status in ((disabled, L.DISABLED), (migrating, L.MIGRATING)))
    assert kept([disabled, active, migrating]) is active
    assert kept([migrating, disabled]) is disabled  # of those that were active once, the oldest


def test_of_those_that_never_were_active_none_stays_but_one_that_a_process_works_on():
    first, second = (subscription(kind=NodeInactive, status="initial") for _number in range(2))
    found = problems([first, second], [device(status="staged")])
    assert [one[1] for one in found] == ["left_over", "left_over"]
    for working, dead in ((first, second), (second, first)):
        found = problems([first, second], [device(status="staged")], at_work=[str(working.subscription_id)])
        assert found == [(7, "several_subscriptions", str(dead.subscription_id), str(working.subscription_id))]


@pytest.mark.parametrize("written", ["planned", "staged", "inventory", "decommissioning"])
def test_a_node_that_is_active_is_to_be_active_whatever_status_was_written_down(written):
    model = subscription(node_status=written)
    assert problems([model], [device(status="planned")]) == [(7, "status", "active", "planned")]
    assert problems([model], [device()]) == []


@pytest.mark.parametrize("value", [None, "", "another"])
def test_a_custom_field_that_leads_elsewhere_is_found_where_one_is_set(value):
    model = subscription()
    seen = Seen([model], {7: device(writable={"custom_fields": {"sub": value}})}, set(), {}, custom_field="sub")
    [finding] = drift(seen)
    assert (finding.problem, finding.store, finding.netbox) == ("custom_field", str(model.subscription_id), value or None)
    assert drift(Seen([model], {7: device(writable={"custom_fields": {"sub": str(model.subscription_id)}})}, set(), {}, custom_field="sub")) == []
