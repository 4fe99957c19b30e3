# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The step contract: what a step is given, what it answers, and how that comes into the store.

A step is a function. It takes the works that are due, one a node, and answers for each with an Outcome. It computes and may talk to
NetBox; it never writes to the store. ``run_step`` loads, takes the lease, calls it, and saves each work's changes together with its line in
the step log, in one transaction: a step happened or it did not.
"""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError, StoreError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.domain.lifecycle import SubscriptionLifecycle
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.domain.subscription import SubscriptionModel, load_subscription, move_to_lifecycle
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.store.processes import (
    OVER,
    Process,
    StepRecord,
    load_processes,
    save_processes,
    take_processes,
)
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.store.subscriptions import load_subscriptions, save_subscriptions
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.workflow.rows import (
    COMPLETED,
    FAILED,
    RUNNING,
    SUSPENDED,
    UNCHANGED,
    Row,
    check_rows,
    end_of_step,
)

__all__ = ["Aborted", "Done", "Failed", "Outcome", "Step", "Suspended", "Work", "Workflow", "can_be_taken", "due_works", "run_step", "why_not_taken"]


@dataclasses.dataclass(frozen=True)
class Work:
    """One node at a step: its row, subscription and process. ``state`` is what the process remembers from step to step."""

    row: Row
    subscription: SubscriptionModel
    process: Process

    @property
    def key(self) -> str:
        """The id of the process."""
        return self.process.process_id

    @property
    def state(self) -> dict[str, t.Any]:
        """What earlier steps left for later ones."""
        return self.process.state

    @property
    def label(self) -> str:
        """How messages call the node."""
        return self.row["device"]

    def predicted(self) -> Row:
        """The row in check mode: with the models, since they are not stored."""
        process = dataclasses.asdict(self.process) | {name: _text(getattr(self.process, name)) for name in _MOMENTS}
        return self.row | {"predicted": {"subscription": self.subscription.model_dump(mode="json"), "process": process}}


@dataclasses.dataclass(frozen=True)
class Done:
    """The step is done. ``netbox`` is what it changed there, ``{field: [before, after]}``."""

    subscription: SubscriptionModel
    state: dict[str, t.Any]
    netbox: dict[str, list[t.Any]] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Failed:
    """The step could not be done; the process can be resumed here once the reason is gone."""

    reason: str


@dataclasses.dataclass(frozen=True)
class Suspended:
    """The step waits for a person."""

    reason: str
    state: dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Aborted:
    """The process is over without its goal, and the device is free again. ``lost`` says that it went to somebody else, which is no failure."""

    reason: str
    lost: bool = False


Outcome = t.Union[Done, Failed, Suspended, Aborted]

StepFunction = t.Callable[[Task, t.Sequence[Work]], t.Mapping[str, Outcome]]


@dataclasses.dataclass(frozen=True)
class Step:
    """A step of a workflow. ``repeats`` says that a resumed process does it again, because what it reads can have changed meanwhile."""

    name: str
    function: StepFunction
    repeats: bool = False


@dataclasses.dataclass(frozen=True)
class Workflow:
    """A named list of steps. ``version`` goes up when steps are added, removed or reordered.

    ``final`` is the first step after which nothing read before may be read again.
    """

    name: str
    version: int
    target: str
    steps: tuple[Step, ...]
    final: str

    def step(self, name: str) -> Step:
        """The step of that name."""
        return self.steps[self.index(name)]

    def index(self, step: str | None) -> int:
        """The place of a step; that of None, no step left, is behind the last."""
        names = [one.name for one in self.steps]
        if step is not None and step not in names:
            raise StoreError("the process stands at the step {0}, which this release's {1} does not have".format(step, self.name))
        return names.index(step) if step is not None else len(names)

    def after(self, step: str) -> str | None:
        """The step behind ``step``; None behind the last."""
        place = self.index(step) + 1
        return self.steps[place].name if place < len(self.steps) else None


def run_step(task: Task, workflow: Workflow, name: str) -> dict[str, t.Any]:
    """Do the step ``name`` for those rows of the option ``nodes`` that are at it, and pass the others on."""
    rows: list[Row] = task.params["nodes"]
    check_rows(rows)
    step = workflow.step(name)
    due, refused = due_works(task, workflow, step)
    if not task.check_mode:
        due, held = _take(task, due)
        refused |= held
    started = _now()
    outcomes = _attempt(task, step, due)
    saved, changes = _save(task, workflow, step, due, outcomes, started)
    after = [saved.get(key_of(row), refused.get(key_of(row), row)) for row in rows]
    diff = [change for change in changes if change]
    return end_of_step(task, rows, after, bool(diff), diff, last=workflow.after(name) is None)


def due_works(task: Task, workflow: Workflow, step: Step) -> tuple[list[Work], dict[str, Row]]:
    """The works of those rows of the option ``nodes`` that are to do ``step`` now. Second, the rows that cannot, by process id."""
    works, refused = _load(task, [row for row in task.params["nodes"] if row["status"] == RUNNING])
    due, early = _due(works, workflow, step)
    return due, refused | early


def key_of(row: Row) -> str:
    """The id of a row's process; "" before it has one."""
    return row.get("process_id") or ""


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)


