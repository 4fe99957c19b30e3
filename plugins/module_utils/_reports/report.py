# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write the report: what the store holds, and what a validation found, as one HTML file."""

from __future__ import annotations

import collections
import datetime
import json
import math
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._files import link, needed_destination, told
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._reports.info import (
    Answer,
    needed_store,
    process_answers,
    subscription_answers,
)
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._reports.page import as_text, data_of, page, written_at
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.foremost import counts_by_status, foremost_processes, foremost_subscriptions
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.processes import OVER
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.schema import processes as process_table
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.schema import subscriptions as subscription_table
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.view import VIEWS
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._words import counted

__all__ = ["counts", "page_data", "report"]

MOST_SUBSCRIPTIONS, MOST_PROCESSES = 5000, 2500
"""How many are on the page at the most."""

SUBSCRIPTION_BYTES, PROCESS_BYTES, FINDING_BYTES = 2_100_000, 2_400_000, 400_000
"""How long their rows are at the most, so that the page stays below 5 MB: it is sent by mail, and a browser has to read all of it before it shows any."""

_STEP = ("step", "status", "attempt", "seconds", "actor", "error", "started")


def _from_subscription() -> list[str]:
    objects = (name for view in VIEWS for name in (view.id, *view.facts))
    return ["subscription_id", *objects, "status", "insync", "customer_id", "note", "process_id", "process_status", "problem"]


def _from_process() -> list[str]:
    ids = (view.id for view in VIEWS)
    return [
        *("process_id", "subscription_id", *ids, "workflow", "target", "status", "step", "error", "actor"),
        *("requester", "confirmed_by", "continue_with", "abort_with", "problem", "run_id"),
    ]


