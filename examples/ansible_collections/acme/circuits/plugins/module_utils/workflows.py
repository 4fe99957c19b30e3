"""What becomes of a circuit, step by step. Each workflow is a list of its steps."""

from __future__ import annotations

import typing as t

from ansible_collections.acme.circuits.plugins.module_utils.circuit import FAMILIES, CircuitInactive, address
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.products import (
    NOT_MADE_YET,
    Config,
    ConfirmedState,
    Done,
    Failed,
    Named,
    Step,
    SubscriptionLifecycle,
    Workflow,
    aborted,
    allocate_prefixes,
    begin,
    completed,
    confirmed_configs,
    create_marked,
    delete_marked,
    find_marked,
    for_each,
    moved_to,
    revise,
    revised,
    updated_in_netbox,
)

PREFIXES, ADDRESSES, CABLES = "ipam/prefixes", "ipam/ip-addresses", "dcim/cables"


class CircuitState(ConfirmedState):
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
            made |= allocate_prefixes(task.netbox, pool, length, messages, dry_run=task.check_mode)

    def allocated(work):
        mine = {f"{family}_prefix": made[mark(work, family)] for family in FAMILIES}
        errors = [f"{name}: {one.error}" for name, one in mine.items() if one.error]
        if errors:
            return Failed(f"{work.label}: {'; '.join(errors)}")
        prefixes = {name: one.object["prefix"] for name, one in mine.items()}
        return Done(revise(work.subscription, {"circuit": prefixes}), work.state, {name: [None, prefix] for name, prefix in prefixes.items()})

    return for_each(works, allocated)


def _provide_config_to_user(task, works):
    configs = {}
    for work in works:
        verb = "removal" if work.process.target == "TERMINATE" else "config"
        text = "".join(_config(work.subscription, end, verb) for end in range(2))
        configs[work.key] = Config(text, f"{verb} of {work.label}", f"{verb}-{work.subscription.subscription_id}.cfg")
    return confirmed_configs(task, works, configs)


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
        made = create_marked(task.netbox, ADDRESSES, addresses) | create_marked(task.netbox, CABLES, cables)

    def connected(work):
        mine = {one: made.get(one) for endpoint in (ADDRESSES, CABLES) for one in marks(work, endpoint)}
        errors = sorted({one.error for one in mine.values() if one and one.error})
        if errors:
            return Failed(f"{work.label}: {'; '.join(errors)}")
        cable_id = made[mark(work)].object["id"] if made else NOT_MADE_YET
        new = {addresses[one]["address"] if one in addresses else "cable": [None, "planned"] for one, what in mine.items() if not what or what.is_new}
        return Done(revise(work.subscription, {"circuit": {"cable_id": cable_id, "cable_status": "planned"}}), work.state, new)

    return for_each(works, connected)


def _give_back(task, works):
    """Delete in NetBox what belongs to the circuits; return what that was, or would be, by the work's key."""
    gone = {work.key: {} for work in works}
    for endpoint in (CABLES, ADDRESSES, PREFIXES):
        owners = {one: work for work in works for one in marks(work, endpoint)}
        found = find_marked(task.netbox, endpoint, owners)
        if not task.check_mode:
            delete_marked(task.netbox, endpoint, owners, f"acme.circuits, {task.actor}")
        for one in found:
            gone[owners[one].key][one.rpartition(" ")[2] if endpoint == CABLES else one.partition(" ")[2]] = [endpoint, None]
    return gone


def _disconnect(task, works):
    gone = _give_back(task, works)
    return {work.key: Done(work.subscription, work.state, gone[work.key]) for work in works}


def _abort(task, works):
    gone = _give_back(task, works)
    return {work.key: aborted(task, work, "what it had taken in NetBox is free again", gone[work.key]) for work in works}


def _named(process):
    return Named(process.state.get("label") if process and isinstance(process.state, dict) else None, {})


_CONFIG = Step("provide_config_to_user", _provide_config_to_user, repeats=True)

CREATE_CIRCUIT = Workflow(
    name="acme.circuits.create_circuit",
    version=1,
    target="CREATE",
    steps=(
        Step("store_process_subscription", begin),
        Step("allocate_prefixes", _allocate_prefixes),
        Step("set_status", moved_to(SubscriptionLifecycle.PROVISIONING)),
        _CONFIG,
        Step("connect", _connect),
        Step("set_circuit_to_active", revised({"circuit": {"cable_status": "connected"}})),
        Step("update_circuit_in_netbox", updated_in_netbox("circuit")),
        Step("done", completed(SubscriptionLifecycle.ACTIVE)),
    ),
    final="connect",
    state=CircuitState,
    about=CircuitInactive,
    abort=_abort,
    named=_named,
)

TERMINATE_CIRCUIT = Workflow(
    name="acme.circuits.terminate_circuit",
    version=1,
    target="TERMINATE",
    steps=(
        Step("store_process_subscription", begin),
        _CONFIG,
        Step("disconnect", _disconnect),
        Step("done", completed(SubscriptionLifecycle.TERMINATED)),
    ),
    final="disconnect",
    state=CircuitState,
    about=CircuitInactive,
    named=_named,
)

WORKFLOWS = {workflow.name: workflow for workflow in (CREATE_CIRCUIT, TERMINATE_CIRCUIT)}
