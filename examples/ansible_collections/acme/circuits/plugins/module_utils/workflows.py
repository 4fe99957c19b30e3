"""What becomes of a circuit, step by step. Each workflow is a list of its steps."""

from __future__ import annotations

import typing as t

from ansible_collections.acme.circuits.plugins.module_utils.circuit import FAMILIES, CircuitInactive, address
from ansible_collections.nodeflow.orchestrator.plugins.module_utils import products as nf

PREFIXES, ADDRESSES, CABLES = "ipam/prefixes", "ipam/ip-addresses", "dcim/cables"
MOVED = ("cable_moved", "address_taken")


class CircuitState(nf.ConfirmedState):
    """What a process remembers: how messages call the circuit; and by address family from which prefix of NetBox it is taken, and its VRF, by their ids."""

    label: str
    pools: t.Optional[dict[str, int]] = None
    vrfs: t.Optional[dict[str, t.Optional[int]]] = None


def mark(subscription, *more):
    """Return the description of an object in NetBox that belongs to a circuit."""
    return " ".join(("acme.circuits", str(subscription.subscription_id), *more))


def marks(subscription, endpoint):
    """Return the descriptions of all objects that a circuit has at an endpoint of NetBox."""
    prefixes = [mark(subscription, family) for family in FAMILIES]
    return {CABLES: [mark(subscription)], ADDRESSES: [f"{one} {end}" for one in prefixes for end in "ab"], PREFIXES: prefixes}[endpoint]


def _allocate_prefixes(task, works):
    made = {}
    for family, length in FAMILIES.items():
        for pool in {work.state.pools[family] for work in works}:
            messages = {mark(work.subscription, family): work.changelog_message() for work in works if work.state.pools[family] == pool}
            made |= nf.allocate_prefixes(task.netbox, pool, length, messages, dry_run=task.check_mode)

    def allocated(work):
        mine = {f"{family}_prefix": made[mark(work.subscription, family)] for family in FAMILIES}
        errors = [f"{name}: {one.error}" for name, one in mine.items() if one.error]
        if errors:
            return nf.Failed(f"{work.label}: {'; '.join(errors)}")
        prefixes = {name: one.object["prefix"] for name, one in mine.items()}
        vrfs = {family: (made[mark(work.subscription, family)].object.get("vrf") or {}).get("id") for family in FAMILIES}
        new = {name: [None, prefixes[name]] for name, one in mine.items() if one.is_new}
        return nf.Done(nf.revise(work.subscription, {"circuit": prefixes}), work.state.having(vrfs=vrfs), new)

    return nf.for_each(works, allocated)


def _provide_config_to_user(task, works):
    configs = {}
    for work in works:
        verb = "removal" if work.process.target == "TERMINATE" else "config"
        text = "".join(_config(work.subscription, end, verb) for end in range(2))
        configs[work.key] = nf.Config(text, f"{verb} of {work.label}", f"{verb}-{work.subscription.subscription_id}.cfg")
    return nf.confirmed_configs(task, works, configs)


def _config(subscription, end, verb):
    block = subscription.circuit
    lines = [f"! {block.ports[end].device}", f"interface {block.ports[end].interface}"]
    if verb == "removal":
        lines += [" no ip address", " no ipv6 address", " shutdown"]
    else:
        lines += [f" description {subscription.description}", f" ip address {address(block.ipv4_prefix, end)}"]
        lines += [f" ipv6 address {address(block.ipv6_prefix, end)}", " no shutdown"]
    return "\n".join(lines) + "\n"


