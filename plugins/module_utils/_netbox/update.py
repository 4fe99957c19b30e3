# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write payloads to NetBox: only the fields that differ, only if nobody changed the object since it was read."""

from __future__ import annotations

import dataclasses
import enum
import threading
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._chunks import chunks
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.dispatch import single_dispatch
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import (
    ConflictError,
    DomainError,
    NetboxFailed,
    NetboxForbidden,
    NetboxLeftOut,
    NetboxNotWritten,
    NetboxRefusal,
    NetboxUncertain,
)
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.client import NetboxClient
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.objects import AnyObject
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.parallel import in_parallel
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.payload import NetboxPayload

__all__ = ["Kind", "Refusal", "Target", "Update", "difference", "update"]

ATTEMPTS = 5
"""How often a batch is read and tried again after somebody else changed one of its objects in between."""

FAILURES = 3
"""Objects at which NetBox fails, one after the other, before anything was written: then it is not they that it fails at."""

FEWEST_IN_A_REQUEST = 5
"""How many objects a request has at least before there is another one beside it: a request costs NetBox as much as some three devices."""


NOT_HELD = "another run has taken its process over meanwhile; look at it with process_info"


class Kind(enum.Enum):
    """What a caller's check has against the object as it stands."""

    CONFLICT = enum.auto()
    """It is not as the caller expects it."""
    TAKEN = enum.auto()
    """Somebody else has it."""
    UNKNOWN = enum.auto()
    """Nothing tells any more who has it."""
    DONE_BEFORE = enum.auto()
    """An earlier attempt of the same process has done it; what was changed since is not this process's."""


class Refusal(t.NamedTuple):
    """Why a caller does not want an object written: the kind, by which code decides, and the text for people."""

    kind: Kind
    text: str


Object = t.TypeVar("Object", bound=AnyObject)
Payload = t.TypeVar("Payload", bound=NetboxPayload)


@dataclasses.dataclass(frozen=True)
class Target(t.Generic[Object, Payload]):
    """The NetBox to write to, and on what conditions.

    ``message`` gives the line for NetBox's change log by the object's id. ``check`` may refuse an object as it stands: it takes the object, as its
    payload's type reads it, and the payload, and returns the refusal or None. ``known`` are objects as they were read before; those not in it are
    read. With ``dry_run`` nothing is written, and the updates say what would be; ``see`` then may give an object as it would stand by then.
    ``tell`` is told after each request how many payloads are done, and how many of them could not be written. ``held`` is asked right before each request,
    and tells which of these ids may be written still: see ``still_held``. With ``even_same``, what does not differ is written, too. ``lost`` is told the ids of
    which an answer was lost, before they are read again.
    """

    client: NetboxClient
    message: t.Callable[[int], str]
    check: t.Callable[[Object, Payload], t.Optional[Refusal]] = lambda one, payload: None
    known: t.Mapping[int, Object] = dataclasses.field(default_factory=dict)
    see: t.Callable[[Object], Object] = lambda one: one
    dry_run: bool = False
    tell: t.Callable[[int, int], None] = lambda done, failed: None
    held: t.Callable[[t.Collection[int]], t.Collection[int]] = lambda ids: ids
    even_same: bool = False
    lost: t.Callable[[t.Collection[int]], None] = lambda ids: None


AnyTarget = Target[t.Any, t.Any]


@dataclasses.dataclass(frozen=True)
class Update:
    """What became of one payload. ``before`` and ``after`` hold the fields that differed; both are empty where none did.

    ``error`` says why it was not written, and ``kind`` what kind of refusal that was, if it was the target's ``check``; ``uncertain`` says that it
    may have been written all the same, since an answer was lost; ``gone`` that there is no such object any more; ``answered`` that NetBox itself has answered
    that it does not write it.
    """

    before: dict[str, t.Any]
    after: dict[str, t.Any]
    error: str | None = None
    uncertain: bool = False
    gone: bool = False
    kind: Kind | None = None
    answered: bool = False

    def why_not(self, label: str) -> str:
        """Return the sentence about an object of that ``label`` that was not written. A refusal by the target's ``check`` is one already."""
        return f"{self.error}" if self.kind else f"{label}: {self.error}"

    def changes(self) -> dict[str, list[t.Any]]:
        """Return the fields that differed, each as ``[before, after]``."""
        return {name: [self.before.get(name), value] for name, value in self.after.items()}


