# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Say why no answer came, and whose fault it is: NetBox's, a proxy's, the network's, or a setting's."""

from __future__ import annotations

import errno
import http.client
import os
import socket
import ssl
import typing as t
import urllib.parse

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NetboxError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import requests, urllib3

__all__ = ["Proxy", "how_to_log_in", "is_final", "never_sent", "proxy_for", "through", "tls_sentence", "unreachable"]

_PROXY_SCHEMES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")

_BY_ERRNO = {
    errno.ECONNREFUSED: "the connection was refused; is it running, and is that its port?",
    errno.EHOSTUNREACH: "there is no route to it",
    errno.ENETUNREACH: "the network is unreachable",
    errno.ECONNRESET: "the connection was reset",
    errno.ECONNABORTED: "the connection was closed before an answer came",
    errno.EPIPE: "the connection was closed before an answer came",
    errno.ETIMEDOUT: "no answer came in time",
}

_NO_SUCH_NAME = {getattr(socket, name) for name in ("EAI_NONAME", "EAI_NODATA") if hasattr(socket, name)}

_EXPIRED, _OTHER_HOST, _OTHER_ADDRESS = 10, 62, 64
"""OpenSSL's X509_V_ERR_CERT_HAS_EXPIRED, _HOSTNAME_MISMATCH and _IP_ADDRESS_MISMATCH."""


class Proxy(t.NamedTuple):
    """The proxy that the environment names for a URL, which may hold a password; how it may be shown; the variable that names it; its secrets."""

    url: str
    shown: str
    variable: str
    secrets: tuple[str, ...]

    def __str__(self) -> str:
        return f"the proxy {self.shown} ({self.variable})"


def proxy_for(url: str) -> Proxy | None:
    """Return the proxy through which requests to ``url`` go. Raises NetboxError for one whose URL cannot be right."""
    scheme = urllib.parse.urlsplit(url).scheme
    proxies = requests.utils.get_environ_proxies(url)
    name = next((name for name in (scheme, "all") if proxies.get(name)), None)
    if name is None:
        return None
    variable = next((one for one in (f"{name}_proxy", f"{name}_proxy".upper()) if os.environ.get(one)), "the system's settings")
    given = proxies[name] if "://" in proxies[name] else "http://" + proxies[name]
    try:
        parts, named = urllib3.util.parse_url(given), urllib.parse.urlsplit(given)  # each accepts what the other does not
        # A password with a slash in it makes the rest of the URL a path, and its beginning a host and port.
        right = parts.scheme in _PROXY_SCHEMES and parts.host and parts.port == named.port and "@" not in parts.request_uri + (parts.fragment or "")
    except ValueError:
        right = False
    if not right:
        raise NetboxError(
            f"the proxy for {url} must read like http://proxy.example.org:3128; what {variable} holds is no such URL (a password with special "
            "characters in it must be percent-encoded there)"
        )
    port = f":{parts.port}" if parts.port else ""
    password = named.password or ""
    return Proxy(given, f"{parts.scheme}://{parts.host}{port}", variable, tuple(filter(None, (password, urllib.parse.unquote(password)))))


def never_sent(error: Exception) -> bool:
    """Return whether the connection could not even be opened, so that NetBox surely got nothing.

    A ProxyError alone does not say so: urllib3 makes one of each connection that is cut while it waits for the answer, too.
    """
    causes = list(_causes(error))
    if isinstance(error, requests.exceptions.ConnectTimeout) or _tunnel_answer(causes):
        return True
    opening = (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError, ssl.SSLCertVerificationError)
    return any(isinstance(one, opening) for one in causes)


def is_final(error: Exception | None) -> bool:
    """Return whether trying again is in vain: a name that DNS surely does not have, or a proxy that says what it lacks or forbids."""
    causes = list(_causes(error)) if error is not None else []
    status = _tunnel_status(causes)
    return any(isinstance(one, socket.gaierror) and one.errno in _NO_SUCH_NAME for one in causes) or 400 <= status < 500


def unreachable(error: Exception, url: str, proxy: Proxy | None, called: str = "") -> str:
    """Return the sentence about a request to the NetBox at ``url``, or what it is ``called``, that got no whole answer, a proxy's words included."""
    causes = list(_causes(error))
    if proxy and isinstance(error, requests.exceptions.InvalidSchema):
        return f"{proxy} needs a library that is missing: install PySocks for this Python (python -m pip install PySocks), or name another proxy"
    if proxy and isinstance(error, requests.exceptions.ProxyError):
        if _tunnel_answer(causes):
            host = urllib.parse.urlsplit(url).hostname
            todo = how_to_log_in(proxy) if _tunnel_status(causes) in (401, 407) else "have it allowed there"
            return f"{proxy} does not let us through to {url} ({_tunnel_answer(causes)}); {todo}, or name {host} in NO_PROXY if it needs no proxy"
        if never_sent(error):
            return f"{proxy} cannot be reached: {_reason(error, causes)}"
    by_socks = next((one for one in causes if hasattr(one, "socket_err")), None)  # what PySocks raises
    if proxy and by_socks is not None and isinstance(by_socks.socket_err, OSError):
        return f"{proxy} cannot be reached: {_reason(by_socks.socket_err, [by_socks.socket_err])}"
    return f"{called or f'NetBox at {url}'} cannot be reached{through(proxy)}: {_reason(error, causes) if by_socks is None else by_socks}"


