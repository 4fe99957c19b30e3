# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What comes instead of the answer that was asked for, and what is said of it, to the letter: ``recorded/<name of the test>.txt`` (see ``recorded_scene``)."""

from __future__ import annotations

import errno
import http.client
import io
import json
import os
import socket
import ssl
import typing as t

import pytest
import requests
import urllib3

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NetboxError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox import trouble
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.client import NetboxClient
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.patience import Patience
from recorded_scene import Scene, scene

__all__ = ["scene"]

TOKEN = "nbt_KEY.secretsecretsecret"
JSON, HTML = "application/json", "text/html"


class Said(t.NamedTuple):
    """An answer: its status, its body, and other headers than ``of_netbox`` has."""

    status: int
    body: t.Any = None
    kind: str = JSON
    headers: t.Mapping[str, str] = {}
    of_netbox: bool = True
    reason: str = "Reason"


class Answering(requests.adapters.BaseAdapter):
    """Gives these answers, or raises these errors, one after the other, and the last again and again; keeps what was asked, and how."""

    def __init__(self, *answers: Said | Exception) -> None:
        super().__init__()
        self.answers, self.asked = list(answers), []

    def send(self, request: t.Any, *args: t.Any, **kwargs: t.Any) -> requests.Response:
        token = request.headers["Authorization"].rpartition(" ")[2]  # older releases of pynetbox have another word before it
        body = request.body.decode() if isinstance(request.body, bytes) else request.body
        how = {"timeout": list(kwargs["timeout"]), "verifies": kwargs["verify"] is not False, "proxies": dict(kwargs["proxies"])}
        self.asked.append([request.method, request.url, token, request.headers.get("If-Match"), body, how])
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        response = requests.Response()
        response.status_code, response.reason, response.url, response.request = answer.status, answer.reason, request.url, request
        response.headers.update({"Content-Type": answer.kind} | ({"API-Version": "4.7"} if answer.of_netbox else {}) | dict(answer.headers))
        response.raw = io.BytesIO(answer.body.encode() if isinstance(answer.body, str) else json.dumps(answer.body).encode())
        return response

    def close(self) -> None:
        """Nothing is open."""


def client_of(*answers: Said | Exception, url: str = "http://netbox.test", **settings: t.Any) -> tuple[NetboxClient, Answering]:
    """A client that gets these answers."""
    client, adapter = NetboxClient(url, TOKEN, **{"retries": 0, "parallel": 1} | settings), Answering(*answers)
    for scheme in ("http://", "https://"):
        client._api.http_session.mount(scheme, adapter)
    return client, adapter


def what_came(client: NetboxClient, method: str, endpoint: str = "dcim/devices") -> t.Any:
    """What a request returns; or the error, and what it says of the objects."""
    change = [{"id": 7, "status": "active"}, {"id": 8, "status": "active"}]
    calls: dict[str, t.Callable[[], t.Any]] = {
        "GET": lambda: client.get(endpoint, {"id": 7}),
        "PATCH": lambda: client.patch(endpoint, change, ['W/"7"', 'W/"8"']),
        "POST": lambda: client.create(endpoint, [{"name": "x"}, {"name": "y"}]),
        "DELETE": lambda: client.delete(endpoint, {7: "message", 8: "other"}),
        "DO": lambda: client.post(endpoint, {"a": 1}),
    }
    try:
        return calls[method]()
    except NetboxError as error:
        return [type(error).__name__, str(error), {name: str(value) for name, value in vars(error).items()}]


@pytest.fixture(autouse=True)
def _nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    monkeypatch.setattr("random.random", lambda: 0.5)


