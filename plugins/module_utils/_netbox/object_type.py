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
_SINGULAR = {"ip-addresses": "ipaddress", "journal-entries": "journalentry", "prefixes": "prefix", "virtual-chassis": "virtualchassis"}


def object_type(endpoint: str) -> str:
    """The type of the objects of an endpoint: "dcim.device" of "dcim/devices"."""
    app, model = ([*endpoint.split("/"), ""])[:2]
    return f"{app}.{_SINGULAR.get(model, model.rstrip('s')).replace('-', '')}"


def noun(endpoint: str) -> str:
    """The same without its app: "device"."""
    return object_type(endpoint).partition(".")[2]


def action_of(endpoint: str) -> str | None:
    """What one object is asked to do: "render_config" of "dcim/devices/7/render-config"; None of any other endpoint."""
    return _ACTIONS.get(endpoint.rpartition("/")[2])


def permission(method: str, endpoint: str, version: tuple[int, ...] | None = None) -> str:
    """The permission that a request needs: "dcim.change_device" for a PATCH of "dcim/devices", and "dcim.render_config_device" to have one of them
    rendered. ``version`` is NetBox's; before 4.5, it took what an object is asked to do for adding one, as it is a POST.
    """
    app, _dot, model = object_type(endpoint).partition(".")
    action = action_of(endpoint) if version and version >= ACTION_VERSION else None
    return f"{app}.{action or _PERMISSIONS[method]}_{model}"
