# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result of a step, and what it tells: who stands how, why, and by which command that goes on."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.collection import OURS
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.subject import Subject
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.command import CONFIRMED, TAKEN_OVER, Command
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.rows import ABORTED, COMPLETED, FAILED, RUNNING, SUSPENDED, UNCHANGED, Row
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.ways_on import NAMED
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._surroundings import in_awx
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._words import counted

__all__ = ["end_of_step", "how_to_continue", "table", "wrapped"]

_NEWS = 10
"""Labels that a message names at the most while a run goes on, of those that leave it for one reason."""

_LABELS = {COMPLETED: 10, UNCHANGED: 10}
_LABELS_ELSE = 100
"""Labels that the closing table names at the most for one reason, for each status; the count is always of all, and no reason is left out."""

_REASONS = 20
"""Reasons that are told while a run goes on at the most, since each is a message of its own."""

_LONGEST = 8_000
"""Characters of a failed task's message at the most, which Ansible prints twice; of a longer one the whole is shown before."""

_WIDTH = 118


def end_of_step(
    task: Task, before: t.Sequence[Row], after: t.Sequence[Row], changed: bool, diff: list[dict[str, t.Any]], last: bool = False
) -> dict[str, t.Any]:
    """Return the result of a step. One bad one stops that one: the task fails only where none is left to go on with.

    At the end of the step list (``last``) it fails if any failed on the way, or, with the option fail_on_suspended, if any is suspended.
    """
    # At the end no step reads the predictions any more.
    rows = [dataclasses.replace(row, predicted=None) for row in after] if last else after
    result = {"changed": changed, task.subject.many: [row.as_result(task.subject) for row in rows], "diff": diff, "msg": summary(after, task.subject)}
    _show_renamed(task, before, after)
    known: dict[tuple[str, str | None], list[Row]] = {}
    for row in before:
        known.setdefault((row.label, row.process_id), []).append(row)
    news = [row for row in after if row.status not in (RUNNING, COMPLETED) and row not in known.get((row.label, row.process_id), ())]
    failed = [row for row in after if row.status == FAILED]
    left = any(row.status == RUNNING for row in after)
    waiting = last and task.params.get("fail_on_suspended") and any(row.status == SUSPENDED for row in after)
    if failed and (last or (not left and any(row.status == FAILED for row in news))):
        return result | {"failed": True, "msg": _closing(task, after)}
    if waiting:
        return result | {"failed": True, "msg": f"{_closing(task, after)}\n{_WAITING}"}
    for tell, some in ((task.warn, [row for row in news if row.status == FAILED]), (task.show, [row for row in news if row.status != FAILED])):
        reasons = _by_reason(some)
        for same in reasons[:_REASONS]:
            tell("\n  ".join(_told(same, _NEWS, "the end of the run names all", task.subject)))
        rest = [row for same in reasons[_REASONS:] for row in same]
        if rest:
            tell(f"{task.subject.counted(len(rest))} for {counted(len(reasons) - _REASONS, 'more reason')}; the end of the run names all")
    if last:
        ended = table(after, task.subject) if len(after) > 1 else "".join(row.message for row in after if row.status == COMPLETED)
        if ended:
            task.show(ended)
    elif any(row.status in (SUSPENDED, UNCHANGED) for row in news) and how_to_continue(after, task.subject):
        task.show(how_to_continue(after, task.subject).strip())
    return result


def _closing(task: Task, rows: t.Sequence[Row]) -> str:
    """Return what a failed task says: of one row its message, of several the table, or where that is too long for a message, its beginning; then it is shown
    whole.
    """
    if len(rows) == 1:
        return rows[0].message + how_to_continue(rows, task.subject)
    whole = table(rows, task.subject)
    if len(whole) <= _LONGEST:
        return whole
    task.show(whole)
    beginning = whole[:_LONGEST].rpartition("\n")[0]
    return f"{beginning}\n  ... and more, which is shown above{how_to_continue(rows, task.subject)}"


def _show_renamed(task: Task, before: t.Sequence[Row], after: t.Sequence[Row]) -> None:
    """Say once what NetBox calls one that was read under another name before."""
    old = {row.process_id: row.label for row in before if row.process_id}
    renamed = [(old[key], row.label) for row in after if (key := row.process_id) in old and old[key] != row.label]
    lines = [f"{then} is called {now} in NetBox now" for then, now in renamed[:_LABELS_ELSE]]
    if len(renamed) > len(lines):
        lines.append(f"and {counted(len(renamed) - len(lines), 'more is', 'more are')} called otherwise")
    if lines:
        task.show("\n".join(lines))


def summary(rows: t.Sequence[Row], subject: Subject) -> str:
    """Return how many stand how: "3 circuits: 2 completed, 1 failed"."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.status] = counts.get(row.status, 0) + 1
    return subject.counted(len(rows)) + (": " + ", ".join(f"{count} {status}" for status, count in sorted(counts.items())) if rows else "")


def table(rows: t.Sequence[Row], subject: Subject) -> str:
    """Return who stands how and why, a reason a line, and below it those that share it; then the commands that continue those that can be."""
    lines = [summary(rows, subject)]
    for status in (COMPLETED, RUNNING, ABORTED, UNCHANGED, SUSPENDED, FAILED):
        for same in _by_reason([row for row in rows if row.status == status]):
            first, *names = _told(same, _LABELS.get(status, _LABELS_ELSE), _all_of(same, subject), subject)
            lines += [f"  {status:<10} {first}", *(f"{'':13}{line}" for line in names)]
    return "\n".join(lines) + how_to_continue(rows, subject)


def _by_reason(rows: t.Sequence[Row]) -> list[list[Row]]:
    """Return the rows, those of one reason together, in the order of the first of each."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(_reason(row), []).append(row)
    return list(groups.values())


