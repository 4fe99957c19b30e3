# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The first step of the workflows that change enrolled nodes: which subscriptions, and what is to become of them. Writes nothing."""

from __future__ import annotations

import dataclasses
import typing as t
import uuid

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.collection import OURS, collection_of
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.lifecycle import SubscriptionLifecycle
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.subscription import check_customer_id, revise
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import DomainError, NodeflowError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.change_steps import families, gone
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.choice import (
    NOTHING,
    Wanted,
    chosen_nodes,
    look_up_enrolled,
    node_row,
    nodes,
    wrong_row,
)
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.device import Device, device_label, devices_by_id, find_devices
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.filters import check_filters
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.loopback import ambiguous, loopback_fields
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.loopback_interface import located, loopback_interface
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import FAMILIES, NodeInactive, check_node_status, loopback_of, requiring
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.modify_node import MODIFY_NODE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.prompt import Listed, choose
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.state import ChangeState
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.statuses import ENDED
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.stored import device_of, last_sites, name_of, terminated_of_devices
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.terminate_node import TERMINATE_NODE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.workflows import WORKFLOWS
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.command import worded
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.config_files import check_config_dir
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.confirm import check_config_hash
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.continued import chosen_processes
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.end_of_step import end_of_step
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.options import given, refuse_together
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.planned import to_change
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.rows import FAILED, RUNNING, UNCHANGED, Row
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.subscriptions import (
    Stored,
    Unreadable,
    find_subscriptions,
    is_live,
    load_subscriptions,
)
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = ["subscription_form"]

HOW_TO_CHOOSE = (
    "no node was chosen, and nobody is at a terminal to ask. Choose with nodes (ids or names, e.g. -e nodes=loc1-core), with subscription_ids, "
    'with device_filter (e.g. -e \'{"device_filter": {"site": "loc1"}}\'), or with all_enrolled=true'
)

NOTHING_TO_CHANGE = "say what to change, with one or more of note, clear=note, description, customer_id, node_status, and refresh=true"


_CHOICES = ("nodes", "subscription_ids", "device_filter", "all_enrolled", "max_nodes")
"""The options that choose nodes."""


def subscription_form(task: Task) -> dict[str, t.Any]:
    """Take the choice of subscriptions and what is to be done, as rows for the next step. Processes to resume are rows as well."""
    check_config_dir("node_config_dir", task.params["node_config_dir"])
    check_config_hash(task.params["config_hash"])
    continued = chosen_processes(task, WORKFLOWS, (*_CHOICES, "note", "clear", "description", "customer_id", "node_status", "refresh"))
    if continued is not None:
        return end_of_step(task, [], continued, False, [])
    refuse_together(given(task, "subscription_ids"), given(task, "nodes", "device_filter", "all_enrolled"))
    refuse_together(given(task, "nodes"), given(task, "all_enrolled"))
    wanted = chosen_nodes(task.params["nodes"])
    if wanted == [] or task.params["subscription_ids"] == []:
        task.show(NOTHING)
        return end_of_step(task, [], [], False, [])
    plan = _PLANS[task.params["workflow"]](task)
    if task.params["max_nodes"] is not None and task.params["max_nodes"] < 1:
        raise NodeflowError("max_nodes must be 1 or more")
    found, devices, rows = _chosen(task, wanted)
    chosen, unreadable = nodes(found)
    rows = [_cannot_be_read(one) for one in unreadable] + rows
    devices |= devices_by_id(task.netbox, [model.device_id for model in chosen if model.device_id not in devices])
    if task.params["refresh"]:
        devices = located(task, {model.device_id: devices[model.device_id] for model in chosen[: task.params["max_nodes"]] if model.device_id in devices})
    run_id = str(uuid.uuid4())
    planned = [_row(task, plan, model, devices.get(model.device_id), run_id) for model in chosen[: task.params["max_nodes"]]]
    return end_of_step(task, [], planned + rows, False, [])


Plan = t.Callable[[NodeInactive, t.Optional[Device]], dict[str, t.Any]]
"""What is to become of a subscription: the state of its process; {} where nothing is to be done."""


