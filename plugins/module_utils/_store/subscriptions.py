# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Save and find subscriptions."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import itertools
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._chunks import chunks
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.lifecycle import SubscriptionLifecycle
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.subscription import SubscriptionModel, load_subscription
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import DomainError, StaleSave
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import sa, sa_insert
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.schema import (
    Damaged,
    claims,
    execute_many,
    in_turn,
    relations,
    subscriptions,
    text_in,
)

__all__ = [
    "LIVE",
    "Stored",
    "Unreadable",
    "claim_subscriptions",
    "claims_any_of",
    "each_subscription",
    "find_subscriptions",
    "holders",
    "in_block",
    "is_live",
    "load_subscriptions",
    "lock_subscriptions",
    "not_in_service",
    "place_of",
    "plain",
    "related",
    "save_subscriptions",
    "sort_out",
    "users_of",
    "without_claims",
]

LIVE = [status.value for status in SubscriptionLifecycle if status is not SubscriptionLifecycle.TERMINATED]
"""The lifecycles in which a subscription claims what it stands for."""

_PLAIN = ("subscription_id", "product", "customer_id", "status", "insync", "description", "note", "start_date", "end_date", "version")


@dataclasses.dataclass(frozen=True)
class Unreadable:
    """A subscription that this release cannot read: damaged, or of a product or a lifecycle that is not known here. ``problem`` says why, and
    ``row`` is what the store holds of it, by column, and ``claims`` what it claims all the same.
    """

    row: t.Mapping[str, t.Any]
    problem: str
    claims: tuple[str, ...] = ()

    @property
    def subscription_id(self) -> str:
        """Its id, which need not be a UUID."""
        return str(self.row["subscription_id"])

    @property
    def product(self) -> str:
        """Its product, which need not be one that is known here."""
        return str(self.row["product"])

    @property
    def description(self) -> str:
        """What it is called, as far as that is a text."""
        return str(self.row["description"] or f"the subscription {self.subscription_id}")

    @property
    def status(self) -> str:
        """Its lifecycle, which need not be one that is known here."""
        return str(self.row["status"])

    @property
    def insync(self) -> bool:
        """Whether no workflow works on it."""
        return bool(self.row["insync"])

    def block(self, name: str) -> dict[str, t.Any]:
        """The block of that name as it is stored; {} where there is none."""
        blocks = self.row["block"]
        found = blocks.get(name) if isinstance(blocks, dict) else None
        return found if isinstance(found, dict) else {}

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
            return columns | {"block": plain(block)}
        return block | columns


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
    """Return the condition that a subscription claims what it stands for: of whatever lifecycle, but not terminated."""
    return subscriptions.c.status != "terminated"


def claim_subscriptions(connection: t.Any, models: t.Sequence[SubscriptionModel]) -> set[str]:
    """Insert new subscriptions, with what they claim; of one of whose resources another has already, or that uses one that is not active or at which
    a process works, nothing is inserted. The key of the claims decides.

    Returns the ids of the subscriptions that are in the store now: those that won all of their resources.
    """
    insert = sa_insert(connection, subscriptions).on_conflict_do_nothing()
    execute_many(connection, insert, [_row(model) for model in models])
    unusable = _lock_used(connection, models)
    held = _holders(connection, _claim(connection, models))
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


def _hand_over(connection: t.Any, held: t.Mapping[str, str], owners: t.Mapping[str, str]) -> None:
    """Give what is ``held``, by subscriptions that are stored together, to those of them that get all that they want, and the rest back."""
    for some in chunks(sorted(set(held) - set(owners))):
        connection.execute(claims.delete().where(claims.c.resource.in_(some)))
    moved = [{"moved": resource, "owner": key} for resource, key in sorted(owners.items()) if held[resource] != key]
    execute_many(connection, claims.update().where(claims.c.resource == sa.bindparam("moved")).values(subscription_id=sa.bindparam("owner")), moved)


def _lock_used(connection: t.Any, models: t.Sequence[SubscriptionModel]) -> set[str]:
    """Keep what these use as it is until the end of the transaction. Returns the ids of those that cannot be used."""
    return _lock(connection, {str(one) for model in models if is_claiming(model) for one in model.depends_on()})


def _lock(connection: t.Any, subscription_ids: t.Collection[str]) -> set[str]:
    for some in chunks(sorted(subscription_ids)):
        query = sa.select(subscriptions.c.subscription_id).where(subscriptions.c.subscription_id.in_(some))
        connection.execute(query.order_by(subscriptions.c.subscription_id).with_for_update())
    return not_in_service(connection, subscription_ids)


def not_in_service(connection: t.Any, subscription_ids: t.Collection[str]) -> set[str]:
    """Of these, those that no other can use now: they are not active, or a process works on them, or they are not there."""
    usable: set[str] = set()
    for some in chunks(sorted(subscription_ids)):
        active = subscriptions.c.status == SubscriptionLifecycle.ACTIVE.value
        query = sa.select(subscriptions.c.subscription_id).where(subscriptions.c.subscription_id.in_(some), active, subscriptions.c.insync)
        usable |= set(connection.execute(query).scalars())
    return set(subscription_ids) - usable


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


