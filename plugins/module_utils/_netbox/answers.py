# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell what an answer that is no success means: whose it is, NetBox's or that of something in front of it, and what to do."""

from __future__ import annotations

import re
import typing as t
import urllib.parse

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import (
    ConflictError,
    NetboxError,
    NetboxFailed,
    NetboxForbidden,
    NetboxRefusal,
    NetboxUncertain,
)
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox import trouble
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.object_type import ACTION_VERSION, action_of, noun, permission
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.url import normal_url

__all__ = ["Answers"]

_TOO_LARGE = {400: "large_client_header_buffers", 413: "client_max_body_size", 414: "large_client_header_buffers", 431: "large_client_header_buffers"}
"""The statuses of a web server that finds a request too large, and how nginx calls the limit. Its 400 can mean other things."""


class Answers:
    """What the NetBox at ``url``, a proxy on the way there or a web server in front of it answers instead of what was asked for.

    No sentence shows ``token`` or a password of the proxy, which any of them may have repeated.
    """

    def __init__(self, url: str, proxy: trouble.Proxy | None, token: str) -> None:
        self._url, self._proxy = url, proxy
        self._secrets = (token, *(proxy.secrets if proxy else ()))

    def error(self, response: t.Any, method: str, endpoint: str, version: tuple[int, ...] | None) -> NetboxError:
        """Return the error for an answer to a request, by its status. ``version`` is NetBox's, as far as it is known."""
        status, detail = response.status_code, self.detail(response)
        if status not in (404, 412) and not _is_netbox(response):
            return self._on_the_way(response, method, endpoint)
        if status == 401 or (status == 403 and re.search(r"token|credential", detail, re.IGNORECASE) and "permission" not in detail.lower()):
            return NetboxError(f"NetBox at {self._url} does not accept the token ({detail}): check netbox_token")
        if status == 403:
            needed = permission(method, endpoint, version)
            write = "" if method == "GET" else ", and must be enabled for writing"
            message = f"the token may not do this in NetBox ({detail}): it needs the permission {needed}{write}"
            return NetboxForbidden(message) if method == "GET" else NetboxRefusal(message, _errors_by_id(response), forbidden=True)
        if status == 404 and action_of(endpoint):
            # NetBox hides an object from those who may not have it do this.
            return NetboxError(f"it has no such {noun(endpoint)}, or the token lacks the permission {permission(method, endpoint, ACTION_VERSION)} for it")
        if status == 404:
            return NetboxError(
                f"{self._url} has no {endpoint}; netbox_url must be the address of NetBox itself, with its base path if it has one"
            )
        if status == 412:
            return ConflictError(f"a {noun(endpoint)} changed in NetBox after it was read")
        if status in (400, 409) and method == "DELETE":  # one is gone already, or another object uses it
            return NetboxRefusal(f"NetBox refused to delete it: {detail}", {})
        if status == 400 and method in ("PATCH", "POST"):
            return NetboxRefusal(f"NetBox refused the change: {detail}", _errors_by_id(response), unknown=_unknown(response))
        kind = NetboxFailed if status >= 500 else NetboxError
        return kind(f"NetBox at {self._url} answered a {method} of {endpoint} with {status} {response.reason}: {detail}")

    def redirect(self, response: t.Any) -> str:
        """Return the sentence about a redirect: where to, as netbox_url would have it, and without what may be secret in it."""
        asked = response.request.url.partition("?")[0]
        ours = asked.removeprefix(self._url).rstrip("/")  # e.g. /api/dcim/devices
        location = response.headers.get("Location", "")
        try:
            target = urllib.parse.urlsplit(urllib.parse.urljoin(asked, location))
            path = target.path.rstrip("/")
            place = normal_url(urllib.parse.urlunsplit((target.scheme, target.netloc.rpartition("@")[2], path.removesuffix(ours), "", "")))
        except (NetboxError, ValueError):
            return f"{self._url} redirects requests ({response.status_code}) to no usable address; netbox_url must be the address of NetBox itself"
        if not location or place == self._url:
            return (
                f"{self._url} redirects requests to itself ({response.status_code}) instead of answering them; look at the web server in front of NetBox: "
                "it must pass on the path as it is, and the scheme (X-Forwarded-Proto)"
            )
        place = self._masked(place)[:300]
        if path and not path.endswith(ours):
            return (
                f"netbox_url redirects to {place}; name that one, if it is NetBox itself and no login page. API requests must reach NetBox without "
                "being redirected"
            )
        plain = self._url.startswith("http:") and place.startswith("https:")
        return f"netbox_url redirects to {place}; name that one{'. The token has gone out unencrypted with this request' if plain else ''}"

    def detail(self, response: t.Any) -> str:
        """Return what NetBox says of an error, in a line."""
        return self._masked(_detail(response))

    def _masked(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "********")
        return text

    def _on_the_way(self, response: t.Any, method: str, endpoint: str) -> NetboxError:
        """Return the error for an answer that is not NetBox's own: that of a proxy, or of the web server that NetBox stands behind."""
        status = response.status_code
        answer = self._masked(f"{status} {response.reason}")
        who = "NetBox's web server, or a proxy in front of it,"
        if self._proxy and self._url.startswith("http:"):  # through https, a proxy cannot answer for NetBox
            who = f"{self._proxy}, or a web server in front of NetBox,"
        if status == 407:
            return NetboxError(f"{self._proxy or 'a proxy'} asks for a user and password ({answer}): {trouble.how_to_log_in(self._proxy)}")
        asked = f"{who} answered a {method} of {endpoint} at {self._url} with {answer}"
        if status == 401:
            login = f"; if it is the proxy, {trouble.how_to_log_in(self._proxy)}" if self._proxy else ""
            return NetboxError(f"{asked}: it asks for a login of its own, before NetBox has seen the token; it must let API requests through{login}")
        if status == 403:
            return NetboxError(f"{asked}: it does not let the request through to NetBox; the token and its permissions are not the reason")
        if status in _TOO_LARGE:
            todo = f"if the request is too large for it, allow more there ({_TOO_LARGE[status]} of nginx)"
            todo += "" if method == "GET" else " or lower netbox_batch_size"
            if status == 400:
                host = urllib.parse.urlsplit(self._url).hostname
                todo += f"; if it is NetBox's own 400, add {host}, or what a proxy makes of it, to ALLOWED_HOSTS there"
                todo += "; if it wants https, say so in netbox_url" if self._url.startswith("http:") else ""
            return NetboxError(f"{asked}: {todo}") if method == "GET" else NetboxRefusal(f"{asked}: {todo}", {})
        kind = NetboxUncertain if status >= 500 else NetboxError
        return kind(f"{asked}: {self.detail(response)}")


