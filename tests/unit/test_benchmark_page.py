# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of the benchmark: each part has its table, and each target says whether it is met."""

from __future__ import annotations

import pytest

from performance import PARTS, write_report
from rounds import Load, Measured, Round, summary

MIB = 2**20


def group(*cases, netbox_ms=14.0, load=0.1):
    """What two rounds measured: a subject, a number of nodes, seconds, and memory in MiB."""
    measured = {(name, nodes): Measured(seconds, seconds, memory * MIB) for name, nodes, seconds, memory in cases}
    return {"date": "2026-11-27", **summary([Round(measured, Load(load, 1.0), netbox_ms)] * 2, 2)}


def of_size(nodes, floor, ours):
    kinds = [(store, claim) for claim in ("store", "netbox") for store in ("sqlite", "postgresql")]
    cases = [(f"floor, claim: {claim}", nodes, floor, 0) for claim in ("store", "netbox")] + [("10 assert tasks", nodes, 1.0, 0)]
    return group(*cases, *((f"ours, {store}, claim: {claim}", nodes, ours, 0) for store, claim in kinds)) | {"batch": min(50, -(-nodes // 2))}


ELSEWHERE = {"netbox": "4.4.0", "python": "3.13.0", "machine": "another machine"}
PROFILE = {"date": "2026-11-27", "seconds": 2.0, "cpu": 1.1, "cpu_without": 1.0, "tasks": {"start": {"ansible": 0.5, "imports": 0.5}, "done": {"sql": 1.0}}}

FIGURES = {
    "netbox": "4.7.3",
    "python": "3.13.0",
    "machine": "a machine",
    "one": {"groups": {"one": group(("ours", 1, 2.0, 0), ("10 assert tasks", 1, 1.0, 0), ("NetBox", 1, 0.4, 0))}, "requests": ["GET", "PATCH"], "tasks": 10},
    "scale": {"groups": {"batch": group(("50 a request", 1000, 14.0, 0)), "1": of_size(1, 0.4, 2.0), "1000": of_size(1000, 14.0, 18.0) | {"here": ELSEWHERE}}},
    "profile": {"groups": {"1": PROFILE, "100": PROFILE}},
    "batches": {
        "groups": {
            "two gunicorn workers/100/2": group(("floor", 300, 5.0, 0), ("ours", 300, 7.0, 0), load=1.0) | {"request_ms": [14.0, 15.0, 16.0]},
            "two gunicorn workers/50/2": group(("floor", 300, 4.0, 0), ("ours", 300, 6.0, 0)) | {"request_ms": [14.0, 15.0, 16.0]},
        }
    },
    "peers": {"groups": {"50": group(("netbox.netbox", 50, 60.0, 0), ("pynetbox", 50, 9.0, 0), ("ours, sqlite, claim: store", 50, 4.0, 0))}},
    "modules": {"groups": {"modules": group(("ours", 1, 2.0, 0), ("ours, ordinary modules", 1, 12.0, 0))}},
    "growth": {"groups": {"growth": group(("ours", 1000, 20.0, 90), ("ours", 10_000, 180.0, 250))}},
    "full_store": {"groups": {"sqlite": group(("sqlite, 0 held", 1, 2.0, 0), ("sqlite, 100000 held", 1, 2.1, 0))}},
    "shared": {"groups": {"shared": group(("alone", 200, 5.0, 0), ("both", 200, 6.0, 0))}, "shares": [[175, 25]]},
    "reading": {
        "groups": {"reading": group(("inventory", 50_000, 26.0, 1300), ("static script inventory", 50_000, 10.0, 600), ("report", 50_000, 9.0, 500))},
        "bytes": {"report": 6_000_000},
    },
    "validate": {"groups": {"1000": group(("validate_node", 1000, 2.0, 90), ("a bare listing", 1000, 2.0, 0), netbox_ms=None)}},
    "migration": {"groups": {"migration": group(("sqlite", 100_000, 1.0, 0), netbox_ms=None)}},
}


@pytest.fixture(scope="module")
def lines():
    return write_report(FIGURES, None)


def test_each_part_is_on_the_page(lines):
    assert FIGURES.keys() >= PARTS.keys()
    assert len([line for line in lines if line.startswith("### ")]) == len(PARTS)


@pytest.mark.parametrize(
    "line",
    [
        "- ours / (10 asserts + NetBox): **1.43** (target: at most 1.35; missed)",
        "- 1000 nodes, postgresql, claim: netbox: **1.20** (target: at most 1.15; missed)",
        "- 1000 nodes, slowest round / median: **1.00** (target: at most 1.2; met)",
        "| 1000 | 14.0 | 1.20 | 1.20 | 1.20 | 1.20 | 1.00 | 50 |",
        "| 1 | 14.0 | 1.43 | 1.43 | 1.43 | 1.43 | 1.00 | 1 |",
        "Measured 2026-11-27. Some of it on NetBox 4.4.0, Python 3.13.0, another machine.",
        "- 50 nodes, netbox.netbox / ours: **15.00** (target: at least 14; met)",
        "- milliseconds a node, 10000 / 1000 nodes: **0.90** (target: at most 1.05; met)",
        "- peak memory at 10000 nodes: **250.00** MiB (target: at most 200 MiB; missed)",
        "- sqlite: among the most / among none: **1.05** (target: at most 1.1; met)",
        "- CPU, inventory / static script inventory: **2.60** (target: at most 1.3; missed)",
        "- CPU, report / static script inventory: **0.90** (target: at most 1.3; met)",
        "- report, its file: **6.00** MB (target: at most 5 MB; missed)",
        "| 100 | 5.0 / 7.0 (14.0) |",
        "- two gunicorn workers: the floor of the defaults is 25 % above the best, 50 x 2",
        "- **not steady**: 1 of 2 cells; they differ from the median by up to 0 %",
        "| **all** | 0.50 |  |  |  | 0.50 | 1.00 |  |  | 2.00 |",
    ],
)
def test_what_the_page_says(lines, line):
    assert line in lines
