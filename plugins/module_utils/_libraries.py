# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The third-party libraries, in one place, so that every other file can be imported where they are missing.

``ansible-test sanity --test import`` and Ansible's documentation load plugins without pydantic, pynetbox and
SQLAlchemy. There, each name is an inert stand-in: it can be called, subclassed and asked for attributes while a
file is loaded, and an instance of a class made from it raises ImportError. ``run_module`` and the action plugins ask
``missing_libraries`` first, so that a user reads Ansible's own sentence about a missing library instead.
"""

from __future__ import annotations

import importlib
import traceback
import typing as t

__all__ = [
    "load_psycopg",
    "missing_libraries",
    "pydantic",
    "pydantic_core",
    "pynetbox",
    "pynetbox_query",
    "requests",
    "sa",
    "sa_exc",
    "sa_insert",
    "urllib3",
]

_MISSING: dict[str, str] = {}


class _AbsentBase:
    """What a class derives from when its real base is missing."""

    def __init_subclass__(cls, **kwargs: t.Any) -> None:
        """Take any class keyword, as pydantic's models do."""

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        raise ImportError(f"a library is missing: {', '.join(_MISSING)}")


class _Absent:
    """Stands for a module, a class, a decorator or a value of a library that is missing."""

    def __getattr__(self, name: str) -> t.Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        return self

    def __getitem__(self, item: t.Any) -> t.Any:
        return self

    def __mro_entries__(self, bases: tuple[t.Any, ...]) -> tuple[type, ...]:
        return (_AbsentBase,)


def _absent(library: str) -> t.Any:
    _MISSING.setdefault(library, traceback.format_exc())
    return _Absent()


def missing_libraries() -> dict[str, str]:
    """The libraries that could not be imported: name on PyPI to the traceback of the import."""
    return dict(_MISSING)


try:
    import pydantic
    import pydantic_core
except ImportError:
    pydantic = pydantic_core = _absent("pydantic")

try:
    import pynetbox
    import requests
    import urllib3
    from pynetbox.core import query as pynetbox_query
except ImportError:
    pynetbox = pynetbox_query = requests = urllib3 = _absent("pynetbox")

try:
    import sqlalchemy as sa
    from sqlalchemy import exc as sa_exc
except ImportError:
    sa = sa_exc = _absent("SQLAlchemy")


def sa_insert(connection: t.Any, table: t.Any) -> t.Any:
    """An INSERT that can say what to do on a conflict, which each database spells its own way."""
    return importlib.import_module("sqlalchemy.dialects." + connection.dialect.name).insert(table)


def load_psycopg() -> t.Any:
    """The library psycopg, loaded only where a store is a database. Raises ImportError where it is missing."""
    return importlib.import_module("psycopg")