def _load(task: Task, rows: t.Sequence[Row]) -> tuple[list[Work], dict[str, Row]]:
    """The works of the rows: predicted ones as they are, the others from the store. Second, the rows whose process is not there."""
    predicted = [_from_prediction(row) for row in rows if "predicted" in row]
    stored = [row for row in rows if "predicted" not in row]
    if not stored:
        return predicted, {}
    with task.store.read() as connection:
        processes = load_processes(connection, [key_of(row) for row in stored])
        subscriptions = load_subscriptions(connection, [process.subscription_id for process in processes.values()])
    works, refused = [], {}
    for row in stored:
        process = processes.get(key_of(row))
        if process is None:
            refused[key_of(row)] = row | {"status": FAILED, "message": "{0}: there is no process {1} in {2}".format(row["device"], key_of(row), task.store.label)}
        else:
            works.append(Work(row, subscriptions[process.subscription_id], process))
    return predicted + works, refused


def _due(works: t.Sequence[Work], workflow: Workflow, step: Step) -> tuple[list[Work], dict[str, Row]]:
    """Those at this step, and those that resume behind it and repeat it. Second, the rows of those that are not there yet."""
    due, early = [], {}
    for work in works:
        place, here = workflow.index(work.process.step), workflow.index(step.name)
        repeat = step.repeats and work.row.get("resumed") and place <= workflow.index(workflow.final)
        if place == here or (place > here and repeat):
            due.append(work)
        elif place < here:
            message = "{0}: process {1} stands at {2}; do that step before {3}".format(work.label, work.key, work.process.step, step.name)
            early[work.key] = work.row | {"status": FAILED, "message": message}
    return due, early


def _take(task: Task, works: t.Sequence[Work]) -> tuple[list[Work], dict[str, Row]]:
    """Take the lease of each process. Second, the rows of those that another run works on, or that are over."""
    if not works:
        return [], {}
    run_id = works[0].row["run_id"]
    with task.store.write() as connection:
        taken = take_processes(connection, [work.key for work in works], run_id, _lease(task), _now())
    held = {}
    for work in works:
        if work.key not in taken:
            message = "{0}: {1}".format(work.label, why_not_taken(work.process))
            held[work.key] = work.row | {"status": FAILED, "message": message}
    return [dataclasses.replace(work, process=dataclasses.replace(work.process, run_id=run_id)) for work in works if work.key in taken], held


def can_be_taken(process: Process) -> bool:
    """Whether a new run may continue a process: it is not over, and no run works on it or the lease has run out."""
    return process.status not in OVER and (process.run_id is None or process.lease_until is None or process.lease_until < _now())


def why_not_taken(process: Process) -> str:
    """Why a process cannot be continued now."""
    if process.status in OVER:
        return "process {0} is {1}, so there is nothing to continue or to confirm".format(process.process_id, process.status)
    until = process.lease_until.strftime("%Y-%m-%d %H:%M UTC") if process.lease_until else "it ends"
    return "process {0} is being worked on by another run of {1} until {2}; wait for it, or resume it after that".format(
        process.process_id, process.actor, until
    )


def _lease(task: Task) -> datetime.datetime:
    return _now() + datetime.timedelta(minutes=task.params["lease_minutes"])


def _attempt(task: Task, step: Step, due: t.Sequence[Work]) -> dict[str, Outcome]:
    """Call the step. Where it fails as a whole, it failed for each node."""
    if not due:
        return {}
    try:
        outcomes = dict(step.function(task, due))
    except NodeflowError as error:
        outcomes = {work.key: Failed("{0}: {1}".format(work.label, error)) for work in due}
    return outcomes


def _save(
    task: Task, workflow: Workflow, step: Step, due: t.Sequence[Work], outcomes: t.Mapping[str, Outcome], started: datetime.datetime
) -> tuple[dict[str, Row], list[dict[str, t.Any]]]:
    """Save what the step did, all in one transaction; if one of them cannot be saved, each in its own."""
    settled = [_settle(task, workflow, step, work, outcomes[work.key], started) for work in due]
    if task.check_mode:
        return {one.work.key: one.predicted_row() for one in settled}, [one.diff() for one in settled]
    try:
        _commit(task, settled)
    except StoreError as error:
        if len(settled) == 1:
            settled = [settled[0].not_saved(error)]
        else:
            settled = [_commit_alone(task, one) for one in settled]
    return {one.work.key: one.row for one in settled}, [one.diff() for one in settled]


