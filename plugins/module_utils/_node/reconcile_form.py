# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The first step of reconcile_node: what to repair, and how. Writes nothing."""

from __future__ import annotations

import dataclasses
import typing as t
import uuid

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.subscription import check_customer_id
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.change_steps import families, gone
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.choice import NOTHING, chosen_nodes, node_row, wrong_row
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.claim import claim_mode
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.construct import new_node
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.device import Device
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.drift import Finding, Seen, kept
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.fields import LOOPBACKS, SHARED
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.lacking import lacking
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.loopback import ambiguous, in_words, lack
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.loopback_interface import loopback_interface
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import NodeInactive, loopback_of
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.reconcile_node import RECONCILE_NODE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.related import address_ids, site_ids
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.state import ChangeState
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.statuses import ACTIVE, CLAIMED, FREE, RETIRED
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.validate_node import differences, look, table
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.workflows import WORKFLOWS
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.continued import chosen_processes
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.end_of_step import end_of_step
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.planned import to_change, to_create
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.rows import RUNNING, UNCHANGED, Row
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = ["reconcile_form"]

_WINS = dict.fromkeys(SHARED, "netbox")
"""Whose value wins where nothing else is said."""

_NOT_ALONE = (
    "adopt: another machine with an SQLite store of its own may have enrolled such devices already. If it has, bring its store in with "
    "import_subscriptions; if this is the only store, say so with claim=store"
)


def reconcile_form(task: Task) -> dict[str, t.Any]:
    """Find what differs, and plan the repair of each subscription, as rows for the next step. Processes to resume are rows as well."""
    continued = chosen_processes(task, WORKFLOWS, ("nodes", "device_filter", "keep", "wins", "adopt"))
    if continued is not None:
        return end_of_step(task, [], continued, False, [])
    wanted = chosen_nodes(task.params["nodes"])
    if wanted == []:
        task.show(NOTHING)
        return end_of_step(task, [], [], False, [])
    if task.params["adopt"] and not task.params["unenrolled"]:
        raise NodeflowError("adopt gives subscriptions to devices that have none, which unenrolled=false leaves out; leave one of them out")
    wins = _wins(task)
    if task.params["adopt"] and claim_mode(task) == "netbox":
        raise NodeflowError(_NOT_ALONE)
    check_customer_id(task.params["customer_id"])
    seen, wrong = look(task, wanted)
    differs = differences(task, seen)
    task.show(table(seen, differs))
    findings: dict[tuple[int, str | None], list[Finding]] = {}
    for finding in differs:
        if finding.problem != "step_log":
            findings.setdefault((finding.device_id, finding.subscription_id), []).append(finding)
    models = {str(model.subscription_id): model for model in seen.subscriptions}
    run_id = str(uuid.uuid4())
    rows = [_left_alone(finding) for finding in differs if finding.problem == "step_log"] + [
        _left_alone(some[0])
        if some[0].problem in _NOT_OURS
        else _adoption(task, seen.devices[device_id], run_id)
        if key is None
        else _repair(task, seen, models[key], some, wins, run_id)
        for (device_id, key), some in findings.items()
    ]
    return end_of_step(task, [], _related(task, rows) + [wrong_row(one) for one in wrong], False, [])


_NOT_OURS = ("unreadable", "device_unreadable")
"""Findings that no repair of ours can be planned for."""


def _left_alone(finding: Finding) -> Row:
    return Row(finding.device, UNCHANGED, f"{finding.message}; nothing was changed", own={"device_id": finding.device_id})


def _wins(task: Task) -> dict[str, str]:
    given = task.params["wins"] or {}
    wrong = [name for name, who in given.items() if name not in _WINS or who not in ("netbox", "store")]
    if wrong:
        raise NodeflowError(
            f"the option wins takes netbox or store for each of {', '.join(_WINS)}; not so for {', '.join(map(str, wrong))}"
        )
    return _WINS | given


def _repair(task: Task, seen: Seen, model: NodeInactive, findings: t.Sequence[Finding], wins: t.Mapping[str, str], run_id: str) -> Row:
    """Return what is to become of one subscription."""
    device = seen.devices.get(model.device_id)
    label = findings[0].device
    row = Row(label, RUNNING, subscription_id=str(model.subscription_id), own={"device_id": model.device_id})
    problems = {finding.problem: finding for finding in findings}
    todo: dict[str, t.Any] = {"changes": {}, "write": [], "lifecycle": None, "refresh": False, "repairs": list(problems)}
    if "device_gone" in problems and task.params["device_gone"] == "report":
        return row.unchanged(findings[0].message + "; device_gone=terminate ends its subscription")
    if "several_subscriptions" in problems:
        models = [one for one in seen.subscriptions if one.device_id == model.device_id]
        keep = kept(models, seen.keep.get(model.device_id), seen.at_work, seen.unclaimed)
        todo |= _end(model, f"its device has the subscription {keep.subscription_id}, which is kept")
    elif "device_gone" in problems:
        todo |= _end(model, "its device is not in NetBox any more")
    elif "left_over" in problems:
        todo |= _end(model, f"it was left {model.status} by a process that is over")
        if device is not None and device.status in (CLAIMED, ACTIVE):  # so that it can be enrolled again
            todo |= {"write": ["status"], "changes": todo["changes"] | {"node": {"node_status": FREE}}}
    else:
        retired = problems.get("status")
        if retired and retired.netbox in RETIRED and wins["status"] == "netbox":
            return row.unchanged(retired.message + "; terminate_node ends its subscription, or let the store's status win")
        todo = _fields(todo, problems, wins)
    required = [family for family in families(model) if family in task.params["required_families"]]
    missing = [family for family in required if todo["changes"].get("node", {}).get(LOOPBACKS[family].node, "") is None]
    if "node_name" in todo["changes"].get("node", {}) and not todo["changes"]["node"]["node_name"]:
        return row.failed(f"{label}: NetBox has no name for it: give it one there, or let the store's win")
    problem = _unclear(task, device, model, todo)
    if problem:
        return row.failed(problem)
    if missing and device is not None:
        lacks = " and ".join(lack(device, family) for family in missing)
        store = "" if loopback_interface(task) else ", let the store's win"
        one = len(missing) == 1
        what, which = ("it", "family") if one else ("them", "families")
        return row.failed(f"{label} lacks {lacks}: add {what} in NetBox{store}, or leave the {which} out of required_families")
    patterns = loopback_interface(task) or None
    state = ChangeState(**todo, device=device or gone(model), required_families=required, loopback_interface=patterns)
    return to_change(dataclasses.replace(row, run_id=run_id), RECONCILE_NODE, model, state)


