# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring subscriptions in from an orchestrator's database, or from another store, so that each device has one that is not terminated."""

from __future__ import annotations

import contextlib
import datetime
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._chunks import chunks
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.lifecycle import SubscriptionLifecycle
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.subscription import check_customer_id, load_subscription
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import DomainError, NodeflowError, StoreError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import sa
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.url import normal_url
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.choice import nodes
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.drift import UNFINISHED, kept
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import NodeInactive, as_node
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.statuses import ACTIVE, NOT_IN_SERVICE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.stored import live_of_devices
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.engine import Store, foreign_database, open_store
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.orchestrator_core import (
    is_orchestrator,
    read_processes,
    read_steps,
    read_subscriptions,
)
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.processes import OVER, Process, find_processes, insert_processes
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.save_subscriptions import claim_subscriptions
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.schema import subscriptions
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.step_log import StepRecord, broken_logs, insert_step_log, load_step_log
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.subscriptions import Stored, Unreadable, find_subscriptions, load_subscriptions
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._words import counted

__all__ = ["import_subscriptions"]

LISTED = 20
"""Subscriptions that could not be brought in, of which the output names at the most; the result has them all."""


class _Source(t.NamedTuple):
    """What was read. ``refused`` are subscriptions that cannot be brought in, by id, with the reason.

    ``store`` is the source where it is a store of ours, which ``connection`` keeps everybody else out of; where it cannot be written, ``read_only``
    says why.
    """

    subscriptions: list[NodeInactive]
    processes: list[Process]
    log: list[StepRecord]
    refused: dict[str, str]
    store: Store | None = None
    connection: t.Any = None
    read_only: str | None = None

    def stays(self) -> str | None:
        """Return why a store that was read goes on as it is; None where nothing is left in it, so that it can be marked as moved."""
        if self.refused:
            stay = counted(len(self.refused), "of its subscriptions stays", "of its subscriptions stay")
            return f"{stay} there; once the reasons are gone, run the same command again"
        return f"{self.read_only}. Make sure that no run uses it any more, or run the same command again once it can be written" if self.read_only else None


def import_subscriptions(task: Task) -> dict[str, t.Any]:
    """Read, decide which subscription of each device stays, and save all in one transaction. Then mark a store that was read as moved, so that it
    does not go on with what is here now. A crash before that leaves it as it was, and the same command again marks it.
    """
    with contextlib.ExitStack() as stack:
        source = _read(task, stack)
        netbox_url = _netbox_of(task, source)
        if task.check_mode:
            store = task.existing_store()
            if store is None:
                return _result(task, source, _one_a_device(source.subscriptions, {}), 0)
            with store.read() as connection:
                settled, known = _settle(connection, source)
            return _result(task, source, settled, known)
        settled, known = _save(task, source, netbox_url)
        result = _result(task, source, settled, known)
        if source.store and result["source_moved"]:
            source.store.mark_moved(source.connection, task.store.label)
    if source.store and result["source_moved"]:
        task.show(_moved(source.store, "was"))
    return result


def _netbox_of(task: Task, source: _Source) -> str:
    """Return the URL of the NetBox whose ids they are: that of the option, of this store, or of the one that was read. Raises NetboxError where none is
    known.
    """
    here = task.existing_store()
    known = task.params["netbox_url"] or (here.netbox_url if here else None) or (source.store.netbox_url if source.store else None)
    return normal_url(known or task.netbox.url)


def _save(task: Task, source: _Source, netbox_url: str) -> tuple[list[NodeInactive], int]:
    """Save what was read in one transaction. Return the subscriptions as they were saved, and how many were here already."""
    task.warn_if_it_vanishes("store")
    task.store.belongs_to(netbox_url, moved=task.params["netbox_moved"])
    with task.store.to_move() as connection:  # nobody enrols one of the devices, or imports the same, in between
        task.store.refuse_if_moved()
        settled, known = _settle(connection, source)
        brought = _brought(connection, source.processes, settled)
        process_ids = {process.process_id for process in brought}
        if settled:
            claim_subscriptions(connection, settled)
        insert_processes(connection, brought)
        insert_step_log(connection, [record for record in source.log if record.process_id in process_ids])
    return settled, known


