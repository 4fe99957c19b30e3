# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which batch size and how many requests at a time suit a NetBox: the floor and ours, against NetBoxes of several shapes."""

from __future__ import annotations

from bench_lab import BenchLab
from measuring import in_rounds
from rounds import Settings
from subjects import Floor, Ours
from tables import Figures, netbox, rounds_line

BATCHES, PARALLEL = (25, 50, 100, 150), (1, 2, 3, 4)
"""Devices in a bulk PATCH, and requests under way at a time."""

SHAPES = {"two gunicorn workers": (2, False), "four gunicorn workers": (4, False), "two gunicorn workers and an rqworker": (2, True)}
"""The NetBoxes: gunicorn's workers, and whether a worker for background jobs runs."""


def measure_batches(lab: BenchLab, settings: Settings, known: Figures) -> Figures:  # pylint: disable=unused-argument
    """Each batch size with each number of requests: a floor and an enrolment next to each other."""
    size = settings.sizes[-1] if settings.sizes else 20 if settings.quick else 300
    choices = [(batch, parallel) for batch in BATCHES for parallel in PARALLEL]
    groups = {}
    try:
        for shape, (workers, rqworker) in SHAPES.items():
            lab.shape(workers, rqworker)
            lab.reset()
            Floor(lab, "store", 100).run(lab.devices[:size])  # NetBox's first answers are slower
            for batch, parallel in choices[:1] if settings.quick else choices:
                subjects = (
                    Floor(lab, "store", batch, parallel, name="floor"),
                    Ours(lab, name="ours", settings={"netbox_batch_size": batch, "netbox_parallel": parallel}),
                )
                print(f"  {shape}: {batch} devices a request, {parallel} at a time", flush=True)
                groups[f"{shape}/{batch}/{parallel}"] = in_rounds(lab, [(subject, size) for subject in subjects], settings)
    finally:
        lab.shape()
    return {"groups": groups}


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
    unsteady = [rounds_line(group, f" ({', '.join(name)})") for name, group in groups.items() if not group["rounds"]["settled"]]
    again = sum(group["rounds"]["measured"] - group["rounds"]["kept"] for group in groups.values())
    return [*lines, f"- rounds that were measured again: {again}", *unsteady]


def _cell(group: Figures | None) -> str:
    if not group:
        return ""
    floor, ours = group["series"]
    return f"{floor['seconds']:.1f} / {ours['seconds']:.1f} ({netbox(group)})"
