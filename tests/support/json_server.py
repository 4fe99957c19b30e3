# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server on loopback that answers with JSON: what the stand-ins for AWX are made of."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
import typing as t


class JsonHandler(http.server.BaseHTTPRequestHandler):
    """The base of a handler. A subclass has ``do_GET`` and ``do_POST``, which call ``say``."""

    def say(self, status: int, data: t.Any) -> None:
        """Answer; what is bytes already goes as it is."""
        body = data if isinstance(data, bytes) else json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: t.Any) -> None:  # pylint: disable=arguments-differ
        """Say nothing."""


@contextlib.contextmanager
def serving(handler: type[JsonHandler]) -> t.Iterator[str]:
    """Run it; its URL."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
