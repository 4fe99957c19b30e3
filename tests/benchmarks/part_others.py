# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What else there is to know of the cost: against others, of a full store, of two runs at once, of a validation, and of a migration."""

from __future__ import annotations

import concurrent.futures
import re
import typing as t
import uuid

from bench_lab import BenchLab
from measuring import in_rounds, today
from migrating import open_elsewhere
from rounds import Measured, Settings
from store_of_0_1_0 import fill, lives, made_up
from stores import PostgresqlStore
from subjects import FIELDS, Listing, NetboxCollection, Ours, Pynetbox, Subject, Validate
from tables import Figures, by_size, find, group_of, groups_by_size, ratio, rounds_line, target


def measure_peers(lab: BenchLab, settings: Settings, known: Figures) -> Figures:  # pylint: disable=unused-argument
    """What people use today."""
    sizes = settings.sizes or ((1, 5) if settings.quick else (1, 10, 50))
    subjects: list[Subject] = [NetboxCollection(lab), Pynetbox(lab), Ours(lab, "sqlite", "store")]
    for size in sizes:
        settings.save(str(size), in_rounds(lab, [(subject, size) for subject in subjects], settings))
    return {}


def write_peers(part: Figures, figures: Figures) -> list[str]:  # pylint: disable=unused-argument
    groups = groups_by_size(part)
    lines = ["### Against what is used today", "", *by_size(*(group for _size, group in groups)), ""]
    for size, group in groups:
        value = ratio(find(group, "netbox.netbox"), find(group, "ours, sqlite, claim: store"))
        if size >= 50:
            lines += target(f"{size} nodes, netbox.netbox / ours", value, least=14)
    return lines + [rounds_line(group, f" of {size} nodes") for size, group in groups]


def measure_modules(lab: BenchLab, settings: Settings, known: Figures) -> Figures:  # pylint: disable=unused-argument
    """One node in-process, and with ordinary modules."""
    settings.save("modules", in_rounds(lab, [(Ours(lab), 1), (Ours(lab, ordinary=True), 1)], settings))
    return {}


def write_modules(part: Figures, figures: Figures) -> list[str]:  # pylint: disable=unused-argument
    group = group_of(part, "modules")
    inside, outside = group["series"]
    lines = ["### In-process against ordinary modules, one node", "", *by_size(group), ""]
    return [*lines, f"- ordinary / in-process: **{ratio(outside, inside):.2f}**", rounds_line(group)]


def measure_full_store(lab: BenchLab, settings: Settings, known: Figures) -> Figures:  # pylint: disable=unused-argument
    """One enrolment into a store that holds many subscriptions already, on SQLite and PostgreSQL."""
    for kind in ("sqlite", "postgresql"):
        cases: list[tuple[Subject, int]] = []
        stores = []
        for held in (0, 1000) if settings.quick else (0, 10_000, 100_000):
            stores.append(store := lab.store(kind))
            subject = Ours(lab, kind, "store", held=store, name=f"{kind}, {held} held")
            lab.reset()
            subject.run(lab.devices[:1])  # makes the tables
            _fill(store, held)
            cases.append((subject, 1))
        settings.save(kind, in_rounds(lab, cases, settings, spend=True))
        for store in stores:
            if isinstance(store, PostgresqlStore):
                store.drop()
    return {}


def write_full_store(part: Figures, figures: Figures) -> list[str]:  # pylint: disable=unused-argument
    groups = part["groups"]
    lines = ["### One enrolment into a store that holds many", "", *by_size(*groups.values()), ""]
    for kind, group in groups.items():
        lines += target(f"{kind}: among the most / among none", ratio(group["series"][-1], group["series"][0]), most=1.1)
    return lines + [rounds_line(group, f", {kind}") for kind, group in groups.items()]


def measure_shared(lab: BenchLab, settings: Settings, known: Figures) -> Figures:  # pylint: disable=unused-argument
    """Two runs at once that are told to enrol the same devices, on one PostgreSQL store, against one run alone."""
    size = 20 if settings.quick else 200
    alone, both = Ours(lab, "postgresql", "store"), _Both(lab)
    group = in_rounds(lab, [(alone, size), (both, size)], settings)
    settings.save("shared", group)
    return {"shares": both.shares}


def write_shared(part: Figures, figures: Figures) -> list[str]:  # pylint: disable=unused-argument
    group = group_of(part, "shared")
    alone, both = group["series"]
    lines = ["### Two runs that share a PostgreSQL store", "", "Both are told to enrol the same devices.", "", *by_size(group), ""]
    lines.append(f"- devices that each of the two enrolled, a pair a round: {', '.join(f'{one} + {other}' for one, other in part['shares'])}")
    return [*lines, f"- two runs at once / one run alone: **{ratio(both, alone):.2f}**", rounds_line(group)]


def measure_validate(lab: BenchLab, settings: Settings, known: Figures) -> Figures:  # pylint: disable=unused-argument
    """A comparison of all nodes, against a bare listing of them, and against one of the fields alone that an enrolment reads."""
    for size in settings.sizes or ((100,) if settings.quick else (1000, 5000)):
        store = lab.store("sqlite")
        lab.reset()
        Ours(lab, held=store).run(lab.devices[:size])
        subjects: list[Subject] = [Validate(lab, store), Listing(lab), Listing(lab, FIELDS)]
        settings.save(str(size), in_rounds(lab, [(subject, size) for subject in subjects], settings, keep=True))
    return {}


def write_validate(part: Figures, figures: Figures) -> list[str]:  # pylint: disable=unused-argument
    groups = groups_by_size(part)
    lines = ["### validate_node", "", *by_size(*(group for _size, group in groups)), ""]
    for size, group in groups:
        ours, *listings = group["series"]
        for one in listings:
            lines += target(f"{size} nodes, validate_node / {one['subject']}", ratio(ours, one), most=2)
        lines += target(f"{size} nodes, validate_node, peak memory", ours["memory"] / 2**20, most=600, unit=" MiB")
        lines.append(rounds_line(group, f" of {size} nodes"))
    return lines


def measure_migration(lab: BenchLab, settings: Settings, known: Figures) -> Figures:  # pylint: disable=unused-argument
    """A store as release 0.1.0 left it, with a process in every state, becomes one of this layout. Once: it takes longer to make than to migrate."""
    count = 1000 if settings.quick else 100_000
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
    settings.save("migration", {"date": today(), "series": series, "rounds": {"netbox_ms": None}})
    return {}


_LIVE = "SELECT count(*) AS count FROM subscriptions WHERE status <> 'terminated'"


def write_migration(part: Figures, figures: Figures) -> list[str]:  # pylint: disable=unused-argument
    group = group_of(part, "migration")
    lines = ["### A store of an older layout is brought up to date", "", *by_size(group), ""]
    for one in group["series"]:
        lines += target(f"{one['subject']}, {one['nodes']} subscriptions", one["seconds"], most=60, unit=" s")
    return lines


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
        if isinstance(store, PostgresqlStore):
            store.drop()
        return Measured(seconds)


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
        for row in store.rows(f"SELECT * FROM {table} LIMIT 10"):
            row.pop("process_step_id", None)
            rows = [row | dict(zip(keys, _keys(table, number, *pair))) for number, pair in enumerate(ids)]
            store.insert(table, rows)


def _keys(table: str, number: int, subscription_id: str, process_id: str) -> tuple[t.Any, t.Any]:
    if table in ("subscriptions", "claims"):
        return subscription_id, f"dcim.device/{1_000_000 + number}"
    if table == "processes":
        return process_id, subscription_id
    return process_id, str(uuid.uuid4())