def _settle(connection: t.Any, source: _Source) -> tuple[list[NodeInactive], int]:
    """Return those that the store does not have yet, as they will be, and how many it has. What a store that was read went on with since is refused."""
    models = source.subscriptions
    known = load_subscriptions(connection, [str(model.subscription_id) for model in models])
    holders = live_of_devices(connection, [model.device_id for model in models])
    for model in models if source.store else []:
        here = known.get(str(model.subscription_id))
        if here is not None and _went_on(model, here):
            source.refused[str(model.subscription_id)] = (
                f"it was imported before, and was changed there since: it is {model.status} there, and {here.status} here; do here what was done there, "
                "and import again"
            )
    return _one_a_device([model for model in models if str(model.subscription_id) not in known], holders), len(known)


def _went_on(there: NodeInactive, here: Stored) -> bool:
    """Return whether a subscription was changed in the source after it was imported, and not here."""
    if here.status == SubscriptionLifecycle.TERMINATED.value:
        return False
    return there.status is SubscriptionLifecycle.TERMINATED or (not isinstance(here, Unreadable) and there.version > here.version)


def _brought(connection: t.Any, processes: t.Sequence[Process], settled: t.Sequence[NodeInactive]) -> list[Process]:
    """Return the processes of these subscriptions. One that worked on several may be here already, with one that was imported before."""
    ids = {str(model.subscription_id) for model in settled}
    theirs = [process for process in processes if process.subscription_id in ids]
    found = [find_processes(connection, process_id=some) for some in chunks([process.process_id for process in theirs])]
    here = {process.process_id for some in found for process in some}
    return [process for process in theirs if process.process_id not in here]


def _one_a_device(new: t.Sequence[NodeInactive], holders: t.Mapping[int, Stored]) -> list[NodeInactive]:
    """Return the subscriptions as they will be: of each device, one stays, and the others are terminated."""
    by_device: dict[int, list[NodeInactive]] = {}
    for model in new:
        if model.status is not SubscriptionLifecycle.TERMINATED:
            by_device.setdefault(model.device_id, []).append(model)
    stays: dict[int, Stored] = {device_id: holders.get(device_id) or kept(models) for device_id, models in by_device.items()}
    stays = {device_id: one for device_id, one in stays.items() if device_id in holders or one.status not in UNFINISHED}
    return [_settled(model, stays.get(model.device_id)) for model in new]


def _settled(model: NodeInactive, stays: Stored | None) -> NodeInactive:
    if model.status is SubscriptionLifecycle.TERMINATED:
        return model if model.end_date else model.model_copy(update={"end_date": model.start_date or datetime.datetime.now(datetime.timezone.utc)})
    if stays is None:
        return _ended(model, f"it was left {model.status} by a process that is over")
    if stays is not model:
        return _ended(model, f"its device has the subscription {stays.subscription_id}, which is kept")
    if model.node.node_status in NOT_IN_SERVICE:  # it was active, whatever was written down
        model = model.model_copy(update={"node": model.node.model_copy(update={"node_status": ACTIVE})})
    return model.model_copy(update={"insync": True})  # nothing of where it comes from works on it here


def _ended(model: NodeInactive, why: str) -> NodeInactive:
    note = "; ".join(part for part in (model.note, "terminated by import_subscriptions: " + why) if part)
    now = datetime.datetime.now(datetime.timezone.utc)
    ended = {"status": SubscriptionLifecycle.TERMINATED.value, "insync": True, "end_date": now, "note": note}
    return as_node(load_subscription(model.model_dump(mode="json") | ended))


