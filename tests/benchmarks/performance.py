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

__all__ = ["write_report"]

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"

BEGIN, END = "<!-- figures: written by tests/benchmarks/performance.py -->", "<!-- end of figures -->"


def main() -> None:
    """Write the page again."""
    for line in write_report(json.loads((DOCS / "performance.json").read_text(encoding="utf-8")), DOCS):
        print(line)


def write_report(figures: dict[str, t.Any], docs: pathlib.Path | None) -> list[str]:
    """The tables and ratios as Markdown. With ``docs``, also into performance.md there, with the plots that it shows."""
    lines: list[str] = ["NetBox {netbox}, Python {python}, {machine}. Seconds are medians.".format(**figures), ""]
    for part, write in _PARTS.items():
        if part in figures:
            heading, *rest = write(figures[part], figures)
            lines += [heading, "", "Measured {0}.".format(figures[part]["date"]), *rest, ""]
    if docs is not None:
        _plots(figures, docs / "images")
        page = docs / "performance.md"
        text = page.read_text(encoding="utf-8")
        before, rest = text.split(BEGIN)
        page.write_text(before + BEGIN + "\n\n" + "\n".join(lines).rstrip("\n") + "\n\n" + END + rest.split(END)[1], encoding="utf-8")
    return lines


def _of(part: dict[str, t.Any], subject: str, nodes: int) -> dict[str, t.Any] | None:
    return next((one for one in part["series"] if one["subject"] == subject and one["nodes"] == nodes), None)


def _ratio(over: dict[str, t.Any] | None, under: dict[str, t.Any] | None) -> float | None:
    return over["seconds"] / under["seconds"] if over and under else None


def _target(text: str, value: float | None, target: str, met: t.Callable[[float], bool]) -> list[str]:
    if value is None:
        return []
    return ["- {0}: **{1:.2f}** (target: {2}; {3})".format(text, value, target, "met" if met(value) else "missed")]


def _one(part: dict[str, t.Any], figures: dict[str, t.Any]) -> list[str]:  # pylint: disable=unused-argument
    ours, asserts, netbox = part["series"]
    ratio = ours["seconds"] / (asserts["seconds"] + netbox["seconds"])
    lines = ["### One node", "", "| what | seconds |", "|---|---:|"]
    lines += [f"| {one['subject']} | {one['seconds']:.2f} |" for one in part["series"]]
    lines += ["", f"- requests to NetBox: {len(part['requests'])} ({' '.join(part['requests'])})"]
    return lines + _target(f"ours / ({part['tasks']} asserts + NetBox)", ratio, "at most 1.6", lambda value: value <= 1.6)


def _scale(part: dict[str, t.Any], figures: dict[str, t.Any]) -> list[str]:  # pylint: disable=unused-argument
    batches = part["batch"]
    lines = ["### Against NetBox's own time", ""]
    lines += [f"The floor writes {batches['best']} devices a request, the quickest of {', '.join(map(str, batches['seconds']))}.", ""]
    lines += _by_size(part)
    largest = max(one["nodes"] for one in part["series"])
    lines.append("")
    for claim in ("store", "netbox"):
        for store in ("postgresql", "sqlite"):
            ours = _of(part, f"ours, {store}, claim: {claim}", largest)
            ratio = _ratio(ours, _of(part, f"floor, claim: {claim}", largest))
            lines += _target(
                f"{largest} nodes, {store}, claim: {claim}: ours / floor", ratio, "at most 1.15", lambda value: value <= 1.15
            )
    return lines


def _peers(part: dict[str, t.Any], figures: dict[str, t.Any]) -> list[str]:
    lines = ["### Against what is used today", "", *_by_size(part), ""]
    ours, theirs = _of(part, "ours, sqlite, claim: store", 50), _of(part, "netbox.netbox", 50)
    lines += _target("50 nodes each: netbox.netbox / ours", _ratio(theirs, ours), "at least 10", lambda value: value >= 10)
    many = _of(figures.get("scale", {"series": []}), "ours, sqlite, claim: store", 1000)
    if many and theirs:
        ratio = (theirs["seconds"] / 50) / (many["seconds"] / 1000)
        lines += _target("for each node, netbox.netbox at 50 / ours at 1000", ratio, "at least 25", lambda value: value >= 25)
    return lines


def _modules(part: dict[str, t.Any], figures: dict[str, t.Any]) -> list[str]:  # pylint: disable=unused-argument
    inside, outside = part["series"]
    return [
        "### In-process against ordinary modules, one node",
        "",
        *_by_size(part),
        "",
        f"- ordinary / in-process: **{_ratio(outside, inside):.2f}**",
    ]


