# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask AWX who approved: the job after an approval runs as the one who launched the workflow, and is not told who decided.

The credentials are those that AWX's own credential type "Red Hat Ansible Automation Platform" puts into a job's environment. All requests only read.
"""

from __future__ import annotations

import typing as t
import urllib.parse

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._awx.job import AwxJob
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NetboxError, NodeflowError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import requests, urllib3
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.patience import TRY_AGAIN, Patience
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.tls import TlsAdapter, verifying
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.trouble import is_final

__all__ = ["AwxError", "can_ask", "who_approved"]

TIMEOUTS = (10, 30)
"""Seconds that a connection may take to open, and an answer to come."""

RETRIES = 3
"""How often AWX is asked again: whoever approved has done so, and can do it no second time."""

PAGES = 50
"""Pages of a workflow's nodes that are read at the most; AWX puts 200 into one."""

_PREFIXES = ("/api/v2/", "/api/controller/v2/")
"""Where the API is: at the controller itself, and behind the gateway of the platform."""

_NAMES = {
    "host": ("CONTROLLER_HOST", "TOWER_HOST", "AAP_HOSTNAME"),
    "token": ("CONTROLLER_OAUTH_TOKEN", "TOWER_OAUTH_TOKEN", "AAP_TOKEN"),
    "username": ("CONTROLLER_USERNAME", "TOWER_USERNAME", "AAP_USERNAME"),
    "password": ("CONTROLLER_PASSWORD", "TOWER_PASSWORD", "AAP_PASSWORD"),
    "verify": ("CONTROLLER_VERIFY_SSL", "TOWER_VERIFY_SSL", "AAP_VALIDATE_CERTS"),
    "prefix": ("CONTROLLER_OPTIONAL_API_URLPATTERN_PREFIX",),
}
"""The environment variables of the credential, those that count first first."""


class AwxError(NodeflowError):
    """AWX could not be asked, or did not say who approved."""


def can_ask(environment: t.Mapping[str, str]) -> bool:
    """Return whether the environment has an address of AWX, and what to log in with."""
    return bool(_said(environment, "host") and (_said(environment, "token") or _said(environment, "username")))


def who_approved(job: AwxJob, environment: t.Mapping[str, str]) -> str | None:
    """Return the user who gave the last approval that the job had to wait for in its workflow; None where there was none.

    Raises AwxError.
    """
    api = _Api(environment)
    try:
        places = api.listed(f"workflow_jobs/{job.workflow_job_id}/workflow_nodes/")
        approvals = [api.get(f"workflow_approvals/{approval_id}/") for approval_id in _approvals_before(places, int(job.job_id), api.host)]
        given = [one for one in approvals if one["status"] == "successful"]
        if not given:
            return None
        last = max(given, key=lambda one: (one.get("finished") or "", one["id"]))
        user = last.get("summary_fields", {}).get("approved_or_denied_by", {}).get("username")
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise AwxError(f"{api.host} answered something else than AWX does") from error
    finally:
        api.close()
    if not isinstance(user, str) or not user:
        raise AwxError(f"{api.host} does not say who approved {last.get('name')} (approval {last['id']})")
    return user


def _approvals_before(places: t.Sequence[dict[str, t.Any]], job_id: int, host: str) -> list[int]:
    """Return the ids of the approvals on the ways that lead to a job's place. Raises AwxError where the job is not in the workflow."""
    by_id = {place["id"]: place for place in places}
    parents: dict[int, set[int]] = {}
    for place in places:
        for child in (*place["success_nodes"], *place["failure_nodes"], *place["always_nodes"]):
            parents.setdefault(child, set()).add(place["id"])
    mine = {place["id"] for place in places if place["job"] == job_id}
    if not mine:
        raise AwxError(f"{host} does not know job {job_id} in its workflow job")
    before: set[int] = set()
    new = mine
    while new:
        new = {parent for place in new for parent in parents.get(place, ())} - before
        before |= new
    kinds = {key: (by_id[key].get("summary_fields") or {}).get("job") or {} for key in before if key in by_id}
    return sorted(by_id[key]["job"] for key, summary in kinds.items() if summary.get("type") == "workflow_approval")


