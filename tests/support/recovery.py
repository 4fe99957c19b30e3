# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an operator does after a fault, and what the audit finds then."""

from __future__ import annotations

import dataclasses
import typing as t

from audit import Findings, audit
from lab_netbox import Netbox
from player import Player
from stores import device_id_of


@dataclasses.dataclass
class Recovered:
    """How it ended: what the audit ``found``, and what the commands printed."""

    found: Findings
    outputs: list[str]


def recover(play: Player, netbox: Netbox, devices: t.Sequence[int]) -> Recovered:
    """One resume of all that is not over, one create_node of those that were never stored, and the audit.

    A command that fails counts as stuck: these two are all that an operator is told to do.
    """
    outputs, failed = [], []
    standing, unknown = unfinished(play), never_stored(play, devices)
    if standing:
        resumed = play.resume(*standing, take_over=True, confirm_config=True)
        outputs.append(resumed.output)
        failed += [f"resume failed: {resumed.message}"] if resumed.returncode else []
    if unknown:
        created = play.create(nodes=unknown, confirm_config=True)
        outputs.append(created.output)
        failed += [f"create_node failed: {created.message}"] if created.returncode else []
    found = audit(netbox, [play.store], devices)
    found.stuck += failed
    return Recovered(found, outputs)


def unfinished(play: Player) -> list[str]:
    """The ids of the processes that are not over."""
    if not _has_tables(play):
        return []
    query = "SELECT process_id FROM processes WHERE status NOT IN ('completed', 'aborted') ORDER BY started_at"
    return [row["process_id"] for row in play.rows(query)]


def never_stored(play: Player, devices: t.Sequence[int]) -> list[int]:
    """Those of the devices that have no live subscription."""
    known = play.rows("SELECT block FROM subscriptions WHERE status <> 'terminated'") if _has_tables(play) else []
    return [device for device in devices if device not in {device_id_of(row) for row in known}]


def _has_tables(play: Player) -> bool:
    """Whether a run has come so far as to make the store."""
    return play.store.exists() and play.store.has_tables()
