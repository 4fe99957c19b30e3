# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What operators are told and spared: the command that repairs what was found, a reset that loses nothing, a device that is gone, a site that is."""

from __future__ import annotations

import contextlib
import types

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.update import Update
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node import change_steps
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.claim import _claimed
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.drift import PROBLEMS, Finding
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import NODE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.reconcile_form import _to_be_made
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.reset import _empty
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.validate_node import _repair_with
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.step import Aborted, Failed
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.copy import count_rows
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.engine import open_store
from filled_store import FilledStore

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
    outcome = _claimed(work, Update({}, {}, "there is no device with the id 7 in NetBox any more", gone=True))
    if resumed:
        end = "If it will not come back, end the process"
        abort = f"{end} with: ansible-playbook nodeflow.orchestrator.abort -e process_ids=p1"
        assert outcome == Failed(f"r (loc1, 7) {missing}. {abort}", missing, end)
    else:
        assert outcome == Aborted("r (loc1, 7) could not be claimed: there is no device with the id 7 in NetBox any more; no process is kept of it")


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
    monkeypatch.setattr(change_steps, "_writes", lambda task, work: work.subscription.device_id == 2)
    monkeypatch.setattr(change_steps, "_payload", lambda task, work: "payload")
    monkeypatch.setattr(change_steps, "update", lambda payloads, target: [Update({}, {}) for payload in payloads])
    state = types.SimpleNamespace(lifecycle=None)
    works = [types.SimpleNamespace(key=f"p{number}", subscription=types.SimpleNamespace(device_id=number), state=state) for number in range(1, 6)]
    task = types.SimpleNamespace(netbox=None, check_mode=False, show=None, subject=NODE)
    assert len(change_steps._update_node_in_netbox(task, works)) == 5 and totals == [("update_node_in_netbox", 1)]
