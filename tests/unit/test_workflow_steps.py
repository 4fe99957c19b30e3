# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps that a product takes from us: what each makes of a subscription and of NetBox, and of what it cannot do."""

from __future__ import annotations

import functools
import types

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.lifecycle import SubscriptionLifecycle
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import ConflictError, DomainError, NetboxError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.payload import NetboxPayload
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import NODE, Node, NodeBlock, NodeBlockInactive, NodeInactive
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process import steps
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.state import State
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.step import Done, Failed

ADDRESSES = {"ipv4_loopback": "10.0.0.1/32", "ipv6_loopback": "2001:db8::1/128"}


def work_of(subscription, key="p1", label="r (loc1, 7)"):
    """A subscription at a step."""
    return types.SimpleNamespace(
        key=key, label=label, subscription=subscription, state=State(shown=1), changelog_message=lambda: f"nodeflow.orchestrator test, process {key}"
    )


def new(device_id=7, **fields):
    """A new subscription of a node."""
    return NodeInactive(customer_id="c", description=f"Node r{device_id}", node=NodeBlockInactive(node_id=device_id, node_name=f"r{device_id}", **fields))


def active(device_id=7):
    """One that is in service."""
    block = NodeBlock(node_id=device_id, node_name=f"r{device_id}", node_status="active", **ADDRESSES)
    return Node(customer_id="c", description=f"Node r{device_id}", node=block, status="active", insync=True)


class Netbox:
    """Holds objects, and writes what it is told to; but for what an answer says, each of which is raised once."""

    conditional, batch_size, parallel, custom_fields, url = True, 100, 1, False, "http://netbox.test"

    def __init__(self, *objects, answers=()):
        self.objects = {one["id"]: one | {"last_updated": "2026-11-23T05:00:00Z"} for one in objects}
        self.answers, self.written = list(answers), []

    def get(self, endpoint, filters):
        """Those of these ids."""
        assert endpoint == "dcim/interfaces"
        return [self.objects[key] for key in filters["id"] if key in self.objects]

    def patch(self, endpoint, changes, etags):
        """Write them."""
        if self.answers:
            raise self.answers.pop(0)
        self.written += [(endpoint, change) for change in changes]
        return changes

    def patience(self):
        """None."""
        return types.SimpleNamespace(wait=lambda response=None: False)


class OfTheTest(NetboxPayload):
    """So that no message names this type among those that there are."""


class Interface(OfTheTest):
    """What a node is, for these tests."""

    endpoint, noun = "dcim/interfaces", "interface"
    description: str | None = None
    mtu: int | None = None


@pytest.fixture
def task():
    """A task of a play."""
    shown = []
    return types.SimpleNamespace(netbox=Netbox(), check_mode=False, show=shown.append, shown=shown, subject=NODE, lost=set())


@pytest.fixture(autouse=True)
def _payloads(monkeypatch):
    def built(block, subscription):
        if block.node_id == 13:
            raise DomainError("nobody knows how")
        if block.node_id == 14:
            raise ValueError("no number")
        return Interface(id=0 if block.node_id == 99 else block.node_id, description=subscription.description, mtu=9000)

    monkeypatch.setattr(steps, "build_payload", built)
    monkeypatch.setattr(steps, "still_held", lambda task, works: lambda ids: set(ids) - task.lost)


def test_the_first_step_of_a_workflow_that_needs_none_leaves_all_as_it_is(task):
    work = work_of(new())
    assert steps.begin(task, [work]) == {"p1": Done(work.subscription, work.state)}
    assert steps.begin(task, []) == {}


def test_a_step_moves_the_subscription(task):
    whole = new(node_status="staged", **ADDRESSES)
    bare = work_of(new(8), "p2", "r8 (loc1, 8)")
    done = steps.moved_to(SubscriptionLifecycle.PROVISIONING)(task, [work_of(whole), bare])
    assert (done["p1"].subscription.status, done["p1"].subscription.insync, done["p1"].state) == ("provisioning", False, State(shown=1))
    assert isinstance(done["p2"], Failed) and done["p2"].reason.startswith("r8 (loc1, 8): Node r8 is not complete enough for provisioning")


def test_the_last_step_leaves_it_in_sync(task):
    done = steps.completed(SubscriptionLifecycle.TERMINATED)(task, [work_of(active())])["p1"]
    assert (done.subscription.status, done.subscription.insync, done.state) == ("terminated", True, State(shown=1))
    done = steps.completed(SubscriptionLifecycle.ACTIVE)(task, [work_of(active().model_copy(update={"insync": False}))])["p1"]
    assert (done.subscription.status, done.subscription.insync) == ("active", True)
    wrong = steps.completed(SubscriptionLifecycle.INITIAL)(task, [work_of(active())])["p1"]
    assert isinstance(wrong, Failed) and wrong.reason.startswith("r (loc1, 7): ")


