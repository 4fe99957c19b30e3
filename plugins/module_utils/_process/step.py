# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The step contract: what a step is given, and what it answers.

A step is a function. It takes the works that are due, one a subject, and answers for each with an Outcome. It computes and may talk to
NetBox; it never writes to the store. ``run_step`` does that for it.
"""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.collection import collection_of
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.subscription import SubscriptionModel, load_subscription
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError, StoreError, defect
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.command import to_abort
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.rows import FAILED, Row
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.state import State, read_state
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.processes import Process
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = ["ABORT", "Aborted", "Done", "Failed", "Named", "Outcome", "Step", "Suspended", "Work", "Workflow", "Workflows", "for_each", "predicted"]


ABORT = "abort"
"""The step at which a process of any workflow stands while it is aborted."""

_MOMENTS = ("lease_until", "started_at", "updated_at", "completed_at")


Model_co = t.TypeVar("Model_co", bound=SubscriptionModel, covariant=True)
"""The types of a product's subscriptions."""

State_co = t.TypeVar("State_co", bound=State, covariant=True)
"""The type of a workflow's states."""


@dataclasses.dataclass(frozen=True)
class Work(t.Generic[Model_co, State_co]):
    """One subject at a step: its row, subscription and process. ``state`` is what the process remembers from step to step."""

    row: Row
    subscription: Model_co
    process: Process
    state: State_co

    @property
    def key(self) -> str:
        """The id of the process."""
        return self.process.process_id

    @property
    def label(self) -> str:
        """How messages call it."""
        return self.row.label

    def changelog_message(self) -> str:
        """Return the line that NetBox's change log gets with a write of this process."""
        return f"{collection_of(self.process.workflow)} {self.process.workflow.rpartition('.')[2]}, process {self.key}"

    def called(self, label: str) -> Work[Model_co, State_co]:
        """Return the same work, which messages call so from now on."""
        return dataclasses.replace(self, row=dataclasses.replace(self.row, label=label))

    @staticmethod
    def from_prediction(row: Row, workflows: Workflows) -> Work[t.Any, t.Any]:
        """Return the work of a row that check mode made."""
        predicted = row.predicted or {}
        process = dict(predicted["process"])
        for name in _MOMENTS:
            process[name] = datetime.datetime.fromisoformat(process[name]) if process[name] else None
        state = read_state(workflows[process["workflow"]].state, process["process_id"], process["state"])
        return Work(dataclasses.replace(row, predicted=None), load_subscription(predicted["subscription"]), Process(**process), state)


def predicted(row: Row, subscription: SubscriptionModel, process: Process) -> Row:
    """Return the row in check mode: with the models, since they are not stored."""
    fields = dataclasses.asdict(process)
    fields |= {name: fields[name].isoformat() if fields[name] else None for name in _MOMENTS}
    return dataclasses.replace(row, predicted={"subscription": subscription.model_dump(mode="json"), "process": fields})


@dataclasses.dataclass(frozen=True)
class Done:
    """The step is done. ``netbox`` is what it changed there, ``{field: [before, after]}``. ``label`` is how messages call it from now on, where
    NetBox was read and calls it otherwise. ``actor`` is who did it, where that is another than who runs the play.
    """

    subscription: SubscriptionModel
    state: State
    netbox: dict[str, list[t.Any]] = dataclasses.field(default_factory=dict)
    label: str | None = None
    actor: str | None = None


@dataclasses.dataclass(frozen=True)
class Failed:
    """The step could not be done; the process can be resumed here once the reason is gone.

    ``general`` is the reason without what is its own, where it has more of that than the label. ``or_end`` then says in which case an abort
    would be right instead. ``label`` is as that of Done.
    """

    reason: str
    general: str | None = None
    or_end: str | None = None
    label: str | None = None


@dataclasses.dataclass(frozen=True)
class Suspended:
    """The step waits for a person. ``general`` is the reason without what is its own."""

    reason: str
    state: State
    general: str | None = None


@dataclasses.dataclass(frozen=True)
class Aborted:
    """The process is over without its goal, and its resources are free again. ``status`` is how its row stands then: that it went to somebody
    else, or that this was asked for, is no failure. ``netbox`` is what the step changed there, ``{field: [before, after]}``. ``subscription``
    is the subscription as it stands then; where it is None, the subscription ends with the process.
    """

    reason: str
    status: str = FAILED
    netbox: dict[str, list[t.Any]] = dataclasses.field(default_factory=dict)
    subscription: SubscriptionModel | None = None


