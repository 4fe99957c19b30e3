# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Talk to NetBox: one session, the errors as sentences, the oldest version that will do, and what can be asked again without harm."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import threading
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import (
    NetboxError,
    NetboxLeftOut,
    NetboxNotWritten,
    NetboxRefusal,
    NetboxUncertain,
)
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import pynetbox, pynetbox_query, requests, urllib3
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox import trouble
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.answers import Answers
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.echo import not_as_written
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.patience import TRY_AGAIN, Patience
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.tls import TlsAdapter, verifying
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.url import normal_url
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._paths import user_path
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._words import counted

__all__ = ["MINIMUM_VERSION", "NetboxClient"]

MINIMUM_VERSION = (4, 4)
"""The first NetBox that takes a message for its change log with a write, by which a write of ours is known again."""

CONDITIONAL_VERSION = (4, 6)
"""The first NetBox that answers ETags and honours If-Match, so that it refuses a write to an object that changed meanwhile."""

NAMES_REFUSED_VERSION = (4, 7)
"""The first NetBox that refuses a bulk write of which the token may not change all objects, and names them. Before, it passes over them."""

PAGE_SIZE = 1000
"""Objects in one page of a listing: NetBox's MAX_PAGE_SIZE. Where its administrator has set a smaller one, its pages have so many."""

MOST_PAGES = 4000
"""Pages of a listing at the most."""

_LEFT_OUT = "it is not among those that the token may change, or not there any more"


