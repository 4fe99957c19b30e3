# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All tests import the collection, and run its playbooks, from this checkout, with the programs of this Python's environment.

Under ansible-test, the checkout is its copy, and the environment is as ansible-test makes it.

The fixtures are what the tests with a real NetBox stand on; what they are made of is in ``support``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

sys.path[:0] = [str(ROOT / place) for place in ("scripts", "tests/support", "tests/benchmarks", "lab")]  # ansible-test reads no pytest.ini

from in_process import InProcess
from killing import end_runs
from lab_netbox import Netbox
from make_venv import link_collection
from player import Player
from stores import PostgresqlStore, SqliteStore, Store

pytest_plugins = ["fault_table"]

UNDER_ANSIBLE_TEST = "ANSIBLE_CONTROLLER_MIN_PYTHON_VERSION" in os.environ

if not UNDER_ANSIBLE_TEST:
    COLLECTIONS = str(link_collection())
    sys.path.insert(0, COLLECTIONS)
    for name in [name for name in os.environ if name.startswith("ANSIBLE_")]:
        del os.environ[name]  # a developer's own settings
    os.environ["ANSIBLE_COLLECTIONS_PATH"] = COLLECTIONS
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        del os.environ[name]  # those of a hook lead to another repository
    os.environ |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    os.environ |= {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
    os.environ["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", os.defpath)])


@pytest.fixture(scope="session")
def lab() -> dict[str, t.Any]:
    """The lab instance for tests, brought up if it is not."""
    name = os.environ.get("NODEFLOW_LAB_NAME", "test")
    command = [sys.executable, str(ROOT / "lab" / "lab.py")]
    subprocess.run([*command, "up", "--name", name], check=True, stdin=subprocess.DEVNULL)
    return json.loads(subprocess.run([*command, "env", "--name", name, "--json"], check=True, capture_output=True, text=True).stdout)


@pytest.fixture(scope="session")
def netbox(lab: dict[str, t.Any]) -> Netbox:
    """A reader and writer of the lab's NetBox."""
    return Netbox(lab["url"], lab["tokens"]["admin"])


@pytest.fixture(autouse=True)
def _no_run_outlives_its_test() -> t.Iterator[None]:
    yield
    end_runs()


@pytest.fixture
def play(lab: dict[str, t.Any], tmp_path: Path) -> Player:
    """ansible-playbook against the lab, with an empty SQLite store."""
    return Player(lab, tmp_path, SqliteStore(tmp_path))


@pytest.fixture
def postgresql(lab: dict[str, t.Any]) -> t.Iterator[PostgresqlStore]:
    """An empty PostgreSQL store."""
    store = PostgresqlStore(lab["postgres_dsn"])
    yield store
    end_runs()
    store.drop()


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """An empty store, of each kind in turn."""
    return SqliteStore(tmp_path) if request.param == "sqlite" else request.getfixturevalue("postgresql")


@pytest.fixture
def enrol(lab: dict[str, t.Any], store: Store) -> InProcess:
    """create_node in this process against the lab, with an empty store of each kind in turn."""
    return InProcess(lab, store)


@pytest.fixture
def play_on(lab: dict[str, t.Any], tmp_path: Path, store: Store) -> Player:
    """ansible-playbook against the lab, with an empty store of each kind in turn."""
    return Player(lab, tmp_path, store)
