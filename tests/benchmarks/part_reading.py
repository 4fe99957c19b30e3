# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading at scale: the inventory against a static one of the same data, the infos and the report, over a store that is full."""

from __future__ import annotations

import pathlib
import sys

from bench_lab import COLLECTIONS, BenchLab
from measuring import in_rounds
from rounds import Settings
from subjects import Inventory, Playbook
from tables import Figures, group_of, rounds_line, target

STATIC, OURS = "static script inventory", "inventory"


def measure_reading(lab: BenchLab, settings: Settings, known: Figures) -> Figures:  # pylint: disable=unused-argument
    """A store of whole subscriptions, each of a device of its own, with its process and step log; no NetBox is asked."""
    sys.path.append(str(COLLECTIONS))
    from filled_store import FilledStore  # pylint: disable=import-outside-toplevel  # it makes the store with our own code

    count = settings.sizes[-1] if settings.sizes else 500 if settings.quick else 50_000
    store = FilledStore(lab.directory / "filled.db", count)
    source = lab.directory / "nodeflow.yml"
    source.write_text("plugin: nodeflow.orchestrator.subscriptions\n", encoding="utf-8")
    ours = Inventory(lab, OURS, source, {"NODEFLOW_STORE": store.location})
    ours.run([])
    static = Inventory(lab, STATIC, _script(lab.directory, ours.output), {})
    files = {name: lab.directory / f"{name}.out" for name in ("subscription_info", "process_info", "report")}
    subjects = [ours, static, *(Playbook(lab, store.location, name, {"dest": str(file)}) for name, file in files.items())]
    group = in_rounds(lab, [(subject, count) for subject in subjects], settings, keep=True)
    settings.save("reading", group)
    return {"bytes": {name: file.stat().st_size for name, file in files.items()}}


def _script(directory: pathlib.Path, listed: pathlib.Path) -> pathlib.Path:
    """An executable that prints what our inventory has listed."""
    data = directory / "static.json"
    data.write_bytes(listed.read_bytes())
    script = directory / "static_inventory"
    script.write_text(f"#!/bin/sh\nexec cat {data}\n", encoding="utf-8")
    script.chmod(0o755)
    return script


def write_reading(part: Figures, figures: Figures) -> list[str]:  # pylint: disable=unused-argument
    group = group_of(part, "reading")
    count = group["series"][0]["nodes"]
    lines = ["### Reading at scale", "", f"A store with {count} subscriptions, SQLite; the infos and the report write a file.", ""]
    lines += ["| what | seconds | CPU, seconds | peak memory, MiB | file, MB | slowest / median |", "|---|---:|---:|---:|---:|---:|"]
    for one in group["series"]:
        size = part["bytes"].get(one["subject"])
        cells = [f"{one['seconds']:.1f}", f"{one['cpu']:.1f}", f"{one['memory'] / 2**20:.0f}", f"{size / 1e6:.1f}" if size else "", f"{one['slowest']:.2f}"]
        lines.append(f"| {one['subject']} | {' | '.join(cells)} |")
    by_name = {one["subject"]: one for one in group["series"]}
    lines.append("")
    for name, one in by_name.items():
        if name != STATIC:
            lines += target(f"CPU, {name} / static script inventory", one["cpu"] / by_name[STATIC]["cpu"], most=1.3)
            lines += target(f"{name}, peak memory", one["memory"] / 2**20, most=600, unit=" MiB")
    lines += target("report, its file", part["bytes"]["report"] / 1e6, most=5, unit=" MB")
    return [*lines, rounds_line(group)]
