# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What enrolling costs, against NetBox's own time and against what else there is.

    python3 tests/benchmarks/bench.py --lab NAME [--only PART,PART] [--runs N] [--sizes N,N] [--quick]

The figures go to docs/performance.json, and from there, with plots, to docs/performance.md (performance.py). What is measured anew replaces what was
measured before of the same part and size; the rest stays. How rounds are measured and which of them count is in measuring.py and rounds.py.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import pathlib
import platform
import tempfile
import typing as t

from bench_lab import ROOT, BenchLab
from performance import PARTS, write_report
from rounds import Settings

FIGURES = ROOT / "docs" / "performance.json"

FEW = 250
"""Devices that are enough for small sizes, and for the parts that ask for no sizes."""


def main() -> None:
    """Measure, write down, say the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lab", default=os.environ.get("NODEFLOW_LAB_NAME", "bench"))
    parser.add_argument("--only", default=",".join(PARTS), help=f"parts, with commas between: {', '.join(PARTS)}")
    parser.add_argument("--runs", type=int, default=5, help="rounds of each part that count; up to three times as many are measured")
    parser.add_argument("--sizes", type=_numbers, help="numbers of nodes, with commas between, instead of the part's own; parts of one size take the last")
    parser.add_argument("--patience", type=float, default=60, help="seconds to wait before a round for a quiet machine; 0: take the rounds as they come")
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it works; writes no docs")
    options = parser.parse_args()
    chosen = options.only.split(",")
    unknown = set(chosen) - set(PARTS)
    if unknown:
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    settings = Settings(options.runs, options.sizes, options.quick, 0 if options.quick else options.patience)
    most = max(_devices(PARTS[name].devices, settings) for name in chosen)
    with tempfile.TemporaryDirectory() as directory:
        lab = BenchLab(options.lab, pathlib.Path(directory), most)
        figures = _known() if not settings.quick else {}
        here = {"netbox": lab.version, "machine": machine(), "python": platform.python_version()}
        figures |= here
        for name in chosen:
            print(f"{name} ...", flush=True)
            part = figures.setdefault(name, {"groups": {}})

            def save(key: str, group: dict[str, t.Any], groups: dict[str, t.Any] = part["groups"]) -> None:
                groups[key] = group | {"here": here}
                if not settings.quick:
                    FIGURES.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")

            part |= PARTS[name].measure(lab, dataclasses.replace(settings, save=save), part)
            if not settings.quick:
                FIGURES.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    for line in write_report(figures, None if settings.quick else ROOT / "docs"):
        print(line)


def _devices(own: int, settings: Settings) -> int:
    """How many devices a part needs in the lab, of its ``own`` sizes or of those that were asked for."""
    if not own or settings.quick:
        return min(own, FEW)
    return max(FEW, *settings.sizes) if settings.sizes else own


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(sorted(int(number) for number in text.split(",")))


def machine() -> str:
    """Processor, cores, memory."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.partition(":")[2].strip() for line in file if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}"


def _known() -> dict[str, t.Any]:
    return json.loads(FIGURES.read_text(encoding="utf-8")) if FIGURES.exists() else {}


if __name__ == "__main__":
    main()
