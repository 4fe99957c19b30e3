# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writing to NetBox: what becomes of many devices where some are refused, changed meanwhile, gone, or where the answer is lost."""

from __future__ import annotations

import types

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import (
    ConflictError,
    NetboxError,
    NetboxFailed,
    NetboxForbidden,
    NetboxLeftOut,
    NetboxNotWritten,
    NetboxRefusal,
    NetboxUncertain,
)
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.update import ATTEMPTS, NOT_HELD, Kind, Refusal, Target, Update, update
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.device import Device
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.payload import DevicePayload


class Client:
    """Holds devices and plays what NetBox may answer to a PATCH: an exception for each call, or None for well."""

    conditional, batch_size, parallel, custom_fields = True, 100, 1, False

    def __init__(self, devices, *answers, retries=2, permitted=True):
        self.retries, self.permitted = retries, permitted
        self.devices = {device["id"]: device for device in devices}
        self.answers = list(answers)
        self.patches = []

    def get(self, endpoint, filters):
        """The devices of these ids."""
        assert endpoint == "dcim/devices"
        return [self.devices[key] for key in filters["id"] if key in self.devices]

    def may(self, method, endpoint):
        """Whether the token has the permission at all."""
        return self.permitted

    def patience(self):
        """As many waits as told, of no time."""
        left = iter(range(self.retries))
        return types.SimpleNamespace(wait=lambda response=None: next(left, None) is not None)

    def patch(self, endpoint, changes, etags=()):
        """Write, or fail as told; refuse what is not there as NetBox 4.7 does."""
        gone = {change["id"]: "no such object" for change in changes if change["id"] not in self.devices}
        if gone:
            raise NetboxRefusal("no", gone, unknown=gone)
        assert endpoint == "dcim/devices" and len(etags) == (len(changes) if self.conditional else 0)
        answer = self.answers.pop(0) if self.answers else None
        if callable(answer):
            answer = answer(self, changes)
        if answer is not None:
            raise answer
        self.patches.append([change["id"] for change in changes])
        for change in changes:
            self.devices[change["id"]]["status"] = {"value": change["status"]}
        return changes


def device(key, status="staged", updated="2026-11-23T05:00:00Z"):
    """A device as NetBox's API gives it."""
    return {
        "id": key,
        "name": f"r{key}",
        "status": {"value": status},
        "site": {"id": 1, "slug": "loc1", "name": "Loc 1"},
        "last_updated": updated,
    }


def conflict(found):
    """What a caller's check says of a device that is not as it should be."""
    return Refusal(Kind.CONFLICT, f"it is {found.status}")


def write(client, ids, check=lambda device, payload: None, **more):
    """Set these devices to active."""
    target = Target(client, "process of {0}".format, check, **more)
    return dict(zip(ids, update([DevicePayload(id=key, status="active") for key in ids], target)))


def test_one_payload_and_a_list_are_written_alike():
    one = update(DevicePayload(id=1, status="active"), Target(Client([device(1)]), str, lambda device, payload: None))
    assert one.changes() == {"status": ["staged", "active"]}
    assert write(Client([device(1)]), [1]) == {1: one}


def test_what_is_right_already_is_not_written():
    client = Client([device(1, "active"), device(2)])
    done = write(client, [1, 2])
    assert client.patches == [[2]] and done[1].changes() == {} and done[1].error is None


def test_batches_are_of_at_most_a_hundred_in_order_of_ids():
    client = Client([device(key) for key in range(1, 251)])
    write(client, list(range(250, 0, -1)))
    assert client.patches == [list(range(1, 101)), list(range(101, 201)), list(range(201, 251))]


@pytest.mark.parametrize(
    ("count", "parallel", "requests"),
    [(1, 2, [1]), (5, 2, [5]), (6, 2, [5, 1]), (12, 2, [6, 6]), (99, 2, [50, 49]), (100, 1, [100]), (250, 2, [100, 100, 50]), (30, 4, [8, 8, 8, 6])],
)
def test_few_devices_are_written_by_as_many_requests_as_go_side_by_side(count, parallel, requests):
    client = Client([device(key) for key in range(1, count + 1)])
    client.parallel = parallel
    write(client, list(range(1, count + 1)))
    assert sorted(map(len, client.patches), reverse=True) == requests


