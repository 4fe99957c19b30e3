# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server on loopback that answers about one workflow job as AWX's API does: only what a job asks, in the shapes of its serializers."""

from __future__ import annotations

import contextlib
import typing as t
import urllib.parse

from awx_login import TOKEN, is_known
from json_server import JsonHandler, serving

WORKFLOW_JOB, START, APPROVAL, RESUME = 40, 41, 42, 43


class Awx:
    """The workflow start -> approve -> resume, of the jobs of the ids above. ``approver`` is who approved, None for nobody; ``status`` how the approval ended.

    ``prefix`` is where the API is; ``broken`` is what all is answered with, if anything; ``asked`` are the paths that were asked for.
    """

    def __init__(self) -> None:
        self.url = ""
        self.approver: str | None = "bob"
        self.status = "successful"
        self.prefix = "/api/v2/"
        self.broken: tuple[int, bytes] | None = None
        self.more: list[dict[str, t.Any]] = []
        self.asked: list[str] = []

    @property
    def environment(self) -> dict[str, str]:
        """What AWX's own credential type puts into a job."""
        return {"CONTROLLER_HOST": self.url, "CONTROLLER_OAUTH_TOKEN": TOKEN, "CONTROLLER_VERIFY_SSL": "False", "TOWER_HOST": self.url}

    def job(self, job: int = RESUME, user: str = "alice") -> dict[str, t.Any]:
        """The variables that AWX gives to a job of the workflow."""
        return {
            "awx_job_id": job,
            "awx_job_launch_type": "workflow",
            "awx_workflow_job_id": WORKFLOW_JOB,
            "awx_workflow_job_launch_type": "manual",
            "awx_user_name": user,
        }

    def answer(self, path: str) -> t.Any:
        """What is at a path; None for nothing."""
        if not path.startswith(self.prefix):
            return None
        place = path.removeprefix(self.prefix)
        if place == f"workflow_jobs/{WORKFLOW_JOB}/workflow_nodes/":
            approval = self.node(2, APPROVAL, "workflow_approval", [], [3])
            nodes = [self.node(1, START, "job", [2], []), approval, self.node(3, RESUME, "job", [], []), *self.more]
            return {"count": len(nodes), "next": None, "previous": None, "results": nodes}
        if place == f"workflow_approvals/{APPROVAL}/":
            by = {"approved_or_denied_by": {"id": 3, "username": self.approver, "first_name": "", "last_name": ""}} if self.approver else {}
            finished = "2026-11-27T10:00:00.000000Z"
            return {"id": APPROVAL, "type": "workflow_approval", "name": "approve", "status": self.status, "finished": finished, "summary_fields": by}
        return None

    @staticmethod
    def node(key: int, job: int, kind: str, always: list[int], success: list[int]) -> dict[str, t.Any]:
        """A node of the workflow, with its job."""
        summary = {"job": {"id": job, "name": kind, "description": "", "status": "successful", "failed": False, "elapsed": 1.0, "type": kind}}
        links = {"success_nodes": success, "failure_nodes": [], "always_nodes": always}
        return {"id": key, "type": "workflow_job_node", "job": job, "workflow_job": WORKFLOW_JOB, "summary_fields": summary} | links


@contextlib.contextmanager
def awx() -> t.Iterator[Awx]:
    """Run it."""
    here = Awx()

    class Handler(JsonHandler):
        def do_GET(self) -> None:
            path = urllib.parse.urlsplit(self.path).path
            here.asked.append(path)
            known = is_known(self.headers["Authorization"])
            found = here.answer(path) if known else {"detail": "Authentication credentials were not provided."}
            self.say(*(here.broken or (404 if found is None else 200 if known else 401, found or {"detail": "Not found."})))

    with serving(Handler) as here.url:
        yield here