def _result(task: Task, source: _Source, settled: t.Sequence[NodeInactive], known: int) -> dict[str, t.Any]:
    live = [model for model in settled if model.status is not SubscriptionLifecycle.TERMINATED]
    refused = [{"subscription_id": key, "reason": reason} for key, reason in source.refused.items()]
    verb = "would be imported" if task.check_mode else "imported"
    news = f"{counted(len(settled), 'subscription')} {verb}: {len(live)} live, {len(settled) - len(live)} terminated"
    msg = f"{news}; {counted(known, 'was', 'were')} here already, {len(refused)} cannot be imported"
    lines = [f"  {one['subscription_id']}: {one['reason']}" for one in refused[:LISTED]]
    lines += [f"  and {len(refused) - LISTED} more"] if len(refused) > LISTED else []
    task.show("\n".join([msg, *lines]))
    diff = [{"before": {}, "after": {"live": len(live), "terminated": len(settled) - len(live)}}] if settled else []
    counts = {"live": len(live), "terminated": len(settled) - len(live), "known": known}
    moved = _is_moved(task, source)
    return {"changed": bool(settled) or moved, "msg": msg, "imported": counts, "refused": refused, "diff": diff, "source_moved": moved}


def _is_moved(task: Task, source: _Source) -> bool:
    """Return whether the source is to be marked as moved; say why not, or, in check mode, that it would be."""
    if source.store is None or source.store.moved_to:
        return False
    stays = source.stays()
    if stays:
        task.warn(f"{source.store.label} was not marked as moved: {stays}")
    elif task.check_mode:
        task.show(_moved(source.store, "would be"))
    return not stays


def _moved(store: Store, verb: str) -> str:
    return f"{store.label} {verb} marked as moved, so that no run goes on with it"


def _read(task: Task, stack: contextlib.ExitStack) -> _Source:
    location = task.location("source")
    if location is None:
        raise NodeflowError("source is not set: name the database or the store to import from")
    if location.database is not None:
        foreign = foreign_database(location)
        foreign.label = _as_source(foreign.label)
        try:
            with foreign.read() as connection:
                if is_orchestrator(connection, foreign.label):
                    return _of_orchestrator(connection, task.params["product"])
        finally:
            foreign.close()
    try:
        store = open_store(location, create=False, write=False, moved=True)
    except StoreError as error:
        raise StoreError(_as_source(str(error))) from error
    if store is None:
        raise StoreError("there is no store to import from at source; check that option, or NODEFLOW_IMPORT_SOURCE")
    store.label = _as_source(store.label)
    stack.callback(store.close)
    here = task.existing_store()
    if here is not None and here.is_same_as(store):
        raise StoreError("source names the same store as store")
    netbox_url = here.netbox_url if here is not None else None
    netbox_url = normal_url(task.params["netbox_url"]) if task.params["netbox_url"] else netbox_url
    if store.netbox_url and netbox_url and store.netbox_url != netbox_url and not task.params["netbox_moved"]:
        raise store.foreign_netbox(store.netbox_url, netbox_url)
    connection, read_only = _kept_out(task, store, stack)
    if store.moved_to and (here is None or store.moved_to != here.label):
        raise StoreError(f"{store.label} was moved to {store.moved_to}; import from that one")
    _warn_of_broken_logs(task, store, connection)
    return _of_store(connection, task.params["product"])._replace(store=store, connection=connection, read_only=read_only)


def _warn_of_broken_logs(task: Task, store: Store, connection: t.Any) -> None:
    """Tell of step logs that were changed by hand in the source: their lines get new hashes here, by which nobody could tell it any more."""
    broken = broken_logs(connection, product=[task.params["product"]])
    if broken:
        more = f"; and of {len(broken) - 1} more" if len(broken) > 1 else ""
        task.warn(f"{store.label} has step logs that were changed by hand, which validate_node does not find here: {broken[0].sentence}{more}")


def _as_source(text: str) -> str:
    """Return a label, or a sentence that begins with one, as that of the source."""
    return "the source" + text.removeprefix("the store") if text.startswith("the store") else f"source: {text}"


