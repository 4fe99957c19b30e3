# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What NetBox needs so that an object leads to its subscription: a custom field, and a custom link that shows it."""

from __future__ import annotations

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = ["setup_netbox"]

_FIELDS, _LINKS = "extras/custom-fields", "extras/custom-links"


def setup_netbox(task: Task, object_type: str) -> dict[str, t.Any]:
    """Make what is missing, and correct what differs, for the objects of a type, e.g. "dcim.device"."""
    name = task.params["netbox_custom_field"]
    if not name:
        raise NodeflowError("netbox_custom_field is not set: name the custom field to make, for example nodeflow_subscription")
    if not name.replace("_", "").isalnum() or not name.isascii() or "__" in name:
        raise NodeflowError(
            f"netbox_custom_field must have letters, digits and single underscores only, as NetBox demands; this is {name!r}"
        )
    wanted = [(_FIELDS, _custom_field(name, object_type))]
    if task.params["report_url"]:
        wanted.append((_LINKS, _custom_link(name, task.params["report_url"], object_type)))
    changes = [change for change in (_ensure(task, endpoint, one) for endpoint, one in wanted) if change]
    verb = "would be" if task.check_mode else "was" if len(changes) == 1 else "were"
    names = " and ".join(change["after_header"] for change in changes)
    return {"changed": bool(changes), "diff": changes, "msg": f"{names} {verb} set up" if changes else "everything is there already"}


def _custom_field(name: str, object_type: str) -> dict[str, t.Any]:
    return {
        "name": name,
        "label": "Subscription",
        "type": "text",
        "object_types": [object_type],
        "description": f"The subscription of nodeflow.orchestrator that stands for this {object_type.rpartition('.')[2]}",
        "ui_editable": "no",
        "ui_visible": "if-set",
    }


def _custom_link(name: str, report_url: str, object_type: str) -> dict[str, t.Any]:
    cell = f"object.cf.{name}"
    return {
        "name": "nodeflow subscription",
        "object_types": [object_type],
        "enabled": True,
        "link_text": "{% if " + cell + " %}Subscription{% endif %}",
        "link_url": report_url + "#" + "{{ " + cell + " }}",
        "new_window": True,
    }


def _ensure(task: Task, endpoint: str, wanted: dict[str, t.Any]) -> dict[str, t.Any]:
    """Before and after of an object that was not as wanted; {} where it was."""
    found = [_plain(one) for one in task.netbox.get(endpoint, {"name": wanted["name"]})]
    current = found[0] if found else {}
    before = {name: current[name] for name in wanted if name in current}
    if found and "object_types" in current:  # those of others stay
        wanted = wanted | {"object_types": sorted({*current["object_types"], *wanted["object_types"]})}
        before["object_types"] = sorted(current["object_types"])
    after = {name: value for name, value in wanted.items() if before.get(name) != value}
    if not after:
        return {}
    if not task.check_mode:
        if found:
            task.netbox.patch(endpoint, [{"id": current["id"]} | after])
        else:
            task.netbox.create(endpoint, [wanted])
    header = f"{endpoint.rpartition('/')[2].rstrip('s').replace('-', ' ')} {wanted['name']}"
    return {"before_header": header, "after_header": header, "before": {name: before.get(name) for name in after}, "after": after}


def _plain(found: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return an object as it would be written: a choice by its value."""
    return {name: value["value"] if isinstance(value, dict) and "value" in value else value for name, value in found.items()}
