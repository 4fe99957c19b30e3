# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Put a file to a URL, since a job's own files go with it: to WebDAV, an object store, a package registry. Only where it would become another one."""

from __future__ import annotations

import re
import typing as t
import urllib.parse

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import requests, urllib3
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox import trouble
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.patience import TRY_AGAIN, Patience
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.tls import TlsAdapter, verifying
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._paths import user_path

if t.TYPE_CHECKING:
    from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = ["WebFile", "is_url", "part_url"]

_REMEDIES = {
    401: "give dest_user and dest_password, or dest_token, that it knows",
    403: "the login may not write there; a presigned URL may have run out, or be for something else than a PUT",
    404: "there is no such place, or the login may not see it; make the directory, bucket or repository first",
    405: "no file can be put there; is it the whole URL of a file, on a server that takes a PUT, such as WebDAV?",
    407: "a proxy asks for a login",
    409: "the directory that it should be in is not there; make it first",
    413: "the file is larger than that server takes",
    507: "that server has no room left",
}
"""What to do about an answer, by its status."""


def is_url(dest: str) -> bool:
    """Return whether it is a URL, and no path."""
    return re.match(r"\s*[A-Za-z][A-Za-z0-9+.-]*://", dest) is not None


def part_url(dest: str) -> tuple[str, dict[str, str]]:
    """Part what is secret in a URL, by the option that it goes to, from what may be shown. What is no such URL stays as it is.

    Raises NodeflowError, without a word of it, for one of which nobody can say where its password ends.
    """
    place, *rest = re.split("[/?#]", dest.partition("://")[2], maxsplit=1)
    if "@" in "".join(rest) and re.search("[:@]", place):
        raise NodeflowError(
            "the URL in dest cannot be used, since it is not clear where its password ends: behind a login or a port, a @ is written as %40, a / of a "
            "password as %2F, a ? as %3F and a # as %23; the login can also stand in dest_user and dest_password, as it is"
        )
    try:
        parts = urllib.parse.urlsplit(dest.strip())
    except ValueError:
        return dest, {}
    login, at, host = parts.netloc.rpartition("@")
    user, _colon, password = login.partition(":")
    secret = {"dest_user": user, "dest_password": password} if at else {}
    found = {name: urllib.parse.unquote(text) for name, text in secret.items()} | {"dest_query": parts.query}
    return urllib.parse.urlunsplit((parts.scheme, host, parts.path, "", "")), {name: text for name, text in found.items() if text}


class WebFile:
    """A file at a URL. ``name`` is the URL without what is secret in it."""

    def __init__(self, task: Task) -> None:
        params = task.params
        self.name, secret = part_url(params["dest"])
        known = {name: params.get(name) or secret.get(name) for name in ("dest_user", "dest_password", "dest_token", "dest_query")}
        self._check(params, known)
        self._url = f"{self.name}?{known['dest_query'].lstrip('?')}" if known["dest_query"] else self.name
        self._retries, self._timeouts = params["netbox_retries"], (params["netbox_connect_timeout"], params["netbox_timeout"])
        self._say = task.show
        self._proxy = trouble.proxy_for(self.name)
        self._session = requests.Session()
        self._session.trust_env = False  # it would take logins from ~/.netrc
        if known["dest_token"]:
            self._session.headers["Authorization"] = f"Bearer {known['dest_token'].strip()}"
        elif known["dest_user"]:
            self._session.auth = requests.auth.HTTPBasicAuth(known["dest_user"].encode(), (known["dest_password"] or "").encode())
        if (urllib.parse.urlsplit(self.name).hostname or "").endswith(".blob.core.windows.net"):
            self._session.headers["x-ms-blob-type"] = "BlockBlob"  # Azure takes no PUT without it
        self._session.verify = params["validate_certs"]
        if params["validate_certs"]:
            ca_path = params["ca_path"]
            adapter = TlsAdapter(verifying(str(user_path(ca_path, "ca_path")) if ca_path else None, alone=False))
            for scheme in ("https://", "http://"):
                self._session.mount(scheme, adapter)
        else:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        self._before: bytes | None = None

    def _check(self, params: dict[str, t.Any], known: dict[str, t.Any]) -> None:
        """Raise NodeflowError for options that cannot be right together."""
        try:
            parts = urllib.parse.urlsplit(self.name)
            right = parts.scheme.lower() in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
        except ValueError:
            right = False
        if not right:
            raise NodeflowError("dest takes the path of a file, or a URL like https://files.example.org/reports/nodeflow.html; this is neither")
        if parts.path.endswith("/") or not parts.path:
            raise NodeflowError(f"dest takes the URL of a file, with its name; this is {self.name!r}")
        if known["dest_token"] and (known["dest_user"] or known["dest_password"]):
            raise NodeflowError("dest_token and dest_user are two ways to log in; give one of them")
        if known["dest_token"] and not (known["dest_token"].strip().isascii() and known["dest_token"].strip().isprintable()):
            raise NodeflowError("dest_token holds what no token has, a line break or a letter that is not ASCII; check what was pasted")
        if known["dest_password"] and not known["dest_user"]:
            raise NodeflowError("dest_password needs dest_user as well")
        if params.get("mode") is not None:
            raise NodeflowError("mode is for a file on this machine; what is put to a URL has the permissions that its server gives it")

    def read(self) -> bytes | None:
        """Return what is there; None where nothing is, or it cannot be told, since the login may only write. Raises NodeflowError."""
        answer = self._request("GET")
        if answer.status_code == 401:
            raise NodeflowError(f"{self.name} refuses the login (401): {_REMEDIES[401]}")
        self._before = answer.content if answer.status_code == 200 else None
        return self._before

    def write(self, content: bytes, check_mode: bool, kind: str) -> bool:
        """Have ``content`` there. Return whether that was a change; in check mode, whether it would be one.

        ``kind`` is its media type. Raises NodeflowError.
        """
        if content == self._before:
            return False
        if not check_mode:
            answer = self._request("PUT", data=content, headers={"Content-Type": kind})
            status = answer.status_code
            if 300 <= status < 400:
                raise NodeflowError(f"{self.name} leads to another place ({status}), where no file is put; give that URL, if it is right")
            if not 200 <= status < 300:
                remedy = f": {_REMEDIES[status]}" if status in _REMEDIES else ""
                raise NodeflowError(f"{self.name} did not take the file of {len(content)} bytes; it answered {status} {answer.reason}{remedy}")
        return True

    def _request(self, method: str, **more: t.Any) -> t.Any:
        """Send a request, and again where no answer came, or one that says that the server is busy: a PUT can be repeated without harm."""
        patience = Patience(self._retries)
        more["proxies"] = {self.name.partition(":")[0].lower(): self._proxy.url} if self._proxy else {}
        while True:
            answer = error = None
            try:
                answer = self._session.request(method, self._url, timeout=self._timeouts, allow_redirects=False, **more)
                if answer.status_code not in TRY_AGAIN:
                    return answer
                reason = f"{self.name} answered {answer.status_code} {answer.reason}"
            except requests.exceptions.SSLError as exc:
                raise NodeflowError(trouble.tls_sentence(exc, self.name, self._proxy, "dest")) from None
            except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, ValueError) as exc:
                error, reason = exc, trouble.unreachable(exc, self.name, self._proxy, self.name)
            if trouble.is_final(error) or not patience.wait(answer, self._again(reason)):
                if answer is not None:
                    return answer
                raise NodeflowError(reason)

    def _again(self, reason: str) -> t.Callable[[float], None]:
        return lambda seconds: self._say(f"{reason.partition(';')[0]}; trying again in {seconds:.0f} s")
