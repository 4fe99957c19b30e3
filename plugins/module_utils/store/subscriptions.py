# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Save and find subscriptions."""

from __future__ import annotations

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import DomainError, StaleSave, StoreError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import sa, sa_insert
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.domain import products  # pylint: disable=unused-import  # registers them
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.domain.lifecycle import SubscriptionLifecycle
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.domain.subscription import SubscriptionModel, load_subscription
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._chunks import chunks
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.store.schema import ONE_LIVE_SUBSCRIPTION_A_DEVICE, subscriptions

__all__ = [
    "claim_devices",
    "find_subscriptions",
    "live_subscriptions",
    "load_subscriptions",
    "lock_subscriptions",
    "save_subscriptions",
    "terminated_subscriptions",
]

LIVE = [status.value for status in SubscriptionLifecycle if status is not SubscriptionLifecycle.TERMINATED]
"""The lifecycles in which a subscription stands for its device."""

_PLAIN = ("subscription_id", "product", "customer_id", "status", "insync", "description", "note", "start_date", "end_date", "version")


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


def lock_subscriptions(connection: t.Any, versions: t.Mapping[str, int]) -> tuple[dict[str, SubscriptionModel], dict[str, SubscriptionModel]]:
    """Set ``insync`` to false for those that are in sync, not terminated, and still of the version named: a workflow works on them from now on,
    and no other may.

    Returns those that were locked, as they were before, and the others that exist, by id. Whoever comes at the same moment waits, and
    then finds them locked.
    """
    locked: dict[str, SubscriptionModel] = {}
    others: dict[str, SubscriptionModel] = {}
    for some in chunks(sorted(versions)):  # in one order, so that two runs cannot wait for each other
        query = sa.select(subscriptions).where(subscriptions.c.subscription_id.in_(some)).order_by(subscriptions.c.subscription_id)
        for row in connection.execute(query.with_for_update()).mappings():
            model = _model(row)
            free = model.insync and model.status is not SubscriptionLifecycle.TERMINATED and model.version == versions[row["subscription_id"]]
            (locked if free else others)[row["subscription_id"]] = model
    save_subscriptions(connection, [model.model_copy(update={"insync": False}) for model in locked.values()])
    return locked, others


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
            "subscription {0.subscription_id} ({0.description})".format(models[0])
            if len(models) == 1
            else "one of {0} subscriptions".format(len(models))
        )
        raise StaleSave("{0} was changed meanwhile, by another run, or by this one in a save whose answer was lost; resume the process".format(which))
    return saved


def load_subscriptions(connection: t.Any, subscription_ids: t.Sequence[str]) -> dict[str, SubscriptionModel]:
    """The subscriptions of these ids that exist, by id."""
    found: dict[str, SubscriptionModel] = {}
    for some in chunks(subscription_ids):
        rows = connection.execute(sa.select(subscriptions).where(subscriptions.c.subscription_id.in_(some))).mappings()
        found.update({row["subscription_id"]: _model(row) for row in rows})
    return found


def live_subscriptions(connection: t.Any, device_ids: t.Sequence[int]) -> dict[int, SubscriptionModel]:
    """The subscriptions of these devices that are not terminated, by device id."""
    found: dict[int, SubscriptionModel] = {}
    for some in chunks(device_ids):
        query = sa.select(subscriptions).where(subscriptions.c.device_id.in_(some), subscriptions.c.status != "terminated")
        found.update({row["device_id"]: _model(row) for row in connection.execute(query).mappings()})
    return found


def terminated_subscriptions(connection: t.Any, device_ids: t.Sequence[int]) -> dict[int, SubscriptionModel]:
    """Of each of these devices the subscription that was terminated last, by device id."""
    found: dict[int, SubscriptionModel] = {}
    for some in chunks(device_ids):
        query = sa.select(subscriptions).where(subscriptions.c.device_id.in_(some), subscriptions.c.status == "terminated")
        found.update({row["device_id"]: _model(row) for row in connection.execute(query.order_by(subscriptions.c.end_date)).mappings()})
    return found


def find_subscriptions(connection: t.Any, **criteria: t.Sequence[t.Any]) -> list[SubscriptionModel]:
    """The subscriptions whose columns have one of the values named for them, in order of their device's id and start."""
    query = sa.select(subscriptions).order_by(subscriptions.c.device_id, subscriptions.c.start_date, subscriptions.c.subscription_id)
    for column, values in criteria.items():
        query = query.where(subscriptions.c[column].in_(values))
    return [_model(row) for row in connection.execute(query).mappings()]


def _row(model: SubscriptionModel) -> dict[str, t.Any]:
    blocks = model.model_dump(mode="json", exclude=set(_PLAIN))
    plain = {name: getattr(model, name) for name in _PLAIN}
    plain.update(subscription_id=str(model.subscription_id), status=model.status.value)
    return plain | {"device_id": model.device_id, "block": blocks}


def _model(row: t.Any) -> SubscriptionModel:
    try:
        return load_subscription({name: row[name] for name in _PLAIN} | row["block"])
    except (DomainError, TypeError, ValueError) as error:
        raise StoreError("the store is damaged: subscription {0} cannot be read: {1}".format(row["subscription_id"], error)) from error
