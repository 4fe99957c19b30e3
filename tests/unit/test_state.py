# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a process remembers: typed for each kind of process, and what the store keeps of it."""

from __future__ import annotations

import pydantic
import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.state import ChangeState, CreateState
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.state import State, read_state

DEVICE = {
    "id": 7,
    "name": "r1",
    "status": "staged",
    "site": "loc1",
    "site_name": "One",
    "role": "core",
    "platform": "",
    "ipv4": "10.0.0.1/32",
    "ipv6": None,
    "etag": None,
    "loopbacks": {"ipv4": {"address": "10.0.0.1/32"}},
}
CREATE = {"claim": "netbox", "required_families": ["ipv4"], "device": DEVICE}
CHANGE = {"changes": {"note": None, "node": {"node_status": "failed"}}, "write": ["status"], "required_families": [], "device": DEVICE}


@pytest.mark.parametrize(("kind", "stored"), [(CreateState, CREATE), (ChangeState, CHANGE), (State, {"whatever": [1, None]})])
def test_a_state_comes_back_from_the_store_as_it_was(kind, stored):
    state = read_state(kind, "p", stored)
    assert state.as_json() == stored
    assert read_state(kind, "p", state.as_json()).as_json() == stored


def test_what_this_release_does_not_know_is_kept_and_what_is_none_is_not():
    state = read_state(CreateState, "p", CREATE | {"of_a_later_release": {"x": 1}, "confirmed": "abc"})
    assert state.having(confirmed=None).as_json() == CREATE | {"of_a_later_release": {"x": 1}}


@pytest.mark.parametrize(
    ("kind", "stored", "field"),
    [
        (CreateState, {}, "device"),
        (CreateState, CREATE | {"claim": "maybe"}, "claim"),
        (CreateState, CREATE | {"device": {"id": 7}}, "device"),
        (CreateState, CREATE | {"device": 7}, "device"),
        (CreateState, CREATE | {"required_families": ["ipv5"]}, "required_families"),
        (ChangeState, {name: value for name, value in CHANGE.items() if name != "write"}, "write"),
        (ChangeState, CHANGE | {"changes": []}, "changes"),
        (State, {"before": "x"}, "before"),
    ],
)
def test_a_state_that_is_not_whole_names_the_field(kind, stored, field):
    with pytest.raises(NodeflowError, match=f"process p cannot be read: its state has no {field} that is one"):
        read_state(kind, "p", stored)


class Pair(State):
    """A state of which two fields must agree."""

    first: int = 0
    last: int = 0

    @pydantic.model_validator(mode="after")
    def _in_order(self):
        if self.last < self.first:
            raise ValueError("the last is before the first")
        return self


def test_a_state_whose_fields_do_not_agree_is_a_sentence_too():
    with pytest.raises(NodeflowError, match="process p cannot be read: its state is none of its workflow"):
        read_state(Pair, "p", {"first": 7, "last": 1})