@single_dispatch
def update(payload: NetboxPayload | list[NetboxPayload], target: AnyTarget) -> t.Any:
    """Write one payload, and answer with its Update; or a list of them in bulk, and answer with theirs. Dispatches on its type.

    An object that cannot be written has its reason in ``error``; the others are written. A write whose answer was lost is tried again once
    NetBox was read again. To a NetBox without If-Match, which loads all objects of a request and then saves each whole row, one object is written
    at a time, each read right before. Raises DomainError, with the types that are known, for a payload that names no endpoint.
    """
    raise NotImplementedError


@update.register
def _update_one(payload: NetboxPayload, target: AnyTarget) -> Update:
    return _write(type(payload), [payload], target)[0]


@update.register
def _update_list(payload: list, target: AnyTarget) -> list[Update]:  # type: ignore[type-arg]  # a class is registered
    done: dict[int, Update] = {}
    for kind in dict.fromkeys(type(one) for one in payload):
        places = [place for place, one in enumerate(payload) if one.__class__ is kind]
        done |= dict(zip(places, _write(kind, [payload[place] for place in places], target)))
    return [done[place] for place in range(len(payload))]


def difference(payload: NetboxPayload, current: t.Mapping[str, t.Any]) -> Update:
    """Return the fields of ``payload`` that differ from ``current``: as they are, and as they will be."""
    after = {name: value for name, value in payload.fields().items() if not _is_so(current.get(name), value)}
    return Update({name: _named(current.get(name), value) for name, value in after.items()}, after)


def _named(current: t.Any, value: t.Any) -> t.Any:
    """Return what a field has now; of custom fields those that are to be set, since the others are not ours to show."""
    if isinstance(value, dict):
        return {name: (current or {}).get(name) for name in value}
    return current


def _is_so(current: t.Any, value: t.Any) -> bool:
    """Return whether a field has its value. Of custom fields, those that are named count."""
    if isinstance(value, dict):
        return isinstance(current, dict) and all((current.get(name) or None) == (one or None) for name, one in value.items())
    return bool(current == value)


def _write(kind: type[NetboxPayload], payloads: t.Sequence[NetboxPayload], target: AnyTarget) -> list[Update]:
    """Write payloads of one type."""
    if not kind.endpoint:
        known = sorted(one.__name__ for one in NetboxPayload.__subclasses__() if one.endpoint)
        raise DomainError(f"update does not know the type {kind.__name__}; registered are: {', '.join([*known, 'list'])}")
    ordered = sorted(payloads, key=lambda payload: payload.id)  # two batches that overlap must lock rows in one order
    work = _Work(kind, target)
    error = in_parallel(target.client.parallel, work.write, list(chunks(ordered, _in_a_request(len(ordered), target.client))))
    if error:
        work.give_up(ordered, str(error), isinstance(error, (NetboxRefusal, NetboxFailed)))
    return [work.done[payload.id] for payload in payloads]


