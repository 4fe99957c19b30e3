# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a process remembers from step to step."""

from __future__ import annotations

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import pydantic

__all__ = ["State", "read_state"]


class State(pydantic.BaseModel):
    """The state of a process. A workflow has its own type of it, with the fields that its steps read; what an older release did not write yet has a
    default. Fields that this release does not know are kept.

    ``before`` is the subscription as it was when the process began, which an abort puts back; None where the process made it.
    """

    model_config = pydantic.ConfigDict(extra="allow", frozen=True)

    before: t.Optional[dict[str, t.Any]] = None

    @property
    def ends(self) -> bool:
        """Whether the process is to end its subscription although its target is another than TERMINATE."""
        return False

    def having(self, **values: t.Any) -> t.Self:
        """Return the same state with other values of some fields, which must be of the fields' types."""
        return self.model_copy(update=values)

    def as_json(self) -> dict[str, t.Any]:
        """Return what the store keeps of it: the fields that were set, and are not None."""
        return {name: value for name, value in self.model_dump(mode="json", exclude_unset=True).items() if value is not None}


Kind = t.TypeVar("Kind", bound=State)


def read_state(kind: type[Kind], process_id: str, stored: dict[str, t.Any]) -> Kind:
    """Return the state of a process as one of a workflow's type. Raises NodeflowError where a field is missing that has no default, or is something else."""
    try:
        return kind.model_validate(stored)
    except pydantic.ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"][:1])
        why = f"its state has no {place} that is one" if place else "its state is none of its workflow"
        raise NodeflowError(
            f"process {process_id} cannot be read: {why}. Use the release that wrote it, or correct its row in the store; process_info shows it"
        ) from error
