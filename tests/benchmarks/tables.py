# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tables and lines of docs/performance.md, from what was measured."""

from __future__ import annotations

import typing as t

__all__ = ["FEWEST", "Figures", "by_size", "find", "group_of", "groups_by_size", "netbox", "ratio", "rounds_line", "slowest", "target"]

Figures = dict[str, t.Any]

FEWEST = 3
"""Rounds that tell how far rounds differ."""


def group_of(part: Figures, name: str | int) -> Figures:
    """What was measured in turn; without a series where it was not measured."""
    return part["groups"].get(str(name), {"series": []})


def groups_by_size(part: Figures) -> list[tuple[int, Figures]]:
    """The groups that are called by a number of nodes."""
    return sorted((int(name), group) for name, group in part["groups"].items() if name.isdigit())


def find(group: Figures, subject: str, nodes: int | None = None) -> Figures | None:
    """The series of a subject, at any size or at this one."""
    return next((one for one in group["series"] if one["subject"] == subject and nodes in (None, one["nodes"])), None)


def ratio(over: Figures | None, *under: Figures | None) -> float | None:
    """The seconds of one against those of others together."""
    parts = [one["seconds"] for one in under if one]
    return over["seconds"] / sum(parts) if over and len(parts) == len(under) else None


def target(text: str, value: float | None, most: float | None = None, least: float | None = None, unit: str = "") -> list[str]:
    """A line with a figure and whether it meets its target; none where it was not measured."""
    if value is None:
        return []
    wanted = f"at most {most:g}" if most is not None else f"at least {least:g}"
    met = value <= most if most is not None else least is not None and value >= least
    return [f"- {text}: **{value:.2f}**{unit} (target: {wanted}{unit}; {'met' if met else 'missed'})"]


def rounds_line(group: Figures, what: str = "") -> str:
    """How many rounds were measured again, and why; and how far those that count differ."""
    rounds = group["rounds"]
    thrown = [f"{rounds['busy']} since the machine was busy"] if rounds["busy"] else []
    thrown += [f"{count} since {name} was off its median" for name, count in rounds["off"].items()]
    line = f"- rounds{what}: {rounds['kept']} of {rounds['measured']} count"
    if rounds["kept"] < FEWEST:
        return f"{line}. **Too few to tell** how far rounds differ"
    if rounds["settled"]:
        line += f"; thrown away: {', '.join(thrown)}" if thrown else ""
        return f"{line}; none is more than {100 * rounds['spread']:.0f} % off the median"
    why = ", ".join(thrown) or "too few"
    return f"{line}, those nearest to the median. **Not steady**: {why}; they differ from the median by up to {100 * rounds['spread']:.0f} %"


def netbox(group: Figures) -> str:
    """NetBox's time for a device, in milliseconds."""
    value = group["rounds"]["netbox_ms"]
    return "" if value is None else f"{value:.1f}"


def slowest(group: Figures, subject: str = "ours") -> str:
    """The slowest round of a quiet machine against the median, of the subject whose was worst."""
    found = [one["slowest"] for one in group["series"] if one["subject"].startswith(subject)]
    return f"{max(found):.2f}" if found else ""


def by_size(*groups: Figures) -> list[str]:
    """A table: a line a subject, a column a size; the last line is NetBox's time for a device, if a floor saw it."""
    series = [one for group in groups for one in group["series"]]
    sizes = sorted({one["nodes"] for one in series})
    lines = [f"| seconds for ... nodes | {' | '.join(map(str, sizes))} |", "|---|" + "---:|" * len(sizes)]
    for subject in dict.fromkeys(one["subject"] for one in series):
        cells = [next((f"{one['seconds']:.2f}" for one in series if (one["subject"], one["nodes"]) == (subject, size)), "") for size in sizes]
        lines.append(f"| {subject} | {' | '.join(cells)} |")
    if any(map(netbox, groups)):
        times = [next((netbox(group) for group in groups if any(one["nodes"] == size for one in group["series"])), "") for size in sizes]
        lines.append(f"| NetBox, ms a device | {' | '.join(times)} |")
    return lines
