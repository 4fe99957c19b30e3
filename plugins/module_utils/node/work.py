# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the steps of the workflows of nodes are given."""

from __future__ import annotations

from ansible_collections.nodeflow.orchestrator.plugins.module_utils.domain.node import NodeInactive
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.process.step import Work

__all__ = ["NodeWork"]

NodeWork = Work[NodeInactive]
