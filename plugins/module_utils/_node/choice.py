# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The choice of nodes: what ``nodes`` may say, which of NetBox's devices it means, and which of those can be enrolled."""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.collection import OURS, collection_of
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.client import NetboxClient
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.objects import in_urls
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.device import Device, device_label, devices_by_id, find_devices
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import NodeInactive
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.stored import device_of, name_of
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.rows import FAILED, Row
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.subscriptions import Stored, Unreadable, sort_out

__all__ = [
    "NOTHING",
    "Wanted",
    "Wrong",
    "chosen_nodes",
    "look_up",
    "look_up_enrolled",
    "node_row",
    "nodes",
    "parse_nodes",
    "wrong_row",
]

_ROOM = 2500
"""Characters of the names in a URL, which has other filters and the fields to read as well."""

_LABEL = re.compile(r".+ \((?:[-\w]+, )?([1-9][0-9]{0,17})\)", re.DOTALL)
"""A device as we print it, ``name (site, id)``. That is what the choices of a survey are."""

_BETWEEN = re.compile(r",(?! [1-9][0-9]*\)\s*(?:,|$))")
"""The commas of a text that stand between entries, not within a label."""


@dataclasses.dataclass(frozen=True)
class Wanted:
    """One entry of ``nodes``: a device by its id, by its name and, where that is given, its site's slug or name, or by its label.

    Of a label ``name`` is the whole text, since a device may be called so, and ``labelled`` the id in it.
    """

    id: int | None = None
    name: str | None = None
    site: str | None = None
    labelled: int | None = None

    def __str__(self) -> str:
        if self.id is not None:
            return f"the device id {self.id}"
        return f"{self.name} in site {self.site}" if self.site else str(self.name)

    def means(self, device: Device) -> bool:
        """Return whether this entry names ``device``."""
        return self.names(device.id, device.name, (device.site, device.site_name))

    def names(self, device_id: int | None, name: str | None, sites: t.Iterable[str]) -> bool:
        """Return whether this entry names a device of that id and name. Of a label the site does not count: devices are moved."""
        if self.id is not None:
            return device_id == self.id
        if device_id is not None and self.labelled == device_id:
            return device_label(name, "", device_id).rpartition(" (")[0] == str(self.name).rpartition(" (")[0]
        in_site = not self.site or self.site.lower() in [site.lower() for site in sites]
        return name == self.name and in_site


class Wrong(t.NamedTuple):
    """An entry that means no device, or several, with the reason; and, for one that means none, the reason without what was looked for."""

    wanted: Wanted
    reason: str
    several: bool
    general: str = ""


def node_row(device: Device, status: str, message: str = "", **own: t.Any) -> Row:
    """Return the row of a device. ``own`` is what else it carries to the next step."""
    return Row(device.label, status, message, own={"device_id": device.id, **own})


def wrong_row(one: Wrong) -> Row:
    """Return the row of an entry that cannot be meant."""
    return Row(str(one.wanted), FAILED, one.reason, one.general or None, own={"device_id": None})


NOTHING = "Nothing was chosen, so nothing was done."


def chosen_nodes(nodes: t.Any) -> list[Wanted] | None:
    """Return the entries of the option ``nodes``; None where it is not given. An empty list chooses no node. Raises NodeflowError."""
    if nodes is None or (isinstance(nodes, str) and not nodes.strip()):
        return None
    return parse_nodes(nodes)


def parse_nodes(nodes: t.Any) -> list[Wanted]:
    """Return the entries of the option ``nodes``: a list, or a string with commas, of ids, names, labels or ``{name, site}``. Each once, in order.

    Digits alone are an id; a device whose name is a number is named by ``{name: "123"}``. Raises NodeflowError for anything else.
    """
    if isinstance(nodes, str) and nodes.lstrip().startswith(("[", "{")):  # what -e nodes='[...]' gives
        try:
            nodes = json.loads(nodes)
        except (RecursionError, ValueError) as error:
            raise NodeflowError(f"the option nodes begins like JSON, and is none: {nodes[:200]!r}") from error
    if isinstance(nodes, str):
        nodes = [part for part in (part.strip() for part in _BETWEEN.split(nodes)) if part]
    elif isinstance(nodes, (int, dict)) and not isinstance(nodes, bool):
        nodes = [nodes]
    if not isinstance(nodes, list):
        raise NodeflowError(
            f"the option nodes takes a list, or a string with commas, of device ids, names or {{name, site}}; this is neither: {nodes!r}"
        )
    return list(dict.fromkeys(_parse_one(node) for node in nodes))


def _device_id(number: int | str) -> int:
    if len(number) > 18 if isinstance(number, str) else number >= 10**18:
        raise NodeflowError("the option nodes has a number that is too long for the id of a device")
    return int(number)


