# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Move a store to another place."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError, StoreError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.lease import refuse_while_working
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.copy import copy_rows, count_rows, is_copy, subscription_ids
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.engine import Store, open_store
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.location import Location
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = ["copy_store"]


def copy_store(task: Task) -> dict[str, t.Any]:
    """Copy every row, and mark the old store as moved once the new one has them."""
    there = task.location("target")
    if there is None:
        raise NodeflowError("target is not set: name the store to copy to there or in the environment variable NODEFLOW_TARGET_STORE")
    source = open_store(task.location("store"), create=False, write=not task.check_mode, moved=True)
    if source is None:
        raise StoreError("there is no store to copy; check the option store, or NODEFLOW_STORE")
    try:
        if source.moved_to:
            return _moved_before(source, there)
        target = open_store(there, create=not task.check_mode, write=not task.check_mode)
        try:
            if target is not None and target.is_same_as(source):
                raise StoreError("target names the same store as store")
            task.warn_if_it_vanishes("target")
            return _copy(task, source, target)
        finally:
            if target is not None:
                target.close()
    finally:
        source.close()


def _moved_before(source: Store, there: Location) -> dict[str, t.Any]:
    """Return the result where the store was moved before. Raises StoreError where the target is not what it was moved to, since it lacks subscriptions."""
    with source.read() as old:
        rows, ids = count_rows(old), subscription_ids(old)
    target = open_store(there, create=False, write=False)
    if target is not None:
        with contextlib.closing(target), target.read() as new:
            ids -= subscription_ids(new)
    if ids:
        raise StoreError(f"{source.label} was moved to {source.moved_to} before, so copy that one")
    return {"changed": False, "rows": rows, "msg": f"{source.label} was moved to {source.moved_to} before"}


def _copy(task: Task, source: Store, target: Store | None) -> dict[str, t.Any]:
    there = target.label if target else "the new store"
    with source.read() if task.check_mode else source.to_move() as old:
        rows = count_rows(old)
        source.refuse_if_moved()  # by another run, for which the line above has waited
        refuse_while_working(old, "copy the store")
        if target and source.netbox_url and not task.check_mode:
            target.belongs_to(source.netbox_url)
        elif target and source.netbox_url and target.netbox_url not in (None, source.netbox_url):
            raise target.foreign_netbox(target.netbox_url, source.netbox_url)
        if target:
            with target.read() if task.check_mode else target.write() as new:
                if not (is_copy(old, new) if task.check_mode else copy_rows(old, new)):
                    raise StoreError(f"{there} holds other subscriptions or processes already; name an empty store")
        if not task.check_mode:
            source.mark_moved(old, there)  # a crash before this leaves two equal stores, and the same command again marks the old one
    change = {"before": {"store": source.label}, "after": {"store": there} | rows}
    verb = "would be" if task.check_mode else "was"
    return {"changed": True, "rows": rows, "diff": [change], "msg": f"{source.label} {verb} moved to {there}"}
