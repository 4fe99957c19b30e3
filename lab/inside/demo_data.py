# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The demo data: a small network, with every kind of device that enrolling one must cope with.

Runs in NetBox's Python, through NetBox's own models, so everything is validated as if it had been typed.
"""

from __future__ import annotations

REGION = ("Europe", "europe")
TENANTS = [("Blue Networks", "blue-networks"), ("Green Grid", "green-grid")]
TAGS = [("nodeflow", "nodeflow", "2196f3"), ("lab", "lab", "9e9e9e")]
SITES = {"loc1": "Amsterdam", "loc2": "Berlin", "loc3": "Tokyo", "loc4": "Kyiv"}
ROLES = {"core": "aa1409", "edge": "ff9800", "access": "4caf50"}
# manufacturer, device type, platform (slug and name)
KINDS = {
    "cisco_ios": ("Cisco", "Catalyst 9300", "Cisco IOS"),
    "cisco_iosxr": ("Cisco", "NCS 5501", "Cisco IOS XR"),
    "juniper_junos": ("Juniper", "MX204", "Juniper Junos"),
    "arista_eos": ("Arista", "DCS-7280SR", "Arista EOS"),
    "nokia_sros": ("Nokia", "7750 SR-1", "Nokia SR OS"),
    "frr": ("FRRouting", "Whitebox", "FRR"),
}
# name, site, role, platform, status, IPv4, IPv6, comment
DEVICES = [
    ("loc1-core", "loc1", "core", "cisco_iosxr", "planned", "10.0.1.1/32", "2001:db8:1::1/128", "both loopbacks"),
    ("loc1-edge", "loc1", "edge", "juniper_junos", "planned", "10.0.1.2/32", "2001:db8:1::2/128", "both loopbacks"),
    ("loc1-access", "loc1", "access", "cisco_ios", "planned", "10.0.1.3/32", "2001:db8:1::3/128", "both loopbacks"),
    ("loc2-core", "loc2", "core", "nokia_sros", "planned", "10.0.2.1/32", "2001:db8:2::1/128", "both loopbacks"),
    ("loc2-edge", "loc2", "edge", "arista_eos", "planned", "10.0.2.2/24", "2001:db8:2::2/64", "masks other than /32 and /128"),
    ("loc2-access", "loc2", "access", "frr", "planned", "10.0.2.3/32", "2001:db8:2::3/128", "both loopbacks"),
    ("loc1-v4only", "loc1", "access", "cisco_ios", "planned", "10.0.1.4/32", None, "no IPv6 address"),
    ("loc1-v6only", "loc1", "access", "frr", "planned", None, "2001:db8:1::5/128", "no IPv4 address"),
    ("loc1-bare", "loc1", "access", None, "planned", None, None, "no address, no platform"),
    ("mgmt", "loc1", "access", "arista_eos", "planned", "10.0.1.6/32", "2001:db8:1::6/128", "the same name in loc2"),
    ("mgmt", "loc2", "access", "arista_eos", "planned", "10.0.2.6/32", "2001:db8:2::6/128", "the same name in loc1"),
    (None, "loc2", "access", "frr", "planned", "10.0.2.7/32", "2001:db8:2::7/128", "no name"),
    ("東京-コア", "loc3", "core", "juniper_junos", "planned", "10.0.3.1/32", "2001:db8:3::1/128", "a name in Japanese"),
    ("Київ-ядро", "loc4", "core", "cisco_iosxr", "planned", "10.0.4.1/32", "2001:db8:4::1/128", "a name in Ukrainian"),
    ("loc3-edge", "loc3", "edge", "nokia_sros", "active", "10.0.3.2/32", "2001:db8:3::2/128", "in service already"),
    ("loc4-edge", "loc4", "edge", "cisco_ios", "staged", "10.0.4.2/32", "2001:db8:4::2/128", "staged by somebody"),
    ("loc4-access", "loc4", "access", "frr", "offline", "10.0.4.3/32", "2001:db8:4::3/128", "out of service"),
]
PORTS = ["Ethernet1", "Ethernet2"]
LOOPBACKS = {"juniper_junos": "lo0", "nokia_sros": "system", "frr": "lo"}


def load() -> int:
    """Create what is not there yet; the number of demo devices."""
    from django.db import connection, transaction

    with transaction.atomic():
        things = _surroundings()
        for row in DEVICES:
            _device(things, *row)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return len(DEVICES)


def _surroundings() -> dict:
    from dcim.models import DeviceRole, DeviceType, InterfaceTemplate, Manufacturer, Platform, Region, Site
    from extras.models import Tag
    from tenancy.models import Tenant

    region = _ensure(Region, slug=REGION[1], defaults={"name": REGION[0]})
    things = {
        "site": {slug: _ensure(Site, slug=slug, defaults={"name": slug, "description": town, "region": region}) for slug, town in SITES.items()},
        "role": {slug: _ensure(DeviceRole, slug=slug, defaults={"name": slug.title(), "color": color}) for slug, color in ROLES.items()},
        "tenant": [_ensure(Tenant, slug=slug, defaults={"name": name}) for name, slug in TENANTS],
        "tag": [_ensure(Tag, slug=slug, defaults={"name": name, "color": color}) for name, slug, color in TAGS],
        "platform": {},
        "type": {},
    }
    for slug, (maker, model, platform) in KINDS.items():
        manufacturer = _ensure(Manufacturer, slug=maker.lower(), defaults={"name": maker})
        things["platform"][slug] = _ensure(Platform, slug=slug, defaults={"name": platform, "manufacturer": manufacturer})
        kind = _ensure(DeviceType, slug=model.lower().replace(" ", "-"), defaults={"model": model, "manufacturer": manufacturer, "u_height": 1})
        things["type"][slug] = kind
        for name in PORTS:
            _ensure(InterfaceTemplate, device_type=kind, name=name, defaults={"type": "10gbase-x-sfpp"})
        _ensure(InterfaceTemplate, device_type=kind, name=LOOPBACKS.get(slug, "Loopback0"), defaults={"type": "virtual"})
    return things


def _device(things: dict, name: str | None, site: str, role: str, platform: str | None, status: str, ipv4: str | None, ipv6: str | None, comment: str) -> None:
    from dcim.models import Device, Interface
    from ipam.models import IPAddress

    if Device.objects.filter(name=name, site=things["site"][site], description=comment).exists():
        return
    device = Device(name=name, site=things["site"][site], role=things["role"][role], device_type=things["type"][platform or "frr"],
                    platform=things["platform"].get(platform), status=status, tenant=things["tenant"][role == "access"], description=comment)
    device.full_clean()
    device.save()
    device.tags.add(things["tag"][1])
    loopback = Interface.objects.get(device=device, name=LOOPBACKS.get(platform or "frr", "Loopback0"))
    device.refresh_from_db()  # its counters, which the database has counted on
    device.snapshot()
    for field, text in (("primary_ip4", ipv4), ("primary_ip6", ipv6)):
        if text:
            address = IPAddress(address=text, assigned_object=loopback, role="loopback", dns_name="")
            address.full_clean()
            address.save()
            setattr(device, field, address)
    if ipv4 or ipv6:
        device.full_clean()
        device.save()


def _ensure(model: type, defaults: dict, **key: object) -> object:
    found = model.objects.filter(**key).first()
    if found is None:
        found = model(**key, **defaults)
        found.full_clean()
        found.save()
    return found
