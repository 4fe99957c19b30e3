# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From each layout of the store to the next."""

from __future__ import annotations

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import sa
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.schema import claims, relations, steps, subscriptions
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.step_log import step_id

__all__ = ["MIGRATIONS"]


def _count_attempts(connection: t.Any) -> None:
    """Layout 2: the step log knows the step's id, the attempt, and the process's state after it."""
    for column in ("step_id VARCHAR(36) DEFAULT '' NOT NULL", "attempt INTEGER DEFAULT 1 NOT NULL", "state JSON"):
        connection.exec_driver_sql("ALTER TABLE process_steps ADD COLUMN " + column)
    connection.exec_driver_sql("CREATE INDEX ix_process_steps_step_id ON process_steps (step_id)")
    lines = connection.execute(sa.select(steps.c.process_step_id, steps.c.process_id, steps.c.step).order_by(steps.c.process_step_id)).all()
    attempts: dict[str, int] = {}
    for line in lines:
        which = step_id(line.process_id, line.step)
        attempts[which] = attempts.get(which, 0) + 1
        values = {"step_id": which, "attempt": attempts[which]}
        connection.execute(steps.update().where(steps.c.process_step_id == line.process_step_id).values(values))


def _claim_resources(connection: t.Any) -> None:
    """Layout 3: what subscriptions stand for is in a table of claims, whose key takes the place of the unique index on the device.

    Of several live subscriptions of one device, which a store without that index can have, one gets the claim: an active one first, then the oldest.
    """
    claims.create(connection)
    relations.create(connection)
    connection.exec_driver_sql(
        "INSERT INTO claims (resource, subscription_id) SELECT 'dcim.device/' || device_id, subscription_id FROM ("
        "SELECT device_id, subscription_id, row_number() OVER (PARTITION BY device_id ORDER BY "
        "CASE status WHEN 'active' THEN 0 WHEN 'initial' THEN 2 WHEN 'provisioning' THEN 2 ELSE 1 END, start_date, subscription_id) AS place "
        "FROM subscriptions WHERE status <> 'terminated') AS live WHERE place = 1"
    )
    if connection.dialect.name == "postgresql":
        _grant_as_for_subscriptions(connection, "claims, subscription_relations")
        connection.exec_driver_sql("ALTER TABLE subscriptions DROP COLUMN device_id")
        return
    # SQLite before 3.35 cannot drop a column: https://sqlite.org/lang_altertable.html, "Making Other Kinds Of Table Schema Changes"
    names = ", ".join(column.name for column in subscriptions.columns)
    made = sa.schema.CreateTable(subscriptions).compile(connection).string.replace("CREATE TABLE subscriptions", "CREATE TABLE subscriptions_of_layout_3")
    connection.exec_driver_sql(made)
    connection.exec_driver_sql(f"INSERT INTO subscriptions_of_layout_3 ({names}) SELECT {names} FROM subscriptions")
    connection.exec_driver_sql("DROP TABLE subscriptions")
    connection.exec_driver_sql("ALTER TABLE subscriptions_of_layout_3 RENAME TO subscriptions")


def _grant_as_for_subscriptions(connection: t.Any, tables: str) -> None:
    """Let whoever may read or write the subscriptions of a PostgreSQL store do so with the new ``tables``, which else are their maker's alone."""
    granted = connection.exec_driver_sql(
        "SELECT string_agg(privilege_type, ', '), CASE grantee WHEN 'PUBLIC' THEN grantee ELSE quote_ident(grantee) END "
        "FROM information_schema.table_privileges "
        "WHERE table_schema = current_schema() AND table_name = 'subscriptions' AND grantee <> current_user GROUP BY grantee"
    ).all()
    for privileges, grantee in granted:
        connection.exec_driver_sql(f"GRANT {privileges} ON {tables} TO {grantee}".replace("%", "%%"))


def _chain_step_log(connection: t.Any) -> None:
    """Layout 4: a line of the step log has the hash of the one before it, and a process that of its last line. Lines that are there have none.
    A process knows who asked for it; those that are there do not.
    """
    connection.exec_driver_sql("ALTER TABLE processes ADD COLUMN log_hash VARCHAR(64)")
    connection.exec_driver_sql("ALTER TABLE processes ADD COLUMN requester VARCHAR(200)")
    connection.exec_driver_sql("ALTER TABLE process_steps ADD COLUMN previous_hash VARCHAR(64)")


MIGRATIONS: dict[int, t.Callable[[t.Any], None]] = {1: _count_attempts, 2: _claim_resources, 3: _chain_step_log}
"""By the layout that they start from: each takes a connection and leaves the tables in the next layout."""