def _in_a_request(count: int, client: NetboxClient) -> int:
    """Return how many of ``count`` objects one request changes: no more than there are for each of the requests that are made at a time."""
    return max(min(client.batch_size, -(-count // client.parallel)), min(client.batch_size, FEWEST_IN_A_REQUEST))


class _Work:
    """What several threads have done of an update, and what is known by now. ``sent`` are writes whose answer was lost, so that they may have been done."""

    def __init__(self, kind: type[NetboxPayload], target: AnyTarget) -> None:
        self.kind = kind
        self.target = target
        self.done: dict[int, Update] = {}
        self.sent: dict[int, Update] = {}
        # What was read earlier is good enough only for a NetBox that refuses the write if it has changed since.
        self._known = {key: one for key, one in target.known.items() if one.etag}
        self._conflicts: dict[int, int] = {}
        self._in_vain: set[int] = set()  # what was in a request that NetBox could not do as a whole
        self._failures: set[int] = set()
        self._alone = threading.Lock()
        self._asking = threading.Lock()
        self._may_change: bool | None = None
        self._patience = target.client.patience()

    def write(self, group: t.Sequence[NetboxPayload]) -> list[t.Sequence[NetboxPayload]]:
        """Read, compare and write a group in one request. Return the groups that must be tried again.

        Raise NetboxError where nothing more can be written.
        """
        if self.target.client.conditional or len(group) > 1:
            again = self._write(group)
        else:
            with self._alone:
                again = self._write(group)
        done = list(self.done.values())
        self.target.tell(len(done), sum(1 for one in done if one.error))
        return again

    def _write(self, group: t.Sequence[NetboxPayload]) -> list[t.Sequence[NetboxPayload]]:
        writes = self._plan(group)
        if self.target.dry_run or not writes:
            return []
        if len(group) > 1 and any(self._known[key].etag is None for key in writes):  # alone, read right before the write
            self._forget(group)
            return [[payload] for payload in group if payload.id in writes]
        held = self.target.held(list(writes))
        self.give_up([payload for payload in group if payload.id in writes and payload.id not in held], NOT_HELD)
        writes = {key: plan for key, plan in writes.items() if key in held}
        if not writes:
            return []
        changes = [{"id": key, **plan.after, "changelog_message": self.target.message(key)} for key, plan in writes.items()]
        left = [payload for payload in group if payload.id in writes]
        try:
            self.target.client.patch(self.kind.endpoint, changes, [etag for key in writes if (etag := self._known[key].etag)])
        except ConflictError:
            return self._after_conflict(left)
        except NetboxNotWritten as error:
            self._is_lost(writes)
            return self._after_conflict(left, str(error))  # what was written needs nothing more when it is read again
        except NetboxFailed as error:
            self._is_lost(writes)
            return self._after_failure(left, error)
        except NetboxUncertain:
            self._is_lost(writes)
            if not self._patience.wait():
                raise
            self._forget(left)
            return [left]
        except NetboxRefusal as error:
            return self._without_refused(left, error)
        except NetboxLeftOut as error:
            self.done |= {key: plan for key, plan in writes.items() if key not in error.ids}
            self._after_left_out([payload for payload in left if payload.id in error.ids], writes)
            return []
        self.done |= writes
        return []

    def _is_lost(self, writes: t.Mapping[int, Update]) -> None:
        """Remember writes whose answer was lost."""
        self.sent |= writes
        self.target.lost(writes.keys())

    def give_up(self, payloads: t.Sequence[NetboxPayload], reason: str, answered: bool = False) -> None:
        """Settle what is not done yet: it will not be."""
        left = [payload.id for payload in payloads if payload.id not in self.done]
        self.done |= {key: Update({}, {}, reason, key in self.sent, answered=answered) for key in left}

    def _plan(self, group: t.Sequence[NetboxPayload]) -> dict[int, Update]:
        """Return what to write, by id; what needs no write is done."""
        read = self.kind.read(self.target.client, [payload.id for payload in group if payload.id not in self._known])
        self._known |= {key: self.target.see(one) for key, one in read.items()}
        missing = [payload.id for payload in group if payload.id not in self._known]
        there = self.kind.hidden(self.target.client, missing) if not self.target.dry_run else set()
        writes = {}
        for payload in group:
            plan = _plan(payload, self._known.get(payload.id), self.target) if payload.id not in there else Update({}, {}, self.kind.unseen())
            if plan.after and not plan.error:
                writes[payload.id] = plan
            if self.target.dry_run or payload.id not in writes:
                if payload.id in self.sent:  # it arrived, if nothing is left to write
                    plan = dataclasses.replace(plan, uncertain=True) if plan.error else self.sent[payload.id]
                self.done[payload.id] = plan
        return writes

    def _forget(self, group: t.Sequence[NetboxPayload]) -> None:
        """Have the objects of a group read again before the next write."""
        for payload in group:
            self._known.pop(payload.id, None)

    def _after_conflict(
        self, group: t.Sequence[NetboxPayload], why: str = "somebody else kept changing it in NetBox meanwhile; run again"
    ) -> list[t.Sequence[NetboxPayload]]:
        """Return the group, for another attempt with what NetBox has by then: the answer does not tell which object it was. For the second time, halves of it:
        where NetBox changes one of them as it saves another, as it does with a chassis and what is in its bays, it refuses the two in one request for ever.
        """
        self._forget(group)
        if len(group) > 1:
            return self._once_more(group)
        [payload] = group
        self._conflicts[payload.id] = self._conflicts.get(payload.id, 0) + 1
        if self._conflicts[payload.id] < ATTEMPTS:
            return [group]
        self.give_up(group, why)
        return []

    def _after_failure(self, group: t.Sequence[NetboxPayload], error: NetboxFailed) -> list[t.Sequence[NetboxPayload]]:
        """Return the group, or halves of it, once more, so that one at which NetBox fails stops no other. Raises the error where NetBox does nothing at all."""
        self._forget(group)
        ids = {payload.id for payload in group}
        if len(group) > 1 or not ids <= self._in_vain:
            if not ids <= self._in_vain:
                self._patience.wait()
            return self._once_more(group)
        self._failures |= ids
        if len(self._failures) >= FAILURES and not any(one.after and not one.error for one in list(self.done.values())):
            raise error
        self.give_up(group, str(error), answered=True)
        return []

    def _once_more(self, group: t.Sequence[NetboxPayload]) -> list[t.Sequence[NetboxPayload]]:
        """Return the group; halves of it, where all of it was tried in vain before."""
        ids = {payload.id for payload in group}
        before = ids <= self._in_vain
        self._in_vain |= ids  # in place, since several threads add to it
        return [group[: len(group) // 2], group[len(group) // 2 :]] if before and len(group) > 1 else [group]

    def _without_refused(self, group: t.Sequence[NetboxPayload], error: NetboxRefusal) -> list[t.Sequence[NetboxPayload]]:
        """Return the rest of a group of which NetBox refused some; halves of it, where NetBox does not say which.

        Raises NetboxError where the token may change no such object at all.
        """
        if error.forbidden and not error.by_id and not self._may():
            raise error
        refused = group if len(group) == 1 else [payload for payload in group if payload.id in error.by_id]
        if not refused:
            return [group[: len(group) // 2], group[len(group) // 2 :]]
        rest: t.Sequence[NetboxPayload] = [payload for payload in group if payload not in refused]
        if error.forbidden and len({error.by_id.get(payload.id) for payload in refused}) > 1:
            return [[payload] for payload in refused] + ([rest] if rest else [])  # a 403 for one outranks what NetBox has against others
        there = self.kind.read(self.target.client, [payload.id for payload in refused])
        for payload in refused:
            if error.forbidden or payload.id in error.unknown:
                self.done[payload.id] = self._not_allowed(payload, there)
            else:
                why = f"NetBox refused the change: {error.by_id[payload.id]}" if payload.id in error.by_id else str(error)
                refusal = Update({}, {}, why, payload.id in self.sent, answered=True)
                self.done[payload.id] = refusal if payload.id in there else _gone(payload)
        return [rest] if rest else []

    def _after_left_out(self, group: t.Sequence[NetboxPayload], writes: t.Mapping[int, Update]) -> None:
        """Settle what NetBox passed over. It also leaves out what somebody changed right after our write, so the objects are read."""
        before = set(self.sent)
        self.sent |= {payload.id: writes[payload.id] for payload in group}  # until they are read
        there = self.kind.read(self.target.client, [payload.id for payload in group])
        for payload in group:
            now = _plan(payload, there.get(payload.id), self.target)
            if not now.error and not now.after:
                self.done[payload.id] = writes[payload.id]
            elif payload.id in there and there[payload.id].problem:
                self.done[payload.id] = dataclasses.replace(now, uncertain=True)
            else:
                if payload.id not in before:
                    self.sent.pop(payload.id, None)
                self.done[payload.id] = self._not_allowed(payload, there)

    def _not_allowed(self, payload: NetboxPayload, there: t.Container[int]) -> Update:
        if payload.id in there:
            return Update({}, {}, self.kind.unchangeable(), payload.id in self.sent, answered=True)
        return Update({}, {}, self.kind.unseen()) if self.kind.hidden(self.target.client, [payload.id]) else _gone(payload)

    def _may(self) -> bool:
        """Return whether the token may change such objects at all. NetBox is asked once."""
        with self._asking:
            if self._may_change is None:
                self._may_change = self.target.client.may("PATCH", self.kind.endpoint)
        return self._may_change


def _plan(payload: NetboxPayload, one: AnyObject | None, target: AnyTarget) -> Update:
    if one is None:
        return _gone(payload)
    if one.problem:
        return Update({}, {}, one.problem)
    try:
        refusal = target.check(one, payload)
    except NetboxForbidden as error:  # of what the check has to read for this one; the others may not need it
        return Update({}, {}, str(error))
    if refusal:
        return Update({}, {}, refusal.text, kind=refusal.kind)
    return Update({}, payload.fields()) if target.even_same else difference(payload, one.writable)


def _gone(payload: NetboxPayload) -> Update:
    return Update({}, {}, f"there is no {payload.noun} with the id {payload.id} in NetBox any more, or the token may not see it", gone=True)
