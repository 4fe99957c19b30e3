# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What operators are told and spared: the command that repairs what was found, a reset that loses nothing, a device that is gone, a site that is."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import signal
import types

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError, StoreError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.update import Update
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node import change_steps
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.claim import _claimed, as_claimed
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.device import Device
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.drift import PROBLEMS, Finding
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import NODE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.reconcile_form import _to_be_made
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.reset import _empty
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.state import ChangeState
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.validate_node import _repair_with
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.workflows import WORKFLOWS
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process import store_process
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.step import Aborted, Failed
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._run import Interrupted
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.copy import count_rows
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.engine import open_store
from filled_store import NETBOX, FilledStore
from in_process import call_module

RECONCILE = "ansible-playbook nodeflow.orchestrator.reconcile_nodes"


def repair(*problems, nodes=None, device_filter=None):
    """The command for findings of these kinds, each at a device of its own, from 1."""
    findings = [Finding("s", device_id, f"r{device_id}", problem, None, None, "") for device_id, problem in enumerate(problems, 1)]
    return _repair_with(types.SimpleNamespace(params={"nodes": nodes, "device_filter": device_filter}), findings)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_each_finding_that_a_command_repairs_has_it(problem):
    more = {"no_subscription": " -e adopt=true", "device_gone": " -e device_gone=terminate"}.get(problem, "")
    assert repair(problem) == (None if problem in ("unreadable", "device_unreadable", "step_log") else RECONCILE + more)


def test_what_is_repaired_only_if_it_is_wanted_is_proposed_where_nothing_else_would_be():
    assert repair() is None
    assert repair("name", "no_subscription", "device_gone") == RECONCILE == repair("step_log", "name")
    assert repair("no_subscription", "device_gone", "unreadable") == f"{RECONCILE} -e adopt=true -e device_gone=terminate"


def test_where_some_were_asked_for_only_what_was_found_at_them_is_repaired():
    assert repair("name", "step_log", "site", nodes="1,2,3,4") == f"{RECONCILE} -e nodes=1,3" == repair("name", "step_log", "site", device_filter={"a": 1})
    assert repair("no_subscription", nodes=[1]) == f"{RECONCILE} -e nodes=1 -e adopt=true"
    assert repair(*["device_gone"] * 500, nodes="many").endswith(f"-e nodes={','.join(map(str, range(1, 501)))} -e device_gone=terminate")


def test_a_reset_removes_nothing_that_was_stored_while_it_freed_the_devices(tmp_path):
    filled = FilledStore(tmp_path / "store.db", 3, lambda number: "suspended")
    with contextlib.closing(open_store(filled.location)) as store:
        with store.read() as connection:
            rows = count_rows(connection)
        with pytest.raises(NodeflowError) as error:
            _empty(store, rows | {"processes": 2})
        assert str(error.value) == (
            f"the store store.db in {tmp_path} was left as it is, since something was stored while the devices were set to planned; run again"
        )
        assert len(filled.rows("SELECT * FROM processes")) == 3
        _empty(store, rows)
    assert filled.rows("SELECT * FROM processes") == [] == filled.rows("SELECT * FROM claims")


@pytest.mark.parametrize("resumed", [True, False])
def test_a_claim_of_a_device_that_is_gone_says_how_to_end_it(resumed):
    missing = "is not in NetBox any more, or the token may not see it"
    work = types.SimpleNamespace(key="p1", label="r (loc1, 7)", row=types.SimpleNamespace(resumed=resumed))
    outcome = _claimed(types.SimpleNamespace(check_mode=False), work, Update({}, {}, "there is no device with the id 7 in NetBox any more", gone=True))
    if resumed:
        end = "If it will not come back, end the process"
        abort = f"{end} with: ansible-playbook nodeflow.orchestrator.abort -e process_ids=p1"
        assert outcome == Failed(f"r (loc1, 7) {missing}. {abort}", missing, end)
    else:
        gone = "there is no device with the id 7 in NetBox any more; its process is over, so there is nothing to resume"
        assert outcome == Aborted(f"r (loc1, 7) could not be claimed: {gone}")


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ({"site": "loc9"}, "NetBox has no site loc9 any more; make it there, or let NetBox's value win"),
        ({"primary_ip4": "10.0.0.1/32"}, "NetBox has no 10.0.0.1/32 for it; add it to the device there, or let NetBox's value win"),
        (
            {"primary_ip4": "10.0.0.1/32", "site": "loc9", "primary_ip6": "2001:db8::1/128"},
            (
                "NetBox has no site loc9 any more; make it there. NetBox has no 10.0.0.1/32 and no 2001:db8::1/128 for it; add them to the device there, "
                "or let NetBox's value win"
            ),
        ),
    ],
)
def test_what_netbox_does_not_have_says_where_it_is_to_be_made(missing, sentence):
    assert _to_be_made(missing) == sentence


