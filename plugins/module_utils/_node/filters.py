# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check the names of filters, because NetBox ignores one that it does not know and then lists everything."""

from __future__ import annotations

import difflib
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NetboxError, NodeflowError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.client import NetboxClient
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.objects import written_as
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.device import DEVICE, ENDPOINT

__all__ = ["check_filters"]

_KNOWN = frozenset(
    "asset_tag cluster_id contact contact_group contact_role description device_type device_type_id has_primary_ip id location "
    "location_id manufacturer manufacturer_id model name platform platform_id position q rack_id region region_id role role_id serial site status "
    "site_group site_group_id site_id tag tag_id tenant tenant_group tenant_group_id tenant_id".split()
)
"""Filters of NetBox's device list that we need not ask NetBox about."""

_LOOKUPS = frozenset("empty ic ie iew iregex isw n nic nie niew nisw regex".split())
"""What can stand behind ``__`` in a filter on one of the fields of text in _TEXT."""

_TEXT = frozenset(("asset_tag", "description", "name", "serial"))

_NOT_FILTERS = frozenset("brief exclude fields format limit offset omit ordering start".split())
"""Parameters of the list that are no filters. They are ours to set."""


def check_filters(client: NetboxClient, filters: t.Mapping[str, t.Any], with_status: bool = True) -> None:
    """Raise NodeflowError unless each key of ``filters`` is a filter of NetBox's device list. Whoever enrols cannot choose by status.

    Names that are not known here are looked up in NetBox's own API schema, which takes seconds.
    """
    for name, value in filters.items():
        base = name.partition("__")[0]
        if base == "status" and not with_status:
            raise NodeflowError(f"device_filter must not name {name}: only devices with the status planned are enrolled")
        if base in _NOT_FILTERS:
            raise NodeflowError(f"device_filter cannot hold {name}, which is no filter")
        values = value if isinstance(value, list) else [value]
        if not values or any(one is None or not str(one).strip() or isinstance(one, (dict, list)) for one in values):
            raise NodeflowError(f"the filter {name} in device_filter needs a value or a list of values")
    custom = [name for name in filters if name.startswith("cf_")]
    if custom:
        _check_custom_fields(client, custom)
    unknown = [name for name in filters if not _is_known(name) and name not in custom]
    of_schema = _check_with_schema(client, unknown) if unknown else set()
    for name in filters:
        if name == "has_primary_ip" or name.endswith("__empty") or name in of_schema:
            _check_boolean(name, filters[name])


def _check_boolean(name: str, value: t.Any) -> None:
    """Raise NodeflowError for a value that NetBox does not take for true or false: it would ignore the filter, and list all."""
    for one in value if isinstance(value, list) else [value]:
        if str(one) not in ("True", "False", "true", "false"):
            raise NodeflowError(f"the filter {name} in device_filter is true or false; it is {one!r}")


def _check_custom_fields(client: NetboxClient, names: t.Sequence[str]) -> None:
    """Raise NodeflowError for a filter on a custom field that NetBox would ignore. Its schema has none of them."""
    there = {one.get("name"): one for one in client.get("extras/custom-fields", {"name": [name.removeprefix("cf_") for name in names]})}
    for name in names:
        field = there.get(name.removeprefix("cf_"))
        if field is None or DEVICE not in (field.get("object_types") or ()):
            why = "; of a custom field, only its value can be asked for" if "__" in name else ", or the token may not see it (extras.view_customfield)"
            raise NodeflowError(f"NetBox's devices have no custom field {name.removeprefix('cf_')}, which {name} in device_filter asks for{why}")
        if written_as(field.get("filter_logic")) == "disabled":
            raise NodeflowError(f"NetBox ignores the filter {name} in device_filter: the filter logic of that custom field is disabled")


def _is_known(name: str) -> bool:
    base, _separator, lookup = name.partition("__")
    return name in _KNOWN or (base in _TEXT and lookup in _LOOKUPS)


def _check_with_schema(client: NetboxClient, names: t.Sequence[str]) -> set[str]:
    """Raise NodeflowError unless NetBox's schema has all of these. Return those that are true or false."""
    schema = client.schema()
    try:
        [path] = [path for path in schema["paths"] if path.endswith(f"/api/{ENDPOINT}/")]  # after the base path, if NetBox has one
        known = {parameter["name"]: parameter.get("schema") or {} for parameter in schema["paths"][path]["get"]["parameters"]}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise NetboxError("NetBox's API schema does not describe the filters of its device list") from error
    for name in names:
        if name not in known:
            close = difflib.get_close_matches(name, known, 3)
            hint = f"; did you mean {' or '.join(close)}?" if close else ""
            raise NodeflowError(f"NetBox's device list has no filter {name}{hint}")
    return {name for name in names if "boolean" in (known[name].get("type"), (known[name].get("items") or {}).get("type"))}
