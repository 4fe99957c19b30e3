# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of one that could not be stored, since somebody was there first, and of one that this very task has stored before."""

from __future__ import annotations

import contextlib
import dataclasses
import types
import uuid

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import NODE, NodeBlockInactive, NodeInactive
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process import abort, store_process
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.rows import Row
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.state import State
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.subscriptions import Unreadable

TASK = types.SimpleNamespace(subject=NODE, check_mode=False, params={"reason": None}, actor="ann")
ROW = Row("r (loc1, 7)", "running", run_id="run", process_id="p1", subscription_id="s1")
KEY = uuid.UUID(int=7)


def stands_for(*resources, product="Node", depends_on=(), key=KEY):
    """A subscription, as far as it matters here."""
    known = {"subscription_id": key, "product": product, "description": "Circuit A", "status": "active"}
    return types.SimpleNamespace(**known, resources=lambda: resources, depends_on=lambda: depends_on)


def lost(wanted, holder, ours=False):
    """What becomes of the row of one that could not be stored."""
    return store_process._lost(TASK, types.SimpleNamespace(row=ROW, label=ROW.label, subscription=wanted), holder, ours)


NOTHING = dataclasses.replace(ROW, process_id=None, subscription_id=None)


def test_one_that_another_run_made_is_no_failure():
    what = "was enrolled by another run meanwhile"
    row = NOTHING.unchanged(f"r (loc1, 7) {what}: subscription {KEY}", what)
    assert lost(stands_for("a", "b"), stands_for("b", "a")) == dataclasses.replace(row, subscription_id=str(KEY))
    assert lost(stands_for("a"), None) == NOTHING.unchanged(f"r (loc1, 7) {what}: another subscription", what)


@pytest.mark.parametrize(
    ("wanted", "holder", "ours", "both"),
    [
        (stands_for("a", "b"), stands_for("b"), False, "b"),
        (stands_for("a"), stands_for("a", "b"), False, "a"),
        (stands_for("a", "b", "c"), stands_for("c", "b", "d"), False, "b and c"),
        (stands_for("a"), stands_for("a", product="Port"), False, "a"),
        (stands_for("a"), stands_for("a"), True, "a"),
        (stands_for("a", depends_on=(KEY,)), stands_for("a", "b"), False, "a"),
    ],
)
def test_one_of_which_another_subscription_has_a_part_fails(wanted, holder, ours, both):
    assert lost(wanted, holder, ours) == NOTHING.failed(f"r (loc1, 7) cannot be enrolled: {both} belongs to Circuit A, subscription {KEY}")


def test_one_that_uses_what_is_not_to_be_had_fails():
    why = "a subscription that it uses is not active, or a process works on it"
    assert lost(stands_for("a", depends_on=(KEY,)), None) == NOTHING.failed(f"r (loc1, 7) cannot be enrolled: {why}", why)


def test_one_whose_holder_cannot_be_read_fails():
    class Damaged(Unreadable):
        """A subscription whose row is damaged."""

        def __init__(self):
            """Of nothing."""

        sentence = "subscription s9 cannot be read"

    assert lost(stands_for("a"), Damaged()) == NOTHING.failed("r (loc1, 7) cannot be enrolled: subscription s9 cannot be read")


def before(status, monkeypatch, run_id="run"):
    """What becomes of the row of one that has a process in the store already; with what ``already_there`` was called."""
    asked = []
    monkeypatch.setattr(store_process, "already_there", lambda *arguments: asked.append(arguments) or "as it stands")
    process = types.SimpleNamespace(process_id="p9", subscription_id="s9", status=status, run_id=run_id, error="wrong rack", workflow="w")
    work = types.SimpleNamespace(row=ROW, process=process)
    return store_process._stored_before(TASK, {"w": "the workflow"}, work, "the subscription", process), process, asked


def test_what_this_task_stored_before_goes_on(monkeypatch):
    row, dummy, asked = before("running", monkeypatch)
    assert (row.process_id, row.subscription_id, row.status, asked) == ("p9", "s9", "running", [])


@pytest.mark.parametrize(
    ("status", "run_id", "at_work"), [("running", "other", True), ("failed", "run", True), ("suspended", "run", True), ("completed", "run", False)]
)
def test_what_was_stored_before_and_went_on_is_told_of_as_it_stands(monkeypatch, status, run_id, at_work):
    row, process, asked = before(status, monkeypatch, run_id)
    assert row == "as it stands" and asked == [(TASK, NOTHING, "the subscription", process if at_work else None, "the workflow")]


