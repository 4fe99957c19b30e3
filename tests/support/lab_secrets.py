# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The secrets of the lab: no run may show one, whatever happens."""

from __future__ import annotations

import typing as t
import urllib.parse


class LabSecrets:
    """The secret part of every token, and the password of PostgreSQL. ``more`` are further secrets, of a test's own."""

    def __init__(self, lab: dict[str, t.Any], *more: str) -> None:
        # Of a token of version 2, nbt_KEY.SECRET, NetBox shows the key itself.
        self.values = {name: token.rpartition(".")[2] for name, token in lab["tokens"].items()}
        self.values["PostgreSQL"] = urllib.parse.urlsplit(lab["postgres_dsn"]).password or ""
        self.values |= {f"secret {number}": value for number, value in enumerate(more)}
        assert all(len(value) >= 6 for value in self.values.values())

    def found_in(self, text: str | bytes) -> list[str]:
        """The names of the secrets that ``text`` holds."""
        text = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
        return [name for name, value in self.values.items() if value.encode() in text]

    def check(self, *texts: str | bytes) -> None:
        """Fail if one of ``texts`` holds a secret, with the place and not with the secret."""
        for text in texts:
            for name in self.found_in(text):
                value: t.Any = self.values[name] if isinstance(text, str) else self.values[name].encode()
                place = text.index(value)
                raise AssertionError(f"the secret of {name} is in: {text[max(0, place - 200) : place]!r} ...")