def test_the_progress_of_an_update_counts_what_is_written(monkeypatch):
    totals = []
    monkeypatch.setattr(change_steps, "Progress", lambda show, step, total, many: totals.append((step, total)))
    monkeypatch.setattr(change_steps, "writes", lambda task, work: work.subscription.device_id == 2)
    monkeypatch.setattr(change_steps, "_payload", lambda task, work: "payload")
    monkeypatch.setattr(change_steps, "update", lambda payloads, target: [Update({}, {}) for payload in payloads])
    state = types.SimpleNamespace(lifecycle=None)
    works = [types.SimpleNamespace(key=f"p{number}", subscription=types.SimpleNamespace(device_id=number), state=state) for number in range(1, 6)]
    task = types.SimpleNamespace(netbox=None, check_mode=False, show=None, subject=NODE)
    assert len(change_steps._update_node_in_netbox(task, works)) == 5 and totals == [("update_node_in_netbox", 1)]


READ = Device(7, "r", "active", "loc1", "Location 1", "core", "cisco_ios", "10.0.0.1/32", None)


def ending(key="p1", repairs=None):
    """A termination of a node that NetBox does not show any more."""
    state = ChangeState(device=READ, required_families=["ipv4"], changes={}, write=["status"], lifecycle="terminated", before={}, repairs=repairs)
    return types.SimpleNamespace(key=key, label=f"r ({key})", subscription=types.SimpleNamespace(device_id=7), state=state)


def test_what_netbox_shows_again_does_not_end_without_a_word():
    """It was not shown when the process began, so nothing is to be written there."""
    one = ending()
    one.state = one.state.having(device=dataclasses.replace(READ, status=""), write=[])
    one.called = lambda label: one
    outcome = change_steps._fetched(one, READ, set())
    assert isinstance(outcome, Failed) and outcome.reason.startswith("r (p1) is in NetBox again, so its subscription does not end; ansible-playbook ")


def test_what_netbox_does_not_show_any_more_ends_with_the_config_of_what_was_read_last():
    outcome = change_steps._fetched(ending(), None, set())
    assert outcome.state.write == [] and outcome.state.device == dataclasses.replace(READ, status="")


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (1, "not in NetBox any more, or the token may not see it: r (0). Nothing is written there; only the subscription ends"),
        (2, ": r (0), r (1). Nothing"),
        (12, ", r (9) and 2 more. Nothing"),
    ],
)
def test_that_netbox_does_not_show_them_is_said_before_they_end(count, said):
    warned = []
    change_steps._warn_of_missing(types.SimpleNamespace(warn=warned.append), [ending(str(number)) for number in range(count)])
    change_steps._warn_of_missing(types.SimpleNamespace(warn=warned.append), [ending(repairs=["device_gone"])])
    assert len(warned) == 1 and said in warned[0]


@pytest.mark.parametrize(("read", "now", "expected"), [("planned", "planned", "staged"), ("staged", "planned", "planned"), ("staged", "offline", "offline")])
def test_check_mode_takes_for_claimed_what_is_yet_to_be_claimed_and_not_what_was_set_back(read, now, expected):
    work = types.SimpleNamespace(state=types.SimpleNamespace(claim="netbox", device=dataclasses.replace(READ, status=read)))
    assert as_claimed(work, dataclasses.replace(READ, status=now)).status == expected


def test_what_met_a_failover_as_it_was_committed_is_tried_once_more(monkeypatch):
    work = types.SimpleNamespace(label="r", process=types.SimpleNamespace(subscription_id="s"))
    monkeypatch.setattr(store_process, "_insert_part", lambda task, workflows, works: {"s": "stored"})
    assert store_process._inserted_all_the_same(None, {}, [work], StoreError("the server is gone")) == {"s": "stored"}

    def gone(*arguments):
        raise StoreError("it is gone still")

    monkeypatch.setattr(store_process, "_insert_part", gone)
    monkeypatch.setattr(store_process, "_without_process", lambda work: types.SimpleNamespace(failed=lambda message: message))
    assert store_process._inserted_all_the_same(None, {}, [work], StoreError("the server is gone")) == {"s": "r could not be stored: the server is gone"}


def test_an_abort_that_is_interrupted_releases_what_it_has_taken(tmp_path, monkeypatch):
    store = FilledStore(tmp_path / "store.db", 2, lambda number: "suspended")
    store.change("UPDATE processes SET state = ?", json.dumps({"device": dataclasses.asdict(READ), "claim": "store", "required_families": []}))

    def interrupted(task, works):
        raise Interrupted(signal.SIGINT)

    workflows = {name: dataclasses.replace(workflow, abort=interrupted) for name, workflow in WORKFLOWS.items()}
    monkeypatch.setattr("ansible_collections.nodeflow.orchestrator.plugins.modules.abort.WORKFLOWS", workflows)
    said = []
    with pytest.raises(Interrupted):
        call_module("abort", {"store": store.location, "netbox_url": NETBOX, "netbox_token": "t", "process_status": ["suspended"]}, said=said)
    assert store.rows("SELECT DISTINCT status, step, lease_until FROM processes") == [{"status": "failed", "step": "abort", "lease_until": None}]
    assert "nodeflow.orchestrator.abort" in said[-1]
