# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Talk to NetBox: one session, the errors as sentences, the oldest version that will do, and what can be asked again without harm."""

from __future__ import annotations

import contextlib
import os
import re
import threading
import typing as t
import urllib.parse

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import ConflictError, NetboxError, NetboxUncertain
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import pynetbox, pynetbox_query, requests
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.netbox.patience import TRY_AGAIN, Patience

__all__ = ["MINIMUM_VERSION", "NetboxClient", "NetboxLeftOut", "NetboxRefusal", "normal_url"]

MINIMUM_VERSION = (4, 4)
"""The first NetBox that takes a message for its change log with a write, by which a write of ours is known again."""

CONDITIONAL_VERSION = (4, 6)
"""The first NetBox that answers ETags and honours If-Match, so that it refuses a write to an object that changed meanwhile."""

RENDER_PERMISSION_VERSION = (4, 5)
"""The first NetBox with a permission of its own for rendering a device's config."""

PAGE_SIZE = 1000
"""Objects in one page of a listing: NetBox's MAX_PAGE_SIZE. Where its administrator has set a smaller one, its pages have so many."""

MOST_PAGES = 4000
"""Pages of a listing at the most: a million objects."""

_NO_LIST = "{0} answered with something else than a list of objects; is it a NetBox?"

_LEFT_OUT = "it is not among those that the token may change, or not there any more"

_AGAIN = "NetBox at {0} {1}; trying again in {2:.0f} s"

_PERMISSIONS = {"GET": "view", "PATCH": "change", "POST": "add"}
_SINGULAR = {"ip-addresses": "ipaddress", "journal-entries": "journalentry"}


class NetboxRefusal(NetboxError):
    """NetBox refused a bulk write as a whole.

    ``by_id`` says why, for each object that it named. ``forbidden`` says that the token may not do this to at least one of them, and ``unknown``
    are those that are not among the objects that the token may change.
    """

    def __init__(self, message: str, by_id: dict[int, str], forbidden: bool = False, unknown: t.Collection[int] = ()) -> None:
        super().__init__(message)
        self.by_id, self.forbidden, self.unknown = by_id, forbidden, frozenset(unknown)


class NetboxLeftOut(NetboxError):
    """A bulk write was done, but not to the objects ``ids``: before 4.7, NetBox passes over those that the token may not change."""

    def __init__(self, message: str, ids: t.Collection[int]) -> None:
        super().__init__(message)
        self.ids = frozenset(ids)


def normal_url(url: str) -> str:
    """The URL of a NetBox in one spelling: lower-case scheme and host, no ``/api`` and no slash at the end. Keeps a base path.

    Raises NetboxError for what is no http or https URL, and for one with a user name or password in it.
    """
    try:
        parts = urllib.parse.urlsplit(url.strip())
        port = parts.port
        (parts.hostname or "").encode("idna")  # raises for a label that is empty or too long
    except ValueError:
        parts, port = urllib.parse.urlsplit(""), None
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
        shown = "" if "@" in url else ": " + repr(url)
        raise NetboxError("netbox_url must read like https://netbox.example.org or https://example.org/netbox; this is no such URL" + shown)
    if parts.username or parts.password:
        raise NetboxError("netbox_url must not hold a user name or password; the token goes into netbox_token")
    host = "[{0}]".format(parts.hostname) if ":" in parts.hostname else parts.hostname
    default = {"http": 80, "https": 443}[parts.scheme.lower()]
    netloc = host if port in (None, default) else "{0}:{1}".format(host, port)
    path = re.sub(r"(/api)?/*$", "", parts.path)
    return urllib.parse.urlunsplit((parts.scheme.lower(), netloc, path, "", ""))


