# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring subscriptions in from an orchestrator's database, or from another store, so that each device has one that is not terminated."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._chunks import chunks
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import DomainError, NodeflowError, StoreError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import sa
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.domain.lifecycle import SubscriptionLifecycle
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.domain.subscription import SubscriptionModel, check_customer_id, load_subscription
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.domain.node import NOT_IN_SERVICE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.netbox.client import normal_url
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.store.engine import foreign_database, open_store
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.store.orchestrator_core import (
    TABLES,
    read_processes,
    read_steps,
    read_subscriptions,
)
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.store.processes import (
    OVER,
    Process,
    StepRecord,
    find_processes,
    insert_processes,
    insert_step_log,
    load_step_log,
)
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.store.subscriptions import (
    claim_devices,
    find_subscriptions,
    live_subscriptions,
    load_subscriptions,
)
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.workflow.create_node import ACTIVE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.workflow.drift import UNFINISHED, kept

__all__ = ["import_subscriptions"]

LISTED = 20
"""Subscriptions that could not be brought in, of which the output names at the most; the result has them all."""


class _Source(t.NamedTuple):
    """What was read. ``refused`` are subscriptions that cannot be brought in, by id, with the reason."""

    subscriptions: list[SubscriptionModel]
    processes: list[Process]
    log: list[StepRecord]
    refused: dict[str, str]


def import_subscriptions(task: Task) -> dict[str, t.Any]:
    """Read, decide which subscription of each device stays, and save all in one transaction."""
    source = _read(task)
    if task.check_mode:
        store = task.existing_store()
        if store is None:
            return _result(task, source, _one_a_device(source.subscriptions, {}), 0)
        with store.read() as connection:
            settled, known = _settle(connection, source.subscriptions)
        return _result(task, source, settled, known)
    task.warn_if_it_vanishes("store")
    task.store.belongs_to(normal_url(task.params["netbox_url"] or task.netbox.url), moved=task.params["netbox_moved"])
    with task.store.to_move() as connection:  # nobody enrols one of the devices, or imports the same, in between
        task.store.refuse_if_moved()
        settled, known = _settle(connection, source.subscriptions)
        brought = _brought(connection, source.processes, settled)
        process_ids = {process.process_id for process in brought}
        if settled:
            claim_devices(connection, settled)
        insert_processes(connection, brought)
        insert_step_log(connection, [record for record in source.log if record.process_id in process_ids])
    return _result(task, source, settled, known)


def _settle(connection: t.Any, models: t.Sequence[SubscriptionModel]) -> tuple[list[SubscriptionModel], int]:
    """Those that the store does not have yet, as they will be, and how many it has."""
    known = load_subscriptions(connection, [str(model.subscription_id) for model in models])
    holders = live_subscriptions(connection, [model.device_id for model in models])
    return _one_a_device([model for model in models if str(model.subscription_id) not in known], holders), len(known)


def _brought(connection: t.Any, processes: t.Sequence[Process], settled: t.Sequence[SubscriptionModel]) -> list[Process]:
    """The processes of these subscriptions. One that worked on several may be here already, with one that was imported before."""
    ids = {str(model.subscription_id) for model in settled}
    theirs = [process for process in processes if process.subscription_id in ids]
    found = [find_processes(connection, process_id=some) for some in chunks([process.process_id for process in theirs])]
    here = {process.process_id for some in found for process in some}
    return [process for process in theirs if process.process_id not in here]


def _one_a_device(new: t.Sequence[SubscriptionModel], holders: t.Mapping[int, SubscriptionModel]) -> list[SubscriptionModel]:
    """The subscriptions as they will be: of each device, one stays, and the others are terminated."""
    by_device: dict[int, list[SubscriptionModel]] = {}
    for model in new:
        if model.status is not SubscriptionLifecycle.TERMINATED:
            by_device.setdefault(model.device_id, []).append(model)
    stays = {device_id: holders.get(device_id) or kept(models) for device_id, models in by_device.items()}
    stays = {device_id: one for device_id, one in stays.items() if device_id in holders or one.status not in UNFINISHED}
    return [_settled(model, stays.get(model.device_id)) for model in new]


