# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an endpoint's objects are called, and which permission they need."""

from __future__ import annotations

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.object_type import noun, object_type, permission
from recorded_scene import Scene, scene

__all__ = ["scene"]


def test_names_of_types_and_permissions(scene: Scene) -> None:
    endpoints = ("dcim/devices", "ipam/ip-addresses", "ipam/prefixes", "extras/journal-entries", "dcim/virtual-chassis", "dcim/devices/7/render-config")
    for endpoint in endpoints:
        needed = {method: [permission(method, endpoint, version) for version in (None, (4, 4), (4, 5))] for method in ("GET", "POST", "PATCH", "DELETE")}
        scene.note(endpoint, [object_type(endpoint), noun(endpoint), needed])


@pytest.mark.parametrize(
    ("endpoint", "named"),
    [
        ("dcim/mac-addresses", "dcim.macaddress"),
        ("vpn/ipsec-policies", "vpn.ipsecpolicy"),
        ("ipam/vlan-translation-policies", "ipam.vlantranslationpolicy"),
        ("virtualization/interfaces", "virtualization.vminterface"),
        ("users/permissions", "users.objectpermission"),
        ("extras/tagged-objects", "extras.taggeditem"),
        ("plugins/netbox-dns/record-templates", "netbox_dns.recordtemplate"),
        ("plugins/bgp/bgp-sessions/7/do-it", "bgp.bgpsession"),
        ("plugins/x/switches", "x.switch"),
        ("plugins/x", "x."),
        ("status", "status."),
    ],
)
def test_an_endpoint_is_called_in_the_plural_in_several_ways(endpoint: str, named: str) -> None:
    assert object_type(endpoint) == named
    app, dummy, model = named.partition(".")
    assert permission("PATCH", endpoint) == f"{app}.change_{model}"