def test_a_batch_of_one_stays_one():
    client = Client([device(key) for key in range(1, 4)])
    client.batch_size, client.parallel = 1, 2
    write(client, [1, 2, 3])
    assert sorted(client.patches) == [[1], [2], [3]]


def test_a_conflict_is_read_and_tried_again_and_a_foreign_status_survives():
    def meanwhile(client, changes):
        client.devices[2]["status"] = {"value": "failed"}
        return ConflictError("stale")

    client = Client([device(1), device(2), device(3)], meanwhile)
    done = write(client, [1, 2, 3], check=lambda found, payload: None if found.status in ("staged", "active") else conflict(found))
    assert done[2].error == "it is failed" and client.devices[2]["status"] == {"value": "failed"}
    assert client.patches == [[1, 3]]


def test_a_device_that_keeps_changing_is_given_up_with_a_sentence():
    client = Client([device(1)], *[ConflictError("stale")] * 9)
    assert "kept changing it" in write(client, [1])[1].error
    assert client.patches == []


def test_a_refusal_by_id_stops_those_only():
    client = Client([device(key) for key in (1, 2, 3)], NetboxRefusal("no", {2: "status: no valid choice"}))
    done = write(client, [1, 2, 3])
    assert done[2].error == "NetBox refused the change: status: no valid choice"
    assert client.patches == [[1, 3]] and not done[1].error


def test_a_refusal_that_names_nobody_is_found_by_halving():
    def refuse(client, changes):
        return NetboxRefusal("NetBox refused the change: no", {}) if 3 in [change["id"] for change in changes] else None

    client = Client([device(key) for key in (1, 2, 3, 4, 5)], *[refuse] * 20)
    done = write(client, [1, 2, 3, 4, 5])
    assert [key for key, one in done.items() if one.error] == [3]
    assert sorted(key for patch in client.patches for key in patch) == [1, 2, 4, 5]


@pytest.mark.parametrize("answer", [NetboxRefusal("no", {2: "no"}, forbidden=True), NetboxRefusal("no", {2: "no"}, unknown={2}), NetboxLeftOut("no", {2})])
def test_what_the_token_may_not_change_stops_alone_whatever_netbox_calls_it(answer):
    client = Client([device(key) for key in (1, 2, 3)], answer)
    done = write(client, [1, 2, 3])
    assert "the token may see it, but not change it" in done[2].error and not done[1].error and not done[3].error


def test_a_forbidden_write_that_names_nobody_is_found_by_halving_if_the_token_may_change_any():
    def forbid(client, changes):
        return NetboxRefusal("needs a permission", {}, forbidden=True) if 3 in [change["id"] for change in changes] else None

    client = Client([device(key) for key in (1, 2, 3, 4, 5)], *[forbid] * 20)
    done = write(client, [1, 2, 3, 4, 5])
    assert [key for key, one in done.items() if one.error] == [3] and "but not change it" in done[3].error
    client = Client([device(key) for key in (1, 2)], NetboxRefusal("needs a permission", {}, forbidden=True), permitted=False)
    assert [one.error for one in write(client, [1, 2]).values()] == ["needs a permission"] * 2 and not client.answers


def test_a_forbidden_write_beside_another_fault_keeps_the_two_apart():
    def forbid(client, changes):
        faults = {change["id"]: {2: "forbidden", 3: "bad value"}[change["id"]] for change in changes if change["id"] in (2, 3)}
        return NetboxRefusal("no", faults, forbidden=2 in faults) if faults else None

    client = Client([device(key) for key in (1, 2, 3)], *[forbid] * 9)
    done = write(client, [1, 2, 3])
    assert "but not change it" in done[2].error and "bad value" in done[3].error and not done[1].error


def test_without_if_match_one_device_is_written_at_a_time():
    client = Client([device(key) for key in range(1, 8)])
    client.conditional, client.parallel = False, 4
    assert not any(one.error for one in write(client, list(range(1, 8))).values())
    assert sorted(client.patches) == [[key] for key in range(1, 8)]


