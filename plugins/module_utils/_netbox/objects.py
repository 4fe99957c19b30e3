# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects as they were read from NetBox, of whatever endpoint, with what a write must know of them."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t
import urllib.parse

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._chunks import chunks
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.client import NetboxClient
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.parallel import in_parallel

__all__ = ["IDS_IN_A_REQUEST", "AnyObject", "NetboxObject", "etag_of", "in_urls", "listed_by_id", "listed_of", "read_objects", "written_as"]

IDS_IN_A_REQUEST = 200
"""How many objects one listing asks for by their ids."""

_IN_A_URL = 3800
"""Characters of one filter in a URL: gunicorn, and so NetBox, refuses a request's line above 4,094."""


def in_urls(name: str, values: t.Iterable[t.Any], room: int = _IN_A_URL) -> t.Iterator[list[t.Any]]:
    """Yield ``values`` of the filter ``name`` in parts that fit into a URL each, where other filters leave ``room`` characters."""
    part: list[t.Any] = []
    length = 0
    for value in values:
        size = len(urllib.parse.quote(str(value), safe="")) + len(name) + len("=&")
        if part and length + size > room:
            yield part
            part, length = [], 0
        part.append(value)
        length += size
    if part:
        yield part


class AnyObject(t.Protocol):
    """What a write must know of an object. ``etag`` is None where NetBox is too old to honour one; ``writable`` are the fields that a payload can set,
    as it would set them: choices by value, relations by id. ``problem`` says why nothing can be done with it, None of one that is whole.
    """

    @property
    def id(self) -> int: ...
    @property
    def etag(self) -> str | None: ...
    @property
    def writable(self) -> dict[str, t.Any]: ...
    @property
    def problem(self) -> str | None: ...


@dataclasses.dataclass(frozen=True)
class NetboxObject:
    """An object of which nothing more need be known than a write must know."""

    id: int
    etag: str | None
    writable: dict[str, t.Any]
    problem: str | None = None


Read = t.TypeVar("Read", bound=AnyObject)


def listed_by_id(
    client: NetboxClient, ids: t.Sequence[int], read: t.Callable[[t.Sequence[int]], t.Iterable[Read]], tell: t.Callable[[int], None] = lambda done: None
) -> dict[int, Read]:
    """Return what ``read`` gives for these ids, by id, asked for some of them at a time. Raises NetboxError.

    ``tell`` is told after each listing how many were found so far.
    """
    found: dict[int, Read] = {}

    def read_some(some: t.Sequence[int]) -> None:
        found.update({one.id: one for one in read(some)})
        tell(len(found))

    error = in_parallel(client.parallel, read_some, list(chunks(ids, IDS_IN_A_REQUEST)))
    if error:
        raise error
    return found


def listed_of(client: NetboxClient, endpoint: str, of: str, values: t.Sequence[t.Any], **filters: t.Any) -> list[dict[str, t.Any]]:
    """List the objects of ``endpoint`` for many values of one of its filters, asked for some of them at a time, by their ids.

    Args:
        client: The NetBox.
        endpoint: What to list, e.g. "dcim/interfaces".
        of: The filter, e.g. "device_id".
        values: Its values, of which each object has one.
        **filters: Further filters, e.g. ``cabled=False``.

    Raises:
        NetboxError: NetBox could not be read.
    """
    found: dict[int, dict[str, t.Any]] = {}

    def read_some(some: t.Sequence[t.Any]) -> None:
        found.update({one["id"]: one for one in client.get(endpoint, {**filters, of: list(some)})})

    error = in_parallel(client.parallel, read_some, list(in_urls(of, values)))
    if error:
        raise error
    return [found[key] for key in sorted(found)]


def read_objects(client: NetboxClient, endpoint: str, ids: t.Sequence[int]) -> dict[int, NetboxObject]:
    """Return the objects of these ids that ``endpoint`` lists, by id. Raises NetboxError."""
    return listed_by_id(client, ids, lambda some: [_object(client, one) for one in client.get(endpoint, {"id": list(some)})])


def _object(client: NetboxClient, data: dict[str, t.Any]) -> NetboxObject:
    writable = {name: written_as(value) for name, value in data.items()}
    try:
        return NetboxObject(data["id"], etag_of(data["last_updated"]) if client.conditional else None, writable)
    except (AttributeError, KeyError, TypeError, ValueError):
        problem = f"NetBox at {client.url} answered with an object that cannot be read, id {data['id']}: it says not when it was changed last"
        return NetboxObject(data["id"], None, writable, problem)


def written_as(value: t.Any) -> t.Any:
    """Return a field of an answer as a write has it: a choice by its value, a relation by its id, others as they are."""
    if isinstance(value, list):
        return [written_as(one) for one in value]
    return value.get("value", value.get("id", value)) if isinstance(value, dict) else value


def etag_of(last_updated: str) -> str:
    """Return the ETag that NetBox would answer for an object alone: its ``last_updated`` in UTC, as Python's isoformat writes it."""
    moment = datetime.datetime.fromisoformat(last_updated.replace("Z", "+00:00"))
    return f'W/"{moment.astimezone(datetime.timezone.utc).isoformat()}"'
