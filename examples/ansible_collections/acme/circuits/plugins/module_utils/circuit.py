"""The product Circuit: between an interface of each of two nodes, with a /31, a /127 and a cable of its own in NetBox."""

from __future__ import annotations

import ipaddress
import typing as t
import uuid

from ansible_collections.nodeflow.orchestrator.plugins.module_utils import products as nf

CIRCUIT = nf.Subject("circuit", "circuits", "circuit", taken="built", collection="acme.circuits")
PRODUCT = "acme.circuits.Circuit"
FAMILIES = {"ipv4": 31, "ipv6": 127}


class Port(nf.ProductBlockModel):
    """An end: an interface of NetBox, by its id, and the subscription of its node."""

    interface_id: int
    interface: str
    device: str
    node: uuid.UUID


class CircuitBlockInactive(nf.ProductBlockModel):
    """A circuit whose ends are known."""

    ports: tuple[Port, Port]
    ipv4_prefix: t.Optional[ipaddress.IPv4Network] = None
    ipv6_prefix: t.Optional[ipaddress.IPv6Network] = None
    cable_id: t.Optional[int] = None
    cable_status: t.Optional[str] = None


class CircuitBlockProvisioning(CircuitBlockInactive):
    """A circuit that can be configured."""

    ipv4_prefix: ipaddress.IPv4Network
    ipv6_prefix: ipaddress.IPv6Network


class CircuitBlock(CircuitBlockProvisioning):
    """A circuit in service."""

    cable_id: int
    cable_status: str


class CircuitInactive(nf.SubscriptionModel, product=PRODUCT, lifecycle=["initial", "terminated"]):
    """The subscription of a circuit that is not there yet, or no longer."""

    product: t.Literal["acme.circuits.Circuit"] = "acme.circuits.Circuit"
    circuit: CircuitBlockInactive

    def resources(self) -> tuple[str, ...]:
        """Return both interfaces: no other subscription can have them."""
        return tuple(f"dcim.interface/{port.interface_id}" for port in self.circuit.ports)

    def depends_on(self) -> tuple[uuid.UUID, ...]:
        """Return both nodes, which cannot be terminated before the circuit."""
        return tuple(dict.fromkeys(port.node for port in self.circuit.ports))


class CircuitProvisioning(CircuitInactive, product=PRODUCT, lifecycle=["provisioning"]):
    """The subscription of a circuit that is being built."""

    circuit: CircuitBlockProvisioning


class Circuit(CircuitProvisioning, product=PRODUCT, lifecycle=["active", "migrating", "disabled"]):
    """The subscription of a circuit in service."""

    circuit: CircuitBlock


def address(network: t.Any, end: int) -> str:
    """Return the address of an end, 0 or 1, with its length."""
    return f"{network[end]}/{network.prefixlen}"


def label(subscription: CircuitInactive) -> str:
    """Return how messages call a circuit: its interfaces, and their ids."""
    ids = "-".join(str(port.interface_id) for port in subscription.circuit.ports)
    return f"{subscription.description.removeprefix('Circuit ')} ({ids})"


class CablePayload(nf.NetboxPayload):
    """What NetBox is to have of a circuit's cable."""

    endpoint: t.ClassVar[str] = "dcim/cables"
    noun: t.ClassVar[str] = "cable"

    status: t.Optional[str] = None


@nf.description.register
def _describe(subscription: CircuitInactive) -> str:
    return "Circuit " + " - ".join(f"{port.device} {port.interface}" for port in subscription.circuit.ports)


@nf.build_payload.register
def _cable(block: CircuitBlockInactive, subscription: nf.SubscriptionModel) -> CablePayload:
    return CablePayload(id=block.cable_id, status=block.cable_status)
