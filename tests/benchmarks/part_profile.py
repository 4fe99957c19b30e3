# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the time of a run goes: by task, and by kind. The file hook/sitecustomize.py measures it within ansible-playbook."""

from __future__ import annotations

import json
import os
import pathlib
import typing as t

from bench_lab import BenchLab
from measuring import today
from rounds import Settings
from step_names import step_of
from subjects import Ours
from tables import Figures

HOOK = pathlib.Path(__file__).parent / "hook"

KINDS = {
    "ansible": "Ansible",
    "templating": "templating",
    "rows": "options and rows",
    "configs": "configs",
    "imports": "imports",
    "sql": "SQL",
    "netbox": "NetBox",
    "python": "Python",
}
"""What is told apart, and what it is called."""

EXPLAINED = """\
- **Ansible**: its start, its own work between tasks, forking workers, and taking their results back.
- **templating**: the rest of a worker: the task's variables and options.
- **options and rows**: what the base of our actions does before and after the module's function: options, rows read and handed over.
- **configs**: the lookup that renders configs. **imports**: our own modules and libraries, also those that ansible-playbook imports before it forks.
- **SQL**: the store, with SQLAlchemy's own part. **NetBox**: waiting for an answer while nothing else is done. **Python**: the rest of the module's function.
"""


def measure_profile(lab: BenchLab, settings: Settings, known: Figures) -> Figures:  # pylint: disable=unused-argument
    """One run of each size, with the hook and without it: the middle one of three, or of as many as are asked for."""
    sizes = settings.sizes or ((1, 10) if settings.quick else (1, 100, 1000, 5000))
    for size in sizes:
        runs = [_run(lab, size) for _number in range(min(settings.runs, 3))]
        run = sorted(runs, key=lambda one: one["seconds"])[len(runs) // 2]
        least = {name: min(one[name] for one in runs) for name in ("cpu", "cpu_without")}
        settings.save(str(size), {"date": today(), **run, **least})
        print(f"  {size}: {run['seconds']:.2f} s; CPU {least['cpu']:.2f} s, {least['cpu_without']:.2f} s without the hook", flush=True)
    return {}


def _run(lab: BenchLab, size: int) -> Figures:
    file = lab.directory / "profile.jsonl"
    file.unlink(missing_ok=True)
    lab.reset()
    without = Ours(lab, "sqlite", "store").run(lab.devices[:size])
    lab.reset()
    path = os.pathsep.join(filter(None, [str(HOOK), os.environ.get("PYTHONPATH")]))
    ours = Ours(lab, "sqlite", "store", environment={"PYTHONPATH": path, "BENCH_PROFILE": str(file)})
    measured = ours.run(lab.devices[:size])
    records = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    tasks = by_task(ours.last_marks, ours.last_began, records)
    return {"seconds": measured.seconds, "cpu": measured.cpu, "cpu_without": without.cpu, "tasks": tasks}


def by_task(marks: list[tuple[float, str]], began: float, records: list[Figures]) -> dict[str, dict[str, float]]:
    """The seconds of each kind, by task. What no record has is Ansible's own.

    ``marks`` say how many seconds after ``began`` each task began, the last when all was over; a record without a task is of that in which it began.
    """
    found: dict[str, dict[str, float]] = {name: {} for _moment, name in marks[:-1]}
    wall: dict[str, float] = dict.fromkeys(found, 0.0)
    for (moment, name), (after, _next) in zip(marks, marks[1:]):
        wall[name] += after - moment
    for record in records:
        name = step_of(record["task"] or "") or [name for moment, name in marks[:-1] if began + moment <= record["began"]][-1]
        for kind, seconds in record["kinds"].items():
            found[name][kind] = found[name].get(kind, 0.0) + seconds
    for name, kinds in found.items():
        kinds["ansible"] = kinds.get("ansible", 0.0) + max(0.0, wall[name] - sum(kinds.values()))
    return found


def write_profile(part: Figures, figures: Figures) -> list[str]:  # pylint: disable=unused-argument
    lines = ["### Where the time of one run goes", "", *EXPLAINED.splitlines(), ""]
    for size, run in sorted((int(size), run) for size, run in part["groups"].items()):
        cost = 100 * (run["cpu"] / run["cpu_without"] - 1)
        nodes, cpus = f"{size} node{'' if size == 1 else 's'}", f"{run['cpu']:.2f} s instead of {run['cpu_without']:.2f} s ({cost:+.0f} %)"
        lines += [f"{nodes}: {run['seconds']:.2f} s. To measure it costs CPU: {cpus}, the least of the runs.", ""]
        lines += [f"| seconds | {' | '.join(KINDS.values())} | all |", "|---|" + "---:|" * (len(KINDS) + 1)]
        rows = [*run["tasks"].items(), ("**all**", {kind: sum(kinds.get(kind, 0.0) for kinds in run["tasks"].values()) for kind in KINDS})]
        for task, kinds in rows:
            cells = [f"{kinds[kind]:.2f}" if kinds.get(kind, 0.0) >= 0.005 else "" for kind in KINDS]
            lines.append(f"| {task} | {' | '.join(cells)} | {sum(kinds.values()):.2f} |")
        lines.append("")
    return lines[:-1]


def plot_profile(part: Figures, pyplot: t.Any, file: pathlib.Path) -> None:
    """A bar for each task, stacked by kind, a picture for each size."""
    runs = sorted((int(size), run) for size, run in part["groups"].items())
    figure, rows = pyplot.subplots(len(runs), figsize=(9, 3.2 * len(runs)), layout="constrained", squeeze=False)
    for (axes,), (size, run) in zip(rows, runs):
        tasks = list(run["tasks"])[::-1]
        left = [0.0] * len(tasks)
        for number, (kind, name) in enumerate(KINDS.items()):
            seconds = [run["tasks"][task].get(kind, 0.0) for task in tasks]
            axes.barh(tasks, seconds, left=left, label=name, color=pyplot.get_cmap("tab10")(number))
            left = [start + more for start, more in zip(left, seconds)]
        axes.set(xlabel="seconds", title=f"Where the time of one run goes: {size} node{'' if size == 1 else 's'}")
        axes.tick_params(axis="y", labelsize=8)
    figure.legend(*rows[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=8)
    figure.savefig(file, dpi=110)
    pyplot.close(figure)
