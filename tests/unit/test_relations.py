# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A subscription may use others: they must be there, and stay as long as it does."""

from __future__ import annotations

import types
import typing as t
import uuid

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.lifecycle import SubscriptionLifecycle
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.subscription import SubscriptionModel, move_to_lifecycle
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import StaleSave
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import Node
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.state import ChangeState
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process import begin
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.engine import open_store
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.save_subscriptions import claim_subscriptions, lock_subscriptions, save_subscriptions
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.subscriptions import holders, related, users_of
from filled_store import FilledStore
from in_process import call_module

DEVICE = {"name": "r", "status": "active", "site": "", "site_name": "", "role": "", "platform": "", "ipv4": None, "ipv6": None}
STATE = {"changes": {}, "write": [], "lifecycle": "terminated", "required_families": [], "device": {"id": 1, **DEVICE}}


class _Path(SubscriptionModel, product="TestPath", lifecycle=["initial", "active", "terminated"]):
    """A product that uses others."""

    product: t.Literal["TestPath"] = "TestPath"
    description: str = "Path"
    over: list[uuid.UUID]

    def depends_on(self):
        return tuple(self.over)


class _Port(SubscriptionModel, product="TestMovingPort", lifecycle=["initial", "active", "terminated"]):
    """A product that can move to another interface."""

    product: t.Literal["TestMovingPort"] = "TestMovingPort"
    description: str = "Port"
    interface: int

    def resources(self):
        return (f"dcim.interface/{self.interface}",)


@pytest.fixture
def store(tmp_path):
    """Three nodes in service, and one that is being enrolled."""
    return FilledStore(tmp_path / "store.db", 4, lambda number: "failed" if number == 4 else "completed")


@pytest.fixture
def opened(store):
    store = open_store(store.location)
    assert Node  # a product is known once its types are imported
    yield store
    store.close()


def node(number):
    """The id of the subscription of a node."""
    return uuid.UUID(int=1 << 64 | number)


def path(*nodes):
    """A new path over nodes."""
    return _Path(customer_id="c", over=[node(number) for number in nodes])


def test_who_uses_whom_is_shown_in_both_directions(store, opened):
    one = path(1, 2)
    with opened.write() as connection:
        assert claim_subscriptions(connection, [one]) == {str(one.subscription_id)}
        assert related(connection, subscription_id=[str(node(1))]) == [(str(one.subscription_id), str(node(1)))]
    shown = {answer["subscription_id"]: answer for answer in call_module("subscription_info", {"store": store.location})["subscriptions"]}
    assert shown[str(one.subscription_id)]["depends_on"] == [str(node(1)), str(node(2))] and shown[str(one.subscription_id)]["in_use_by"] == []
    assert [shown[str(node(number))]["in_use_by"] for number in (1, 2, 3)] == [[str(one.subscription_id)]] * 2 + [[]]


@pytest.mark.parametrize("nodes", [(1, 4), (99,)])
def test_what_is_not_in_service_or_not_there_cannot_be_used(opened, nodes):
    with opened.write() as connection:
        assert claim_subscriptions(connection, [path(*nodes), other := path(2)]) == {str(other.subscription_id)}
        assert related(connection) == [(str(other.subscription_id), str(node(2)))]


def test_what_is_in_use_is_not_locked_to_be_ended(opened):
    one = path(1)
    with opened.write() as connection:
        claim_subscriptions(connection, [one])
        versions = {str(node(1)): 6, str(node(3)): 6}
        assert users_of(connection, versions) == {str(node(1)): [f"Path (subscription {one.subscription_id})"]}
        locked, others = lock_subscriptions(connection, versions, to_end=list(versions))
        assert (set(locked), set(others)) == ({str(node(3))}, {str(node(1))})


def test_what_a_process_works_at_cannot_be_used(opened):
    with opened.write() as connection:
        lock_subscriptions(connection, {str(node(1)): 6}, to_end=[str(node(1))])
        assert claim_subscriptions(connection, [path(1)]) == set()


def test_what_was_terminated_uses_nothing(opened):
    one = path(1)
    with opened.write() as connection:
        claim_subscriptions(connection, [one])
        save_subscriptions(connection, [move_to_lifecycle(one, SubscriptionLifecycle.TERMINATED)])
        assert related(connection) == [] and users_of(connection, [str(node(1))]) == {}


@pytest.mark.parametrize(("workflow", "more"), [("terminate_node", {}), ("reconcile_node", {"repairs": ["device_gone"]})])
@pytest.mark.parametrize("check_mode", [True, False])
def test_a_node_in_use_does_not_end_and_the_answer_names_who_uses_it(store, opened, check_mode, workflow, more):
    one = path(1)
    with opened.write() as connection:
        claim_subscriptions(connection, [one])
    rows = [
        {
            "device_id": number, "device": f"node-{number}", "status": "running", "run_id": "run", "subscription_id": str(node(number)), "version": 6,
            "workflow": workflow, "state": STATE | more,
        }
        for number in (1, 3)
    ]  # fmt: skip
    result = call_module("store_process_subscription", {"store": store.location, "nodes": rows}, check_mode=check_mode)
    first, second = result["nodes"]
    assert first["status"] == "failed" and f"is in use by Path (subscription {one.subscription_id}); terminate that first" in first["message"], result
    assert second["status"] == "running" and second["process_id"]


