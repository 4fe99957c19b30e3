# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What enrolling costs, against NetBox's own time and against what else there is.

    python3 tests/benchmarks/bench.py --lab NAME [--only one,scale,peers,modules,growth,full_store,shared,validate,migration] [--runs N] [--quick]

Each part is measured in rounds that take every subject in turn, so that a noisy machine is noisy for all of them; a figure is the median.
The figures go to docs/performance.json, and from there, with plots, to docs/performance.md. See performance.py.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import datetime
import json
import os
import pathlib
import platform
import re
import statistics
import sys
import tempfile
import typing as t
import uuid

from bench_lab import ROOT, BenchLab
from performance import write_report
from subjects import FIELDS, Asserts, Floor, Listing, Measured, NetboxCollection, Ours, Pynetbox, Subject, Validate

sys.path.insert(0, str(ROOT / "tests" / "support"))

from migrating import open_elsewhere  # pylint: disable=wrong-import-position
from netbox_proxy import NetboxProxy  # pylint: disable=wrong-import-position
from store_of_0_1_0 import fill, lives, made_up  # pylint: disable=wrong-import-position
from stores import PostgresqlStore  # pylint: disable=wrong-import-position

FIGURES = ROOT / "docs" / "performance.json"

PARTS = ("one", "scale", "peers", "modules", "growth", "full_store", "shared", "validate", "migration")

BATCHES = (50, 100, 150, 500)
"""Devices in a bulk PATCH, among which the floor's best is sought."""


def main() -> None:
    """Measure, write down, say the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lab", default=os.environ.get("NODEFLOW_LAB_NAME", "bench"))
    parser.add_argument("--only", default=",".join(PARTS), help="parts, with commas between")
    parser.add_argument("--runs", type=int, default=5, help="rounds of each part")
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it works; writes no docs")
    options = parser.parse_args()
    chosen = options.only.split(",")
    unknown = set(chosen) - set(PARTS)
    if unknown:
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    most = 120 if options.quick else 5000 if "growth" in chosen else 1000 if {"scale", "validate"} & set(chosen) else 0 if chosen == ["migration"] else 250
    with tempfile.TemporaryDirectory() as directory:
        lab = BenchLab(options.lab, pathlib.Path(directory), most)
        figures = _known() if not options.quick else {}
        figures |= {"netbox": lab.version, "machine": machine(), "python": platform.python_version()}
        for part in chosen:
            print(f"{part} ...", flush=True)
            measured = globals()["measure_" + part](lab, options.runs, options.quick)
            figures[part] = {"date": datetime.datetime.now(datetime.timezone.utc).date().isoformat()} | measured
            if not options.quick:
                FIGURES.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    for line in write_report(figures, None if options.quick else ROOT / "docs"):
        print(line)


def measure_one(lab: BenchLab, runs: int, quick: bool) -> dict[str, t.Any]:  # pylint: disable=unused-argument
    """One node: the requests that it takes, and its time against as many asserts and NetBox's own time for those requests."""
    requests, tasks = _requests(lab)
    floor = Floor(lab, "netbox", 100)
    floor.run(lab.devices[:1])  # NetBox's first answers are slower
    ours, asserts = Ours(lab, claim="auto"), Asserts(lab, tasks)
    netbox = _Repeated(floor, requests)
    rounds = interleaved(lab, [(ours, 1), (asserts, 1), (netbox, 1)], runs)
    return {"requests": requests, "tasks": tasks, "series": rounds}


def measure_scale(lab: BenchLab, runs: int, quick: bool) -> dict[str, t.Any]:
    """Both stores and both claims against the floor."""
    sizes = (1, 10, 100) if quick else (1, 10, 100, 1000)
    best = _best_batch(lab, sizes[-1])
    subjects: list[Subject] = [Floor(lab, claim, best["best"]) for claim in ("store", "netbox")]
    subjects += [Ours(lab, store, claim) for store in ("sqlite", "postgresql") for claim in ("store", "netbox")]
    series = interleaved(lab, [(subject, size) for size in sizes for subject in subjects], runs)
    return {"batch": best, "series": series, "steps": steps_of_runs(lab, sizes)}


def steps_of_runs(lab: BenchLab, sizes: t.Sequence[int]) -> list[dict[str, t.Any]]:
    """The seconds of each task, in one run of each size."""
    ours = Ours(lab, "sqlite", "store")
    lab.reset()
    ours.run(lab.devices[:1])  # NetBox's first answers are slower
    found = []
    for size in sizes:
        lab.reset()
        seconds = ours.run(lab.devices[:size]).seconds
        found.append({"nodes": size, "seconds": seconds, "steps": ours.last_steps})
    return found


