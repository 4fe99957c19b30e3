# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run by the lab in NetBox's Python: many planned devices with both loopbacks, in bulk, for measurements."""

from __future__ import annotations

import ipaddress
import json
import sys
import time

import django

BATCH = 1000


def main() -> None:
    orders = json.load(sys.stdin)
    django.setup()

    from django.db import connection, transaction

    started = time.monotonic()
    with transaction.atomic():
        first = _next_number(orders["prefix"])
        for start in range(first, first + orders["count"], BATCH):
            _create(orders, range(start, min(start + BATCH, first + orders["count"])))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    print(json.dumps({"count": orders["count"], "first": _name(orders["prefix"], first), "seconds": round(time.monotonic() - started, 1)}))


def _name(prefix: str, number: int) -> str:
    return f"{prefix}-{number:05d}"


def _next_number(prefix: str) -> int:
    from dcim.models import Device

    names = Device.objects.filter(name__startswith=f"{prefix}-").values_list("name", flat=True)
    return 1 + max((int(name.rpartition("-")[2]) for name in names if name.rpartition("-")[2].isdigit()), default=0)


def _create(orders: dict, numbers: range) -> None:
    """Rows as NetBox itself would write them: what save() derives (denormalized columns, counters) is set here."""
    from dcim.models import Device, DeviceRole, DeviceType, Interface, Platform, Site
    from ipam.models import IPAddress
    from utilities.ordering import naturalize_interface

    site, dummy = Site.objects.get_or_create(slug=orders["site"], defaults={"name": orders["site"]})
    base = DeviceType.objects.order_by("pk").first(), DeviceRole.objects.order_by("pk").first(), Platform.objects.order_by("pk").first()
    kind, role, platform = base if all(base[:2]) else _minimum()
    fabric = _free_block()
    devices = Device.objects.bulk_create([
        Device(name=_name(orders["prefix"], number), site=site, role=role, device_type=kind, platform=platform, status=orders["status"], interface_count=1)
        for number in numbers
    ])
    loopbacks = Interface.objects.bulk_create([
        Interface(device=device, name="Loopback0", _name=naturalize_interface("Loopback0", 100), type="virtual", _site=site) for device in devices
    ])
    v4 = IPAddress.objects.bulk_create([
        IPAddress(address=f"{fabric + offset}/32", assigned_object=loopback, role="loopback") for offset, loopback in enumerate(loopbacks)
    ])
    v6 = IPAddress.objects.bulk_create([
        IPAddress(address=f"{ipaddress.IPv6Address('2001:db8:ff::') + int(fabric + offset)}/128", assigned_object=loopback, role="loopback")
        for offset, loopback in enumerate(loopbacks)
    ])
    for device, address4, address6 in zip(devices, v4, v6):
        device.primary_ip4, device.primary_ip6 = address4, address6
    Device.objects.bulk_update(devices, ["primary_ip4", "primary_ip6"])
    DeviceType.objects.filter(pk=kind.pk).update(device_count=Device.objects.filter(device_type=kind).count())


def _free_block() -> ipaddress.IPv4Address:
    """Return the first address of 100.64.0.0/10 after all that are taken: room for four million."""
    from ipam.models import IPAddress

    last = IPAddress.objects.filter(address__net_contained="100.64.0.0/10").order_by("-address").first()
    return ipaddress.IPv4Address(str(last.address.ip)) + 1 if last else ipaddress.IPv4Address("100.64.0.1")


def _minimum() -> tuple:
    """For a database without the demo data."""
    from dcim.models import DeviceRole, DeviceType, Manufacturer

    maker = Manufacturer.objects.create(name="Bulk", slug="bulk")
    role = DeviceRole(name="Bulk", slug="bulk")
    role.save()
    return DeviceType.objects.create(manufacturer=maker, model="Bulk", slug="bulk"), role, None


if __name__ == "__main__":
    main()