def test_what_moves_claims_the_new_resource_and_gives_the_old_one_up(opened):
    port, other = _Port(customer_id="c", interface=1), _Port(customer_id="c", interface=2)
    with opened.write() as connection:
        assert len(claim_subscriptions(connection, [port, other])) == 2
        [port] = save_subscriptions(connection, [port.model_copy(update={"interface": 3})])
        claimed = holders(connection, [f"dcim.interface/{number}" for number in (1, 2, 3)])
    assert {resource: one.subscription_id for resource, one in claimed.items()} == {
        "dcim.interface/2": other.subscription_id,
        "dcim.interface/3": port.subscription_id,
    }
    with pytest.raises(StaleSave, match=f"Port cannot have dcim.interface/2: it belongs to the subscription {other.subscription_id}"):
        with opened.write() as connection:
            save_subscriptions(connection, [port.model_copy(update={"interface": 2})])
    with opened.read() as connection:
        assert holders(connection, ["dcim.interface/3"])["dcim.interface/3"].interface == 3


class _Growing(SubscriptionModel, product="TestGrowing", lifecycle=["initial", "active", "terminated"]):
    """A product that learns later what it stands for."""

    product: t.Literal["TestGrowing"] = "TestGrowing"
    description: str = "Growing"
    vlan: int | None = None

    def resources(self):
        return (f"ipam.vlan/{self.vlan}", f"ipam.vlan/{self.vlan}") if self.vlan else ()


def test_what_claims_something_only_later_cannot_have_what_another_has(opened):
    first, second = _Growing(customer_id="c", vlan=7), _Growing(customer_id="c")
    with opened.write() as connection:
        assert len(claim_subscriptions(connection, [first, second])) == 2
    with pytest.raises(StaleSave, match=r"Growing cannot have ipam.vlan/7"):
        with opened.write() as connection:
            save_subscriptions(connection, [second.model_copy(update={"vlan": 7})])
    with opened.write() as connection:
        save_subscriptions(connection, [second.model_copy(update={"vlan": 8})])
        assert set(holders(connection, ["ipam.vlan/7", "ipam.vlan/8"])) == {"ipam.vlan/7", "ipam.vlan/8"}


def test_of_a_chain_stored_at_once_only_the_link_between_is_lost(opened):
    class _Link(SubscriptionModel, product="TestLink", lifecycle=["initial", "active", "terminated"]):
        product: t.Literal["TestLink"] = "TestLink"
        ends: tuple[int, int]

        def resources(self):
            return tuple(f"dcim.interface/{end}" for end in self.ends)

    links = [_Link(customer_id="c", ends=ends) for ends in ((3, 2), (2, 1), (1, 4))]
    with opened.write() as connection:
        assert claim_subscriptions(connection, links) == {str(links[0].subscription_id), str(links[2].subscription_id)}
        assert {resource: one.ends for resource, one in holders(connection, [f"dcim.interface/{end}" for end in range(5)]).items()} == {
            "dcim.interface/3": (3, 2), "dcim.interface/2": (3, 2), "dcim.interface/1": (1, 4), "dcim.interface/4": (1, 4)
        }  # fmt: skip


def test_what_moves_to_another_frees_the_one_before_and_cannot_use_what_is_not_in_service(opened):
    one = path(1, 2)
    with opened.write() as connection:
        claim_subscriptions(connection, [one])
        [one] = save_subscriptions(connection, [one.model_copy(update={"over": [node(1), node(3)]})])
        assert related(connection) == [(str(one.subscription_id), str(node(1))), (str(one.subscription_id), str(node(3)))]
    with pytest.raises(StaleSave, match=f"Path cannot use the subscription {node(4)}"):
        with opened.write() as connection:
            save_subscriptions(connection, [one.model_copy(update={"over": [node(4)]})])


@pytest.mark.parametrize(
    ("target", "lifecycle", "ends"), [("TERMINATE", None, True), ("RECONCILE", "terminated", True), ("RECONCILE", None, False), ("MODIFY", None, False)]
)
def test_what_is_to_end_is_looked_for_among_what_is_in_use(target, lifecycle, ends):
    """By what the process is for, or by what it is told to do."""
    process = types.SimpleNamespace(process_id="p1", workflow="w", target=target, state=STATE | {"lifecycle": lifecycle})
    assert begin._ending({"w": types.SimpleNamespace(state=ChangeState)}, {"s1": process}) == (["s1"] if ends else [])
