# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Products that use the names that ours uses: their subscriptions are shown as they are, and hide no others."""

from __future__ import annotations

import json
import typing as t
import uuid

import pydantic
import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain import subscription as domain
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.subscription import ProductBlockModel, SubscriptionModel, revise
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import DomainError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._reports.page import data_of
from filled_store import FilledStore
from in_process import call_module

STATES = ("initial", "provisioning", "active", "terminated")


@pytest.fixture(autouse=True)
def _products(monkeypatch):
    monkeypatch.setattr(domain, "_PRODUCT_TYPES", dict(domain._PRODUCT_TYPES))


def define(product, **fields):
    """A product with these fields, by their types, in all states; its type."""
    annotations = {name: (kind, None) for name, kind in fields.items()}
    return pydantic.create_model(product, __base__=SubscriptionModel, __cls_kwargs__={"product": product, "lifecycle": STATES}, **annotations)


@pytest.fixture
def store(tmp_path):
    """A store with three nodes."""
    return FilledStore(tmp_path / "store.db", 3)


def as_product(store, number, product, block):
    """Have the subscription of that number be of another product."""
    key = str(uuid.UUID(int=1 << 64 | number))
    statement = "UPDATE subscriptions SET product = ?, block = ?, description = ? WHERE subscription_id = ?"
    store.change(statement, product, json.dumps(block), f"Another {number}", key)
    store.change("UPDATE processes SET state = '{}', workflow = 'acme.other.create' WHERE subscription_id = ?", key)
    store.change("DELETE FROM claims WHERE subscription_id = ?", key)


def by_id(answers):
    """In the order of their ids, whatever their product."""
    return sorted(answers, key=lambda one: one["subscription_id"])


def shown(store, tmp_path):
    """The subscriptions as subscription_info, its CSV and the report show them."""
    answers = by_id(call_module("subscription_info", {"store": store.location})["subscriptions"])
    exported = call_module("subscription_info", {"store": store.location, "dest": str(tmp_path / "all.csv"), "format": "csv"})
    made = call_module("report", {"store": store.location, "dest": str(tmp_path / "report.html")})
    assert not exported.get("failed") and not made.get("failed"), (exported, made)
    table = data_of((tmp_path / "report.html").read_text(encoding="utf-8"))["subscriptions"]
    return answers, by_id([dict(zip(table["columns"], row)) for row in table["rows"]])


def test_a_field_that_is_called_as_a_block_of_ours_is_that_field(store, tmp_path):
    define("Lease", node=t.Optional[uuid.UUID])
    as_product(store, 2, "Lease", {"node": str(uuid.UUID(int=7))})
    answers, rows = shown(store, tmp_path)
    assert answers[1]["node"] == str(uuid.UUID(int=7)) and answers[1]["problem"] is None
    assert [row["name"] for row in rows] == ["node-1", "Another 2", "node-3"] and rows[1]["ipv4"] is None


def test_a_block_that_is_called_as_a_fact_of_ours_is_that_block(store, tmp_path):
    class Place(ProductBlockModel):
        """A site."""

        slug: str
        region: t.Optional[str] = None

    define("Site", site=t.Optional[Place])
    as_product(store, 2, "Site", {"site": {"slug": "loc9"}})
    answers, rows = shown(store, tmp_path)
    assert answers[1]["site"] == {"slug": "loc9", "region": None} and answers[0]["site"] == "loc2"
    assert (rows[1]["site"], rows[1]["name"], rows[0]["site"]) == (None, "Another 2", "loc2")


def test_a_text_that_is_called_as_a_fact_of_ours_is_shown(store, tmp_path):
    define("Stay", site=t.Optional[str], device_id=t.Optional[int])
    as_product(store, 2, "Stay", {"site": "loc9", "device_id": 77})
    answers, rows = shown(store, tmp_path)
    assert (answers[1]["site"], answers[1]["device_id"], rows[1]["site"], rows[1]["device_id"]) == ("loc9", 77, "loc9", 77)


@pytest.mark.parametrize("name", ["problem", "process_id", "process_status", "process_workflow", "in_use_by"])
def test_a_field_cannot_be_called_as_what_is_said_beside_the_fields(name):
    with pytest.raises(DomainError) as error:
        define("Wrong", **{name: t.Optional[str]})
    assert str(error.value) == f"a product's fields cannot be called {name}, as Wrong has it: answers have something else of that name"


def test_a_block_that_is_not_there_yet_can_be_filled():
    class Extra(ProductBlockModel):
        """Two numbers."""

        a: int = 0
        b: int = 0

    kind = define("Optional", extra=t.Optional[Extra])
    bare = kind(product="Optional", customer_id="c")
    filled = revise(bare, {"extra": {"a": 1}})
    assert filled.extra == Extra(a=1) and revise(filled, {"extra": {"b": 2}}).extra == Extra(a=1, b=2) and revise(filled, {"extra": None}).extra is None
    with pytest.raises(DomainError, match="nowhere"):
        revise(bare, {"nowhere": {"a": 1}})
