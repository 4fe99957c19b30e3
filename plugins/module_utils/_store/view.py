# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What lists of subscriptions and processes show of a product, beside the fields that all have."""

from __future__ import annotations

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.subscriptions import Stored

__all__ = ["VIEWS", "View"]


class View:
    """What a product shows of the object of NetBox that its subscriptions stand for. A product has a subclass, and adds an instance to VIEWS.

    ``noun`` is what the object is called. ``id``, ``label`` and ``url`` are the fields of an answer with its id, what messages call it and its page in
    NetBox, whose ``endpoint`` is, e.g., "dcim/devices". ``facts`` are fields with what a process remembers of it. In the product's ``block``, ``pointer``
    is the field with the id, ``name`` the one with the name, ``block_fields`` are all of them, and ``fields`` those that the report shows, by their
    names there; ``headings`` what it calls those. ``problems`` are what a finding can be about, in words, and ``gone`` is the one of them that says
    that the object is not in NetBox any more.
    """

    noun: str
    id: str
    label: str
    url: str
    endpoint: str
    facts: tuple[str, ...] = ()
    block: str
    pointer: str
    name: str
    block_fields: tuple[str, ...]
    fields: t.ClassVar[t.Mapping[str, str]] = {}
    headings: t.ClassVar[t.Mapping[str, str]] = {}
    problems: t.ClassVar[t.Mapping[str, str]] = {}
    gone: str = ""

    def id_of(self, stored: Stored) -> int | None:
        """Return the id of the object that a subscription stands for; None of one of another product."""
        raise NotImplementedError

    def remembered(self, state: t.Any) -> dict[str, t.Any]:
        """Return the object as a process with this state, which may be damaged, read it last; {} where it did not."""
        raise NotImplementedError

    def label_of(self, facts: t.Mapping[str, t.Any], object_id: int) -> str:
        """Return what messages call an object of which a process remembers this."""
        raise NotImplementedError

    def page(self, netbox_url: str | None, object_id: int) -> str | None:
        """Return the URL of its page in NetBox; None where no NetBox is known, or its URL is none that a page may link to."""
        raise NotImplementedError

    def chosen(self, connection: t.Any, params: t.Mapping[str, t.Any]) -> t.Any:
        """Return the condition that a subscription is one of those that the product's own options choose; None where none of them is given."""
        raise NotImplementedError


VIEWS: list[View] = []
"""One a product that has one."""