class NetboxClient:
    """A session with one NetBox, which several threads may use. Opens no connection before the first request.

    ``timeout`` and ``connect_timeout`` are seconds. Up to ``retries`` times, a read is tried again that met a time-out, a connection refused,
    reset or cut, or an answer in TRY_AGAIN; a write is if it surely never reached NetBox. ``say`` is told of it at once.
    ``batch_size`` objects go into one bulk write, and ``parallel`` requests are made at a time, by those who make several; ``custom_fields``
    says that devices are to be read with theirs.
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
    ) -> None:
        if not url:
            raise NetboxError("netbox_url is not set: name your NetBox there or in the environment variable NETBOX_URL")
        if not token or not token.strip():
            raise NetboxError("netbox_token is not set: give an API token there or in the environment variable NETBOX_TOKEN")
        if ca_path and not os.path.exists(os.path.expanduser(ca_path)):
            raise NetboxError("ca_path names {0}, which does not exist".format(ca_path))
        if not token.strip().isascii() or not token.strip().isprintable():
            raise NetboxError("netbox_token holds what no token has, a line break or a letter that is not ASCII; check what was pasted")
        self.url = normal_url(url)
        self._api = pynetbox.api(self.url, token=token.strip())
        self._here = threading.local()  # what this thread is about: the pages that it asked for, the condition of its write
        self.version: tuple[int, ...] | None = None
        self._timeouts = (connect_timeout, timeout)
        self._retries = retries
        self.batch_size, self.parallel, self.custom_fields = batch_size, parallel, custom_fields
        self._say = say
        session = self._api.http_session
        if not validate_certs:
            requests.packages.urllib3.disable_warnings(requests.packages.urllib3.exceptions.InsecureRequestWarning)
        # Given with each request, because REQUESTS_CA_BUNDLE in the environment would overrule what the session says.
        self._verify = (os.path.expanduser(ca_path) if ca_path else None) if validate_certs else False
        self._send, session.request = session.request, self._request
        session.hooks["response"].append(self._check_answer)

    @property
    def conditional(self) -> bool:
        """Whether this NetBox honours If-Match. Known after its first answer."""
        return self.version is not None and self.version >= CONDITIONAL_VERSION

    def patience(self) -> Patience:
        """The waits that are left to a piece of work of several requests."""
        return Patience(self._retries)

    def get(self, endpoint: str, filters: dict[str, t.Any]) -> list[dict[str, t.Any]]:
        """All objects that a list endpoint, e.g. ``dcim/devices``, has for ``filters``, page by page. Raises NetboxError."""
        request = pynetbox_query.Request(
            base=self._endpoint(endpoint), http_session=self._api.http_session, token=self._api.token, filters=filters, limit=PAGE_SIZE
        )
        self._here.asked = set()
        with self._errors("GET", endpoint):
            try:
                found = list(request.get())
            except (AttributeError, KeyError, TypeError) as error:
                raise NetboxError(_NO_LIST.format(self.url)) from error
        if any(not isinstance(item, dict) or not isinstance(item.get("id"), int) for item in found):
            raise NetboxError(_NO_LIST.format(self.url))
        return list({item["id"]: item for item in found}.values())  # one that moved to another page while it was listed comes twice

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
        if len(answered) != len(ids) or not answered <= asked:
            raise NetboxUncertain(_NO_LIST.format(self.url))
        if asked - answered:
            raise NetboxLeftOut(f"NetBox at {self.url} did not change {endpoint} {min(asked - answered)}: {_LEFT_OUT}", asked - answered)
        return changed

    def may(self, method: str, endpoint: str) -> bool:
        """Whether the token may PATCH, or POST to, an endpoint at all, whatever the constraints of its permission: sends a list of nothing.

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
        """Post an object, or a list of them, to an endpoint, e.g. ``dcim/devices/7/render-config``. Raises NetboxError."""
        request = pynetbox_query.Request(base=self._endpoint(endpoint), http_session=self._api.http_session, token=self._api.token)
        with self._errors("POST", endpoint):
            return request.post(data)

    def schema(self) -> dict[str, t.Any]:
        """NetBox's OpenAPI schema. Large: seconds and megabytes. Raises NetboxError."""
        request = pynetbox_query.Request(base=self._endpoint("schema"), http_session=self._api.http_session, token=self._api.token)
        self._here.asked = set()
        with self._errors("GET", "schema"):
            return next(iter(request.get({"format": "json"})))

    def close(self) -> None:
        """Close the connections."""
        self._api.http_session.close()

    def _endpoint(self, endpoint: str) -> str:
        return "{0}/{1}/".format(self._api.base_url, endpoint)

    def _check_answer(self, response: t.Any, **kwargs: t.Any) -> None:  # pylint: disable=unused-argument
        """The version that it names; and that what was asked for is an object, since pynetbox takes a bare list for a listing."""
        found = re.match(r"(\d+)\.(\d+)", response.headers.get("API-Version", ""))
        if found:
            self.version = tuple(map(int, found.groups()))
        if found and self.version < MINIMUM_VERSION:
            raise NetboxError(
                "the NetBox at {0} is too old: it is {1}, and {2}.{3} or newer is needed, whose change log takes a message with a "
                "write".format(self.url, found.group(0), *MINIMUM_VERSION)
            )
        if response.request.method == "GET" and response.ok and response.content.lstrip().startswith(b"["):
            raise NetboxError(_NO_LIST.format(self.url))

    def _request(self, method: str, url: str, **kwargs: t.Any) -> t.Any:
        """What the session does for a request: send it, and again where that can do no harm."""
        if method == "GET":
            page = "{0} {1}".format(url, kwargs.get("params"))
            if page in self._here.asked or len(self._here.asked) >= MOST_PAGES:
                raise NetboxError("{0} answered a listing that does not end".format(self.url))
            self._here.asked.add(page)
        if method == "PATCH" and self._here.if_match:
            kwargs["headers"] = {**(kwargs.get("headers") or {}), "If-Match": self._here.if_match}
        patience = self.patience()
        while True:
            response = error = None
            try:
                response = self._send(method, url, timeout=self._timeouts, verify=self._verify, **kwargs)
                if response.status_code not in TRY_AGAIN or (method != "GET" and response.status_code != 429):
                    return response
                reason = "answered {0} {1}".format(response.status_code, response.reason)
            except (requests.exceptions.ConnectionError, requests.exceptions.Timeout, requests.exceptions.ChunkedEncodingError) as exc:
                if isinstance(exc, requests.exceptions.SSLError) or (method != "GET" and not _never_sent(exc)):
                    raise
                error, reason = exc, "cannot be reached: {0}".format(_connection_reason(exc).partition(";")[0])
            if _is_final(error) or not patience.wait(response, lambda seconds: self._say(_AGAIN.format(self.url, reason, seconds))):
                if error is not None:
                    raise error
                return response

    @contextlib.contextmanager
    def _errors(self, method: str, endpoint: str) -> t.Iterator[None]:
        """Turn what can go wrong with a request into a NetboxError."""
        try:
            yield
        except pynetbox.RequestError as error:
            raise self._refused(error.req, method, endpoint) from error
        except pynetbox.AllocationError as error:
            raise NetboxError("NetBox refused: {0}".format(self._detail(error.req))) from error
        except pynetbox.ContentError as error:
            raise NetboxUncertain(
                "{0} answered with something else than NetBox's API (content type {1}); netbox_url must be the address of NetBox itself, with "
                "its base path if it has one".format(self.url, error.req.headers.get("Content-Type", "unknown"))
            ) from error
        except requests.exceptions.SSLError as error:
            raise NetboxError(
                "the certificate of {0} cannot be verified ({1}); name the CA in ca_path, or, where that is wanted, set validate_certs to "
                "false".format(self.url, _ssl_reason(error))
            ) from error
        except requests.exceptions.ConnectTimeout as error:
            raise NetboxError(
                "no connection to NetBox at {0} within {1} seconds (netbox_connect_timeout)".format(self.url, self._timeouts[0])
            ) from error
        except requests.exceptions.Timeout as error:
            raise NetboxUncertain(
                "NetBox at {0} did not answer a {1} of {2} within {3} seconds (netbox_timeout)".format(self.url, method, endpoint, self._timeouts[1])
            ) from error
        except requests.exceptions.ConnectionError as error:
            kind = NetboxError if _never_sent(error) else NetboxUncertain
            raise kind("NetBox at {0} cannot be reached: {1}".format(self.url, _connection_reason(error))) from error
        except (requests.exceptions.RequestException, ValueError) as error:
            raise NetboxUncertain("the request to NetBox at {0} failed: {1}".format(self.url, _connection_reason(error))) from error

    def _detail(self, response: t.Any) -> str:
        """What NetBox says of an error, in a line, without our token, which a proxy may have repeated."""
        return _detail(response).replace(self._api.token, "********")

    def _refused(self, response: t.Any, method: str, endpoint: str) -> NetboxError:
        status, detail = response.status_code, self._detail(response)
        if status == 401 or (status == 403 and re.search(r"token|credential", detail, re.IGNORECASE) and "permission" not in detail.lower()):
            return NetboxError("NetBox at {0} does not accept the token ({1}): check netbox_token".format(self.url, detail))
        if status == 403:
            app, model = (endpoint.split("/") + [""])[:2]
            permission = f"{app}.{_PERMISSIONS[method]}_{_SINGULAR.get(model, model.rstrip('s')).replace('-', '')}"
            if endpoint.endswith("render-config") and self.version and self.version >= RENDER_PERMISSION_VERSION:
                permission = "dcim.render_config_device"  # before, NetBox took it for adding a device, as it is a POST
            write = "" if method == "GET" else ", and must be enabled for writing"
            message = f"the token may not do this in NetBox ({detail}): it needs the permission {permission}{write}"
            return NetboxError(message) if method == "GET" else NetboxRefusal(message, _errors_by_id(response), forbidden=True)
        if status == 404 and endpoint.endswith("render-config"):
            # NetBox hides a device from those who may not render it.
            return NetboxError("it has no such device, or the token lacks the permission dcim.render_config_device for it")
        if status == 404:
            return NetboxError(
                "{0} has no {1}; netbox_url must be the address of NetBox itself, with its base path if it has one".format(self.url, endpoint)
            )
        if status == 412:
            return ConflictError("a device changed in NetBox after it was read")
        if status == 400 and method in ("PATCH", "POST"):
            return NetboxRefusal(f"NetBox refused the change: {detail}", _errors_by_id(response), unknown=_unknown(response))
        kind = NetboxUncertain if status >= 500 else NetboxError  # a 500 may come after the write was done
        return kind("NetBox at {0} answered a {1} of {2} with {3} {4}: {5}".format(self.url, method, endpoint, status, response.reason, detail))


