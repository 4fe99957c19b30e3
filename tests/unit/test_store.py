# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The store on real SQLite files: for the operator who must be able to trust that it holds what happened, once."""

from __future__ import annotations

import datetime
import multiprocessing
import sqlite3
import stat
import typing as t
import uuid

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.lifecycle import SubscriptionLifecycle
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.subscription import SubscriptionModel, move_to_lifecycle
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import StoreError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import NodeBlockInactive, NodeInactive
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.stored import is_of_devices, live_of_devices
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.engine import open_store
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.location import default_store
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.processes import (
    Lease,
    Process,
    insert_processes,
    load_processes,
    save_processes,
    take_processes,
)
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.save_subscriptions import claim_subscriptions, save_subscriptions
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.step_log import StepRecord, load_step_log, step_id
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.subscriptions import find_subscriptions, load_subscriptions, without_claims

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
        claim_subscriptions(connection, [one])
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
        claim_subscriptions(writing, [subscription()])
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
        assert claim_subscriptions(connection, [first]) == {str(first.subscription_id)}
        assert claim_subscriptions(connection, [second, other]) == {str(other.subscription_id)}
        assert live_of_devices(connection, [7, 8, 9]) == {7: first, 8: other}
    ended = move_to_lifecycle(first, SubscriptionLifecycle.TERMINATED)
    with store.write() as connection:
        save_subscriptions(connection, [ended])
        assert claim_subscriptions(connection, [second]) == {str(second.subscription_id)}
        assert len(find_subscriptions(connection, is_of_devices(connection, [7]))) == 2


class _Link(SubscriptionModel, product="TestStoreLink", lifecycle=["initial", "terminated"]):
    """A product that claims several resources."""

    product: t.Literal["TestStoreLink"] = "TestStoreLink"
    ends: list[int]

    def resources(self):
        return tuple(f"dcim.interface/{end}" for end in self.ends)


def link(*ends):
    """A new link between interfaces."""
    return _Link(customer_id="c", ends=list(ends))


def claimed(connection):
    """What is claimed, by whom."""
    return dict(map(tuple, connection.exec_driver_sql("SELECT resource, subscription_id FROM claims")))


def test_a_subscription_claims_all_of_its_resources_or_none(store):
    first, crossing, apart = link(1, 2), link(2, 3), link(3, 4)
    with store.write() as connection:
        assert claim_subscriptions(connection, [first]) == {str(first.subscription_id)}
        assert claim_subscriptions(connection, [crossing]) == set()
        assert claim_subscriptions(connection, [apart]) == {str(apart.subscription_id)}
        assert len(find_subscriptions(connection)) == 2
        expected = {1: first, 2: first, 3: apart, 4: apart}
        assert claimed(connection) == {f"dcim.interface/{end}": str(one.subscription_id) for end, one in expected.items()}


def test_of_two_new_ones_that_want_the_same_the_first_gets_it(store):
    first, second, third = link(1, 2), link(2, 3), link(4, 5)
    with store.write() as connection:
        assert claim_subscriptions(connection, [first, second, third]) == {str(first.subscription_id), str(third.subscription_id)}
        assert set(claimed(connection)) == {f"dcim.interface/{end}" for end in (1, 2, 4, 5)}


def test_what_a_live_subscription_does_not_claim_it_claims_when_it_is_saved_once_nobody_does(store):
    one, other = link(1, 2), link(1, 2)
    with store.write() as connection:
        claim_subscriptions(connection, [one])
        columns = "product, customer_id, status, insync, description, note, start_date, end_date, version, block"
        insert = f"INSERT INTO subscriptions SELECT ?, {columns} FROM subscriptions"
        connection.exec_driver_sql(insert, (str(other.subscription_id),))
        assert without_claims(connection) == {str(other.subscription_id)}
        [other] = save_subscriptions(connection, [other])
        assert set(claimed(connection).values()) == {str(one.subscription_id)}
        save_subscriptions(connection, [other, move_to_lifecycle(one, SubscriptionLifecycle.TERMINATED)])
        assert set(claimed(connection).values()) == {str(other.subscription_id)} and without_claims(connection) == set()


def test_what_was_terminated_claims_nothing(store):
    one = link(1, 2)
    with store.write() as connection:
        claim_subscriptions(connection, [one])
        save_subscriptions(connection, [move_to_lifecycle(one, SubscriptionLifecycle.TERMINATED)])
        assert claimed(connection) == {}
        assert claim_subscriptions(connection, [link(1, 2)]) != set()


def test_a_subscription_that_claims_what_it_does_not_stand_for_cannot_be_read(store):
    one = subscription()
    with store.write() as connection:
        claim_subscriptions(connection, [one])
        connection.exec_driver_sql("UPDATE claims SET resource = 'dcim.device/8'")
    with store.read() as connection:
        [found] = find_subscriptions(connection)
    assert found.claims == ("dcim.device/8",) and found.problem == "its block stands for dcim.device/7, and it claims dcim.device/8"


def _claim_fifty(path, barrier, answers):
    barrier.wait(60)
    opened = open_store(path)
    with opened.write() as connection:
        answers.put(len(claim_subscriptions(connection, [subscription(device) for device in range(50)])))
    opened.close()


def test_processes_that_start_at_once_share_the_devices(tmp_path):
    """The first of them also makes the store."""
    count, path = 6, str(tmp_path / "new" / "store.db")
    context = multiprocessing.get_context("spawn")
    barrier, answers = context.Barrier(count), context.Queue()
    workers = [context.Process(target=_claim_fifty, args=(path, barrier, answers), daemon=True) for _number in range(count)]
    try:
        for worker in workers:
            worker.start()
        won = [answers.get(timeout=60) for _worker in workers]
    finally:
        for worker in workers:
            worker.kill()
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
        ({"run_id": "run1", "lease_until": None}, True),
        ({"run_id": "run1", "lease_until": NOW + HOUR}, False),
        ({"run_id": "run2", "lease_until": NOW + HOUR}, True),
        ({"run_id": None, "lease_until": None, "status": "completed", "step": None}, False),
        ({"run_id": None, "lease_until": None, "status": "aborted", "step": None}, False),
    ],
)
def test_the_lease(store, fields, taken):
    _subscription, one = stored(store, **fields)
    with store.write() as connection:
        assert take_processes(connection, [one], {}, Lease("run2", "bob", NOW + HOUR), NOW) == ({one.process_id} if taken else set())
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
        claim_subscriptions(connection, [subscription()])
        raise ZeroDivisionError
    with store.read() as connection:
        assert find_subscriptions(connection) == []


def test_moments_come_back_in_utc_and_lists_may_be_long(store):
    _subscription, one = stored(store)
    assert one.started_at == NOW and one.started_at.tzinfo is not None
    with store.write() as connection:
        many = [subscription(device) for device in range(100, 1400)]
        assert len(claim_subscriptions(connection, many)) == 1300
        assert len(live_of_devices(connection, list(range(100, 1400)))) == 1300


def test_a_moment_of_another_time_zone_is_the_same_moment(store):
    tokyo = datetime.timezone(datetime.timedelta(hours=9))
    model = subscription().model_copy(update={"start_date": NOW.astimezone(tokyo)})
    with store.write() as connection:
        claim_subscriptions(connection, [model])
    with store.read() as connection:
        [found] = find_subscriptions(connection)
    assert found.start_date == NOW and found.start_date.utcoffset() == datetime.timedelta(0)