def _kept_out(task: Task, store: Store, stack: contextlib.ExitStack) -> tuple[t.Any, str | None]:
    """Return a connection to the source while nobody else writes to it. Where it cannot be written, one that reads, and why."""
    if store.moved_to:
        return stack.enter_context(store.read()), None
    if task.check_mode:
        return stack.enter_context(store.read()), store.why_not_written()
    try:
        return stack.enter_context(store.to_move()), None
    except StoreError as error:
        return stack.enter_context(store.read()), str(error)


def _of_store(connection: t.Any, product: str) -> _Source:
    others = connection.execute(sa.select(sa.func.count()).where(subscriptions.c.product != product)).scalar_one()
    if others:  # the source could not be marked as moved, and two stores would go on with the same nodes
        raise NodeflowError(
            f"the source has {counted(others, 'subscription')} of another product than {product}, which cannot be brought in, so nothing was; copy_store "
            "copies all of it into an empty store"
        )
    models, unreadable = nodes(find_subscriptions(connection, product=[product]))
    refused = {one.subscription_id: one.sentence for one in unreadable}
    ids = [str(model.subscription_id) for model in models]
    processes = [process for some in chunks(ids) for process in find_processes(connection, subscription_id=some)]
    for process in processes:
        if process.problem:
            refused[process.subscription_id] = f"its process {process.process_id} cannot be read: {process.problem}"
        elif process.status not in OVER:
            refused[process.subscription_id] = f"process {process.process_id} ({process.workflow}) is {process.status} there; finish or abort it first"
    log = load_step_log(connection, [process.process_id for process in processes])
    for records in log.values():
        for record in (one for one in records if one.problem):
            [subscription_id] = {process.subscription_id for process in processes if process.process_id == record.process_id}
            refused[subscription_id] = f"a line of the step log of its process {record.process_id} cannot be read: {record.problem}"
    over = [process for process in processes if process.subscription_id not in refused]
    kept_ones = [model for model in models if str(model.subscription_id) not in refused]
    return _Source(kept_ones, over, [record for process in over for record in log[process.process_id]], refused)


def _of_orchestrator(connection: t.Any, product: str) -> _Source:
    models: dict[str, NodeInactive] = {}
    refused: dict[str, str] = {}
    for row in read_subscriptions(connection, product):
        try:
            check_customer_id(row["customer_id"])
            node = _block(row.pop("values"))
            models[row["subscription_id"]] = as_node(load_subscription(row | {"product": "Node", "node": node}))
        except (DomainError, TypeError, ValueError) as error:
            refused[row["subscription_id"]] = str(error)
    if not models and not refused:
        raise NodeflowError(f"the database at source has no subscription of the product {product}; name another in product")
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
        raise ValueError(f"it has several values of {' and '.join(several)}, so it is not clear which device it stands for")
    one = {name: values[name][0] for name in _FIELDS if values.get(name) and values[name][0]}
    if not one.get("node_id", "").isdecimal() or int(one["node_id"]) > _LARGEST_ID:
        raise ValueError("its block has no node_id that is a number, so it points to no device")
    return one | {"node_id": int(one["node_id"])}


_ENDED = {"failed": "failed", "suspend": "suspended", "waiting": "suspended", "awaiting_callback": "suspended", "abort": "aborted"}
"""How we call the end of an orchestrator's step; that of any other is a success."""


def _log(rows: t.Sequence[dict[str, t.Any]], processes: t.Mapping[str, Process]) -> list[StepRecord]:
    """Return the step log of the processes, as the orchestrator kept it."""
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


def _process(row: dict[str, t.Any], model: NodeInactive) -> Process:
    """Return a process of the orchestrator. Nobody goes on with it here, so one that is not completed is aborted."""
    completed = row["status"] == "completed"
    error = row["error"] or (None if completed else f"it was {row['status']} at {row['step']} when it was imported")
    device = {"id": model.device_id, "name": model.node.node_name, "site": ""}
    return Process(
        process_id=row["process_id"],
        subscription_id=row["subscription_id"],
        workflow=(row["workflow"] or "unknown")[:80],
        workflow_version=0,
        target=(row["target"] or "SYSTEM")[:20],
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
