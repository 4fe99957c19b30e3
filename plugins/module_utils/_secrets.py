# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mask secrets in what a task says and returns, as AnsibleModule does.

ansible-core 2.22 has ``ansible.module_utils.secrets`` for it, and deprecates ``remove_values``, which is all that older ones have.
"""

from __future__ import annotations

import json
import re
import typing as t

__all__ = ["invocation", "mask_text", "mask_values"]

_MASK = "********"
_LOGIN = re.compile(r"(?<=://)([^\s/?#@:]*):.*@", re.DOTALL)
"""A login up to the last @, since a password that is written as it is can have any sign in it."""

try:
    from ansible.module_utils.secrets import mask_secrets, register_secrets

    def _mask(value: t.Any, secrets: t.Collection[str]) -> t.Any:
        register_secrets(secrets)
        return _walk(value)

    def _walk(value: t.Any) -> t.Any:
        """Mask the texts and numbers in a value; what is neither, nor a container of them, stays."""
        if isinstance(value, str):
            return mask_secrets(value, mask_placeholder=_MASK)
        if isinstance(value, bytes):
            return value if _is_clean(value.decode("utf-8", "surrogateescape")) else _MASK
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return value if _is_clean(str(value)) else _MASK
        if isinstance(value, dict):
            return {name: _walk(inner) for name, inner in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            return type(value)(_walk(inner) for inner in value)
        return value

    def _is_clean(text: str) -> bool:
        return str(mask_secrets(text, mask_placeholder=_MASK)) == text

except ImportError:
    from ansible.module_utils.common.parameters import remove_values

    def _mask(value: t.Any, secrets: t.Collection[str]) -> t.Any:
        return remove_values(value, secrets)


def mask_text(text: str, secrets: t.Collection[str]) -> str:
    """Return the text with asterisks for each secret in it."""
    return str(_mask(text, secrets)) if any(secret in text for secret in secrets) else text


def mask_values(result: t.Mapping[str, t.Any], secrets: t.Collection[str]) -> dict[str, t.Any]:
    """Return the result with asterisks for each secret in its texts and numbers.

    To look at each value alone takes as long as all SQL of a step over many. Mostly there is no secret in any of the rows, which one look at all of them
    as JSON tells.
    """
    return {name: _mask(value, secrets) if _may_hold(value, secrets) else value for name, value in result.items()}


def invocation(params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return what a result says, for ``-vvv``, of the options that its task had: all, with asterisks for the password of each URL."""
    return {"module_args": {name: _LOGIN.sub(rf"\1:{_MASK}@", value) if isinstance(value, str) else value for name, value in params.items()}}


def _may_hold(value: t.Any, secrets: t.Collection[str]) -> bool:
    """Return whether a secret may be in it. JSON writes a text character by character, so what is in the text is in its JSON, written likewise."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (RecursionError, TypeError, ValueError):  # bytes, say, which JSON has not
        return True
    return any(json.dumps(secret, ensure_ascii=False)[1:-1] in text for secret in secrets)
