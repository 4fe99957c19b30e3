# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stores that are copied or imported: check mode says what the run then does, and what cannot be is said before anything is made."""

from __future__ import annotations

import os
import pathlib

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import StoreError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.engine import Store
from filled_store import NETBOX, FilledStore
from in_process import call_module


@pytest.fixture
def source(tmp_path):
    """A store with two nodes in service."""
    return FilledStore(tmp_path / "of others" / "store.db", 2)


def read_only(monkeypatch, source):
    """Nobody here may write the source."""
    real = os.access
    place = str(pathlib.Path(source.path).parent)
    monkeypatch.setattr(os, "access", lambda path, mode: real(path, mode) and not (mode & os.W_OK and str(path).startswith(place)))


def imported(tmp_path, source, check_mode=False, **options):
    """The result of an import, and what was said."""
    said = []
    known = {"source": source.location, "store": str(tmp_path / "here.db"), "netbox_url": NETBOX} | options
    return call_module("import_subscriptions", {name: value for name, value in known.items() if value}, check_mode, said), said


@pytest.mark.parametrize("may_write", [True, False])
def test_check_mode_says_whether_the_source_will_be_marked(tmp_path, source, monkeypatch, may_write):
    if not may_write:
        read_only(monkeypatch, source)
    expected, told = imported(tmp_path, source, check_mode=True)
    found, said = imported(tmp_path, source)
    assert expected["source_moved"] is found["source_moved"] is may_write and expected["imported"] == found["imported"]
    assert [any("was not marked as moved" in text for text in texts) for texts in (told, said)] == [not may_write] * 2
    again, dummy = imported(tmp_path, source, check_mode=True)
    assert again["changed"] is False


def test_a_store_is_said_to_be_marked_once_it_is(tmp_path, source, monkeypatch):
    def broken(*arguments):
        raise StoreError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(Store, "mark_moved", broken)
        found, said = imported(tmp_path, source)
    assert found["failed"] and found["msg"] == "The disk is full" and not any("marked as moved" in text for text in said)
    found, said = imported(tmp_path, source)
    assert found["source_moved"] and any("was marked as moved, so that no run goes on with it" in text for text in said)


def test_a_store_that_was_read_says_whose_ids_it_has(tmp_path, source, monkeypatch):
    monkeypatch.delenv("NETBOX_URL", raising=False)
    found, dummy = imported(tmp_path, source, netbox_url=None)
    assert found["imported"]["live"] == 2
    assert call_module("subscription_info", {"store": str(tmp_path / "here.db")})["subscriptions"][0]["device_url"].startswith(NETBOX)


@pytest.mark.parametrize("check_mode", [True, False])
def test_where_nothing_says_whose_ids_they_are_nothing_is_made(tmp_path, source, monkeypatch, check_mode):
    monkeypatch.delenv("NETBOX_URL", raising=False)
    source.change("DELETE FROM nodeflow_store WHERE name = 'netbox_url'")
    found, dummy = imported(tmp_path, source, check_mode, netbox_url=None)
    assert found["failed"] and found["msg"].startswith("netbox_url is not set") and not (tmp_path / "here.db").exists()


def copied(source, target, check_mode=False):
    """The result of copy_store."""
    return call_module("copy_store", {"store": source.location, "target": str(target)}, check_mode)


def test_a_store_that_may_only_be_read_cannot_be_moved(tmp_path, source, monkeypatch):
    """As any change to it; check mode is for who may only look, too."""
    read_only(monkeypatch, source)
    assert copied(source, tmp_path / "new.db", True)["changed"]
    found = copied(source, tmp_path / "new.db")
    why = f"The store store.db in {source.path.parent} cannot be written: the file or its directory is read-only for this login"
    assert found["failed"] and found["msg"] == why


def test_the_same_command_again_is_for_the_target_of_the_first(tmp_path, source):
    assert copied(source, tmp_path / "new.db")["changed"]
    again = copied(source, tmp_path / "new.db")
    assert (again["changed"], again["rows"]["subscriptions"]) == (False, 2)
    more = FilledStore(tmp_path / "more.db", 5)  # it has gone on since, and has others as well
    assert not copied(source, more.path).get("failed")
    FilledStore(tmp_path / "less.db", 1)
    for other in ("less.db", "none.db"):
        wrong = copied(source, tmp_path / other)
        assert wrong["failed"] and wrong["msg"] == (
            f"The store store.db in {source.path.parent} was moved to the store new.db in {tmp_path} before, so copy that one"
        )
