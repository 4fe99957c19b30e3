# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Subscriptions: the fields that every product has, and the move from one lifecycle to the next.

A product is a family of pydantic models, one for some of the lifecycle's states. Each names its product and its states:

    class CircuitInactive(SubscriptionModel, product="acme.circuits.Circuit", lifecycle=["initial", "terminated"]): ...

A new product adds such models in a file of its own; nothing here changes.
"""

from __future__ import annotations

import datetime
import typing as t
import uuid

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.collection import OURS, collection_of, why_not_imported
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.lifecycle import SubscriptionLifecycle, check_transition
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import DomainError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import pydantic

__all__ = [
    "SAVED",
    "Context",
    "ProductBlockModel",
    "SubscriptionModel",
    "check_customer_id",
    "load_subscription",
    "move_to_lifecycle",
    "product_type",
    "revise",
]

Context = t.Mapping[str, t.Any]
"""The context of a validation: what a product's validators are to know, under keys that it names."""

SAVED: Context = {"saved": True}
"""The context of what was saved before: whatever its state needed was there then, so that only the types count."""

SHOWN_BESIDE = frozenset({"in_use_by", "problem", "process_id", "process_status", "process_workflow"})
"""What an answer says of a subscription beside its fields, under these names."""

Model = t.TypeVar("Model", bound="SubscriptionModel")

_PRODUCT_TYPES: dict[str, dict[SubscriptionLifecycle, type[SubscriptionModel]]] = {}


class ProductBlockModel(pydantic.BaseModel):
    """What a subscription is about: the typed fields of one resource."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class SubscriptionModel(pydantic.BaseModel):
    """The fields of a subscription of any product.

    ``version`` counts the saves, from 1. ``start_date`` is set when it becomes active, ``end_date`` when it is terminated; both are
    in UTC. While ``insync`` is false a workflow is at work on it.
    """

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    subscription_id: uuid.UUID = pydantic.Field(default_factory=uuid.uuid4)
    product: str
    customer_id: str
    status: SubscriptionLifecycle = SubscriptionLifecycle.INITIAL
    insync: bool = False
    description: str = ""
    note: t.Optional[str] = None
    start_date: t.Optional[datetime.datetime] = None
    end_date: t.Optional[datetime.datetime] = None
    version: int = 1

    @classmethod
    def __pydantic_init_subclass__(cls, product: str | None = None, lifecycle: t.Sequence[str] = (), **kwargs: t.Any) -> None:
        """Register the type as that of ``product`` in the states of ``lifecycle``."""
        super().__pydantic_init_subclass__(**kwargs)
        taken = sorted(SHOWN_BESIDE & cls.model_fields.keys())
        if taken:
            raise DomainError(f"a product's fields cannot be called {', '.join(taken)}, as {cls.__name__} has it: answers have something else of that name")
        if product:
            _PRODUCT_TYPES.setdefault(product, {}).update({SubscriptionLifecycle(state): cls for state in lifecycle})

    def __init_subclass__(cls, product: str | None = None, lifecycle: t.Sequence[str] = (), **kwargs: t.Any) -> None:
        """Take the class keywords that __pydantic_init_subclass__ works on."""
        super().__init_subclass__(**kwargs)

    def resources(self) -> tuple[str, ...]:
        """Return what the subscription stands for, as long as it is not terminated, each as the type and id of an object of NetBox: "dcim.device/7".

        Of all subscriptions, one claims a resource.
        """
        return ()

    def depends_on(self) -> tuple[uuid.UUID, ...]:
        """Return the subscriptions that this one uses, as long as it is not terminated. They must be active and in sync when it begins, and are not terminated
        before it is.
        """
        return ()


def check_customer_id(customer_id: str) -> None:
    """Raise DomainError for a customer that no subscription can have."""
    if not 1 <= len(customer_id) <= 200:
        raise DomainError("customer_id must have 1 to 200 characters")


def product_type(product: str, status: SubscriptionLifecycle) -> type[SubscriptionModel]:
    """Return the model of ``product`` in the state ``status``, imported with the product's collection on first sight. Raises DomainError for a product or a
    state without one.
    """
    missing = why_not_imported(collection_of(product)) if product not in _PRODUCT_TYPES and collection_of(product) != OURS else None
    types = _PRODUCT_TYPES.get(product)
    if types is None and missing:
        raise DomainError(f"the product {product} is not known here: {missing}")
    if types is None:
        raise DomainError(f"there is no product {product}; known are: {', '.join(sorted(_PRODUCT_TYPES)) or 'none'}")
    if status not in types:
        raise DomainError(f"the product {product} has no type for the lifecycle {status}")
    return types[status]


def load_subscription(data: dict[str, t.Any]) -> SubscriptionModel:
    """Return the typed model of a subscription that was saved before. Raises DomainError where the data does not fit its state."""
    known = [status.value for status in SubscriptionLifecycle]
    if data["status"] not in known:
        raise DomainError(f"there is no lifecycle {data['status']}; known are: {', '.join(known)}")
    return _validate(product_type(data["product"], SubscriptionLifecycle(data["status"])), data, SAVED)


def move_to_lifecycle(subscription: SubscriptionModel, target: SubscriptionLifecycle, context: Context | None = None) -> SubscriptionModel:
    """``subscription`` as its product's type for the state ``target``, with start or end date where that state sets it. ``context`` is what the
    product's validators are told.

    Raises DomainError for a transition that the lifecycle does not allow, and where fields that the new state needs are missing: the
    message names all of them.
    """
    check_transition(subscription.status, target)
    now = datetime.datetime.now(datetime.timezone.utc)
    data = subscription.model_dump() | {"status": target}
    if target is SubscriptionLifecycle.ACTIVE and subscription.start_date is None:
        data["start_date"] = now
    if target is SubscriptionLifecycle.TERMINATED:
        data["end_date"] = now
    return _validate(product_type(subscription.product, target), data, context)


def revise(subscription: Model, changes: dict[str, t.Any], context: Context | None = None) -> Model:
    """``subscription`` with some fields changed, those of blocks in a dictionary under the block's name. It keeps its type. ``context`` is what the
    product's validators are told.

    Raises DomainError where the type's rules no longer hold.
    """
    data = subscription.model_dump()
    for name, value in changes.items():
        before = data.get(name)
        data[name] = before | value if isinstance(before, dict) and isinstance(value, dict) else value
    return _validate(type(subscription), data, context)


def _validate(cls: type[Model], data: dict[str, t.Any], context: Context | None) -> Model:
    try:
        return cls.model_validate(_without_none(data), context=context)
    except pydantic.ValidationError as error:
        raise DomainError(_sentence(cls, data, error)) from error


def _without_none(data: dict[str, t.Any]) -> dict[str, t.Any]:
    """Drop the fields that are None, so that pydantic calls a required one missing, by name."""
    return {key: _without_none(value) if isinstance(value, dict) else value for key, value in data.items() if value is not None}


def _sentence(cls: type[SubscriptionModel], data: dict[str, t.Any], error: t.Any) -> str:
    problems = error.errors(include_url=False)
    names = [".".join(str(part) for part in problem["loc"]) for problem in problems]
    missing = [name for name, problem in zip(names, problems) if problem["type"] == "missing"]
    wrong = [f"{name} ({problem['msg']})" for name, problem in zip(names, problems) if problem["type"] != "missing"]
    parts = [f"missing: {', '.join(missing)}"] if missing else []
    parts += [f"wrong: {'; '.join(wrong)}"] if wrong else []
    return f"{data.get('description') or 'the subscription'} is not complete enough for {data['status']} ({cls.__name__}): {'; '.join(parts)}"
