# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rows that go from task to task: one a subject, with how it stands. All that a playbook needs to know of a subject is in its row.

Between the form and the store a row carries what was found; after that, the ids of process and subscription, and everything else is read
from the store. In check mode nothing is stored, so the row carries the models instead, under ``predicted``.
"""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.subject import Subject
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError

__all__ = ["ABORTED", "COMPLETED", "FAILED", "RUNNING", "SUSPENDED", "UNCHANGED", "Row", "by_run", "read_rows", "reading_rows"]

RUNNING, SUSPENDED, FAILED, COMPLETED, UNCHANGED, ABORTED = "running", "suspended", "failed", "completed", "unchanged", "aborted"

_STATUSES = (RUNNING, SUSPENDED, FAILED, COMPLETED, UNCHANGED, ABORTED)

Json = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Row:
    """How one subject stands. In a task's result it is a dictionary of those fields that say something, and of ``own``.

    ``label`` is how messages call it. ``message`` says what became of it, ``reason`` the same without what is its own, and ``or_end`` in which
    case an abort would be right instead of what is proposed. ``playbook`` is the one that continues its process, where that is not resume.
    ``config_hash``, of one whose config waits to be confirmed, is that of all such configs of the run. ``held`` says that the store still holds the
    process for a run that ended; ``resumed``, that this run did not begin it; ``take_over_from`` names the run that it is to be taken over from.

    A process that is to begin has a ``workflow`` and a ``state``; and either the ``model`` of its new subscription, or the ``version`` of the one
    that it was planned for. ``predicted`` is what check mode would have stored. ``own`` is what only the steps of one product know.
    """

    label: str
    status: str
    message: str = ""
    reason: str | None = None
    or_end: str | None = None
    playbook: str | None = None
    process_id: str | None = None
    subscription_id: str | None = None
    run_id: str | None = None
    take_over_from: str | None = None
    config_hash: str | None = None
    held: bool = False
    resumed: bool = False
    workflow: str | None = None
    version: int | None = None
    model: Json | None = None
    state: Json | None = None
    predicted: Json | None = None
    own: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)

    @classmethod
    def read(cls, data: t.Any, subject: Subject) -> Row:
        """Return a row of a task's result. All its texts are texts, and none is missing that its status needs; what else it carries may be anything.

        Raises NodeflowError for what is no such row.
        """
        if not isinstance(data, dict) or not all(isinstance(data.get(name), (str, type(None))) for name in (subject.label, *_TEXTS)):
            raise _no_rows(subject)
        fields = {name: value for name, value in data.items() if name in _FIELDS and value is not None}
        own = {name: value for name, value in data.items() if name not in _FIELDS and name != subject.label}
        row = cls(data.get(subject.label) or "", fields.pop("status", ""), **fields, own=own)
        if row.status not in _STATUSES or not row.label or not (row.run_id if row.status == RUNNING else row.message):
            raise _no_rows(subject)
        return row

    def as_result(self, subject: Subject) -> Json:
        """Return the row as a dictionary, for the result of a task."""
        said = ((name, getattr(self, name)) for name in _FIELDS)
        fields = {name: value for name, value in said if value is not None and value is not False and value != ""}
        return {**self.own, subject.label: self.label, **fields}

    def failed(self, message: str, reason: str | None = None, *, held: bool = False) -> Row:
        """Return the row of one that failed."""
        return dataclasses.replace(self, status=FAILED, message=message, reason=reason, held=held)

    def unchanged(self, message: str, reason: str | None = None) -> Row:
        """Return the row of one that stays as it is."""
        return dataclasses.replace(self, status=UNCHANGED, message=message, reason=reason)

    def not_stored(self, error: NodeflowError) -> Row:
        """Return the row of a process that could not be read or saved, so that the store still holds it for this run."""
        return self.failed(f"{self.label}: {error}", held=True)

    def begun(self, process_id: str) -> Row:
        """Return the row once its process is stored."""
        return dataclasses.replace(self.without_plan(), process_id=process_id)

    def without_plan(self) -> Row:
        """Return the row without the process that was to begin."""
        return dataclasses.replace(self, workflow=None, version=None, model=None, state=None)


_FIELDS = tuple(field.name for field in dataclasses.fields(Row) if field.name not in ("label", "own"))
_TEXTS = ("config_hash", "message", "or_end", "playbook", "process_id", "reason", "run_id", "status", "subscription_id", "take_over_from", "workflow")
_DICTIONARIES = ("model", "predicted", "state")


def _no_rows(subject: Subject) -> NodeflowError:
    many = subject.many
    return NodeflowError(f'the option {many} takes the {many} that the step before returned, e.g. {many}: "{{{{ enrolment.{many} }}}}"')


def read_rows(data: t.Sequence[t.Any], subject: Subject) -> list[Row]:
    """Return the rows of a task's result. Raises NodeflowError for what no step of ours returned."""
    for one in data:
        if isinstance(one, dict) and not all(isinstance(one[name], dict) for name in _DICTIONARIES if name in one):
            raise _no_rows(subject)
    rows = [Row.read(one, subject) for one in data]
    if any(row.model is not None and row.state is None for row in rows):
        raise _no_rows(subject)
    return rows


_One = t.TypeVar("_One")


def by_run(ones: t.Iterable[_One], row_of: t.Callable[[_One], Row]) -> t.Iterable[tuple[str, list[_One]]]:
    """Return what has rows, by the run that these belong to: a task may be given rows of several."""
    runs: dict[str, list[_One]] = {}
    for one in ones:
        runs.setdefault(row_of(one).run_id or "", []).append(one)
    return runs.items()


@contextlib.contextmanager
def reading_rows(subject: Subject) -> t.Iterator[None]:
    """Raise NodeflowError where what a row carries is not what a step of ours put there."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _no_rows(subject) from error
