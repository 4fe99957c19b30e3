# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lifecycle, models and dispatch: for whoever relies on a subscription being what its lifecycle says."""

from __future__ import annotations

import ipaddress
import itertools
import typing as t

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.description import description
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.lifecycle import TRANSITIONS, SubscriptionLifecycle, check_transition
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.subscription import (
    ProductBlockModel,
    SubscriptionModel,
    load_subscription,
    move_to_lifecycle,
    product_type,
    revise,
)
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import DomainError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.payload import NetboxPayload, build_payload
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.update import difference, update
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import Node, NodeBlockInactive, NodeInactive, NodeProvisioning, requiring
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.payload import DevicePayload

L = SubscriptionLifecycle


def node(**fields: t.Any) -> NodeInactive:
    """A subscription whose node has everything, but for what ``fields`` say."""
    known = {"node_id": 7, "node_name": "r1", "node_status": "planned", "ipv4_loopback": "10.0.0.1/24", "ipv6_loopback": "2001:db8::1/64"}
    return NodeInactive(customer_id="c", node=NodeBlockInactive(**(known | fields)))


ALLOWED = {
    L.INITIAL: {L.PROVISIONING, L.ACTIVE, L.TERMINATED},
    L.PROVISIONING: {L.ACTIVE, L.TERMINATED},
    L.ACTIVE: {L.PROVISIONING, L.MIGRATING, L.DISABLED, L.TERMINATED},
    L.MIGRATING: {L.ACTIVE, L.DISABLED, L.TERMINATED},
    L.DISABLED: {L.ACTIVE, L.TERMINATED},
    L.TERMINATED: set(),
}


@pytest.mark.parametrize(("current", "target"), list(itertools.product(L, L)))
def test_every_pair_of_states_is_allowed_or_refused_with_what_is_allowed(current, target):
    if current is target or target in ALLOWED[current]:
        check_transition(current, target)
    else:
        with pytest.raises(DomainError, match=f"cannot go from {current} to {target}; from {current} it can go to"):
            check_transition(current, target)


def test_terminated_is_final():
    assert TRANSITIONS[L.TERMINATED] == frozenset()
    assert all(L.TERMINATED in TRANSITIONS[state] for state in L if state is not L.TERMINATED)


def test_a_node_goes_from_initial_to_active_as_the_type_of_each_state():
    provisioning = move_to_lifecycle(node(), L.PROVISIONING)
    active = move_to_lifecycle(provisioning, L.ACTIVE)
    terminated = move_to_lifecycle(active, L.TERMINATED)
    assert [type(one) for one in (provisioning, active, terminated)] == [NodeProvisioning, Node, NodeInactive]
    assert (provisioning.start_date, active.end_date) == (None, None)
    assert active.start_date.tzinfo and terminated.end_date >= active.start_date


@pytest.mark.parametrize(
    ("fields", "families", "missing"),
    [
        ({"node_name": None, "node_status": None}, ["ipv4", "ipv6"], ["node.node_name", "node.node_status"]),
        ({"ipv4_loopback": None, "ipv6_loopback": None}, ["ipv4", "ipv6"], ["node.ipv4_loopback", "node.ipv6_loopback"]),
        ({"node_name": None, "ipv4_loopback": None, "ipv6_loopback": None}, ["ipv6"], ["node.node_name", "node.ipv6_loopback"]),
        ({"ipv6_loopback": None}, ["ipv4"], []),
        ({"ipv4_loopback": None, "ipv6_loopback": None}, [], []),
    ],
)
def test_all_that_is_missing_is_named(fields, families, missing):
    if not missing:
        assert move_to_lifecycle(node(**fields), L.PROVISIONING, requiring(families)).status is L.PROVISIONING
        return
    with pytest.raises(DomainError) as error:
        move_to_lifecycle(node(**fields), L.PROVISIONING, requiring(families))
    assert str(error.value).endswith("missing: " + ", ".join(missing))


