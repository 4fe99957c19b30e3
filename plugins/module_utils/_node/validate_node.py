# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare subscriptions with NetBox, and their step logs with the hashes of these. Changes nothing."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._chunks import chunks
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.lifecycle import SubscriptionLifecycle
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.choice import NOTHING, Wanted, Wrong, chosen_nodes, look_up_enrolled, nodes
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.device import (
    COMPARED_FIELDS,
    FIELDS,
    Device,
    devices_by_id,
    find_devices,
    find_many,
)
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.drift import (
    IF_WANTED,
    NOT_REPAIRED,
    PROBLEMS,
    UNFINISHED,
    Finding,
    Seen,
    detail,
    drift,
)
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.filters import check_filters
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.loopback_interface import located
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import NodeInactive
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.statuses import ACTIVE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.step_logs import step_log_findings
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.stored import (
    DEVICES_IN_A_STATEMENT,
    device_of,
    devices_of_others,
    is_of_devices,
    last_sites,
)
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.artifacts import stats
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.command import Command
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.end_of_step import wrapped
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.processes import subscriptions_at_work
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.subscriptions import (
    Unreadable,
    each_subscription,
    find_subscriptions,
    is_live,
    load_subscriptions,
    without_claims,
)
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._words import counted

__all__ = ["differences", "look", "table", "validate_node"]

LISTED = 100
"""Devices that the table names at the most where the same was found."""


def validate_node(task: Task) -> dict[str, t.Any]:
    """Return the findings as data, and as a table for the person who reads the output."""
    wanted = chosen_nodes(task.params["nodes"])
    if wanted == []:
        task.show(NOTHING)
        return _result(task, "nothing was chosen, so nothing was compared", [])
    seen, wrong = look(task, wanted, COMPARED_FIELDS)
    if wrong:
        raise NodeflowError("; ".join(one.reason for one in wrong))
    findings = differences(task, seen)
    task.show(table(seen, findings))
    return _result(task, _summary(seen, findings), findings)


def _result(task: Task, msg: str, findings: t.Sequence[Finding]) -> dict[str, t.Any]:
    counts = {problem: sum(1 for finding in findings if finding.problem == problem) for problem in PROBLEMS}
    found = {problem: count for problem, count in counts.items() if count}
    return stats({"nodeflow_counts": found, "nodeflow_summary": msg}) | {
        "changed": False,
        "msg": msg,
        "findings": [dataclasses.asdict(finding) for finding in findings],
        "counts": found,
        "repair_with": _repair_with(task, findings),
        "fails": bool(findings) and task.params["fail_on_findings"],
        "validated_at": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
    }


def _repair_with(task: Task, findings: t.Sequence[Finding]) -> str | None:
    """Return the command that repairs what was found, at the devices that were asked for; with what says so, where all of it is repaired only if that is
    wanted. None where nothing can be.
    """
    found = [finding for finding in findings if finding.problem not in NOT_REPAIRED]
    problems = {finding.problem for finding in found}
    if not problems:
        return None
    devices = sorted({finding.device_id for finding in found})
    chosen = task.params["nodes"] is not None or task.params["device_filter"]
    nodes = {"nodes": ",".join(map(str, devices))} if chosen else {}
    wanted = {name: value for problem, (name, value) in IF_WANTED.items() if problem in problems and problems <= IF_WANTED.keys()}
    return str(Command("reconcile_nodes").having(**nodes, **wanted))


def table(seen: Seen, findings: t.Sequence[Finding]) -> str:
    """Return what was compared and what was found, problem by problem, for the person who reads the output; devices with the same values together."""
    lines = [_summary(seen, findings)]
    for problem, words in PROBLEMS.items():
        same: dict[str, list[str]] = {}
        for finding in findings:
            if finding.problem == problem:
                same.setdefault(detail(finding), []).append(finding.device)
        if same:
            lines.append(f"  {words} ({sum(map(len, same.values()))}):")
        for values, labels in same.items():
            if values and len(labels) == 1:
                lines.append(f"    {labels[0]}: {values}")
            else:
                lines += [f"    {len(labels)} devices: {values}"] if values else []
                lines += [f"    {'  ' if values else ''}{line}" for line in wrapped(labels, LISTED, "the findings of the result have all (-v shows it)")]
    return "\n".join(lines)


def _summary(seen: Seen, findings: t.Sequence[Finding]) -> str:
    count, devices = len(findings), len({finding.device_id for finding in findings})
    compared = len(seen.subscriptions) - len(seen.at_work)
    said = f"{counted(count, 'finding')} at {counted(devices, 'device')}" if count else "nothing found"
    busy = f", {len(seen.at_work)} left out since a process works on {'it' if len(seen.at_work) == 1 else 'them'}" if seen.at_work else ""
    return f"{counted(compared, 'subscription')} compared with NetBox{busy}: {said}"


