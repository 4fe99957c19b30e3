# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Step logs of nodes that are not as they were written, as findings."""

from __future__ import annotations

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._chunks import chunks
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.device import device_label
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.drift import PROBLEMS, Finding, Seen
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import NodeInactive
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.stored import device_of, name_of
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.step_log import broken_logs
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.subscriptions import load_subscriptions
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = ["step_log_findings"]


def step_log_findings(task: Task, seen: Seen) -> list[Finding]:
    """Return those of the processes of all nodes, also of terminated ones; or of the subscriptions that were chosen."""
    store = task.existing_store()
    if store is None:
        return []
    chosen = [str(model.subscription_id) for model in seen.subscriptions] + [one.subscription_id for one in seen.unreadable]
    with store.read() as connection:
        if seen.chosen:
            broken = [one for some in chunks(chosen) for one in broken_logs(connection, subscription_id=some)]
        else:
            broken = broken_logs(connection, product=[NodeInactive.model_fields["product"].default])
        of = load_subscriptions(connection, [one.subscription_id for one in broken])
    findings = []
    for one in broken:
        stored = of[one.subscription_id]
        device_id = device_of(stored) or 0
        device = seen.devices.get(device_id)
        label = device.label if device else device_label(name_of(stored), seen.sites.get(one.subscription_id, ""), device_id)
        message = f"{label}: {PROBLEMS['step_log']}: {one.sentence}"
        findings.append(Finding(one.subscription_id, device_id, label, "step_log", f"process {one.process_id}: {one.where}", None, message))
    return sorted(findings, key=lambda finding: (finding.device_id, finding.store or ""))
