# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A config that a person is to confirm, and what identifies it, or many of them."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import typing as t

__all__ = ["Config", "hash_of"]


@dataclasses.dataclass(frozen=True)
class Config:
    """A config: its text, its title, "config of loc1-core (loc1, 7)" or "removal from loc1-core (loc1, 7)", and the name of its file, "7-loc1-core.cfg".

    ``covers`` is what a person confirms with it, as JSON: what is written to NetBox once the config is in place. ``own`` are the values that only its
    subject has, by what they are, e.g. ``{"name": "loc1-core"}``: configs that are the same but for these are shown once. ``journal`` is the object of
    NetBox in whose journal it is kept, where config_journal asks for that: type and id, e.g. ``("dcim.device", 7)``.
    """

    text: str
    title: str
    file_name: str
    covers: t.Any = None
    own: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    journal: tuple[str, int] | None = None

    @property
    def kind(self) -> str:
        """What it is called: a "removal", or a "config"."""
        return "removal" if self.title.startswith("removal ") else "config"

    @functools.cached_property
    def digest(self) -> str:
        """SHA-256 of the text, and of what it covers."""
        return hashlib.sha256(json.dumps([self.text, self.covers], sort_keys=True).encode()).hexdigest()


def hash_of(configs: t.Mapping[str, Config]) -> str | None:
    """SHA-256 of all these configs, each with the id of its process; None where there is none."""
    lines = "".join(f"{key} {config.digest}\n" for key, config in sorted(configs.items()))
    return hashlib.sha256(lines.encode()).hexdigest() if lines else None
