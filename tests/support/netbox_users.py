# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Users of the lab's NetBox with permissions of a test's own, and their tokens."""

from __future__ import annotations

import contextlib
import secrets
import typing as t
import uuid

from lab_netbox import Netbox

READS = ("dcim.device", "core.objectchange")
"""What a token must be able to view for an enrolment."""


class Permission(t.NamedTuple):
    """Actions on object types, for the objects that the constraints match: one dictionary of Django's filters, or several of which one must."""

    actions: t.Sequence[str]
    object_types: t.Sequence[str]
    constraints: t.Any = None


@contextlib.contextmanager
def user_with(netbox: Netbox, *permissions: Permission, write_enabled: bool = True) -> t.Iterator[str]:
    """The token of a new user who has these permissions and no others; user and permissions go at the end."""
    name = "t" + uuid.uuid4().hex[:10]
    user = netbox.call("POST", "users/users", {"username": name, "password": f"A1-{secrets.token_hex(12)}"})["id"]
    made = []
    try:
        for number, one in enumerate(permissions):
            data = {"name": f"{name} {number}", "actions": list(one.actions), "object_types": list(one.object_types), "users": [user]}
            made.append(netbox.call("POST", "users/permissions", data | ({"constraints": one.constraints} if one.constraints else {}))["id"])
        token = netbox.call("POST", "users/tokens", {"user": user, "write_enabled": write_enabled})
        yield f"nbt_{token['key']}.{token['token']}"
    finally:
        netbox.call("DELETE", f"users/users/{user}")
        for permission in made:
            netbox.call("DELETE", f"users/permissions/{permission}")
