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
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._files import needed_destination
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.node.drift import PROBLEMS
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.reports.info import (
    Answer,
    needed_store,
    process_answers,
    subscription_answers,
)
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.reports.page import data_of, page, written_at

__all__ = ["counts", "page_data", "report"]

_FROM_SUBSCRIPTION = (
    *("subscription_id", "device_id", "site", "role", "platform", "status", "insync", "customer_id", "note"),
    *("process_id", "process_status", "problem"),
)
_FROM_PROCESS = (
    *("process_id", "subscription_id", "device_id", "workflow", "target", "status", "step", "error", "actor"),
    *("continue_with", "abort_with", "problem", "run_id"),
)
_STEP = ("step", "status", "attempt", "seconds", "actor", "error", "started")
_FINDING = ("subscription_id", "device_id", "device", "problem", "store", "netbox", "message")
_TEXTS = ("device", "problem", "message")

NO_FINDINGS = "findings takes what a validation found, a list of dictionaries, each with the texts device, problem and message; see the documentation"


def report(task: Task) -> dict[str, t.Any]:
    """Have the report in the file. One that shows the same already stays as it is, with the moment at which it was written."""
    target = needed_destination(task)
    findings, validated_at = _findings(task.params["findings"]), _moment(task.params["validated_at"])
    if findings is None and validated_at:
        raise NodeflowError("validated_at says when findings were found, so give findings as well; an empty list says that there are none")
    store = needed_store(task)
    with store.read() as connection:
        subscriptions = subscription_answers(store, connection)
        processes = process_answers(store, connection, "times")
    data = page_data(store.netbox_url, subscriptions, processes, findings, validated_at)
    before = target.read() or b""
    old = before.decode("utf-8", "replace")
    content = page(data, written_at(old) or "").encode("ascii")
    if content != before:
        content = page(data, datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")).encode("ascii")
    changed = target.write(content, task.check_mode)
    change = {"before_header": str(target.path), "after_header": str(target.path), "before": counts(data_of(old)), "after": counts(data)}
    verb = ("would be written to" if task.check_mode else "was written to") if changed else "is unchanged in"
    return {
        "changed": changed,
        "dest": str(target.path),
        "counts": counts(data),
        "diff": [change] if changed else [],
        "msg": f"the report on {len(subscriptions)} subscriptions and {len(processes)} processes {verb} {target.path}",
    }


def page_data(
    netbox_url: str | None,
    subscriptions: t.Sequence[Answer],
    processes: t.Sequence[Answer],
    findings: list[Answer] | None,
    validated_at: str | None,
) -> Answer:
    """What the page is made of. Tables are ``{"columns": [...], "rows": [[...]]}``, since there may be many rows; moments ``2026-11-23 05:52:17``."""
    about_processes = [_about_process(one) | {"steps": _rows([_about_step(step) for step in one["steps"]], _STEP)} for one in processes]
    return {
        "netbox_url": netbox_url,
        "subscriptions": _table([_about_subscription(one) for one in subscriptions], (*_FROM_SUBSCRIPTION, "name", "ipv4", "ipv6", "since")),
        "processes": _table(about_processes, (*_FROM_PROCESS, "device", "started", "updated", "completed", "lease_until", "steps")),
        "step_columns": _STEP,
        "findings": None if findings is None else _table(findings, _FINDING),
        "problems": {problem: PROBLEMS[problem] for problem in sorted({one["problem"] for one in findings or []} & set(PROBLEMS))},
        "validated_at": validated_at,
    }


def counts(data: t.Any) -> Answer:
    """How many subscriptions and processes stand how, and how many findings there are; {} for data that are not of a page."""
    try:
        found: Answer = {}
        for kind in ("subscriptions", "processes"):
            place = data[kind]["columns"].index("status")
            found[kind] = dict(sorted(collections.Counter(row[place] for row in data[kind]["rows"]).items()))
        return found | {"findings": None if data["findings"] is None else len(data["findings"]["rows"])}
    except (IndexError, KeyError, TypeError, ValueError, AttributeError):
        return {}


def _about_subscription(answer: Answer) -> Answer:
    node = answer.get("node") or {}
    name, ipv4, ipv6 = (_scalar(node.get(field)) for field in ("node_name", "ipv4_loopback", "ipv6_loopback"))
    more = {"name": name or answer["description"], "ipv4": ipv4, "ipv6": ipv6}
    return _of(answer, _FROM_SUBSCRIPTION) | more | {"since": _stored_moment(answer["start_date"])}


def _about_process(answer: Answer) -> Answer:
    moments = {"started": "started_at", "updated": "updated_at", "completed": "completed_at", "lease_until": "lease_until"}
    more = {name: _stored_moment(answer[column]) for name, column in moments.items()}
    return _of(answer, _FROM_PROCESS) | more | {"device": answer["device"] or answer["description"]}


def _about_step(answer: Answer) -> Answer:
    return answer | {"started": _stored_moment(answer["started_at"])}


def _of(answer: Answer, names: t.Sequence[str]) -> Answer:
    return {name: answer[name] for name in names}


def _table(records: t.Sequence[Answer], names: t.Sequence[str]) -> Answer:
    return {"columns": names, "rows": _rows(records, names)}


def _rows(records: t.Sequence[Answer], names: t.Sequence[str]) -> list[list[t.Any]]:
    return [[record[name] for name in names] for record in records]


def _stored_moment(text: str | None) -> str | None:
    """A moment of the store as the page shows it; as it is, where it is none."""
    try:
        return _moment(text)
    except NodeflowError:
        return text


def _moment(text: str | None) -> str | None:
    """A moment in UTC as the page shows it. Raises NodeflowError for what is none in ISO 8601; one without a zone is in UTC."""
    if not text:
        return None
    if text.endswith("+00:00") and len(text) > 24:  # as the store has them, and there are many
        return text[:10] + " " + text[11:19]
    try:
        moment = datetime.datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=moment.tzinfo or datetime.timezone.utc).astimezone(datetime.timezone.utc)
    except (OverflowError, ValueError) as error:
        raise NodeflowError(f"validated_at must be a moment like 2026-11-23T05:52:17Z; this is {text!r}") from error
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def _findings(findings: t.Sequence[t.Any] | None) -> list[Answer] | None:
    """The findings with the fields that the page shows. Raises NodeflowError for what a validation did not find."""
    if findings is None:
        return None
    for one in findings:
        wrong = [name for name in _TEXTS if not isinstance(one.get(name), str)]
        if wrong or not isinstance(one.get("device_id"), (int, type(None))) or not isinstance(one.get("subscription_id"), (str, type(None))):
            raise NodeflowError(NO_FINDINGS)
    return [{name: _scalar(one.get(name)) for name in _FINDING} for one in findings]


def _scalar(value: t.Any) -> t.Any:
    """A value that JSON has and a cell can show."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, (str, int, float)) else json.dumps(value, default=str)
