# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Abort a change of a node: its subscription is as it was before, unless its device was set free already, which another may have enrolled since."""

from __future__ import annotations

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NetboxError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.changelog import object_changes
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.change_steps import (
    MODIFY_SUBSCRIPTION,
    UPDATE_NODE_IN_NETBOX,
    sets_free,
    was_set_free,
)
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.device import DEVICE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.state import ChangeWork
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.statuses import FREE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.abort import aborted, restored
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.step import Failed, Outcome
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.step_log import load_step_log
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = ["abort_change"]

_SET_FREE = f"it was set to {FREE} in NetBox before, so that its subscription ends"

_NO_CHANGE_LOG = (
    f"{{0}} was to be set to {FREE} in NetBox, and without NetBox's change log it is not known whether it was: {{1}}. Abort with a token that may read it"
)


def abort_change(task: Task, works: t.Sequence[ChangeWork]) -> dict[str, Outcome]:
    """End the subscriptions of which the device was set free; the others are as they were before, and their devices as they are."""
    ending = [work for work in works if sets_free(work)]
    done = _steps_done(task, ending)
    free = {work.key for work in ending if UPDATE_NODE_IN_NETBOX.name in done[work.key]}
    # Of those that were cut off while NetBox was written, only its change log tells.
    unsure = [work for work in ending if work.key not in free and MODIFY_SUBSCRIPTION.name in done[work.key]]
    outcomes: dict[str, Outcome] = {}
    try:
        changes = object_changes(task.netbox, DEVICE, [work.subscription.device_id for work in unsure]) if unsure else {}
        free |= {work.key for work in unsure if was_set_free(work, changes[work.subscription.device_id])}
    except NetboxError as error:
        outcomes = {work.key: Failed(_NO_CHANGE_LOG.format(work.label, error)) for work in unsure}
    for work in works:
        if work.key not in outcomes:
            outcomes[work.key] = aborted(task, work, _SET_FREE) if work.key in free else restored(task, work)
    return outcomes


def _steps_done(task: Task, works: t.Sequence[ChangeWork]) -> dict[str, set[str]]:
    """The steps that each process has done, by its log."""
    if not works:
        return {}
    with task.store.read() as connection:
        logs = load_step_log(connection, [work.key for work in works])
    return {work.key: {line.step for line in logs.get(work.key, []) if line.status == "success"} for work in works}