def _settled(model: SubscriptionModel, stays: SubscriptionModel | None) -> SubscriptionModel:
    if model.status is SubscriptionLifecycle.TERMINATED:
        return model if model.end_date else model.model_copy(update={"end_date": model.start_date or datetime.datetime.now(datetime.timezone.utc)})
    if stays is None:
        return _ended(model, "it was left {0} by a process that is over".format(model.status))
    if stays is not model:
        return _ended(model, "its device has the subscription {0}, which is kept".format(stays.subscription_id))
    if model.node.node_status in NOT_IN_SERVICE:  # it was active, whatever was written down
        model = model.model_copy(update={"node": model.node.model_copy(update={"node_status": ACTIVE})})
    return model.model_copy(update={"insync": True})  # nothing of where it comes from works on it here


def _ended(model: SubscriptionModel, why: str) -> SubscriptionModel:
    note = "; ".join(part for part in (model.note, "terminated by import_subscriptions: " + why) if part)
    now = datetime.datetime.now(datetime.timezone.utc)
    ended = {"status": SubscriptionLifecycle.TERMINATED.value, "insync": True, "end_date": now, "note": note}
    return load_subscription(model.model_dump(mode="json") | ended)


def _result(task: Task, source: _Source, settled: t.Sequence[SubscriptionModel], known: int) -> dict[str, t.Any]:
    live = [model for model in settled if model.status is not SubscriptionLifecycle.TERMINATED]
    refused = [{"subscription_id": key, "reason": reason} for key, reason in source.refused.items()]
    verb = "would be imported" if task.check_mode else "imported"
    msg = "{0} subscriptions {1}: {2} live, {3} terminated; {4} were here already, {5} cannot be imported".format(
        len(settled), verb, len(live), len(settled) - len(live), known, len(refused)
    )
    lines = ["  {subscription_id}: {reason}".format(**one) for one in refused[:LISTED]]
    lines += ["  and {0} more".format(len(refused) - LISTED)] if len(refused) > LISTED else []
    task.show("\n".join([msg, *lines]))
    diff = [{"before": {}, "after": {"live": len(live), "terminated": len(settled) - len(live)}}] if settled else []
    counts = {"live": len(live), "terminated": len(settled) - len(live), "known": known}
    return {"changed": bool(settled), "msg": msg, "imported": counts, "refused": refused, "diff": diff}


def _read(task: Task) -> _Source:
    location = task.location("source")
    if location is None:
        raise NodeflowError("source is not set: name the database or the store to import from")
    if location.database is not None:
        foreign = foreign_database(location)
        try:
            with foreign.read() as connection:
                tables = set(sa.inspect(connection).get_table_names())
                if TABLES <= tables:
                    return _of_orchestrator(connection, task.params["product"])
        finally:
            foreign.close()
    try:
        store = open_store(location, create=False, write=False, moved=True)
    except StoreError as error:
        raise StoreError("source: {0}".format(error)) from error
    if store is None:
        raise StoreError("there is no store to import from at source; check that option, or NODEFLOW_IMPORT_SOURCE")
    try:
        here = task.existing_store()
        if here is not None and here.is_same_as(store):
            raise StoreError("source names the same store as store")
        netbox_url = here.netbox_url if here is not None else None
        netbox_url = normal_url(task.params["netbox_url"]) if task.params["netbox_url"] else netbox_url
        if None not in (store.netbox_url, netbox_url) and store.netbox_url != netbox_url and not task.params["netbox_moved"]:
            raise store.foreign_netbox(store.netbox_url, netbox_url)
        with store.read() as connection:
            return _of_store(connection, task.params["product"])
    finally:
        store.close()


def _of_store(connection: t.Any, product: str) -> _Source:
    models = find_subscriptions(connection, product=[product])
    processes = [
        process for some in chunks([str(model.subscription_id) for model in models]) for process in find_processes(connection, subscription_id=some)
    ]
    unfinished = {process.subscription_id: process for process in processes if process.status not in OVER}
    refused = {
        key: "process {0.process_id} ({0.workflow}) is {0.status} there; finish or abort it first".format(process)
        for key, process in unfinished.items()
    }
    over = [process for process in processes if process.subscription_id not in unfinished]
    log = load_step_log(connection, [process.process_id for process in over])
    kept_ones = [model for model in models if str(model.subscription_id) not in unfinished]
    return _Source(kept_ones, over, [record for records in log.values() for record in records], refused)


