# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A device as NetBox's API gives it, with only the fields that we read."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.client import NetboxClient
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.objects import etag_of, listed_by_id
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.parallel import in_parallel
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._printable import printable

__all__ = [
    "COMPARED_FIELDS",
    "DEVICE",
    "ENDPOINT",
    "FIELDS",
    "PART_OF_A_LISTING",
    "Device",
    "device_label",
    "device_page",
    "devices_by_id",
    "find_devices",
    "find_many",
]

ENDPOINT = "dcim/devices"

DEVICE = "dcim.device"
"""The type of a device, by which NetBox's change log and journal name it."""

FIELDS = "id,name,status,site,role,platform,primary_ip4,primary_ip6,last_updated"

COMPARED_FIELDS = "id,name,status,site,primary_ip4,primary_ip6,last_updated"
"""What a subscription can be compared with. Role and platform alone cost NetBox as much time as all of these."""

PART_OF_A_LISTING = (100, 900)
"""How many expected devices a part of a long listing has, at least and at the most. A page has room for some others."""


@dataclasses.dataclass(frozen=True)
class Device:  # pylint: disable=too-many-instance-attributes
    """One NetBox device. Slugs and addresses are "" or None where it has none; addresses are interfaces, ``10.0.0.1/32``.

    ``etag`` is None where NetBox is too old to honour one.
    """

    id: int
    name: str | None
    status: str
    site: str
    site_name: str
    role: str
    platform: str
    ipv4: str | None
    ipv6: str | None
    etag: str | None = None
    writable: dict[str, t.Any] = dataclasses.field(default_factory=dict, compare=False)
    """The fields that a payload can set, as it would set them: relations by id."""
    loopbacks: dict[str, dict[str, t.Any]] = dataclasses.field(default_factory=dict, compare=False)
    """What was found out about its loopbacks, by address family: the fields of a Loopback. Ask ``loopback`` in ``_node/loopback.py``."""
    problem: str | None = None
    """Why nothing can be done with it: NetBox answered what is no device, so that all but ``id`` may be missing here. None of one that is whole."""

    @classmethod
    def from_api(cls, data: dict[str, t.Any], conditional: bool = True) -> Device:
        """Read the JSON object of NetBox's REST API. ``conditional`` says whether that NetBox honours If-Match."""
        return cls(
            id=data["id"],
            name=data.get("name") or None,
            status=data["status"]["value"],
            site=_slug(data.get("site")),
            site_name=(data.get("site") or {}).get("name") or "",
            role=_slug(data.get("role")),
            platform=_slug(data.get("platform")),
            ipv4=(data.get("primary_ip4") or {}).get("address"),
            ipv6=(data.get("primary_ip6") or {}).get("address"),
            etag=etag_of(data["last_updated"]) if conditional else None,
            writable={"name": data.get("name"), "status": data["status"]["value"]}
            | {name: (data.get(name) or {}).get("id") for name in ("site", "role", "platform", "primary_ip4", "primary_ip6")}
            | {"custom_fields": data.get("custom_fields")},
        )

    @property
    def label(self) -> str:
        """How messages call it: ``name (site, id)``. Safe to print."""
        return device_label(self.name, self.site, self.id)

    def custom_field(self, name: str) -> str | None:
        """Return the value of a custom field as text; None where it has none, or was not read."""
        value = (self.writable.get("custom_fields") or {}).get(name)
        return None if value in (None, "") else str(value)

    def facts(self) -> dict[str, t.Any]:
        """Return what a process remembers of the device: its fields as plain data, but for ``writable``, and ``problem``, which none of them has."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self) if field.name not in ("writable", "problem")}


def device_label(name: str | None, site: str, device_id: int) -> str:
    """Return how messages call a device: ``name (site, id)``; without the site where none is known. Safe to print."""
    where = f"{site}, {device_id}" if site else device_id
    return printable(f"{name or 'unnamed device'} ({where})", kept="")


def device_page(netbox_url: str | None, device_id: int) -> str | None:
    """Return the URL of a device's page in NetBox; None where no NetBox is known, or its URL is none that a page may link to."""
    if not (netbox_url or "").startswith(("https://", "http://")):
        return None
    return f"{netbox_url}/{ENDPOINT}/{device_id}/"


def find_devices(client: NetboxClient, filters: dict[str, t.Any], fields: str = FIELDS) -> list[Device]:
    """Return the devices that NetBox's list has for ``filters``, in order of their ids, with these fields of theirs. Raises NetboxError."""
    found = client.get(ENDPOINT, {**filters, "fields": fields + (",custom_fields" if client.custom_fields else "")})
    return sorted((_read(client, data) for data in found), key=lambda device: device.id)


def find_many(client: NetboxClient, filters: dict[str, t.Any], expected: t.Iterable[int], fields: str = FIELDS) -> dict[int, Device]:
    """Return the same by id, where the list is long: it is cut between the ids that are ``expected`` in it, and the parts are read side by side.

    Devices that are not expected are found as well. Raises NetboxError.
    """
    found: dict[int, Device] = {}
    ids = sorted(set(expected))
    least, most = PART_OF_A_LISTING
    size = max(least, min(most, -(-len(ids) // client.parallel)))  # a request costs NetBox much, whatever it is for
    cuts = ids[size::size]

    def read(part: dict[str, int]) -> None:
        found.update({device.id: device for device in find_devices(client, {**filters, **part}, fields)})

    parts = [{"id__gte": low, "id__lt": high} for low, high in zip([None, *cuts], [*cuts, None])]
    error = in_parallel(client.parallel, read, [{name: value for name, value in part.items() if value is not None} for part in parts])
    if error:
        raise error
    return found


def _read(client: NetboxClient, data: dict[str, t.Any]) -> Device:
    """Return the device; of what is none, what there is of it, with the reason in ``problem``, so that one does not keep the others from being read."""
    try:
        device = Device.from_api(data, client.conditional)
        texts = (device.name, device.status, device.site, device.site_name, device.role, device.platform, device.ipv4, device.ipv6)
        if all(isinstance(text, str) or text is None for text in texts) and device.status and device.status.isprintable():
            return device
        wrong = "one of its fields is not as NetBox writes it"
    except KeyError as error:
        wrong = f"it has no {error.args[0]}"
    except (AttributeError, TypeError, ValueError):
        wrong = "one of its fields is not as NetBox writes it"
    name = data.get("name") if isinstance(data.get("name"), str) else None
    site = data.get("site")
    slug = site.get("slug") if isinstance(site, dict) else None
    slug = slug if isinstance(slug, str) else ""
    problem = f"NetBox at {client.url} answered with a device that cannot be read, id {data['id']} ({wrong}); look at it there"
    return Device(data["id"], name, "", slug, "", "", "", None, None, problem=problem)


def devices_by_id(
    client: NetboxClient, ids: t.Sequence[int], filters: t.Mapping[str, t.Any] | None = None, tell: t.Callable[[int], None] = lambda done: None
) -> dict[int, Device]:
    """Return the devices of these ids that exist, and that ``filters`` leave, by id, in as few listings as the ids take. Raises NetboxError.

    ``tell`` is told after each listing how many were found so far.
    """
    return listed_by_id(client, ids, lambda some: find_devices(client, {**(filters or {}), "id": list(some)}), tell)


def _slug(nested: dict[str, t.Any] | None) -> str:
    return (nested or {}).get("slug") or ""
