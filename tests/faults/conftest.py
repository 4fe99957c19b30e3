# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of faults share: a disk and a PostgreSQL server that can be broken without breaking anything else, and devices at hand."""

from __future__ import annotations

import pathlib
import shutil
import typing as t

import pytest
import requests
from hypothesis import HealthCheck, settings

from fake_netbox import FakeNetbox
from in_process import InProcess
from killing import end_runs
from postgres import Cluster, make_home, new_password
from small_disk import CannotMount, SmallDisk
from stores import SqliteStore


@pytest.fixture
def claiming(lab: dict[str, t.Any], tmp_path: pathlib.Path) -> InProcess:
    """The same with an SQLite store, so that NetBox decides who has a device."""
    return InProcess(lab, SqliteStore(tmp_path))


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> t.Callable[[FakeNetbox], FakeNetbox]:
    """Return a function: from now on, all requests go to that fake, and nobody waits between two."""
    current: list[FakeNetbox] = []
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    monkeypatch.setattr(requests.Session, "get_adapter", lambda session, url: current[-1])

    def use(netbox: FakeNetbox) -> FakeNetbox:
        current[:] = [netbox]
        return netbox

    return use


@pytest.fixture
def examples(request: pytest.FixtureRequest) -> t.Callable[[int], settings]:
    """How hypothesis looks: ``number`` examples, the same ones in each ``make test``; in the soak new ones, and twenty times as many."""
    full = bool(request.config.getoption("--soak"))
    checks = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
    common: dict[str, t.Any] = {"print_blob": True, "deadline": None, "database": None, "suppress_health_check": checks}
    return lambda number: settings(max_examples=number * (20 if full else 1), derandomize=not full, **common)


@pytest.fixture
def disk(tmp_path: pathlib.Path, soak: bool) -> t.Iterator[SmallDisk]:
    """A small disk. Where the system allows none, the full run fails, and the bounded one says that it skips."""
    try:
        mounted = SmallDisk(tmp_path / "disk")
    except CannotMount as error:
        (pytest.fail if soak else pytest.skip)(f"NOT INJECTED: {error}")
    with mounted:
        yield mounted
        end_runs()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Cluster]:
    """A PostgreSQL server of the test's own."""
    home = make_home(tmp_path_factory.mktemp("cluster"), "faults")
    own = Cluster(home, new_password(), None)
    try:
        own.start()
        yield own
    finally:
        own.stop()
        shutil.rmtree(home)
