# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find subscriptions, and what they claim and use."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import itertools
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._chunks import chunks
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.lifecycle import SubscriptionLifecycle
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.subscription import SubscriptionModel, load_subscription
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import DomainError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import sa
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.schema import (
    Damaged,
    claims,
    having,
    in_turn,
    relations,
    subscriptions,
    text_in,
)

__all__ = [
    "LIVE",
    "PLAIN",
    "Stored",
    "Unreadable",
    "claims_any_of",
    "each_subscription",
    "find_subscriptions",
    "holder_ids",
    "holders",
    "in_block",
    "is_live",
    "load_subscriptions",
    "not_in_service",
    "place_of",
    "plain",
    "related",
    "sort_out",
    "users_of",
    "without_claims",
]

LIVE = [status.value for status in SubscriptionLifecycle if status is not SubscriptionLifecycle.TERMINATED]
"""The lifecycles in which a subscription claims what it stands for."""

PLAIN = ("subscription_id", "product", "customer_id", "status", "insync", "description", "note", "start_date", "end_date", "version")
"""The columns that are no product blocks."""


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
        """Return the block of that name as it is stored; {} where there is none."""
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
        """Return what the store holds of it, as plain data: its columns, and its blocks by name; ``block`` where they are no dictionaries."""
        columns = {name: plain(self.row[name]) for name in PLAIN}
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


def not_in_service(connection: t.Any, subscription_ids: t.Collection[str]) -> set[str]:
    """Return, of these, those that no other can use now: they are not active, or a process works on them, or they are not there."""
    usable: set[str] = set()
    for some in chunks(sorted(subscription_ids)):
        active = subscriptions.c.status == SubscriptionLifecycle.ACTIVE.value
        query = sa.select(subscriptions.c.subscription_id).where(subscriptions.c.subscription_id.in_(some), active, subscriptions.c.insync)
        usable |= set(connection.execute(query).scalars())
    return set(subscription_ids) - usable


def related(connection: t.Any, *conditions: t.Any, **criteria: t.Sequence[t.Any]) -> list[tuple[str, str]]:
    """Return who uses whom, as pairs of ids, of the subscriptions that ``find_subscriptions`` finds by the same."""
    chosen = sa.select(subscriptions.c.subscription_id).where(*conditions, *having(subscriptions, criteria))
    user, used = relations.c.in_use_by_id, relations.c.depends_on_id
    query = sa.select(user, used).where(sa.or_(user.in_(chosen), used.in_(chosen))).order_by(user, used)
    return [(row[0], row[1]) for row in connection.execute(query)]


def users_of(connection: t.Any, subscription_ids: t.Collection[str]) -> dict[str, list[str]]:
    """Return what uses each of these that is in use, each as its description and id, by the id of what is used."""
    found: dict[str, list[str]] = {}
    for some in chunks(sorted(subscription_ids)):
        query = sa.select(relations.c.depends_on_id, subscriptions.c.subscription_id, subscriptions.c.description)
        query = query.join(subscriptions, subscriptions.c.subscription_id == relations.c.in_use_by_id).where(relations.c.depends_on_id.in_(some))
        for used, key, description in connection.execute(query.order_by(subscriptions.c.description, subscriptions.c.subscription_id)):
            found.setdefault(used, []).append(f"{description} (subscription {key})")
    return found


def holder_ids(connection: t.Any, resources: t.Sequence[str]) -> dict[str, str]:
    """Return the ids of the subscriptions that claim these, by resource."""
    found: dict[str, str] = {}
    for some in chunks(resources):
        query = sa.select(claims.c.resource, claims.c.subscription_id).where(claims.c.resource.in_(some))
        found.update({row.resource: row.subscription_id for row in connection.execute(query)})
    return found


def load_subscriptions(connection: t.Any, subscription_ids: t.Sequence[str]) -> dict[str, Stored]:
    """Return the subscriptions of these ids that exist, by id."""
    found: dict[str, Stored] = {}
    for some in chunks(subscription_ids):
        found.update(_read_all(connection.execute(_with_claims(subscriptions.c.subscription_id.in_(some)))))
    return found


def holders(connection: t.Any, resources: t.Sequence[str]) -> dict[str, Stored]:
    """Return the subscriptions that claim these, by resource."""
    by_resource = holder_ids(connection, resources)
    found = load_subscriptions(connection, list(dict.fromkeys(by_resource.values())))
    return {resource: found[key] for resource, key in by_resource.items() if key in found}


