# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the subscriptions of a product, their processes and the steps of these, from the database of an orchestrator-core.

There, a subscription's fields are rows: an instance of each product block, with values that are named by their resource type. Tried with the
tables of orchestrator-core 5.5 (https://github.com/workfloworchestrator/orchestrator-core).
"""

from __future__ import annotations

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import sa

__all__ = ["TABLES", "read_processes", "read_steps", "read_subscriptions"]

TABLES = {"subscriptions", "subscription_instances", "subscription_instance_values", "resource_types", "products", "processes_subscriptions"}
"""By these tables such a database is known."""

_SUBSCRIPTIONS = """
SELECT CAST(s.subscription_id AS text) AS subscription_id, s.customer_id, s.status, s.insync, s.description, s.note, s.start_date, s.end_date, s.version
FROM subscriptions s JOIN products p ON p.product_id = s.product_id WHERE p.name = :product ORDER BY s.subscription_id
"""

_VALUES = """
SELECT CAST(i.subscription_id AS text) AS subscription_id, r.resource_type, v.value
FROM subscription_instances i
JOIN subscriptions s ON s.subscription_id = i.subscription_id
JOIN products p ON p.product_id = s.product_id
JOIN subscription_instance_values v ON v.subscription_instance_id = i.subscription_instance_id
JOIN resource_types r ON r.resource_type_id = v.resource_type_id
WHERE p.name = :product
"""

_PROCESSES = """
SELECT CAST(r.pid AS text) AS process_id, CAST(ps.subscription_id AS text) AS subscription_id, w.name AS workflow,
  COALESCE(ps.workflow_target, w.target) AS target, r.last_status AS status, r.last_step AS step, r.failed_reason AS error,
  COALESCE(r.created_by, r.assignee) AS actor, r.started_at, r.last_modified_at AS updated_at
FROM processes r
JOIN processes_subscriptions ps ON ps.pid = r.pid
JOIN workflows w ON w.workflow_id = r.workflow_id
JOIN subscriptions s ON s.subscription_id = ps.subscription_id
JOIN products p ON p.product_id = s.product_id
WHERE p.name = :product ORDER BY r.started_at, r.pid
"""

_STEPS = """
SELECT DISTINCT CAST(t.stepid AS text) AS step_id, CAST(t.pid AS text) AS process_id, t.name AS step, t.status, t.state->>'error' AS error,
  t.created_by AS actor, t.{began} AS started_at, t.{ended} AS completed_at
FROM process_steps t
JOIN processes_subscriptions ps ON ps.pid = t.pid
JOIN subscriptions s ON s.subscription_id = ps.subscription_id
JOIN products p ON p.product_id = s.product_id
WHERE p.name = :product ORDER BY completed_at, step_id
"""
"""Without the state after each step, which repeats the whole subscription."""


def read_subscriptions(connection: t.Any, product: str) -> list[dict[str, t.Any]]:
    """The subscriptions of a product, by id: their fields, and under ``node`` the values of all their blocks as lists of texts, by resource type."""
    found = {row["subscription_id"]: dict(row) | {"node": {}} for row in connection.execute(sa.text(_SUBSCRIPTIONS), {"product": product}).mappings()}
    for row in connection.execute(sa.text(_VALUES), {"product": product}):
        found[row.subscription_id]["node"].setdefault(row.resource_type, []).append(row.value)
    return list(found.values())


def read_processes(connection: t.Any, product: str) -> list[dict[str, t.Any]]:
    """The processes of the product's subscriptions, oldest first. One that ran for several subscriptions comes once for each."""
    return [dict(row) for row in connection.execute(sa.text(_PROCESSES), {"product": product}).mappings()]


def read_steps(connection: t.Any, product: str) -> list[dict[str, t.Any]]:
    """The steps of these processes, in the order in which they ended. None where the database was saved without them."""
    inspector = sa.inspect(connection)
    if "process_steps" not in inspector.get_table_names():
        return []
    names = {column["name"] for column in inspector.get_columns("process_steps")}
    began, ended = ("started_at", "completed_at") if {"started_at", "completed_at"} <= names else ("executed_at", "executed_at")  # older releases
    return [dict(row) for row in connection.execute(sa.text(_STEPS.format(began=began, ended=ended)), {"product": product}).mappings()]
