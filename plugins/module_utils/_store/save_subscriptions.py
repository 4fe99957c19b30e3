# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Save subscriptions, with what they claim and what they use."""

from __future__ import annotations

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._chunks import chunks
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.lifecycle import SubscriptionLifecycle
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.subscription import SubscriptionModel
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import StaleSave
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import sa, sa_insert
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.schema import claims, execute_many, relations, subscriptions
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.subscriptions import (
    PLAIN,
    Stored,
    Unreadable,
    holder_ids,
    load_subscriptions,
    not_in_service,
    users_of,
)

__all__ = ["claim_subscriptions", "is_claiming", "lock_subscriptions", "save_subscriptions"]


def claim_subscriptions(connection: t.Any, models: t.Sequence[SubscriptionModel]) -> set[str]:
    """Insert new subscriptions, with what they claim; of one of whose resources another has already, or that uses one that is not active or at which
    a process works, nothing is inserted. The key of the claims decides.

    Returns the ids of the subscriptions that are in the store now: those that won all of their resources.
    """
    insert = sa_insert(connection, subscriptions).on_conflict_do_nothing()
    execute_many(connection, insert, [_row(model) for model in models])
    unusable = _lock_used(connection, models)
    held = holder_ids(connection, _claim(connection, models))
    batch, owners, lost = {str(model.subscription_id) for model in models}, dict[str, str](), set[str]()
    for model in models:
        key, wanted = str(model.subscription_id), set(model.resources()) if is_claiming(model) else set()
        free = all(held.get(resource) in batch and resource not in owners for resource in wanted)
        if free and unusable.isdisjoint(map(str, model.depends_on())):
            owners |= dict.fromkeys(wanted, key)
        else:
            lost.add(key)
    _hand_over(connection, {resource: key for resource, key in held.items() if key in batch}, owners)
    for some in chunks(sorted(lost)):
        connection.execute(subscriptions.delete().where(subscriptions.c.subscription_id.in_(some)))
    _relate(connection, [model for model in models if str(model.subscription_id) not in lost])
    return batch - lost


def lock_subscriptions(
    connection: t.Any, versions: t.Mapping[str, int], to_end: t.Collection[str] = ()
) -> tuple[dict[str, SubscriptionModel], dict[str, Stored]]:
    """Set ``insync`` to false for those that are in sync, not terminated, and still of the version named: a workflow works on them from now on,
    and no other may. Those of ``to_end`` must not be in use either.

    Returns those that were locked, as they were before, and the others that exist, by id. Whoever comes at the same moment waits, and
    then finds them locked.
    """
    locked: dict[str, SubscriptionModel] = {}
    others: dict[str, Stored] = {}
    for some in chunks(sorted(versions)):  # in one order, so that two runs cannot wait for each other
        connection.execute(
            sa.select(subscriptions.c.subscription_id)
            .where(subscriptions.c.subscription_id.in_(some))
            .order_by(subscriptions.c.subscription_id)
            .with_for_update()
        )
        used = users_of(connection, set(some) & set(to_end))
        for key, model in load_subscriptions(connection, some).items():
            if isinstance(model, Unreadable) or key in used or not _is_free(model, versions[key]):
                others[key] = model
            else:
                locked[key] = model
    save_subscriptions(connection, [model.model_copy(update={"insync": False}) for model in locked.values()])
    return locked, others


def _is_free(model: SubscriptionModel, version: int) -> bool:
    return model.insync and model.status is not SubscriptionLifecycle.TERMINATED and model.version == version


def save_subscriptions(connection: t.Any, models: t.Sequence[SubscriptionModel]) -> list[SubscriptionModel]:
    """Save what changed and count the versions up. Returns the models as saved. One that is terminated claims nothing any more; any other claims what
    it stands for.

    Raises StaleSave if one of them was saved by somebody else since it was loaded, or stands for something new that another has; then the transaction
    must be undone.
    """
    if not models:
        return []
    saved = [model.model_copy(update={"version": model.version + 1}) for model in models]
    before = _claimed_before(connection, models)
    statement = (
        subscriptions.update()
        .where(subscriptions.c.subscription_id == sa.bindparam("old_id"), subscriptions.c.version == sa.bindparam("old_version"))
        .values({name: sa.bindparam(name) for name in (*PLAIN[2:], "block")})
    )
    parameters = []
    for old, new in zip(models, saved):
        values = _row(new)
        parameters.append({name: values[name] for name in (*PLAIN[2:], "block")} | {"old_id": values["subscription_id"], "old_version": old.version})
    if execute_many(connection, statement, parameters) != len(models):
        which = f"subscription {models[0].subscription_id} ({models[0].description})" if len(models) == 1 else f"one of {len(models)} subscriptions"
        raise StaleSave(f"{which} was changed meanwhile, by another run, or by this one in a save whose answer was lost; resume the process")
    _reclaim(connection, saved, before)
    _relate(connection, saved)
    return saved


def _lock_used(connection: t.Any, models: t.Sequence[SubscriptionModel]) -> set[str]:
    """Keep what these use as it is until the end of the transaction. Returns the ids of those that cannot be used."""
    return _lock(connection, {str(one) for model in models if is_claiming(model) for one in model.depends_on()})


def _lock(connection: t.Any, subscription_ids: t.Collection[str]) -> set[str]:
    for some in chunks(sorted(subscription_ids)):
        query = sa.select(subscriptions.c.subscription_id).where(subscriptions.c.subscription_id.in_(some))
        connection.execute(query.order_by(subscriptions.c.subscription_id).with_for_update())
    return not_in_service(connection, subscription_ids)