def measure_peers(lab: BenchLab, runs: int, quick: bool) -> dict[str, t.Any]:
    """What people use today."""
    collection, script, ours = NetboxCollection(lab), Pynetbox(lab), Ours(lab, "sqlite", "store")
    cases: list[tuple[Subject, int]] = [(collection, size) for size in ((1, 5) if quick else (1, 10, 50))]
    cases += [(script, size) for size in ((1, 5) if quick else (1, 10, 100))]
    cases += [(ours, size) for size in ((1, 5) if quick else (1, 10, 50))]
    return {"series": interleaved(lab, cases, runs)}


def measure_modules(lab: BenchLab, runs: int, quick: bool) -> dict[str, t.Any]:  # pylint: disable=unused-argument
    """One node in-process, and with ordinary modules."""
    return {"series": interleaved(lab, [(Ours(lab), 1), (Ours(lab, ordinary=True), 1)], runs)}


def measure_growth(lab: BenchLab, runs: int, quick: bool) -> dict[str, t.Any]:
    """Time and memory as the number of nodes grows."""
    sizes = (10, 100) if quick else (100, 1000, 5000)
    return {"series": interleaved(lab, [(Ours(lab, "sqlite", "store", watched=True), size) for size in sizes], runs)}


def measure_full_store(lab: BenchLab, runs: int, quick: bool) -> dict[str, t.Any]:
    """One enrolment into a store that holds many subscriptions already, on SQLite and PostgreSQL."""
    cases: list[tuple[Subject, int]] = []
    for kind in ("sqlite", "postgresql"):
        for held in (0, 1000) if quick else (0, 10_000, 100_000):
            store = lab.store(kind)
            subject = Ours(lab, kind, "store", held=store)
            subject.name = f"{kind}, {held} held"
            lab.reset()
            subject.run(lab.devices[:1])  # makes the tables
            _fill(store, held)
            cases.append((subject, 1))
    series = interleaved(lab, cases, runs, spend=True)
    return {"series": series}


def measure_shared(lab: BenchLab, runs: int, quick: bool) -> dict[str, t.Any]:
    """Two runs at once that are told to enrol the same devices, on one PostgreSQL store, against one run alone."""
    size = 20 if quick else 200
    alone, both = Ours(lab, "postgresql", "store"), _Both(lab)
    return {"series": interleaved(lab, [(alone, size), (both, size)], runs), "shares": both.shares}


def measure_validate(lab: BenchLab, runs: int, quick: bool) -> dict[str, t.Any]:
    """A comparison of all nodes, against a bare listing of them, and against one of the fields alone that an enrolment reads."""
    devices = lab.devices[: 100 if quick else 1000]
    store = lab.store("sqlite")
    lab.reset()
    Ours(lab, held=store).run(devices)
    subjects: list[Subject] = [Validate(lab, store), Listing(lab), Listing(lab, FIELDS)]
    series = interleaved(lab, [(subject, len(devices)) for subject in subjects], runs, keep=True)
    return {"series": series}


def measure_migration(lab: BenchLab, runs: int, quick: bool) -> dict[str, t.Any]:  # pylint: disable=unused-argument
    """A store as release 0.1.0 left it, with a process in every state, becomes one of this layout. Once: it takes longer to make than to migrate."""
    count = 1000 if quick else 100_000
    series = []
    for kind in ("sqlite", "postgresql"):
        store = lab.store(kind)
        fill(store, lab.url, lives(made_up(number) for number in range(1, count + 1)))
        run = open_elsewhere(store.location)
        *_statements, seconds = run.communicate()[0].splitlines()
        claims, live = (store.rows(query)[0]["count"] for query in ("SELECT count(*) AS count FROM claims", _LIVE))
        if run.returncode or claims != live:
            raise SystemExit(f"{kind}: {claims} of {live} claims; {seconds}")
        series.append({"subject": kind, "nodes": count, "seconds": float(seconds)})
        if isinstance(store, PostgresqlStore):
            store.drop()
    return {"series": series}


_LIVE = "SELECT count(*) AS count FROM subscriptions WHERE status <> 'terminated'"


