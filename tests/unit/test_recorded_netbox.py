# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What products ask of a real NetBox, with its answers: prefixes, entries in journals, long listings (see ``recorded_scene``)."""

from __future__ import annotations

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NetboxError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.allocate import allocate_prefixes, prefix_id
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.journal import Entry, add_entries
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.marked import Made, delete_marked
from lab_netbox import Netbox
from recorded_scene import CONFIRM, Scene, scene

__all__ = ["scene"]


def test_prefixes_are_taken_and_given_back(scene: Scene) -> None:
    def without_earlier(netbox: Netbox) -> int:
        old = netbox.call("GET", "ipam/prefixes", within_include="10.253.0.0/28", vrf_id="null", limit=100)["results"]
        if old:
            netbox.call("DELETE", "ipam/prefixes", [{"id": one["id"]} for one in old])
        return int(netbox.call("POST", "ipam/prefixes", {"prefix": "10.253.0.0/28", "status": "container"})["id"])

    pool, client = scene.person("pool", without_earlier), scene.client(batch_size=2)
    messages = {f"recorded {number}": f"message {number}" for number in range(3)}
    scene.note("its id", prefix_id(client, "10.253.0.0/28") == pool)
    scene.note("none", refused(prefix_id, client, "10.254.0.0/28"))
    for dry_run in (True, False, False):
        scene.note("taken", allocated(allocate_prefixes(client, pool, 30, messages, dry_run=dry_run)))
    more = {f"recorded more {number}": "message" for number in range(3)}
    for dry_run in (True, False):
        scene.note("more", allocated(allocate_prefixes(client, pool, 30, more, dry_run=dry_run)))
        scene.note("too long", allocated(allocate_prefixes(client, pool, 20, more, dry_run=dry_run)))
    scene.note("not there", allocated(allocate_prefixes(client, 2000000000, 30, {"recorded x": "message"}, dry_run=True)))
    for dry_run in (True, False, False):
        gone = delete_marked(client, "ipam/prefixes", messages, dry_run=dry_run)
        scene.note("given back", [[one["description"] for one in gone.objects], gone.errors])
    reader = scene.client(token=scene.tokens["read_only"])
    scene.note("not allowed", [refused(delete_marked, reader, "ipam/prefixes", more), refused(allocate_prefixes, reader, pool, 30, messages)])
    scene.note("may", [[one.may(method, "ipam/prefixes") for method in ("PATCH", "POST")] for one in (client, reader)])


def test_journal_entries_are_added_once(scene: Scene) -> None:
    r1, client = scene.device("r1"), scene.client(batch_size=2)
    entries = [Entry(r1, f"text {number} (mark {number})", "info", f"(mark {number})") for number in range(3)]
    scene.note("refused", list(add_entries(client, "dcim.device", entries).values()))
    scene.note("again", list(add_entries(client, "dcim.device", entries).values()))
    wrong = [*entries, Entry(2000000000, "text (mark 4)", "info", "(mark 4)"), Entry(r1, "text (mark 5)", "info", "(mark 5)")]
    scene.note("one is wrong", [[entry.mark, why] for entry, why in add_entries(client, "dcim.device", wrong).items()])
    reader = scene.client(token=scene.tokens["read_only"])
    scene.note("not allowed", refused(add_entries, reader, "dcim.device", entries[:1]))


def test_objects_are_read_in_pages_and_written_one_by_one(scene: Scene) -> None:
    r1, r2, r3 = scene.device("r1"), scene.device("r2"), scene.device("r3")
    scene.settings["netbox_batch_size"] = 1
    scene.workflow(nodes=[r1, r2, r3], options=CONFIRM)
    scene.note("no such place", refused(scene.client().get, "dcim/nothing", {}))
    scene.note("no such filter", refused(scene.client().get, "dcim/devices", {"status": "nothing"}))
    scene.note("rendered", refused(scene.client().post, f"dcim/devices/{r1}/render-config", {}))
    scene.note("rendered nowhere", refused(scene.client().post, "dcim/devices/2000000000/render-config", {}))
    scene.note("wrong token", refused(scene.client(token="nbt_no.token").get, "dcim/devices", {}))
    scene.note("no permission", refused(scene.client(token=scene.tokens["none"]).get, "dcim/devices", {}))
    scene.note("not for writing", refused(scene.client(token=scene.tokens["write_disabled"]).patch, "dcim/devices", [{"id": r1, "status": "active"}]))
    scene.note("wrong value", refused(scene.client().patch, "dcim/devices", [{"id": r1, "status": "wrong"}, {"id": 2000000000, "status": "active"}]))
    scene.note("changed meanwhile", refused(scene.client().patch, "dcim/devices", [{"id": r1, "status": "active"}], ['W/"other"']))
    scene.note("a wrong object", refused(scene.client().create, "dcim/sites", [{"name": "x", "slug": "no slug"}]))


def refused(function: t.Callable[..., t.Any], *arguments: t.Any) -> t.Any:
    """What it returns; or the error, and what it says of the objects."""
    try:
        return function(*arguments)
    except NetboxError as error:
        return [type(error).__name__, str(error), {name: str(value) for name, value in vars(error).items()}]


def allocated(made: dict[str, Made]) -> list[t.Any]:
    """By mark, the prefix, whether it is new, and why there is none."""
    return [[mark, one.object.get("prefix"), one.is_new, one.error] for mark, one in made.items()]
