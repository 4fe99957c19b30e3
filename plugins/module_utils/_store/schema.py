# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tables of the store, for SQLite and PostgreSQL alike, and the version of their layout.

The store holds subscriptions, what they claim, processes and the step log. A claim points to an object of NetBox by its type and id; what NetBox
knows of it stays in NetBox.
"""

from __future__ import annotations

import datetime
import json
import re
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._chunks import chunks
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import sa

__all__ = [
    "SCHEMA_VERSION",
    "Damaged",
    "Written",
    "claims",
    "execute_many",
    "having",
    "in_turn",
    "metadata",
    "processes",
    "read_json",
    "relations",
    "steps",
    "store_info",
    "subscriptions",
    "text_in",
    "write_json",
]

SCHEMA_VERSION = 4
"""The layout that this release reads and writes. ``store_info`` says which one a store has."""

metadata = sa.MetaData()


class Damaged(str):
    """What a column holds that is no value of its kind, as the text that it is. So one such row does not keep the others from being read."""


class Written(str):
    """The JSON of a column, as its text. What is saved in several places, or is part of a hash as well, is written once."""


def read_json(text: t.Any) -> t.Any:
    """Read the JSON of a column. Return it as Damaged where it is none; half of a character, which cannot be printed, becomes "?"."""
    if isinstance(text, (bytes, bytearray)):
        text = bytes(text).decode("utf-8", "replace")
    if not isinstance(text, str):
        return text
    try:
        value = json.loads(text, parse_constant=str)
        return json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")) if "\\ud" in text.lower() else value
    except (RecursionError, ValueError):
        return Damaged(text)


def write_json(value: t.Any) -> str:
    """Write JSON; what was read as Damaged as it was, and what is written already as it is. Raises UnicodeError for half of a character and for NUL, which
    PostgreSQL takes, and then can read nothing of.
    """
    if isinstance(value, (Damaged, Written)):
        return str(value)
    text = json.dumps(value)
    if "\\ud" in text:
        json.dumps(value, ensure_ascii=False).encode()
    if "\\u0000" in text and re.search(r"(?<!\\)(?:\\\\)*\\u0000", text):
        raise UnicodeError("a text holds NUL")
    return text


class _Utc(sa.types.TypeDecorator[datetime.datetime]):  # pylint: disable=too-many-ancestors
    """A moment in UTC, whatever the time zone of the database or of who asks. SQLite keeps none, so it is given back on reading."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: t.Any, dialect: t.Any) -> datetime.datetime | None:
        """As UTC: SQLite would keep the hour and forget the zone."""
        return value.astimezone(datetime.timezone.utc) if value is not None else None

    def process_result_value(self, value: datetime.datetime | None, dialect: t.Any) -> datetime.datetime | None:
        """As UTC: PostgreSQL answers in its own zone, and SQLite without one."""
        if value is None:
            return None
        return value.replace(tzinfo=datetime.timezone.utc) if value.tzinfo is None else value.astimezone(datetime.timezone.utc)

    def bind_processor(self, dialect: t.Any) -> t.Any:
        """Write what was read as Damaged as it was."""
        write: t.Any = super().bind_processor(dialect)
        return lambda value: str(value) if isinstance(value, Damaged) else write(value)

    def result_processor(self, dialect: t.Any, coltype: t.Any) -> t.Any:
        """Read what is no moment, which an SQLite file can hold, as Damaged."""
        read: t.Any = super().result_processor(dialect, coltype)

        def moment(value: t.Any) -> t.Any:
            try:
                return read(value)
            except (OverflowError, TypeError, ValueError):
                return Damaged(value)

        return moment


store_info = sa.Table(
    "nodeflow_store",
    metadata,
    sa.Column("name", sa.String(40), primary_key=True),  # schema_version; netbox_url: the NetBox whose ids are meant
    sa.Column("value", sa.Text, nullable=False),
)