def test_a_device_that_is_gone_has_a_sentence():
    done = write(Client([device(1)]), [1, 2])
    assert "no device with the id 2" in done[2].error and not done[1].error


def test_a_dry_run_writes_nothing_and_says_what_would_be():
    client = Client([device(1)])
    assert write(client, [1], dry_run=True)[1].changes() == {"status": ["staged", "active"]}
    assert client.patches == []


def test_a_write_whose_answer_was_lost_is_not_repeated_if_it_arrived():
    def arrives(client, changes):
        for change in changes:
            client.devices[change["id"]]["status"] = {"value": change["status"]}
        return NetboxUncertain("no answer")

    client = Client([device(1), device(2)], arrives)
    done = write(client, [1, 2])
    assert client.patches == [] and [done[key].changes() for key in (1, 2)] == [{"status": ["staged", "active"]}] * 2


def test_a_write_that_never_arrived_is_repeated_and_one_that_stays_without_an_answer_is_uncertain():
    client = Client([device(1)], NetboxUncertain("no answer"))
    assert write(client, [1])[1].changes() == {"status": ["staged", "active"]} and client.patches == [[1]]
    client = Client([device(1)], *[NetboxUncertain("no answer")] * 9)
    done = write(client, [1])[1]
    assert (done.error, done.uncertain, client.patches) == ("no answer", True, [])


def test_after_an_error_the_batches_that_were_written_stay_so_and_the_rest_is_not_tried():
    client = Client([device(key) for key in range(1, 301)], None, NetboxError("gone"))
    done = write(client, list(range(1, 301)))
    assert client.patches == [list(range(1, 101))]
    assert {(one.error, one.uncertain) for key, one in done.items() if key > 100} == {("gone", False)}
    assert not any(done[key].error for key in range(1, 101))


def test_without_if_match_a_device_is_read_again_right_before_the_write():
    client = Client([device(1, "offline")])
    client.conditional = False
    listed = Device.from_api(device(1), conditional=False)
    done = write(client, [1], check=lambda found, payload: conflict(found), known={1: listed})
    assert listed.etag is None and done[1].error == "it is offline"


def test_a_device_that_does_not_take_a_write_stops_no_other():
    def all_but_two(client, changes):
        for change in changes:
            if change["id"] != 2:
                client.devices[change["id"]]["status"] = {"value": change["status"]}
        return NetboxNotWritten("id 2 stayed as before") if any(change["id"] == 2 for change in changes) else None

    done = write(Client([device(key) for key in range(1, 151)], *[all_but_two] * 20), list(range(1, 151)))
    assert [key for key, one in done.items() if one.error] == [2]
    assert done[2].error == "id 2 stayed as before" and done[2].uncertain


def test_a_check_that_the_token_may_not_make_fails_that_device_alone():
    def check(found, payload):
        if found.id == 2:
            raise NetboxForbidden("it needs the permission core.view_objectchange")

    done = write(Client([device(key) for key in (1, 2, 3)]), [1, 2, 3], check=check)
    assert [key for key, one in done.items() if one.error] == [2] and "core.view_objectchange" in done[2].error


def test_without_if_match_what_is_left_of_a_group_goes_alone_too():
    """Whatever of a group needs no write: the one that does is read again right before it, and nothing goes beside it."""
    client, read = Client([device(1, "active"), device(2)]), []
    client.conditional = False
    client.get = lambda endpoint, filters: read.append(list(filters["id"])) or Client.get(client, endpoint, filters)
    assert not any(one.error for one in write(client, [1, 2]).values())
    assert (read, client.patches) == ([[1, 2], [2]], [[2]])


UNCHANGEABLE = Update({}, {}, DevicePayload.unchangeable(), answered=True)
UNSEEN = Update({}, {}, DevicePayload.unseen())
GONE = Update({}, {}, "there is no device with the id 2 in NetBox any more, or the token may not see it", gone=True)
LOST = NetboxUncertain("no answer")


