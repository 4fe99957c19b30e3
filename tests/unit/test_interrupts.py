# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Signals while a step runs: for whoever presses Ctrl-C, cancels a job, or runs tasks in threads."""

from __future__ import annotations

import concurrent.futures
import os
import signal

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._run import Interrupted, interrupts


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_step_and_what_was_before_is_so_again(number):
    before = signal.getsignal(number)
    with pytest.raises(Interrupted), interrupts():
        os.kill(os.getpid(), number)
        signal.pause()
    assert signal.getsignal(number) is before


def test_a_signal_waits_where_it_must():
    with interrupts(at_once=False) as came:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
    assert came == [signal.SIGTERM]


def test_a_thread_that_hears_no_signal_works_all_the_same():
    def work():
        with interrupts() as came:
            return came

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        assert pool.submit(work).result() == []
