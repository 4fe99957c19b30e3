# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Enrolling against the fair floor: one node, many, and how it grows."""

from __future__ import annotations

import typing as t

from bench_lab import BenchLab
from measuring import in_rounds, today
from netbox_proxy import NetboxProxy
from rounds import Settings
from subjects import PARALLEL, TASKS, Asserts, Floor, Ours, Subject
from tables import Figures, by_size, find, group_of, groups_by_size, netbox, ratio, rounds_line, slowest, target

BATCHES = (25, 50, 100, 150, 500)
"""Devices in a bulk PATCH, among which the floor's best is sought."""

STORES, CLAIMS = ("sqlite", "postgresql"), ("store", "netbox")

AT_MOST = {1000: 1.15, 5000: 1.08}
"""The target for a number of nodes."""

ASSERTS = f"{TASKS} asserts"


def measure_one(lab: BenchLab, settings: Settings, known: Figures) -> Figures:  # pylint: disable=unused-argument
    """One node, against as many asserts as there are tasks and what NetBox takes for what an enrolment has to ask."""
    ours = Ours(lab, claim="auto")
    requests = _requests(lab, ours)
    tasks = int(ours.last_output.rpartition(" ok=")[2].split()[0])
    assert tasks == TASKS, f"create_node has {tasks} tasks by now, and there are {TASKS} asserts"
    group = in_rounds(lab, [(ours, 1), (Asserts(lab), 1), (Floor(lab, "netbox", 100, name="NetBox"), 1)], settings)
    settings.save("one", group)
    return {"requests": requests, "tasks": tasks}


def write_one(part: Figures, figures: Figures) -> list[str]:  # pylint: disable=unused-argument
    group = group_of(part, "one")
    ours, asserts, floor = group["series"]
    lines = ["### One node", "", "| what | seconds | slowest / median |", "|---|---:|---:|"]
    lines += [f"| {one['subject']} | {one['seconds']:.2f} | {one['slowest']:.2f} |" for one in group["series"]]
    lines += ["", f"- tasks: {part['tasks']}; requests to NetBox: {len(part['requests'])} ({' '.join(part['requests'])})"]
    return [*lines, *target(f"ours / ({ASSERTS} + NetBox)", ratio(ours, asserts, floor), most=1.35), rounds_line(group)]


def measure_scale(lab: BenchLab, settings: Settings, known: Figures) -> Figures:
    """Both stores and both claims against the floor and the asserts."""
    sizes = settings.sizes or ((1, 10, 100) if settings.quick else (1, 10, 100, 1000, 5000))
    batch, size = known["groups"].get("batch"), min(1000, max(100, sizes[-1]))
    if not batch or batch["date"] != today() or batch["series"][0]["nodes"] < size:
        batch = in_rounds(lab, [(Floor(lab, "store", number, name=f"{number} a request"), size) for number in BATCHES], settings)
        settings.save("batch", batch)
    for size in sizes:
        claims = CLAIMS if size <= 1000 else CLAIMS[:1]  # of 5000, a round with both would take half an hour
        best = min(_best(batch), -(-size // PARALLEL))
        subjects: list[Subject] = [Floor(lab, claim, best) for claim in claims] + [Asserts(lab)]
        subjects += [Ours(lab, store, claim) for claim in claims for store in STORES]
        settings.save(str(size), in_rounds(lab, [(subject, size) for subject in subjects], settings) | {"batch": best})
    return {}


def _best(batch: Figures) -> int:
    """The batch size that was quickest."""
    return int(min(batch["series"], key=lambda one: one["seconds"])["subject"].split()[0])


def write_scale(part: Figures, figures: Figures) -> list[str]:  # pylint: disable=unused-argument
    batch, groups = group_of(part, "batch"), groups_by_size(part)
    lines = ["### Against NetBox's own time", ""]
    tried = ", ".join(f"{one['subject'].split()[0]}: {one['seconds']:.1f} s" for one in batch["series"])
    lines += [f"The floor's batch size is sought over {batch['series'][0]['nodes']} devices ({tried}); of few devices, it writes half at a time.", ""]
    lines += [*by_size(*(group for _size, group in groups)), ""]
    kinds = [(store, claim) for claim in CLAIMS for store in STORES]
    lines.append(f"Ours / (floor + {ASSERTS}), and of ours the slowest round of a quiet machine / the median:")
    lines += ["", f"| nodes | NetBox, ms a device | {' | '.join(f'{store}, claim: {claim}' for store, claim in kinds)} | slowest / median | floor's batch |"]
    lines.append("|---:|---:|" + "---:|" * len(kinds) + "---:|---:|")
    for size, group in groups:
        cells = ["" if (value := _ratio(group, *kind)) is None else f"{value:.2f}" for kind in kinds]
        lines.append(f"| {size} | {netbox(group)} | {' | '.join(cells)} | {slowest(group)} | {group['batch']} |")
    lines.append("")
    for size, group in groups:
        if size in AT_MOST:
            for store, claim in kinds:
                lines += target(f"{size} nodes, {store}, claim: {claim}", _ratio(group, store, claim), most=AT_MOST[size])
            lines += target(f"{size} nodes, slowest round / median", float(slowest(group)), most=1.2)
    return lines + [rounds_line(group, f" of {size} nodes") for size, group in groups]


def _ratio(group: Figures, store: str, claim: str) -> float | None:
    return ratio(find(group, f"ours, {store}, claim: {claim}"), find(group, f"floor, claim: {claim}"), find(group, f"{TASKS} assert tasks"))


def measure_growth(lab: BenchLab, settings: Settings, known: Figures) -> Figures:  # pylint: disable=unused-argument
    """Time and memory as the number of nodes grows."""
    sizes = settings.sizes or ((10, 100) if settings.quick else (1000, 5000, 10_000))
    settings.save("growth", in_rounds(lab, [(Ours(lab, "sqlite", "store", watched=True), size) for size in sizes], settings))
    return {}


def write_growth(part: Figures, figures: Figures) -> list[str]:  # pylint: disable=unused-argument
    group = group_of(part, "growth")
    lines = ["### Growth", "", "| nodes | seconds | milliseconds a node | NetBox, ms a device | peak memory, MiB | slowest / median |"]
    lines.append("|---:|---:|---:|---:|---:|---:|")
    for one in group["series"]:
        cells = [one["nodes"], f"{one['seconds']:.1f}", f"{_a_node(one):.1f}", netbox(group), f"{one['memory'] / 2**20:.0f}", f"{one['slowest']:.2f}"]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    first, last = group["series"][0], group["series"][-1]
    grows = _a_node(last) / _a_node(first) if last is not first else None
    lines += ["", *target(f"milliseconds a node, {last['nodes']} / {first['nodes']} nodes", grows, most=1.05)]
    lines += target(f"peak memory at {last['nodes']} nodes", last["memory"] / 2**20, most=200, unit=" MiB")
    return [*lines, rounds_line(group)]


def _a_node(one: Figures) -> float:
    return t.cast(float, 1000 * one["seconds"] / one["nodes"])


def _requests(lab: BenchLab, ours: Ours) -> list[str]:
    """The methods of the requests that one enrolment makes."""
    lab.reset()
    with NetboxProxy(lab.url) as proxy:
        url, lab.url = lab.url, proxy.url
        try:
            ours.run(lab.devices[:1])
        finally:
            lab.url = url
        return [method for method, _path in proxy.requests]