def _modification(task: Task) -> Plan:
    values = {name: task.params[name] for name in ("note", "description", "customer_id") if task.params[name] is not None}
    status = task.params["node_status"]
    cleared = task.params["clear"] or []
    both = [name for name in cleared if name in values]
    if both:
        raise NodeflowError(f"clear names {' and '.join(both)}, which is given a value at the same time; say one of the two")
    values |= dict.fromkeys(cleared)
    if not values and status is None and not task.params["refresh"]:
        raise NodeflowError(NOTHING_TO_CHANGE)
    if "customer_id" in values:
        check_customer_id(values["customer_id"])
    if status is not None:
        check_node_status(status)
    changes = values | ({"node": {"node_status": status}} if status else {})

    def plan(model: NodeInactive, device: Device | None) -> dict[str, t.Any]:
        if device is None:
            raise DomainError("it is not in NetBox any more; terminate its subscription with terminate_node")
        seen = {"node_name": device.name} | loopback_fields(device) if task.params["refresh"] else {}
        after = revise(model, changes | {"node": changes.get("node", {}) | seen}, requiring(families(model)))
        field = task.params["netbox_custom_field"]
        led = not field or device.custom_field(field) == str(model.subscription_id)
        if after == model and (status is None or device.status == status) and led:
            return {}
        return {"changes": changes, "write": ["status"] if status else [], "lifecycle": None, "refresh": task.params["refresh"]}

    return plan


def _termination(task: Task) -> Plan:
    refuse_together(["terminate_node"], given(task, "clear", "description", "customer_id", "refresh"))
    status = task.params["node_status"] or ENDED[0]
    if status not in ENDED:
        raise NodeflowError(f"a terminated node's device can be {' or '.join(ENDED)} in NetBox, not {status}")
    changes: dict[str, t.Any] = {"node": {"node_status": status}} | ({"note": task.params["note"]} if task.params["note"] else {})
    return lambda model, device: {"changes": changes, "write": ["status"], "lifecycle": SubscriptionLifecycle.TERMINATED.value, "refresh": False}


_PLANS = {MODIFY_NODE.name: _modification, TERMINATE_NODE.name: _termination}


def _row(task: Task, plan: Plan, model: NodeInactive, device: Device | None, run_id: str) -> Row:
    device = device or gone(model)
    row = Row(device.label, RUNNING, subscription_id=str(model.subscription_id), own={"device_id": model.device_id})
    unclear = f"{device.label}: {device.problem}" if device.problem else ambiguous(device) if task.params["refresh"] else None
    if unclear:
        return row.failed(unclear)
    try:
        todo = plan(model, device if device.status else None)
    except DomainError as error:
        return row.failed(f"{device.label}: {error}")
    if not todo:
        return row.unchanged(f"{device.label}: there is nothing to change")
    patterns = loopback_interface(task) or None
    state = ChangeState(**todo, device=device, required_families=families(model), loopback_interface=patterns)
    return to_change(dataclasses.replace(row, run_id=run_id), WORKFLOWS[task.params["workflow"]], model, state)


def _cannot_be_read(one: Unreadable) -> Row:
    """Return the row of a subscription that nothing can be done with."""
    device_id = device_of(one)
    label = device_label(name_of(one), "", device_id or 0)
    return Row(label, FAILED, f"{label}: {one.sentence}", own={"device_id": device_id})


Chosen = tuple[list[Stored], dict[int, Device], list[Row]]
"""The live subscriptions that the options choose; the devices that were read on the way, by id; rows of what they name that has none."""


def _chosen(task: Task, wanted: t.Sequence[Wanted] | None) -> Chosen:
    filters = dict(task.params["device_filter"] or {})
    check_filters(task.netbox, filters)
    store = task.existing_store()
    if store is None:
        raise NodeflowError("there is no store yet, so no node is enrolled; check the option store, or NODEFLOW_STORE")
    with store.read() as connection:
        live = find_subscriptions(connection, is_live())
        if task.params["subscription_ids"]:
            return _by_ids(load_subscriptions(connection, task.params["subscription_ids"]), task.params["subscription_ids"])
    if wanted is None:
        if filters:
            devices = {device.id: device for device in find_devices(task.netbox, filters)}
            return [model for model in live if device_of(model) in devices], devices, []
        return (live, {}, []) if task.params["all_enrolled"] else _asked(task, live)
    return _by_nodes(task, wanted, live, filters)