def _detail(response: t.Any) -> str:
    """What NetBox says of an error, in one line of at most 300 characters."""
    try:
        body = response.json()
    except ValueError:
        return "no details in JSON; see NetBox's own log"
    said = [body[name] for name in ("detail", "error") if isinstance(body, dict) and isinstance(body.get(name), str)]  # "error" is that of a 500
    text = said[0] if said else _flat(body)
    return " ".join(str(text).split())[:300]


def _flat(body: t.Any) -> str:
    """NetBox's field errors, ``{"status": ["no valid choice"]}``, as a line."""
    if isinstance(body, dict):
        return "; ".join("{0}: {1}".format(key, _flat(value)) for key, value in body.items())
    if isinstance(body, list):
        return ", ".join(_flat(value) for value in body)
    return str(body)


def _errors_by_id(response: t.Any) -> dict[int, str]:
    """The errors of a refused bulk PATCH by object id, as NetBox 4.7 gives them; empty where it does not."""
    try:
        errors = response.json()["errors"]
        return {int(entry["id"]): _flat({key: value for key, value in entry.items() if key != "id"}) for entry in errors}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def _unknown(response: t.Any) -> set[int]:
    """The ids that a refused bulk PATCH does not know, as NetBox 4.7 says it: what is wrong with them is the id itself."""
    try:
        return {int(entry["id"]) for entry in response.json()["errors"] if isinstance(entry["errors"], dict) and "id" in entry["errors"]}
    except (ValueError, KeyError, TypeError, AttributeError):
        return set()