def _is_netbox(response: t.Any) -> bool:
    """Return whether an error is NetBox's own. Its API names its version in each answer, unless a gateway takes that away, and gives a reason in JSON."""
    if "API-Version" in response.headers:
        return True
    try:
        body = response.json()
    except ValueError:
        return False
    return isinstance(body, (dict, list)) and (response.status_code == 400 or "detail" in body or "error" in body)


def _detail(response: t.Any) -> str:
    """Return what NetBox says of an error, in one line of at most 300 characters."""
    try:
        body = response.json()
    except ValueError:
        return "no details in JSON; see NetBox's own log"
    said = [body[name] for name in ("detail", "error") if isinstance(body, dict) and isinstance(body.get(name), str)]  # "error" is that of a 500
    text = said[0].rstrip(".") + _first_not_made(body) if said else _flat(body)
    return " ".join(str(text).split())[:300]


def _first_not_made(body: dict[str, t.Any]) -> str:
    """Return what NetBox 4.7 has against the first object that a bulk POST could not make, behind how many those are; "" of other answers."""
    errors = body.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    return f": {_flat(first['errors'])}" if isinstance(first, dict) and "index" in first and "errors" in first else ""


def _flat(body: t.Any) -> str:
    """NetBox's field errors, ``{"status": ["no valid choice"]}``, as a line."""
    if isinstance(body, dict):
        return "; ".join(f"{key}: {_flat(value)}" for key, value in body.items())
    if isinstance(body, list):
        return ", ".join(_flat(value) for value in body)
    return str(body)


def _errors_by_id(response: t.Any) -> dict[int, str]:
    """Return the errors of a refused bulk PATCH by object id, as NetBox 4.7 gives them; empty where it does not."""
    try:
        errors = response.json()["errors"]
        return {int(entry["id"]): _flat({key: value for key, value in entry.items() if key != "id"}) for entry in errors}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def _unknown(response: t.Any) -> set[int]:
    """Return the ids that a refused bulk PATCH does not know, as NetBox 4.7 says it: what is wrong with them is the id itself."""
    try:
        return {int(entry["id"]) for entry in response.json()["errors"] if isinstance(entry["errors"], dict) and "id" in entry["errors"]}
    except (ValueError, KeyError, TypeError, AttributeError):
        return set()
