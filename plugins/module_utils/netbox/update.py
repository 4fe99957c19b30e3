# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write payloads to NetBox: only the fields that differ, only if nobody changed the object since it was read."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._chunks import chunks
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import ConflictError, NetboxUncertain
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.domain.dispatch import single_dispatch
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.netbox.client import NetboxClient, NetboxRefusal
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.netbox.device import ENDPOINT, Device, devices_by_id
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.netbox.parallel import in_parallel
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.netbox.payload import DevicePayload, NetboxPayload

__all__ = ["Target", "Update", "difference", "update"]

ATTEMPTS = 5
"""How often a batch is read and tried again after somebody else changed one of its devices in between."""


@dataclasses.dataclass(frozen=True)
class Target:
    """The NetBox to write to, and on what conditions.

    ``message`` gives the line for NetBox's change log by the object's id. ``check`` may refuse a device as it stands: it takes the device
    and the payload, and answers with the reason or None. ``known`` are devices as they were read before; those not in it are read.
    With ``dry_run`` nothing is written, and the updates say what would be; ``see`` then may give a device as it would stand by then.
    ``tell`` is told after each request how many payloads are done, and how many of them could not be written.
    """

    client: NetboxClient
    message: t.Callable[[int], str]
    check: t.Callable[[Device, DevicePayload], t.Optional[str]]
    known: t.Mapping[int, Device] = dataclasses.field(default_factory=dict)
    see: t.Callable[[Device], Device] = lambda device: device
    dry_run: bool = False
    tell: t.Callable[[int, int], None] = lambda done, failed: None


@dataclasses.dataclass(frozen=True)
class Update:
    """What became of one payload. ``before`` and ``after`` hold the fields that differed; both are empty where none did.

    ``error`` says why it was not written; ``uncertain`` that it may have been all the same, since an answer was lost; ``gone`` that there is no such
    object any more.
    """

    before: dict[str, t.Any]
    after: dict[str, t.Any]
    error: str | None = None
    uncertain: bool = False
    gone: bool = False

    def changes(self) -> dict[str, list[t.Any]]:
        """The fields that differed, each as ``[before, after]``."""
        return {name: [self.before.get(name), value] for name, value in self.after.items()}