def _by_ids(found: t.Mapping[str, Stored], wanted: t.Sequence[str]) -> Chosen:
    others = {key: one for key, one in found.items() if collection_of(one.product) != OURS}
    found = {key: one for key, one in found.items() if key not in others}
    there = [found[key] for key in dict.fromkeys(wanted) if key in found]
    live = [one for one in there if one.status != SubscriptionLifecycle.TERMINATED.value]
    ended = [_ended(None, one) for one in there if one.status == SubscriptionLifecycle.TERMINATED.value]
    unknown = [key for key in dict.fromkeys(wanted) if key not in found and key not in others]
    return live, {}, ended + [_unknown(key) for key in unknown] + [_of_another(key, one) for key, one in others.items()]


def _of_another(key: str, one: Stored) -> Row:
    why = f"is of the product {one.product}, which {collection_of(one.product)} takes care of"
    return Row(key, FAILED, f"the subscription {key} {why}", f"its subscription {why}", own={"device_id": None})


def _unknown(key: str) -> Row:
    where = "subscription_info lists those that are"
    return Row(key, FAILED, f"there is no subscription {key}; {where}", f"there is no such subscription; {where}", own={"device_id": None})


def _by_nodes(task: Task, wanted: t.Sequence[Wanted], live: t.Sequence[Stored], filters: dict[str, t.Any]) -> Chosen:
    devices, gone_ids, wrong = look_up_enrolled(task.netbox, wanted, filters, live)
    by_device = {device_of(model): model for model in live}
    chosen = [by_device[device.id] for device in devices if device.id in by_device] + [by_device[device_id] for device_id in gone_ids]
    rows = [wrong_row(one) for one in wrong]
    without = [device for device in devices if device.id not in by_device]
    with task.store.read() as connection:
        ended = terminated_of_devices(connection, [device.id for device in without])
    for device in without:
        if device.id in ended:
            rows.append(_ended(device.label, ended[device.id]))
        else:
            rows.append(node_row(device, FAILED, f"{device.label} has no subscription; enrol it with create_node"))
    return chosen, {device.id: device for device in devices}, rows


def _ended(label: str | None, model: Stored) -> Row:
    if isinstance(model, Unreadable):
        return _cannot_be_read(model)
    label = label or model.description
    key, when = str(model.subscription_id), f" at {model.end_date:%Y-%m-%d %H:%M UTC}" if model.end_date else ""
    message = f"{label} was terminated{when}: subscription {key}"
    return Row(label, UNCHANGED, message, "was terminated before", subscription_id=key, own={"device_id": device_of(model)})


def _asked(task: Task, found: t.Sequence[Stored]) -> Chosen:
    """Let the person at the terminal choose."""
    live, unreadable = nodes(found)
    for one in unreadable:
        task.warn(one.sentence)
    if not live:
        raise NodeflowError("no node is enrolled in this store, so there is nothing to choose from")
    with task.store.read() as connection:
        sites = last_sites(connection)
    listed = [_listed(model, sites.get(str(model.subscription_id), "")) for model in live]

    def take(wanted: list[Wanted] | None) -> Chosen:
        if wanted is None:
            return list(found), {}, []
        meant = {one: [model for model, line in zip(live, listed) if line.meant_by(one)] for one in wanted}
        several = [f"{one} is the name of {len(some)} nodes: choose by id" for one, some in meant.items() if len(some) > 1]
        if several:
            raise NodeflowError("; ".join(several))
        here: dict[int | None, Stored] = {some[0].device_id: some[0] for some in meant.values() if len(some) == 1}
        elsewhere = [one for one, some in meant.items() if not some]
        others, devices, rows = _by_nodes(task, elsewhere, live, {}) if elsewhere else ([], {}, [])
        if rows:
            raise NodeflowError("; ".join(row.message for row in rows))
        return list((here | {device_of(model): model for model in others}).values()), devices, []

    chosen = choose(task, "Enrolled nodes:", listed, "Which ones? Ids or names with commas between, or all", take)
    if chosen is None:
        raise NodeflowError(worded(HOW_TO_CHOOSE))
    return chosen


def _listed(model: NodeInactive, site: str) -> Listed:
    node = model.node
    addresses = [None if loopback is None else str(loopback) for loopback in (loopback_of(model, family) for family in FAMILIES)]
    return Listed(model.device_id, node.node_name, site, addresses, str(model.status) if model.insync else f"{model.status}, ! not in sync")