def _growth(part: dict[str, t.Any], figures: dict[str, t.Any]) -> list[str]:  # pylint: disable=unused-argument
    lines = ["### Growth", "", "| nodes | seconds | milliseconds a node | peak memory, MiB |", "|---:|---:|---:|---:|"]
    for one in part["series"]:
        memory = one["memory"] / 2**20
        lines.append(f"| {one['nodes']} | {one['seconds']:.1f} | {1000 * one['seconds'] / one['nodes']:.1f} | {memory:.0f} |")
    largest = part["series"][-1]
    text = f"peak memory at {largest['nodes']} nodes, MiB"
    return [*lines, "", *_target(text, largest["memory"] / 2 ** 20, "below 400", lambda value: value < 400)]


def _full_store(part: dict[str, t.Any], figures: dict[str, t.Any]) -> list[str]:  # pylint: disable=unused-argument
    lines = ["### One enrolment into a store that holds many", "", *_by_size(part), ""]
    for kind in ("sqlite", "postgresql"):
        own = [one for one in part["series"] if one["subject"].startswith(kind)]
        ratio = _ratio(own[-1], own[0])
        lines += _target(f"{kind}: among the most / among none", ratio, "at most 1.2", lambda value: value <= 1.2)
    return lines


def _shared(part: dict[str, t.Any], figures: dict[str, t.Any]) -> list[str]:  # pylint: disable=unused-argument
    alone, both = part["series"]
    lines = ["### Two runs that share a PostgreSQL store", "", "Both are told to enrol the same devices.", "", *_by_size(part), ""]
    lines.append(
        f"- devices that each of the two enrolled, a pair a round: {', '.join('{0} + {1}'.format(*pair) for pair in part['shares'])}"
    )
    return [*lines, f"- two runs at once / one run alone: **{_ratio(both, alone):.2f}**"]


def _validate(part: dict[str, t.Any], figures: dict[str, t.Any]) -> list[str]:  # pylint: disable=unused-argument
    ours, *listings = part["series"]
    lines = ["### validate_node", "", *_by_size(part), ""]
    for one in listings:
        lines += _target(f"validate_node / {one['subject']}", _ratio(ours, one), "at most 2", lambda value: value <= 2)
    return lines


def _migration(part: dict[str, t.Any], figures: dict[str, t.Any]) -> list[str]:  # pylint: disable=unused-argument
    lines = ["### A store of an older layout is brought up to date", "", *_by_size(part), ""]
    for one in part["series"]:
        lines += _target(f"{one['subject']}, {one['nodes']} subscriptions, seconds", one["seconds"], "below 60", lambda value: value < 60)
    return lines


_PARTS = {
    "one": _one,
    "scale": _scale,
    "peers": _peers,
    "modules": _modules,
    "growth": _growth,
    "full_store": _full_store,
    "shared": _shared,
    "validate": _validate,
    "migration": _migration,
}


def _by_size(part: dict[str, t.Any]) -> list[str]:
    """A table: a line a subject, a column a size."""
    sizes = sorted({one["nodes"] for one in part["series"]})
    subjects = list(dict.fromkeys(one["subject"] for one in part["series"]))
    lines = [f"| seconds for ... nodes | {' | '.join(map(str, sizes))} |", "|---|" + "---:|" * len(sizes)]
    for subject in subjects:
        cells = [_of(part, subject, size) for size in sizes]
        lines.append(f"| {subject} | {' | '.join('{0:.2f}'.format(cell['seconds']) if cell else '' for cell in cells)} |")
    return lines


def _plots(figures: dict[str, t.Any], images: pathlib.Path) -> None:
    """performance-nodes.png: time against the number of nodes, all subjects. performance-steps.png: the tasks of one run."""
    import matplotlib  # pylint: disable=import-outside-toplevel  # only who writes the page needs it

    matplotlib.use("Agg")
    from matplotlib import pyplot  # pylint: disable=import-outside-toplevel

    lines: dict[str, dict[int, float]] = {}
    for part in ("scale", "peers", "growth"):
        for one in figures.get(part, {"series": []})["series"]:
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
    runs = [one for one in figures.get("scale", {}).get("steps", []) if one["nodes"] in (1, 100, 1000)]
    if not runs:
        return
    figure, rows = pyplot.subplots(len(runs), figsize=(9, 2.2 * len(runs)), layout="constrained", squeeze=False)
    for (axes,), run in zip(rows, runs):
        left = 0.0
        for number, (name, seconds) in enumerate(run["steps"].items()):
            axes.barh([0], [seconds], left=left, label=name, color=pyplot.get_cmap("tab20")(number))
            left += seconds
        axes.set(
            yticks=[], xlabel="seconds", title="Where the time of one run goes: {0} node{1}".format(run["nodes"], "" if run["nodes"] == 1 else "s")
        )
    figure.legend(*rows[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8)
    figure.savefig(images / "performance-steps.png", dpi=110)
    pyplot.close(figure)


if __name__ == "__main__":
    sys.exit(main())