@single_dispatch
def update(payload: NetboxPayload, target: Target) -> Update:
    """Write one payload, or a list of them in bulk (then the answer is a list of updates). Dispatches on its type.

    An object that cannot be written has its reason in ``error``; the others are written. A write whose answer was lost is tried again once
    NetBox was read again. Raises DomainError, with the types that are registered, for a payload that is not.
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
    after = {name: value for name, value in payload.fields().items() if not _is_so(current.get(name), value)}
    return Update({name: _named(current.get(name), value) for name, value in after.items()}, after)


def _named(current: t.Any, value: t.Any) -> t.Any:
    """What a field has now; of custom fields those that are to be set, since the others are not ours to show."""
    if isinstance(value, dict):
        return {name: (current or {}).get(name) for name in value}
    return current


def _is_so(current: t.Any, value: t.Any) -> bool:
    """Whether a field has its value. Of custom fields, those that are named count."""
    if isinstance(value, dict):
        return isinstance(current, dict) and all((current.get(name) or None) == (one or None) for name, one in value.items())
    return current == value


def _update_devices(payloads: t.Sequence[DevicePayload], target: Target) -> list[Update]:
    ordered = sorted(payloads, key=lambda payload: payload.id)  # two batches that overlap must lock rows in one order
    work = _Work(target)
    error = in_parallel(target.client.parallel, work.write, list(chunks(ordered, target.client.batch_size)))
    if error:
        work.give_up(ordered, str(error))
    return [work.done[payload.id] for payload in payloads]


class _Work:
    """What several threads have done of an update, and what is known by now. ``sent`` are writes whose answer was lost, so that they may have been done."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.done: dict[int, Update] = {}
        self.sent: dict[int, Update] = {}
        # What was read earlier is good enough only for a NetBox that refuses the write if it has changed since.
        self._known = {key: device for key, device in target.known.items() if device.etag}
        self._conflicts: dict[int, int] = {}
        self._patience = target.client.patience()

    def write(self, group: t.Sequence[DevicePayload]) -> list[t.Sequence[DevicePayload]]:
        """Read, compare and write a group in one request. Answers with the groups that must be tried again.

        Raises NetboxError where nothing more can be written.
        """
        again = self._write(group)
        done = list(self.done.values())
        self.target.tell(len(done), sum(1 for one in done if one.error))
        return again

    def _write(self, group: t.Sequence[DevicePayload]) -> list[t.Sequence[DevicePayload]]:
        writes = self._plan(group)
        if self.target.dry_run or not writes:
            return []
        changes = [{"id": key, **plan.after, "changelog_message": self.target.message(key)} for key, plan in writes.items()]
        left = [payload for payload in group if payload.id in writes]
        try:
            self.target.client.patch(ENDPOINT, changes, [etag for key in writes if (etag := self._known[key].etag)])
        except ConflictError:
            return self._after_conflict(left)
        except NetboxUncertain:
            self.sent |= writes
            if not self._patience.wait():
                raise
            self._forget(left)
            return [left]
        except NetboxRefusal as error:
            return self._without_refused(left, error)
        self.done |= writes
        return []

    def give_up(self, payloads: t.Sequence[DevicePayload], reason: str) -> None:
        """What is not done yet will not be."""
        self.done |= {payload.id: Update({}, {}, reason, payload.id in self.sent) for payload in payloads if payload.id not in self.done}

    def _plan(self, group: t.Sequence[DevicePayload]) -> dict[int, Update]:
        """What to write, by id; what needs no write is done."""
        read = devices_by_id(self.target.client, [payload.id for payload in group if payload.id not in self._known])
        self._known |= {key: self.target.see(device) for key, device in read.items()}
        writes = {}
        for payload in group:
            plan = _plan(payload, self._known.get(payload.id), self.target)
            if plan.after and not plan.error:
                writes[payload.id] = plan
            if self.target.dry_run or payload.id not in writes:
                if payload.id in self.sent:  # it arrived, if nothing is left to write
                    plan = dataclasses.replace(plan, uncertain=True) if plan.error else self.sent[payload.id]
                self.done[payload.id] = plan
        return writes

    def _forget(self, group: t.Sequence[DevicePayload]) -> None:
        """Have the devices of a group read again before the next write."""
        for payload in group:
            self._known.pop(payload.id, None)

    def _after_conflict(self, group: t.Sequence[DevicePayload]) -> list[t.Sequence[DevicePayload]]:
        """The group, for another attempt with what NetBox has by then: the answer does not tell which device it was."""
        self._forget(group)
        for payload in group:
            self._conflicts[payload.id] = self._conflicts.get(payload.id, 0) + 1
        again = [payload for payload in group if self._conflicts[payload.id] < ATTEMPTS]
        self.give_up([payload for payload in group if payload not in again], "somebody else kept changing it in NetBox meanwhile; run again")
        return [again] if again else []

    def _without_refused(self, group: t.Sequence[DevicePayload], error: NetboxRefusal) -> list[t.Sequence[DevicePayload]]:
        """The rest of a group of which NetBox refused some; halves of it, where NetBox does not say which."""
        refused = group if len(group) == 1 else [payload for payload in group if payload.id in error.by_id]
        if refused:
            there = devices_by_id(self.target.client, [payload.id for payload in refused])
            for payload in refused:
                why = "NetBox refused the change: {0}".format(error.by_id[payload.id]) if payload.id in error.by_id else str(error)
                self.done[payload.id] = Update({}, {}, why, payload.id in self.sent) if payload.id in there else _gone(payload)
            rest = [payload for payload in group if payload.id not in self.done]
            return [rest] if rest else []
        return [group[: len(group) // 2], group[len(group) // 2 :]]


def _plan(payload: DevicePayload, device: Device | None, target: Target) -> Update:
    if device is None:
        return _gone(payload)
    reason = device.problem or target.check(device, payload)
    return Update({}, {}, reason) if reason else difference(payload, device.writable)


def _gone(payload: DevicePayload) -> Update:
    return Update({}, {}, "there is no device with the id {0} in NetBox any more".format(payload.id), gone=True)
