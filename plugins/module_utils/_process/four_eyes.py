# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who confirms a config, and whether that one may: with four_eyes, nobody confirms what he or she asked for; with approvers, only these confirm."""

from __future__ import annotations

import dataclasses
import os
import re
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._awx.approval import AwxError, can_ask, who_approved
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.actor import Actor, same_person
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.processes import Process
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.step_log import first_actors
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = ["Confirmer", "confirmer"]

_OF_OLDER_RELEASES = re.compile(r" \(AWX job [^)]*\)$")
"""What the log of an older release has behind the name of AWX's user."""


@dataclasses.dataclass(frozen=True)
class Confirmer:
    """Who confirms. ``refused`` says, by process id, why that one may not confirm it, and who may."""

    actor: Actor
    refused: t.Mapping[str, str]

    def log_actor(self, task: Task) -> str | None:
        """Return what the log says of who confirmed, where that is not who runs the play."""
        return str(self.actor) if self.actor != task.who else None


def confirmer(task: Task, processes: t.Sequence[Process]) -> Confirmer:
    """Find out who confirms the configs of these processes now, and which of them that one may not confirm. In check mode nobody is asked or refused."""
    if task.check_mode or not processes:
        return Confirmer(task.who, {})
    actor, problem = _actor(task)
    four_eyes, approvers = task.params["four_eyes"], task.params["approvers"] or []
    if not four_eyes and not approvers:
        if problem:
            task.warn(f"who approved is not known, so the log names who started the job: {problem}")
        return Confirmer(actor, {})
    requesters = _requesters(task, processes) if four_eyes else {}
    refused = {process.process_id: _why_not(actor, problem, requesters.get(process.process_id), four_eyes, approvers) for process in processes}
    return Confirmer(actor, {key: why for key, why in refused.items() if why})


def _actor(task: Task) -> tuple[Actor, str | None]:
    """Return who confirms: in a workflow of AWX, who gave the approval before this job, else who started the job. Second, why that could not be found out."""
    job = task.awx_job
    if job is None or not job.workflow_job_id or not task.params["confirm"]:
        return task.who, None
    if not can_ask(os.environ):
        return task.who.noting("approver not known"), None
    try:
        approver = who_approved(job, os.environ)
    except AwxError as error:
        return task.who.noting("approver not known"), str(error)
    return (Actor(approver[:150], f"approved in AWX workflow job {job.workflow_job_id}") if approver else task.who), None


def _requesters(task: Task, processes: t.Sequence[Process]) -> dict[str, str]:
    """Return who asked for each process; of one of an older release, who did its first step."""
    found = {process.process_id: process.requester for process in processes if process.requester}
    unknown = [process.process_id for process in processes if not process.requester]
    if unknown:
        with task.store.read() as connection:
            found |= {key: _OF_OLDER_RELEASES.sub("", actor) for key, actor in first_actors(connection, unknown).items()}
    return found


def _why_not(actor: Actor, problem: str | None, requester: str | None, four_eyes: bool, approvers: t.Sequence[str]) -> str | None:
    """Return why somebody may not confirm what ``requester`` asked for, and who may; None where he or she may."""
    others = [name for name in approvers if not (four_eyes and requester and same_person(name, requester))]
    may = f"{' or '.join(others)} may" if others else "name somebody else in approvers" if approvers else f"anybody but {requester} may"
    if problem:
        return f"who approved it could not be found out, so nothing is confirmed: {problem}"
    if not actor.is_person:
        return f"{actor.user} is nobody who can confirm it; {may}"
    if four_eyes and not requester:
        return "who asked for it is not known, so nobody may confirm it; abort it, and begin again"
    if four_eyes and same_person(actor.user, requester or ""):
        return f"{requester} asked for it, and may not confirm it too (four_eyes); {may}"
    if approvers and actor.user not in approvers:
        return f"{actor.user} is not among those who may confirm it (approvers); {may}"
    return None
