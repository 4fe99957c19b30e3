# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Abort processes: give the device back, end the subscription, keep the log."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NetboxError, NodeflowError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.domain.subscription import load_subscription
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.netbox.device import Device, devices_by_id
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.netbox.payload import DevicePayload
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.netbox.update import HIDDEN, Kind, Refusal, Target, Update, hidden, update
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.node.claim import CLAIMED, FREE, Holder, claim_holders
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.node.create_node import CREATE_NODE, changelog_message
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.process.continued import chosen_processes
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.process.rows import ABORTED
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.process.run_step import run_step
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.process.step import ABORT, Aborted, Failed, Outcome, Step, Work, Workflow, for_each
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.process.workflows import WORKFLOWS
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.store.processes import Process, load_step_log

__all__ = ["abort"]

_NOT_ADOPTED = "its new subscription is terminated; the device in NetBox was left as it is"

_NOT_WRITTEN = "its subscription is as it was before; the device in NetBox was left as it is"


def abort(task: Task) -> dict[str, t.Any]:
    """Abort the processes that the options choose."""
    rows = chosen_processes(task, playbook="abort")
    if rows is None:
        raise NodeflowError("say which processes to abort, with process_ids, process_status or run_id; process_info lists them")
    task.params["nodes"] = [row | {"playbook": "abort"} for row in rows]
    return run_step(task, ABORT, _WORKFLOWS)


def _restore(task: Task, works: t.Sequence[Work]) -> dict[str, Outcome]:
    """The subscriptions are as they were before; what was written to NetBox stays."""
    return for_each(works, lambda work: _restored(task, work) if "before" in work.state else _over(task, work, _NOT_ADOPTED))


def _restored(task: Task, work: Work) -> Aborted:
    before = load_subscription(work.state["before"]).model_copy(update={"insync": True, "version": work.subscription.version})
    return dataclasses.replace(_over(task, work, _NOT_WRITTEN), subscription=before)


def _abort(task: Task, works: t.Sequence[Work]) -> dict[str, Outcome]:
    """Give back in NetBox what is still claimed by these processes; then they are over."""
    devices = devices_by_id(task.netbox, [work.subscription.device_id for work in works])
    unreadable = {key: device.problem for key, device in devices.items() if device.problem}
    claimed = [work for work in works if work.state["claim"] == "netbox"]  # of the others, there is nothing to give back
    failed: dict[str, Outcome] = {
        work.key: Failed(f"{work.label}: {unreadable[work.subscription.device_id]}") for work in claimed if work.subscription.device_id in unreadable
    }
    works = [work for work in works if work.key not in failed]
    missing = [work.subscription.device_id for work in claimed if work.subscription.device_id not in devices]
    there = set() if task.check_mode else hidden(task.netbox, missing)
    staged = [work for work in works if work.state["claim"] == "netbox" and _status(devices, work) == CLAIMED]
    try:
        holders = claim_holders(task, staged, _claims_done(task, staged))
    except NetboxError as error:
        left = failed | {work.key: Failed(_NO_CHANGE_LOG.format(work.label, CLAIMED, error)) for work in staged}
        return left | _abort_rest(task, [work for work in works if work.key not in left], devices, there, {})
    ours = [work for work in staged if holders[work.key] is Holder.WE]
    rest = _abort_rest(task, [work for work in works if work not in ours], devices, there, holders)
    return failed | rest | _give_back(task, ours, devices)


def _abort_rest(
    task: Task, works: t.Sequence[Work], devices: t.Mapping[int, Device], there: t.Container[int], holders: t.Mapping[str, Holder]
) -> dict[str, Outcome]:
    """The outcomes of processes whose device is left as it is."""
    outcomes: dict[str, Outcome] = {}
    for work in works:
        device_id = work.subscription.device_id
        if device_id in there:
            outcomes[work.key] = Failed(f"{work.label}: {HIDDEN}; then abort again")
        else:
            outcomes[work.key] = _over(task, work, _as_left(devices.get(device_id)) + _LEFT_SINCE.get(holders.get(work.key), ""))
    return outcomes


def _claims_done(task: Task, works: t.Sequence[Work]) -> set[str]:
    """The processes of which their own log says that their claim was done."""
    with task.store.read() as connection:
        logs = load_step_log(connection, [work.key for work in works])
    claim = CREATE_NODE.steps[0].name
    return {key for key, log in logs.items() if any((line.step, line.status) == (claim, "success") for line in log)}


_NO_CHANGE_LOG = (
    "{0} is {1} in NetBox, and without NetBox's change log it is not known whether that is still the claim of this process: {2}. Abort with a token that "
    "may read it, or set the device to another status in NetBox first"
)

_LEFT_SINCE = {
    Holder.OTHER: ", since by NetBox's change log somebody else has claimed it",
    Holder.UNKNOWN: ", since neither NetBox's change log nor the process's own says that this is still its claim; where nobody else works on the device, "
    f"set it to {FREE} there",
}


def _status(devices: t.Mapping[int, Device], work: Work) -> str | None:
    device = devices.get(work.subscription.device_id)
    return device.status if device else None


def _give_back(task: Task, works: t.Sequence[Work], devices: t.Mapping[int, Device]) -> dict[str, Outcome]:
    by_device = {work.subscription.device_id: work for work in works}

    def check(device: Device, payload: DevicePayload) -> Refusal | None:
        if device.status in (payload.status, CLAIMED):
            return None
        return Refusal(Kind.CONFLICT, f"{by_device[device.id].label} was set to {device.status} in NetBox meanwhile; run again")

    target = Target(
        task.netbox, lambda device_id: changelog_message(by_device[device_id]) + ", aborted", check, known=devices, dry_run=task.check_mode
    )
    updates = update([DevicePayload(id=device_id, status=FREE) for device_id in by_device], target)
    outcomes: dict[str, Outcome] = {}
    for work, done in zip(works, updates):
        if done.error:
            outcomes[work.key] = Failed(f"{work.label} could not be given back: {done.error}")
        else:
            outcomes[work.key] = _over(task, work, f"it is {FREE} again in NetBox", done)
    return outcomes


def _over(task: Task, work: Work, netbox: str, done: Update | None = None) -> Aborted:
    why = ": " + task.params["reason"] if task.params["reason"] else ""
    verb = "would be" if task.check_mode else "was"
    note = "{0} {1} aborted by {2}{3}; {4}".format(work.label, verb, task.actor, why, netbox)
    return Aborted(note, ABORTED, done.changes() if done else {})


def _as_left(device: Device | None) -> str:
    if device is None:
        return "it is not in NetBox any more, or the token may not see it"
    return f"its status in NetBox, {device.status}, was left as it is" if device.status else "the device in NetBox was left as it is"


class _AnyVersion(Workflow):
    """Takes a process from wherever it stands, whatever its step list."""

    def adopt(self, process: Process) -> Process:
        """The process at the step abort."""
        return dataclasses.replace(process, step=ABORT)


def _aborting(workflow: Workflow) -> Workflow:
    # The intent first: a process of which the device was given back must not be continued.
    step = Step(ABORT, _abort if workflow is CREATE_NODE else _restore, intent={"step": ABORT})
    return _AnyVersion(name=workflow.name, version=workflow.version, target=workflow.target, steps=(step,), final=ABORT, state=workflow.state)


_WORKFLOWS = {name: _aborting(workflow) for name, workflow in WORKFLOWS.items()}
