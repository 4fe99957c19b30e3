# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measure subjects in rounds, each in turn, so that what else the machine does falls on all of them."""

from __future__ import annotations

import datetime
import typing as t

from bench_lab import BenchLab
from rounds import Machine, Round, Settings, judge, summary
from subjects import Floor, Subject

__all__ = ["in_rounds", "today"]


def in_rounds(
    lab: BenchLab, cases: t.Sequence[tuple[Subject, int]], settings: Settings, *, spend: bool = False, keep: bool = False
) -> dict[str, t.Any]:
    """Measure each case, a subject and a number of nodes, in as many rounds as are needed until enough of them count.

    With ``spend``, each case takes devices of its own, since its store remembers them; with ``keep``, the devices stay as they are.
    """
    machine, spent = Machine(), 1
    rounds: list[Round] = []
    probe = None if keep or any(isinstance(subject, Floor) for subject, _size in cases) else Floor(lab, "store", 100)
    while not rounds or (len(rounds) < settings.most and not judge(rounds, settings.runs).settled):
        load = machine.wait(settings.patience)
        measured = {}
        netbox_ms = _netbox_ms(lab, probe) if probe else None
        for subject, size in cases:
            if not keep:
                lab.reset()
            devices = lab.devices[spent : spent + size] if spend else lab.devices[:size]
            spent += size if spend else 0
            measured[subject.name, size] = subject.run(devices)
            if subject.enrols and lab.active() != size:
                raise SystemExit(f"{subject.name} left {lab.active()} of {size} devices active")
            if isinstance(subject, Floor) and netbox_ms is None:
                netbox_ms = 1000 * measured[subject.name, size].seconds / size
        rounds.append(Round(measured, machine.over(load), netbox_ms))
        print(f"  round {len(rounds)}: {_shown(rounds[-1])}", flush=True)
    return {"date": today()} | summary(rounds, settings.runs)


def today() -> str:
    """The date in UTC."""
    return datetime.datetime.now(datetime.timezone.utc).date().isoformat()


def _netbox_ms(lab: BenchLab, probe: Floor) -> float:
    lab.reset()
    devices = lab.devices[:100]
    return 1000 * probe.run(devices).seconds / len(devices)


def _shown(one: Round) -> str:
    seconds = ", ".join(f"{name} {size}: {measured.seconds:.2f} s" for (name, size), measured in one.measured.items())
    return f"{seconds} (others kept {one.load.others:.1f} cores busy before)"