def report(task: Task) -> dict[str, t.Any]:
    """Have the report in the file. One that shows the same already stays as it is, with the moment at which it was written."""
    target = needed_destination(task)
    findings, validated_at = _findings(task.params["findings"]), _moment(task.params["validated_at"])
    if findings is None and validated_at:
        raise NodeflowError("validated_at says when findings were found, so give findings as well; an empty list says that there are none")
    store = needed_store(task)
    with store.read() as connection:
        now = datetime.datetime.now(datetime.timezone.utc)
        known = _Known(*counts_by_status(connection, now))
        first = foremost_subscriptions(MOST_SUBSCRIPTIONS, now)
        foremost = list(connection.execute(first).scalars())
        subscriptions = subscription_answers(store, connection, subscription_table.c.subscription_id.in_(first))
        processes = process_answers(store, connection, "times", process_table.c.process_id.in_(foremost_processes(MOST_PROCESSES, now)))
    data = page_data(store.netbox_url, _Shown(subscriptions, foremost, processes), known, findings, validated_at)
    before = target.read() or b""
    old = before.decode("utf-8", "replace")
    content = page(data, written_at(old) or "").encode("ascii")
    if content != before:
        content = page(data, datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")).encode("ascii")
    changed = target.write(content, task.check_mode, "text/html")
    change = {"before_header": target.name, "after_header": target.name, "before": counts(data_of(old)), "after": counts(data)}
    verb = ("would be written to" if task.check_mode else "was written to") if changed else "is unchanged in"
    totals = [sum(kind.values()) for kind in known]
    return {
        "changed": changed,
        **(link(None) | told(task, target)),  # one that an older job left does not stay
        "counts": counts(data),
        "diff": [change] if changed else [],
        "msg": f"the report on {counted(totals[0], 'subscription')} and {counted(totals[1], 'process', 'processes')} {verb} {target.name}",
    }


class _Known(t.NamedTuple):
    """How many the store has of each status."""

    subscriptions: dict[str, int]
    processes: dict[str, int]


class _Shown(t.NamedTuple):
    """What may be on the page. ``foremost`` are the ids of the subscriptions, the one first that is wanted most."""

    subscriptions: t.Sequence[Answer]
    foremost: t.Sequence[str]
    processes: t.Sequence[Answer]


def page_data(netbox_url: str | None, shown: _Shown, known: _Known, findings: list[Answer] | None, validated_at: str | None) -> Answer:
    """Return what the page is made of. Tables are ``{"columns": [...], "rows": [[...]]}``, since there may be many rows; moments ``2026-11-23 05:52:17``.

    ``counts`` are those of the store, whether all rows are on the page or not.
    """
    words = {problem: words for view in VIEWS for problem, words in view.problems.items()}
    about_processes = [_about_process(one) | {"steps": _rows([_about_step(step) for step in one["steps"]], _STEP)} for one in shown.processes]
    subscriptions = _table(
        [_about_subscription(one) for one in shown.subscriptions],
        (*_from_subscription(), "name", *(name for view in VIEWS for name in view.fields), "since", "depends_on", "in_use_by"),
    )
    processes = _table(about_processes, (*_from_process(), *(view.label for view in VIEWS), "started", "updated", "completed", "lease_until", "steps"))
    drift = None if findings is None else _table(findings, _finding())
    _keep(subscriptions, _by_place(shown), SUBSCRIPTION_BYTES)
    _keep(processes, _most_urgent(about_processes), PROCESS_BYTES)
    if drift:
        _keep(drift, range(len(drift["rows"])), FINDING_BYTES)
    return {
        "netbox_url": netbox_url,
        "subscriptions": subscriptions,
        "processes": processes,
        "step_columns": _STEP,
        "findings": drift,
        "problems": {problem: words[problem] for problem in sorted({one["problem"] for one in findings or []} & set(words))},
        "validated_at": validated_at,
        "counts": {
            "subscriptions": _counts(subscriptions, known.subscriptions),
            "processes": _counts(processes, known.processes),
            "findings": None if findings is None else len(findings),
        },
        "views": [
            {name: getattr(view, name) for name in ("noun", "id", "label", "endpoint", "facts", "gone")}
            | {"fields": [(view.headings.get(name, name), name) for name in view.fields]}
            for view in VIEWS
        ],
    }


def counts(data: t.Any) -> Answer:
    """Return how many subscriptions and processes stand how, and how many findings there are; {} for data that are not of a page, or of an older release's."""
    found = data.get("counts") if isinstance(data, dict) else None
    return found if isinstance(found, dict) else {}


def _counts(table: Answer, known: dict[str, int]) -> dict[str, int]:
    """Return how many stand how. Where all are on the page, they are counted there: of a damaged one, SQL cannot tell."""
    place = table["columns"].index("status")
    complete = len(table["rows"]) == sum(known.values())
    return dict(sorted((collections.Counter(row[place] for row in table["rows"]) if complete else known).items()))


def _keep(table: Answer, wanted: t.Iterable[int], size: int) -> None:
    """Keep as many rows as fit into so many bytes of the page, taken by their places as they are ``wanted``, in the order that they have."""
    kept = []
    for place in wanted:
        length = len(as_text(table["rows"][place])) + 1
        if length <= size:
            kept.append(place)
            size -= length
    table["rows"] = [table["rows"][place] for place in sorted(kept)]


def _by_place(shown: _Shown) -> list[int]:
    wanted = {key: place for place, key in enumerate(shown.foremost)}
    return sorted(range(len(shown.subscriptions)), key=lambda place: wanted.get(str(shown.subscriptions[place]["subscription_id"]), 0))


def _most_urgent(processes: t.Sequence[Answer]) -> list[int]:
    by_id = sorted(range(len(processes)), key=lambda place: str(processes[place]["process_id"]))
    newest = sorted(by_id, key=lambda place: str(processes[place]["updated"]), reverse=True)
    urgency = {"running": 1, **dict.fromkeys(OVER, 2)}
    return sorted(newest, key=lambda place: urgency.get(processes[place]["status"], 0))


def _about_subscription(answer: Answer) -> Answer:
    name: t.Any = None
    fields: Answer = {}
    for view in VIEWS:
        found = answer.get(view.block)
        block = found if isinstance(found, dict) else {}  # another product may have anything under that name
        name = name or _scalar(block.get(view.name))
        fields |= {shown: _scalar(block.get(field)) for shown, field in view.fields.items()}
    relations = {direction: answer[direction] or None for direction in ("depends_on", "in_use_by")}
    objects = {one: answer[one] if isinstance(answer[one], (int, str)) else None for view in VIEWS for one in (view.id, *view.facts)}
    shown = objects | fields | relations | {"name": name or answer["description"], "since": _stored_moment(answer["start_date"])}
    return _of(answer, _from_subscription()) | shown


def _about_process(answer: Answer) -> Answer:
    moments = {"started": "started_at", "updated": "updated_at", "completed": "completed_at", "lease_until": "lease_until"}
    more = {name: _stored_moment(answer[column]) for name, column in moments.items()}
    return _of(answer, _from_process()) | more | {view.label: answer[view.label] or answer["description"] for view in VIEWS}


def _about_step(answer: Answer) -> Answer:
    return answer | {"started": _stored_moment(answer["started_at"])}


def _of(answer: Answer, names: t.Sequence[str]) -> Answer:
    return {name: answer[name] for name in names}


def _table(records: t.Sequence[Answer], names: t.Sequence[str]) -> Answer:
    return {"columns": names, "rows": _rows(records, names)}


def _rows(records: t.Sequence[Answer], names: t.Sequence[str]) -> list[list[t.Any]]:
    return [[record[name] for name in names] for record in records]


def _stored_moment(text: str | None) -> str | None:
    """Return a moment of the store as the page shows it; as it is, where it is none."""
    if text and text.endswith("+00:00") and len(text) > 24:  # as the store has them, and there are many
        return text[:10] + " " + text[11:19]
    try:
        return _moment(text)
    except NodeflowError:
        return text


def _moment(text: str | None) -> str | None:
    """Return a moment in UTC as the page shows it. Raises NodeflowError for what is none in ISO 8601; one without a zone is in UTC."""
    if not text:
        return None
    try:
        moment = datetime.datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=moment.tzinfo or datetime.timezone.utc).astimezone(datetime.timezone.utc)
    except (OverflowError, ValueError) as error:
        raise NodeflowError(f"validated_at must be a moment like 2026-11-23T05:52:17Z; this is {text!r}") from error
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def _findings(findings: t.Sequence[t.Any] | None) -> list[Answer] | None:
    """Return the findings with the fields that the page shows. Raises NodeflowError for what a validation did not find."""
    if findings is None:
        return None
    for one in findings:
        wrong = [name for name in _texts() if not isinstance(one.get(name), str)]
        ids = [one.get(view.id) for view in VIEWS]
        if wrong or not all(isinstance(key, (int, type(None))) for key in ids) or not isinstance(one.get("subscription_id"), (str, type(None))):
            *others, last = _texts()
            what = f"a list of dictionaries, each with the texts {', '.join(others)} and {last}"
            raise NodeflowError(f"findings takes what a validation found, {what}; see the documentation")
    return [{name: _scalar(one.get(name)) for name in _finding()} for one in findings]


def _texts() -> list[str]:
    """Return what a finding has at least."""
    return [*(view.label for view in VIEWS), "problem", "message"]


def _finding() -> list[str]:
    """Return the fields of a finding that the page shows."""
    return ["subscription_id", *(name for view in VIEWS for name in (view.id, view.label)), "problem", "store", "netbox", "message"]


def _scalar(value: t.Any) -> t.Any:
    """Return a value that JSON has and a cell can show."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, (str, int, float)) else json.dumps(value, default=str)