def _connect(task, works):
    """Give both interfaces their addresses, and put a cable between them, in NetBox."""
    addresses, cables = {}, {}
    for work in works:
        block, message = work.subscription.circuit, {"changelog_message": work.changelog_message()}
        ends = [{"object_type": "dcim.interface", "object_id": port.interface_id} for port in block.ports]
        cables[mark(work.subscription)] = {"a_terminations": ends[:1], "b_terminations": ends[1:], "status": "planned", **message}
        for family in FAMILIES:
            for end, port in enumerate(block.ports):
                on = {"assigned_object_type": "dcim.interface", "assigned_object_id": port.interface_id, "vrf": (work.state.vrfs or {}).get(family)}
                addresses[mark(work.subscription, family, "ab"[end])] = {"address": address(getattr(block, f"{family}_prefix"), end), **on, **message}
    if task.check_mode:
        there = nf.find_marked(task.netbox, ADDRESSES, addresses) | nf.find_marked(task.netbox, CABLES, cables)
        made = {one: nf.Made(found[0]) for one, found in there.items()}
        made = {one: nf.Made({"id": nf.NOT_MADE_YET}, is_new=True) for one in (*addresses, *cables)} | made
    else:
        made = nf.create_marked(task.netbox, ADDRESSES, addresses) | nf.create_marked(task.netbox, CABLES, cables)

    def connected(work):
        mine = {one: made[one] for endpoint in (ADDRESSES, CABLES) for one in marks(work.subscription, endpoint)}
        errors = sorted({one.error for one in mine.values() if one.error})
        if errors:
            return nf.Failed(f"{work.label}: {'; '.join(errors)}")
        cable_id = made[mark(work.subscription)].object["id"]
        new = {addresses[one]["address"] if one in addresses else "cable": [None, "planned"] for one, what in mine.items() if what.is_new}
        return nf.Done(nf.revise(work.subscription, {"circuit": {"cable_id": cable_id, "cable_status": "planned"}}), work.state, new)

    return nf.for_each(works, connected)


def _give_back(task, works, ended, changed):
    """Delete in NetBox what belongs to the circuits. ``ended`` makes the outcome of a work, of what was deleted, or would be, and of what was left, as
    nobody can tell that it is the circuit's. What a person has changed there, as the problems ``changed`` say, is left, and the work failed.
    """
    conflicts = {work.key: [] for work in works}
    keys = {str(work.subscription.subscription_id): work.key for work in works}
    for one in compare(task, [work.subscription for work in works]):
        conflicts[keys[one["subscription_id"]]].append(one)
    outcomes = {}
    for work in works:
        wrong = [one for one in conflicts[work.key] if one["problem"] in changed]
        if wrong:
            why = "; ".join(one["detail"] for one in wrong)
            outcomes[work.key] = nf.Failed(f"{work.label}: {why}. Set it right in NetBox, or delete it there, and continue")
    works = [work for work in works if work.key not in outcomes]
    gone, errors = {work.key: {} for work in works}, {work.key: [] for work in works}
    for endpoint in (CABLES, ADDRESSES, PREFIXES):
        owners = {one: work for work in works if not errors[work.key] for one in marks(work.subscription, endpoint)}
        messages = {one: work.changelog_message() for one, work in owners.items()}
        deleted = nf.delete_marked(task.netbox, endpoint, messages, dry_run=task.check_mode)
        for one in deleted.objects:
            gone[owners[one["description"]].key][one["display"]] = [endpoint, None]
        for one, why in deleted.errors.items():
            errors[owners[one].key].append(why)
    for work in works:
        failed = nf.Failed(f"{work.label}: {'; '.join(sorted(set(errors[work.key])))}") if errors[work.key] else None
        left = [one["detail"] for one in conflicts[work.key] if one["problem"] == "not_marked"]
        outcomes[work.key] = failed or ended(work, gone[work.key], left)
    return outcomes


def _disconnect(task, works):
    return _give_back(task, works, lambda work, gone, left: nf.Done(work.subscription, work.state, gone), (*MOVED, "not_marked"))


def _abort(task, works):
    def ended(work, gone, left):
        but = f", but for what was left: {'; '.join(left)}" if left else ""
        return nf.aborted(task, work, f"what it had taken in NetBox is free again{but}", gone)

    return _give_back(task, works, ended, MOVED)


def _abort_ending(task, works):
    """Put back a circuit of which all is there still; give back the rest of any other, and end it."""
    there = {one for endpoint in (CABLES, ADDRESSES, PREFIXES) for one in nf.find_marked(task.netbox, endpoint, _all_marks(works, endpoint))}
    whole = [work for work in works if all(one in there for endpoint in (CABLES, ADDRESSES, PREFIXES) for one in marks(work.subscription, endpoint))]
    return {work.key: nf.restored(task, work) for work in whole} | _abort(task, [work for work in works if work not in whole])


def _all_marks(works, endpoint):
    return [one for work in works for one in marks(work.subscription, endpoint)]


