# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the subscriptions of a product, their processes and the steps of these, from the database of an orchestrator-core.

There, a subscription's fields are rows: an instance of each product block, with values that are named by their resource type. The columns changed
over the years (https://github.com/workfloworchestrator/orchestrator-core, its migrations), so each is read as it is there, and what is not
there has a default: ``customer_id`` was a UUID until July 2023, ``processes`` named its workflow until December 2023, and refers to it since;
``subscriptions.version`` came in January 2025, and the steps' ``started_at`` in July 2025.
"""

from __future__ import annotations

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import StoreError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import sa

__all__ = ["is_orchestrator", "read_processes", "read_steps", "read_subscriptions"]

_NEEDED = {
    "subscriptions": {"subscription_id", "product_id", "status"},
    "subscription_instances": {"subscription_instance_id", "subscription_id"},
    "subscription_instance_values": {"subscription_instance_id", "resource_type_id", "value"},
    "resource_types": {"resource_type_id", "resource_type"},
    "products": {"product_id", "name"},
}
"""The tables by which such a database is known, with the columns that they always had and that nothing can stand for."""


class _Columns:
    """The columns of the tables of a database, as they are in this one."""

    def __init__(self, connection: t.Any) -> None:
        inspector = sa.inspect(connection)
        self.tables = {name: {one["name"]: one["type"] for one in inspector.get_columns(name)} for name in inspector.get_table_names()}

    def has(self, table: str, column: str) -> bool:
        """Return whether a table is there, and has a column."""
        return column in self.tables.get(table, {})

    def first(self, table: str, *names: str) -> str:
        """Return the first of these columns that a table has; the last where it has none."""
        return next((name for name in names if self.has(table, name)), names[-1])

    def text(self, alias: str, table: str, *names: str, default: str = "NULL") -> str:
        """Return SQL for the first of these columns that a table has, whatever its type, as a text; ``default`` where it has none."""
        name = self.first(table, *names)
        return f"CAST({alias}.{name} AS text)" if self.has(table, name) else default

    def plain(self, alias: str, table: str, name: str, default: str) -> str:
        """Return SQL for a column as it is; ``default`` where a table does not have it."""
        return f"{alias}.{name}" if self.has(table, name) else default

    def moment(self, alias: str, table: str, *names: str) -> str:
        """Return SQL for the first of these columns that a table has, as a moment; one without a zone is in UTC."""
        name = self.first(table, *names)
        if not self.has(table, name):
            return "CAST(NULL AS timestamptz)"
        zone = getattr(self.tables[table][name], "timezone", False)
        return f"{alias}.{name}" if zone else f"CAST({alias}.{name} AS timestamp) AT TIME ZONE 'UTC'"


def is_orchestrator(connection: t.Any, label: str) -> bool:
    """Return whether a database is one of an orchestrator-core. Raises StoreError for one that looks like it, and lacks what it always had."""
    tables = _Columns(connection).tables
    if not {"products", "subscription_instances", "resource_types"} & tables.keys():
        return False
    lacking = [table for table, columns in _NEEDED.items() if not columns <= tables.get(table, {}).keys()]
    if lacking:
        raise StoreError(
            f"{label} looks like the database of an orchestrator-core, and has no table {lacking[0]}, or another one than that has; "
            "name the whole database"
        )
    return True


_VALUES = """
SELECT CAST(i.subscription_id AS text) AS subscription_id, r.resource_type, v.value
FROM subscription_instances i
JOIN subscriptions s ON s.subscription_id = i.subscription_id
JOIN products p ON p.product_id = s.product_id
JOIN subscription_instance_values v ON v.subscription_instance_id = i.subscription_instance_id
JOIN resource_types r ON r.resource_type_id = v.resource_type_id
WHERE p.name = :product
"""


def read_subscriptions(connection: t.Any, product: str) -> list[dict[str, t.Any]]:
    """Return the subscriptions of a product, by id: their fields, and under ``values`` the values of all their blocks as lists of texts, by resource type."""
    found = {row["subscription_id"]: dict(row) | {"values": {}} for row in _rows(connection, _subscriptions(_Columns(connection)), product)}
    for row in _rows(connection, _VALUES, product):
        found[row["subscription_id"]]["values"].setdefault(row["resource_type"], []).append(row["value"])
    return list(found.values())


def _subscriptions(columns: _Columns) -> str:
    table = "subscriptions"
    return f"""
SELECT CAST(s.subscription_id AS text) AS subscription_id, {columns.text("s", table, "customer_id", default="'default'")} AS customer_id,
  CAST(s.status AS text) AS status, {columns.plain("s", table, "insync", "TRUE")} AS insync,
  COALESCE({columns.text("s", table, "description")}, '') AS description, {columns.text("s", table, "note")} AS note,
  {columns.moment("s", table, "start_date")} AS start_date, {columns.moment("s", table, "end_date")} AS end_date,
  COALESCE({columns.plain("s", table, "version", "1")}, 1) AS version
FROM subscriptions s JOIN products p ON p.product_id = s.product_id WHERE p.name = :product ORDER BY s.subscription_id
"""


def read_processes(connection: t.Any, product: str) -> list[dict[str, t.Any]]:
    """Return the processes of the product's subscriptions, oldest first. One that ran for several subscriptions comes once for each. None where the
    database was saved without them.
    """
    columns = _Columns(connection)
    if not {"processes", "processes_subscriptions"} <= columns.tables.keys():
        return []
    return [dict(row) for row in _rows(connection, _processes(columns), product)]


def _processes(columns: _Columns) -> str:
    table = "processes"
    key, ps_key = (columns.first(name, "pid", "process_id") for name in (table, "processes_subscriptions"))
    by_id = columns.has(table, "workflow_id") and columns.has("workflows", "workflow_id")
    on = "w.workflow_id = r.workflow_id" if by_id else f"w.name = {columns.text('r', table, 'workflow')}"
    join = f"LEFT JOIN workflows w ON {on}" if "workflows" in columns.tables else ""
    names = ["CAST(w.name AS text)"] * bool(join) + [columns.text("r", table, "workflow")]
    targets = [columns.text("ps", "processes_subscriptions", "workflow_target")] + ["CAST(w.target AS text)"] * bool(join)
    actors = [columns.text("r", table, name) for name in ("created_by", "assignee")]
    began = columns.moment("r", table, "started_at", "last_modified_at")
    changed = columns.moment("r", table, "last_modified_at", "started_at")
    return f"""
SELECT CAST(r.{key} AS text) AS process_id, CAST(ps.subscription_id AS text) AS subscription_id, COALESCE({", ".join(names)}, 'unknown') AS workflow,
  COALESCE({", ".join(targets)}, 'SYSTEM') AS target, CAST(r.last_status AS text) AS status, {columns.text("r", table, "last_step")} AS step,
  {columns.text("r", table, "failed_reason")} AS error, COALESCE({", ".join(actors)}, 'unknown') AS actor,
  {began} AS started_at, COALESCE({changed}, {began}) AS updated_at
FROM processes r
JOIN processes_subscriptions ps ON ps.{ps_key} = r.{key}
{join}
JOIN subscriptions s ON s.subscription_id = ps.subscription_id
JOIN products p ON p.product_id = s.product_id
WHERE p.name = :product ORDER BY started_at, process_id
"""


def read_steps(connection: t.Any, product: str) -> list[dict[str, t.Any]]:
    """Return the steps of these processes, in the order in which they ended. None where the database was saved without them."""
    columns = _Columns(connection)
    if not {"process_steps", "processes_subscriptions"} <= columns.tables.keys():
        return []
    return [dict(row) for row in _rows(connection, _steps(columns), product)]


def _steps(columns: _Columns) -> str:
    """Return SQL for the steps without the state after each, which repeats the whole subscription."""
    table = "process_steps"
    step_id = columns.first(table, "stepid", "step_id")
    key, ps_key = (columns.first(name, "pid", "process_id") for name in (table, "processes_subscriptions"))
    error = "CAST(t.state AS jsonb)->>'error'" if columns.has(table, "state") else "NULL"
    return f"""
SELECT DISTINCT CAST(t.{step_id} AS text) AS step_id, CAST(t.{key} AS text) AS process_id, CAST(t.name AS text) AS step,
  CAST(t.status AS text) AS status, {error} AS error, {columns.text("t", table, "created_by")} AS actor,
  {columns.moment("t", table, "started_at", "executed_at", "completed_at")} AS started_at,
  {columns.moment("t", table, "completed_at", "executed_at", "started_at")} AS completed_at
FROM process_steps t
JOIN processes_subscriptions ps ON ps.{ps_key} = t.{key}
JOIN subscriptions s ON s.subscription_id = ps.subscription_id
JOIN products p ON p.product_id = s.product_id
WHERE p.name = :product ORDER BY completed_at, step_id
"""


def _rows(connection: t.Any, statement: str, product: str) -> list[t.Mapping[str, t.Any]]:
    return list(connection.execute(sa.text(statement), {"product": product}).mappings())
