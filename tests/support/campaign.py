# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs that are killed one after the other over the same devices, until one is let finish."""

from __future__ import annotations

import dataclasses
import random
import time

from audit import Findings
from fault_table import FaultTable
from killing import ANSWER, END, REQUEST, SECONDS, START, Moment, play_killed
from lab_netbox import Netbox
from netbox_proxy import NetboxProxy
from player import Played, Player
from recovery import never_stored, recover, unfinished

DEVICES = 3

CHANCE = "at a moment drawn by chance, campaign"
"""The kind of a moment that is yet to be drawn."""

TASKS = 10
"""Tasks that create_node has. test_every_moment_is_known counts them again."""


def boundaries() -> list[Moment]:
    """Every boundary between two steps: right before one, right after it."""
    return [Moment(kind, number + 1) for number in range(TASKS) for kind in (START, END)]


def calls(requests: int) -> list[Moment]:
    """Both sides of every request that a create_node makes to NetBox."""
    return [Moment(kind, number + 1) for number in range(requests) for kind in (REQUEST, ANSWER)]


def drawn(campaigns: int) -> list[Moment]:
    """Moments that are yet to be drawn."""
    return [Moment(CHANCE, number + 1) for number in range(campaigns)]


@dataclasses.dataclass
class Unkilled:
    """A create_node that nobody kills: how long it takes, its tasks, its requests to NetBox."""

    seconds: float
    tasks: int
    requests: int

    @classmethod
    def play(cls, play: Player, netbox: Netbox) -> Unkilled:
        """Play it."""
        devices = [netbox.make() for _device in range(DEVICES)]
        with NetboxProxy(netbox.url) as proxy:
            play.environment["NETBOX_URL"] = proxy.url
            start = time.monotonic()
            done = play.create(nodes=devices, confirm_config=True)
            seconds = time.monotonic() - start
        assert done.returncode == 0, done.output
        return cls(seconds, done.recap["ok"], len(proxy.requests))


@dataclasses.dataclass
class Campaign:
    """Kills over devices of its own. ``seconds`` is how long a run takes that nobody kills, to draw random moments from."""

    play: Player
    netbox: Netbox
    fault_table: FaultTable
    chance: random.Random
    seconds: float
    store: str

    def run(self, first: Moment, kills: int) -> None:
        """Kill a create_node at ``first``, and then what goes on with it at moments drawn by chance, ``kills`` times in all.

        Then recover, audit and record. A run that is over before its moment comes does not count.
        """
        devices: list[int] = []
        killed: list[str] = []
        outputs: list[str] = []
        with NetboxProxy(self.netbox.url) as proxy:
            self.play.environment["NETBOX_URL"] = proxy.url  # a store belongs to one address of NetBox
            while len(killed) < kills:
                if not unfinished(self.play) and not never_stored(self.play, devices):
                    devices += [self.netbox.make() for _device in range(DEVICES)]
                by_chance = killed or first.kind == CHANCE
                moment = self._any_moment() if by_chance else first
                done = self._killed(proxy, moment, devices)
                assert done or by_chance, f"create_node was over before it could be killed {moment}"
                if done:
                    killed.append(self._fault(moment))
                    outputs.append(f"killed {moment}:\n{done.output}")
            recovered = recover(self.play, self.netbox, devices)
        for fault in killed[:-1]:
            self.fault_table.record(fault, Findings(), [])
        self.fault_table.record(killed[-1], recovered.found, outputs + recovered.outputs)

    def _killed(self, proxy: NetboxProxy, moment: Moment, devices: list[int]) -> Played | None:
        standing = ",".join(unfinished(self.play))
        if standing:
            return play_killed(self.play, proxy, moment, "resume", process_ids=standing, take_over=True, confirm_config=True)
        return play_killed(self.play, proxy, moment, "create_node", nodes=never_stored(self.play, devices), confirm_config=True)

    def _any_moment(self) -> Moment:
        kind = self.chance.choice((START, END, REQUEST, ANSWER, SECONDS, SECONDS))
        if kind == SECONDS:
            return Moment(kind, round(self.chance.uniform(0, self.seconds), 3))
        return Moment(kind, self.chance.randint(1, 3 if kind in (REQUEST, ANSWER) else TASKS))

    def _fault(self, moment: Moment) -> str:
        return f"kill -9 {_FAULTS[moment.kind]}, {self.store}"


_FAULTS = {
    START: "between steps",
    END: "between steps",
    REQUEST: "before NetBox has a request",
    ANSWER: "before NetBox's answer arrives",
    SECONDS: "at a random moment",
}