def _hand_over(connection: t.Any, held: t.Mapping[str, str], owners: t.Mapping[str, str]) -> None:
    """Give what is ``held``, by subscriptions that are stored together, to those of them that get all that they want, and the rest back."""
    for some in chunks(sorted(set(held) - set(owners))):
        connection.execute(claims.delete().where(claims.c.resource.in_(some)))
    moved = [{"moved": resource, "owner": key} for resource, key in sorted(owners.items()) if held[resource] != key]
    execute_many(connection, claims.update().where(claims.c.resource == sa.bindparam("moved")).values(subscription_id=sa.bindparam("owner")), moved)


def _relate(connection: t.Any, models: t.Sequence[SubscriptionModel]) -> None:
    """Have saved what these use now, and nothing else; what is terminated uses nothing any more. Raises StaleSave where one cannot use what is new."""
    wanted = {(str(one.subscription_id), str(used)): one for one in models if is_claiming(one) for used in one.depends_on()}
    there: set[tuple[str, str]] = set()
    for some in chunks([str(model.subscription_id) for model in models]):
        query = sa.select(relations.c.in_use_by_id, relations.c.depends_on_id).where(relations.c.in_use_by_id.in_(some))
        there |= {(row[0], row[1]) for row in connection.execute(query)}
    for user, used in sorted(there - set(wanted)):
        connection.execute(relations.delete().where(relations.c.in_use_by_id == user, relations.c.depends_on_id == used))
    new = sorted(set(wanted) - there)
    unusable = _lock(connection, {used for _user, used in new})
    for user, used in new:
        if used in unusable:
            raise StaleSave(f"{wanted[user, used].description} cannot use the subscription {used}: it is not active, or a process works on it")
    execute_many(connection, sa_insert(connection, relations), [{"in_use_by_id": user, "depends_on_id": used} for user, used in new])


def _claim(connection: t.Any, models: t.Sequence[SubscriptionModel]) -> list[str]:
    """Claim what these stand for, as far as nobody does; of two of them that want the same, the first gets it. Returns all that was wanted."""
    wanted = {resource: str(model.subscription_id) for model in reversed(models) if is_claiming(model) for resource in model.resources()}
    insert = sa_insert(connection, claims).on_conflict_do_nothing()
    ordered = sorted(wanted)  # in one order, so that two runs cannot wait for each other
    execute_many(connection, insert, [{"resource": resource, "subscription_id": wanted[resource]} for resource in ordered])
    return ordered


def is_claiming(model: SubscriptionModel) -> bool:
    """Return whether a subscription claims what it stands for: all but a terminated one do."""
    return model.status is not SubscriptionLifecycle.TERMINATED


class _Claimed(t.NamedTuple):
    """What a subscription claims, and what it stood for when it was saved last."""

    claimed: set[str]
    stood_for: set[str]


def _claimed_before(connection: t.Any, models: t.Sequence[SubscriptionModel]) -> dict[str, _Claimed]:
    """Return the claims of these, by id; and of those that want something else, what they stood for. One that could not be read stood for what it wants now."""
    claimed: dict[str, set[str]] = {str(model.subscription_id): set() for model in models}
    for some in chunks(sorted(claimed)):
        for resource, key in connection.execute(sa.select(claims.c.resource, claims.c.subscription_id).where(claims.c.subscription_id.in_(some))):
            claimed[key].add(resource)
    wanted = {str(model.subscription_id): set(model.resources()) for model in models if is_claiming(model)}
    changing = [key for key, resources in wanted.items() if resources - claimed[key]]
    old = load_subscriptions(connection, changing) if changing else {}
    stood_for = {key: set(one.resources()) if (one := old.get(key)) and not isinstance(one, Unreadable) else wanted[key] for key in changing}
    return {key: _Claimed(resources, stood_for.get(key, resources)) for key, resources in claimed.items()}


def _reclaim(connection: t.Any, models: t.Sequence[SubscriptionModel], before: t.Mapping[str, _Claimed]) -> None:
    """Have claimed what these stand for now, and nothing else. Raises StaleSave where one wants something new that another has.

    One that had lost what it stood for gets it back where that is free, all of it or nothing, and can be saved in any case.
    """
    wanted = {str(model.subscription_id): set(model.resources() if is_claiming(model) else ()) for model in models}
    given_up = sorted(resource for key, one in before.items() for resource in one.claimed - wanted[key])
    for some in chunks(given_up):
        connection.execute(claims.delete().where(claims.c.resource.in_(some)))
    changed = [model for model in models if wanted[str(model.subscription_id)] - before[str(model.subscription_id)].claimed]
    held = holder_ids(connection, _claim(connection, changed))
    without: list[str] = []
    for model in changed:
        key = str(model.subscription_id)
        taken = sorted(resource for resource in wanted[key] if held.get(resource) != key)
        new = [resource for resource in taken if resource not in before[key].stood_for]
        if new:
            raise StaleSave(f"{model.description} cannot have {new[0]}: it belongs to the subscription {held.get(new[0], 'of another run')}")
        without += [resource for resource in wanted[key] if held.get(resource) == key] if taken else []
    for some in chunks(sorted(without)):
        connection.execute(claims.delete().where(claims.c.resource.in_(some)))


def _row(model: SubscriptionModel) -> dict[str, t.Any]:
    blocks = model.model_dump(mode="json", exclude=set(PLAIN))
    columns = {name: getattr(model, name) for name in PLAIN}
    columns.update(subscription_id=str(model.subscription_id), status=model.status.value)
    return columns | {"block": blocks}