ERRORS = (
    Said(400, {"detail": "no", "errors": [{"id": 8, "errors": {"status": ["no valid choice"]}}, {"id": 9, "errors": {"id": ["unknown"]}}]}),
    Said(400, {"detail": "2 of 2 objects", "errors": [{"index": 0, "errors": {"slug": ["wrong"]}}]}),
    Said(400, [{"name": ["too long", "too odd"]}, {}]),
    Said(400, {"status": ["no valid choice"], "name": ["x"]}, of_netbox=False),
    Said(400, "<h1>Bad Request</h1>", HTML, of_netbox=False),
    Said(401, {"detail": "Invalid token."}),
    Said(401, "login", HTML, of_netbox=False),
    Said(403, {"detail": "Invalid v1 token"}),
    Said(403, {"detail": "You do not have permission to perform this action with this token."}),
    Said(403, {"detail": "nothing of the kind", "errors": [{"id": 8, "errors": ["no"]}]}),
    Said(403, f"no {TOKEN}", HTML, of_netbox=False, reason=f"Forbidden {TOKEN}"),
    Said(404, {"detail": "Not found."}),
    Said(404, "nothing", HTML, of_netbox=False),
    Said(407, "proxy", HTML, of_netbox=False),
    Said(412, {"detail": "changed"}),
    Said(413, "large", HTML, of_netbox=False),
    Said(414, "large", HTML, of_netbox=False),
    Said(418, {"detail": "a teapot. "}, of_netbox=False),
    Said(429, {"detail": "slowly"}, headers={"Retry-After": "7"}),
    Said(431, "large", HTML, of_netbox=False),
    Said(500, {"error": f"a defect with {TOKEN}", "exception": "ValueError"}),
    Said(500, "x" * 400, HTML),
    Said(502, "bad gateway", HTML, of_netbox=False),
    Said(503, {"detail": "x" * 400}, headers={"Retry-After": "no date"}),
    Said(504, "slow", HTML, of_netbox=False),
)


@pytest.mark.parametrize("method", ["GET", "PATCH", "POST", "DELETE"])
def test_an_error_says_whose_it_is(scene: Scene, method: str) -> None:
    for said in ERRORS:
        client, netbox = client_of(said)
        scene.note(f"{said.status} {said.kind} {said.body}"[:60], what_came(client, method))
    scene.note("asked", netbox.asked)


