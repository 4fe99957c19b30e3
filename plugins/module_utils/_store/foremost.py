# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which subscriptions and processes a reader wants first, and how many there are in all, where a store has more than can be shown."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import sa
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.processes import OVER, is_interrupted
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.schema import processes, subscriptions
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.subscriptions import is_live

__all__ = ["counts_by_status", "foremost_processes", "foremost_subscriptions"]


def counts_by_status(connection: t.Any, now: datetime.datetime) -> tuple[dict[str, int], dict[str, int]]:
    """Return how many subscriptions, and how many processes, have each status; a running process whose run is gone counts as ``interrupted``."""
    standing = sa.case((is_interrupted(now), "interrupted"), else_=processes.c.status).label("status")
    of_subscriptions = sa.select(sa.literal(0), subscriptions.c.status, sa.func.count()).group_by(subscriptions.c.status)
    stand = sa.select(standing).subquery()
    of_processes = sa.select(sa.literal(1), stand.c.status, sa.func.count()).group_by(stand.c.status)
    found: tuple[dict[str, int], dict[str, int]] = ({}, {})
    for kind, status, count in connection.execute(sa.union_all(of_subscriptions, of_processes)):
        found[kind][str(status)] = count
    return found


def _urgency(now: datetime.datetime) -> t.Any:
    """0 of a process that a person must continue, 1 of one that runs, 2 of one that is over."""
    return sa.case((processes.c.status.in_(OVER), 2), (sa.and_(processes.c.status == "running", sa.not_(is_interrupted(now))), 1), else_=0)


def foremost_subscriptions(most: int, now: datetime.datetime) -> t.Any:
    """Return the statement for the ids of so many subscriptions: those whose process a person must continue, then those at which a process works, then those
    whose processes did something last.
    """
    last = sa.select(processes.c.subscription_id, sa.func.max(processes.c.updated_at).label("moment")).group_by(processes.c.subscription_id).subquery()
    to_continue = sa.select(processes.c.subscription_id).where(_urgency(now) == 0)
    waiting = subscriptions.c.subscription_id.in_(to_continue)
    urgency = sa.case((waiting, 0), (sa.and_(is_live(), sa.not_(subscriptions.c.insync)), 1), else_=2)
    without = sa.case((last.c.moment.is_(None), 1), else_=0)  # the databases differ in where they sort null
    query = sa.select(subscriptions.c.subscription_id).outerjoin(last, last.c.subscription_id == subscriptions.c.subscription_id)
    return query.order_by(urgency, without, last.c.moment.desc(), subscriptions.c.subscription_id).limit(most)


def foremost_processes(most: int, now: datetime.datetime) -> t.Any:
    """Return the statement for the ids of so many processes: those that a person must continue, then those that run, then those that are over; of each kind
    first those that did something last.
    """
    return sa.select(processes.c.process_id).order_by(_urgency(now), processes.c.updated_at.desc(), processes.c.process_id).limit(most)