class NetboxClient:
    """A session with one NetBox, which several threads may use. Opens no connection before the first request.

    ``timeout`` and ``connect_timeout`` are seconds. Up to ``retries`` times, a read is tried again that met a time-out, a connection refused,
    reset or cut, or an answer in TRY_AGAIN; a write is if it surely never reached NetBox. ``say`` is told of it at once.
    ``batch_size`` objects go into one bulk write, and ``parallel`` requests are made at a time, by those who make several; ``custom_fields``
    says that objects are to be read with theirs. ``before_write`` is called before each request that makes or deletes
    objects, and before a write is sent again, and may refuse it.
    Raises NetboxError for settings that cannot be right.
    """

    def __init__(  # pylint: disable=too-many-arguments
        self,
        url: str | None,
        token: str | None,
        *,
        validate_certs: bool = True,
        ca_path: str | None = None,
        timeout: int = 60,
        connect_timeout: int = 10,
        retries: int = 5,
        batch_size: int = 100,
        parallel: int = 2,
        custom_fields: bool = False,
        say: t.Callable[[str], None] = lambda text: None,
        before_write: t.Callable[[], None] = lambda: None,
    ) -> None:
        if not url:
            raise NetboxError("netbox_url is not set: name your NetBox there or in the environment variable NETBOX_URL")
        if not token or not token.strip():
            raise NetboxError("netbox_token is not set: give an API token there or in the environment variable NETBOX_TOKEN")
        ca_path = str(user_path(ca_path, "ca_path")) if ca_path else None
        if ca_path and not os.path.exists(ca_path):
            raise NetboxError(f"ca_path names {ca_path}, which does not exist")
        if not token.strip().isascii() or not token.strip().isprintable():
            raise NetboxError("netbox_token holds what no token has, a line break or a letter that is not ASCII; check what was pasted")
        self.url = normal_url(url)
        self._api = pynetbox.api(self.url, token=token.strip())
        self._here = threading.local()  # what this thread is about: the condition of its write
        self.version: tuple[int, ...] | None = None
        self._timeouts = (connect_timeout, timeout)
        self._retries = retries
        self.batch_size, self.parallel, self.custom_fields = batch_size, parallel, custom_fields
        self._say, self._before_write = say, before_write
        session = self._api.http_session
        if not validate_certs:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        self._proxy = trouble.proxy_for(self.url)
        self._answers = Answers(self.url, self._proxy, self._api.token)
        self._validate_certs = validate_certs
        if validate_certs and "https" in (self.url.partition(":")[0], self._proxy.shown.partition(":")[0] if self._proxy else ""):
            adapter = TlsAdapter(verifying(ca_path))
            session.mount("https://", adapter)
            session.mount("http://", adapter)  # it goes through a proxy that speaks TLS
        # Without it, requests would look into ~/.netrc, and let what it finds there replace the token.
        session.auth = lambda request: request
        self._send, session.request = session.request, self._request
        session.hooks["response"].append(self._check_answer)

    @property
    def conditional(self) -> bool:
        """Whether this NetBox honours If-Match. Known after its first answer."""
        return self.version is not None and self.version >= CONDITIONAL_VERSION

    @property
    def _a_connection_each(self) -> bool:
        """Whether each request is to have a connection of its own.

        NetBox's server has several processes. Two connections that stay open can stay with the same one, and what is asked on them takes turns there, for as
        long as a whole step; a new one goes to a process that is free. An older NetBox gets one object a request, so too many connections.
        """
        return self.parallel > 1 and (self.conditional or self.version is None)

    def patience(self) -> Patience:
        """Return the waits that are left to a piece of work of several requests."""
        return Patience(self._retries)

    def get(self, endpoint: str, filters: dict[str, t.Any]) -> list[dict[str, t.Any]]:
        """Return all objects that a list endpoint, e.g. ``dcim/devices``, has for ``filters``, page by page. Raises NetboxError."""
        found: dict[int, dict[str, t.Any]] = {}  # by id, since one that moved to another page while it was listed comes twice
        read = count = 0
        stepped_back = False
        for _number in range(MOST_PAGES):
            before = count
            page, count = self._page(endpoint, filters, read)
            new = {item["id"]: item for item in page}
            is_new = not new.keys() <= found.keys()
            found |= new
            if read and count < before:  # so many have left the listing, and others may have moved to a page that was read
                read, stepped_back = max(0, read - (before - count)), True
                continue
            read += len(page)
            if count <= read:
                return list(found.values())
            if not is_new and not stepped_back:
                break
            stepped_back = False
        raise NetboxError(f"{self.url} answered a listing that does not end: it counts {counted(count, 'object')}, and listed {len(found)}")

    def _page(self, endpoint: str, filters: dict[str, t.Any], offset: int) -> tuple[list[dict[str, t.Any]], int]:
        """Return the objects of a listing from ``offset`` on that NetBox puts into one page, and how many the listing has in all. Raises NetboxError.

        NetBox's link to the next page is not followed: it leads where NetBox believes to be, which a proxy in front of it may not have told it.
        """
        session, token = self._api.http_session, self._api.token
        request = pynetbox_query.Request(base=self._endpoint(endpoint), http_session=session, token=token, filters=filters, limit=PAGE_SIZE, offset=offset)
        with self._errors("GET", endpoint):
            try:
                page, count = list(request.get()), request.count
            except (AttributeError, KeyError, TypeError) as error:
                raise NetboxError(self._no_list) from error
        if not isinstance(count, int) or any(not isinstance(item, dict) or not isinstance(item.get("id"), int) for item in page):
            raise NetboxError(self._no_list)
        return page, count

    @property
    def _no_list(self) -> str:
        return f"{self.url} answered with something else than a list of objects; is it a NetBox?"

    def patch(self, endpoint: str, changes: t.Sequence[dict[str, t.Any]], etags: t.Sequence[str] = ()) -> list[dict[str, t.Any]]:
        """Change objects in one bulk request, all or none. Each change holds the object's ``id`` and the fields to set.

        With ``etags``, NetBox refuses unless each object's present ETag is among them.
        Raises ConflictError for that, NetboxRefusal where NetBox does not accept some of them, NetboxLeftOut once the others are changed where it
        passed over some, NetboxError else.
        """
        request = pynetbox_query.Request(base=self._endpoint(endpoint), http_session=self._api.http_session, token=self._api.token)
        with self._errors("PATCH", endpoint):
            self._here.if_match = ", ".join(etags)
            changed = request.patch(sorted(changes, key=lambda change: change["id"]))
        asked = {change["id"] for change in changes}
        ids = [item.get("id") if isinstance(item, dict) else None for item in changed] if isinstance(changed, list) else [None]
        answered = {key for key in ids if isinstance(key, int)}
        passed_over = asked - answered
        tells = self.version is not None and self.version >= NAMES_REFUSED_VERSION  # it would have refused
        if len(answered) != len(ids) or not answered <= asked or (passed_over and tells):
            raise NetboxUncertain(self._no_list)
        by_id: dict[int, dict[str, t.Any]] = {item["id"]: item for item in changed if isinstance(item, dict)}
        for change in changes:
            if change["id"] in by_id:
                self._check_written("PATCH", endpoint, change, by_id[change["id"]])
        if passed_over:
            raise NetboxLeftOut(f"NetBox at {self.url} did not change {endpoint} {min(passed_over)}: {_LEFT_OUT}", passed_over)
        return list(by_id.values())

    def create(self, endpoint: str, objects: t.Sequence[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
        """Create objects in one bulk request, all or none, and return them. ``endpoint`` may be one that allocates: ``ipam/prefixes/7/available-ips``.

        Raises NetboxRefusal where NetBox does not accept one of them, or has not so many left; NetboxUncertain where the answer does not say that
        NetBox made them; NetboxError else.
        """
        self._before_write()
        created = self.post(endpoint, list(objects))
        if not isinstance(created, list) or len(created) != len(objects):
            raise NetboxUncertain(f"{self.url} answered a POST of {endpoint} with something else than the {len(objects)} objects to create")
        for wanted, answered in zip(objects, created):
            if not isinstance(answered, dict) or not isinstance(answered.get("id"), int):
                raise NetboxUncertain(f"{self.url} answered a POST of {endpoint} with something else than the objects to create")
            self._check_written("POST", endpoint, wanted, answered)
        return created

    def delete(self, endpoint: str, messages: t.Mapping[int, str]) -> None:
        """Delete objects in one bulk request, all or none, each with a line for the change log, by its id. NetBox passes over what the token may not delete.

        Raises NetboxRefusal where one of them is gone already, or in use by another object; NetboxError else.
        """
        self._before_write()
        request = pynetbox_query.Request(base=self._endpoint(endpoint), http_session=self._api.http_session, token=self._api.token)
        with self._errors("DELETE", endpoint):
            request.delete([{"id": key, "changelog_message": message} for key, message in sorted(messages.items())])

    def _check_written(self, method: str, endpoint: str, wanted: dict[str, t.Any], answered: dict[str, t.Any]) -> None:
        """Raise NetboxNotWritten where an object in NetBox's answer is not as it was written."""
        wrong = not_as_written(wanted, answered)
        if wrong:
            raise NetboxNotWritten(
                f"{self.url} answered a {method} of {endpoint}, id {answered['id']}, without what was written: {', '.join(wrong)} stayed as before, or was "
                "changed at once by something in NetBox or in front of it"
            )

    def may(self, method: str, endpoint: str) -> bool:
        """Return whether the token may PATCH, or POST to, an endpoint at all, whatever the constraints of its permission: sends a list of nothing.

        Raises NetboxError.
        """
        try:
            if method == "PATCH":
                self.patch(endpoint, [])
            else:
                self.post(endpoint, [])
        except NetboxRefusal as error:
            return not error.forbidden
        return True

    def post(self, endpoint: str, data: t.Any) -> t.Any:
        """Post something to an endpoint, e.g. ``dcim/devices/7/render-config``, and return the answer unchecked. Raises NetboxError."""
        request = pynetbox_query.Request(base=self._endpoint(endpoint), http_session=self._api.http_session, token=self._api.token)
        with self._errors("POST", endpoint):
            return request.post(data)

    def schema(self) -> dict[str, t.Any]:
        """NetBox's OpenAPI schema. Large: seconds and megabytes. Raises NetboxError."""
        request = pynetbox_query.Request(base=self._endpoint("schema"), http_session=self._api.http_session, token=self._api.token)
        with self._errors("GET", "schema"):
            return next(iter(request.get({"format": "json"})))

    def close(self) -> None:
        """Close the connections."""
        self._api.http_session.close()

    def _endpoint(self, endpoint: str) -> str:
        return f"{self._api.base_url}/{endpoint}/"

    def _check_answer(self, response: t.Any, **kwargs: t.Any) -> None:  # pylint: disable=unused-argument
        """No redirect; the version that it names; and that what was asked for is an object, since pynetbox takes a bare list for a listing."""
        if (response.request.body and not response.ok) or self._a_connection_each:
            _leave_connection(response)
        if 300 <= response.status_code < 400:
            # A 303 may come after a write was done.
            kind = NetboxUncertain if response.status_code == 303 and response.request.method != "GET" else NetboxError
            raise kind(self._answers.redirect(response))
        found = re.match(r"(\d+)\.(\d+)", response.headers.get("API-Version", ""))
        if found:
            self.version = tuple(map(int, found.groups()))
        if self.version and self.version < MINIMUM_VERSION:
            raise NetboxError(
                f"the NetBox at {self.url} is too old: it is {'.'.join(map(str, self.version))}, and {'.'.join(map(str, MINIMUM_VERSION))} or newer is needed, "
                "whose change log takes a message with a write"
            )
        if response.request.method == "GET" and response.ok and response.content.lstrip().startswith(b"["):
            raise NetboxError(self._no_list)

    def _request(self, method: str, url: str, **kwargs: t.Any) -> t.Any:
        """Send a request of the session, and again where that can do no harm."""
        if method == "PATCH" and self._here.if_match:
            kwargs["headers"] = {**(kwargs.get("headers") or {}), "If-Match": self._here.if_match}
        if self._proxy:
            kwargs["proxies"] = {self.url.partition(":")[0]: self._proxy.url}
        kwargs["allow_redirects"] = False  # to wherever it leads, it would take the token or leave the body behind
        patience, again = self.patience(), False
        while True:
            response = error = None
            if again and method != "GET":
                self._before_write()
            again = True
            try:
                response = self._send(method, url, timeout=self._timeouts, verify=self._validate_certs, **kwargs)
                if response.status_code not in TRY_AGAIN or (method != "GET" and response.status_code != 429):
                    return response
                reason = f"NetBox at {self.url} answered {response.status_code} {response.reason}"
            except (requests.exceptions.ConnectionError, requests.exceptions.Timeout, requests.exceptions.ChunkedEncodingError) as exc:
                if isinstance(exc, requests.exceptions.SSLError) or (method != "GET" and not trouble.never_sent(exc)):
                    raise
                error, reason = exc, trouble.unreachable(exc, self.url, self._proxy).partition(";")[0]
            if trouble.is_final(error) or not patience.wait(response, functools.partial(self._say_again, reason)):
                if error is not None:
                    raise error
                return response

    def _say_again(self, reason: str, seconds: float) -> None:
        self._say(f"{reason}; trying again in {seconds:.0f} s")

    @contextlib.contextmanager
    def _errors(self, method: str, endpoint: str) -> t.Iterator[None]:
        """Turn what can go wrong with a request into a NetboxError."""
        try:
            yield
        except pynetbox.RequestError as error:
            raise self._answers.error(error.req, method, endpoint, self.version) from error
        except pynetbox.AllocationError as error:
            raise NetboxRefusal(f"NetBox refused: {self._answers.detail(error.req)}", {}) from error
        except pynetbox.ContentError as error:
            kind = error.req.headers.get("Content-Type", "unknown")
            raise NetboxUncertain(
                f"{self.url} answered with something else than NetBox's API (content type {kind}){trouble.through(self._proxy)}; netbox_url must be the "
                "address of NetBox itself, with its base path if it has one"
            ) from error
        except requests.exceptions.SSLError as error:
            kind = NetboxError if trouble.never_sent(error) else NetboxUncertain
            raise kind(trouble.tls_sentence(error, self.url, self._proxy)) from error
        except requests.exceptions.ConnectTimeout as error:
            raise NetboxError(
                f"no connection to NetBox at {self.url}{trouble.through(self._proxy)} within {self._timeouts[0]} seconds (netbox_connect_timeout)"
            ) from error
        except requests.exceptions.Timeout as error:
            raise NetboxUncertain(
                f"NetBox at {self.url} did not answer a {method} of {endpoint}{trouble.through(self._proxy)} within {self._timeouts[1]} seconds "
                "(netbox_timeout)"
            ) from error
        except (requests.exceptions.RequestException, ValueError) as error:
            kind = NetboxError if trouble.never_sent(error) else NetboxUncertain
            raise kind(trouble.unreachable(error, self.url, self._proxy)) from error


def _leave_connection(response: t.Any) -> None:
    """Read an answer, and let the next request have a connection of its own, whether the server closes this one or not.

    For one that was refused, it has to be: NetBox refuses many a request before it reads its body. Its application server, gunicorn, then takes the next
    request on the connection, where that comes at once, for a part of that body, and it is never answered.
    """
    connection = getattr(response.raw, "connection", None)  # urllib3's; None where it was closed with the answer
    sock = connection.sock if connection else None
    if connection:
        connection.sock = None
    try:
        _body = response.content
    finally:
        if sock:
            sock.close()
