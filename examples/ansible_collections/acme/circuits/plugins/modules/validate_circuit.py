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

from ansible_collections.acme.circuits.plugins.module_utils.circuit import FAMILIES, PRODUCT, Circuit, address
from ansible_collections.nodeflow.orchestrator.plugins.module_utils import products as nf

OPTIONS = nf.options()


def execute(task):
    """Return what differs, as data."""
    circuits = [one for one in task.subscriptions(product=[PRODUCT], status=["active"]) if isinstance(one, Circuit) and one.insync]
    cables = {one["id"]: one for one in nf.listed_of(task.netbox, "dcim/cables", "id", [one.circuit.cable_id for one in circuits])}
    wanted = {
        address(getattr(one.circuit, f"{family}_prefix"), end): (one, port.interface_id)
        for one in circuits
        for family in FAMILIES
        for end, port in enumerate(one.circuit.ports)
    }
    held = {}
    for one in nf.listed_of(task.netbox, "ipam/ip-addresses", "address", list(wanted)):
        held.setdefault(one["address"], []).append(one["assigned_object_id"])
    findings = []
    for one in circuits:
        cable = cables.get(one.circuit.cable_id)
        ends = sorted(end["object_id"] for side in "ab" for end in (cable or {}).get(f"{side}_terminations", ()))
        if cable is None:
            findings.append(_finding(one, "cable_gone", f"its cable, id {one.circuit.cable_id}, is not in NetBox any more"))
        elif ends != sorted(port.interface_id for port in one.circuit.ports):
            findings.append(_finding(one, "cable_moved", f"its cable is between the interfaces {ends}"))
        elif cable["status"]["value"] != one.circuit.cable_status:
            findings.append(_finding(one, "cable_status", f"its cable is {cable['status']['value']}"))
    for text, (one, interface_id) in wanted.items():
        if text not in held:
            findings.append(_finding(one, "address_gone", f"{text} is not in NetBox any more"))
        elif held[text] != [interface_id]:
            findings.append(_finding(one, "address_taken", f"{text} is at the interfaces {held[text]}"))
    msg = "; ".join(f"{one['circuit']}: {one['detail']}" for one in findings) or "no differences"
    task.show(f"{len(circuits)} circuits compared with NetBox: {msg}")
    return {"findings": findings, "msg": msg}


def _finding(circuit, problem, detail):
    return {"circuit": circuit.description, "subscription_id": str(circuit.subscription_id), "problem": problem, "detail": detail}


if __name__ == "__main__":
    nf.run_module(OPTIONS, execute)
