# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Save and find subscriptions."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._chunks import chunks
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import DomainError, StaleSave
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import sa, sa_insert
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.domain.lifecycle import SubscriptionLifecycle
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.domain.subscription import SubscriptionModel, load_subscription
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.store.schema import ONE_LIVE_SUBSCRIPTION_A_DEVICE, Damaged, subscriptions

__all__ = [
    "LIVE",
    "Stored",
    "Unreadable",
    "claim_devices",
    "find_subscriptions",
    "is_live",
    "live_subscriptions",
    "load_subscriptions",
    "lock_subscriptions",
    "plain",
    "save_subscriptions",
    "sort_out",
    "terminated_subscriptions",
]

LIVE = [status.value for status in SubscriptionLifecycle if status is not SubscriptionLifecycle.TERMINATED]
"""The lifecycles in which a subscription stands for its device."""

_PLAIN = ("subscription_id", "product", "customer_id", "status", "insync", "description", "note", "start_date", "end_date", "version")


@dataclasses.dataclass(frozen=True)
class Unreadable:
    """A subscription that this release cannot read: damaged, or of a product or a lifecycle that is not known here. ``problem`` says why, and
    ``row`` is what the store holds of it, by column. It stands for its device all the same, unless it is terminated.
    """

    row: t.Mapping[str, t.Any]
    problem: str

    @property
    def subscription_id(self) -> str:
        """Its id, which need not be a UUID."""
        return str(self.row["subscription_id"])

    @property
    def device_id(self) -> int | None:
        """The device that it stands for, by the column that the store's index is on."""
        found = self.row["device_id"]
        return found if isinstance(found, int) else None

    @property
    def status(self) -> str:
        """Its lifecycle, which need not be one that is known here."""
        return str(self.row["status"])

    @property
    def insync(self) -> bool:
        """Whether no workflow works on it."""
        return bool(self.row["insync"])

    @property
    def node(self) -> dict[str, t.Any]:
        """The block of a node as it is stored; {} where there is none."""
        block = self.row["block"]
        found = block.get("node") if isinstance(block, dict) else None
        return found if isinstance(found, dict) else {}

    @property
    def node_name(self) -> str | None:
        """What its block calls the node, if it is a text."""
        name = self.node.get("node_name")
        return name if isinstance(name, str) and name else None

    @property
    def sentence(self) -> str:
        """That it cannot be read, why, and what to do."""
        return (
            f"subscription {self.subscription_id} cannot be read: {self.problem}. Use the release that wrote it, or correct its row in the store; "
            "subscription_info shows it"
        )

    def as_json(self) -> dict[str, t.Any]:
        """What the store holds of it, as plain data: its columns, and its blocks by name; ``block`` where they are no dictionaries."""
        columns = {name: plain(self.row[name]) for name in _PLAIN}
        block = self.row["block"]
        if not isinstance(block, dict) or not all(isinstance(one, dict) for one in block.values()):
            return columns | {"node": self.node, "block": plain(block)}
        return block | columns | {"node": self.node}


Stored = t.Union[SubscriptionModel, Unreadable]
"""What the store holds: a subscription, or one that cannot be read."""


def sort_out(found: t.Iterable[Stored]) -> tuple[list[SubscriptionModel], list[Unreadable]]:
    """Return the subscriptions, and those that cannot be read, each in their order."""
    models: list[SubscriptionModel] = []
    unreadable: list[Unreadable] = []
    for one in found:
        if isinstance(one, Unreadable):
            unreadable.append(one)
        else:
            models.append(one)
    return models, unreadable


def is_live() -> t.Any:
    """Return the condition that a subscription stands for its device, as the unique index has it: of whatever lifecycle, but not terminated."""
    return subscriptions.c.status != "terminated"


def claim_devices(connection: t.Any, models: t.Sequence[SubscriptionModel]) -> set[str]:
    """Insert new subscriptions, one live one a device; of a device that has one already, none is inserted. The partial unique index decides.

    Returns the ids of the subscriptions that are in the store now: those that won their device.
    """
    insert = sa_insert(connection, subscriptions).on_conflict_do_nothing()
    for some in chunks(models if _has_index(connection) else _without_index(connection, models)):
        connection.execute(insert, [_row(model) for model in some])
    won: set[str] = set()
    for some in chunks([str(model.subscription_id) for model in models]):
        found = connection.execute(sa.select(subscriptions.c.subscription_id).where(subscriptions.c.subscription_id.in_(some)))
        won.update(found.scalars())
    return won