Outcome = t.Union[Done, Failed, Suspended, Aborted]


One = t.TypeVar("One", bound="Work[t.Any, t.Any]")


def for_each(works: t.Sequence[One], function: t.Callable[[One], Outcome]) -> dict[str, Outcome]:
    """Call ``function`` for each work, by the process's id. What goes wrong with one, whatever it is, fails that one."""
    outcomes: dict[str, Outcome] = {}
    for work in works:
        try:
            outcomes[work.key] = function(work)
        except NodeflowError as error:
            outcomes[work.key] = Failed(f"{work.label}: {error}")
        except Exception as error:  # pylint: disable=broad-exception-caught
            outcomes[work.key] = Failed(f"{work.label}: {defect(error)}")
    return outcomes


AnyWork = Work[t.Any, t.Any]
"""A work of any product."""

StepFunction = t.Callable[[Task, t.Sequence[AnyWork]], t.Mapping[str, Outcome]]


@dataclasses.dataclass(frozen=True)
class Step:
    """A step of a workflow. ``repeats`` says that a resumed process does it again, because what it reads can have changed meanwhile.

    ``intent`` are columns of the process to save before it begins, so that a crash in the middle of it is known.
    """

    name: str
    function: StepFunction
    repeats: bool = False
    intent: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)


class Named(t.NamedTuple):
    """What messages call what a process is about, None where that is not known; and what its row carries of its own beside that."""

    label: str | None
    own: dict[str, t.Any]


def _labelled(process: Process | None) -> Named:
    label = process.state.get("label") if process and isinstance(process.state, dict) else None
    return Named(label if isinstance(label, str) else None, {})


@dataclasses.dataclass(frozen=True)
class Workflow:
    """A named list of steps. ``version`` goes up when steps are added, removed or reordered.

    ``final`` is the last step at which a resumed process still does those again that repeat: mostly the first that writes to NetBox. ``continues``
    says, for each older version whose processes can be continued, which step of this one comes next for one that is at a step of that one.
    ``state`` is the type of its processes' state, and ``about`` that of their subscriptions. ``abort`` ends processes before their goal; None where
    that takes no more than to put their subscriptions back: not where a step has changed NetBox by then. It must be able to go through, since a
    process that began to be aborted is not resumed. ``named`` says what a process is about, as far as its state can be read, and what the row of
    none carries; if it is not given, the state's ``label``.
    """

    name: str
    version: int
    target: str
    steps: tuple[Step, ...]
    final: str
    continues: t.Mapping[int, t.Mapping[str, str]] = dataclasses.field(default_factory=dict)
    state: type[State] = State
    about: type[SubscriptionModel] = SubscriptionModel
    abort: StepFunction | None = None
    named: t.Callable[[t.Optional[Process]], Named] = _labelled

    def adopt(self, process: Process) -> Process:
        """Return the process as one of this version. Raises NodeflowError for one that this version cannot continue."""
        if process.step == ABORT:
            how = to_abort([process.process_id], collection_of(self.name))
            raise NodeflowError(f"process {process.process_id} is being aborted; finish that with: {how}")
        if process.workflow_version == self.version:
            return process
        here = self.continues.get(process.workflow_version, {}).get(process.step or "")
        if process.workflow_version > self.version or here is None:
            raise NodeflowError(
                f"process {process.process_id} was started with version {process.workflow_version} of the step list of {self.name} and is at "
                f"{process.step}; this release has version {self.version} and cannot continue it. Finish it with the release that started it, or abort it"
            )
        return dataclasses.replace(process, workflow_version=self.version, step=here)

    def step(self, name: str) -> Step:
        """Return the step of that name."""
        return self.steps[self.index(name)]

    def has(self, name: str) -> bool:
        """Return whether there is a step of that name."""
        return any(step.name == name for step in self.steps)

    def index(self, step: str | None) -> int:
        """Return the place of a step; that of None, no step left, is behind the last."""
        names = [one.name for one in self.steps]
        if step is not None and step not in names:
            raise StoreError(f"the process is at the step {step}, which this release's {self.name} does not have")
        return names.index(step) if step is not None else len(names)

    def after(self, step: str) -> str | None:
        """Return the step behind ``step``; None behind the last."""
        place = self.index(step) + 1
        return self.steps[place].name if place < len(self.steps) else None


Workflows = t.Mapping[str, Workflow]
"""Workflows by their name."""
