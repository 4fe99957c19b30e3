# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who does something: a person, or what AWX starts by itself."""

from __future__ import annotations

import dataclasses

__all__ = ["Actor", "same_person"]


@dataclasses.dataclass(frozen=True)
class Actor:
    """``user`` is the name by which AWX or the machine knows the person; or, where nobody is there, what started it, e.g. "schedule nightly".

    ``where`` says more of where that was, for those who read it: "AWX job 43, workflow job 40".
    """

    user: str
    where: str = ""
    is_person: bool = True

    def __str__(self) -> str:
        return f"{self.user} ({self.where})" if self.where else self.user

    def noting(self, note: str) -> Actor:
        """Return the same, with one thing more to say of where."""
        return dataclasses.replace(self, where=", ".join(part for part in (self.where, note) if part))


def same_person(one: str, other: str) -> bool:
    """Return whether two names can be one person's: what stands behind an @, such as a host, and upper case do not make another person of them."""
    return one.partition("@")[0].casefold() == other.partition("@")[0].casefold()