@dataclasses.dataclass(frozen=True)
class _Settled:
    """What a step's outcome for one node means for its row, subscription, process and step log. ``log`` is None where nothing happened."""

    work: Work
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
        header = "{0}, process {1}".format(self.work.label, self.work.key)
        return {"before_header": header, "after_header": header, "before": before, "after": after}

    def predicted_row(self) -> Row:
        """The row in check mode: with the models, since they are not stored."""
        return Work(self.row, self.subscription, self.process).predicted()

    def not_saved(self, error: StoreError) -> _Settled:
        """The same, when the store refused it."""
        message = "{0}: {1}".format(self.work.label, error)
        return dataclasses.replace(self, row=self.work.row | {"status": FAILED, "message": message}, log=None)


_MOMENTS = ("lease_until", "started_at", "updated_at", "completed_at")


def _text(moment: datetime.datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _from_prediction(row: Row) -> Work:
    process = dict(row["predicted"]["process"])
    for name in _MOMENTS:
        process[name] = datetime.datetime.fromisoformat(process[name]) if process[name] else None
    return Work({key: value for key, value in row.items() if key != "predicted"}, load_subscription(row["predicted"]["subscription"]), Process(**process))


def _settle(task: Task, workflow: Workflow, step: Step, work: Work, outcome: Outcome, started: datetime.datetime) -> _Settled:
    now = _now()
    released: dict[str, t.Any] = {"run_id": None, "lease_until": None, "updated_at": now}
    subscription, row = work.subscription, {key: value for key, value in work.row.items() if key != "message"}
    netbox: dict[str, list[t.Any]] = {}
    if isinstance(outcome, Done):
        subscription, netbox = outcome.subscription, outcome.netbox
        repeated = work.process.step != step.name
        if repeated and outcome.state == work.state and subscription == work.subscription:
            return _Settled(work, row, subscription, work.process, None)
        following = work.process.step if repeated else workflow.after(step.name)
        process = dataclasses.replace(
            work.process, status=RUNNING, step=following, state=outcome.state, error=None, updated_at=now, lease_until=_lease(task)
        )
        if following is None:
            process = dataclasses.replace(process, status=COMPLETED, completed_at=now, **released)
            row |= {"status": COMPLETED, "message": "{0} is {1}: subscription {2}".format(work.label, subscription.status, subscription.subscription_id)}
        status, error = "success", None
    elif isinstance(outcome, Suspended):
        status, error = SUSPENDED, outcome.reason
        process = dataclasses.replace(work.process, status=SUSPENDED, step=step.name, state=outcome.state, error=None, **released)
        row |= {"status": SUSPENDED, "message": outcome.reason}
        if work.row.get("resumed") and (work.process.step, work.state) == (step.name, outcome.state):
            return _Settled(work, row, subscription, process, None)  # it waits as it did before
    elif isinstance(outcome, Failed):
        status, error = FAILED, outcome.reason
        process = dataclasses.replace(work.process, status=FAILED, error=outcome.reason, **released)
        row |= {"status": FAILED, "message": outcome.reason}
    else:
        status, error = "aborted", outcome.reason
        process = dataclasses.replace(work.process, status="aborted", step=None, error=outcome.reason, completed_at=now, **released)
        ended = move_to_lifecycle(subscription, SubscriptionLifecycle.TERMINATED)
        subscription = ended.model_copy(update={"insync": True, "note": outcome.reason})
        row = {name: value for name, value in row.items() if name != "process_id"}  # there is nothing to resume
        row |= {"status": UNCHANGED if outcome.lost else FAILED, "message": outcome.reason}
    changes = {"subscription": _changed(work.subscription, subscription), "process": _changed_process(work.process, process), "netbox": netbox}
    log = StepRecord(work.key, step.name, status, error, changes, task.actor, work.row["run_id"], started, now)
    return _Settled(work, row, subscription, process, log)


def _commit(task: Task, settled: t.Sequence[_Settled]) -> None:
    changed = [one for one in settled if one.process is not one.work.process]
    if not changed:
        return
    with task.store.write() as connection:
        save_subscriptions(connection, [one.subscription for one in changed if one.subscription != one.work.subscription])
        logs = [one.log for one in changed if one.log is not None]
        save_processes(connection, [one.process for one in changed], changed[0].work.row["run_id"], logs)


def _commit_alone(task: Task, one: _Settled) -> _Settled:
    try:
        _commit(task, [one])
    except StoreError as error:
        return one.not_saved(error)
    return one


def _changed(before: SubscriptionModel, after: SubscriptionModel) -> dict[str, list[t.Any]]:
    """The fields that differ, block fields by their dotted name."""
    old, new = _flatten(before.model_dump(mode="json")), _flatten(after.model_dump(mode="json"))
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
