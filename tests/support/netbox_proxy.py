# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A proxy in front of the real NetBox, which records each request and can change an answer, to inject a fault."""

from __future__ import annotations

import enum
import http.server
import select
import socket
import ssl
import struct
import threading
import typing as t

import requests

_HOP_BY_HOP = {"connection", "content-length", "content-encoding", "transfer-encoding", "keep-alive", "server", "date"}


class Answer(t.NamedTuple):
    """What the client gets: status, headers and body. With a Content-Length in ``headers``, the connection ends after ``body``, short or not.

    Where it is the ``last`` of its connection, that stays open, and what else comes there is never answered.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    last: bool = False


class NoAnswer(enum.Enum):
    """What the client gets instead of an answer: the connection closed, reset, or open and silent until the client gives up."""

    CLOSED = enum.auto()
    RESET = enum.auto()
    SILENCE = enum.auto()


Fault = t.Callable[[str, str, t.Callable[..., Answer]], t.Union[Answer, NoAnswer, None]]
"""Takes method, path, and a function that passes the request on to NetBox, its body edited by a function if one is given. None as an answer drops
the connection."""

LONGEST_SILENCE = 60
"""Seconds after which a silent connection is closed, for a client that does not give up."""


class NetboxProxy:
    """Use as a context manager; ``url`` is where it listens, ``requests`` what came: ``(method, path)``, and
    ``connections`` the address of the client that each came from. ``fault`` can be set any time.

    With ``prefix``, NetBox appears below that path. With ``tls``, the proxy speaks TLS.
    """

    def __init__(self, upstream: str, fault: Fault | None = None, prefix: str = "", tls: ssl.SSLContext | None = None) -> None:
        self.upstream = upstream
        self.fault = fault
        self.prefix = prefix
        self.requests: list[tuple[str, str]] = []
        self.connections: list[tuple[str, int]] = []
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.02], daemon=True)
        self.url = "{0}://127.0.0.1:{1}".format("https" if tls else "http", self._server.server_address[1])

    def __enter__(self) -> NetboxProxy:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        proxy = self
        session = requests.Session()
        session.trust_env = False

        class Handler(http.server.BaseHTTPRequestHandler):
            """Passes every method on."""

            protocol_version = "HTTP/1.1"

            def _pass(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection", "accept-encoding")}
                proxy.requests.append((self.command, self.path))
                proxy.connections.append(self.client_address)

                def forward(edit: t.Callable[[bytes], bytes] = lambda body: body) -> Answer:
                    answer = session.request(
                        self.command,
                        proxy.upstream + self.path.removeprefix(proxy.prefix),
                        data=edit(body),
                        headers=headers,
                        allow_redirects=False,
                        timeout=120,
                    )
                    kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP}
                    # NetBox builds the links to further pages from the host that it was asked under.
                    return Answer(answer.status_code, kept, answer.content.replace(proxy.upstream.encode(), (proxy.url + proxy.prefix).encode()))

                answer = proxy.fault(self.command, self.path, forward) if proxy.fault else forward()
                if not isinstance(answer, Answer):
                    self._give_no_answer(answer or NoAnswer.CLOSED)
                    return
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                if "Content-Length" in answer.headers:
                    self.close_connection = True
                else:
                    self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)
                if answer.last:
                    self._wait_for_the_client_to_leave()

            def _wait_for_the_client_to_leave(self) -> None:
                end = select.poll()
                end.register(self.connection, select.POLLRDHUP)
                end.poll(LONGEST_SILENCE * 1000)
                self.close_connection = True

            def _give_no_answer(self, kind: NoAnswer) -> None:
                if kind is NoAnswer.SILENCE:
                    select.select([self.connection], [], [], LONGEST_SILENCE)  # readable when the client has closed it
                elif kind is NoAnswer.RESET:
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
                self.connection.close()

            do_GET = do_PATCH = do_POST = do_DELETE = do_PUT = do_OPTIONS = _pass

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # pylint: disable=redefined-builtin
                """Say nothing."""

        return Handler
