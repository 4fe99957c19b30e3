# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The errors of this collection. Each is a sentence: what was wrong, with which object or subscription, what to do."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._printable import printable

__all__ = [
    "ConflictError",
    "DomainError",
    "NetboxError",
    "NetboxFailed",
    "NetboxForbidden",
    "NetboxLeftOut",
    "NetboxNotWritten",
    "NetboxRefusal",
    "NetboxUncertain",
    "NodeflowError",
    "NotAnswered",
    "StaleSave",
    "StoreError",
    "TakenOver",
    "defect",
]


class NodeflowError(Exception):
    """The base of all errors that become a failed task. ``str()`` of it is the task's message, safe to print."""

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))


class NotAnswered(NodeflowError):
    """A person left a question without an answer: Ctrl-C, Ctrl-D, or a terminal that went away."""

    def __init__(self) -> None:
        super().__init__("the question was left without an answer, so nothing was done")


class DomainError(NodeflowError):
    """A value, a model or a change of lifecycle that the product does not allow."""


class NetboxError(NodeflowError):
    """NetBox could not be reached, refused, or answered what is not NetBox's."""


class ConflictError(NetboxError):
    """NetBox answered 412: at least one of the objects written has changed since it was read."""


class NetboxForbidden(NetboxError):
    """NetBox answered 403: the token lacks a permission."""


class NetboxUncertain(NetboxError):
    """No answer came, or one that does not tell whether NetBox has done what it was asked."""


class NetboxFailed(NetboxUncertain):
    """NetBox itself answered that it failed, which it may have done after the write."""


class NetboxNotWritten(NetboxUncertain):
    """NetBox answered a write with an object that is not as it was written."""


class NetboxRefusal(NetboxError):
    """NetBox refused a bulk write as a whole.

    ``by_id`` says why, for each object that it named. ``forbidden`` says that the token may not do this to at least one of them, and ``unknown``
    are those that are not among the objects that the token may change.
    """

    def __init__(self, message: str, by_id: dict[int, str], forbidden: bool = False, unknown: t.Collection[int] = ()) -> None:
        super().__init__(message)
        self.by_id, self.forbidden, self.unknown = by_id, forbidden, frozenset(unknown)


class NetboxLeftOut(NetboxError):
    """A bulk write was done, but not to the objects ``ids``: before 4.7, NetBox passes over those that the token may not change."""

    def __init__(self, message: str, ids: t.Collection[int]) -> None:
        super().__init__(message)
        self.ids = frozenset(ids)


class StoreError(NodeflowError):
    """The store could not be opened, read or written, or holds something else than expected."""


class StaleSave(StoreError):
    """What was to be saved has been saved by somebody else since it was loaded. Others can be saved still."""


class TakenOver(StaleSave):
    """Another run works on the process that was to be saved."""


def defect(error: Exception) -> str:
    """Return the sentence about an exception that is a bug, of ours or of a collection that builds on us: the last of their files that it came through says
    whose.

    What was done before it is in the store, and a rerun continues there.
    """
    place, whose, through = "an unknown place", "nodeflow.orchestrator", ""
    where = error.__traceback__
    while where:
        file = where.tb_frame.f_code.co_filename
        place = f"{file.rsplit('/', 1)[-1]}:{where.tb_lineno}"
        found = re.search(r"ansible_collections/(\w+)/(\w+)/plugins/(.*)", file)
        if found:
            whose, through = f"{found[1]}.{found[2]}", f"{found[3]}:{where.tb_lineno}"
        where = where.tb_next
    at = place if not through or through.endswith(f"/{place}") else f"{place} (through {through})"
    return f"a defect of {whose} at {at}: {type(error).__name__}: {error}; nothing that was stored is lost, please report it"
