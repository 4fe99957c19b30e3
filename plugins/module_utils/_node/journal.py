# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the journals of devices in NetBox are told of a process, where the setting netbox_journal asks for it."""

from __future__ import annotations

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NetboxError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.journal import Entry, add_entries
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.device import DEVICE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.drift import PROBLEMS
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.fields import SHARED
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.state import ChangeState, NodeWork
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.step import Done, Failed, Outcome
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = ["journalled"]

_DID = {
    "CREATE": ("Enrolled", "success"),
    "MODIFY": ("Modified", "info"),
    "TERMINATE": ("Terminated", "warning"),
    "RECONCILE": ("Reconciled", "info"),
}


def journalled(task: Task, works: t.Sequence[NodeWork], outcomes: dict[str, Outcome]) -> dict[str, Outcome]:
    """Return the outcomes of the last step, with an entry made for each that is done. Where NetBox takes none, the step failed, and can be resumed."""
    done = [work for work in works if isinstance(outcomes[work.key], Done) and work.state.device.status]
    if not task.params["netbox_journal"] or task.check_mode or not done:
        return outcomes
    try:
        found = add_entries(task.netbox, DEVICE, [_entry(task, work) for work in done])
        refused = {entry.object_id: why for entry, why in found.items()}
    except NetboxError as error:
        refused = {work.subscription.device_id: str(error) for work in done}
    told = {work.key: (work.label, refused[work.subscription.device_id]) for work in done if work.subscription.device_id in refused}
    return outcomes | {key: Failed(f"{label}: its journal in NetBox could not be written: {why}") for key, (label, why) in told.items()}


def _entry(task: Task, work: NodeWork) -> Entry:
    did, kind = _DID[work.process.target]
    what = "; ".join(part for part in (_changes(work), _changed(work).get("note")) if part)
    why = f": {what}" if what else ""
    text = f"{did} by {task.actor}{why}. {work.process.workflow}, process {work.key}, subscription {work.process.subscription_id}"
    return Entry(work.subscription.device_id, text, kind, f"process {work.key}, subscription")


def _changed(work: NodeWork) -> dict[str, t.Any]:
    return work.state.changes if isinstance(work.state, ChangeState) else {}


def _changes(work: NodeWork) -> str:
    """Return what was changed, each field with its values before and after; and what a repair was for, where that is no field of the subscription."""
    changes, before = _changed(work), work.state.before or {}
    repairs = (work.state.repairs if isinstance(work.state, ChangeState) else None) or ()
    node = changes.get("node", {}) if before else {}  # of a new subscription everything is new
    after = work.subscription.model_dump(mode="json")
    fields = [(name, before.get(name), after.get(name)) for name in changes if name not in ("node", "note")]
    fields += [(name, before["node"].get(name), after["node"].get(name)) for name in node]
    differs = [(name, then, now) for name, then, now in fields if then != now]
    told = {name for name, _then, _now in differs}
    parts = [PROBLEMS.get(repair, repair) for repair in repairs if repair not in SHARED or SHARED[repair].node not in told]
    parts += [f"{name}: {then or 'nothing'} -> {now or 'nothing'}" for name, then, now in differs]
    return ", ".join(parts + (["note removed"] if "note" in changes and not changes["note"] else []))
