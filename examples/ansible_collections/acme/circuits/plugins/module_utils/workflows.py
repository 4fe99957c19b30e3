"""What becomes of a circuit, step by step. Each workflow is a list of its steps."""

from __future__ import annotations

import typing as t

from ansible_collections.acme.circuits.plugins.module_utils.circuit import FAMILIES, CircuitInactive, address
from ansible_collections.nodeflow.orchestrator.plugins.module_utils import products as nf

PREFIXES, ADDRESSES, CABLES = "ipam/prefixes", "ipam/ip-addresses", "dcim/cables"


class CircuitState(nf.ConfirmedState):
    """What a process remembers: how messages call the circuit, and from which prefix of NetBox, by id, each address family is taken."""

    label: str
    pools: t.Optional[dict[str, int]] = None


def mark(work, *more):
    """The description of an object in NetBox that belongs to a circuit."""
    return " ".join(("acme.circuits", str(work.subscription.subscription_id), *more))


def marks(work, endpoint):
    """The descriptions of all objects that a circuit has at an endpoint of NetBox."""
    prefixes = [mark(work, family) for family in FAMILIES]
    return {CABLES: [mark(work)], ADDRESSES: [f"{one} {end}" for one in prefixes for end in "ab"], PREFIXES: prefixes}[endpoint]


def _allocate_prefixes(task, works):
    made = {}
    for family, length in FAMILIES.items():
        for pool in {work.state.pools[family] for work in works}:
            messages = {mark(work, family): work.changelog_message() for work in works if work.state.pools[family] == pool}
            made |= nf.allocate_prefixes(task.netbox, pool, length, messages, dry_run=task.check_mode)

    def allocated(work):
        mine = {f"{family}_prefix": made[mark(work, family)] for family in FAMILIES}
        errors = [f"{name}: {one.error}" for name, one in mine.items() if one.error]
        if errors:
            return nf.Failed(f"{work.label}: {'; '.join(errors)}")
        prefixes = {name: one.object["prefix"] for name, one in mine.items()}
        return nf.Done(nf.revise(work.subscription, {"circuit": prefixes}), work.state, {name: [None, prefix] for name, prefix in prefixes.items()})

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
        cables[mark(work)] = {"a_terminations": ends[:1], "b_terminations": ends[1:], "status": "planned", **message}
        for family in FAMILIES:
            for end, port in enumerate(block.ports):
                on = {"assigned_object_type": "dcim.interface", "assigned_object_id": port.interface_id}
                addresses[mark(work, family, "ab"[end])] = {"address": address(getattr(block, f"{family}_prefix"), end), **on, **message}
    made = {}
    if not task.check_mode:
        made = nf.create_marked(task.netbox, ADDRESSES, addresses) | nf.create_marked(task.netbox, CABLES, cables)

    def connected(work):
        mine = {one: made.get(one) for endpoint in (ADDRESSES, CABLES) for one in marks(work, endpoint)}
        errors = sorted({one.error for one in mine.values() if one and one.error})
        if errors:
            return nf.Failed(f"{work.label}: {'; '.join(errors)}")
        cable_id = made[mark(work)].object["id"] if made else nf.NOT_MADE_YET
        new = {addresses[one]["address"] if one in addresses else "cable": [None, "planned"] for one, what in mine.items() if not what or what.is_new}
        return nf.Done(nf.revise(work.subscription, {"circuit": {"cable_id": cable_id, "cable_status": "planned"}}), work.state, new)

    return nf.for_each(works, connected)


def _give_back(task, works):
    """Delete in NetBox what belongs to the circuits; return what that was, or would be, by the work's key."""
    gone = {work.key: {} for work in works}
    for endpoint in (CABLES, ADDRESSES, PREFIXES):
        owners = {one: work for work in works for one in marks(work, endpoint)}
        messages = {one: work.changelog_message() for one, work in owners.items()}
        for one in nf.delete_marked(task.netbox, endpoint, messages, dry_run=task.check_mode):
            gone[owners[one["description"]].key][one["display"]] = [endpoint, None]
    return gone


def _disconnect(task, works):
    gone = _give_back(task, works)
    return {work.key: nf.Done(work.subscription, work.state, gone[work.key]) for work in works}


def _abort(task, works):
    gone = _give_back(task, works)
    return {work.key: nf.aborted(task, work, "what it had taken in NetBox is free again", gone[work.key]) for work in works}


def _named(process):
    return nf.Named(process.state.get("label") if process and isinstance(process.state, dict) else None, {})


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
    named=_named,
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
    named=_named,
)

WORKFLOWS = {workflow.name: workflow for workflow in (CREATE_CIRCUIT, TERMINATE_CIRCUIT)}
