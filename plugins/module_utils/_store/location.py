# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a store is: a file or a database, out of what people write. What is shown of it never holds a password."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError, StoreError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import load_psycopg
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._paths import expanded, home, user_path
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._surroundings import job

__all__ = ["ENVIRONMENT", "Location", "default_store", "find_location", "is_database", "parse_location", "shown_location", "split_password"]

ENVIRONMENT = {"store": "NODEFLOW_STORE", "target": "NODEFLOW_TARGET_STORE", "source": "NODEFLOW_IMPORT_SOURCE"}
"""The options that name a store, and the variable of each. The password's are called the same, with ``_password`` or ``_PASSWORD`` after it."""

HIDDEN = "********"
"""What is shown of a location that cannot be used, since nobody can say which part of it is a password."""

_SECRETS = ("password", "sslpassword", "oauth_client_secret")
_SCHEMES = ("postgres", "postgresql", "sqlite", "sqlite3", "file", "mysql", "mariadb", "oracle", "mssql", "http", "https", "jdbc")

_NO_URL = (
    "the store's URL cannot be used; it reads postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with a @ or / in the password as %40 or %2F, and a % as "
    "%25; the password can also stand in store_password, or NODEFLOW_STORE_PASSWORD, as it is"
)
_NO_KEYWORDS = (
    "the store's name cannot be used; in a PostgreSQL connection string, host=HOST dbname=DATABASE user=USER, a value with spaces stands in single "
    "quotes; a path with a = in it begins with / or ./"
)
_OTHER = (
    "the store's URL cannot be used: a store is a PostgreSQL database, as in postgresql://USER@HOST:PORT/DATABASE, or an SQLite file, named by its path "
    "or as sqlite:////ABSOLUTE/PATH"
)
_NO_SQLITE = "the store's URL cannot be used; that of an SQLite file reads sqlite:///RELATIVE/PATH or sqlite:////ABSOLUTE/PATH"


@dataclasses.dataclass(frozen=True)
class Location:
    """Where a store is. ``label`` says it in messages and ``shown`` as an option does, both without a password.

    Either ``path`` is set, an absolute one, or ``database``: libpq's parameters, the password included.
    """

    label: str
    shown: str
    path: pathlib.Path | None = None
    database: t.Mapping[str, str] | None = dataclasses.field(default=None, repr=False)


def default_store() -> pathlib.Path:
    """Return the store where none is named: ``nodeflow/store.db`` in the user's state directory (XDG Base Directory Specification). Raises StoreError."""
    try:
        state = os.environ.get("XDG_STATE_HOME") or ""
        if state.startswith(("~", "$")):
            state = expanded(state, "XDG_STATE_HOME")
        directory = pathlib.Path(state) if os.path.isabs(state) else pathlib.Path(home("", "the default store") or "/") / ".local" / "state"
    except NodeflowError as error:
        raise StoreError(f"{error}; name the store in the option store, or in NODEFLOW_STORE") from error
    return directory / "nodeflow" / "store.db"


def find_location(name: str, text: str | None, password: str | None = None) -> Location | None:
    """Return the location that the option ``name`` has as ``text``, else its environment variable; of the store, else the default one.

    None where no source or target is named. Raises StoreError for what can be no location, and in a job that names no store.
    """
    text, given = (text or "").strip(), os.environ.get(ENVIRONMENT[name], "").strip()
    if given and text in ("", shown_location(given)):
        text = given  # with the password that the option does not have
    if text:
        return parse_location(text, (password or "").rstrip("\r\n"))
    if name != "store":
        return None
    if job():
        raise StoreError(
            f"no store is named, and the default one would be lost with {job()}: name one that stays in the option store, or in NODEFLOW_STORE; best a "
            "PostgreSQL database, postgresql://USER@HOST/DATABASE"
        )
    return _file(default_store())


def parse_location(text: str, password: str = "") -> Location:
    """Return the location that ``text`` names. ``password``, where there is one, counts and not the one in ``text``. Raises StoreError."""
    text = text.strip()
    if is_database(text):
        parameters = _parameters(text)
        label, shown = _label(parameters), _without_secrets(text, parameters)
        return Location(label, shown, database=parameters | ({"password": password} if password else {}))
    scheme, mark, path = text.partition("://")
    path = path[1:] if mark and scheme.lower().startswith("sqlite") else text
    try:
        found = user_path(path, "the store's path")
        if is_database(expanded(path, "the store's path")):
            raise StoreError("the store's path cannot be used: the variable in it holds a database's URL; give that itself")
    except StoreError:
        raise
    except NodeflowError as error:
        raise StoreError(str(error)) from error
    return _file(found)


