# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rounds of measurements, and which of them count: not those in which the machine had other work."""

from __future__ import annotations

import dataclasses
import os
import statistics
import time
import typing as t

__all__ = ["Load", "Machine", "Measured", "Round", "Settings", "Verdict", "judge", "summary"]

OTHERS = 0.3
"""Cores that others may keep busy before a round."""

SPREAD = 0.15
"""How far from its median a subject may be in a round, as a share of it."""

MOST = 3
"""How many times as many rounds as are asked for are measured at the most."""

Case = tuple[str, int]
"""A subject's name and a number of nodes."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """How much to measure: ``runs`` rounds of these ``sizes``; None for those of the part. ``patience``: seconds to wait for a quiet machine; with 0,
    rounds are taken as they come. ``save`` keeps a group of figures as soon as it is there, so that what fails later costs those alone.
    """

    runs: int = 5
    sizes: tuple[int, ...] | None = None
    quick: bool = False
    patience: float = 60
    save: t.Callable[[str, dict[str, t.Any]], None] = lambda name, group: None

    @property
    def most(self) -> int:
        """Rounds at the most."""
        return self.runs * MOST if self.patience else self.runs


class Measured(t.NamedTuple):
    """Wall time in seconds; CPU time of the processes that were started; their memory at the highest, in bytes. None where it was not measured."""

    seconds: float
    cpu: float | None = None
    memory: int | None = None


class Load(t.NamedTuple):
    """The machine's other work: cores that others kept busy in the second before a round; the load average then, in which our own last round still
    is; and the shares of all cores' time in the round that other machines took (steal) and that waited for a disk.
    """

    others: float
    average: float
    steal: float = 0.0
    iowait: float = 0.0


class Round(t.NamedTuple):
    """What was measured in turn, and the machine's other work. ``netbox_ms``: NetBox's time for a device, as the floor saw it."""

    measured: dict[Case, Measured]
    load: Load
    netbox_ms: float | None = None


class Verdict(t.NamedTuple):
    """The rounds that count; how many had a busy machine; in how many a subject was off its median, by the subject that was furthest off.

    ``settled`` says that enough rounds were near the median. Where not, those count that were nearest.
    """

    kept: list[Round]
    busy: int
    off: dict[str, int]
    settled: bool


def judge(rounds: t.Sequence[Round], runs: int) -> Verdict:
    """Decide which rounds count. As long as the verdict is not ``settled``, another may be measured."""
    quiet = [one for one in rounds if one.load.others <= OTHERS]
    medians = _medians(quiet or rounds)
    near = [one for one in quiet if _furthest(one, medians)[0] <= SPREAD]
    off: dict[str, int] = {}
    for one in quiet:
        share, (name, _size) = _furthest(one, medians)
        if share > SPREAD:
            off[name] = off.get(name, 0) + 1
    settled = len(near) >= runs
    by_distance = sorted(rounds, key=lambda one: (one.load.others > OTHERS, _furthest(one, medians)[0]))
    return Verdict(near if settled else by_distance[:runs], len(rounds) - len(quiet), off, settled)


def summary(rounds: t.Sequence[Round], runs: int) -> dict[str, t.Any]:
    """A series for each case, its median over the rounds that count; and what is to be said of the rounds. The ``slowest`` is that of all rounds in which
    the machine was quiet, also of those that were off.
    """
    verdict = judge(rounds, runs)
    quiet = [one for one in rounds if one.load.others <= OTHERS] or verdict.kept
    medians = _medians(verdict.kept)
    series = []
    for (name, size), seconds in medians.items():
        measured = [one.measured[name, size] for one in verdict.kept]
        more = {what: statistics.median(values) for what in ("cpu", "memory") if all(values := [getattr(one, what) for one in measured])}
        times = [round(one.seconds, 3) for one in measured]
        slowest = max(one.measured[name, size].seconds for one in quiet) / seconds
        series.append({"subject": name, "nodes": size, "seconds": seconds, **more, "slowest": slowest, "all_seconds": times})
    netbox = [one.netbox_ms for one in verdict.kept if one.netbox_ms is not None]
    return {
        "series": series,
        "rounds": {
            "measured": len(rounds),
            "kept": len(verdict.kept),
            "busy": verdict.busy,
            "off": verdict.off,
            "settled": verdict.settled,
            "spread": max(_furthest(one, medians)[0] for one in verdict.kept),
            "netbox_ms": statistics.median(netbox) if netbox else None,
            "loads": [[round(value, 3) for value in one.load] for one in rounds],
        },
    }


def _medians(rounds: t.Sequence[Round]) -> dict[Case, float]:
    return {case: statistics.median(one.measured[case].seconds for one in rounds) for case in rounds[0].measured}


def _furthest(one: Round, medians: t.Mapping[Case, float]) -> tuple[float, Case]:
    """The case that is furthest from its median, and how far, as a share of the median."""
    return max((abs(measured.seconds / medians[case] - 1), case) for case, measured in one.measured.items())


class Machine:
    """What the machine does beside us."""

    def wait(self, patience: float) -> Load:
        """Wait until nobody else works, for ``patience`` seconds at the most."""
        deadline = time.monotonic() + patience
        while True:
            before = _ticks()
            time.sleep(1)
            load = Load(_between(before, _ticks())[0], os.getloadavg()[0])
            if load.others <= OTHERS or time.monotonic() >= deadline:
                self._before = _ticks()
                return load

    def over(self, load: Load) -> Load:
        """The same, with what the round saw."""
        _busy, steal, iowait = _between(self._before, _ticks())
        return load._replace(steal=steal, iowait=iowait)


def _ticks() -> list[int]:
    """The first line of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal."""
    with open("/proc/stat", encoding="ascii") as file:
        return [int(number) for number in file.readline().split()[1:9]]


def _between(before: t.Sequence[int], after: t.Sequence[int]) -> tuple[float, float, float]:
    """The cores that were busy or waited for a disk, and the shares of steal and of waiting for a disk."""
    spent = [now - then for then, now in zip(before, after)]
    whole = sum(spent) or 1
    cores = os.cpu_count() or 1
    return cores * (whole - spent[3]) / whole, spent[7] / whole, spent[4] / whole