def test_an_error_behind_a_proxy_says_whose_it_is(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://ann:s%2Fcret@proxy.test:3128")
    monkeypatch.setenv("https_proxy", "proxy.test")
    for url in ("http://netbox.test/base", "https://netbox.test"):
        for said in ERRORS[3:]:
            client, netbox = client_of(said, Said(200, {}), url=url, validate_certs=False)
            scene.note(f"{url} {said.status} {said.kind} {said.body}"[:80], what_came(client, "GET"))
            scene.note("asked", netbox.asked)
    client, netbox = client_of(Said(502, "what s/cret said s%2Fcret", HTML, of_netbox=False, reason="s/cret"), url="http://netbox.test")
    scene.note("a secret", what_came(client, "GET"))


@pytest.mark.parametrize("endpoint", ["dcim/devices/7/render-config", "ipam/prefixes/7/available-prefixes"])
def test_an_error_of_what_an_object_is_asked_to_do(scene: Scene, endpoint: str) -> None:
    for said in (Said(403, {"detail": "no"}), Said(404, {"detail": "Not found."}), Said(409, {"detail": "Insufficient space"}), Said(200, "no json", HTML)):
        client, dummy = client_of(said)
        scene.note(f"{said.status}", what_came(client, "DO", endpoint))
        scene.note(f"{said.status} several", what_came(client, "POST", endpoint))


ODD = ([], {}, "text", 5, {"count": 1}, {"count": "1", "results": []}, {"count": 1, "results": ["x"]}, {"count": 1, "results": [{"id": "7"}]})
ODD += ({"count": 1, "next": None, "results": [{"id": 7}]}, [{"id": 7}], [{"id": 7}, {"id": 8}], [{"id": 7}, {"id": 9}], [{"id": 7}, None], [{}, {}])
ODD += ([{"id": 7, "status": {"value": "active"}}, {"id": 8, "status": {"value": "planned"}}], [{"id": 7, "name": "x"}, {"id": 8, "name": "z"}])


@pytest.mark.parametrize("version", ["4.3.1", "4.5", "4.7.0-beta1", ""])
def test_an_answer_in_json_that_is_odd(scene: Scene, version: str) -> None:
    for method in ("GET", "PATCH", "POST"):
        for body in ODD:
            client, netbox = client_of(Said(200, body, headers={"API-Version": version}, of_netbox=False))
            came = what_came(client, method)
            scene.note(f"{method} {json.dumps(body)}"[:80], [came, str(client.version), client.conditional, len(netbox.asked)])
    client, dummy = client_of(Said(204, ""))
    scene.note("DELETE", what_came(client, "DELETE"))
    client, dummy = client_of(Said(200, "<html>", HTML))
    scene.note("a page", [what_came(client, method) for method in ("GET", "PATCH", "POST")])


def page(count: int, *ids: int) -> Said:
    """A page of a listing."""
    return Said(200, {"count": count, "next": "elsewhere", "previous": None, "results": [{"id": key} for key in ids]})


@pytest.mark.parametrize(
    "pages",
    [
        [page(3, 1, 2), page(3, 3)],
        [page(3, 1, 2), page(3, 2), page(3, 3)],
        [page(4, 1, 2), page(3, 3), page(3, 3)],
        [page(4, 1, 2), page(2, 3), page(2, 2, 3), page(2, 3)],
        [page(3, 1), page(3, 1)],
        [page(1)],
        [page(0)],
    ],
)
def test_a_listing_that_changes_while_it_is_read(scene: Scene, pages: list[Said]) -> None:
    client, netbox = client_of(*pages)
    scene.note("came", what_came(client, "GET"))
    scene.note("asked", [url for dummy, url, *dummy2 in netbox.asked])


REDIRECTS = ("https://netbox.test/api/dcim/devices/?id=7", "/login/?next=x", "", "http://[", "https://u:p@other.test/netbox/api/dcim/devices/")
REDIRECTS += ("http://netbox.test/api/dcim/devices/", "https://other.test", "//other.test/api/dcim/devices/", f"https://other.test/{TOKEN}/api/dcim/devices/")


@pytest.mark.parametrize("url", ["http://netbox.test", "https://netbox.test/base"])
def test_a_redirect_is_not_followed(scene: Scene, url: str) -> None:
    for status, method in ((301, "GET"), (303, "PATCH"), (308, "POST")):
        for location in REDIRECTS:
            client, netbox = client_of(Said(status, "", HTML, {"Location": location}), url=url, validate_certs=False)
            scene.note(f"{status} {location}", [what_came(client, method), len(netbox.asked)])


def caused(error: Exception, *causes: Exception) -> Exception:
    """The error as requests raises it, for what Python raised."""
    outer = error
    for one in causes:
        outer.__cause__ = one
        outer = one
    return error


def os_error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def broken() -> list[Exception]:
    """What requests raises where no whole answer came."""
    new = requests.exceptions
    tunnel = OSError("Tunnel connection failed: 407 Proxy Authentication Required")
    forbidden = OSError("Tunnel connection failed: 403 Forbidden")
    certificate = [ssl.SSLCertVerificationError(1, "certificate verify failed") for dummy in range(4)]
    for one, (code, message) in zip(certificate, ((10, "certificate has expired"), (62, "Hostname mismatch."), (64, "IP mismatch"), (18, "self-signed"))):
        one.verify_code, one.verify_message = code, message
    wrong_version = ssl.SSLError(1, "wrong version")
    wrong_version.reason = "WRONG_VERSION_NUMBER"
    pool: t.Any = None
    refused = urllib3.exceptions.NewConnectionError(pool, "no")
    return [
        *(caused(new.ConnectionError("x"), caused(refused, os_error(number))) for number in (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH)),
        *(caused(new.ConnectionError("x"), os_error(number)) for number in (errno.ECONNRESET, errno.EPIPE, errno.ETIMEDOUT, errno.EACCES)),
        caused(new.ConnectionError("x"), refused, socket.gaierror(socket.EAI_NONAME, "unknown")),
        caused(new.ConnectionError("x"), refused, socket.gaierror(socket.EAI_AGAIN, "again")),
        caused(new.ConnectionError("x"), http.client.RemoteDisconnected("closed")),
        caused(new.ConnectionError("x"), http.client.IncompleteRead(b"")),
        new.ChunkedEncodingError("x"),
        caused(new.ConnectionError("x"), urllib3.exceptions.ProtocolError("x")),
        caused(new.ConnectionError("x"), TimeoutError("x")),
        new.ConnectTimeout("x"),
        new.ReadTimeout("x"),
        caused(new.ProxyError("x"), tunnel),
        caused(new.ProxyError("x"), forbidden),
        caused(new.ProxyError("x"), caused(refused, os_error(errno.ECONNREFUSED))),
        caused(new.ProxyError("x"), os_error(errno.ECONNRESET)),
        *(caused(new.SSLError("x"), one) for one in certificate),
        caused(new.SSLError("x"), wrong_version),
        new.SSLError("x"),
        new.InvalidSchema("Missing dependencies for SOCKS support."),
        new.ContentDecodingError("x"),
        ValueError("x"),
    ]


class SocksError(OSError):
    """As PySocks raises it."""

    def __init__(self, text: str, socket_err: t.Any) -> None:
        super().__init__(text)
        self.socket_err = socket_err


def by_socks() -> list[Exception]:
    """What requests raises for what PySocks does."""
    none: t.Any = None
    refused, own = SocksError("Error connecting to SOCKS5 proxy", os_error(errno.ECONNREFUSED)), SocksError("0x02: not allowed by ruleset", None)
    wrapped = [urllib3.exceptions.NewConnectionError(none, f"failed: {one}") for one in (refused, own)]
    for outer, inner in zip(wrapped, (refused, own)):
        outer.__context__ = inner
    errors = [requests.exceptions.ConnectionError(urllib3.exceptions.MaxRetryError(none, "/", one)) for one in wrapped]
    return [*errors, caused(requests.exceptions.ConnectionError("x"), SocksError("x", socket.gaierror(socket.EAI_NONAME, "unknown")))]


@pytest.mark.parametrize("proxy", ["", "socks5h://proxy.test"])
def test_what_a_socks_proxy_says(scene: Scene, monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy)
    for error in by_socks():
        client, netbox = client_of(error)
        scene.note(str(error), [what_came(client, "GET"), what_came(client, "PATCH"), len(netbox.asked)])


@pytest.mark.parametrize(("status", "final"), [("399 x", False), ("400 x", True), ("407 Proxy Authentication Required", True), ("499", True), ("500 x", False)])
def test_what_a_proxy_answers_to_the_wish_for_a_tunnel_may_be_final(status: str, final: bool) -> None:
    error = requests.exceptions.ProxyError(OSError(f"Tunnel connection failed: {status}"))
    assert trouble.is_final(error) is final and trouble.never_sent(error)
    assert trouble.is_final(None) is False and trouble.is_final(ValueError("Tunnel connection failed: 407 x")) is False
    assert trouble.is_final(requests.exceptions.ProxyError(OSError(5, f"Tunnel connection failed: {status}"))) is False


def test_causes_that_lead_to_each_other_are_looked_at_once() -> None:
    outer, inner = requests.exceptions.ConnectionError("x"), os_error(errno.EHOSTUNREACH)
    outer.__cause__, inner.__context__ = inner, outer
    assert trouble.unreachable(outer, "http://x", None).endswith("there is no route to it")
    told = NetboxError("told already")
    told.__cause__ = os_error(errno.ECONNREFUSED)
    assert trouble.unreachable(caused(requests.exceptions.ConnectionError("x"), told), "http://x", None).endswith("cannot be reached: ConnectionError")


@pytest.mark.parametrize("proxy", ["", "http://ann:s3cr3t@proxy.test:3128", "socks5h://proxy.test"])
def test_no_whole_answer_says_why(scene: Scene, monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy)
    for number, error in enumerate(broken()):
        said: list[str] = []
        client, netbox = client_of(error, Said(200, {"count": 0, "results": []}), retries=2, say=said.append)
        judged = [trouble.never_sent(error), trouble.is_final(error)]
        scene.note(f"{number} {error!r} {error.__cause__!r}", [judged, what_came(client, "GET"), said, len(netbox.asked)])
        client, netbox = client_of(error, Said(200, [{"id": 7, "status": "active"}, {"id": 8, "status": "active"}]), retries=2)
        scene.note("PATCH", [what_came(client, "PATCH"), len(netbox.asked)])
    scene.note("asked", netbox.asked)


def test_a_busy_netbox_is_asked_again(scene: Scene) -> None:
    fine = Said(200, {"count": 0, "results": []})
    for status in (429, 502, 503, 504, 500):
        for method in ("GET", "PATCH"):
            said: list[str] = []
            busy = Said(status, {"detail": "busy"}, headers={"Retry-After": "90" if status == 503 else ""})
            client, netbox = client_of(*[busy] * 4, fine, retries=3, say=said.append, timeout=5, connect_timeout=2, validate_certs=False)
            scene.note(f"{status} {method}", [what_came(client, method), said, len(netbox.asked), netbox.asked[0]])


def test_patience_ends(scene: Scene) -> None:
    for retries in (0, 8):
        patience, waits = Patience(retries), []
        scene.note(f"{retries}", [[patience.wait(say=waits.append) for dummy in range(retries + 2)], waits])
    patience, waits = Patience(3), []
    for value in ("3", "Mon, 23 Nov 2026 10:00:20 GMT", "soon"):
        answer = requests.Response()
        answer.headers["Retry-After"] = value
        patience.wait(answer, waits.append)
    scene.note("as asked", waits)