def look(task: Task, wanted: t.Sequence[Wanted] | None, fields: str = FIELDS) -> tuple[Seen, list[Wrong]]:
    """Read the store and NetBox: in as few listings as NetBox has pages of active devices, or of those that are chosen.

    ``wanted`` are the entries of the option nodes, None where it is not given. Of those that were not chosen, only ``fields`` are sure to be read.
    Second, the entries that mean no device, or several. Raises NodeflowError.
    """
    filters = dict(task.params["device_filter"] or {})
    check_filters(task.netbox, filters)
    models, unreadable, at_work, unclaimed, sites, of_others = _stored(task)
    keep = _keep(task, models, at_work)
    wrong: list[Wrong] = []
    if wanted is not None:
        found, gone, wrong = look_up_enrolled(task.netbox, wanted, filters, [*models, *unreadable])
        devices = {device.id: device for device in found}
        models = [model for model in models if model.device_id in devices or model.device_id in gone]
        unreadable = [one for one in unreadable if device_of(one) in devices or device_of(one) in gone]
    elif filters:
        devices = {device.id: device for device in find_devices(task.netbox, filters)}
        models = [model for model in models if model.device_id in devices]
        unreadable = [one for one in unreadable if device_of(one) in devices]
    else:
        devices = _all(task, [model.device_id for model in models] + [held for one in unreadable if (held := device_of(one)) is not None], fields)
    left_out = sorted(keep.keys() - {model.device_id for model in models})
    if left_out:
        raise NodeflowError(f"the option keep names the device {left_out[0]}, which nodes and device_filter leave out, so it would be ignored")
    devices = {key: device for key, device in devices.items() if key not in of_others}
    if not task.params["unenrolled"]:
        enrolled = {one.device_id for one in models} | {device_of(one) for one in unreadable}
        devices = {key: device for key, device in devices.items() if key in enrolled}
    ids = {str(model.subscription_id) for model in models}
    compared = {model.device_id for model in models} | (set(devices) if task.params.get("adopt") else set())
    devices |= located(task, {key: device for key, device in devices.items() if key in compared})
    chosen = wanted is not None or bool(filters)
    return Seen(models, devices, at_work & ids, sites, keep, task.params["netbox_custom_field"], unreadable, unclaimed, chosen), wrong


def differences(task: Task, seen: Seen) -> list[Finding]:
    """Return how what was read differs, less what other runs changed while it was read; and the step logs that were changed by hand."""
    findings, of_logs = drift(seen), step_log_findings(task, seen)
    store = task.existing_store()
    if not findings or store is None:
        return findings + of_logs
    with store.read() as connection:  # of these alone: the others may be very many
        now = load_subscriptions(connection, sorted({finding.subscription_id for finding in findings if finding.subscription_id}))
        enrolled = _enrolled(connection, [finding.device_id for finding in findings if finding.subscription_id is None])
        at_work = subscriptions_at_work(connection)
    live = {key: one for key, one in now.items() if str(one.status) != SubscriptionLifecycle.TERMINATED.value}
    models, unreadable = nodes(live.values())
    versions = {str(model.subscription_id): model.version for model in models}
    then = {str(model.subscription_id): model.version for model in seen.subscriptions}
    still = {one.subscription_id for one in unreadable}

    def stands(finding: Finding) -> bool:
        key = finding.subscription_id
        if key is None:
            return finding.device_id not in enrolled
        if finding.problem == "unreadable":
            return key in still
        return key not in at_work and versions.get(key) == then[key]

    return [finding for finding in findings if stands(finding)] + of_logs


def _enrolled(connection: t.Any, device_ids: t.Sequence[int]) -> set[int | None]:
    """Return those of these devices that a live subscription of a node stands for."""
    enrolled: set[int | None] = set()
    for some in chunks(device_ids, DEVICES_IN_A_STATEMENT):
        models, unreadable = nodes(each_subscription(connection, is_live(), is_of_devices(connection, some)))
        enrolled |= {one.device_id for one in models} | {device_of(one) for one in unreadable}
    return enrolled


class _Stored(t.NamedTuple):
    """The live subscriptions, and those of them that cannot be read; the ids of those that a process works on, and of those that claim nothing; the
    sites, by subscription id; and the ids of the devices that subscriptions of other collections claim.
    """

    models: list[NodeInactive]
    unreadable: list[Unreadable]
    at_work: set[str]
    unclaimed: set[str]
    sites: dict[str, str]
    of_others: set[int]


def _stored(task: Task) -> _Stored:
    """Return what the store has. Raises NodeflowError where there is no store yet, unless devices are to be adopted into it."""
    store = task.existing_store()
    if store is None and task.params.get("adopt"):
        return _Stored([], [], set(), set(), {}, set())
    if store is None:
        raise NodeflowError("there is no store there yet, so there is nothing to compare; check the option store, or NODEFLOW_STORE")
    with store.read() as connection:
        found = find_subscriptions(connection, is_live())
        models, unreadable = nodes(found)
        sites, of_others = last_sites(connection), devices_of_others(found)
        return _Stored(models, unreadable, subscriptions_at_work(connection), without_claims(connection), sites, of_others)


def _all(task: Task, enrolled: t.Sequence[int], fields: str) -> dict[int, Device]:
    """Return the devices of all subscriptions, and the active ones that have none."""
    if not task.params["unenrolled"]:
        return devices_by_id(task.netbox, enrolled)
    devices = find_many(task.netbox, {"status": ACTIVE}, enrolled, fields)
    return devices | devices_by_id(task.netbox, [one for one in dict.fromkeys(enrolled) if one not in devices])


def _keep(task: Task, models: t.Sequence[NodeInactive], at_work: t.Collection[str]) -> dict[int, str]:
    """Return the option keep. One that means no subscription of its device must not end those that it has."""
    try:
        keep = {int(device_id): str(key) for device_id, key in (task.params.get("keep") or {}).items()}
    except (TypeError, ValueError) as error:
        raise NodeflowError("the option keep takes a dictionary of device ids, each with the id of the subscription to keep") from error
    found = {(model.device_id, str(model.subscription_id)): model for model in models}
    for device_id, key in sorted(keep.items()):
        model = found.get((device_id, key))
        if model is None:
            raise NodeflowError(f"the option keep names {key} for the device {device_id}, which is no subscription of it that is not terminated")
        if model.status in UNFINISHED and key not in at_work:
            raise NodeflowError(f"the option keep names {key} for the device {device_id}, which was never active, so it cannot be kept")
    return keep