def _said(environment: t.Mapping[str, str], what: str) -> str:
    """Return the first of the variables for it that holds something."""
    return next((value for name in _NAMES[what] if (value := environment.get(name, "").strip())), "")


class _Api:
    """The API of AWX. ``host`` is its address, without what could be a secret."""

    def __init__(self, environment: t.Mapping[str, str]) -> None:
        given = _said(environment, "host")
        try:
            address = urllib.parse.urlsplit(given if "://" in given else f"https://{given}")
        except ValueError:
            address = urllib.parse.urlsplit("")
        if address.scheme not in ("http", "https") or not address.hostname or "@" in address.netloc:
            raise AwxError("CONTROLLER_HOST in the environment is no address of AWX such as https://awx.example.org")
        self.host = f"{address.scheme}://{address.netloc}"
        prefix = _said(environment, "prefix")
        self._prefixes = [f"/{prefix.strip('/')}/v2/"] if prefix else list(_PREFIXES)
        self._status = 0
        self._session = requests.Session()
        token, user, password = (_said(environment, what) for what in ("token", "username", "password"))
        credential = (user.encode(), password.encode())
        self._session.auth = _Bearer(token) if token else requests.auth.HTTPBasicAuth(*credential)
        self._verify = _said(environment, "verify").lower() not in ("false", "no", "off", "0")
        if not self._verify:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        elif address.scheme == "https":
            try:
                self._session.mount("https://", TlsAdapter(verifying(None)))
            except NetboxError as error:
                raise AwxError(str(error)) from error

    def close(self) -> None:
        """Give the connection back."""
        self._session.close()

    def listed(self, path: str) -> list[dict[str, t.Any]]:
        """Return all that a list has, page by page. Raises AwxError."""
        found: list[dict[str, t.Any]] = []
        for page in range(1, PAGES + 1):
            answer = self.get(f"{path}?page_size=200&page={page}")
            found += answer["results"]
            if not answer.get("next"):
                return found
        raise AwxError(f"{self.host} answered a list that does not end")

    def get(self, path: str) -> dict[str, t.Any]:
        """Return what is at ``path``, behind the first prefix where an API is. Raises AwxError."""
        for prefix in list(self._prefixes):
            answer = self._answer(prefix + path)
            if answer is not None:
                self._prefixes = [prefix]
                return answer
        if 300 <= self._status < 400:
            raise AwxError(f"{self.host} leads to another address (HTTP {self._status}); CONTROLLER_HOST must be that one")
        if self._status not in (200, 404):
            raise AwxError(f"{self.host} answered HTTP {self._status}")
        raise AwxError(f"{self.host} has no {path.partition('?')[0]}, or its user may not see it")

    def _answer(self, path: str) -> dict[str, t.Any] | None:
        """Return the JSON at a path; None where there is none. Raises AwxError."""
        answer = self._asked(path)
        self._status = answer.status_code
        if answer.status_code in (401, 403):
            raise AwxError(f"{self.host} refuses the credential of the job, or what it asks for (HTTP {answer.status_code})")
        if answer.status_code >= 500:
            raise AwxError(f"{self.host} answered HTTP {answer.status_code}")
        try:
            found = answer.json() if answer.status_code == 200 else None
        except ValueError:
            return None
        return found if isinstance(found, dict) else None

    def _asked(self, path: str) -> t.Any:
        """Return the answer; asked again where none came, or one that says that AWX is busy. Raises AwxError."""
        patience = Patience(RETRIES)
        while True:
            try:
                answer = self._session.get(self.host + path, timeout=TIMEOUTS, allow_redirects=False, verify=self._verify)
                if answer.status_code not in TRY_AGAIN or not patience.wait(answer):
                    return answer
            except (requests.exceptions.RequestException, OSError, ValueError) as error:
                if is_final(error) or not patience.wait():
                    raise AwxError(f"{self.host} could not be reached ({type(error).__name__})") from error


class _Bearer:
    """The header for a token, whatever ~/.netrc has for the host."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: t.Any) -> t.Any:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request
