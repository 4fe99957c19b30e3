# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A store that this login may only read: for the colleague who wants the report of a store that somebody else owns. It is read, and left as it was."""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import sqlite3
import tempfile

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import StoreError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store import engine, whole_copy
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.engine import open_store
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.whole_copy import copy_whole

NETBOX = "https://netbox.example.org"


@pytest.fixture
def path(tmp_path, monkeypatch):
    """The file of a store that belongs to a NetBox, which nobody here may write; copies of it lie in ``copies``."""
    file = tmp_path / "of others" / "store.db"
    with contextlib.closing(open_store(str(file))) as store:
        store.belongs_to(NETBOX)
    (tmp_path / "copies").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "copies"))
    real = os.access
    monkeypatch.setattr(os, "access", lambda place, mode: real(place, mode) and not (mode & os.W_OK and str(place).startswith(str(file.parent))))
    return file


def files(directory):
    """Its files, with their bytes."""
    return {name.name: name.read_bytes() for name in sorted(directory.iterdir())}


def seen(store):
    """What a store says of itself in a transaction."""
    with store.read() as connection:
        return dict(map(tuple, connection.exec_driver_sql("SELECT name, value FROM nodeflow_store")))


def test_it_is_read_from_a_copy_that_is_gone_afterwards(path, tmp_path):
    before = files(path.parent)
    store = open_store(str(path))
    assert store.label == f"the store store.db in {path.parent}" and store.netbox_url == NETBOX
    assert seen(store) == {"schema_version": "4", "netbox_url": NETBOX} and store.may_only_be_read
    [copy] = (tmp_path / "copies").iterdir()
    assert copy.name.startswith("nodeflow-") and (copy / "store.db").exists()
    store.close()
    assert list((tmp_path / "copies").iterdir()) == [] and files(path.parent) == before


def test_it_is_the_same_store_as_its_file(path, tmp_path):
    shutil.copy(path, tmp_path / "other.db")
    with contextlib.closing(open_store(str(path))) as store, contextlib.closing(open_store(str(path))) as again:
        assert store.is_same_as(again)
        with contextlib.closing(open_store(str(tmp_path / "other.db"))) as other:
            assert not store.is_same_as(other)


def test_it_is_not_written(path):
    with contextlib.closing(open_store(str(path))) as store, pytest.raises(StoreError) as error, store.write():
        pass
    assert str(error.value) == f"the store store.db in {path.parent} cannot be written: the file or its directory is read-only for this login"


def test_while_a_writer_has_it_open_what_that_one_committed_is_read(path, tmp_path):
    with contextlib.closing(sqlite3.connect(path)) as writer:
        writer.execute("UPDATE nodeflow_store SET value = 'https://moved.example.org' WHERE name = 'netbox_url'")
        writer.commit()
        assert (path.parent / "store.db-wal").stat().st_size and (path.parent / "store.db-shm").exists()
        store = open_store(str(path))
        assert seen(store)["netbox_url"] == "https://moved.example.org" and store.may_only_be_read
        assert list((tmp_path / "copies").iterdir()) == []
        store.close()


def test_where_the_writer_has_just_gone_a_copy_is_read(path, tmp_path, monkeypatch):
    real = engine._sqlite_engine
    monkeypatch.setattr(engine, "_sqlite_engine", lambda place, **query: real(place + ".gone" if query else place, **query))
    for ending in ("-wal", "-shm"):
        (path.parent / f"store.db{ending}").touch()
    with contextlib.closing(open_store(str(path))) as store:
        assert seen(store)["netbox_url"] == NETBOX
        assert len(list((tmp_path / "copies").iterdir())) == 1


@pytest.mark.parametrize("missing", ["-wal", "-shm"])
def test_with_one_of_the_files_beside_it_a_copy_is_read(path, tmp_path, missing):
    with contextlib.closing(sqlite3.connect(path)) as writer:
        writer.execute("UPDATE nodeflow_store SET value = 'https://moved.example.org' WHERE name = 'netbox_url'")
        writer.commit()
        for ending in {"", "-wal", "-shm"} - {missing}:
            shutil.copy(f"{path}{ending}", f"{path}.kept{ending}")
    path.unlink()
    for ending in {"", "-wal", "-shm"} - {missing}:
        os.replace(f"{path}.kept{ending}", f"{path}{ending}")
    with contextlib.closing(open_store(str(path))) as store:
        assert len(list((tmp_path / "copies").iterdir())) == 1
        assert seen(store)["netbox_url"] == (NETBOX if missing == "-wal" else "https://moved.example.org")


def test_a_link_to_it_is_it(path, tmp_path):
    (tmp_path / "link.db").symlink_to(path)
    with contextlib.closing(open_store(str(tmp_path / "link.db"))) as store:
        assert store.may_only_be_read and store.netbox_url == NETBOX and store.label == f"the store link.db in {tmp_path}"


def test_a_file_that_may_not_even_be_read(path, monkeypatch):
    monkeypatch.setattr("builtins.open", unreadable(path))
    with pytest.raises(StoreError) as error:
        open_store(str(path))
    assert str(error.value) == f"the store store.db in {path.parent} cannot be read: Permission denied"


def unreadable(path):
    """What ``open`` is for a login that may not read this file."""
    real = open

    def tried(file, *arguments, **more):
        if str(file) == str(path):
            raise PermissionError(13, "Permission denied")
        return real(file, *arguments, **more)

    return tried