def _parse_one(node: t.Any) -> Wanted:
    if isinstance(node, int) and not isinstance(node, bool) and node > 0:
        return Wanted(id=_device_id(node))
    if isinstance(node, str) and node.strip():
        text = node.strip()
        label = _LABEL.fullmatch(text)
        return Wanted(id=_device_id(text)) if text.isdecimal() and text.isascii() else Wanted(name=text, labelled=int(label[1]) if label else None)
    if isinstance(node, dict):
        unknown = set(node) - {"id", "name", "site"}
        if not unknown and str(node.get("id") or "").isdecimal() and len(node) == 1:
            return Wanted(id=_device_id(str(node["id"])))
        if not unknown and node.get("name") and "id" not in node:
            return Wanted(name=str(node["name"]), site=str(node["site"]) if node.get("site") else None)
    raise NodeflowError(f"the option nodes holds {node!r}, which is no device id, no name and no {{name, site}}")


def look_up(client: NetboxClient, wanted: t.Sequence[Wanted], filters: dict[str, t.Any]) -> tuple[list[Device], list[Wrong]]:
    """Return the devices that ``wanted`` means, in its order, each once. Second, the entries that mean none or several."""
    ids = list(dict.fromkeys(device_id for one in wanted for device_id in (one.id, one.labelled) if device_id is not None))
    names = list(dict.fromkeys(one.name for one in wanted if one.name is not None))
    twice = {"id", "name"} & set(filters)
    if twice:
        raise NodeflowError(f"device_filter must not hold {' and '.join(sorted(twice))} together with nodes, which say that")
    found = list(devices_by_id(client, ids, filters).values())
    for some in in_urls("name", names, _ROOM):
        found += find_devices(client, {**filters, "name": some})
    by_key: dict[t.Any, dict[int, Device]] = {}
    for device in found:
        for key in (device.id, device.name):
            by_key.setdefault(key, {})[device.id] = device
    chosen: dict[int, Device] = {}
    wrong: list[Wrong] = []
    for one in wanted:
        labelled = by_key.get(one.labelled, {}) if one.labelled is not None else {}
        candidates = by_key.get(one.name if one.id is None else one.id, {}) | labelled
        meant = [device for device in candidates.values() if one.means(device)]
        if len(meant) == 1:
            chosen[meant[0].id] = meant[0]
        else:
            which, left = "with this id" if one.name is None else "of this name", " that the device_filter leaves" if filters else ""
            general = "" if meant else f"NetBox has no device {which}{left}; look it up there"
            if labelled and not meant:
                general = "the device of this id has another name in NetBox now; choose again"
            wrong.append(Wrong(one, _why_not(one, meant, bool(filters), labelled.values()), bool(meant), general))
    return list(chosen.values()), wrong


def look_up_enrolled(
    client: NetboxClient, wanted: t.Sequence[Wanted], filters: dict[str, t.Any], live: t.Sequence[Stored]
) -> tuple[list[Device], list[int], list[Wrong]]:
    """As ``look_up``; and of the devices that NetBox does not have any more, the ids of those that ``wanted`` means by id, or by the name that
    their live subscription knows. A filter leaves those out.
    """
    devices, wrong = look_up(client, wanted, filters)
    meant: dict[Wanted, int] = {}
    for one in [] if filters else [one.wanted for one in wrong if not one.several and one.wanted.site is None]:
        ids = {device_of(model) for model in live if one.names(device_of(model), name_of(model), ())}
        [device_id, *others] = ids or [None]
        if device_id is not None and not others:
            meant[one] = device_id
    there = devices_by_id(client, sorted(set(meant.values()))) if meant else {}
    gone = {one: device_id for one, device_id in meant.items() if device_id not in there}
    return devices, list(dict.fromkeys(gone.values())), [one for one in wrong if one.wanted not in gone]


def nodes(found: t.Iterable[Stored]) -> tuple[list[NodeInactive], list[Unreadable]]:
    """Return the subscriptions of nodes, and those that cannot be read, each in their order. What is another collection's is neither, wherever that is."""
    models, unreadable = sort_out(found)
    return [model for model in models if isinstance(model, NodeInactive)], [one for one in unreadable if collection_of(one.product) == OURS]


def _why_not(one: Wanted, meant: t.Sequence[Device], filtered: bool, labelled: t.Iterable[Device]) -> str:
    for device in [] if meant else labelled:
        return f"{one} is not what NetBox has: the device with the id {device.id} is {device.label} there now; choose again"
    if meant:
        several = ", ".join(device.label for device in meant)
        return f"{one} is the name of {len(meant)} devices in NetBox: {several}; name the one you mean by its id, or by name and site"
    which = f"with the id {one.id}" if one.id is not None else str(one)
    left = " that the device_filter leaves" if filtered else ""
    return f"NetBox has no device {which}{left}; look it up there"