def test_a_loopback_is_an_interface_and_keeps_its_mask():
    block = node().node
    assert block.ipv4_loopback == ipaddress.IPv4Interface("10.0.0.1/24")
    assert node().model_dump(mode="json")["node"]["ipv4_loopback"] == "10.0.0.1/24"
    with pytest.raises(ValueError):
        node(ipv4_loopback="10.0.0.1/33")


def test_what_was_saved_is_loaded_whatever_the_setting_was():
    narrow = move_to_lifecycle(node(ipv6_loopback=None), L.PROVISIONING, requiring(["ipv4"]))
    assert load_subscription(narrow.model_dump(mode="json")) == narrow


def test_a_revision_keeps_the_type_and_its_rules():
    provisioning = move_to_lifecycle(node(), L.PROVISIONING)
    assert revise(provisioning, {"node": {"node_status": "active"}}).node.node_status == "active"
    with pytest.raises(DomainError, match="missing: node.ipv4_loopback"):
        revise(provisioning, {"node": {"ipv4_loopback": None}})


@pytest.mark.parametrize(("name", "words"), [("loc1-core", "Node loc1-core"), ("", "Node with device id 7"), (None, "Node with device id 7")])
def test_the_description(name, words):
    assert description(node(node_name=name)) == words


class _StrangePayload(NetboxPayload):
    """A payload that nobody registered."""


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda: description(SubscriptionModel(product="x", customer_id="c")),
            "description does not know the type SubscriptionModel; registered are: (CircuitInactive, )?NodeInactive",
        ),
        (lambda: build_payload(object(), None), "build_payload does not know the type object; registered are: .*NodeBlockInactive"),
        (
            lambda: update(_StrangePayload(id=1), None),
            "update does not know the type _StrangePayload; registered are: .*DevicePayload, (InterfacePayload, )?list",
        ),
        (lambda: product_type("Port", L.ACTIVE), "there is no product Port; known are: .*Node"),
    ],
)
def test_an_unregistered_type_is_told_which_are(call, sentence):
    """Another test may have registered the types of another product."""
    with pytest.raises(DomainError, match=sentence):
        call()


def test_a_new_product_registers_its_own_types_and_touches_nothing_else():
    class PortBlock(ProductBlockModel):
        """A port."""

        port_id: int

    class Port(SubscriptionModel, product="TestPort", lifecycle=["initial", "active", "terminated"]):
        """A port's subscription."""

        product: t.Literal["TestPort"] = "TestPort"
        port: PortBlock

        @property
        def device_id(self) -> int:
            """Its device."""
            return self.port.port_id

    @description.register(Port)
    def _describe(subscription: Port) -> str:
        return f"Port {subscription.port.port_id}"

    @build_payload.register(PortBlock)
    def _build(block: PortBlock, subscription: Port) -> _StrangePayload:  # pylint: disable=unused-argument
        return _StrangePayload(id=block.port_id)

    port = Port(customer_id="c", port=PortBlock(port_id=3))
    assert description(port) == "Port 3"
    assert build_payload(port.port, port) == _StrangePayload(id=3)
    assert isinstance(move_to_lifecycle(port, L.ACTIVE), Port)


@pytest.mark.parametrize(
    ("payload", "current", "before", "after"),
    [
        (DevicePayload(id=7, status="active"), {"status": "staged", "name": "x"}, {"status": "staged"}, {"status": "active"}),
        (DevicePayload(id=7, status="active"), {"status": "active"}, {}, {}),
        (DevicePayload(id=7, role=None), {"role": 3, "status": "staged"}, {"role": 3}, {"role": None}),
        (DevicePayload(id=7), {"status": "staged", "role": 3}, {}, {}),
    ],
)
def test_a_patch_carries_only_what_differs_and_what_was_given(payload, current, before, after):
    change = difference(payload, current)
    assert (change.before, change.after) == (before, after)


def test_the_payload_of_a_node_is_its_status_alone():
    subscription = node(node_status="active")
    assert build_payload(subscription.node, subscription).fields() == {"status": "active"}
