# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a step's outcome means for the row, the subscription, the process and the step log of its subject."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.lifecycle import SubscriptionLifecycle
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.subscription import SubscriptionModel, move_to_lifecycle
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import StoreError, TakenOver
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.lease import lease_end
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.rows import COMPLETED, FAILED, RUNNING, SUSPENDED, Row
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.step import AnyWork, Done, Failed, Outcome, Suspended, Workflow, predicted
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.processes import Process
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.step_log import StepRecord, step_id
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = ["Settled", "settle"]


@dataclasses.dataclass(frozen=True)
class Settled:
    """What a step's outcome for one subject means for its row, subscription, process and step log. ``log`` is None where nothing happened."""

    work: AnyWork
    row: Row
    subscription: SubscriptionModel
    process: Process
    log: StepRecord | None

    def diff(self) -> dict[str, t.Any]:
        """Before and after of what changed, as ``--diff`` shows it; empty where nothing did."""
        if self.log is None:
            return {}
        before, after = {}, {}
        for place, fields in self.log.changes.items():
            if fields:
                before[place] = {name: pair[0] for name, pair in fields.items()}
                after[place] = {name: pair[1] for name, pair in fields.items()}
        header = f"{self.row.label}, process {self.work.key}"
        return {"before_header": header, "after_header": header, "before": before, "after": after}

    def predicted_row(self) -> Row:
        """Return the row in check mode: with the models, since they are not stored."""
        return predicted(self.row, self.subscription, self.process)

    def not_saved(self, error: StoreError) -> Settled:
        """Return the same, when the store refused it."""
        row = self.work.row.not_stored(error)
        if isinstance(error, TakenOver):  # so that nobody is told to take it away from the run that works on it
            row = dataclasses.replace(row, process_id=None, held=False)
        return dataclasses.replace(self, row=row, log=None)


def settle(task: Task, workflow: Workflow, step: str, work: AnyWork, outcome: Outcome, started: datetime.datetime) -> Settled:
    """Compute it; nothing is saved here. ``started`` is when the step began, in UTC."""
    now = datetime.datetime.now(datetime.timezone.utc)
    released: dict[str, t.Any] = {"run_id": None, "lease_until": None, "updated_at": now}
    subscription = work.subscription
    row = dataclasses.replace(work.row, label=getattr(outcome, "label", None) or work.label, message="", reason=None, or_end=None)
    netbox: dict[str, list[t.Any]] = {}
    if isinstance(outcome, Done):
        subscription, netbox = outcome.subscription, outcome.netbox
        repeated = work.process.step != step
        if repeated and outcome.state.as_json() == work.state.as_json() and subscription == work.subscription:
            return Settled(work, row, subscription, work.process, None)
        following = work.process.step if repeated else workflow.after(step)
        process = dataclasses.replace(
            work.process, status=RUNNING, step=following, state=outcome.state.as_json(), error=None, updated_at=now, lease_until=lease_end(task)
        )
        if following is None:
            process = dataclasses.replace(process, status=COMPLETED, completed_at=now, **released)
            row = _completed(task, row, subscription)
        status, error = "success", None
    elif isinstance(outcome, Suspended):
        status, error = SUSPENDED, outcome.reason
        process = dataclasses.replace(work.process, status=SUSPENDED, step=step, state=outcome.state.as_json(), error=None, **released)
        row = dataclasses.replace(row, status=SUSPENDED, message=outcome.reason, reason=outcome.general)
        waited = work.row.resumed and work.process.error is None  # and has not failed since
        if waited and (work.process.step, work.state.as_json()) == (step, outcome.state.as_json()):
            process = dataclasses.replace(process, updated_at=work.process.updated_at)  # it waits as it did before, and since then
            return Settled(work, row, subscription, process, None)
    elif isinstance(outcome, Failed):
        status, error = FAILED, outcome.reason
        process = dataclasses.replace(work.process, status=FAILED, error=outcome.reason, **released)
        row = dataclasses.replace(row.failed(outcome.reason, outcome.general), or_end=outcome.or_end)
    else:
        status, error = "aborted", outcome.reason
        process = dataclasses.replace(work.process, status="aborted", step=None, error=outcome.reason, completed_at=now, **released)
        netbox = outcome.netbox
        after = outcome.subscription
        subscription = after.model_copy(update={"version": subscription.version}) if after else _ended(subscription, outcome.reason)
        row = dataclasses.replace(row, process_id=None, status=outcome.status, message=outcome.reason)  # there is nothing to resume
    changes = {"subscription": _changed(work.subscription, subscription), "process": _changed_process(work.process, process), "netbox": netbox}
    log = StepRecord(
        process_id=work.key,
        step_id=step_id(work.key, step),
        step=step,
        attempt=1,
        status=status,
        state=process.state,
        error=error,
        changes=changes,
        actor=getattr(outcome, "actor", None) or task.actor,
        run_id=work.row.run_id or "",
        started_at=started,
        completed_at=now,
    )
    return Settled(work, row, subscription, process, log)


def _ended(subscription: SubscriptionModel, reason: str) -> SubscriptionModel:
    return move_to_lifecycle(subscription, SubscriptionLifecycle.TERMINATED).model_copy(update={"insync": True, "note": reason})


def _completed(task: Task, row: Row, subscription: SubscriptionModel) -> Row:
    """Return the row, which says so."""
    stands = f"would be {subscription.status}" if task.check_mode else f"is {subscription.status}"
    which = "" if task.check_mode else f": subscription {subscription.subscription_id}"
    return dataclasses.replace(row, status=COMPLETED, message=f"{row.label} {stands}{which}", reason=stands)


def _changed(before: SubscriptionModel, after: SubscriptionModel) -> dict[str, list[t.Any]]:
    """Return the fields that differ, block fields by their dotted name."""
    if before is after:
        return {}
    same = {name for name in type(after).model_fields if getattr(before, name, None) == getattr(after, name)}
    old, new = (_flatten(one.model_dump(mode="json", exclude=same)) for one in (before, after))
    fields = {name: [old.get(name), new.get(name)] for name in new if old.get(name) != new.get(name)}
    if type(before) is not type(after):
        fields["type"] = [type(before).__name__, type(after).__name__]
    return fields


def _changed_process(before: Process, after: Process) -> dict[str, list[t.Any]]:
    fields = {name: [getattr(before, name), getattr(after, name)] for name in ("status", "step", "error")}
    return {name: pair for name, pair in fields.items() if pair[0] != pair[1]}


def _flatten(data: dict[str, t.Any], prefix: str = "") -> dict[str, t.Any]:
    flat: dict[str, t.Any] = {}
    for name, value in data.items():
        flat.update(_flatten(value, prefix + name + ".") if isinstance(value, dict) else {prefix + name: value})
    return flat
