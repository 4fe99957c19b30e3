# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What NetBox calls the objects of an endpoint, and the permissions for them and for what they can be asked to do."""

from __future__ import annotations

__all__ = ["ACTION_VERSION", "action_of", "noun", "object_type", "permission"]

ACTION_VERSION = (4, 5)
"""The first NetBox with permissions of their own for what an object is asked to do."""

_ACTIONS = {"render-config": "render_config"}
"""What objects can be asked to do, and the name of that permission."""

_PERMISSIONS = {"DELETE": "delete", "GET": "view", "PATCH": "change", "POST": "add"}
_NAMED_OTHERWISE = {"extras/tagged-objects": "taggeditem", "users/permissions": "objectpermission", "virtualization/interfaces": "vminterface"}
"""Endpoints of NetBox's that are not called as what they list."""

_PLURALS = {"chassis": "chassis", "ies": "y", "sses": "ss", "xes": "x", "ches": "ch", "s": ""}
"""The ends of such names, and of the same in the singular; the first that fits."""


def object_type(endpoint: str) -> str:
    """Return the type of the objects of an endpoint: "dcim.device" of "dcim/devices", and "netbox_dns.zone" of "plugins/netbox-dns/zones", if that plugin is
    called as its URL.
    """
    parts = endpoint.split("/")
    app, model = [*(parts[1:] if parts[0] == "plugins" else parts), "", ""][:2]
    named = _NAMED_OTHERWISE.get(f"{app}/{model}")
    return f"{app.replace('-', '_')}.{named or _singular(model).replace('-', '')}"


def _singular(name: str) -> str:
    return next((name.removesuffix(end) + one for end, one in _PLURALS.items() if name.endswith(end)), name)


def noun(endpoint: str) -> str:
    """Return the same without its app: "device"."""
    return object_type(endpoint).partition(".")[2]


def action_of(endpoint: str) -> str | None:
    """Return what one object is asked to do: "render_config" of "dcim/devices/7/render-config"; None of any other endpoint."""
    return _ACTIONS.get(endpoint.rpartition("/")[2])


def permission(method: str, endpoint: str, version: tuple[int, ...] | None = None) -> str:
    """Return the permission that a request needs: "dcim.change_device" for a PATCH of "dcim/devices", and "dcim.render_config_device" to have one of them
    rendered. ``version`` is NetBox's; before 4.5, it took what an object is asked to do for adding one, as it is a POST.
    """
    app, _dot, model = object_type(endpoint).partition(".")
    action = action_of(endpoint) if version and version >= ACTION_VERSION else None
    return f"{app}.{action or _PERMISSIONS[method]}_{model}"
