# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of faults share: a disk and a PostgreSQL server that can be broken without breaking anything else."""

from __future__ import annotations

import pathlib
import shutil
import sys
import typing as t

import pytest
from small_disk import CannotMount, SmallDisk

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "lab"))

from postgres import Cluster, make_home, new_password  # noqa: E402  # pylint: disable=wrong-import-position


@pytest.fixture
def disk(tmp_path: pathlib.Path, soak: bool) -> t.Iterator[SmallDisk]:
    """A small disk. Where the system allows none, the full run fails, and the bounded one says that it skips."""
    try:
        mounted = SmallDisk(tmp_path / "disk")
    except CannotMount as error:
        (pytest.fail if soak else pytest.skip)("NOT INJECTED: {0}".format(error))
    with mounted:
        yield mounted


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