def related(connection: t.Any, *conditions: t.Any, **criteria: t.Sequence[t.Any]) -> list[tuple[str, str]]:
    """Who uses whom, as pairs of ids, of the subscriptions that ``find_subscriptions`` finds by the same."""
    chosen = sa.select(subscriptions.c.subscription_id).where(*conditions, *[subscriptions.c[name].in_(values) for name, values in criteria.items()])
    user, used = relations.c.in_use_by_id, relations.c.depends_on_id
    query = sa.select(user, used).where(sa.or_(user.in_(chosen), used.in_(chosen))).order_by(user, used)
    return [(row[0], row[1]) for row in connection.execute(query)]


def users_of(connection: t.Any, subscription_ids: t.Collection[str]) -> dict[str, list[str]]:
    """What uses each of these that is in use, each as its description and id, by the id of what is used."""
    found: dict[str, list[str]] = {}
    for some in chunks(sorted(subscription_ids)):
        query = sa.select(relations.c.depends_on_id, subscriptions.c.subscription_id, subscriptions.c.description)
        query = query.join(subscriptions, subscriptions.c.subscription_id == relations.c.in_use_by_id).where(relations.c.depends_on_id.in_(some))
        for used, key, description in connection.execute(query.order_by(subscriptions.c.description, subscriptions.c.subscription_id)):
            found.setdefault(used, []).append(f"{description} (subscription {key})")
    return found


def _claim(connection: t.Any, models: t.Sequence[SubscriptionModel]) -> list[str]:
    """Claim what these stand for, as far as nobody does; of two of them that want the same, the first gets it. Returns all that was wanted."""
    wanted = {resource: str(model.subscription_id) for model in reversed(models) if is_claiming(model) for resource in model.resources()}
    insert = sa_insert(connection, claims).on_conflict_do_nothing()
    ordered = sorted(wanted)  # in one order, so that two runs cannot wait for each other
    execute_many(connection, insert, [{"resource": resource, "subscription_id": wanted[resource]} for resource in ordered])
    return ordered


def is_claiming(model: SubscriptionModel) -> bool:
    """Whether a subscription claims what it stands for: all but a terminated one do."""
    return model.status is not SubscriptionLifecycle.TERMINATED


def _holders(connection: t.Any, resources: t.Sequence[str]) -> dict[str, str]:
    """The ids of the subscriptions that claim these, by resource."""
    found: dict[str, str] = {}
    for some in chunks(resources):
        query = sa.select(claims.c.resource, claims.c.subscription_id).where(claims.c.resource.in_(some))
        found.update({row.resource: row.subscription_id for row in connection.execute(query)})
    return found


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
        connection.execute(sa.select(subscriptions.c.subscription_id).where(subscriptions.c.subscription_id.in_(some)).order_by(
            subscriptions.c.subscription_id).with_for_update())
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
        .values({name: sa.bindparam(name) for name in (*_PLAIN[2:], "block")})
    )
    parameters = []
    for old, new in zip(models, saved):
        values = _row(new)
        parameters.append({name: values[name] for name in (*_PLAIN[2:], "block")} | {"old_id": values["subscription_id"], "old_version": old.version})
    if execute_many(connection, statement, parameters) != len(models):
        which = (
            f"subscription {models[0].subscription_id} ({models[0].description})"
            if len(models) == 1
            else f"one of {len(models)} subscriptions"
        )
        raise StaleSave(f"{which} was changed meanwhile, by another run, or by this one in a save whose answer was lost; resume the process")
    _reclaim(connection, saved, before)
    _relate(connection, saved)
    return saved


class _Claimed(t.NamedTuple):
    """What a subscription claims, and what it stood for when it was saved last."""

    claimed: set[str]
    stood_for: set[str]


def _claimed_before(connection: t.Any, models: t.Sequence[SubscriptionModel]) -> dict[str, _Claimed]:
    """The claims of these, by id; and of those that want something else, what they stood for. One that could not be read stood for what it wants now."""
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
    held = _holders(connection, _claim(connection, changed))
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


def load_subscriptions(connection: t.Any, subscription_ids: t.Sequence[str]) -> dict[str, Stored]:
    """The subscriptions of these ids that exist, by id."""
    found: dict[str, Stored] = {}
    for some in chunks(subscription_ids):
        found.update(_read_all(connection.execute(_with_claims(subscriptions.c.subscription_id.in_(some)))))
    return found


def holders(connection: t.Any, resources: t.Sequence[str]) -> dict[str, Stored]:
    """The subscriptions that claim these, by resource."""
    by_resource = _holders(connection, resources)
    found = load_subscriptions(connection, list(dict.fromkeys(by_resource.values())))
    return {resource: found[key] for resource, key in by_resource.items() if key in found}


