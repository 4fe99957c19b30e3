# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The SQL by which the database of an orchestrator-core is read, as its tables were over the years: ``recorded/<name of the test>.txt``.

That PostgreSQL understands it, and what it finds, is tried by the tests of import_subscriptions.
"""

from __future__ import annotations

import typing as t

import pytest
import sqlalchemy as sa

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import StoreError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store import orchestrator_core
from recorded_scene import Scene, scene

__all__ = ["scene"]

TEXT, ZONED, PLAIN = sa.String(), sa.DateTime(timezone=True), sa.DateTime()
Tables = dict[str, dict[str, t.Any]]


def tables(**columns: str) -> Tables:
    """Tables with these columns. One with a star is a moment with a zone, one with a plus a moment without."""
    kinds = {"*": ZONED, "+": PLAIN}
    return {table: {name.rstrip("*+"): kinds.get(name[-1], TEXT) for name in names.split()} for table, names in columns.items()}


TODAY = tables(
    products="product_id name",
    workflows="workflow_id name target",
    resource_types="resource_type_id resource_type",
    subscriptions="subscription_id description status product_id customer_id insync start_date* end_date* note version",
    subscription_instances="subscription_instance_id subscription_id",
    subscription_instance_values="subscription_instance_id resource_type_id value",
    processes="pid assignee last_status last_step started_at* last_modified_at* failed_reason created_by workflow_id",
    process_steps="stepid pid name status state created_by started_at* completed_at*",
    processes_subscriptions="pid subscription_id workflow_target",
)
OF_2023 = TODAY | tables(
    subscriptions="subscription_id description status product_id customer_id insync start_date+ end_date+ note",
    processes="pid assignee last_status last_step started_at+ last_modified_at+ failed_reason created_by workflow",
    process_steps="stepid pid name status state created_by executed_at*",
)
OF_SOMEBODY = {name: columns for name, columns in TODAY.items() if name != "workflows"} | tables(
    subscriptions="subscription_id status product_id",
    processes="process_id last_status",
    process_steps="step_id process_id name status",
    processes_subscriptions="process_id subscription_id",
)
WITHOUT_PROCESSES = {name: columns for name, columns in TODAY.items() if not name.startswith("process")}


class Connection:
    """One with a database that has these tables; it answers each statement with what is prepared for it, and keeps it."""

    def __init__(self, has: Tables, *answers: list[dict[str, t.Any]]) -> None:
        self.has, self.answers, self.asked = has, list(answers), []

    def get_table_names(self) -> list[str]:
        return list(self.has)

    def get_columns(self, table: str) -> list[dict[str, t.Any]]:
        return [{"name": name, "type": kind} for name, kind in self.has[table].items()]

    def execute(self, statement: t.Any, values: dict[str, t.Any]) -> t.Any:
        self.asked.append([str(statement), values])
        found = self.answers.pop(0) if self.answers else []
        return type("Found", (), {"mappings": lambda self: found})()


@pytest.fixture(autouse=True)
def _inspected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sa, "inspect", lambda connection: connection)


@pytest.mark.parametrize("has", [TODAY, OF_2023, OF_SOMEBODY, WITHOUT_PROCESSES], ids=["today", "of_2023", "of_somebody", "without_processes"])
def test_each_is_read_as_its_tables_are(scene: Scene, has: Tables) -> None:
    connection = Connection(has)
    assert orchestrator_core.is_orchestrator(connection, "the database")
    for read in (orchestrator_core.read_subscriptions, orchestrator_core.read_processes, orchestrator_core.read_steps):
        assert read(connection, "Node") == []
    scene.note("asked", connection.asked)


def test_the_values_of_all_blocks_come_with_their_subscription() -> None:
    found = [{"subscription_id": "1", "status": "active"}, {"subscription_id": "2", "status": "initial"}]
    values = [("1", "node_id", "7"), ("1", "port", "a"), ("1", "port", "b")]
    connection = Connection(TODAY, found, [dict(zip(("subscription_id", "resource_type", "value"), one)) for one in values])
    first, second = orchestrator_core.read_subscriptions(connection, "Node")
    assert first == {"subscription_id": "1", "status": "active", "values": {"node_id": ["7"], "port": ["a", "b"]}}
    assert second == {"subscription_id": "2", "status": "initial", "values": {}}


def test_processes_and_steps_come_as_they_are_found() -> None:
    rows = [{"process_id": "1", "subscription_id": "1"}, {"process_id": "1", "subscription_id": "2"}]
    assert orchestrator_core.read_processes(Connection(TODAY, rows), "Node") == rows
    assert orchestrator_core.read_steps(Connection(TODAY, rows), "Node") == rows


@pytest.mark.parametrize(
    ("has", "is_one"),
    [({}, False), (tables(subscriptions="subscription_id"), False), (tables(products="id", subscription_instances="x", resource_types="x"), None)],
)
def test_what_is_no_such_database(has: Tables, is_one: bool | None) -> None:
    if is_one is None:
        with pytest.raises(StoreError) as error:
            orchestrator_core.is_orchestrator(Connection(has), "x on y")
        assert str(error.value) == (
            "x on y looks like the database of an orchestrator-core, and has no table subscriptions, or another one than that has; name the whole database"
        )
    else:
        assert orchestrator_core.is_orchestrator(Connection(has), "x on y") is is_one


@pytest.mark.parametrize("table", ["subscriptions", "subscription_instances", "subscription_instance_values", "resource_types", "products"])
def test_a_database_that_lacks_a_part_is_named_with_it(table: str) -> None:
    for has in ({name: columns for name, columns in TODAY.items() if name != table}, TODAY | tables(**{table: "other"})):
        if {"products", "subscription_instances", "resource_types"} & has.keys():
            with pytest.raises(StoreError, match=f"x on y looks like the database of an orchestrator-core, and has no table {table}, or another"):
                orchestrator_core.is_orchestrator(Connection(has), "x on y")
