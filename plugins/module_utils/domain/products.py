# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The products that this collection knows. Importing this file registers their types; a new product adds its file here."""

from __future__ import annotations

from ansible_collections.nodeflow.orchestrator.plugins.module_utils.domain import node

__all__ = ["PRODUCT_FILES"]

PRODUCT_FILES = (node,)