def test_what_was_stored_before_and_aborted_is_not_begun_again(monkeypatch):
    row, dummy, asked = before("aborted", monkeypatch)
    assert row == NOTHING.failed("r (loc1, 7): process p9 was aborted: wrong rack", "its process was aborted: wrong rack") and asked == []


def works(**params):
    """A work on a subscription that was there before, and one on a new one; and the task."""
    one = NodeInactive(customer_id="c", node=NodeBlockInactive(node_id=7, node_name="r"), insync=True)
    locked = one.model_copy(update={"insync": False, "version": 5})
    known = [
        types.SimpleNamespace(key="p1", label="r (loc1, 7)", subscription=locked, state=State(before=one.model_dump(mode="json"))),
        types.SimpleNamespace(key="p2", label="s (loc1, 8)", subscription=locked, state=State()),
    ]
    task = types.SimpleNamespace(subject=NODE, check_mode=params.pop("check_mode", False), params={"reason": None} | params, actor="ann")
    return task, known, one


def test_an_abort_without_more_ends_what_is_new_and_puts_back_what_was_there():
    task, known, one = works()
    done = abort._restore(task, known)
    put_back = "its subscription is as it was before; the device in NetBox was left as it is"
    assert done["p1"] == abort.Aborted(f"r (loc1, 7) was aborted by ann; {put_back}", "aborted", {}, one.model_copy(update={"version": 5}))
    ended = "its new subscription is terminated; the device in NetBox was left as it is"
    assert done["p2"] == abort.Aborted(f"s (loc1, 8) was aborted by ann; {ended}", "aborted", {})


def test_an_abort_has_its_reason_and_what_it_changed():
    task, [work, dummy], _dummy2 = works(reason="wrong rack", check_mode=True)
    changes = {"status": ["staged", "planned"]}
    done = abort.restored(task, work, "the device is planned again", changes)
    assert (done.reason, done.netbox) == ("r (loc1, 7) would be aborted by ann: wrong rack; the device is planned again", changes)


def predict(monkeypatch, works, store=True, holders=None, unusable=()):
    """What check mode makes of works, whose subscriptions ``holders`` are in the way of, by the work's key; None of it without a store."""
    connection = types.SimpleNamespace(read=contextlib.nullcontext)
    monkeypatch.setattr(store_process, "_holders", lambda connection, works: {work.key: (holders or {}).get(work.key) for work in works})
    monkeypatch.setattr(store_process, "not_in_service", lambda connection, ids: {one for one in ids if one in unusable})
    monkeypatch.setattr(store_process, "_lost", lambda task, work, holder, ours=False: ("lost", work.key, holder, ours))
    monkeypatch.setattr(store_process, "predicted", lambda row, subscription, process: ("begun", row, subscription, process))
    return store_process._predict(types.SimpleNamespace(existing_store=lambda: connection if store else None), works)


def new_work(number, *resources, depends_on=()):
    process = types.SimpleNamespace(subscription_id=f"s{number}")
    return types.SimpleNamespace(key=f"p{number}", row=f"row {number}", process=process, subscription=stands_for(*resources, depends_on=depends_on))


def test_check_mode_begins_what_is_free_and_not_what_others_have(monkeypatch):
    free, taken, uses = new_work(1, "a"), new_work(2, "b"), new_work(3, "c", depends_on=["u1", "u2"])
    works, holder = [free, taken, uses], stands_for("b")
    begun = {f"s{number}": ("begun", work.row, work.subscription, work.process) for number, work in enumerate(works, 1)}
    assert predict(monkeypatch, works, holders={"p2": holder}, unusable=["u2"]) == begun | {
        "s2": ("lost", "p2", holder, False),
        "s3": ("lost", "p3", None, False),
    }
    assert predict(monkeypatch, works, holders={"p2": holder}, unusable=["u9"]) == begun | {"s2": ("lost", "p2", holder, False)}
    assert predict(monkeypatch, works, store=False, holders={"p2": holder}, unusable=["u2"]) == begun


def test_check_mode_begins_one_of_two_that_want_the_same(monkeypatch):
    first, second, third = new_work(1, "a", "b"), new_work(2, "b", "c"), new_work(3, "c")
    done = predict(monkeypatch, [first, second, third])
    assert done["s2"] == ("lost", "p2", first.subscription, True)
    assert done["s1"][0] == done["s3"][0] == "begun"  # what the second one wanted beside is free, since it gets nothing
