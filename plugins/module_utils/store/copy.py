# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Copy every row of a store to another one."""

from __future__ import annotations

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._chunks import chunks
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import sa
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.store.schema import claims, processes, relations, steps, subscriptions

__all__ = ["copy_rows", "count_rows", "delete_rows"]

_TABLES = (subscriptions, claims, relations, processes, steps)

_COUNTED = (subscriptions, processes, steps)


def copy_rows(source: t.Any, target: t.Any) -> bool:
    """Copy from one connection to another, both in a transaction. False, with nothing written, if the target holds anything else already."""
    for table in _TABLES:
        here, there = (_rows(connection, table) for connection in (source, target))
        if there and there != here:
            return False
        if not there:
            for some in chunks(here):
                target.execute(table.insert(), some)
    return True


def count_rows(connection: t.Any) -> dict[str, int]:
    """How many rows each table has."""
    return {str(table.name): connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() for table in _COUNTED}


def delete_rows(connection: t.Any) -> None:
    """Leave the tables, and nothing in them."""
    for table in reversed(_TABLES):
        connection.execute(table.delete())


def _rows(connection: t.Any, table: t.Any) -> list[dict[str, t.Any]]:
    """All rows in the order of their keys. Those of the step log without their number: its order counts, the numbers are each database's own."""
    keys = list(table.primary_key)
    columns = [column for column in table.c if column not in keys or table is not steps]
    return [dict(row) for row in connection.execute(sa.select(*columns).order_by(*keys)).mappings()]
