# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far a long step is, in lines that a terminal, a CI log and AWX show alike."""

from __future__ import annotations

import threading
import time
import typing as t

__all__ = ["Progress"]

FIRST, EVERY = 5, 10
"""Seconds until the first line, and between lines. A step that is over before says nothing."""


class Progress:
    """Tells ``show`` how many of ``total`` subjects a step has done. Several threads may report to it."""

    def __init__(self, show: t.Callable[[str], None], step: str, total: int, many: str, clock: t.Callable[[], float] = time.monotonic) -> None:
        self._show, self._step, self._total, self._many, self._clock = show, step, total, many, clock
        self._began = clock()
        self._next = self._began + FIRST
        self._lock = threading.Lock()

    def __call__(self, done: int, failed: int = 0) -> None:
        """Take that so many are done by now, ``failed`` among them."""
        with self._lock:
            now = self._clock()
            if now < self._next or not done:
                return
            self._next = now + EVERY
            rate = done / (now - self._began)
            left = f"about {(self._total - done) / rate:.0f} s left" if done < self._total else f"{now - self._began:.0f} s in all"
            parts = [f"{done} of {self._total} {self._many}", f"{failed} failed", f"{rate:.1f} a second", left]
            self._show(f"{self._step}: {', '.join(part for part in parts if part != '0 failed')}")