_INDEX = {
    "sqlite": "SELECT 1 FROM sqlite_schema WHERE name = 'one_live_subscription_a_device'",
    "postgresql": "SELECT 1 FROM pg_indexes WHERE schemaname = current_schema() AND indexname = 'one_live_subscription_a_device'",
}


def _has_index(connection: t.Any) -> bool:
    """Whether the store has the index still: one that was restored, or repaired by hand, may have lost it."""
    return connection.exec_driver_sql(_INDEX[connection.dialect.name]).first() is not None


def _without_index(connection: t.Any, models: t.Sequence[SubscriptionModel]) -> t.Sequence[SubscriptionModel]:
    """Make the index again. Where a device has several live subscriptions by now, it cannot be made: then those of ``models`` whose device is free,
    while nobody else inserts any.
    """
    if connection.dialect.name == "postgresql":  # SQLite has one writer at a time anyway
        connection.exec_driver_sql("LOCK TABLE subscriptions IN SHARE ROW EXCLUSIVE MODE")
    live = sa.select(subscriptions.c.device_id).where(subscriptions.c.status != "terminated")
    if connection.execute(live.group_by(subscriptions.c.device_id).having(sa.func.count() > 1).limit(1)).first() is None:
        connection.exec_driver_sql(ONE_LIVE_SUBSCRIPTION_A_DEVICE)
        return models
    held = live_subscriptions(connection, [model.device_id for model in models])
    return [model for model in models if model.status is SubscriptionLifecycle.TERMINATED or model.device_id not in held]


def lock_subscriptions(connection: t.Any, versions: t.Mapping[str, int]) -> tuple[dict[str, SubscriptionModel], dict[str, Stored]]:
    """Set ``insync`` to false for those that are in sync, not terminated, and still of the version named: a workflow works on them from now on,
    and no other may.

    Returns those that were locked, as they were before, and the others that exist, by id. Whoever comes at the same moment waits, and
    then finds them locked.
    """
    locked: dict[str, SubscriptionModel] = {}
    others: dict[str, Stored] = {}
    for some in chunks(sorted(versions)):  # in one order, so that two runs cannot wait for each other
        query = sa.select(subscriptions).where(subscriptions.c.subscription_id.in_(some)).order_by(subscriptions.c.subscription_id)
        for row in connection.execute(query.with_for_update()).mappings():
            model = _read(row)
            if isinstance(model, Unreadable) or not _is_free(model, versions[row["subscription_id"]]):
                others[row["subscription_id"]] = model
            else:
                locked[row["subscription_id"]] = model
    save_subscriptions(connection, [model.model_copy(update={"insync": False}) for model in locked.values()])
    return locked, others


def _is_free(model: SubscriptionModel, version: int) -> bool:
    return model.insync and model.status is not SubscriptionLifecycle.TERMINATED and model.version == version


def save_subscriptions(connection: t.Any, models: t.Sequence[SubscriptionModel]) -> list[SubscriptionModel]:
    """Save what changed and count the versions up. Returns the models as saved.

    Raises StaleSave if one of them was saved by somebody else since it was loaded; then the transaction must be undone.
    """
    if not models:
        return []
    saved = [model.model_copy(update={"version": model.version + 1}) for model in models]
    statement = (
        subscriptions.update()
        .where(subscriptions.c.subscription_id == sa.bindparam("old_id"), subscriptions.c.version == sa.bindparam("old_version"))
        .values({name: sa.bindparam(name) for name in (*_PLAIN[2:], "block")})
    )
    parameters = []
    for old, new in zip(models, saved):
        values = _row(new)
        parameters.append({name: values[name] for name in (*_PLAIN[2:], "block")} | {"old_id": values["subscription_id"], "old_version": old.version})
    if connection.execute(statement, parameters).rowcount != len(models):
        which = (
            f"subscription {models[0].subscription_id} ({models[0].description})"
            if len(models) == 1
            else f"one of {len(models)} subscriptions"
        )
        raise StaleSave(f"{which} was changed meanwhile, by another run, or by this one in a save whose answer was lost; resume the process")
    return saved


