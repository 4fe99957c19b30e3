# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's processes, found and stopped by what they run."""

from __future__ import annotations

import subprocess

import processes

WAIT = "while :; do sleep 0.1; done"


def test_what_is_started_while_another_is_stopped_is_left(tmp_path):
    starts_another = f"trap 'sh -c \"{WAIT}\" sh $1 & exit' TERM; echo ready; {WAIT}"
    with subprocess.Popen(["sh", "-c", starts_another, "sh", str(tmp_path)], stdout=subprocess.PIPE) as first:
        try:
            assert first.stdout.readline() == b"ready\n"
            assert processes.find("sh", tmp_path) == [first.pid]
            assert processes.stop("sh", tmp_path, patience=2)
            [second] = processes.find("sh", tmp_path)
            assert second != first.pid
        finally:
            assert processes.stop("sh", tmp_path)
    assert processes.find("sh", tmp_path) == []
