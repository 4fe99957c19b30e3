# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small database of the shape that orchestrator-core 5.5 has, with what a create_node leaves that never writes a device's status back."""

from __future__ import annotations

import json
import typing as t
import uuid

import psycopg

TABLES = """
CREATE TABLE products (product_id uuid PRIMARY KEY, name varchar NOT NULL);
CREATE TABLE workflows (workflow_id uuid PRIMARY KEY, name varchar NOT NULL, target varchar NOT NULL);
CREATE TABLE resource_types (resource_type_id uuid PRIMARY KEY, resource_type varchar NOT NULL);
CREATE TABLE subscriptions (
  subscription_id uuid PRIMARY KEY, description varchar NOT NULL, status varchar NOT NULL, product_id uuid NOT NULL REFERENCES products,
  customer_id varchar NOT NULL, insync boolean NOT NULL, start_date timestamptz, end_date timestamptz, note varchar, version integer NOT NULL);
CREATE TABLE subscription_instances (subscription_instance_id uuid PRIMARY KEY, subscription_id uuid NOT NULL REFERENCES subscriptions);
CREATE TABLE subscription_instance_values (
  subscription_instance_id uuid NOT NULL REFERENCES subscription_instances, resource_type_id uuid NOT NULL REFERENCES resource_types, value varchar NOT NULL);
CREATE TABLE processes (
  pid uuid PRIMARY KEY, assignee varchar NOT NULL, last_status varchar NOT NULL, last_step varchar, started_at timestamptz NOT NULL,
  last_modified_at timestamptz NOT NULL, failed_reason varchar, created_by varchar, workflow_id uuid NOT NULL REFERENCES workflows);
CREATE TABLE process_steps (
  stepid uuid PRIMARY KEY, pid uuid NOT NULL REFERENCES processes, name varchar NOT NULL, status varchar NOT NULL, state jsonb NOT NULL,
  created_by varchar, executed_at timestamptz NOT NULL);
CREATE TABLE processes_subscriptions (pid uuid NOT NULL REFERENCES processes, subscription_id uuid NOT NULL, workflow_target varchar);
"""

OLDER = {
    "2024-12": (
        "ALTER TABLE subscriptions DROP COLUMN version",
        "UPDATE processes_subscriptions SET workflow_target = 'CREATE'",
        "ALTER TABLE processes_subscriptions ALTER COLUMN workflow_target SET NOT NULL",
    ),
    "2023-11": (
        "ALTER TABLE processes ADD COLUMN workflow varchar(255)",
        "UPDATE processes SET workflow = w.name FROM workflows w WHERE w.workflow_id = processes.workflow_id",
        "ALTER TABLE processes DROP COLUMN workflow_id",
    ),
    "2023-06": ("ALTER TABLE subscriptions ALTER COLUMN customer_id TYPE uuid USING CAST(md5(customer_id) AS uuid)",),
}
"""What its migrations did, undone, the newest first: the database of an orchestrator-core of that month."""

FORK = (
    "CREATE TYPE lifecycle AS ENUM ('initial', 'provisioning', 'active', 'terminated')",
    "ALTER TABLE subscriptions ALTER COLUMN status TYPE lifecycle USING CAST(status AS lifecycle)",
    "ALTER TABLE subscriptions ALTER COLUMN start_date TYPE timestamp USING start_date AT TIME ZONE 'UTC'",
    "ALTER TABLE processes ALTER COLUMN started_at TYPE timestamp USING started_at AT TIME ZONE 'UTC'",
    "ALTER TABLE processes DROP COLUMN created_by",
    "UPDATE processes SET assignee = 'ann'",
    "ALTER TABLE processes RENAME COLUMN pid TO process_id",
    "ALTER TABLE processes_subscriptions RENAME COLUMN pid TO process_id",
    "ALTER TABLE process_steps RENAME COLUMN pid TO process_id",
    "ALTER TABLE process_steps RENAME COLUMN stepid TO step_id",
    "ALTER TABLE processes_subscriptions DROP COLUMN workflow_target",
    "ALTER TABLE subscriptions DROP COLUMN note",
)
"""What somebody's own changes of the tables can look like."""

