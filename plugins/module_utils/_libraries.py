# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The third-party libraries, in one place, so that every other file can be imported where they are missing.

``ansible-test sanity --test import`` and Ansible's documentation load plugins without pydantic, pynetbox and
SQLAlchemy. There, each name is an inert stand-in: it can be called, subclassed and asked for attributes while a
file is loaded, and an instance of a class made from it raises ImportError. ``run_module`` and the action plugins ask
``missing_sentence`` first, so that a user reads what to install instead. A library that is there, but cannot be loaded on this Python, counts as missing.
"""

from __future__ import annotations

import importlib
import re
import sys
import typing as t

from ansible.module_utils.basic import missing_required_lib

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import StoreError

__all__ = [
    "load_psycopg",
    "missing_sentence",
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

OLDEST = {"pydantic": "2.8", "pynetbox": "7.4", "SQLAlchemy": "2.0.31", "urllib3": "2"}
"""The oldest releases that work, as in requirements.txt."""

_MISSING: dict[str, Exception] = {}


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


def _absent(library: str, error: Exception) -> t.Any:
    _MISSING.setdefault(library, error)
    return _Absent()


def missing_sentence() -> str | None:
    """Return what to install, since libraries are missing or cannot be loaded: one sentence for all; None where all are there."""
    absent = [library for library, error in _MISSING.items() if isinstance(error, ModuleNotFoundError)]
    if absent:
        return str(missing_required_lib(" and ".join(absent), reason="for nodeflow.orchestrator"))
    for library, error in _MISSING.items():
        return f"the Python library {library} {_cannot_be_loaded(library, error)}"
    return None


def _cannot_be_loaded(library: str, error: Exception) -> str:
    why = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return (
        f"is installed, but cannot be used by {sys.executable} ({why}): install a release that supports Python "
        f"{sys.version_info.major}.{sys.version_info.minor}, for example with {sys.executable} -m pip install --upgrade {library}"
    )


def _check(version: str, needed: str) -> None:
    """Raise ImportError for an older release than the oldest that works."""
    here, oldest = ([int(number) for number in re.findall(r"\d+", text)] for text in (version, needed))
    if here < oldest:
        raise ImportError(f"it is {version}, and {needed} or newer is needed")


try:
    import pydantic

    _check(pydantic.VERSION, OLDEST["pydantic"])
    import pydantic_core
except Exception as error:  # pylint: disable=broad-exception-caught  # an old release on a new Python raises anything
    pydantic = pydantic_core = _absent("pydantic", error)

try:
    import urllib3

    _check(urllib3.__version__, OLDEST["urllib3"])  # type: ignore[attr-defined]  # it is no part of its __all__
except Exception as error:  # pylint: disable=broad-exception-caught  # an old release on a new Python raises anything
    urllib3 = _absent("urllib3", error)

try:
    import pynetbox

    _check(pynetbox.__version__, OLDEST["pynetbox"])
    import requests
    from pynetbox.core import query as pynetbox_query
except Exception as error:  # pylint: disable=broad-exception-caught  # an old release on a new Python raises anything
    pynetbox = pynetbox_query = requests = _absent("urllib3" if "urllib3" in _MISSING else "pynetbox", error)  # which they import

try:
    import sqlalchemy as sa

    _check(sa.__version__, OLDEST["SQLAlchemy"])
    from sqlalchemy import exc as sa_exc
except Exception as error:  # pylint: disable=broad-exception-caught  # an old release on a new Python raises anything
    sa = sa_exc = _absent("SQLAlchemy", error)


def sa_insert(connection: t.Any, table: t.Any) -> t.Any:
    """Return an INSERT that can say what to do on a conflict, which each database spells its own way."""
    return importlib.import_module("sqlalchemy.dialects." + connection.dialect.name).insert(table)


def load_psycopg() -> t.Any:
    """Return the library psycopg, loaded only where a store is a database. Raises StoreError where it is missing or cannot be loaded."""
    try:
        return importlib.import_module("psycopg")
    except ImportError as error:  # also where it finds no libpq
        raise StoreError("a PostgreSQL store needs the Python library psycopg on the controller: pip install 'psycopg[binary]'") from error
    except Exception as error:  # pylint: disable=broad-exception-caught  # an old release on a new Python raises anything
        raise StoreError(f"a PostgreSQL store needs the Python library psycopg; it {_cannot_be_loaded('psycopg', error)}") from error
