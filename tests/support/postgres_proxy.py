# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A proxy in front of PostgreSQL that can act at the COMMIT of a transaction that has written something, and drop the connection there."""

from __future__ import annotations

import contextlib
import socket
import threading
import typing as t

_COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"
_WRITES = (b"INSERT INTO", b"UPDATE ", b"CREATE TABLE")

BEFORE, AFTER = "before COMMIT", "after COMMIT"
"""The COMMIT never reaches the server; or the server has committed, and its answer never reaches the client."""


class PostgresProxy:
    """Use as a context manager; ``port`` is where it listens. ``commits`` counts the COMMITs of transactions that wrote.

    ``fault``, which can be set any time, is called at each of those moments with the side and the number of the COMMIT, from 1. If it answers
    True, the connection is dropped.
    """

    def __init__(self, upstream_port: int) -> None:
        self.fault: t.Callable[[str, int], bool] | None = None
        self.commits = 0
        self._upstream_port = upstream_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> PostgresProxy:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client = self._listener.accept()[0]
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._upstream_port)) as server:
            _Connection(self, client, server).run()

    def act(self, side: str, number: int) -> bool:
        """Whether the connection is dropped now."""
        return self.fault is not None and self.fault(side, number)


class _Connection:
    """One client and its connection to the server."""

    def __init__(self, proxy: PostgresProxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy, self._client, self._server = proxy, client, server
        self._wrote = False
        self._committing = 0

    def run(self) -> None:
        """Pass everything on until one side is gone."""
        back = threading.Thread(target=self._answers, daemon=True)
        back.start()
        with contextlib.suppress(OSError):
            self._questions()
        self._drop()
        back.join()

    def _questions(self) -> None:
        while data := self._client.recv(65536):
            self._wrote = self._wrote or any(sign in data for sign in _WRITES)
            if _COMMIT in data and self._wrote:
                self._wrote = False
                self._proxy.commits += 1
                if self._proxy.act(BEFORE, self._proxy.commits):
                    return
                self._committing = self._proxy.commits
            self._server.sendall(data)

    def _answers(self) -> None:
        with contextlib.suppress(OSError):
            while data := self._server.recv(65536):
                number, self._committing = self._committing, 0
                if number and self._proxy.act(AFTER, number):
                    break
                self._client.sendall(data)
        self._drop()

    def _drop(self) -> None:
        for side in (self._client, self._server):
            with contextlib.suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)
