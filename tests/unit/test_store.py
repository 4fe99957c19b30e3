# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The store on real SQLite files: for the operator who must be able to trust that it holds what happened, once."""

from __future__ import annotations

import datetime
import multiprocessing
import sqlite3
import stat
import uuid

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import StoreError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.domain.lifecycle import SubscriptionLifecycle
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.domain.subscription import move_to_lifecycle
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.node.model import NodeBlockInactive, NodeInactive
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.store.engine import open_store
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.store.location import default_store
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.store.processes import (
    Lease,
    Process,
    StepRecord,
    insert_processes,
    load_processes,
    load_step_log,
    save_processes,
    step_id,
    take_processes,
)
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.store.subscriptions import (
    claim_devices,
    find_subscriptions,
    live_subscriptions,
    load_subscriptions,
    save_subscriptions,
)

NOW = datetime.datetime(2026, 11, 23, 3, 0, tzinfo=datetime.timezone.utc)
HOUR = datetime.timedelta(hours=1)


@pytest.fixture
def store(tmp_path):
    """An empty store."""
    opened = open_store(str(tmp_path / "state" / "store.db"))
    yield opened
    opened.close()


def subscription(device_id=7):
    """A new subscription of a device."""
    return NodeInactive(customer_id="c", description="Node r", node=NodeBlockInactive(node_id=device_id, node_name="r"))


def process(of, **fields):
    """A new process for a subscription."""
    known = {"workflow": "create_node", "workflow_version": 1, "target": "CREATE", "status": "running", "step": "one", "state": {}, "error": None}
    known |= {"actor": "ann", "run_id": "run1", "lease_until": NOW + HOUR, "started_at": NOW, "updated_at": NOW}
    return Process(**({"process_id": str(uuid.uuid4()), "subscription_id": str(of.subscription_id)} | known | fields))


def stored(store, **fields):
    """A subscription and a process in the store."""
    one = subscription()
    with store.write() as connection:
        claim_devices(connection, [one])
        insert_processes(connection, [process(one, **fields)])
        return one, next(iter(load_processes_of(connection, one).values()))


def load_processes_of(connection, one):
    """The processes of a subscription."""
    ids = connection.exec_driver_sql("SELECT process_id FROM processes WHERE subscription_id = ?", (str(one.subscription_id),)).scalars().all()
    return load_processes(connection, ids)


def test_it_is_private_and_lets_readers_and_a_writer_work_at_once(store, tmp_path):
    path = tmp_path / "state" / "store.db"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    with store.write() as writing:
        claim_devices(writing, [subscription()])
        with store.read() as reading:
            assert find_subscriptions(reading) == []