def _unclear(task: Task, device: Device | None, model: NodeInactive, todo: t.Mapping[str, t.Any]) -> str | None:
    """Return why an address cannot be repaired: NetBox has several; or it is the store's that wins, and loopback_interface says that the loopback is not what
    the field for the primary address says. Whoever writes that field would change what the device is managed by, and the difference would stay.
    """
    if device is None:
        return None
    stored = [family for family, field in LOOPBACKS.items() if field.netbox in todo["write"]]
    if stored and loopback_interface(task):
        addresses = " and ".join(str(loopback_of(model, family) or f"no {in_words(family)} address") for family in stored)
        return (
            f"{device.label}: with loopback_interface, which interface has an address decides, and addresses are not moved between interfaces here: "
            f"see to it in NetBox that the interface has {addresses}, or let NetBox's value win"
        )
    taken = any(field.node in todo["changes"].get("node", {}) for field in LOOPBACKS.values())
    return ambiguous(device) if taken else None


def _end(model: NodeInactive, why: str) -> dict[str, t.Any]:
    note = "; ".join(part for part in (model.note, "terminated by reconcile_node: " + why) if part)
    return {"changes": {"note": note}, "lifecycle": "terminated"}


def _fields(todo: dict[str, t.Any], problems: t.Mapping[str, Finding], wins: t.Mapping[str, str]) -> dict[str, t.Any]:
    """Return the fields to set here, and those to write there."""
    node: dict[str, t.Any] = {}
    for problem, finding in problems.items():
        if problem not in wins:
            continue
        # A device that is planned or staged still was never told that its node is active, or was put back by mistake.
        field = SHARED[problem]
        by_store = wins[problem] == "store" or (problem == "status" and finding.netbox in (FREE, CLAIMED))
        if by_store:
            todo["write"].append(field.netbox)
            node |= {"node_status": finding.store} if problem == "status" else {}  # as it is, unless the store had none of a node in service
        elif field.node:
            node[field.node] = finding.netbox
        if problem == "site":
            todo["site"] = finding.store if by_store else finding.netbox  # which only processes remember
        if by_store and field.relation:
            todo.setdefault("wanted", {})[field.netbox] = finding.store
    return todo | ({"changes": {"node": node}} if node else {})


def _related(task: Task, rows: list[Row]) -> list[Row]:
    """Find the ids of the addresses and sites that NetBox is to have for its devices."""
    wanted = {row.own["device_id"]: row.state["wanted"] for row in rows if row.state and "wanted" in row.state}
    if not wanted:
        return rows
    addressed = {device_id: {str(value) for name, value in fields.items() if name != "site" and value} for device_id, fields in wanted.items()}
    addresses = address_ids(task.netbox, {device_id: texts for device_id, texts in addressed.items() if texts})
    sites = site_ids(task.netbox, {fields["site"] for fields in wanted.values() if "site" in fields})
    done = []
    for row in rows:
        state, device_id = dict(row.state or {}), row.own["device_id"]
        fields = state.pop("wanted", None)
        if fields is None:
            done.append(row)
            continue
        ids = {name: sites.get(value) if name == "site" else addresses.get((device_id, value)) for name, value in fields.items()}
        missing = {name: fields[name] for name, found in ids.items() if found is None and fields[name] is not None}  # to have none is a wish as well
        if missing:
            done.append(row.without_plan().failed(f"{row.label}: {_to_be_made(missing)}"))
        else:
            done.append(dataclasses.replace(row, state=state | {"relations": ids}))
    return done


def _to_be_made(missing: dict[str, t.Any]) -> str:
    """Return what to do in NetBox, which does not have these values of fields, so that a device can have them."""
    addresses = [str(value) for name, value in missing.items() if name != "site"]
    ways = [f"NetBox has no site {missing['site']} any more; make it there"] if "site" in missing else []
    ways += [f"NetBox has no {' and no '.join(addresses)} for it; add {'it' if len(addresses) == 1 else 'them'} to the device there"] if addresses else []
    return f"{'. '.join(ways)}, or let NetBox's value win"


def _adoption(task: Task, device: Device, run_id: str) -> Row:
    """Return a new subscription for a device that is in service already."""
    row = node_row(device, RUNNING)
    if not task.params["adopt"]:
        return row.unchanged(f"{device.label} is active in NetBox and has no subscription; adopt=true gives it one")
    required = task.params["required_families"]
    problem = lacking(device, required)
    if problem:
        return row.failed(problem)
    state = ChangeState(
        device=device,
        required_families=required,
        loopback_interface=loopback_interface(task) or None,
        changes={},
        write=[],
        lifecycle="active",
        refresh=True,
        repairs=["no_subscription"],
        site=device.site,
    )
    return to_create(dataclasses.replace(row, run_id=run_id), RECONCILE_NODE, new_node(task, device), state)
