# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mask secrets in what a task returns, as AnsibleModule does.

Ansible's ``remove_values`` looks at each value alone, which takes as long as all SQL of a step over many. Mostly there is no secret in any of the rows,
which one look at all of them as JSON tells.
"""

from __future__ import annotations

import json
import typing as t

from ansible.module_utils.common.parameters import remove_values

__all__ = ["masked"]


def masked(result: t.Mapping[str, t.Any], secrets: t.Collection[str]) -> dict[str, t.Any]:
    """The result, with asterisks for each secret in its texts and numbers."""
    return {name: remove_values(value, secrets) if _may_hold(value, secrets) else value for name, value in result.items()}


def _may_hold(value: t.Any, secrets: t.Collection[str]) -> bool:
    """Whether a secret may be in it. JSON writes a text character by character, so what is in the text is in its JSON, written likewise."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (RecursionError, TypeError, ValueError):  # bytes, say, which JSON has not
        return True
    return any(json.dumps(secret, ensure_ascii=False)[1:-1] in text for secret in secrets)