def _never_sent(error: t.Any) -> bool:
    """Whether the connection could not even be opened."""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return True
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, requests.packages.urllib3.exceptions.NewConnectionError)


def _is_final(error: t.Any) -> bool:
    """Whether trying again is in vain: a name that DNS surely does not have."""
    return "Name or service not known" in str(error)


def _connection_reason(error: Exception) -> str:
    text = str(error)
    for sign, reason in (
        ("Connection refused", "the connection was refused; is it running, and is that its port?"),
        ("Name or service not known", "its name is not known to DNS"),
        ("Temporary failure in name resolution", "its name could not be resolved"),
        ("No route to host", "there is no route to it"),
        ("Network is unreachable", "the network is unreachable"),
        ("Connection reset", "the connection was reset"),
        ("RemoteDisconnected", "the connection was closed before an answer came"),
        ("Connection aborted", "the connection was closed before an answer came"),
        ("IncompleteRead", "its answer was cut short"),
        ("Connection broken", "its answer was cut short"),
    ):
        if sign in text:
            return reason
    if isinstance(error, requests.exceptions.Timeout):
        return "no answer came in time"
    return type(error).__name__


def _ssl_reason(error: Exception) -> str:
    found = re.search(r"certificate verify failed: ([^(]+?) \(", str(error))
    return found.group(1) if found else "the TLS connection failed"
