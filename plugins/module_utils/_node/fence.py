# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep out of NetBox what an aborted process has sent there and is still on its way, so that an abort can trust what it reads."""

from __future__ import annotations

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NetboxError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.update import Kind, Refusal, update
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.device import Device, devices_by_id
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.payload import DevicePayload, DeviceTarget
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.state import NodeWork
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.holding import still_held
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.step import Failed, Outcome
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = ["fence"]


def fence(task: Task, works: t.Sequence[NodeWork]) -> dict[str, Outcome]:
    """Write the device of each process once more as it is, under its ETag. Return the outcomes of those where that could not be done.

    NetBox does that after a write that it has begun, which can be read then, and refuses one that it begins later, since the device has another ETag by
    then. One before 4.6 has no If-Match, so there nothing is written. Where NetBox itself refuses it, a warning says what may come, so that the abort is not
    in vain for ever.
    """
    if task.check_mode or not works:
        return {}
    try:
        devices = devices_by_id(task.netbox, [work.subscription.device_id for work in works])
    except NetboxError as error:
        return {work.key: _unknown(work, str(error)) for work in works}
    by_device = {work.subscription.device_id: work for work in works if (one := devices.get(work.subscription.device_id)) and one.etag and not one.problem}

    def check(device: Device, payload: DevicePayload) -> Refusal | None:
        return None if device.status == payload.status else Refusal(Kind.DONE_BEFORE, "it was written meanwhile")

    target = DeviceTarget(
        client=task.netbox,
        message=lambda device_id: "nodeflow.orchestrator abort, nothing is changed",
        check=check,
        known=devices,
        held=still_held(task, by_device),
        even_same=True,
    )
    outcomes: dict[str, Outcome] = {}
    updates = update([DevicePayload(id=device_id, status=devices[device_id].status) for device_id in by_device], target)
    for work, done in zip(by_device.values(), updates):
        if done.answered:
            task.warn(f"{work.label}: what the process has sent to NetBox could not be kept out, and may arrive after the abort: {done.error}")
        elif done.error and not done.gone and (done.uncertain or done.kind is not Kind.DONE_BEFORE):
            outcomes[work.key] = _unknown(work, done.error)
    return outcomes


def _unknown(work: NodeWork, why: str) -> Failed:
    return Failed(f"{work.label}: whether what the process has sent to NetBox is still under way is not known: {why}. Abort again")
