# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection that a product or a workflow belongs to is in its name: ``acme.circuits.Circuit``. Ours have short names."""

from __future__ import annotations

import functools
import importlib

__all__ = ["OURS", "collection_of", "why_not_imported"]

OURS = "nodeflow.orchestrator"


_NOR_SEEN = "; a module that runs in a process of its own (become, async, environment) does not see it either"


def collection_of(name: str) -> str:
    """Return "acme.circuits" for "acme.circuits.Circuit", and ours for a name without a collection."""
    parts = name.split(".")
    return ".".join(parts[:2]) if len(parts) == 3 and all(part.isidentifier() for part in parts) else OURS


@functools.cache
def why_not_imported(collection: str) -> str | None:
    """Import what a collection brings, which registers its products: its package ``plugins.module_utils``. Return why that cannot be; None where it was.

    In the process of an ordinary module there is only what that module imports by itself.
    """
    package = f"ansible_collections.{collection}.plugins.module_utils"
    try:
        importlib.import_module(package)
    except ModuleNotFoundError as error:
        if error.name and f"{package}.".startswith(f"{error.name}."):
            return f"it needs the collection {collection}, which is not installed here{_NOR_SEEN}"
        return f"it needs the collection {collection}, which cannot be imported here: {error}"
    except Exception as error:  # pylint: disable=broad-exception-caught  # somebody else's code, which must not keep our readers from the rest
        return f"it needs the collection {collection}, which cannot be imported here: {type(error).__name__}: {error}"
    return None
