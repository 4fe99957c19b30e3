# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A product that is named by its collection: imported on first sight, and where that cannot be, shown as it is stored."""

from __future__ import annotations

import sys
import textwrap

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain import collection, subscription
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import DomainError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.command import to_resume
from filled_store import FilledStore
from in_process import call_module

BROUGHT = """
    import typing as t
    from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.subscription import ProductBlockModel, SubscriptionModel

    class CircuitBlock(ProductBlockModel):
        speed: int

    class Circuit(SubscriptionModel, product="{0}.Circuit", lifecycle=["initial", "provisioning", "active", "terminated"]):
        circuit: CircuitBlock
"""


@pytest.fixture
def bring(tmp_path, monkeypatch):
    """Install a collection of that name, whose package of module_utils has this code."""
    collection.why_not_imported.cache_clear()

    def installed(name, code):
        package = tmp_path / "elsewhere" / "ansible_collections" / name.replace(".", "/") / "plugins" / "module_utils"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(textwrap.dedent(code), encoding="utf-8")
        import ansible_collections  # a package of as many places as there are collections

        monkeypatch.setattr(ansible_collections, "__path__", [*ansible_collections.__path__, str(tmp_path / "elsewhere" / "ansible_collections")])

    yield installed
    collection.why_not_imported.cache_clear()
    for name in [name for name in sys.modules if name.startswith("ansible_collections.strange")]:
        del sys.modules[name]


def stored(tmp_path, product):
    """A store whose second subscription is of that product."""
    store = FilledStore(tmp_path / "store.db", 2)
    store.change(
        "UPDATE subscriptions SET product = ?, block = '{\"circuit\": {\"speed\": 100}}' WHERE json_extract(block, '$.node.node_id') = 2", product
    )
    store.change("DELETE FROM claims WHERE resource = 'dcim.device/2'")
    return store


def shown(store):
    """The subscription of the other product, as subscription_info answers, and how many there are."""
    found = call_module("subscription_info", {"store": store.location})["subscriptions"]
    return next(one for one in found if one["product"] != "Node"), len(found)


def test_the_collection_of_a_product_is_imported_on_first_sight(bring, tmp_path):
    bring("strange.one", BROUGHT.format("strange.one"))
    found, count = shown(stored(tmp_path, "strange.one.Circuit"))
    assert count == 2 and found["problem"] is None and found["circuit"] == {"speed": 100}


def test_a_product_whose_collection_is_not_installed_is_shown_as_it_is_stored(tmp_path):
    found, count = shown(stored(tmp_path, "strange.absent.Circuit"))
    assert count == 2 and found["circuit"] == {"speed": 100}
    needed = "it needs the collection strange.absent, which is not installed here; a module that runs in a process of its own"
    assert found["problem"].startswith(f"the product strange.absent.Circuit is not known here: {needed}")


@pytest.mark.parametrize("code", ["import no_such_library", "1 / 0", "raise RuntimeError('no')", "x ="])
def test_a_collection_that_cannot_be_imported_hides_nothing(bring, tmp_path, code):
    bring("strange.broken", code)
    found, count = shown(stored(tmp_path, "strange.broken.Circuit"))
    assert count == 2 and "needs the collection strange.broken, which cannot be imported here: " in found["problem"]


@pytest.mark.parametrize("product", ["Port", "../../x.y.Z", "a.b.c.d", "os.path", "a.b.", "..x"])
def test_a_name_that_is_no_collections_imports_nothing(product, monkeypatch):
    monkeypatch.setattr(subscription, "why_not_imported", lambda name: pytest.fail(f"imports {name}"))
    with pytest.raises(DomainError, match="there is no product"):
        subscription.product_type(product, subscription.SubscriptionLifecycle.ACTIVE)


def test_commands_name_the_playbooks_of_the_collection():
    for workflow, theirs in (("acme.circuits.create_circuit", "acme.circuits"), ("create_node", "nodeflow.orchestrator")):
        how = to_resume(["p"], collection.collection_of(workflow))
        assert str(how) == f"ansible-playbook {theirs}.resume -e process_ids=p"


@pytest.mark.parametrize(("count", "how"), [(11, "-e status=interrupted -e take_over=true"), (10, "-e take_over=true")])
def test_those_of_another_collection_that_a_run_holds_are_continued_by_whoever_knows_that_it_is_gone(tmp_path, count, how):
    store = FilledStore(tmp_path / "store.db", count, lambda number: "running")
    store.change("UPDATE processes SET workflow = 'strange.absent.create_circuit'")
    said: list[str] = []
    options = {"store": store.location, "process_status": ["interrupted"], "take_over": True}
    result = call_module("initial_input_form", options, said=said)
    assert not result.get("failed"), result
    [told] = [text for text in said if f"{count} processes are of strange.absent" in text]
    assert told.endswith(how) and "status=running" not in told and ("process_ids=" in told) is (count == 10)


@pytest.mark.parametrize(("module", "by"), [("abort", "process_ids"), ("initial_input_form", "status")])
def test_many_processes_of_another_collection_are_continued_by_how_they_stand_and_aborted_by_their_ids(tmp_path, module, by):
    store = FilledStore(tmp_path / "store.db", 11, lambda number: "failed")
    store.change("UPDATE processes SET workflow = 'strange.absent.create_circuit'")
    said: list[str] = []
    result = call_module(module, {"store": store.location, "process_status": ["failed"]}, said=said)
    assert not result.get("failed"), result
    verb = "abort" if module == "abort" else "resume"
    [told] = [text for text in said if "11 processes are of strange.absent" in text]
    assert f"ansible-playbook strange.absent.{verb} -e {by}=" in told
    assert told.count("-") > 4 * 11 if by == "process_ids" else told.endswith("status=failed")
