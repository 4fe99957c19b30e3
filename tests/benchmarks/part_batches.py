# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which batch size and how many requests at a time suit a NetBox: the floor and ours, against NetBoxes of several shapes."""

from __future__ import annotations

import statistics

from bench_lab import BenchLab
from measuring import in_rounds
from rounds import Settings
from subjects import Floor, Ours
from tables import FEWEST, Figures, netbox

BATCHES, PARALLEL = (25, 50, 100, 150), (1, 2, 3, 4)
"""Devices in a bulk PATCH, and requests under way at a time."""

SHAPES = {"two gunicorn workers": (2, False), "four gunicorn workers": (4, False), "two gunicorn workers and an rqworker": (2, True)}
"""The NetBoxes: gunicorn's workers, and whether a worker for background jobs runs."""


def measure_batches(lab: BenchLab, settings: Settings, known: Figures) -> Figures:  # pylint: disable=unused-argument
    """Each batch size with each number of requests: a floor and an enrolment next to each other."""
    size = settings.sizes[-1] if settings.sizes else 20 if settings.quick else 300
    choices = [(batch, parallel) for batch in BATCHES for parallel in PARALLEL]
    try:
        for shape, (workers, rqworker) in SHAPES.items():
            lab.shape(workers, rqworker)
            lab.reset()
            Floor(lab, "store", 100).run(lab.devices[:size])  # NetBox's first answers are slower
            for batch, parallel in choices[:1] if settings.quick else choices:
                floor = Floor(lab, "store", batch, parallel, name="floor")
                ours = Ours(lab, name="ours", settings={"netbox_batch_size": batch, "netbox_parallel": parallel})
                print(f"  {shape}: {batch} devices a request, {parallel} at a time", flush=True)
                group = in_rounds(lab, [(floor, size), (ours, size)], settings)
                settings.save(f"{shape}/{batch}/{parallel}", group | {"request_ms": [round(value, 1) for value in floor.request_ms]})
    finally:
        lab.shape()
    return {}


def write_batches(part: Figures, figures: Figures) -> list[str]:  # pylint: disable=unused-argument
    groups = {tuple(name.split("/")): group for name, group in part["groups"].items()}
    size = next(iter(groups.values()))["series"][0]["nodes"]
    lines = ["### Batch size and requests at a time", "", f"{size} nodes: seconds of the floor / of ours (NetBox's milliseconds a device).", ""]
    for shape in SHAPES:
        own = {(int(batch), int(parallel)): group for (name, batch, parallel), group in groups.items() if name == shape}
        batches, parallels = (sorted({key[place] for key in own}) for place in (0, 1))
        lines += [f"| {shape}: devices a request | {' | '.join(f'{number} at a time' for number in parallels)} |", "|---:|" + "---:|" * len(parallels)]
        for batch in batches:
            lines.append(f"| {batch} | {' | '.join(_cell(own.get((batch, parallel))) for parallel in parallels)} |")
        lines.append("")
    spreads = [_spread(group["request_ms"]) for group in groups.values() if len(group["request_ms"]) > 1]
    if spreads:
        middle = statistics.median(spreads)
        lines.append(f"- in a cell, the middle half of the floor's single requests differ by {100 * middle:.0f} % of their median (the median of all cells)")
    for shape in SHAPES:
        own = {name: group["series"][0]["seconds"] for name, group in groups.items() if name[0] == shape}
        default = own.get((shape, "100", "2"))
        if default:
            best = min(own, key=own.__getitem__)
            lines.append(f"- {shape}: the floor of the defaults is {100 * (default / own[best] - 1):.0f} % above the best, {best[1]} x {best[2]}")
    rounds = [group["rounds"] for group in groups.values()]
    unsteady = [one["spread"] for one in rounds if not one["settled"] and one["kept"] > 1]
    lines.append(f"- rounds: {sum(one['kept'] for one in rounds)} of {sum(one['measured'] for one in rounds)} count")
    if any(one["kept"] < FEWEST for one in rounds):
        lines.append("- **Too few to tell** how far rounds differ")
    if unsteady:
        lines.append(f"- **not steady**: {len(unsteady)} of {len(rounds)} cells; they differ from the median by up to {100 * max(unsteady):.0f} %")
    return lines


def _spread(values: list[float]) -> float:
    """How far the middle half of them is apart, as a share of the median."""
    low, middle, high = statistics.quantiles(values, n=4)
    return (high - low) / middle


def _cell(group: Figures | None) -> str:
    if not group:
        return ""
    floor, ours = group["series"]
    return f"{floor['seconds']:.1f} / {ours['seconds']:.1f} ({netbox(group)})"
