# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What NetBox's change log tells of a claim before 4.6, where each write saves the whole row: for the person whose edit was overwritten."""

from __future__ import annotations

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.changelog import Change
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.claim import _lost, _our_claim
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.overwritten import overwritten

KEY = "0a4ac9a2-4c4e-4d2c-8a2f-6c1e5b0f9f0e"
OURS = f"nodeflow.orchestrator create_node, process {KEY}"


def change(message, before, after):
    return Change(7, message, {"status": "planned", "site": 1, "comments": "old"} | before, {"status": "planned", "site": 1, "comments": "old"} | after)


A_PERSON = change("", {}, {"comments": "dog"})
CLAIM = change(OURS, {}, {"status": "staged"})
PUT_BACK = change(OURS + ", put back", {"status": "staged"}, {"status": "staged", "comments": "dog"})


def work():
    return type("Work", (), {"key": KEY})()


def test_an_edit_that_the_claim_overwrote_is_found():
    assert overwritten([A_PERSON, CLAIM], 1, {"status": "planned"}) == {"comments": "dog"}


def test_what_was_put_back_is_no_claim_and_is_not_undone_by_a_resume():
    assert _our_claim(KEY, [A_PERSON, CLAIM, PUT_BACK]) == 1
    assert _our_claim(KEY, [PUT_BACK]) is None
    assert _lost(work(), {"status": "staged", "comments": "dog"}, [A_PERSON, CLAIM, PUT_BACK]) == {}


def test_what_netbox_moved_without_a_line_in_its_log_is_not_put_back():
    """It moves devices with their rack or location like that, and so do scripts."""
    earlier = change("", {"comments": "older"}, {})
    claim = change(OURS, {"site": 2}, {"site": 2, "status": "staged"})
    assert overwritten([earlier, claim], 1, {"status": "planned"}) == {}