def compare(task, circuits):
    """Return how NetBox differs from what circuits are, as findings. Of one that is being built, what is not there yet is no finding of interest."""
    cables = {one["id"]: one for one in nf.listed_of(task.netbox, CABLES, "id", [one.circuit.cable_id for one in circuits if one.circuit.cable_id])}
    prefixes, addresses = {}, {}
    for one in circuits:
        for family in FAMILIES:
            network = getattr(one.circuit, f"{family}_prefix")
            if network:
                prefixes[str(network), mark(one, family)] = (one,)
                for end, port in enumerate(one.circuit.ports):
                    addresses[address(network, end), mark(one, family, "ab"[end])] = (one, port.interface_id)
    findings = []

    def found(circuit, problem, detail):
        findings.append({"circuit": circuit.description, "subscription_id": str(circuit.subscription_id), "problem": problem, "detail": detail})

    for one in circuits:
        cable = cables.get(one.circuit.cable_id)
        ends = sorted(end["object_id"] for side in "ab" for end in (cable or {}).get(f"{side}_terminations", ()))
        if cable is None and one.circuit.cable_id:
            found(one, "cable_gone", f"its cable, id {one.circuit.cable_id}, is not in NetBox any more")
        elif cable and ends != sorted(port.interface_id for port in one.circuit.ports):
            found(one, "cable_moved", f"its cable, id {cable['id']}, is between the interfaces {ends}")
        elif cable and cable["description"] != mark(one):
            found(one, "not_marked", f"the description of its cable, id {cable['id']}, is not {mark(one)} any more")
        elif cable and cable["status"]["value"] != one.circuit.cable_status:
            found(one, "cable_status", f"its cable is {cable['status']['value']}")
    for endpoint, field, wanted in ((PREFIXES, "prefix", prefixes), (ADDRESSES, "address", addresses)):
        there = {}
        for one in nf.listed_of(task.netbox, endpoint, field, sorted({text for text, _mark in wanted})):
            there.setdefault(one[field], []).append(one)
        for (text, description), (circuit, *at) in wanted.items():  # two networks that are alike can be in two VRFs
            ours = [one for one in there.get(text, ()) if one["description"] == description]
            where = [(one["assigned_object_type"], one["assigned_object_id"]) for one in ours] if at else []
            if not ours and text in there:
                found(circuit, "not_marked", f"{text} has another description in NetBox than {description}")
            elif not ours:
                found(circuit, f"{field}_gone", f"{text} is not in NetBox any more")
            elif at and where != [("dcim.interface", at[0])]:
                found(circuit, "address_taken", f"{text} is at the {where[0][0]} {where[0][1]}")
    return findings


_CONFIG = nf.Step("provide_config_to_user", _provide_config_to_user, repeats=True)

CREATE_CIRCUIT = nf.Workflow(
    name="acme.circuits.create_circuit",
    version=1,
    target="CREATE",
    steps=(
        nf.Step("store_process_subscription", nf.begin),
        nf.Step("allocate_prefixes", _allocate_prefixes),
        nf.Step("set_status", nf.moved_to(nf.SubscriptionLifecycle.PROVISIONING)),
        _CONFIG,
        nf.Step("connect", _connect),
        nf.Step("set_circuit_to_active", nf.revised({"circuit": {"cable_status": "connected"}})),
        nf.Step("update_circuit_in_netbox", nf.updated_in_netbox("circuit")),
        nf.Step("done", nf.completed(nf.SubscriptionLifecycle.ACTIVE)),
    ),
    final="connect",
    state=CircuitState,
    about=CircuitInactive,
    abort=_abort,
)

TERMINATE_CIRCUIT = nf.Workflow(
    name="acme.circuits.terminate_circuit",
    version=1,
    target="TERMINATE",
    steps=(
        nf.Step("store_process_subscription", nf.begin),
        _CONFIG,
        nf.Step("disconnect", _disconnect),
        nf.Step("done", nf.completed(nf.SubscriptionLifecycle.TERMINATED)),
    ),
    final="disconnect",
    state=CircuitState,
    about=CircuitInactive,
    abort=_abort_ending,
)

WORKFLOWS = {workflow.name: workflow for workflow in (CREATE_CIRCUIT, TERMINATE_CIRCUIT)}
