# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of faults share."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from in_process import InProcess
from lab_netbox import Netbox
from stores import SqliteStore, Store

IN_A_BATCH = 12


@pytest.fixture(scope="session")
def new_device(netbox: Netbox) -> t.Callable[[], int]:
    """Answers with a new planned device at each call."""
    made: list[int] = []

    def new() -> int:
        if not made:
            made.extend(netbox.make_many(IN_A_BATCH))
        return made.pop()

    return new


@pytest.fixture
def enrol(lab: dict[str, t.Any], store: Store) -> InProcess:
    """create_node in this process against the lab, with an empty store of each kind in turn."""
    return InProcess(lab, store)


@pytest.fixture
def claiming(lab: dict[str, t.Any], tmp_path: pathlib.Path) -> InProcess:
    """The same with an SQLite store, so that NetBox decides who has a device."""
    return InProcess(lab, SqliteStore(tmp_path))
