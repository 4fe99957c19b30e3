# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects of NetBox that a process makes: each has a mark as its description, by which it is found again, so that it is made once and can be given back.

A mark is a text that no other object has, with the id of the subscription in it. What NetBox has is looked up each time: the answer to an earlier write may
have been lost.
"""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._chunks import chunks
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NetboxError, NetboxRefusal
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.client import NetboxClient
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.object_type import permission
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.objects import in_urls

__all__ = ["Deleted", "Made", "create_marked", "delete_marked", "find_marked"]

Json = dict[str, t.Any]


class Made(t.NamedTuple):
    """An object as NetBox has it, and whether it was made now; or why it could not be made."""

    object: Json
    is_new: bool = False
    error: str | None = None


class Deleted(t.NamedTuple):
    """The objects that were deleted, as they were in NetBox; and why others could not be, by mark."""

    objects: list[Json]
    errors: dict[str, str]


def find_marked(client: NetboxClient, endpoint: str, marks: t.Collection[str]) -> dict[str, list[Json]]:
    """Find the objects with these marks, by mark, each mark's in the order of their ids.

    Args:
        client: The NetBox.
        endpoint: Where such objects are, e.g. "ipam/prefixes"; they must have a description.
        marks: The descriptions to look for, of at most 200 characters.

    Raises:
        NetboxError: NetBox could not be read.
    """
    found: dict[str, list[Json]] = {}
    for some in in_urls("description", sorted(marks)):
        for one in sorted(client.get(endpoint, {"description": some}), key=lambda one: int(one["id"])):
            if one.get("description") in some:
                found.setdefault(one["description"], []).append(one)
    return found


def create_marked(client: NetboxClient, endpoint: str, objects: t.Mapping[str, Json], at: str | None = None) -> dict[str, Made]:
    """Make those objects that are not there yet, in bulk; of one that an interrupted attempt made twice, keep the first.

    Args:
        client: The NetBox.
        endpoint: Where such objects are, e.g. "ipam/prefixes".
        objects: The fields of each, by its mark, which becomes its description.
        at: Where to make them, if not there, e.g. "ipam/prefixes/7/available-prefixes", which allocates.

    Returns:
        What became of each, by mark. One that NetBox refuses does not keep it from making the others.

    Raises:
        NetboxError: NetBox could not be read.
    """
    there = find_marked(client, endpoint, objects)
    spare = [one["id"] for found in there.values() for one in found[1:]]
    if spare:
        with contextlib.suppress(NetboxError):  # it is in nobody's way, and tried again the next time
            client.delete(endpoint, dict.fromkeys(spare, "an interrupted attempt had made it twice"))
    made = {mark: Made(found[0]) for mark, found in there.items()}
    for some in chunks([mark for mark in objects if mark not in made], client.batch_size):
        made |= _create(client, at or endpoint, {mark: objects[mark] for mark in some})
    return made


def _create(client: NetboxClient, endpoint: str, objects: dict[str, Json]) -> dict[str, Made]:
    """NetBox makes all or none, and does not say which it did not like: each alone, then."""
    try:
        created = client.create(endpoint, [{**fields, "description": mark} for mark, fields in objects.items()])
        return {mark: Made(one, is_new=True) for mark, one in zip(objects, created)}
    except NetboxRefusal as error:
        if len(objects) > 1:
            return {mark: made for one, fields in objects.items() for mark, made in _create(client, endpoint, {one: fields}).items()}
        return {mark: Made({}, error=str(error)) for mark in objects}
    except NetboxError as error:
        return {mark: Made({}, error=str(error)) for mark in objects}


def delete_marked(client: NetboxClient, endpoint: str, messages: t.Mapping[str, str], dry_run: bool = False) -> Deleted:
    """Delete the objects with these marks; those that are gone already are passed over.

    Args:
        client: The NetBox.
        endpoint: Where such objects are, e.g. "ipam/prefixes".
        messages: The line for NetBox's change log, by the mark.
        dry_run: Delete nothing.

    Returns:
        What was deleted, or would be, and what could not be. One that NetBox does not delete does not keep it from deleting the others.

    Raises:
        NetboxError: NetBox could not be read.
    """
    found = [one for some in find_marked(client, endpoint, messages).values() for one in some]
    if dry_run or not found:
        return Deleted(found, {})
    errors: dict[str, str] = {}
    for part in chunks(found, client.batch_size):
        errors |= _delete(client, endpoint, part, messages)
    # NetBox passes over what the token may not delete, and answers as if it had; and refuses a request of which one object is gone already.
    try:
        left = find_marked(client, endpoint, {one["description"] for one in found})
        passed_over = f"NetBox did not delete it; the token needs the permission {permission('DELETE', endpoint)} for it"
        errors = {mark: errors.get(mark, passed_over) for mark in left}
    except NetboxError:
        if not errors:
            raise
    return Deleted([one for one in found if one["description"] not in errors], errors)


def _delete(client: NetboxClient, endpoint: str, objects: t.Sequence[Json], messages: t.Mapping[str, str]) -> dict[str, str]:
    """NetBox deletes all or none: each alone, then. Return why some could not be, by mark."""
    try:
        client.delete(endpoint, {one["id"]: messages[one["description"]] for one in objects})
    except NetboxRefusal as error:
        if len(objects) == 1:
            return {objects[0]["description"]: str(error)}
        return {mark: why for one in objects for mark, why in _delete(client, endpoint, [one], messages).items()}
    except NetboxError as error:
        return {one["description"]: str(error) for one in objects}
    return {}