def _of_orchestrator(connection: t.Any, product: str) -> _Source:
    models: dict[str, SubscriptionModel] = {}
    refused: dict[str, str] = {}
    for row in read_subscriptions(connection, product):
        try:
            check_customer_id(row["customer_id"])
            models[row["subscription_id"]] = load_subscription(row | {"product": "Node", "node": _block(row["node"])})
        except (DomainError, ValueError) as error:
            refused[row["subscription_id"]] = str(error)
    if not models and not refused:
        raise NodeflowError("the database at source has no subscription of the product {0}; name another in product".format(product))
    processes: dict[str, Process] = {}
    for row in read_processes(connection, product):
        if row["subscription_id"] in models:
            processes.setdefault(row["process_id"], _process(row, models[row["subscription_id"]]))
    return _Source(list(models.values()), list(processes.values()), _log(read_steps(connection, product), processes), refused)


_LARGEST_ID = 2**31 - 1
"""Of a device, as the store keeps it."""

_FIELDS = ("node_id", "node_name", "node_status", "ipv4_loopback", "ipv6_loopback")


def _block(values: dict[str, list[str]]) -> dict[str, t.Any]:
    several = [name for name in _FIELDS if len(values.get(name, [])) > 1]
    if several:
        raise ValueError("it has several values of {0}, so it is not clear which device it stands for".format(" and ".join(several)))
    one = {name: values[name][0] for name in _FIELDS if values.get(name) and values[name][0]}
    if not one.get("node_id", "").isdecimal() or int(one["node_id"]) > _LARGEST_ID:
        raise ValueError("its block has no node_id that is a number, so it points to no device")
    return one | {"node_id": int(one["node_id"])}


_ENDED = {"failed": "failed", "suspend": "suspended", "waiting": "suspended", "awaiting_callback": "suspended", "abort": "aborted"}
"""How we call the end of an orchestrator's step; that of any other is a success."""


def _log(rows: t.Sequence[dict[str, t.Any]], processes: t.Mapping[str, Process]) -> list[StepRecord]:
    """The step log of the processes, as the orchestrator kept it."""
    attempts: dict[tuple[str, str], int] = {}
    log = []
    for row in rows:
        if row["process_id"] not in processes or row["completed_at"] is None:
            continue
        step = row["step"][:80]
        attempts[row["process_id"], step] = attempt = attempts.get((row["process_id"], step), 0) + 1
        log.append(
            StepRecord(
                process_id=row["process_id"],
                step_id=row["step_id"],
                step=step,
                attempt=attempt,
                status=_ENDED.get(row["status"], "success"),
                state=None,
                error=row["error"] if row["status"] == "failed" else None,
                changes={"subscription": {}, "process": {}, "netbox": {}},
                actor=(row["actor"] or "unknown")[:200],
                run_id="",
                started_at=row["started_at"] or row["completed_at"],
                completed_at=row["completed_at"],
            )
        )
    return log


def _process(row: dict[str, t.Any], model: SubscriptionModel) -> Process:
    """A process of the orchestrator. Nobody goes on with it here, so one that is not completed is aborted."""
    completed = row["status"] == "completed"
    error = row["error"] or (None if completed else "it was {0} at {1} when it was imported".format(row["status"], row["step"]))
    device = {"id": model.device_id, "name": model.node.node_name, "site": ""}
    return Process(
        process_id=row["process_id"],
        subscription_id=row["subscription_id"],
        workflow=row["workflow"][:80],
        workflow_version=0,
        target=row["target"][:20],
        status="completed" if completed else "aborted",
        step=None,
        state={"device": device},
        error=error,
        actor=(row["actor"] or "unknown")[:200],
        run_id=None,
        lease_until=None,
        started_at=row["started_at"],
        updated_at=row["updated_at"],
        completed_at=row["updated_at"],
    )
