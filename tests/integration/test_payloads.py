# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A payload of somebody else's: it names its endpoint and its fields, and update does the rest, on the real NetBox."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.client import NetboxClient
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.payload import NetboxPayload
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.update import Kind, Refusal, Target, update


class InterfacePayload(NetboxPayload):
    """A ``dcim.interface``."""

    endpoint: t.ClassVar[str] = "dcim/interfaces"
    noun: t.ClassVar[str] = "interface"

    description: str | None = None
    enabled: bool | None = None
    type: str | None = None
    parent: int | None = None


@pytest.fixture
def client(lab):
    """A client that a session of the lab's operator has."""
    return NetboxClient(lab["url"], lab["tokens"]["admin"], retries=0)


@pytest.fixture
def interfaces(netbox):
    """Three virtual interfaces of a new device."""
    device = netbox.make()
    return [netbox.interface(device, f"v{number}") for number in range(3)]


def target(client, **more):
    return Target(client=client, message=lambda key: f"circuit, interface {key}", **more)


def seen(netbox, key):
    return netbox.call("GET", f"dcim/interfaces/{key}")


def test_only_what_differs_is_written_and_the_second_time_nothing(client, netbox, interfaces):
    wanted = [InterfacePayload(id=key, description="ours", enabled=True, type="virtual", parent=None) for key in interfaces]
    first = update(wanted, target(client))
    assert [(one.error, one.changes()) for one in first] == [(None, {"description": ["", "ours"]})] * 3
    assert [seen(netbox, key)["description"] for key in interfaces] == ["ours"] * 3
    assert [one.changes() for one in update(wanted, target(client))] == [{}] * 3
    [entry] = netbox.call("GET", "core/object-changes", changed_object_type="dcim.interface", changed_object_id=interfaces[0], action="update")["results"]
    assert entry["message"] == f"circuit, interface {interfaces[0]}"


def test_a_relation_is_compared_by_its_id(client, netbox, interfaces):
    one, parent, _other = interfaces
    assert update(InterfacePayload(id=one, parent=parent), target(client)).changes() == {"parent": [None, parent]}
    assert update(InterfacePayload(id=one, parent=parent), target(client)).changes() == {}
    assert seen(netbox, one)["parent"]["id"] == parent


def test_each_refusal_is_told_by_id_and_the_others_are_written(client, netbox, interfaces):
    wanted = [InterfacePayload(id=key, type="virtual" if key != interfaces[1] else "no such type", description="x") for key in [*interfaces, 999999]]
    done = update(wanted, target(client))
    assert [one.error is None for one in done] == [True, False, True, False]
    assert "no such type" in done[1].error and done[3].gone and "there is no interface with the id 999999" in done[3].error
    assert [seen(netbox, key)["description"] for key in interfaces] == ["x", "", "x"]


def test_what_somebody_changed_in_between_is_read_again(client, netbox, interfaces):
    known = InterfacePayload.read(client, interfaces)
    netbox.call("PATCH", f"dcim/interfaces/{interfaces[0]}", {"description": "a person's"})

    def check(one, payload):
        return Refusal(Kind.CONFLICT, "it is a person's") if one.writable["description"] else None

    wanted = [InterfacePayload(id=key, description="ours") for key in interfaces]
    done = update(wanted, target(client, known=known, check=check))
    assert [one.kind for one in done] == [Kind.CONFLICT, None, None]
    assert [seen(netbox, key)["description"] for key in interfaces] == ["a person's", "ours", "ours"]


def test_a_dry_run_writes_nothing(client, netbox, interfaces):
    done = update([InterfacePayload(id=key, description="ours") for key in interfaces], target(client, dry_run=True))
    assert [one.changes() for one in done] == [{"description": ["", "ours"]}] * 3
    assert [seen(netbox, key)["description"] for key in interfaces] == [""] * 3