def find_subscriptions(connection: t.Any, *conditions: t.Any, **criteria: t.Sequence[t.Any]) -> list[Stored]:
    """Return the subscriptions whose columns have one of the values named for them, in the order of what they stand for, and of their start.

    ``conditions`` are further ones, of SQLAlchemy.
    """
    return sorted(each_subscription(connection, *conditions, **criteria), key=place_of)


def each_subscription(connection: t.Any, *conditions: t.Any, **criteria: t.Sequence[t.Any]) -> t.Iterator[Stored]:
    """Yield the same in no order, one after the other, so that they need not be in memory together."""
    query = _with_claims(*conditions, *having(subscriptions, criteria))
    for _key, stored in _read_all(in_turn(connection, query)):
        yield stored


def place_of(stored: Stored) -> tuple[list[tuple[str, int]], str]:
    """Return what a list of subscriptions is ordered by: what they stand for, and their start."""
    resources, started = (stored.claims, stored.row["start_date"]) if isinstance(stored, Unreadable) else (stored.resources(), stored.start_date)
    parts = (resource.rpartition("/") for resource in resources)
    return [(kind, int(number) if number.isdecimal() else 0) for kind, _slash, number in parts], str(started or "")


def _with_claims(*conditions: t.Any) -> t.Any:
    """Return the statement for subscriptions, by id, with what they claim: of one with several claims, a row for each."""
    claimed = claims.c.subscription_id == subscriptions.c.subscription_id
    query = sa.select(subscriptions, claims.c.resource).outerjoin(claims, claimed).where(*conditions)
    return query.order_by(subscriptions.c.subscription_id)


def _read_all(found: t.Any) -> t.Iterator[tuple[str, Stored]]:
    """Yield the subscriptions of these rows, each with its id."""
    for key, group in itertools.groupby(found.mappings(), key=lambda row: row["subscription_id"]):
        some = list(group)
        yield key, _read(some[0], tuple(sorted(row["resource"] for row in some if row["resource"] is not None)))


def _read(row: t.Mapping[str, t.Any], claimed: tuple[str, ...]) -> Stored:
    """Return the subscription of a row, or what there is of it, with the reason."""
    try:
        problem = _problem(row)
        if problem is None:
            model = load_subscription({name: row[name] for name in PLAIN} | row["block"])
            problem = _contradiction(row, model, claimed)
    except (AttributeError, DomainError, RecursionError, TypeError, ValueError) as error:
        problem = str(error)
    return model if problem is None else Unreadable({name: row[name] for name in _columns()}, problem, claimed)


@functools.cache
def _columns() -> dict[str, bool]:
    """Return the columns of a subscription, and whether they may be empty."""
    return {name: bool(column.nullable) for name, column in subscriptions.c.items()}


def _problem(row: t.Mapping[str, t.Any]) -> str | None:
    """Return what of a row is no value of its kind."""
    for name, nullable in _columns().items():
        value = row[name]
        if isinstance(value, Damaged):
            return f"its {name} holds what is none: {value[:100]!r}"
        if value is None and not nullable:
            return f"its {name} is empty"
    block = row["block"]
    if not isinstance(block, dict) or not block.keys().isdisjoint(PLAIN):
        return "its block is no dictionary of product blocks"
    return None


def _contradiction(row: t.Mapping[str, t.Any], model: SubscriptionModel, claimed: tuple[str, ...]) -> str | None:
    """Return what of a row does not fit the rest of it, so that it would be taken for another one."""
    if str(model.subscription_id) != row["subscription_id"]:
        return "its id is not written as a UUID is"
    if claimed and claimed != tuple(sorted(set(model.resources()))):
        return f"its block stands for {' and '.join(model.resources())}, and it claims {' and '.join(claimed)}"
    return None


def without_claims(connection: t.Any) -> set[str]:
    """Return the ids of the subscriptions that are not terminated and claim nothing: somebody else claims what they stand for, or did."""
    claiming = sa.exists().where(claims.c.subscription_id == subscriptions.c.subscription_id)
    return set(connection.execute(sa.select(subscriptions.c.subscription_id).where(is_live(), sa.not_(claiming))).scalars())


def claims_any_of(resources: t.Collection[str]) -> t.Any:
    """Return the condition that a subscription claims one of these."""
    return subscriptions.c.subscription_id.in_(sa.select(claims.c.subscription_id).where(claims.c.resource.in_(resources)))


def in_block(connection: t.Any, *path: str) -> t.Any:
    """Return a text, or a number as a text, in the blocks of a subscription, for a condition; null where there is none."""
    return text_in(connection, subscriptions.c.block, *path)


def plain(value: t.Any) -> t.Any:
    """Return the value of a column as JSON has it."""
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Damaged) else value