subscriptions = sa.Table(
    "subscriptions",
    metadata,
    sa.Column("subscription_id", sa.String(36), primary_key=True),
    sa.Column("product", sa.String(80), nullable=False),
    sa.Column("customer_id", sa.String(200), nullable=False),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("insync", sa.Boolean, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("note", sa.Text),
    sa.Column("start_date", _Utc),
    sa.Column("end_date", _Utc),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("block", sa.JSON, nullable=False),  # the product's blocks by name
)

claims = sa.Table(
    "claims",
    metadata,
    # A subscription that is not terminated holds what it stands for. The key decides that nothing is claimed twice, whatever the product.
    sa.Column("resource", sa.String(120), primary_key=True),  # the type and id of an object of NetBox: dcim.device/7
    sa.Column("subscription_id", sa.String(36), sa.ForeignKey("subscriptions.subscription_id"), nullable=False, index=True),
)

relations = sa.Table(
    "subscription_relations",
    metadata,
    # A subscription that is not terminated, and one that it uses. What is in use is not terminated.
    sa.Column("in_use_by_id", sa.String(36), sa.ForeignKey("subscriptions.subscription_id"), primary_key=True),
    sa.Column("depends_on_id", sa.String(36), sa.ForeignKey("subscriptions.subscription_id"), primary_key=True, index=True),
)

processes = sa.Table(
    "processes",
    metadata,
    sa.Column("process_id", sa.String(36), primary_key=True),
    sa.Column("subscription_id", sa.String(36), sa.ForeignKey("subscriptions.subscription_id"), nullable=False, index=True),
    sa.Column("workflow", sa.String(80), nullable=False),
    sa.Column("workflow_version", sa.Integer, nullable=False),
    sa.Column("target", sa.String(20), nullable=False),
    sa.Column("status", sa.String(20), nullable=False, index=True),
    sa.Column("step", sa.String(80)),  # the step that comes next; null once the process is over
    sa.Column("state", sa.JSON, nullable=False),  # what later steps need to know of earlier ones
    sa.Column("error", sa.Text),
    sa.Column("actor", sa.String(200), nullable=False),
    sa.Column("run_id", sa.String(36)),  # the run that works on it, up to lease_until; null while nobody does
    sa.Column("lease_until", _Utc),
    sa.Column("started_at", _Utc, nullable=False),
    sa.Column("updated_at", _Utc, nullable=False),
    sa.Column("completed_at", _Utc),
    sa.Column("log_hash", sa.String(64)),  # of the last line of its step log; null until layout 4 wrote to it: step_log_chain.py
    sa.Column("requester", sa.String(200)),  # the user who asked for it; null of one that a layout before 4 wrote
)

steps = sa.Table(
    "process_steps",
    metadata,
    sa.Column("process_step_id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("process_id", sa.String(36), sa.ForeignKey("processes.process_id"), nullable=False, index=True),
    sa.Column("step_id", sa.String(36), nullable=False, server_default="", index=True),  # of the process's step, in each of its attempts
    sa.Column("step", sa.String(80), nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False, server_default="1"),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("state", sa.JSON),  # the process's state after it
    sa.Column("error", sa.Text),
    sa.Column("changes", sa.JSON, nullable=False),  # {"subscription": {field: [before, after]}, "process": {...}, "netbox": {...}}
    sa.Column("actor", sa.String(200), nullable=False),
    sa.Column("run_id", sa.String(36), nullable=False),
    sa.Column("started_at", _Utc, nullable=False),
    sa.Column("completed_at", _Utc, nullable=False),
    sa.Column("previous_hash", sa.String(64)),  # of the line before it in its process; null of one that a layout before 4 wrote
)


def text_in(connection: t.Any, column: t.Any, *path: str) -> t.Any:
    """Return a text or number in the JSON of a column, as a text; null where it is not there, and where an SQLite file holds what is no JSON, which would end
    the statement.
    """
    found = column
    for name in path:
        found = found[name]
    if connection.dialect.name == "sqlite":
        # Before SQLAlchemy 2.1, as_string leaves a number a number there, which equals no text.
        return sa.case((sa.func.json_valid(column) == 1, sa.cast(found.as_string(), sa.String)), else_=None)
    return found.as_string()


def having(table: t.Any, criteria: t.Mapping[str, t.Sequence[t.Any]]) -> list[t.Any]:
    """Return the conditions that columns of ``table`` have one of the values named for them."""
    return [table.c[column].in_(values) for column, values in criteria.items()]


def in_turn(connection: t.Any, query: t.Any) -> t.Any:
    """Execute a query that may find very many rows, of which only some are in memory at a time: PostgreSQL would send all of them at once."""
    return connection.execute(query, execution_options={"yield_per": 1000})


_AT_ONCE = 50
"""Executions of a statement that are sent before the first answer is read. psycopg sends all that it is given; with 500 of a step, both ends of a connection
now and then waited 200 ms for the other to read, which was a fifth of a run into PostgreSQL.
"""


def execute_many(connection: t.Any, statement: t.Any, parameters: t.Sequence[t.Any]) -> int:
    """Execute a statement once for each of the parameters, some at a time. Return how many rows it changed."""
    return sum(connection.execute(statement, list(some)).rowcount for some in chunks(parameters, _AT_ONCE))
