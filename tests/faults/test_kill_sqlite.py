# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""kill -9 of whole runs over several devices, with an SQLite store. Whatever the moment, one resume completes what stands."""

from __future__ import annotations

import pytest

from campaign import TASKS, Campaign, Unkilled, boundaries, calls, drawn
from player import Player
from stores import SqliteStore

REQUESTS = 5


def pytest_generate_tests(metafunc):
    if "first" in metafunc.fixturenames:
        soak = metafunc.config.getoption("--soak")
        metafunc.parametrize("first", calls(REQUESTS) + (boundaries() + drawn(24) if soak else drawn(2)), ids=str)


@pytest.fixture(scope="module")
def unkilled(lab, netbox, tmp_path_factory):
    directory = tmp_path_factory.mktemp("unkilled")
    return Unkilled.play(Player(lab, directory, SqliteStore(directory)), netbox)


def test_every_moment_is_known(unkilled):
    assert (unkilled.tasks, unkilled.requests) == (TASKS, REQUESTS)


def test_a_killed_run_is_finished_by_one_resume(play, netbox, fault_table, chance, unkilled, first, soak):
    Campaign(play, netbox, fault_table, chance, unkilled.seconds, "SQLite").run(first, kills=3 if soak else 2)