def test_without_room_for_a_copy(path, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(StoreError) as error:
        open_store(str(path))
    assert str(error.value) == f"the store store.db in {path.parent} cannot be read from a copy: No such file or directory"


def test_a_disk_that_is_full_leaves_no_copy(path, tmp_path, monkeypatch):
    def full(source, target):
        pathlib.Path(target).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(StoreError) as error:
        open_store(str(path))
    assert str(error.value) == f"the store store.db in {path.parent} cannot be read from a copy: No space left on device"
    assert list((tmp_path / "copies").iterdir()) == []


def test_one_of_an_older_release_is_refused(path):
    with contextlib.closing(sqlite3.connect(path)) as writer:
        writer.execute("UPDATE nodeflow_store SET value = '3' WHERE name = 'schema_version'")
        writer.commit()
    with pytest.raises(StoreError) as error:
        open_store(str(path))
    assert str(error.value) == (
        f"the store store.db in {path.parent} has the layout of an older release; it is brought up to date by any run that names it in the option store, "
        "without check mode, and may write it"
    )


def test_its_engine_is_one_that_only_reads(path):
    with contextlib.closing(sqlite3.connect(path)) as writer:
        writer.execute("SELECT * FROM nodeflow_store").fetchall()
        store = open_store(str(path))
        with pytest.raises(engine.sa_exc.OperationalError, match="readonly"), store.reader.begin() as connection:
            connection.exec_driver_sql("DELETE FROM nodeflow_store")
        store.close()


class TestCopyWhole:
    """The copy of a file that others may write to."""

    @staticmethod
    def changing(monkeypatch, path, *times):
        """Write to the file when the clock is looked at so often, in the waits of 20 ms."""
        waits = iter(range(1, 100))

        def wait(seconds):
            assert seconds == 0.02
            number = next(waits)
            if number in times:
                path.write_bytes(b"x" * (10 + number))

        monkeypatch.setattr(whole_copy.time, "sleep", wait)
        return waits

    @staticmethod
    def written_once_copied(monkeypatch, path, content):
        """Write to a file once the first one was copied; what was copied."""
        real, times = shutil.copyfile, []

        def copying(one, other):
            real(one, other)
            times.append(one)
            if len(times) == 1:
                path.write_bytes(content)

        monkeypatch.setattr(shutil, "copyfile", copying)
        return times

    def test_the_files_beside_it_are_copied_and_those_that_are_gone_are_not(self, tmp_path):
        source, target = tmp_path / "a.db", tmp_path / "b.db"
        source.write_bytes(b"main")
        (tmp_path / "a.db-wal").write_bytes(b"wal")
        (tmp_path / "a.db-shm").write_bytes(b"of a process")
        (tmp_path / "b.db-journal").write_bytes(b"of an earlier try")
        copy_whole("it", str(source), str(target), 1)
        assert target.read_bytes() == b"main" and (tmp_path / "b.db-wal").read_bytes() == b"wal"
        assert not (tmp_path / "b.db-journal").exists() and not (tmp_path / "b.db-shm").exists()

    def test_it_waits_for_the_writer(self, tmp_path, monkeypatch):
        source, target = tmp_path / "a.db", tmp_path / "b.db"
        source.write_bytes(b"main")
        waits = self.changing(monkeypatch, source, 1, 2)
        copy_whole("it", str(source), str(target), 30)
        assert target.read_bytes() == b"x" * 12 and next(waits) == 4

    def test_what_was_written_while_it_was_copied_is_copied_again(self, tmp_path, monkeypatch):
        source, target = tmp_path / "a.db", tmp_path / "b.db"
        source.write_bytes(b"main")
        times = self.written_once_copied(monkeypatch, source, b"later")
        copy_whole("it", str(source), str(target), 30)
        assert target.read_bytes() == b"later" and times == [str(source)] * 2

    @pytest.mark.parametrize("ending", ["-wal", "-journal"])
    def test_a_file_beside_it_counts_too(self, tmp_path, monkeypatch, ending):
        source, target = tmp_path / "a.db", tmp_path / "b.db"
        source.write_bytes(b"main")
        times = self.written_once_copied(monkeypatch, tmp_path / f"a.db{ending}", b"new")
        copy_whole("it", str(source), str(target), 30)
        assert (tmp_path / f"b.db{ending}").read_bytes() == b"new" and len(times) == 3

    def test_a_file_that_goes_while_it_is_copied_is_none_of_it(self, tmp_path, monkeypatch):
        source, target = tmp_path / "a.db", tmp_path / "b.db"
        source.write_bytes(b"main")
        (tmp_path / "a.db-wal").write_bytes(b"wal")
        real = shutil.copyfile

        def copying(one, other):
            (tmp_path / "a.db-wal").unlink(missing_ok=True)
            real(one, other)

        monkeypatch.setattr(shutil, "copyfile", copying)
        copy_whole("it", str(source), str(target), 30)
        assert target.read_bytes() == b"main" and not (tmp_path / "b.db-wal").exists()

    def test_one_that_is_written_to_all_the_time_is_given_up(self, tmp_path, monkeypatch):
        source = tmp_path / "a.db"
        source.write_bytes(b"main")
        self.changing(monkeypatch, source, *range(1, 100))
        clock = iter([0.0, 1.0, 29.9, 30.0, 31.0])
        monkeypatch.setattr(whole_copy.time, "monotonic", lambda: next(clock))
        with pytest.raises(StoreError) as error:
            copy_whole("the store x", str(source), str(tmp_path / "b.db"), 30)
        assert str(error.value) == "the store x is written to all the time, and this login may not read the files beside it; try again"
        assert next(clock) == 31.0
