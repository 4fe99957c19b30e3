# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Payloads: what NetBox's API expects for one object, typed, and how one is built from a product block.

A payload holds the fields that we own and want to set, and no others. A new product registers its own block with ``build_payload``, and brings a
payload of its own that names its endpoint.
"""

from __future__ import annotations

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.dispatch import single_dispatch
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.subscription import ProductBlockModel, SubscriptionModel
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import pydantic
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.client import NetboxClient
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.object_type import permission
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.objects import AnyObject, read_objects

__all__ = ["NetboxPayload", "build_payload"]


class NetboxPayload(pydantic.BaseModel):
    """An object to write. Fields that were never given are not sent; a field given as None is cleared.

    A type of payload says where it goes: its ``endpoint``, e.g. "dcim/interfaces", and what messages call one, its ``noun``, e.g. "interface".
    ``statuses`` are those that our workflows give it, in words, which the constraints of a permission must allow; "" where it has none.
    """

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    endpoint: t.ClassVar[str] = ""
    noun: t.ClassVar[str] = "object"
    statuses: t.ClassVar[str] = ""

    id: int

    @classmethod
    def read(cls, client: NetboxClient, ids: t.Sequence[int]) -> t.Mapping[int, AnyObject]:
        """Return the objects of these ids that NetBox has, by id. Raises NetboxError."""
        return read_objects(client, cls.endpoint, ids)

    @classmethod
    def hidden(cls, client: NetboxClient, ids: t.Sequence[int]) -> set[int]:  # pylint: disable=unused-argument
        """Return, of objects that no listing has, those that are there all the same, which the token may change and not see. Nobody can tell, in general."""
        return set()

    @classmethod
    def unchangeable(cls) -> str:
        """Return what to say of one that the token may see, and not change."""
        statuses = f", so for the statuses {cls.statuses}" if cls.statuses else ""
        return (
            f"the token may see it, but not change it: the constraints of its permission {permission('PATCH', cls.endpoint)} exclude the {cls.noun}, as it "
            f"is or as it would be after the change. They must hold before and after each change{statuses}"
        )

    @classmethod
    def unseen(cls) -> str:
        """Return what to say of one that ``hidden`` names."""
        when = f"for the statuses {cls.statuses}" if cls.statuses else "before and after each change"
        return (
            f"it is in NetBox, but the token may not see it any more: the constraints of its permission {permission('GET', cls.endpoint)} exclude the "
            f"{cls.noun} as it is now. They must hold {when}"
        )

    def fields(self) -> dict[str, t.Any]:
        """Return the fields to set, as JSON, without the id."""
        return self.model_dump(mode="json", exclude_unset=True, exclude={"id"})


@single_dispatch
def build_payload(block: ProductBlockModel, subscription: SubscriptionModel) -> NetboxPayload:
    """Return the payload for a product block of ``subscription``. Dispatches on the block's type.

    Raises DomainError, with the types that are registered, for a block that is not.
    """
    raise NotImplementedError
