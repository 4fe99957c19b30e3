# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What answers in NetBox's place where the answer itself is the fault: any JSON, any page, any status. No network is used."""

from __future__ import annotations

import io
import itertools
import json
import typing as t
import urllib.parse

import requests
import requests.adapters

URL = "http://netbox.test"
TOKEN = "nbt_KEY.secretsecretsecret"
LAB = {"url": URL, "tokens": {"operator": TOKEN}, "postgres_dsn": "postgresql://lab:verysecret@db.test/nodeflow"}

MOST_REQUESTS = 100
"""Nobody needs so many for one device: the client would go on for ever."""


class FakeAnswer(t.NamedTuple):
    """An answer. ``done`` says whether NetBox did what it was asked all the same."""

    status: int
    content_type: str
    body: bytes
    done: bool = False


class FakeNetbox(requests.adapters.BaseAdapter):
    """Answers as NetBox would for one device. ``device`` is its JSON; ``spoiled`` gives other answers, by the number of the request from 0."""

    def __init__(self, device: t.Any, spoiled: t.Mapping[int, FakeAnswer] | None = None) -> None:
        super().__init__()
        self.device = device
        self.spoiled = dict(spoiled or {})
        self.page: dict[str, t.Any] = {}
        self.changes: list[dict[str, t.Any]] = []
        self.asked: list[tuple[str, str]] = []
        self.writes: list[dict[str, t.Any]] = []
        self.injected = 0

    def send(self, request: t.Any, *args: t.Any, **kwargs: t.Any) -> requests.Response:
        """Answer a request."""
        number = len(self.asked)
        assert number < MOST_REQUESTS, f"the client does not stop asking: {self.asked[-3:]}"
        self.asked.append((request.method, request.url))
        body = json.loads(request.body) if request.body else None
        spoiled = self.spoiled.get(number)
        if spoiled is None or spoiled.done or (spoiled.status < 300 and _is_json(spoiled.body)):  # NetBox says that it did it
            answer = self._answer(request.method, urllib.parse.urlsplit(request.url).path, body)
        if spoiled is not None:
            self.injected += 1
            answer = spoiled
        response = requests.Response()
        response.status_code, response.reason, response.url, response.request = answer.status, "Said", request.url, request
        response.headers["Content-Type"] = answer.content_type
        response.headers["API-Version"] = "4.7"
        response.raw = io.BytesIO(answer.body)
        return response

    def close(self) -> None:
        """Nothing is open."""

    def _answer(self, method: str, path: str, body: t.Any) -> FakeAnswer:
        if method == "PATCH" and any(not str(change.get("status", "active")).isalpha() for change in body):
            errors = [{"id": change["id"], "errors": {"status": ["no valid choice"]}} for change in body]
            return _json({"detail": "no", "errors": errors})._replace(status=400)
        if method == "PATCH":
            return _json([self._write(change) for change in body])
        if path.endswith("/render-config/"):
            return _json({"content": "hostname x"})
        if path.endswith("/ip-addresses/"):
            return _json({"count": 2, "next": None, "previous": None, "results": _ADDRESSES})
        results = self.changes if path.endswith("/object-changes/") else [self.device]
        return _json({"count": len(results), "next": None, "previous": None, "results": results} | (self.page if results == [self.device] else {}))

    def _write(self, change: dict[str, t.Any]) -> t.Any:
        self.writes.append(change)
        if isinstance(self.device, dict):
            status = {"status": {"value": change["status"]}} if "status" in change else {}
            self.device = self.device | status | {"last_updated": f"2026-11-23T09:00:{len(self.writes):02}Z"}
        data, message = {"status": change.get("status")}, change.get("changelog_message")
        entry = {"id": next(_changes), "changed_object_id": change["id"], "message": message, "postchange_data": data}
        self.changes.append(entry)
        return self.device


_changes = itertools.count(1)

_ADDRESSES = [
    {"id": key, "address": address, "assigned_object_type": "dcim.interface", "assigned_object": {"name": "Loopback0", "device": {"id": 7}}}
    for key, address in ((4, "10.0.0.1/32"), (5, "2001:db8::1/128"))
]


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


def _json(data: t.Any) -> FakeAnswer:
    return FakeAnswer(200, "application/json", json.dumps(data).encode())


def planned_device(**fields: t.Any) -> dict[str, t.Any]:
    """The JSON of a device that can be enrolled, with other ``fields``."""
    nested = {"site": {"id": 1, "slug": "loc1", "name": "Location 1"}, "role": {"id": 2, "slug": "core"}, "platform": {"id": 3, "slug": "cisco_ios"}}
    addresses = {"primary_ip4": {"id": 4, "address": "10.0.0.1/32"}, "primary_ip6": {"id": 5, "address": "2001:db8::1/128"}}
    own = {"id": 7, "name": "loc1-core", "status": {"value": "planned"}, "last_updated": "2026-11-23T08:00:00Z"}
    return own | nested | addresses | fields
