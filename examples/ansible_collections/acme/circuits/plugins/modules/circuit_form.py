"""Choose the circuits to build or to end."""

DOCUMENTATION = r"""
module: circuit_form
short_description: Choose the circuits to build or to end
description:
  - The first step of create_circuit and terminate_circuit. Writes nothing.
  - With O(process_ids), O(process_status) or O(run_id), processes are continued where they stand.
author: [ACME]
extends_documentation_fragment:
  - nodeflow.orchestrator.netbox
  - nodeflow.orchestrator.store
  - nodeflow.orchestrator.process
  - nodeflow.orchestrator.processes
options:
  workflow: {description: What is to be done., type: str, choices: [create_circuit, terminate_circuit]}
  circuits:
    description:
      - To build, the two interfaces of each, as their ids in NetBox with a dash between. To end, the ids of subscriptions. As a list, or with commas between.
      - Where it is left out, a person at the terminal is asked.
    type: list
    elements: str
  ipv4_prefix: {description: The prefix of NetBox from which each circuit gets a /31., type: str}
  ipv6_prefix: {description: The prefix of NetBox from which each circuit gets a /127., type: str}
  customer_id: {description: Whose they are., type: str, default: default}
"""
EXAMPLES = r"""
- acme.circuits.circuit_form:
    workflow: create_circuit
    circuits: [11-12, 13-14]
    ipv4_prefix: 10.255.0.0/24
    ipv6_prefix: 2001:db8:ffff::/64
  register: built
"""
RETURN = r"""
circuits: {description: "A row for each, for the next step.", returned: always, type: list, elements: dict}
"""

import dataclasses
import re
import uuid

from ansible_collections.acme.circuits.plugins.module_utils.circuit import CIRCUIT, FAMILIES, PRODUCT, CircuitBlockInactive, CircuitInactive, Port, label
from ansible_collections.acme.circuits.plugins.module_utils.workflows import CREATE_CIRCUIT, TERMINATE_CIRCUIT, WORKFLOWS, CircuitState
from ansible_collections.nodeflow.orchestrator.plugins.module_utils import products as nf

ROWS = CIRCUIT
OPTIONS = nf.options(
    {
        "workflow": {"type": "str", "choices": ["create_circuit", "terminate_circuit"]},
        "circuits": {"type": "list", "elements": "str"},
        "ipv4_prefix": {"type": "str"},
        "ipv6_prefix": {"type": "str"},
        "customer_id": {"type": "str", "default": "default"},
    },
    nf.PROCESSES,
)


def execute(task):
    """Return a row for each circuit that was chosen, or process to continue."""
    rows = nf.chosen_processes(task, WORKFLOWS, ("circuits",))
    if rows is None:
        plans = {"create_circuit": _to_build, "terminate_circuit": _to_end}
        if task.params["workflow"] not in plans:
            raise nf.NodeflowError("say which processes to continue, with -e process_ids=, -e status= or -e run_id=")
        rows = plans[task.params["workflow"]](task, str(uuid.uuid4()))
    return nf.end_of_step(task, [], rows, False, [])


def _chosen(task, head, listed, read):
    """Return the option circuits, or what a person chose."""
    if task.params["circuits"] is not None:
        return [read(one) for one in task.params["circuits"]]
    question = "Which, with commas between"
    answer = nf.choose(task, nf.columns(head, listed), question, lambda answer: [read(one.strip()) for one in answer.split(",")])
    if answer is None:
        raise nf.NodeflowError("no circuit was chosen, and nobody is at a terminal to ask. Choose with circuits")
    return answer


def _pair(text):
    found = re.fullmatch(r"(\d+) *- *(\d+)", text)
    if not found or int(found[1]) == int(found[2]):
        raise nf.NodeflowError(f"{text} is no circuit: name the ids of its two interfaces with a dash between, e.g. 11-12")
    return int(found[1]), int(found[2])


def _to_build(task, run_id):
    if not all(task.params[f"{family}_prefix"] for family in FAMILIES):
        raise nf.NodeflowError("say with ipv4_prefix and ipv6_prefix of which prefixes of NetBox the circuits get theirs")
    pools = {family: nf.prefix_id(task.netbox, task.params[f"{family}_prefix"]) for family in FAMILIES}
    nodes = {one.node.node_id: one for one in task.subscriptions(product=["Node"], status=["active"]) if isinstance(one, nf.Node) and one.insync}
    found = nf.listed_of(task.netbox, "dcim/interfaces", "device_id", list(nodes), cabled=False, kind="physical")
    claimed = task.holders([f"dcim.interface/{one['id']}" for one in found])
    free = {one["id"]: one for one in found if f"dcim.interface/{one['id']}" not in claimed}
    listed = [(str(key), one["device"]["name"] or "(no name)", one["name"]) for key, one in free.items()]
    pairs = _chosen(task, ("id", "device", "interface"), listed, _pair)
    taken = task.holders([f"dcim.interface/{key}" for pair in pairs for key in pair])
    processes = task.processes_at_work(list(taken.values()))
    rows = []
    for pair in dict.fromkeys(pairs):
        row = nf.Row(f"{pair[0]}-{pair[1]}", "", run_id=run_id)
        one, other = holders = [taken.get(f"dcim.interface/{key}") for key in pair]
        missing = [key for key in pair if key not in free]
        if isinstance(one, CircuitInactive) and one == other:
            rows.append(nf.already_there(task, row, one, processes.get(str(one.subscription_id)), CREATE_CIRCUIT))
        elif missing:
            why = [f"{holder.description} has it" for holder in holders if holder] or ["it has a cable, or belongs to no node in service"]
            rows.append(row.failed(f"{row.label}: the interface {missing[0]} is not free: {why[0]}"))
        else:
            rows.append(_new(task, row, [_port(free[key], nodes) for key in pair], pools))
    return rows


def _port(interface, nodes):
    device = interface["device"]
    name = device["name"] or f"device {device['id']}"
    return Port(interface_id=interface["id"], interface=interface["name"], device=name, node=nodes[device["id"]].subscription_id)


def _new(task, row, ports, pools):
    subscription = CircuitInactive(customer_id=task.params["customer_id"], circuit=CircuitBlockInactive(ports=ports))
    subscription = subscription.model_copy(update={"description": nf.description(subscription)})
    row = dataclasses.replace(row, label=label(subscription))
    return nf.to_create(row, CREATE_CIRCUIT, subscription, CircuitState(label=row.label, pools=pools))


def _to_end(task, run_id):
    there = {str(one.subscription_id): one for one in task.subscriptions(product=[PRODUCT]) if isinstance(one, CircuitInactive)}
    listed = [(key, one.description, str(one.status)) for key, one in there.items() if one.status != "terminated"]
    rows = []
    for key in dict.fromkeys(_chosen(task, ("subscription", "circuit", "status"), listed, str)):
        one = there.get(key)
        row = nf.Row(label(one) if one else key, "", run_id=run_id)
        if one is None:
            rows.append(row.failed(f"there is no circuit with the subscription {key}"))
        elif one.status == "terminated":
            rows.append(row.unchanged(f"{row.label} was terminated before: subscription {key}"))
        else:
            rows.append(nf.to_change(row, TERMINATE_CIRCUIT, one, CircuitState(label=row.label)))
    return rows


if __name__ == "__main__":
    nf.run_module(OPTIONS, execute, ROWS)