def _reason(row: Row) -> str:
    """Return what a row's message says, without what is its own, so that it is the same text for all of that reason."""
    general = row.reason or row.message.removeprefix(row.label)
    return general.removeprefix(":").strip()


def _told(same: t.Sequence[Row], most: int, rest: str, subject: Subject) -> list[str]:
    """Return what is said of those of one reason: the sentence of the only one; else how many and why, and then their labels, so many at the ``most``.

    ``rest`` says where those are that are not named.
    """
    if len(same) == 1:
        return [same[0].message or same[0].label]
    why = _reason(same[0])
    return [f"{subject.counted(len(same))}{', each: ' if why else ''}{why}", *wrapped([row.label for row in same], most, rest)]


def wrapped(labels: t.Sequence[str], most: int, rest: str) -> list[str]:
    """Return the labels as lines of a readable length, so many at the ``most``, and ``rest`` for where the others are."""
    shown = [f"{label}," for label in labels[:most]]
    more = len(labels) - len(shown)
    shown = [*shown, f"and {more} more; {rest}"] if more else [*shown[:-1], shown[-1].removesuffix(",")]
    lines = [""]
    for label in shown:
        if lines[-1] and len(lines[-1]) + len(label) >= _WIDTH:
            lines.append("")
        lines[-1] += f" {label}" if lines[-1] else label
    return lines


def _all_of(rows: t.Sequence[Row], subject: Subject) -> str:
    """Return where all of a status are listed."""
    if rows[0].status in (FAILED, SUSPENDED) and all(_stored(row) for row in rows) and not in_awx():
        return f"ansible localhost -m nodeflow.orchestrator.process_info -a status={rows[0].status} lists all"
    return f"the {subject.many} of the task's result have all (-v shows it)"


def _stored(row: Row) -> bool:
    """Return whether the row's process is in the store. In check mode its id is made up."""
    return bool(row.process_id) and row.predicted is None


def how_to_continue(rows: t.Sequence[Row], subject: Subject | None) -> str:
    """Return the commands that continue, or end, what can be, each on a line of its own; "" where there is nothing of the kind."""
    collection = subject.collection if subject else OURS
    ways: dict[tuple[str, Command, str], list[Row]] = {}
    for same in _by_reason(rows):
        for row in same:
            for words, command in _ways(row, collection, alone=len(same) == 1) if _stored(row) else ():
                ways.setdefault((words, command, row.status), []).append(row)
    return "".join(f"\n{words} with: {_for_rows(command, some, status)}" for (words, command, status), some in ways.items())


def _ways(row: Row, collection: str, alone: bool) -> t.Iterator[tuple[str, Command]]:
    """Yield what can be done with a row's process: in words, and by which command, whatever the process.

    The message of one that stands ``alone`` is shown whole, and has some of it already.
    """
    command = Command(row.playbook or "resume", collection=collection)
    if row.status == SUSPENDED:
        yield "Continue what is suspended", command.having(**CONFIRMED)
    elif row.status == UNCHANGED and not alone:
        yield _BEGUN_BEFORE[row.held], command.having(**TAKEN_OVER if row.held else {})
    elif row.status == FAILED:
        yield _AFTER_FAILURE[row.held], command.having(**TAKEN_OVER if row.held else {})
        if row.or_end and not alone:
            yield row.or_end, Command("abort", collection=collection)


def _for_rows(command: Command, rows: t.Sequence[Row], status: str) -> str:
    """Return the command for the processes of the rows: by their ids; of many, by their run, where that can be meant. What is held is not released yet, and an
    abort is for those that were named.

    The run is the last that did something with those that it began. Of others, it may have found only that they cannot go on.
    """
    held = set(TAKEN_OVER.items()) <= set(command.variables)
    if len(rows) <= NAMED or command.playbook != "resume" or held or status == UNCHANGED:
        return str(_first(command, process_ids=",".join(row.process_id or "" for row in rows)))
    runs = {None if row.resumed else row.run_id for row in rows}
    if len(runs) == 1 and None not in runs:
        return str(_first(command, run_id=runs.pop() or "", status=status))
    return f"{_first(command, status=status)}, which takes all that stand so, of other runs as well"


def _first(command: Command, **which: str) -> Command:
    """Return the command with what it is for before all else."""
    return dataclasses.replace(command, variables=(*which.items(), *command.variables))


_WAITING = "What is suspended makes this run a failed one, since fail_on_suspended is true."

_AFTER_FAILURE = {False: "Once the reason is gone, continue", True: "Once the reason is gone, continue what could not be released"}

_BEGUN_BEFORE = {False: "Continue what was begun before", True: "If the run that holds them is gone, continue them"}