def through(proxy: Proxy | None) -> str:
    """For the end of a sentence on what was asked: the proxy that it went through, if any."""
    return f" through {proxy}" if proxy else ""


def how_to_log_in(proxy: Proxy | None) -> str:
    """Return what to do about a proxy that asks for a user and password."""
    return f"give them in {proxy.variable if proxy else 'HTTPS_PROXY or HTTP_PROXY'}, as http://USER:PASSWORD@HOST:PORT"


def tls_sentence(error: Exception, url: str, proxy: Proxy | None, setting: str = "netbox_url") -> str:
    """Return the sentence about a TLS connection that failed: what was wrong with the certificate, if that was it, and what to do.

    ``setting`` is the one that has the URL.
    """
    causes = list(_causes(error))
    failed = next((one for one in causes if isinstance(one, ssl.SSLCertVerificationError)), None)
    if failed is None:
        reason = next((one.reason for one in causes if isinstance(one, ssl.SSLError) and one.reason), None) or type(error).__name__
        server = "NetBox" if setting == "netbox_url" else "it"
        return f"no TLS connection with {url}{through(proxy)} ({reason.replace('_', ' ').lower()}): does {server} speak https on that port?"
    todo = "name the CA in ca_path"
    if failed.verify_code == _EXPIRED:
        todo = "have it renewed"
    if failed.verify_code in (_OTHER_HOST, _OTHER_ADDRESS):
        todo = f"give {setting} the host name that it was made for"
    return (
        f"the certificate of {url}{through(proxy)} cannot be verified ({failed.verify_message.rstrip('.')}); {todo}, or, where that is wanted, set "
        "validate_certs to false"
    )


def _reason(error: Exception, causes: t.Sequence[BaseException]) -> str:
    """Return why no whole answer came, by the types and numbers of what was raised."""
    for one in causes:
        if isinstance(one, socket.gaierror):
            return "its name is not known to DNS" if one.errno in _NO_SUCH_NAME else "its name could not be resolved"
        if isinstance(one, http.client.RemoteDisconnected):
            return _BY_ERRNO[errno.ECONNABORTED]
        if isinstance(one, (http.client.IncompleteRead, urllib3.exceptions.IncompleteRead, urllib3.exceptions.InvalidChunkLength)):
            return "its answer was cut short"
        if isinstance(one, ssl.SSLError):
            return f"the TLS connection failed ({getattr(one, 'verify_message', '') or one.reason})"
        if isinstance(one, OSError) and one.errno in _BY_ERRNO:
            return _BY_ERRNO[one.errno]
    if isinstance(error, requests.exceptions.Timeout) or any(isinstance(one, TimeoutError) for one in causes):
        return "no answer came in time"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "its answer was cut short"
    if any(isinstance(one, urllib3.exceptions.ProtocolError) for one in causes):
        return "what came was no answer in HTTP"
    return type(error).__name__


def _causes(error: BaseException) -> t.Iterator[BaseException]:
    """Yield an exception and those within it, each once: requests and urllib3 wrap what Python raised in several ways."""
    seen: list[BaseException] = []
    waiting: list[t.Any] = [error]
    while waiting:
        one = waiting.pop(0)
        if not isinstance(one, BaseException) or isinstance(one, NetboxError) or any(one is other for other in seen):
            continue
        seen.append(one)
        yield one
        inner = (getattr(one, name, None) for name in ("reason", "original_error", "socket_err", "__cause__", "__context__"))
        waiting += [*one.args, *inner]


def _tunnel_answer(causes: t.Sequence[BaseException]) -> str:
    """Return what a proxy answered that was to open a tunnel: ``407 Proxy Authentication Required``; "" where none was asked.

    Python keeps the status in the text of an OSError without a number, and nowhere else.
    """
    sign = "Tunnel connection failed: "
    for one in causes:
        if isinstance(one, OSError) and one.errno is None and one.args and str(one.args[0]).startswith(sign):
            return str(one.args[0]).removeprefix(sign)[:100]
    return ""


def _tunnel_status(causes: t.Sequence[BaseException]) -> int:
    number = _tunnel_answer(causes)[:3]
    return int(number) if number.isascii() and number.isdigit() else 0