def gone_and(answer):
    """The device with the id 2 is deleted, and NetBox says that."""

    def play(client, changes):
        client.devices.pop(2, None)
        return answer

    return play


@pytest.mark.parametrize("answer", [NetboxRefusal("no", {2: "no"}, forbidden=True), NetboxRefusal("no", {2: "no"}, unknown={2}), NetboxLeftOut("no", {2})])
@pytest.mark.parametrize("hidden", [False, True])
def test_what_netbox_does_not_change_is_one_that_the_token_may_not_change_or_not_see_or_that_is_gone(monkeypatch, answer, hidden):
    asked = []
    monkeypatch.setattr(DevicePayload, "hidden", lambda client, ids: asked.append((client, ids)) or ({2} if ids and hidden else set()))
    assert write(Client([device(key) for key in (1, 2, 3)], answer), [1, 2, 3])[2] == UNCHANGEABLE
    client = Client([device(key) for key in (1, 2, 3)], gone_and(answer))
    done = write(client, [1, 2, 3])
    assert done[2] == (UNSEEN if hidden else GONE) and not done[1].error and not done[3].error and (client, [2]) in asked


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (NetboxRefusal("no", {2: "no"}, forbidden=True), DevicePayload.unchangeable()),
        (NetboxLeftOut("no", {2}), DevicePayload.unchangeable()),
        (NetboxRefusal("no", {2: "status: no valid choice"}), "NetBox refused the change: status: no valid choice"),
    ],
)
def test_one_whose_answer_was_lost_before_it_was_refused_may_have_been_written(answer, error):
    assert write(Client([device(1), device(2)], LOST, answer), [1, 2])[2] == Update({}, {}, error, uncertain=True, answered=True)
    assert write(Client([device(1), device(2)], answer), [1, 2])[2] == Update({}, {}, error, answered=True)


def test_one_that_is_refused_and_gone_is_gone():
    assert write(Client([device(1), device(2)], gone_and(NetboxRefusal("no", {2: "name: too long"}))), [1, 2])[2] == GONE


def test_a_single_one_is_refused_in_netboxs_words():
    refused = Update({}, {}, "NetBox refused: all is wrong", answered=True)
    assert write(Client([device(1)], NetboxRefusal("NetBox refused: all is wrong", {})), [1])[1] == refused
    assert write(Client([device(1)], *[NetboxRefusal("no", {1: "forbidden"}, forbidden=True)]), [1])[1] == UNCHANGEABLE


def test_what_netbox_passed_over_though_it_has_what_was_to_be_written_is_written():
    def by_somebody_else(client, changes):
        client.devices[2]["status"] = {"value": "active"}
        return NetboxLeftOut("no", {2})

    done = write(Client([device(1), device(2)], by_somebody_else), [1, 2])
    assert done[1] == done[2] == Update({"status": "staged"}, {"status": "active"})


def test_what_netbox_passed_over_and_nobody_can_read_may_have_been_written():
    def damaged(client, changes):
        client.devices[2]["last_updated"] = None
        return NetboxLeftOut("no", {2})

    client = Client([device(1), device(2)], damaged)
    client.url = "http://netbox.test"
    done = write(client, [1, 2])
    assert done[2].error.startswith("NetBox at http://netbox.test answered with a device that cannot be read, id 2")
    assert (done[2].uncertain, done[2].after, done[1].error) == (True, {}, None)


@pytest.mark.parametrize("times", [ATTEMPTS - 1, ATTEMPTS])
def test_a_conflict_is_met_so_often_and_no_more(times):
    client = Client([device(1)], *[ConflictError("stale")] * times)
    given_up = Update({}, {}, "somebody else kept changing it in NetBox meanwhile; run again")
    assert write(client, [1]) == {1: given_up if times == ATTEMPTS else Update({"status": "staged"}, {"status": "active"})}
    assert client.answers == [] and len(client.patches) == (times < ATTEMPTS)


