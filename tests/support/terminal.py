# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-playbook at a pseudo-terminal."""

from __future__ import annotations

import json
import typing as t

import pexpect

from player import Player


class Terminal:
    """ansible-playbook at a pseudo-terminal, and all that its screen got. A playbook without a collection is ours."""

    def __init__(self, play: Player, playbook: str, *arguments: str, environment: dict[str, str] | None = None, **variables: t.Any) -> None:
        extra = ["-e", json.dumps(variables)] if variables else []
        full = play.full_environment(play.directory / "terminal.jsonl") | {"ANSIBLE_LOG_PATH": str(play.directory / "log")} | (environment or {})
        command = [playbook if "." in playbook else f"nodeflow.orchestrator.{playbook}", *extra, *arguments]
        self.child = pexpect.spawn("ansible-playbook", command, env=full, encoding="utf-8", timeout=120, dimensions=(50, 160), cwd=play.directory)
        self.file = play.directory / "log"
        self.seen = ""

    def until(self, pattern: str) -> str:
        """Wait for it; what came up to it."""
        if self.child.expect([pattern, pexpect.EOF, pexpect.TIMEOUT]):
            raise AssertionError(f"{pattern} did not come: {self.seen}{self.child.before}")
        self.seen += self.child.before + self.child.after
        return str(self.child.before + self.child.after)

    def type(self, text: str) -> None:
        """Press keys."""
        self.child.send(text)

    @property
    def log(self) -> str:
        """The log file."""
        return self.file.read_text(encoding="utf-8")

    def end(self) -> int | None:
        """Wait for the end; the exit status."""
        self.child.expect(pexpect.EOF)
        self.seen += self.child.before
        self.child.close()
        status: int | None = self.child.exitstatus
        return status
