# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep out of NetBox what an aborted process has sent there and is still on its way, so that an abort can trust what it reads."""

from __future__ import annotations

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.update import Kind, Refusal, update
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.device import Device, devices_by_id
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.payload import DevicePayload, DeviceTarget
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.state import NodeWork
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.lease import still_held
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.step import Failed, Outcome
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = ["fence"]


def fence(task: Task, works: t.Sequence[NodeWork]) -> dict[str, Outcome]:
    """Write the device of each process once more as it is, under its ETag. Return the outcomes of those where that may not have been done.

    NetBox does that after a write that it has begun, which can be read then, and refuses one that it begins later, since the device has another ETag by
    then. One before 4.6 has no If-Match, so there nothing is written.
    """
    if task.check_mode or not works:
        return {}
    devices = devices_by_id(task.netbox, [work.subscription.device_id for work in works])
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
    updates = update([DevicePayload(id=device_id, status=devices[device_id].status) for device_id in by_device], target)
    unknown = "whether what the process has sent to NetBox is still under way is not known"
    return {
        work.key: Failed(f"{work.label}: {unknown}: {done.error}; then abort again") for work, done in zip(by_device.values(), updates) if done.uncertain
    }
