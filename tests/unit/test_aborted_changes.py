# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The abort of a termination: the subscription is as it was before, unless the device was set free already, which another store may have enrolled since."""

from __future__ import annotations

import contextlib
import dataclasses
import types

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NetboxError, NetboxForbidden
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.changelog import Change
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node import abort_change as module
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.abort_change import abort_change
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.change_steps import gone
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import NODE, Node, NodeBlock
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.modify_node import MODIFY_NODE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.reconcile_node import RECONCILE_NODE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.state import ChangeState
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.terminate_node import TERMINATE_NODE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.step import Aborted, Failed

BEFORE = Node(
    customer_id="c", description="Node r", status="active", insync=True,
    node=NodeBlock(node_id=7, node_name="r", node_status="active", ipv4_loopback="10.0.0.1/32", ipv6_loopback="2001:db8::1/128"),
)  # fmt: skip
OURS, OTHERS = "nodeflow.orchestrator terminate_node, process p1", "nodeflow.orchestrator terminate_node, process p2"


WROTE = {"netbox": {"status": ["active", "offline"]}}


def work(write=("status",), status="planned"):
    """A termination that sets its device to a status, at the abort."""
    device = dataclasses.replace(gone(BEFORE), status="active")
    state = ChangeState(
        device=device, required_families=["ipv4"], changes={"node": {"node_status": status}}, write=list(write), lifecycle="terminated",
        before=BEFORE.model_dump(mode="json"),
    )  # fmt: skip
    locked = BEFORE.model_copy(update={"insync": False, "version": 4})
    return types.SimpleNamespace(key="p1", label="r (loc1, 7)", subscription=locked, state=state)


def aborted(monkeypatch, one, done, changes=(), written=None, custom_field=None):
    """The outcome, and how often the change log was asked. ``done`` are the steps that the process has done; ``changes`` its device's, or an error.
    Before it is asked, what the process may have sent is kept out.
    """
    asked = []

    def fence(task, works):
        asked.extend(["fenced"] * len(works))
        return {}

    def object_changes(client, kind, ids):
        asked.append((kind, ids))
        if isinstance(changes, Exception):
            raise changes
        return {7: list(changes)}

    log = [types.SimpleNamespace(step=step, status=status, changes=WROTE if written is None else written) for step, status in done]
    monkeypatch.setattr(module, "fence", fence)
    monkeypatch.setattr(module, "object_changes", object_changes)
    monkeypatch.setattr(module, "load_step_log", lambda connection, ids: {key: log for key in ids if log})
    store = types.SimpleNamespace(read=contextlib.nullcontext)
    task = types.SimpleNamespace(store=store, netbox=None, params={"netbox_custom_field": custom_field}, check_mode=False, actor="ann", subject=NODE)
    return abort_change(task, [one])["p1"], asked


def change(message, before="active", after="planned"):
    return Change(7, message, {"status": before}, {"status": after})


ENDED = Aborted("r (loc1, 7) was aborted by ann; it was set to planned in NetBox before, so that its subscription ends", "aborted")
RESTORED = Aborted(
    "r (loc1, 7) was aborted by ann; its subscription is as it was before; the device in NetBox was left as it is",
    "aborted",
    subscription=BEFORE.model_copy(update={"version": 4}),
)
FETCHED, MODIFIED, WRITTEN = ("fetch_ip_address_information", "success"), ("modify_subscription", "success"), ("update_node_in_netbox", "success")
NOT_WRITTEN = ("update_node_in_netbox", "failed")


@pytest.mark.parametrize(
    ("done", "changes", "outcome", "asked"),
    [
        ([FETCHED, MODIFIED, WRITTEN], [], ENDED, 0),
        ([FETCHED, MODIFIED], [change(OURS)], ENDED, 1),
        ([FETCHED, MODIFIED, NOT_WRITTEN], [change(OURS), change("", "planned", "staged")], ENDED, 1),
        ([FETCHED, MODIFIED], [change(OTHERS), change(""), change(OURS, "active", "offline")], RESTORED, 1),
        ([FETCHED, MODIFIED, NOT_WRITTEN], [], RESTORED, 1),
        ([FETCHED], [], RESTORED, 0),
        ([], [], RESTORED, 0),
    ],
)
def test_one_whose_device_was_set_free_ends(monkeypatch, done, changes, outcome, asked):
    found, times = aborted(monkeypatch, work(), done, changes)
    assert found == outcome and times == ["fenced", ("dcim.device", [7])] * asked


def test_without_the_change_log_one_that_was_cut_off_stays_and_another_token_may_abort_it(monkeypatch):
    found, dummy = aborted(monkeypatch, work(), [MODIFIED], NetboxForbidden("it needs core.view_objectchange"))
    assert found == Failed(
        "r (loc1, 7) was to be set to planned in NetBox, and without NetBox's change log it is not known whether it was: it needs core.view_objectchange. "
        "Abort with a token that may read it"
    )


