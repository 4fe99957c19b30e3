# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write payloads to NetBox: only the fields that differ, only if nobody changed the object since it was read."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import ConflictError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.domain.dispatch import single_dispatch
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.netbox.client import NetboxClient, NetboxRefusal
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.netbox.device import ENDPOINT, Device, devices_by_id
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.netbox.payload import DevicePayload, NetboxPayload

__all__ = ["Target", "Update", "difference", "update"]

BATCH = 100
"""Objects in one bulk PATCH. Each ETag in If-Match takes some 40 bytes, and servers limit a header to about 8 KB."""

ATTEMPTS = 3
"""How often a batch is read and tried again after somebody else changed one of its devices in between."""


@dataclasses.dataclass(frozen=True)
class Target:
    """The NetBox to write to, and on what conditions.

    ``message`` gives the line for NetBox's change log by the object's id. ``check`` may refuse a device as it stands: it takes the device
    and the payload, and answers with the reason or None. ``known`` are devices as they were read before; those not in it are read.
    With ``dry_run`` nothing is written, and the updates say what would be; ``see`` then may give a device as it would stand by then.
    """

    client: NetboxClient
    message: t.Callable[[int], str]
    check: t.Callable[[Device, DevicePayload], t.Optional[str]]
    known: t.Mapping[int, Device] = dataclasses.field(default_factory=dict)
    see: t.Callable[[Device], Device] = lambda device: device
    dry_run: bool = False


@dataclasses.dataclass(frozen=True)
class Update:
    """What became of one payload. ``before`` and ``after`` hold the fields that differed; both are empty where none did."""

    before: dict[str, t.Any]
    after: dict[str, t.Any]
    error: str | None = None

    def changes(self) -> dict[str, list[t.Any]]:
        """The fields that differed, each as ``[before, after]``."""
        return {name: [self.before.get(name), value] for name, value in self.after.items()}


@single_dispatch
def update(payload: NetboxPayload, target: Target) -> Update:
    """Write one payload, or a list of them in bulk (then the answer is a list of updates). Dispatches on its type.

    An object that cannot be written has its reason in ``error``; the others are written.
    Raises NetboxError where none could, and DomainError, with the types that are registered, for a payload that is not.
    """


@update.register
def _update_device(payload: DevicePayload, target: Target) -> Update:
    return _update_devices([payload], target)[0]


@update.register
def _update_list(payload: list, target: Target) -> list[Update]:
    if all(isinstance(one, DevicePayload) for one in payload):
        return _update_devices(payload, target)
    return [update(one, target) for one in payload]


def difference(payload: NetboxPayload, current: t.Mapping[str, t.Any]) -> Update:
    """The fields of ``payload`` that differ from ``current``: as they are, and as they will be."""
    after = {name: value for name, value in payload.fields().items() if current.get(name) != value}
    return Update({name: current.get(name) for name in after}, after)


def _update_devices(payloads: t.Sequence[DevicePayload], target: Target) -> list[Update]:
    done: dict[int, Update] = {}
    ordered = sorted(payloads, key=lambda payload: payload.id)  # two batches that overlap must lock rows in one order
    for start in range(0, len(ordered), BATCH):
        done.update(_update_batch(ordered[start : start + BATCH], target))
    return [done[payload.id] for payload in payloads]


def _update_batch(payloads: t.Sequence[DevicePayload], target: Target) -> dict[int, Update]:
    """Read, compare and write, again for as long as somebody else's edits come in between, up to ATTEMPTS times."""
    done: dict[int, Update] = {}
    known = dict(target.known)
    for _attempt in range(ATTEMPTS):
        pending = [payload for payload in payloads if payload.id not in done]
        read = devices_by_id(target.client, [payload.id for payload in pending if payload.id not in known])
        known.update({key: target.see(device) for key, device in read.items()})
        planned = {payload.id: _plan(payload, known.get(payload.id), target) for payload in pending}
        writes = {key: plan for key, plan in planned.items() if plan.after and not plan.error}
        done.update({key: plan for key, plan in planned.items() if key not in writes or target.dry_run})
        if target.dry_run or not writes:
            return done
        try:
            done.update(_write(writes, known, target))
            return done
        except ConflictError:
            known = {}  # the answer does not say which device it was
    busy = "somebody else kept changing it in NetBox meanwhile; run again"
    return done | {payload.id: Update({}, {}, busy) for payload in payloads if payload.id not in done}


def _plan(payload: DevicePayload, device: Device | None, target: Target) -> Update:
    if device is None:
        return Update({}, {}, "there is no device with the id {0} in NetBox any more".format(payload.id))
    reason = target.check(device, payload)
    return Update({}, {}, reason) if reason else difference(payload, device.writable)


def _write(writes: dict[int, Update], known: t.Mapping[int, Device], target: Target) -> dict[int, Update]:
    """Write in one request. Objects that NetBox refuses have its reason; the others are written without them.

    Raises ConflictError, with nothing written, where a device was changed since it was read.
    """
    changes = [{"id": key, **plan.after, "changelog_message": target.message(key)} for key, plan in writes.items()]
    try:
        target.client.patch(ENDPOINT, changes, [known[key].etag for key in writes])
    except NetboxRefusal as error:
        refused = {key: Update({}, {}, "NetBox refused the change: {0}".format(why)) for key, why in error.by_id.items() if key in writes}
        if refused:
            rest = {key: plan for key, plan in writes.items() if key not in refused}
            return refused | (_write(rest, known, target) if rest else {})
        if len(writes) == 1:
            return {key: Update({}, {}, str(error)) for key in writes}
        return _write_halves(writes, known, target)  # a NetBox that does not say which object it refused
    return writes


def _write_halves(writes: dict[int, Update], known: t.Mapping[int, Device], target: Target) -> dict[int, Update]:
    keys = list(writes)
    half = len(keys) // 2
    done: dict[int, Update] = {}
    for some in (keys[:half], keys[half:]):
        try:
            done.update(_write({key: writes[key] for key in some}, known, target))
        except ConflictError:
            done.update({key: Update({}, {}, "somebody else changed it or its batch in NetBox meanwhile; run again") for key in some})
    return done
