# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever NetBox answers: a sentence, a store that makes sense, and once the answers are right again, one resume completes.

The answers come from a fake, because they are the fault.
"""

from __future__ import annotations

import json
import pathlib
import re
import tempfile

from hypothesis import assume, event, example, given
from hypothesis import strategies as st

from consistency import inconsistencies
from fake_netbox import LAB, FakeAnswer, FakeNetbox, planned_device
from fault_table import unclear_lines
from in_process import InProcess
from odd_values import JSON, NUMBERS, ODD_TEXT, as_json
from stores import SqliteStore

NESTED = {"status": "value", "site": "slug", "role": "slug", "platform": "slug", "primary_ip4": "address", "primary_ip6": "address"}

ADDRESSES = st.one_of(
    st.sampled_from(
        ["10.0.0.1", "10.0.0.1/33", "10.0.0.256/32", "2001:db8::1/129", "::/0", "fe80::1%eth0/64", "10.0.0.1/255.255.255.255", "a/b", "/"]
    ),
    ODD_TEXT,
)

STATUSES = st.sampled_from(["Planned", "planned ", "staged", "active", "offline", "no-such-status", ""])


@st.composite
def odd_fields(draw):
    """Some fields of a device that are wrong, odd or missing (``...``)."""
    fields = {}
    for name in draw(st.lists(st.sampled_from(sorted(planned_device())), min_size=1, max_size=2, unique=True)):
        odd = [JSON, st.just(...)]
        if name in NESTED:
            inner = ADDRESSES if name.startswith("primary") else STATUSES if name == "status" else ODD_TEXT
            odd += [st.fixed_dictionaries({NESTED[name]: inner}), st.fixed_dictionaries({NESTED[name]: JSON}), st.just({})]
        elif name == "id":
            odd.append(NUMBERS)
        else:
            odd.append(ODD_TEXT)
        fields[name] = draw(st.one_of(odd))
    return fields


PAGES = st.dictionaries(
    st.sampled_from(["count", "next", "previous", "results"]),
    st.one_of(JSON, st.just(...), st.sampled_from(["http://netbox.test/api/dcim/devices/?offset=1", "/api/", "ftp://x"])),
    max_size=2,
)


@st.composite
def odd_answers(draw):
    """An answer that is not what was asked for. A write of which it says nothing reliable may have been done."""
    status = draw(st.sampled_from([200, 200, 200, 204, 301, 400, 401, 403, 404, 405, 409, 412, 413, 429, 431, 500, 503]))
    whole = as_json({"count": 1, "next": None, "previous": None, "results": [planned_device()]})
    body = draw(
        st.one_of(
            JSON.map(as_json),
            st.binary(max_size=30),
            st.integers(0, len(whole)).map(lambda length: whole[:length]),
            st.sampled_from(
                [b"", b"<html>", b'{"detail": null}', b'{"errors": 3}', b'{"errors": [{"id": "x"}]}', b'{"results": null}', b"[[]]", b"[null]"]
            ),
            st.fixed_dictionaries({"detail": JSON}).map(as_json),
            st.fixed_dictionaries({"errors": JSON}).map(as_json),
        )
    )
    content_type = draw(st.sampled_from(["application/json", "text/html", "", "application/json; charset=utf-7"]))
    done = status >= 500 and draw(st.booleans())
    return FakeAnswer(status, content_type, body, done)


LOST = FakeAnswer(500, "text/html", b"", done=True)
"""The answer to a claim that arrived; the next but one request asks the change log whose it is."""

CHANGE = {"id": 1, "changed_object_id": 7}


class Lab:
    """A store and a NetBox of one example."""

    def __init__(self, netbox, directory):
        self.netbox = netbox
        self.store = SqliteStore(pathlib.Path(directory))
        self.enrol = InProcess(LAB, self.store)

    def run(self, **variables):
        """Create, or resume what is standing; every answer must be a sentence and the store consistent."""
        standing = self.standing()
        done = self.enrol.resume(*standing, confirm_config=True, **variables) if standing else self.enrol.create(nodes=[7], confirm_config=True, **variables)
        assert not unclear_lines(done.output), done.output
        said = re.sub("--- config of .*?--- end ---", "", done.output, flags=re.DOTALL)  # a config is shown as it is
        assert all(char.isprintable() or char == "\n" for char in said), ascii(said)
        json.dumps(done.results)
        if done.returncode:
            assert len(done.message) > 10
        assert not inconsistencies(self.store), inconsistencies(self.store)
        assert not self.running(), "a run is over, and its process is not"
        assert all(set(write) == {"id", "status", "changelog_message"} and write["id"] == 7 for write in self.netbox.writes), self.netbox.writes
        return done

    def standing(self):
        """The processes that are not over."""
        return self._processes("status NOT IN ('completed', 'aborted')")

    def running(self):
        """The processes that somebody still works on, by the store."""
        return self._processes("status = 'running'")

    def _processes(self, condition):
        query = "SELECT process_id FROM processes WHERE " + condition
        return [row["process_id"] for row in self.store.rows(query)] if self.store.exists() else []

    def recover(self):
        """The device is right again, but for its status: at most three runs complete (one may ask to confirm what has changed)."""
        self.netbox.spoiled, self.netbox.page = {}, {}
        written = [write["status"] for write in self.netbox.writes]
        self.netbox.device = planned_device(status={"value": written[-1] if written else "planned"}, last_updated="2026-11-23T10:00:00Z")
        for _attempt in range(3):
            done = self.run()
            if self.netbox.device["status"]["value"] == "active" and not self.standing():
                break
        assert self.netbox.device["status"]["value"] == "active", done.output
        assert self.store.rows("SELECT status FROM subscriptions WHERE status != 'terminated'") == [{"status": "active"}]
        assert [write["status"] for write in self.netbox.writes].count("active") == 1


def test_whatever_a_device_looks_like(fake, examples):
    @examples(50)
    @example({"name": None, "site": {"slug": "\x1f"}}, {})
    @example({"status": {"value": "\x1f"}}, {})
    @example({"primary_ip4": {"address": "\u202e"}}, {})
    @example({"primary_ip4": {"address": "\U0001239a"}}, {})
    @given(odd_fields(), PAGES)
    def check(fields, page):
        assume(not unclear_lines(repr(fields)))  # a name like AError, which a sentence may repeat
        device = {name: value for name, value in planned_device(**fields).items() if value is not ...}
        with tempfile.TemporaryDirectory() as directory:
            lab = Lab(fake(FakeNetbox(device)), directory)
            lab.netbox.page = {name: value for name, value in page.items() if value is not ...}
            done = lab.run(netbox_retries=1)
            event("failed" if done.returncode else "ended well")
            if done.returncode:
                lab.recover()

    check()


def test_whatever_is_answered_in_the_middle(fake, examples):
    @examples(60)
    @example({1: FakeAnswer(200, "application/json", b"null"), 2: FakeAnswer(200, "application/json", b"[]")})
    @example({1: FakeAnswer(200, "application/json", b'[{"id": {}}]')})
    @example({1: LOST, 3: FakeAnswer(200, "application/json", b'{"count": 1, "next": null, "results": [{"id": 1}]}')})
    @example({1: LOST, 3: FakeAnswer(200, "application/json", as_json({"count": 1, "next": None, "results": [CHANGE | {"postchange_data": [1]}]}))})
    @given(st.dictionaries(st.integers(0, 6), odd_answers(), min_size=1, max_size=3))
    def check(spoiled):
        with tempfile.TemporaryDirectory() as directory:
            lab = Lab(fake(FakeNetbox(planned_device(), spoiled)), directory)
            done = lab.run(netbox_retries=1)
            event("failed" if done.returncode else "ended well")
            event(f"{lab.netbox.injected} faults met")
            if done.returncode:
                lab.recover()

    check()