def load_subscriptions(connection: t.Any, subscription_ids: t.Sequence[str]) -> dict[str, Stored]:
    """The subscriptions of these ids that exist, by id."""
    found: dict[str, Stored] = {}
    for some in chunks(subscription_ids):
        rows = connection.execute(sa.select(subscriptions).where(subscriptions.c.subscription_id.in_(some))).mappings()
        found.update({row["subscription_id"]: _read(row) for row in rows})
    return found


def live_subscriptions(connection: t.Any, device_ids: t.Sequence[int]) -> dict[int, Stored]:
    """The subscriptions of these devices that are not terminated, by device id."""
    found: dict[int, Stored] = {}
    for some in chunks(device_ids):
        query = sa.select(subscriptions).where(subscriptions.c.device_id.in_(some), is_live())
        found.update({row["device_id"]: _read(row) for row in connection.execute(query).mappings()})
    return found


def terminated_subscriptions(connection: t.Any, device_ids: t.Sequence[int]) -> dict[int, Stored]:
    """Of each of these devices the subscription that was terminated last, by device id."""
    found: dict[int, Stored] = {}
    for some in chunks(device_ids):
        query = sa.select(subscriptions).where(subscriptions.c.device_id.in_(some), subscriptions.c.status == "terminated")
        found.update({row["device_id"]: _read(row) for row in connection.execute(query.order_by(subscriptions.c.end_date)).mappings()})
    return found


def find_subscriptions(connection: t.Any, *conditions: t.Any, **criteria: t.Sequence[t.Any]) -> list[Stored]:
    """The subscriptions whose columns have one of the values named for them, in order of their device's id and start. ``conditions`` are
    further ones, of SQLAlchemy.
    """
    query = sa.select(subscriptions).order_by(subscriptions.c.device_id, subscriptions.c.start_date, subscriptions.c.subscription_id)
    query = query.where(*conditions)
    for column, values in criteria.items():
        query = query.where(subscriptions.c[column].in_(values))
    return [_read(row) for row in connection.execute(query).mappings()]


def _row(model: SubscriptionModel) -> dict[str, t.Any]:
    blocks = model.model_dump(mode="json", exclude=set(_PLAIN))
    columns = {name: getattr(model, name) for name in _PLAIN}
    columns.update(subscription_id=str(model.subscription_id), status=model.status.value)
    return columns | {"device_id": model.device_id, "block": blocks}


def _read(row: t.Mapping[str, t.Any]) -> Stored:
    """The subscription of a row, or what there is of it, with the reason."""
    try:
        problem = _problem(row)
        if problem is None:
            model = load_subscription({name: row[name] for name in _PLAIN} | row["block"])
            problem = _contradiction(row, model)
    except (AttributeError, DomainError, RecursionError, TypeError, ValueError) as error:
        problem = str(error)
    return model if problem is None else Unreadable(dict(row), problem)


def _problem(row: t.Mapping[str, t.Any]) -> str | None:
    """What of a row is no value of its kind."""
    for name, column in subscriptions.c.items():
        if isinstance(row[name], Damaged):
            return f"its {name} holds what is none: {row[name][:100]!r}"
        if row[name] is None and not column.nullable:
            return f"its {name} is empty"
    block = row["block"]
    if not isinstance(block, dict) or not block.keys().isdisjoint(_PLAIN):
        return "its block is no dictionary of product blocks"
    return None


def _contradiction(row: t.Mapping[str, t.Any], model: SubscriptionModel) -> str | None:
    """What of a row does not fit the rest of it, so that it would be taken for another one."""
    if str(model.subscription_id) != row["subscription_id"]:
        return "its id is not written as a UUID is"
    if model.device_id != row["device_id"]:
        return f"its block stands for the device {model.device_id}, and its row for the device {row['device_id']}"
    return None


def plain(value: t.Any) -> t.Any:
    """Return the value of a column as JSON has it."""
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Damaged) else value
