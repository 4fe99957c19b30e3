# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests side by side: each item is done once, what comes back is done too, and after an error nothing new is begun."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NetboxError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.parallel import in_parallel


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_each_item_is_done_once_and_what_comes_back_as_well(threads):
    done = []

    def work(item):
        done.append(item)
        return [item * 10, item * 10 + 1] if item < 10 else None

    assert in_parallel(threads, work, [1, 2, 3]) is None
    assert sorted(done) == [1, 2, 3, 10, 11, 20, 21, 30, 31]


def test_no_more_at_a_time_than_asked():
    gate, most, here, lock = threading.Event(), [0], [0], threading.Lock()

    def work(item):
        with lock:
            here[0] += 1
            most[0] = max(most[0], here[0])
            if here[0] == 3:
                gate.set()
        gate.wait(10)
        with lock:
            here[0] -= 1

    assert in_parallel(3, work, range(12)) is None
    assert most == [3]


@pytest.mark.parametrize("threads", [1, 2])
def test_after_an_error_nothing_new_is_begun(threads):
    begun = []

    def work(item):
        begun.append(item)
        if item == 2:
            raise NetboxError("it is gone")

    error = in_parallel(threads, work, list(range(100)))
    assert str(error) == "it is gone"
    assert len(begun) < 10


class Interrupt(BaseException):
    """What a signal raises."""


def test_an_interrupt_waits_for_no_answer():
    asked, answer, answered = threading.Event(), threading.Event(), []

    def work(item):
        asked.set()
        answer.wait(60)
        answered.append(item)

    def interrupt(_number, _frame):
        raise Interrupt

    def send():
        asked.wait(60)
        os.kill(os.getpid(), signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, interrupt)
    sender = threading.Thread(target=send)
    sender.start()
    try:
        with pytest.raises(Interrupt):
            in_parallel(2, work, [1, 2, 3])
        assert answered == []
    finally:
        signal.signal(signal.SIGUSR1, before)
        answer.set()
        sender.join()