def test_without_netbox_it_is_to_be_aborted_again(monkeypatch):
    found, dummy = aborted(monkeypatch, work(), [MODIFIED], NetboxError("NetBox is gone"))
    assert found.reason.endswith("it is not known whether it was: NetBox is gone. Abort again")


def test_one_whose_device_is_gone_by_then_ends(monkeypatch):
    one = work()
    one.state = one.state.having(device=dataclasses.replace(gone(BEFORE), status=""))
    found, dummy = aborted(monkeypatch, one, [MODIFIED, WRITTEN])
    assert found.reason.endswith("it was to be terminated, and is not in NetBox any more, so that its subscription ends")


def test_an_adoption_ends_and_one_that_is_damaged_stops_no_other(monkeypatch):
    """What reconcile_nodes made has nothing that it was before."""
    adoption, damaged, good = work(), work(), work()
    for number, one in enumerate((adoption, damaged, good), 1):
        one.key, one.label = f"p{number}", f"r{number}"
        one.state = one.state.having(lifecycle="active", write=[])
    adoption.state, damaged.state = adoption.state.having(before=None), damaged.state.having(before={"status": "no such", "product": "Node"})
    monkeypatch.setattr(module, "load_step_log", lambda connection, ids: {})
    store = types.SimpleNamespace(read=contextlib.nullcontext)
    task = types.SimpleNamespace(store=store, params={"netbox_custom_field": None}, check_mode=False, actor="ann", subject=NODE)
    done = abort_change(task, [adoption, damaged, good])
    ended = "its new subscription is terminated; the device in NetBox was left as it is"
    assert done["p1"] == Aborted(f"r1 was aborted by ann; {ended}", "aborted")
    assert isinstance(done["p2"], Failed) and "no such" in done["p2"].reason and done["p3"].subscription.status == "active"


@pytest.mark.parametrize(
    ("one", "done", "written", "custom_field", "left"),
    [
        (work(status="offline"), [MODIFIED, WRITTEN], WROTE, None, "what it wrote to NetBox is left there: status"),
        (work(status="offline"), [MODIFIED, WRITTEN], {"netbox": {}}, None, "what it may have written to NetBox is left there: status"),
        (work(status="active"), [MODIFIED, WRITTEN], {"netbox": {}}, None, "the device in NetBox was left as it is"),
        (work(status="offline"), [MODIFIED, WRITTEN], "damaged", None, "what it may have written to NetBox is left there: status"),
        (work(status="offline"), [MODIFIED, NOT_WRITTEN], {}, None, "what it may have written to NetBox is left there: status"),
        (work(write=["name", "site"]), [MODIFIED], {}, None, "what it may have written to NetBox is left there: site"),
        (work(write=["name"]), [MODIFIED], {}, "cf", "what it may have written to NetBox is left there: custom_fields"),
        (work(write=()), [MODIFIED, WRITTEN], {"netbox": {"custom_fields": [{}, {}]}}, "cf", "what it wrote to NetBox is left there: custom_fields"),
        (work(status="offline"), [FETCHED], {}, None, "the device in NetBox was left as it is"),
        (work(write=()), [MODIFIED, WRITTEN], {}, None, "the device in NetBox was left as it is"),
    ],
)
def test_one_that_sets_no_device_free_is_as_it_was_before_and_says_what_stays_in_netbox(  # pylint: disable=too-many-arguments,too-many-positional-arguments
    monkeypatch, one, done, written, custom_field, left
):
    reason = f"r (loc1, 7) was aborted by ann; its subscription is as it was before; {left}"
    found, asked = aborted(monkeypatch, one, done, written=written, custom_field=custom_field)
    assert found == dataclasses.replace(RESTORED, reason=reason)
    assert asked == (["fenced"] if MODIFIED in done and WRITTEN not in done else [])


def test_what_writes_nothing_to_netbox_needs_nothing_of_it(monkeypatch):
    assert aborted(monkeypatch, work(write=()), [MODIFIED]) == (RESTORED, [])


def test_an_adoption_says_what_it_wrote(monkeypatch):
    one = work(write=())
    one.state = one.state.having(lifecycle="active", before=None)
    found, dummy = aborted(monkeypatch, one, [MODIFIED, WRITTEN], written={"netbox": {"custom_fields": [{}, {}]}})
    assert found.reason.endswith("its new subscription is terminated; what it wrote to NetBox is left there: custom_fields")


def test_all_workflows_that_change_a_node_are_aborted_so():
    assert MODIFY_NODE.abort is TERMINATE_NODE.abort is abort_change is RECONCILE_NODE.abort
