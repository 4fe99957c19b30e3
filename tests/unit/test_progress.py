# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far a long step is: for who watches a run over thousands, and must not be bothered by one over a few."""

from __future__ import annotations

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.progress import Progress


def told(*reports):
    """What is shown, of reports that are each (seconds since the beginning, done, failed)."""
    lines, now = [], [100.0]
    progress = Progress(lines.append, "update_node_in_netbox", 1000, "nodes", clock=lambda: now[0])
    for seconds, done, failed in reports:
        now[0] = 100.0 + seconds
        progress(done, failed)
    return lines


def test_a_step_that_is_over_at_once_says_nothing():
    assert told((1, 500, 0), (3, 1000, 2)) == []


def test_a_long_step_says_how_far_it_is_every_ten_seconds():
    assert told((2, 100, 0), (5, 250, 0), (9, 500, 0), (15, 750, 3), (20, 900, 3), (25, 1000, 3)) == [
        "update_node_in_netbox: 250 of 1000 nodes, 50.0 a second, about 15 s left",
        "update_node_in_netbox: 750 of 1000 nodes, 3 failed, 50.0 a second, about 5 s left",
        "update_node_in_netbox: 1000 of 1000 nodes, 3 failed, 40.0 a second, 25 s in all",
    ]