def find_subscriptions(connection: t.Any, *conditions: t.Any, **criteria: t.Sequence[t.Any]) -> list[Stored]:
    """The subscriptions whose columns have one of the values named for them, in the order of what they stand for, and of their start.

    ``conditions`` are further ones, of SQLAlchemy.
    """
    return sorted(each_subscription(connection, *conditions, **criteria), key=place_of)


def each_subscription(connection: t.Any, *conditions: t.Any, **criteria: t.Sequence[t.Any]) -> t.Iterator[Stored]:
    """The same in no order, one after the other, so that they need not be in memory together."""
    query = _with_claims(*conditions, *[subscriptions.c[column].in_(values) for column, values in criteria.items()])
    for _key, stored in _read_all(in_turn(connection, query)):
        yield stored


def place_of(stored: Stored) -> tuple[list[tuple[str, int]], str]:
    """Return what a list of subscriptions is ordered by: what they stand for, and their start."""
    resources, started = (stored.claims, stored.row["start_date"]) if isinstance(stored, Unreadable) else (stored.resources(), stored.start_date)
    parts = (resource.rpartition("/") for resource in resources)
    return [(kind, int(number) if number.isdecimal() else 0) for kind, _slash, number in parts], str(started or "")


def _with_claims(*conditions: t.Any) -> t.Any:
    """The statement for subscriptions, by id, with what they claim: of one with several claims, a row for each."""
    claimed = claims.c.subscription_id == subscriptions.c.subscription_id
    query = sa.select(subscriptions, claims.c.resource).outerjoin(claims, claimed).where(*conditions)
    return query.order_by(subscriptions.c.subscription_id)


def _read_all(found: t.Any) -> t.Iterator[tuple[str, Stored]]:
    """The subscriptions of these rows, each with its id."""
    for key, group in itertools.groupby(found.mappings(), key=lambda row: row["subscription_id"]):
        some = list(group)
        yield key, _read(some[0], tuple(sorted(row["resource"] for row in some if row["resource"] is not None)))


def _row(model: SubscriptionModel) -> dict[str, t.Any]:
    blocks = model.model_dump(mode="json", exclude=set(_PLAIN))
    columns = {name: getattr(model, name) for name in _PLAIN}
    columns.update(subscription_id=str(model.subscription_id), status=model.status.value)
    return columns | {"block": blocks}


def _read(row: t.Mapping[str, t.Any], claimed: tuple[str, ...]) -> Stored:
    """The subscription of a row, or what there is of it, with the reason."""
    try:
        problem = _problem(row)
        if problem is None:
            model = load_subscription({name: row[name] for name in _PLAIN} | row["block"])
            problem = _contradiction(row, model, claimed)
    except (AttributeError, DomainError, RecursionError, TypeError, ValueError) as error:
        problem = str(error)
    return model if problem is None else Unreadable({name: row[name] for name in _columns()}, problem, claimed)


@functools.cache
def _columns() -> dict[str, bool]:
    """The columns of a subscription, and whether they may be empty."""
    return {name: bool(column.nullable) for name, column in subscriptions.c.items()}


def _problem(row: t.Mapping[str, t.Any]) -> str | None:
    """What of a row is no value of its kind."""
    for name, nullable in _columns().items():
        value = row[name]
        if isinstance(value, Damaged):
            return f"its {name} holds what is none: {value[:100]!r}"
        if value is None and not nullable:
            return f"its {name} is empty"
    block = row["block"]
    if not isinstance(block, dict) or not block.keys().isdisjoint(_PLAIN):
        return "its block is no dictionary of product blocks"
    return None


def _contradiction(row: t.Mapping[str, t.Any], model: SubscriptionModel, claimed: tuple[str, ...]) -> str | None:
    """What of a row does not fit the rest of it, so that it would be taken for another one."""
    if str(model.subscription_id) != row["subscription_id"]:
        return "its id is not written as a UUID is"
    if claimed and claimed != tuple(sorted(set(model.resources()))):
        return f"its block stands for {' and '.join(model.resources())}, and it claims {' and '.join(claimed)}"
    return None


def without_claims(connection: t.Any) -> set[str]:
    """The ids of the subscriptions that are not terminated and claim nothing: somebody else claims what they stand for, or did."""
    claiming = sa.exists().where(claims.c.subscription_id == subscriptions.c.subscription_id)
    return set(connection.execute(sa.select(subscriptions.c.subscription_id).where(is_live(), sa.not_(claiming))).scalars())


def claims_any_of(resources: t.Collection[str]) -> t.Any:
    """Return the condition that a subscription claims one of these."""
    return subscriptions.c.subscription_id.in_(sa.select(claims.c.subscription_id).where(claims.c.resource.in_(resources)))


def in_block(connection: t.Any, *path: str) -> t.Any:
    """A text, or a number as a text, in the blocks of a subscription, for a condition; null where there is none."""
    return text_in(connection, subscriptions.c.block, *path)


def plain(value: t.Any) -> t.Any:
    """Return the value of a column as JSON has it."""
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Damaged) else value
