# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many nodes, of which two in five were brought into a bad state behind our back: all of these are found, nothing else, and repaired at once."""

from __future__ import annotations

import ipaddress
import json
import uuid

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.client import NetboxClient
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node import device as device_module
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.device import COMPARED_FIELDS, find_devices, find_many
from in_process import take_into_service
from stores import device_id_of

VALIDATE, RECONCILE = "nodeflow.orchestrator.validate_node", "nodeflow.orchestrator.reconcile_nodes"

OF_DEVICE = "UPDATE subscriptions SET {0} WHERE {2} = {1}"


def bad_states(netbox, store):
    """What can happen to a device or to its subscription: a name, and what does it."""
    loc2 = netbox.call("GET", "dcim/sites", slug="loc2")["results"][0]["id"]

    def address(device, family):
        netbox.set(device, **{"primary_ip" + family: None})

    def new_address(device, family, networks):
        netbox.address(device, **{"primary_ip" + family: f"{networks + device}/{networks.max_prefixlen}"})

    def again(device):
        columns = "product, customer_id, status, insync, description, note, start_date, end_date, version, block"
        store.write(f"INSERT INTO subscriptions SELECT '{uuid.uuid4()}', {columns} FROM subscriptions WHERE {store.device_id} = {device}")

    def forget(device):
        where = f"subscription_id IN (SELECT subscription_id FROM subscriptions WHERE {store.device_id} = {device})"
        store.write(
            f"DELETE FROM process_steps WHERE process_id IN (SELECT process_id FROM processes WHERE {where})",
            "DELETE FROM processes WHERE " + where,
            "DELETE FROM claims WHERE " + where,
            f"DELETE FROM subscriptions WHERE {store.device_id} = {device}",
        )

    return {
        "planned": lambda device: netbox.set(device, status="planned"),
        "staged": lambda device: netbox.set(device, status="staged"),
        "failed": lambda device: netbox.set(device, status="failed"),
        "renamed": lambda device: netbox.set(device, name=f"renamed-{device}"),
        "moved": lambda device: netbox.set(device, site=loc2),
        "new ipv4": lambda device: new_address(device, "4", ipaddress.IPv4Address("10.160.0.0")),
        "new ipv6": lambda device: new_address(device, "6", ipaddress.IPv6Address("2001:db8:ddd::")),
        "without ipv4": lambda device: address(device, "4"),
        "without ipv6": lambda device: address(device, "6"),
        "gone": lambda device: netbox.call("DELETE", f"dcim/devices/{device}"),
        "left initial": lambda device: store.write(OF_DEVICE.format("status = 'initial', start_date = NULL", device, store.device_id)),
        "left provisioning": lambda device: store.write(OF_DEVICE.format("status = 'provisioning', start_date = NULL", device, store.device_id)),
        "out of sync": lambda device: store.write(OF_DEVICE.format(f"insync = {False}", device, store.device_id)),
        "twice": again,
        "forgotten": forget,
    }


@pytest.fixture
def size(soak):
    """How many nodes."""
    return 500 if soak else 40


def test_every_bad_state_is_found_and_repaired(play_on, netbox, size):
    devices = netbox.make_many(size)
    take_into_service(play_on, *devices)
    states = list(bad_states(netbox, play_on.store).items())
    bad = devices[: size * 2 // 5]
    for number, device in enumerate(bad):
        states[number % len(states)][1](device)
    gone = [device for number, device in enumerate(bad) if states[number % len(states)][0] == "gone"]
    findings = play_on(VALIDATE, nodes=devices).results["validate_node"]["findings"]
    assert sorted(one["device_id"] for one in findings) == sorted(bad), json.dumps(findings, indent=1)
    everything = play_on(VALIDATE).results["validate_node"]["findings"]  # other tests' devices too
    assert [one for one in everything if one["device_id"] in devices] == findings
    settings = {"device_gone": "terminate", "adopt": True, "claim": "store", "required_families": []}
    done = play_on(RECONCILE, nodes=devices, **settings)
    assert done.returncode == 0, done.output
    there = [device for device in devices if device not in gone]
    clean = play_on(VALIDATE, nodes=there)
    assert (clean.returncode, clean.results["validate_node"]["findings"]) == (0, []), clean.output
    again = play_on(RECONCILE, nodes=there, **settings)
    assert (again.returncode, again.recap["changed"]) == (0, 0), again.output
    live = play_on.rows("SELECT block FROM subscriptions WHERE status = 'active'")
    left = [device for number, device in enumerate(bad) if states[number % len(states)][0].startswith("left")]
    assert sorted(map(device_id_of, live)) == sorted(device for device in there if device not in left)


def test_a_long_list_is_read_in_parts_and_no_device_is_missed(lab, netbox, monkeypatch):
    devices = netbox.make_many(10)
    # other tests make devices at the same time
    names = {"name": [device["name"] for device in netbox.call("GET", "dcim/devices", id=devices)["results"]]}
    client = NetboxClient(lab["url"], lab["tokens"]["admin"])
    monkeypatch.setattr(device_module, "PART_OF_A_LISTING", (2, 3))
    whole = {one.id: one for one in find_devices(client, names)}
    assert set(whole) == set(devices)
    for expected in ([], devices, devices[1::2], [*devices, devices[-1] + 1000]):
        found = find_many(client, names, expected, COMPARED_FIELDS)
        assert {key: (one.name, one.status, one.site, one.ipv4, one.ipv6, one.etag) for key, one in found.items()} == {
            key: (one.name, one.status, one.site, one.ipv4, one.ipv6, one.etag) for key, one in whole.items()
        }
    client.close()
