# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Steps that most workflows have: begin, the moves from one lifecycle to the next, fields to set, and what NetBox gets."""

from __future__ import annotations

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.description import description
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.lifecycle import SubscriptionLifecycle
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.subscription import Context, SubscriptionModel, move_to_lifecycle, revise
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.payload import NetboxPayload, build_payload
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.update import Target, update
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.holding import still_held
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.progress import Progress
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.step import AnyWork, Done, Failed, Outcome, StepFunction, for_each
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = ["NOT_MADE_YET", "begin", "completed", "described", "moved_to", "revised", "updated_in_netbox"]

Model = t.TypeVar("Model", bound=SubscriptionModel)

NOT_MADE_YET = 0
"""The id, in check mode, of an object that an earlier step would have made in NetBox."""


def begin(task: Task, works: t.Sequence[AnyWork]) -> dict[str, Outcome]:  # pylint: disable=unused-argument
    """Do the step store_process_subscription, of a workflow that has no more to do there: do_step has stored the process already."""
    return {work.key: Done(work.subscription, work.state) for work in works}


def moved_to(lifecycle: SubscriptionLifecycle) -> StepFunction:
    """Return a step that moves the subscription to ``lifecycle``. Fields that the product's type for it needs and that are missing fail it."""
    return lambda task, works: for_each(works, lambda work: Done(move_to_lifecycle(work.subscription, lifecycle), work.state))


def completed(lifecycle: SubscriptionLifecycle) -> StepFunction:
    """Return the last step, after which the subscription is of ``lifecycle``, and in sync."""

    def ended(work: AnyWork) -> Outcome:
        return Done(move_to_lifecycle(work.subscription, lifecycle).model_copy(update={"insync": True}), work.state)

    return lambda task, works: for_each(works, ended)


def revised(changes: dict[str, t.Any] | t.Callable[[AnyWork], dict[str, t.Any]]) -> StepFunction:
    """Return a step that sets fields of the subscription, those of a block in a dictionary under the block's name.

    Args:
        changes: The fields; or what gives them for a work, e.g. from its state. The description follows, unless it is a person's.
    """

    def changed(work: AnyWork) -> Outcome:
        return Done(described(work.subscription, changes(work) if callable(changes) else changes), work.state)

    return lambda task, works: for_each(works, changed)


def described(before: Model, changes: dict[str, t.Any], context: Context | None = None) -> Model:
    """Return a subscription with other values of some fields, as ``revise`` takes them. Its description follows, unless it is a person's. Raises DomainError.
    """
    after = revise(before, changes, context)
    if "description" not in changes and before.description == description(before):
        after = after.model_copy(update={"description": description(after)})
    return after


def updated_in_netbox(block: str) -> StepFunction:
    """Return a step that writes the payload of a block to NetBox, in bulk: only what differs from what NetBox has at that moment, and under If-Match, so that
    an edit that comes between is read again and not overwritten unseen.

    Args:
        block: The field of the subscription that has the block, for whose type ``build_payload`` is registered.
    """

    def written(task: Task, works: t.Sequence[AnyWork]) -> dict[str, Outcome]:
        payloads: dict[str, NetboxPayload] = {}
        outcomes: dict[str, Outcome] = {}
        for work in works:
            try:
                payloads[work.key] = build_payload(getattr(work.subscription, block), work.subscription)
            except (NodeflowError, ValueError) as error:
                outcomes[work.key] = Failed(f"{work.label}: {error}")
        works = [work for work in works if work.key in payloads]
        made = [work for work in works if not task.check_mode or payloads[work.key].id != NOT_MADE_YET]
        by_id = {payloads[work.key].id: work for work in made}
        target: Target[t.Any, NetboxPayload] = Target(
            client=task.netbox,
            message=lambda key: by_id[key].changelog_message(),
            dry_run=task.check_mode,
            held=still_held(task, by_id),
            tell=Progress(task.show, "the update of NetBox", len(made), task.subject.many),
        )
        outcomes |= {
            work.key: Done(work.subscription, work.state, {name: [None, value] for name, value in payloads[work.key].fields().items()})
            for work in works
            if work not in made
        }
        for work, one in zip(made, update([payloads[work.key] for work in made], target)):
            outcomes[work.key] = Failed(one.why_not(work.label)) if one.error else Done(work.subscription, work.state, one.changes())
        return outcomes

    return written
