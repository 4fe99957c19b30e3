# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/performance.md and its plots, from the figures that bench.py measured.

python3 tests/benchmarks/performance.py
"""

from __future__ import annotations

import json
import pathlib
import sys
import typing as t

import part_batches
import part_enrolling
import part_others
import part_profile
import part_reading
from bench_lab import BenchLab
from rounds import Settings
from tables import Figures

__all__ = ["PARTS", "write_report"]

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"

BEGIN, END = "<!-- figures: written by tests/benchmarks/performance.py -->", "<!-- end of figures -->"


class Part(t.NamedTuple):
    """What is measured together; ``devices`` is how many it needs in the lab with its own sizes."""

    measure: t.Callable[[BenchLab, Settings, Figures], Figures]
    write: t.Callable[[Figures, Figures], list[str]]
    devices: int = 250  # among them those that full_store spends


PARTS = {
    "one": Part(part_enrolling.measure_one, part_enrolling.write_one),
    "scale": Part(part_enrolling.measure_scale, part_enrolling.write_scale, 5000),
    "profile": Part(part_profile.measure_profile, part_profile.write_profile, 5000),
    "batches": Part(part_batches.measure_batches, part_batches.write_batches, 300),
    "peers": Part(part_others.measure_peers, part_others.write_peers),
    "modules": Part(part_others.measure_modules, part_others.write_modules),
    "growth": Part(part_enrolling.measure_growth, part_enrolling.write_growth, 10_000),
    "full_store": Part(part_others.measure_full_store, part_others.write_full_store),
    "shared": Part(part_others.measure_shared, part_others.write_shared),
    "reading": Part(part_reading.measure_reading, part_reading.write_reading, 0),
    "validate": Part(part_others.measure_validate, part_others.write_validate, 5000),
    "migration": Part(part_others.measure_migration, part_others.write_migration, 0),
}


def main() -> None:
    """Write the page again."""
    for line in write_report(json.loads((DOCS / "performance.json").read_text(encoding="utf-8")), DOCS):
        print(line)


def write_report(figures: Figures, docs: pathlib.Path | None) -> list[str]:
    """The tables and ratios as Markdown. With ``docs``, also into performance.md there, with the plots that it shows."""
    lines = [f"{_where(figures)}. Seconds are medians of the rounds that count.", ""]
    for name, part in PARTS.items():
        if name in figures:
            heading, *rest = part.write(figures[name], figures)
            groups = figures[name]["groups"].values()
            dates = sorted({group["date"] for group in groups})
            elsewhere = sorted({_where(group["here"]) for group in groups if group.get("here")} - {_where(figures)})
            where = f" Some of it on {' and on '.join(elsewhere)}." if elsewhere else ""
            lines += [heading, "", f"Measured {' to '.join(dict.fromkeys((dates[0], dates[-1])))}.{where}", *rest, ""]
    if docs is not None:
        _plots(figures, docs / "images")
        page = docs / "performance.md"
        text = page.read_text(encoding="utf-8")
        before, rest = text.split(BEGIN)
        page.write_text(before + BEGIN + "\n\n" + "\n".join(lines).rstrip("\n") + "\n\n" + END + rest.split(END)[1], encoding="utf-8")
    return lines


def _where(here: t.Mapping[str, str]) -> str:
    return f"NetBox {here['netbox']}, Python {here['python']}, {here['machine']}"


def _plots(figures: Figures, images: pathlib.Path) -> None:
    """performance-nodes.png: time against the number of nodes, all subjects. performance-profile.png: where the time of one run goes."""
    import matplotlib  # pylint: disable=import-outside-toplevel  # only who writes the page needs it

    matplotlib.use("Agg")
    from matplotlib import pyplot  # pylint: disable=import-outside-toplevel

    if "profile" in figures:
        part_profile.plot_profile(figures["profile"], pyplot, images / "performance-profile.png")
    lines: dict[str, dict[int, float]] = {}
    for name in ("scale", "peers", "growth"):
        for key, group in figures.get(name, {"groups": {}})["groups"].items():
            for one in group["series"] if key != "batch" else []:
                lines.setdefault(one["subject"], {}).setdefault(one["nodes"], one["seconds"])
    if not lines:
        return
    figure, axes = pyplot.subplots(figsize=(9, 6), layout="constrained")
    for subject, points in sorted(lines.items()):
        sizes = sorted(points)
        axes.plot(sizes, [points[size] for size in sizes], "--" if subject.startswith("floor") else "-", marker="o", markersize=4, label=subject)
    axes.set(xscale="log", yscale="log", xlabel="nodes", ylabel="seconds", title="Time against the number of nodes")
    axes.grid(True, which="both", linewidth=0.3)
    axes.legend(fontsize=8)
    figure.savefig(images / "performance-nodes.png", dpi=110)
    pyplot.close(figure)


if __name__ == "__main__":
    sys.exit(main())
