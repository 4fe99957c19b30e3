# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Copy every row of a store to another one."""

from __future__ import annotations

import itertools
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._chunks import IN_A_STATEMENT
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import sa
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.schema import (
    claims,
    execute_many,
    in_turn,
    processes,
    relations,
    steps,
    subscriptions,
)

__all__ = ["copy_rows", "count_rows", "delete_rows", "is_copy", "subscription_ids"]

_TABLES = (subscriptions, claims, relations, processes, steps)

_COUNTED = (subscriptions, processes, steps)


def copy_rows(source: t.Any, target: t.Any) -> bool:
    """Copy from one connection to another, both in a transaction. False, with nothing written, if the target holds anything else already."""
    if not is_copy(source, target):
        return False
    for table in _TABLES:
        if _is_empty(target, table):
            for some in _found(source, table).partitions(IN_A_STATEMENT):
                execute_many(target, _with_json_as_text(table).insert(), [dict(row) for row in some])
    return True


def is_copy(source: t.Any, target: t.Any) -> bool:
    """Return whether each table of the target is empty, or has the same rows."""
    return all(_is_empty(target, table) or _is_same(source, target, table) for table in _TABLES)


def _is_empty(connection: t.Any, table: t.Any) -> bool:
    return connection.execute(sa.select(*table.primary_key).limit(1)).first() is None


def _is_same(source: t.Any, target: t.Any, table: t.Any) -> bool:
    return all(here == there for here, there in itertools.zip_longest(_rows(source, table), _rows(target, table)))


def count_rows(connection: t.Any) -> dict[str, int]:
    """Return how many rows each table has."""
    return {str(table.name): connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() for table in _COUNTED}


def subscription_ids(connection: t.Any) -> set[str]:
    """Return the ids of all subscriptions."""
    return set(connection.execute(sa.select(subscriptions.c.subscription_id)).scalars())


def delete_rows(connection: t.Any) -> None:
    """Leave the tables, and nothing in them."""
    for table in reversed(_TABLES):
        connection.execute(table.delete())


def _rows(connection: t.Any, table: t.Any) -> t.Iterator[dict[str, t.Any]]:
    return (dict(row) for row in _found(connection, table))


def _found(connection: t.Any, table: t.Any) -> t.Any:
    """Return all rows in the order of their keys, JSON as the very text, which the hashes of the step log are of. The log without its numbers: its order
    counts, the numbers are each database's own.
    """
    keys = list(table.primary_key)
    chosen = [column for column in table.c if column not in keys or table is not steps]
    columns = [sa.cast(column, sa.Text).label(column.name) if isinstance(column.type, sa.JSON) else column for column in chosen]
    return in_turn(connection, sa.select(*columns).order_by(*keys)).mappings()


def _with_json_as_text(table: t.Any) -> t.Any:
    """Return a table that takes JSON as a text; without a type, so that PostgreSQL takes it too."""
    return sa.table(table.name, *(sa.column(column.name) if isinstance(column.type, sa.JSON) else sa.column(column.name, column.type) for column in table.c))
