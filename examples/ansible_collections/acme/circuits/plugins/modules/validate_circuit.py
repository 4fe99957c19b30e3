"""Compare circuits in service with NetBox."""

DOCUMENTATION = r"""
module: validate_circuit
short_description: Compare circuits in service with NetBox
description: Finds cables that were moved and addresses that were taken. Writes nothing.
author: [ACME]
extends_documentation_fragment: [nodeflow.orchestrator.netbox, nodeflow.orchestrator.store, nodeflow.orchestrator.process]
"""
EXAMPLES = r"""
- acme.circuits.validate_circuit:
"""
RETURN = r"""
findings: {description: "What differs, each with C(circuit), C(subscription_id), C(problem) and C(detail).", returned: always, type: list, elements: dict}
"""

from ansible_collections.acme.circuits.plugins.module_utils.circuit import PRODUCT, Circuit
from ansible_collections.acme.circuits.plugins.module_utils.workflows import compare
from ansible_collections.nodeflow.orchestrator.plugins.module_utils import products as nf

OPTIONS = nf.options()


def execute(task):
    """Return what differs, as data."""
    found = task.subscriptions(product=[PRODUCT], status=["active"])
    unreadable = [one for one in found if not isinstance(one, Circuit)]
    circuits = [one for one in found if isinstance(one, Circuit) and one.insync]
    findings = compare(task, circuits) + [
        {"circuit": one.description, "subscription_id": str(one.subscription_id), "problem": "unreadable", "detail": "its subscription cannot be read"}
        for one in unreadable
    ]
    findings += [
        {"circuit": f"subscription {one.subscription_id}", "subscription_id": one.subscription_id, "problem": "step_log", "detail": one.sentence}
        for one in task.broken_step_logs(product=[PRODUCT])
    ]
    msg = "; ".join(f"{one['circuit']}: {one['detail']}" for one in findings) or "no differences"
    task.show(f"{len(circuits)} circuits compared with NetBox: {msg}")
    return {"findings": findings, "msg": msg}


if __name__ == "__main__":
    nf.run_module(OPTIONS, execute)
