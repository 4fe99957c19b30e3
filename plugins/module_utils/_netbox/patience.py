# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How often and how long to wait before NetBox is asked again."""

from __future__ import annotations

import contextlib
import time
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import urllib3

__all__ = ["TRY_AGAIN", "Patience"]

TRY_AGAIN = (429, 502, 503, 504)
"""The HTTP statuses of a NetBox, or a proxy in front of it, that is busy or being restarted."""

LONGEST_WAIT = 60
"""Seconds between two attempts at the most, whatever NetBox's Retry-After says."""


class Patience:
    """Up to ``retries`` waits: 0, 1, 2, 4, ... seconds, each with up to half a second more at random, or as long as Retry-After says."""

    def __init__(self, retries: int) -> None:
        self._retry = urllib3.Retry(total=retries, backoff_factor=0.5, backoff_jitter=0.5, backoff_max=LONGEST_WAIT)

    def wait(self, response: t.Any = None, say: t.Callable[[float], None] = lambda seconds: None) -> bool:
        """Wait before another attempt; False, at once, where none is left. ``response`` is the one that asked for patience.

        ``say`` is told before it how many seconds it will be.
        """
        try:
            self._retry = self._retry.increment()
        except urllib3.exceptions.MaxRetryError:
            return False
        seconds = self._retry.get_backoff_time()
        if response is not None and response.headers.get("Retry-After"):
            with contextlib.suppress(urllib3.exceptions.InvalidHeader):  # neither seconds nor a date
                seconds = self._retry.parse_retry_after(response.headers["Retry-After"])
        seconds = min(seconds, LONGEST_WAIT)
        say(seconds)
        time.sleep(seconds)
        return True
