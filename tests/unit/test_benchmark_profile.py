# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The benchmark's profile: what its hook records within a process, and how that becomes a table by task."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pytest

import part_profile
from part_profile import by_task

HOOK = pathlib.Path(part_profile.__file__).parent / "hook"


def test_what_no_record_has_is_ansibles_own():
    marks = [(0.0, "start"), (1.0, "one"), (3.0, "two"), (4.0, "end"), (4.5, "")]
    records = [
        {"task": None, "began": 100.2, "ended": 100.6, "kinds": {"imports": 0.4}},
        {"task": "one", "began": 101.1, "ended": 102.9, "kinds": {"templating": 0.5, "sql": 1.0}},
        {"task": "nodeflow.orchestrator.provide_config : two", "began": 103.1, "ended": 103.8, "kinds": {"netbox": 0.7, "ansible": 0.1}},
    ]
    assert by_task(marks, 100.0, records) == {
        "start": {"imports": 0.4, "ansible": pytest.approx(0.6)},
        "one": {"templating": 0.5, "sql": 1.0, "ansible": pytest.approx(0.5)},
        "two": {"netbox": 0.7, "ansible": pytest.approx(0.3)},
        "end": {"ansible": pytest.approx(0.5)},
    }


THREADS = """
import concurrent.futures, sitecustomize, threading, time
clock = sitecustomize.clock
answer = threading.Event()

def ask():
    time.sleep(0.2)  # Python, while the main thread waits for this one
    with clock.within("netbox"):
        time.sleep(0.3)

with clock.within("python"):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        concurrent.futures.wait([pool.submit(ask), pool.submit(ask)])
    with clock.within("sql"):
        time.sleep(0.1)
clock.write("a task")
"""


def test_threads_that_wait_for_netbox_count_once_and_what_is_inside_a_kind_is_not_counted_twice(tmp_path):
    file = tmp_path / "profile"
    subprocess.run([sys.executable, "-c", THREADS], check=True, env=os.environ | {"PYTHONPATH": str(HOOK), "BENCH_PROFILE": str(file)})
    record = json.loads(file.read_text(encoding="utf-8").splitlines()[-1])
    kinds = record["kinds"]
    assert record["task"] == "a task"
    assert kinds["netbox"] >= 0.25 and kinds["python"] >= 0.15 and kinds["sql"] >= 0.1
    assert sum(kinds.values()) == pytest.approx(record["ended"] - record["began"])
