# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several requests to NetBox at a time."""

from __future__ import annotations

import concurrent.futures
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NetboxError

__all__ = ["in_parallel"]

_Item = t.TypeVar("_Item")


def in_parallel(threads: int, function: t.Callable[[_Item], t.Optional[t.Sequence[_Item]]], items: t.Sequence[_Item]) -> NetboxError | None:
    """Call ``function`` with each item, ``threads`` at a time, in their order, and with the items that a call returns.

    The first call that raises NetboxError is the last that is begun; those under way are waited for. Return that error. An interrupt waits for nothing.
    """
    if threads == 1 or len(items) == 1:
        return _in_order(function, items)
    waiting = list(reversed(items))
    running: set[concurrent.futures.Future[t.Optional[t.Sequence[_Item]]]] = set()
    error: NetboxError | None = None
    pool = concurrent.futures.ThreadPoolExecutor(threads)  # not in a with statement, which would wait for it after an interrupt too
    try:
        while running or (waiting and not error):
            while waiting and not error and len(running) < threads:
                running.add(pool.submit(function, waiting.pop()))
            done, running = concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED)
            for one in done:
                try:
                    waiting.extend(reversed(one.result() or ()))
                except NetboxError as exc:
                    error = error or exc
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return error


def _in_order(function: t.Callable[[_Item], t.Optional[t.Sequence[_Item]]], items: t.Sequence[_Item]) -> NetboxError | None:
    waiting = list(reversed(items))
    while waiting:
        try:
            waiting.extend(reversed(function(waiting.pop()) or ()))
        except NetboxError as error:
            return error
    return None
