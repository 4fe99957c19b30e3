# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Single dispatch whose error for an unknown type says which types are known."""

from __future__ import annotations

import functools
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import DomainError

__all__ = ["single_dispatch"]


Answer = t.TypeVar("Answer")


class Dispatched(t.Protocol[Answer]):
    """A function whose types register what it does for them."""

    def __call__(self, value: t.Any, *args: t.Any, **kwargs: t.Any) -> Answer:
        """Do what the value's type registered."""

    def register(self, function: t.Callable[..., Answer]) -> t.Callable[..., Answer]:
        """Have it done by ``function`` for the type of that one's first parameter."""


def single_dispatch(function: t.Callable[..., Answer]) -> Dispatched[Answer]:
    """Like ``functools.singledispatch``; a type that nobody registered raises DomainError with the list of those registered.

    The body of ``function`` is never run: it gives name, signature and docstring.
    """

    @functools.wraps(function)
    def unregistered(value: t.Any, *args: t.Any, **kwargs: t.Any) -> t.NoReturn:
        known = sorted(cls.__name__ for cls in dispatched.registry if cls is not object)
        raise DomainError(
            f"{function.__name__} does not know the type {type(value).__name__}; registered are: {', '.join(known) or 'none'}. Register it with "
            f"@{function.__name__}.register"
        )

    dispatched = functools.singledispatch(unregistered)
    return t.cast("Dispatched[Answer]", dispatched)
