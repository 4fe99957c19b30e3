# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""kill -9 of whole runs over several devices, with a PostgreSQL store. Whatever the moment, one resume completes what stands."""

from __future__ import annotations

import pytest

from campaign import TASKS, Campaign, Unkilled, boundaries, calls, drawn
from killing import START
from player import Player
from stores import PostgresqlStore

REQUESTS = 4


def pytest_generate_tests(metafunc):
    if "first" in metafunc.fixturenames:
        bounded = [moment for moment in boundaries() if moment.kind == START and moment.number > 2]  # nothing is stored before
        metafunc.parametrize("first", boundaries() + calls(REQUESTS) + drawn(24) if metafunc.config.getoption("--soak") else bounded, ids=str)


@pytest.fixture(scope="module")
def unkilled(lab, netbox, tmp_path_factory):
    store = PostgresqlStore(lab["postgres_dsn"])
    yield Unkilled.play(Player(lab, tmp_path_factory.mktemp("unkilled"), store), netbox)
    store.drop()


def test_every_moment_is_known(unkilled):
    assert (unkilled.tasks, unkilled.requests) == (TASKS, REQUESTS)


def test_a_killed_run_is_finished_by_one_resume(lab, tmp_path, postgresql, netbox, fault_table, chance, unkilled, first, soak):
    play = Player(lab, tmp_path, postgresql)
    Campaign(play, netbox, fault_table, chance, unkilled.seconds, "PostgreSQL").run(first, kills=3 if soak else 2)
