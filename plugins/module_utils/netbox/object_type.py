# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What NetBox calls the objects of an endpoint, and the permissions for them."""

from __future__ import annotations

__all__ = ["object_type", "permission"]

_PERMISSIONS = {"GET": "view", "PATCH": "change", "POST": "add"}
_SINGULAR = {"ip-addresses": "ipaddress", "journal-entries": "journalentry", "prefixes": "prefix", "virtual-chassis": "virtualchassis"}


def object_type(endpoint: str) -> str:
    """The type of the objects of an endpoint: "dcim.device" of "dcim/devices"."""
    app, model = ([*endpoint.split("/"), ""])[:2]
    return f"{app}.{_SINGULAR.get(model, model.rstrip('s')).replace('-', '')}"


def permission(method: str, endpoint: str) -> str:
    """The permission that a request needs: "dcim.change_device" for a PATCH of "dcim/devices"."""
    app, _dot, model = object_type(endpoint).partition(".")
    return f"{app}.{_PERMISSIONS[method]}_{model}"
