# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can go wrong between us and NetBox, for the proxy to do."""

from __future__ import annotations

import dataclasses
import json
import typing as t

from netbox_proxy import Answer, NoAnswer

Forward = t.Callable[[], Answer]


@dataclasses.dataclass(frozen=True)
class NetboxFault:
    """A fault. ``instead`` gives the client's answer; it may pass the request on to NetBox first.

    ``says`` is what the reason of a run that it stops must contain. ``outlasted`` are the methods of the requests after which a run goes on
    if the fault comes once.
    """

    name: str
    instead: t.Callable[[Forward], Answer | NoAnswer]
    says: str
    outlasted: t.Collection[str] = ("GET", "PATCH")
    variables: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)


def _html(status: int, title: str, **headers: str) -> Answer:
    """A page of a web server in front of NetBox."""
    body = f"<html><head><title>{status} {title}</title></head><body><h1>{status} {title}</h1></body></html>"
    return Answer(status, {"Content-Type": "text/html"} | _names(headers), body.encode())


def _json(status: int, body: dict[str, t.Any], **headers: str) -> Answer:
    """An answer of NetBox's API."""
    return Answer(status, {"Content-Type": "application/json"} | _names(headers), json.dumps(body).encode())


def _names(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def _before(instead: Answer | NoAnswer) -> t.Callable[[Forward], Answer | NoAnswer]:
    """NetBox never sees the request."""
    return lambda forward: instead


def _after(instead: Answer | NoAnswer) -> t.Callable[[Forward], Answer | NoAnswer]:
    """NetBox does what it is asked, and its answer is lost."""

    def fault(forward: Forward) -> Answer | NoAnswer:
        forward()
        return instead

    return fault


def _cut_short(forward: Forward) -> Answer:
    answer = forward()
    return answer._replace(headers=answer.headers | {"Content-Length": str(len(answer.body))}, body=answer.body[: len(answer.body) // 2])


_ERROR = {"error": "could not serialize access due to concurrent update", "exception": "OperationalError", "netbox_version": "4.7.3"}
_THROTTLED = {"detail": "Request was throttled. Expected available in 1 second."}
_EXPIRED, _DELETED = {"detail": "Token expired"}, {"detail": "Invalid v2 token"}
_NOT_NETBOX = "something else than NetBox's API (content type text/html)"

NETBOX_FAULTS = (
    # A 500 to a read is a defect of NetBox more often than a moment's trouble, and a page instead of its API a wrong URL.
    NetboxFault("500", _before(_json(500, _ERROR)), "with 500", outlasted=("PATCH",)),
    NetboxFault("500 after NetBox did it", _after(_json(500, _ERROR)), "with 500", outlasted=("PATCH",)),
    NetboxFault("502", _before(_html(502, "Bad Gateway")), "with 502"),
    NetboxFault("503", _before(_html(503, "Service Unavailable")), "with 503"),
    NetboxFault("503 with Retry-After", _before(_html(503, "Service Unavailable", Retry_After="1")), "with 503"),
    NetboxFault("504 after NetBox did it", _after(_html(504, "Gateway Time-out")), "with 504"),
    NetboxFault("429 with Retry-After", _before(_json(429, _THROTTLED, Retry_After="1")), "with 429"),
    NetboxFault("reset before it arrived", _before(NoAnswer.RESET), "connection was"),
    NetboxFault("closed before it arrived", _before(NoAnswer.CLOSED), "connection was closed"),
    NetboxFault("reset after NetBox did it", _after(NoAnswer.RESET), "connection was"),
    NetboxFault("a body cut short", _cut_short, "cut short"),
    NetboxFault("slower than the time-out", _after(NoAnswer.SILENCE), "within 2 seconds (netbox_timeout)", variables={"netbox_timeout": 2}),
    NetboxFault("HTML instead of JSON", _before(_html(200, "Please log in")), _NOT_NETBOX, outlasted=("PATCH",)),
    NetboxFault("a token that expired", _before(_json(403, _EXPIRED)), "does not accept the token (Token expired)", outlasted=()),
    NetboxFault("a token that was deleted", _before(_json(403, _DELETED)), "does not accept the token (Invalid v2 token)", outlasted=()),
)


class Injector:
    """For the proxy: does ``fault`` at the request with the number ``first`` (from 0), once or, if ``lasting``, from there on.

    ``injected`` are the requests that met it, as ``(method, path)``.
    """

    def __init__(self, fault: NetboxFault, first: int, lasting: bool) -> None:
        self.fault = fault
        self.first = first
        self.lasting = lasting
        self.seen = 0
        self.injected: list[tuple[str, str]] = []

    def __call__(self, method: str, path: str, forward: Forward) -> Answer | NoAnswer:
        number, self.seen = self.seen, self.seen + 1
        if number == self.first or (self.lasting and number > self.first):
            self.injected.append((method, path))
            return self.fault.instead(forward)
        return forward()