class _Both(Subject):
    """Two runs of create_node. ``shares`` is how many devices each enrolled, in each round."""

    name = "two runs at once, postgresql, claim: store"

    def __init__(self, lab: BenchLab) -> None:
        self._lab = lab
        self.shares: list[list[int]] = []

    def run(self, devices: list[int]) -> Measured:
        """Both must end well."""
        store = self._lab.store("postgresql")
        two = [Ours(self._lab, "postgresql", "store", held=store) for _run in range(2)]
        with concurrent.futures.ThreadPoolExecutor() as pool:
            seconds = max(measured.seconds for measured in pool.map(lambda one: one.run(devices), two))
        found = [re.search(r"(\d+) completed", one.last_output) for one in two]
        self.shares.append([int(one.group(1)) if one else 0 for one in found])
        store.drop()
        return Measured(seconds)


class _Repeated(Subject):
    """The requests of one enrolment, made by a bare script."""

    def __init__(self, floor: Floor, requests: list[str]) -> None:
        self.name = "the same requests"
        self._floor = floor
        self._listings = requests.count("GET")
        assert requests.count("PATCH") == len(floor.writes)

    def run(self, devices: list[int]) -> Measured:
        """As many listings, and the two writes."""
        extra = Floor.__new__(Floor)
        extra.__dict__ = dict(self._floor.__dict__) | {"writes": []}
        seconds = self._floor.run(devices).seconds + sum(extra.run(devices).seconds for _listing in range(self._listings - 1))
        return Measured(seconds)


def interleaved(lab: BenchLab, cases: list[tuple[Subject, int]], runs: int, spend: bool = False, keep: bool = False) -> list[dict[str, t.Any]]:
    """Each case ``runs`` times, in rounds. With ``spend``, each takes devices of its own, since its store remembers them; with ``keep``, the
    devices stay as they are.
    """
    series: dict[tuple[str, int], list[Measured]] = {(subject.name, size): [] for subject, size in cases}
    spent = 1
    for number in range(runs):
        for subject, size in cases:
            if not keep:
                lab.reset()
            devices = lab.devices[spent : spent + size] if spend else lab.devices[:size]
            spent += size if spend else 0
            series[subject.name, size].append(subject.run(devices))
            if not isinstance(subject, Asserts) and lab.active() != size:
                raise SystemExit(f"{subject.name} left {lab.active()} of {size} devices active")
        print(f"  round {number + 1} of {runs}", flush=True)
    return [
        {"subject": name, "nodes": size, "seconds": statistics.median(one.seconds for one in measured)}
        | {what: statistics.median(values) for what in ("cpu", "memory") if all(values := [getattr(one, what) for one in measured])}
        | {"all_seconds": [round(one.seconds, 3) for one in measured]}
        for (name, size), measured in series.items()
    ]


def _requests(lab: BenchLab) -> tuple[list[str], int]:
    """The methods of the requests that one enrolment makes, and how many tasks it has."""
    lab.reset()
    ours = Ours(lab, claim="auto")
    with NetboxProxy(lab.url) as proxy:
        url, lab.url = lab.url, proxy.url
        try:
            ours.run(lab.devices[:1])
        finally:
            lab.url = url
        return [method for method, _path in proxy.requests], int(ours.last_output.rpartition(" ok=")[2].split()[0])


def _best_batch(lab: BenchLab, size: int) -> dict[str, t.Any]:
    """The floor with each batch size, once; the quickest is the floor of the rest."""
    seconds = {}
    for batch in BATCHES:
        lab.reset()
        seconds[batch] = Floor(lab, "store", batch).run(lab.devices[:size]).seconds
    return {"seconds": seconds, "best": min(seconds, key=seconds.__getitem__)}


def _fill(store: t.Any, count: int) -> None:
    """Put so many subscriptions with their processes and step logs into a store, copies of the first, of devices that do not exist."""
    copies = {
        "subscriptions": ("subscription_id",),
        "claims": ("subscription_id", "resource"),
        "processes": ("process_id", "subscription_id"),
        "process_steps": ("process_id", "step_id"),
    }
    ids = [(str(uuid.uuid4()), str(uuid.uuid4())) for _number in range(count)]
    for table, keys in copies.items():
        for row in store.rows(f"SELECT * FROM {table} LIMIT {10}"):
            row.pop("process_step_id", None)
            rows = [row | dict(zip(keys, _keys(table, number, *pair))) for number, pair in enumerate(ids)]
            store.insert(table, rows)


def _keys(table: str, number: int, subscription_id: str, process_id: str) -> tuple[t.Any, t.Any]:
    if table in ("subscriptions", "claims"):
        return subscription_id, f"dcim.device/{1_000_000 + number}"
    if table == "processes":
        return process_id, subscription_id
    return process_id, str(uuid.uuid4())


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
