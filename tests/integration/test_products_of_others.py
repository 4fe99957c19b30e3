# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A store with a subscription of a collection that is not installed, which claims a device: what is a node's goes round it."""

from __future__ import annotations

import pytest

from in_process import take_into_service


@pytest.fixture
def racked(play, netbox):
    """A store in which a rack that nobody here knows has the first of two planned devices, and the node of a third is in service."""
    taken, free, enrolled = netbox.make_many(3)
    take_into_service(play, enrolled)
    [row] = play.rows("SELECT * FROM subscriptions")
    rack = row | {"subscription_id": "11111111-2222-4333-8444-555555555555", "product": "acme.racks.Rack", "description": "Rack 3", "block": {"rack": {}}}
    play.store.insert("subscriptions", [rack])
    play.store.insert("claims", [{"resource": f"dcim.device/{taken}", "subscription_id": rack["subscription_id"]}])
    return taken, free, enrolled


def test_a_device_that_another_product_has_is_not_enrolled_and_the_others_are(play, netbox, racked):
    taken, free, _enrolled = racked
    done = play.create(nodes=[taken, free], confirm_config=True)
    assert done.returncode != 0 and "cannot be enrolled: " in done.output and "acme.racks" in done.output
    assert (netbox.status(taken), netbox.status(free)) == ("planned", "active")


def test_what_is_for_nodes_passes_over_it(play, netbox, racked):
    taken, _free, enrolled = racked
    netbox.set(taken, status="active")  # which would be a device without a subscription
    checked = play("nodeflow.orchestrator.validate_node", nodes=[enrolled])
    everything = play("nodeflow.orchestrator.validate_node")
    assert not [one for one in everything.results["validate_node"]["findings"] if one["device_id"] == taken]
    assert checked.returncode == 0 and checked.results["validate_node"]["findings"] == []
    assert play("nodeflow.orchestrator.modify_node", nodes=[enrolled], note="x").returncode == 0
    refused = play("nodeflow.orchestrator.modify_node", nodes=[taken], note="x")
    assert refused.returncode != 0 and "has no subscription" in refused.output
    by_id = play("nodeflow.orchestrator.terminate_node", subscription_ids=["11111111-2222-4333-8444-555555555555"], confirm_config=True)
    assert by_id.returncode != 0 and "is of the product acme.racks.Rack, which acme.racks takes care of" in by_id.output
    assert len(play.rows("SELECT * FROM subscriptions WHERE status = 'active'")) == 2


def test_reset_does_not_lose_it(play, netbox, racked):
    _taken, _free, enrolled = racked
    refused = play("nodeflow.orchestrator.reset", confirm=True)
    assert refused.returncode != 0, refused.output
    assert "The store has 1 subscription of acme.racks in it, whose objects in NetBox reset does not know; terminate it first" in refused.output
    assert netbox.status(enrolled) == "active" and len(play.rows("SELECT * FROM subscriptions")) == 2