def test_a_step_sets_fields_and_the_description_follows(task):
    done = steps.revised({"node": {"node_name": "other"}})(task, [work_of(active())])["p1"]
    assert (done.subscription.node.node_name, done.subscription.description, done.state) == ("other", "Node other", State(shown=1))
    done = steps.revised(lambda work: {"note": work.key})(task, [work_of(active()), work_of(active(8), "p2")])
    assert [(one.subscription.note, one.subscription.description) for one in done.values()] == [("p1", "Node r7"), ("p2", "Node r8")]
    wrong = steps.revised({"node": {"node_id": "x"}})(task, [work_of(active())])["p1"]
    assert isinstance(wrong, Failed) and wrong.reason.startswith("r (loc1, 7): ")


def test_a_description_of_a_persons_stays_and_one_that_is_given_counts():
    before = active().model_copy(update={"description": "the core in Amsterdam"})
    assert steps.described(before, {"node": {"node_name": "other"}}).description == "the core in Amsterdam"
    assert steps.described(active(), {"node": {"node_name": "other"}, "description": "mine"}).description == "mine"


def test_netbox_gets_what_differs_and_only_that(task):
    task.netbox = Netbox({"id": 7, "description": "", "mtu": 9000}, {"id": 8, "description": "Node r8", "mtu": 9000})
    works = [work_of(active()), work_of(active(8), "p2", "r8 (loc1, 8)")]
    done = steps.updated_in_netbox("node")(task, works)
    assert done == {
        "p1": Done(works[0].subscription, works[0].state, {"description": ["", "Node r7"]}),
        "p2": Done(works[1].subscription, works[1].state, {}),
    }
    message = "nodeflow.orchestrator test, process p1"
    assert task.netbox.written == [("dcim/interfaces", {"id": 7, "description": "Node r7", "changelog_message": message})]
    assert task.shown == []


def test_what_cannot_be_written_fails_alone_and_says_why(task):
    task.netbox = Netbox({"id": 7, "description": "", "mtu": 1500})
    keys = {"p0": 13, "p1": 14, "p2": 15, "p3": 7}
    done = steps.updated_in_netbox("node")(task, [work_of(active(device), key, f"r{device}") for key, device in keys.items()])
    assert done["p0"] == Failed("r13: nobody knows how") and done["p1"] == Failed("r14: no number")
    assert done["p2"] == Failed("r15: there is no interface with the id 15 in NetBox any more, or the token may not see it")
    assert done["p3"].netbox == {"description": ["", "Node r7"], "mtu": [1500, 9000]} and list(done) == ["p0", "p1", "p2", "p3"]
    task.netbox = Netbox({"id": 7, "description": "", "mtu": 1500}, answers=[NetboxError("NetBox is gone")])
    assert steps.updated_in_netbox("node")(task, [work_of(active())]) == {"p1": Failed("r (loc1, 7): NetBox is gone")}


def test_what_another_run_has_taken_over_is_not_written(task):
    task.netbox, task.lost = Netbox(*({"id": key, "description": "", "mtu": 9000} for key in (7, 8))), {7}
    done = steps.updated_in_netbox("node")(task, [work_of(active()), work_of(active(8), "p2", "r8 (loc1, 8)")])
    assert done["p1"] == Failed("r (loc1, 7): another run has taken its process over meanwhile; look at it with process_info")
    assert done["p2"].netbox == {"description": ["", "Node r8"]} and [change["id"] for _endpoint, change in task.netbox.written] == [8]


def test_an_edit_in_between_is_read_again(task):
    task.netbox = Netbox({"id": 7, "description": "", "mtu": 9000}, answers=[ConflictError("changed")])
    assert steps.updated_in_netbox("node")(task, [work_of(active())])["p1"].netbox == {"description": ["", "Node r7"]}


def test_check_mode_says_what_would_be_written_also_of_what_is_not_made_yet(task):
    task.netbox, task.check_mode = Netbox({"id": 7, "description": "", "mtu": 9000}), True
    done = steps.updated_in_netbox("node")(task, [work_of(active()), work_of(active(99), "p2")])
    assert done["p1"].netbox == {"description": ["", "Node r7"]}
    assert done["p2"].netbox == {"description": [None, "Node r99"], "mtu": [None, 9000]} and task.netbox.written == []
    task.check_mode = False
    assert steps.updated_in_netbox("node")(task, [work_of(active(99))])["p1"].reason.startswith("r (loc1, 7): there is no interface with the id 0 ")


def test_a_long_update_says_how_far_it_is(task, monkeypatch):
    clock = iter([0.0, 6.0, 7.0])
    monkeypatch.setattr(steps, "Progress", functools.partial(steps.Progress, clock=lambda: next(clock)))
    task.netbox = Netbox(*({"id": key, "description": "", "mtu": 9000} for key in (7, 8)))
    steps.updated_in_netbox("node")(task, [work_of(active()), work_of(active(8), "p2")])
    assert task.shown == ["the update of NetBox: 2 of 2 nodes, 0.3 a second, 6 s in all"]