def test_the_default_place_is_in_the_state_directory(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert default_store() == tmp_path / "nodeflow" / "store.db"
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert default_store() == tmp_path / "home" / ".local" / "state" / "nodeflow" / "store.db"


def test_asking_makes_no_store(tmp_path):
    assert open_store(str(tmp_path / "a" / "store.db"), create=False) is None
    assert not (tmp_path / "a").exists()


def test_a_store_of_a_newer_release_is_refused(store, tmp_path):
    with sqlite3.connect(tmp_path / "state" / "store.db") as connection:
        connection.execute("UPDATE nodeflow_store SET value = '99' WHERE name = 'schema_version'")
    with pytest.raises(StoreError, match="was written by a newer release .*layout 99.*upgrade the collection"):
        open_store(str(tmp_path / "state" / "store.db"))


@pytest.mark.parametrize("content", [b"hello " * 500, b"SQLite format 3\x00" + b"x" * 2000])
def test_a_file_that_is_no_store_is_refused_and_left_as_it_was(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(StoreError):
        open_store(str(path))
    assert path.read_bytes() == content


def test_a_store_belongs_to_one_netbox(store):
    store.belongs_to("https://a")
    store.belongs_to("https://a")
    with pytest.raises(StoreError, match="belongs to the NetBox at https://a"):
        store.belongs_to("https://b")
    store.belongs_to("https://b", moved=True)
    assert store.netbox_url == "https://b"


@pytest.mark.parametrize(
    "url", ["postgresql://ann:hunter2@127.0.0.1:9/db", "nosuch://ann:hunter2@h/db", "postgresql://ann:hunter2@[::1/db"]
)
def test_no_message_has_the_password(url):
    with pytest.raises(StoreError) as error:
        open_store(url)
    assert "hunter2" not in str(error.value)


def test_a_device_has_one_live_subscription(store):
    first, second, other = subscription(), subscription(), subscription(8)
    with store.write() as connection:
        assert claim_devices(connection, [first]) == {str(first.subscription_id)}
        assert claim_devices(connection, [second, other]) == {str(other.subscription_id)}
        assert live_subscriptions(connection, [7, 8, 9]) == {7: first, 8: other}
    ended = move_to_lifecycle(first, SubscriptionLifecycle.TERMINATED)
    with store.write() as connection:
        save_subscriptions(connection, [ended])
        assert claim_devices(connection, [second]) == {str(second.subscription_id)}
        assert len(find_subscriptions(connection, device_id=[7])) == 2


def test_an_index_that_was_lost_is_made_again_and_until_then_no_device_is_enrolled_twice(store):
    def indexes(connection):
        return connection.exec_driver_sql("SELECT count(*) FROM sqlite_schema WHERE name = 'one_live_subscription_a_device'").scalar_one()

    first, twice, another, free = subscription(), subscription(), subscription(), subscription(8)
    with store.write() as connection:
        claim_devices(connection, [first])
        connection.exec_driver_sql("DROP INDEX one_live_subscription_a_device")
        connection.exec_driver_sql(
            "INSERT INTO subscriptions SELECT ?, product, customer_id, status, insync, description, note, start_date, end_date, version, device_id, block "
            "FROM subscriptions",
            (str(twice.subscription_id),),
        )
    with store.write() as connection:
        assert claim_devices(connection, [another, free]) == {str(free.subscription_id)} and indexes(connection) == 0
        save_subscriptions(connection, [move_to_lifecycle(first, SubscriptionLifecycle.TERMINATED)])
        assert claim_devices(connection, [another]) == set() and indexes(connection) == 1


def _claim_fifty(path, barrier, answers):
    barrier.wait()
    opened = open_store(path)
    with opened.write() as connection:
        answers.put(len(claim_devices(connection, [subscription(device) for device in range(50)])))
    opened.close()


def test_processes_that_start_at_once_share_the_devices(tmp_path):
    """The first of them also makes the store."""
    count, path = 6, str(tmp_path / "new" / "store.db")
    context = multiprocessing.get_context("spawn")
    barrier, answers = context.Barrier(count), context.Queue()
    workers = [context.Process(target=_claim_fifty, args=(path, barrier, answers)) for _number in range(count)]
    for worker in workers:
        worker.start()
    won = [answers.get(timeout=60) for _worker in workers]
    for worker in workers:
        worker.join()
    assert sorted(won) == [0] * (count - 1) + [50]


def test_a_stale_save_is_refused(store):
    one, _process = stored(store)
    with store.write() as connection:
        [saved] = save_subscriptions(connection, [one.model_copy(update={"note": "mine"})])
    assert saved.version == 2
    with pytest.raises(StoreError, match="was changed meanwhile, by another run"), store.write() as connection:
        save_subscriptions(connection, [one.model_copy(update={"note": "stale"})])
    with store.read() as connection:
        assert load_subscriptions(connection, [str(one.subscription_id)])[str(one.subscription_id)].note == "mine"


@pytest.mark.parametrize(
    ("fields", "taken"),
    [
        ({"run_id": None, "lease_until": None, "status": "suspended"}, True),
        ({"run_id": None, "lease_until": None, "status": "failed"}, True),
        ({"run_id": "run1", "lease_until": NOW - HOUR}, True),
        ({"run_id": "run1", "lease_until": NOW + HOUR}, False),
        ({"run_id": "run2", "lease_until": NOW + HOUR}, True),
        ({"run_id": None, "lease_until": None, "status": "completed", "step": None}, False),
        ({"run_id": None, "lease_until": None, "status": "aborted", "step": None}, False),
    ],
)
def test_the_lease(store, fields, taken):
    _subscription, one = stored(store, **fields)
    with store.write() as connection:
        assert take_processes(connection, {one.process_id: None}, Lease("run2", "bob", NOW + HOUR), NOW) == ({one.process_id} if taken else set())
        now = load_processes(connection, [one.process_id])[one.process_id]
    if taken:
        assert (now.run_id, now.actor, now.status, now.lease_until) == ("run2", "bob", "running", NOW + HOUR)
    else:
        assert now == one


def log_line(process_id, step="one"):
    """A line of the step log."""
    return StepRecord(process_id, step_id(process_id, step), step, 1, "success", {}, None, {}, "ann", "run1", NOW, NOW)


def test_a_process_that_was_taken_over_is_not_saved_and_neither_is_its_log(store):
    _subscription, one = stored(store, run_id="run2")
    record = log_line(one.process_id)
    with pytest.raises(StoreError, match="was taken over by another run"), store.write() as connection:
        save_processes(connection, [one], "run1", [record])
    with store.read() as connection:
        assert load_step_log(connection, [one.process_id]) == {one.process_id: []}


def test_a_crash_in_the_middle_leaves_nothing(store):
    with pytest.raises(ZeroDivisionError), store.write() as connection:
        claim_devices(connection, [subscription()])
        raise ZeroDivisionError
    with store.read() as connection:
        assert find_subscriptions(connection) == []


def test_moments_come_back_in_utc_and_lists_may_be_long(store):
    _subscription, one = stored(store)
    assert one.started_at == NOW and one.started_at.tzinfo is not None
    with store.write() as connection:
        many = [subscription(device) for device in range(100, 1400)]
        assert len(claim_devices(connection, many)) == 1300
        assert len(live_subscriptions(connection, list(range(100, 1400)))) == 1300


def test_a_moment_of_another_time_zone_is_the_same_moment(store):
    tokyo = datetime.timezone(datetime.timedelta(hours=9))
    model = subscription().model_copy(update={"start_date": NOW.astimezone(tokyo)})
    with store.write() as connection:
        claim_devices(connection, [model])
    with store.read() as connection:
        [found] = find_subscriptions(connection)
    assert found.start_date == NOW and found.start_date.utcoffset() == datetime.timedelta(0)