FIELDS = ("node_id", "node_name", "node_status", "ipv4_loopback", "ipv6_loopback")

START = "2026-01-01 00:00:00+00"


class OrchestratorDatabase:
    """Made in the empty database at ``location``."""

    def __init__(self, location: str) -> None:
        self.location = location
        self._product, self._workflow = uuid.uuid4(), uuid.uuid4()
        self._types = {name: uuid.uuid4() for name in FIELDS}
        with psycopg.connect(location) as connection:
            connection.execute(TABLES)
            connection.execute("INSERT INTO products VALUES (%s, 'Node')", [self._product])
            connection.execute("INSERT INTO workflows VALUES (%s, 'create_node', 'CREATE')", [self._workflow])
            for name, key in self._types.items():
                connection.execute("INSERT INTO resource_types VALUES (%s, %s)", [key, name])

    def add(self, values: dict[str, t.Any], status: str = "active", process: str = "completed", day: int = 0, note: str | None = None) -> str:
        """A subscription that was started on that day of 2026, and its process. Return its id."""
        key, instance, pid = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
        start = f"TIMESTAMPTZ '{START}' + INTERVAL '{day} days'"
        with psycopg.connect(self.location) as connection:
            connection.execute(
                "INSERT INTO subscriptions VALUES (%s, %s, %s, %s, 'customer', %s, {0}, NULL, %s, 5)".format(start if status == "active" else "NULL"),
                [key, f"Node {values.get('node_name')}", status, self._product, process == "completed", note],
            )
            connection.execute("INSERT INTO subscription_instances VALUES (%s, %s)", [instance, key])
            for name, value in values.items():
                connection.execute("INSERT INTO subscription_instance_values VALUES (%s, %s, %s)", [instance, self._types[name], str(value)])
            failed = None if process == "completed" else "connection reset"
            connection.execute(
                f"INSERT INTO processes VALUES (%s, 'SYSTEM', %s, 'Done', {start}, {start}, %s, 'ann', %s)",
                [pid, process, failed, self._workflow],
            )
            connection.execute("INSERT INTO processes_subscriptions VALUES (%s, %s, NULL)", [pid, key])
            ended = "success" if process == "completed" else "failed"
            for number, (step, how) in enumerate((("Start", "success"), ("Store", ended))):
                after = f"{start} + INTERVAL '{number} seconds'"
                statement = f"INSERT INTO process_steps VALUES (%s, %s, %s, %s, %s, 'ann', {after})"
                connection.execute(statement, [uuid.uuid4(), pid, step, how, json.dumps({"error": failed} if how == "failed" else {})])
        return str(key)

    def make_older(self, month: str) -> None:
        """Undo the migrations that came after that month; or, for "fork", change the tables as somebody else might have."""
        with psycopg.connect(self.location) as connection:
            for name, statements in ({"fork": FORK} if month == "fork" else OLDER).items():
                for statement in statements if name >= month else ():
                    connection.execute(statement)

    def correct(self, key: str, values: dict[str, t.Any]) -> None:
        """Give a subscription that lacks these values of its block them."""
        with psycopg.connect(self.location) as connection:
            for name, value in values.items():
                connection.execute(
                    "INSERT INTO subscription_instance_values SELECT subscription_instance_id, %s, %s FROM subscription_instances WHERE subscription_id = %s",
                    [self._types[name], str(value), key],
                )

    def share(self, key: str, other: str) -> None:
        """Say that the process of the subscription ``key`` worked on ``other`` too."""
        with psycopg.connect(self.location) as connection:
            statement = "INSERT INTO processes_subscriptions SELECT pid, %s, NULL FROM processes_subscriptions WHERE subscription_id = %s"
            connection.execute(statement, [other, key])