def test_two_that_netbox_never_changes_in_one_request_are_changed_in_two():
    """A chassis and what is in one of its bays: to save the one saves the other."""

    def together(client, changes):
        return ConflictError("stale") if {3, 4} <= {change["id"] for change in changes} else None

    client = Client([device(key) for key in range(1, 9)], *[together] * 30)
    assert {one.error for one in write(client, list(range(1, 9))).values()} == {None}
    assert sorted(key for patch in client.patches for key in patch) == list(range(1, 9)) and len(client.patches) <= 5


def failing(*ids):
    """NetBox fails at these."""

    def play(client, changes):
        return NetboxFailed("500 AttributeError") if set(ids) & {change["id"] for change in changes} else None

    return play


@pytest.mark.parametrize("bad", [1, 2, 150])
def test_one_at_which_netbox_fails_stops_no_other(bad):
    client = Client([device(key) for key in range(1, 151)], *[failing(bad)] * 60)
    done = write(client, list(range(1, 151)))
    assert {key: one for key, one in done.items() if one.error} == {bad: Update({}, {}, "500 AttributeError", uncertain=True, answered=True)}
    assert sorted(key for patch in client.patches for key in patch) == [key for key in range(1, 151) if key != bad]


def test_a_netbox_that_fails_at_everything_is_not_asked_for_each():
    client = Client([device(key) for key in range(1, 201)], *[failing(*range(1, 201))] * 400)
    done = write(client, list(range(1, 201)))
    assert {(one.error, one.answered) for one in done.values()} == {("500 AttributeError", True)} and client.patches == [] and len(client.answers) > 370


def test_a_failure_that_passes_is_none():
    client = Client([device(key) for key in range(1, 4)], NetboxFailed("500 deadlock"))
    assert not any(one.error for one in write(client, [1, 2, 3]).values()) and client.patches == [[1, 2, 3]]
    assert write(Client([device(1)], NetboxFailed("500")), [1])[1].changes() == {"status": ["staged", "active"]}


def test_an_error_ends_what_is_not_done_and_says_of_which_it_is_not_known():
    client = Client([device(1)], LOST, LOST, LOST)
    assert write(client, [1])[1] == Update({}, {}, "no answer", uncertain=True)
    assert write(Client([device(1)], NetboxError("gone")), [1])[1] == Update({}, {}, "gone")


def test_a_refusal_by_the_caller_is_a_sentence_of_its_own():
    assert Update({}, {}, "r1 is failed", kind=Kind.CONFLICT).why_not("r1 (loc1, 1)") == "r1 is failed"
    assert Update({}, {}, "it is gone").why_not("r1 (loc1, 1)") == "r1 (loc1, 1): it is gone"


def test_what_another_run_has_taken_over_is_not_written_and_the_others_are():
    client, asked = Client([device(1), device(2), device(3)]), []

    def held(ids):
        asked.append(sorted(ids))
        return {1, 3}

    done = update([DevicePayload(id=key, status="active") for key in (1, 2, 3)], Target(client, str, held=held))
    assert [one.error for one in done] == [None, NOT_HELD, None] and (client.patches, asked) == ([[1, 3]], [[1, 2, 3]])
    assert update([DevicePayload(id=2, status="active")], Target(client, str, held=held))[0].error == NOT_HELD and client.patches == [[1, 3]]


def test_before_each_attempt_it_is_asked_again_and_what_was_lost_is_told():
    client, lost, held = Client([device(1)], NetboxUncertain("no answer")), [], iter([{1}, set()])
    [done] = update([DevicePayload(id=1, status="active")], Target(client, str, held=lambda ids: next(held), lost=lost.extend))
    assert (done.error, done.uncertain, lost, client.patches) == (NOT_HELD, True, [1], [])


def test_what_does_not_differ_is_written_where_that_is_asked_for():
    client = Client([device(1)])
    [done] = update([DevicePayload(id=1, status="staged")], Target(client, str, even_same=True))
    assert (done.error, client.patches) == (None, [[1]])
    [done] = update([DevicePayload(id=1, status="staged")], Target(client, str, check=lambda one, payload: Refusal(Kind.DONE_BEFORE, "so"), even_same=True))
    assert (done.kind, client.patches) == (Kind.DONE_BEFORE, [[1]])
