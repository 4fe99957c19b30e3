# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Abort a change of a node: its subscription is as it was before, unless its device was set free already, which another may have enrolled since."""

from __future__ import annotations

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.lifecycle import SubscriptionLifecycle
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NetboxError, NetboxForbidden
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.changelog import Change, object_changes
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.change_steps import (
    MODIFY_SUBSCRIPTION,
    UPDATE_NODE_IN_NETBOX,
    sets_free,
    was_set_free,
    writes,
    written_values,
)
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.device import DEVICE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.fence import fence
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.fields import OF_NETBOX
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.state import ChangeWork
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.statuses import FREE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.abort import aborted, put_back, restored
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.step import Aborted, Failed, Outcome, for_each
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.step_log import StepRecord, load_step_log
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = ["abort_change"]

_SET_FREE = f"it was set to {FREE} in NetBox before, so that its subscription ends"

_GONE = "it was to be terminated, and is not in NetBox any more, so that its subscription ends"


def abort_change(task: Task, works: t.Sequence[ChangeWork]) -> dict[str, Outcome]:
    """End the subscriptions of which the device was set free; the others are as they were before, and their devices as they are."""
    ending = {work.key: work for work in works if work.state.lifecycle == SubscriptionLifecycle.TERMINATED and sets_free(work)}
    logs = _logs(task, works)
    unfinished = [work for work in works if writes(task, work) and MODIFY in logs[work.key] and UPDATE not in logs[work.key]]
    unknown = fence(task, unfinished)
    # Of those that were cut off while NetBox was written, only its change log tells.
    unfinished_keys = {work.key for work in unfinished} - unknown.keys()
    unsure = {work.key: work.subscription.device_id for work in ending.values() if work.key in unfinished_keys}
    changes, unread = _changes(task, list(unsure.values()))

    def ended(work: ChangeWork) -> Outcome:
        if work.key not in ending:
            return _put_back(task, work, logs[work.key])
        if UPDATE in logs[work.key]:
            return aborted(task, work, _SET_FREE if work.state.device.status else _GONE)
        if work.key in unsure and unread:
            again = "with a token that may read it" if isinstance(unread, NetboxForbidden) else "again"
            was_it = f"{work.label} was to be set to {FREE} in NetBox, and without NetBox's change log it is not known whether it was: {unread}"
            return Failed(f"{was_it}. Abort {again}")
        free = was_set_free(work, changes.get(unsure.get(work.key, 0), ()))
        return aborted(task, work, _SET_FREE) if free else put_back(task, work)

    return unknown | for_each([work for work in works if work.key not in unknown], ended)


def _put_back(task: Task, work: ChangeWork, log: t.Mapping[str, StepRecord]) -> Aborted:
    """Return the outcome of a process whose subscription is as it was before; with what it wrote to NetBox, which stays."""
    changes = log[UPDATE].changes if UPDATE in log else None
    wrote, written = "wrote", list((changes.get("netbox") or {}) if isinstance(changes, dict) else {})
    if not written and MODIFY in log:
        wrote, written = "may have written", _to_write(task, work)
    if not written:
        return put_back(task, work)
    left = f"what it {wrote} to NetBox is left there: {', '.join(written)}"
    if work.state.before:
        return restored(task, work, f"its subscription is as it was before; {left}")
    return aborted(task, work, f"its new subscription is terminated; {left}")


def _to_write(task: Task, work: ChangeWork) -> list[str]:
    """Return the fields that the process writes to its device, and that the device did not have so before."""
    if not writes(task, work):
        return []
    before, values = work.state.device, written_values(work)
    fields = [name for name in work.state.write if getattr(before, OF_NETBOX[name].device) != values.get(name)]
    return [*fields, *(["custom_fields"] if task.params["netbox_custom_field"] else [])]


UPDATE, MODIFY = UPDATE_NODE_IN_NETBOX.name, MODIFY_SUBSCRIPTION.name


def _changes(task: Task, ids: t.Sequence[int]) -> tuple[dict[int, list[Change]], NetboxError | None]:
    """Return what the change log has of these devices, by id; second, why it could not be read."""
    try:
        return object_changes(task.netbox, DEVICE, ids) if ids else {}, None
    except NetboxError as error:
        return {}, error


def _logs(task: Task, works: t.Sequence[ChangeWork]) -> dict[str, dict[str, StepRecord]]:
    """Return the steps that each process has done, each with the line of its log."""
    with task.store.read() as connection:
        logs = load_step_log(connection, [work.key for work in works])
    return {work.key: {line.step: line for line in logs.get(work.key, []) if line.status == "success"} for work in works}
