# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What NetBox must know of a device before it can be enrolled."""

from __future__ import annotations

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.device import Device
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.loopback import ambiguous, lack, loopback
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import FAMILIES

__all__ = ["lacking", "missing_of"]


def missing_of(device: Device, required_families: t.Collection[str]) -> list[str]:
    """Return what NetBox must know of a device before it can be enrolled, and does not: "a name", "a primary IPv4 address"."""
    lacks = [lack(device, family) for family in FAMILIES if family in required_families and not loopback(device, family).address]
    return ([] if device.name else ["a name"]) + lacks


def lacking(device: Device, required_families: t.Collection[str]) -> str | None:
    """Return the same as a sentence, or which address is not clear; None where NetBox knows everything."""
    missing, several = missing_of(device, required_families), ambiguous(device)
    if several or not missing:
        return several
    hint = "; or name the families that are needed in required_families" if "address" in missing[-1] else ""
    return f"{device.label} lacks {_listed(missing)}: add {'it' if len(missing) == 1 else 'them'} in NetBox{hint}"


def _listed(words: t.Sequence[str]) -> str:
    """Return words as a list in a sentence: "a, b and c"."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
