# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The job of AWX, or of the Automation Platform, in which a playbook runs: who started it, and where it belongs.

AWX gives a job extra variables that say so (awx/main/models/unified_jobs.py, awx_meta_vars). They replace variables of the same names that a template, a
survey or a person gives, but only those that AWX sets: it sets no user in a job that a schedule started. So the launch type decides which of them count.
"""

from __future__ import annotations

import dataclasses
import json
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.actor import Actor

__all__ = ["AWX_JOB", "AwxJob"]

AWX_JOB = "NODEFLOW_AWX_JOB"
"""The environment variable by which the action plugin tells a module in a process of its own of the job. Not for users."""

_PREFIXES = ("awx", "tower")

_BY_NOBODY = ("callback", "dependency", "scm", "scheduled", "sync", "webhook")
"""The launch types of jobs that no person started."""


@dataclasses.dataclass(frozen=True)
class AwxJob:
    """A job. ``started_by`` is the user, or what started it where ``by_person`` is false. ``workflow_job_id`` is the workflow's, of a job in one."""

    job_id: str
    started_by: str
    by_person: bool
    workflow_job_id: str | None = None

    @property
    def actor(self) -> Actor:
        """Who started it."""
        workflow = f", workflow job {self.workflow_job_id}" if self.workflow_job_id else ""
        return Actor(self.started_by, f"AWX job {self.job_id}{workflow}", self.by_person)

    @classmethod
    def read(cls, variables: t.Mapping[str, t.Any]) -> AwxJob | None:
        """Return the job that these variables of a task tell of; None outside AWX."""

        def said(name: str) -> str | None:
            found = next((value for prefix in _PREFIXES if (value := variables.get(f"{prefix}_{name}")) not in (None, "")), None)
            return None if found is None else str(found)

        job_id, launched = said("job_id"), said("job_launch_type")
        if not job_id:
            return None
        workflow_job_id = said("workflow_job_id") if launched in (None, "workflow") else None
        schedule = said("schedule_name")
        if launched == "workflow":
            launched, schedule = said("workflow_job_launch_type"), said("parent_job_schedule_name")
        user = None if launched in _BY_NOBODY else said("user_name")
        nobody = f"schedule {schedule}" if schedule and launched in (None, "scheduled") else "schedule" if launched in (None, "scheduled") else launched
        return cls(job_id, (user or nobody or "")[:150], user is not None, workflow_job_id)

    def as_text(self) -> str:
        """Return the job as ``from_text`` takes it."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_text(cls, text: str | None) -> AwxJob | None:
        """Return the job that ``as_text`` wrote; None for an empty text."""
        return cls(**json.loads(text)) if text else None