def _file(path: pathlib.Path) -> Location:
    return Location(f"the store {path.name or path} in {path.parent}", str(path), path=path)


def is_database(text: str) -> bool:
    """Return whether ``text`` names a database, and not a file. Raises StoreError, without a word of ``text``, for what can be neither."""
    if text.startswith(("/", ".", "~", "$")):
        return False
    keyword, equals, _value = text.partition("=")
    if equals and keyword.strip().isidentifier():
        return True
    scheme, colon, rest = text.partition(":")
    name, _plus, driver = scheme.lower().partition("+")
    if colon and rest.startswith("//"):
        if name in ("postgres", "postgresql") and driver in ("", "psycopg", "psycopg2"):
            return True
        if name == "sqlite" and driver in ("", "pysqlite"):
            if not rest.startswith("///") or "?" in rest or rest[3:] in ("", ":memory:"):
                raise StoreError(_NO_SQLITE)
            return False
        raise StoreError(_OTHER)
    if colon and (name in _SCHEMES or (len(name) == 1 and rest[:1] in ("\\", "/"))):
        raise StoreError(_OTHER)
    if ":" in text.partition("@")[0] and "@" in text:
        raise StoreError(_NO_URL)  # USER:PASSWORD@HOST/DATABASE
    if text == ":memory:":
        raise StoreError("the store's path cannot be used: what is in memory is gone after each task")
    return False


def split_password(text: str) -> tuple[str, str | None]:
    """Return a location without its password, and the password; of a path, the path and None. Raises StoreError for what can be no location."""
    text = text.strip()
    if not text or not is_database(text):
        return text, None
    parameters = _parameters(text)
    if any(parameters.get(name) for name in _SECRETS[1:]):
        raise StoreError("the store's URL may hold an sslpassword only in the environment variable NODEFLOW_STORE, or in a service file of libpq")
    return _without_secrets(text, parameters), parameters.get("password")


def shown_location(text: str) -> str:
    """Return a location as it may be shown."""
    try:
        text = text.strip()
        return _without_secrets(text, _parameters(text)) if text and is_database(text) else text
    except StoreError:
        return HIDDEN


def _parameters(text: str) -> dict[str, str]:
    """libpq's parameters, read by libpq itself. Raises StoreError, without a word of ``text``."""
    url = "://" in text.partition("=")[0]
    wrong = StoreError(_NO_URL if url else _NO_KEYWORDS)
    if url:
        rest = text.partition("://")[2]
        login, at, _place = rest.partition("@")  # libpq, too, takes the first @ for the end of the password, and what follows for the host
        if rest.count("@") > 1 or (at and "/" in login) or any(char.isspace() or not char.isprintable() for char in rest):
            raise wrong
        text = f"postgresql://{rest}"
    psycopg = load_psycopg()
    try:
        parameters = {name: str(value) for name, value in psycopg.conninfo.conninfo_to_dict(text).items()}
    except (psycopg.Error, ValueError):
        raise wrong from None  # libpq's own words quote the text
    ports = parameters.get("port", "").split(",")
    if not all(port == "" or (port.isdecimal() and int(port) < 65536) for port in ports):
        raise wrong
    shown = [parameters.get(name, "") for name in ("host", "hostaddr", "user", "dbname", "service")]
    if any(not value.isprintable() for value in shown) or any(sign in parameters.get("dbname", "") for sign in ("=", "://")):
        raise wrong
    return parameters


def _without_secrets(text: str, parameters: t.Mapping[str, str]) -> str:
    """``text``, or, where it holds a secret, what names the same database without."""
    if not _holds_secret(parameters):
        return text
    scheme, mark, rest = text.partition("://")
    login, at, place = rest.partition("@")
    if at and mark and "=" not in scheme:
        shown = f"{scheme}://{login.partition(':')[0]}@{place}"
        if not _holds_secret(_parameters(shown)):
            return shown
    without = {name: value for name, value in parameters.items() if name not in _SECRETS}
    return load_psycopg().conninfo.make_conninfo(**without) or "postgresql://"


def _holds_secret(parameters: t.Mapping[str, str]) -> bool:
    return any(parameters.get(name) for name in _SECRETS)


def _label(parameters: t.Mapping[str, str]) -> str:
    """Name the database as libpq would find it."""
    service = parameters.get("service") or os.environ.get("PGSERVICE")
    name = parameters.get("dbname") or os.environ.get("PGDATABASE")
    host = parameters.get("host") or parameters.get("hostaddr") or os.environ.get("PGHOST")
    if service and not (name and host):
        return f"the store of the service {service}"
    name = name or parameters.get("user") or os.environ.get("PGUSER")
    return f"the store {name} at {host or 'localhost'}" if name else f"the store at {host or 'localhost'}"
