# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an abort does before it trusts NetBox: the device is written once more as it is. That this keeps out what is late, tests/faults shows."""

from __future__ import annotations

import dataclasses
import types

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NetboxError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.update import NOT_HELD, Kind, Update
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node import fence as module
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.device import Device
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.fence import fence
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.step import Failed

THERE = Device(7, "r", "staged", "loc1", "", "", "", None, None, etag='W/"1"')


WRITTEN = Update({}, {})


def work(device_id=7):
    return types.SimpleNamespace(key=f"p{device_id}", label=f"r (loc1, {device_id})", subscription=types.SimpleNamespace(device_id=device_id))


@pytest.fixture
def fenced(monkeypatch):
    """Fence the process of a device; return the outcomes, what was written, and the warnings."""

    def run(device, answer=WRITTEN, check_mode=False):
        written, warnings = [], []

        def devices_by_id(client, ids):
            if isinstance(device, Exception):
                raise device
            return {7: device} if device else {}

        def update(payloads, target):
            written.extend((payload.id, payload.status, target.even_same, target.check(device, payload)) for payload in payloads)
            return [answer for payload in payloads]

        monkeypatch.setattr(module, "devices_by_id", devices_by_id)
        monkeypatch.setattr(module, "update", update)
        task = types.SimpleNamespace(netbox=None, check_mode=check_mode, warn=warnings.append, held=set)
        return fence(task, [work()]), written, warnings

    return run


def test_the_device_is_written_as_it_is(fenced):
    assert fenced(THERE) == ({}, [(7, "staged", True, None)], [])


@pytest.mark.parametrize(
    "answer",
    [
        Update({}, {}, "it was written meanwhile", kind=Kind.DONE_BEFORE),
        Update({}, {}, "there is no device with the id 7 in NetBox any more", gone=True),
    ],
)
def test_what_has_arrived_meanwhile_or_is_gone_needs_nothing_more(fenced, answer):
    assert fenced(THERE, answer)[::2] == ({}, [])


@pytest.mark.parametrize(
    "answer",
    [
        Update({}, {}, "no connection to NetBox"),
        Update({}, {}, "NetBox did not answer", uncertain=True),
        Update({}, {}, "it was written meanwhile", uncertain=True, kind=Kind.DONE_BEFORE),
        Update({}, {}, NOT_HELD),
    ],
)
def test_where_nobody_knows_whether_it_was_written_the_abort_is_to_be_done_again(fenced, answer):
    why = f"whether what the process has sent to NetBox is still under way is not known: {answer.error}. Abort again"
    assert fenced(THERE, answer)[::2] == ({"p7": Failed(f"r (loc1, 7): {why}")}, [])


@pytest.mark.parametrize("uncertain", [False, True])
def test_where_netbox_itself_refuses_it_the_abort_goes_on_with_a_warning(fenced, uncertain):
    outcomes, _written, [warning] = fenced(THERE, Update({}, {}, "the token may not change it", uncertain=uncertain, answered=True))
    assert outcomes == {} and warning.endswith("could not be kept out, and may arrive after the abort: the token may not change it")


@pytest.mark.parametrize(
    "device", [None, dataclasses.replace(THERE, etag=None), dataclasses.replace(THERE, problem="its status is no text")], ids=["gone", "NetBox 4.5", "odd"]
)
def test_what_cannot_be_written_under_an_etag_is_not_written(fenced, device):
    assert fenced(device) == ({}, [], [])


def test_without_netbox_it_is_to_be_aborted_again(fenced):
    outcomes, written, _warnings = fenced(NetboxError("NetBox is gone"))
    assert outcomes["p7"].reason.endswith("is not known: NetBox is gone. Abort again") and written == []


def test_check_mode_writes_nothing(fenced):
    assert fenced(THERE, check_mode=True) == ({}, [], [])
