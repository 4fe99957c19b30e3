# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What people write for a store: understood as they mean it, or refused in a sentence; and a password is never in what is shown."""

from __future__ import annotations

import os
import pathlib

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError, StoreError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._paths import can_be_made, user_path
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.location import (
    default_store,
    find_location,
    parse_location,
    shown_location,
    split_password,
)
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._surroundings import vanishes
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

PASSWORD = "hunter2"


@pytest.fixture(autouse=True)
def _environment(monkeypatch, tmp_path):
    for name in ("NODEFLOW_STORE", "XDG_STATE_HOME", "AWX_ISOLATED_DATA_DIR", "KUBERNETES_SERVICE_HOST", "container"):
        monkeypatch.delenv(name, raising=False)
    for name in ("PGSERVICE", "PGDATABASE", "PGHOST", "PGUSER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PLACE", str(tmp_path / "place"))
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("text", "parameters", "label"),
    [
        ("postgresql://u:hunter2@h:5433/d", {"user": "u", "host": "h", "port": "5433", "dbname": "d"}, "the store d at h"),
        ("postgres://u:hunter2@h/d", {"user": "u", "host": "h", "dbname": "d"}, "the store d at h"),
        ("PostgreSQL+psycopg://u:hunter2@h/d", {"user": "u", "host": "h", "dbname": "d"}, "the store d at h"),
        ("  postgresql://u:hunter2@h/d?sslmode=require \n", {"user": "u", "host": "h", "dbname": "d", "sslmode": "require"}, "the store d at h"),
        ("postgresql://u:hunter2@a:1,b:2/d", {"user": "u", "host": "a,b", "port": "1,2", "dbname": "d"}, "the store d at a,b"),
        ("postgresql://u:hunter2@%2Frun%2Fpg/d", {"user": "u", "host": "/run/pg", "dbname": "d"}, "the store d at /run/pg"),
        ("postgresql:///d?host=/run/pg&password=hunter2", {"host": "/run/pg", "dbname": "d"}, "the store d at /run/pg"),
        ("postgresql://u:hunter2@[::1]:5432/d", {"user": "u", "host": "::1", "port": "5432", "dbname": "d"}, "the store d at ::1"),
        ("host=h dbname=d user=u password=hunter2", {"user": "u", "host": "h", "dbname": "d"}, "the store d at h"),
        ("\thost = h\n dbname=d password='hunter2'\n", {"host": "h", "dbname": "d"}, "the store d at h"),
        ("password=hunter2 host=h dbname=d", {"host": "h", "dbname": "d"}, "the store d at h"),
        ("host=h dbname=d application_name=a://b password=hunter2", {"host": "h", "dbname": "d", "application_name": "a://b"}, "the store d at h"),
        ("service=nodeflow password=hunter2", {"service": "nodeflow"}, "the store of the service nodeflow"),
    ],
)
def test_a_database(text, parameters, label):
    found = parse_location(text)
    assert found.database == parameters | {"password": PASSWORD} and found.label == label and found.path is None
    shown, password = split_password(text)
    assert password == PASSWORD and PASSWORD not in shown + repr(found) + shown_location(text) + found.shown
    assert parse_location(shown, password) == found


@pytest.mark.parametrize(
    ("text", "environment", "label"),
    [
        ("postgresql://", {}, "the store at localhost"),
        ("postgresql://", {"PGHOST": "h"}, "the store at h"),
        ("postgresql://", {"PGDATABASE": "d", "PGUSER": "u"}, "the store d at localhost"),
        ("postgresql://", {"PGUSER": "u"}, "the store u at localhost"),
        ("postgresql://u@/", {"PGUSER": "other", "PGHOST": "h"}, "the store u at h"),
        ("postgresql://h/d", {"PGHOST": "other", "PGDATABASE": "other"}, "the store d at h"),
        ("hostaddr=10.0.0.1 user=u", {"PGHOST": "other"}, "the store u at 10.0.0.1"),
        ("host=h hostaddr=10.0.0.1", {}, "the store at h"),
        ("postgresql://", {"PGSERVICE": "s", "PGHOST": "h"}, "the store of the service s"),
        ("service=s dbname=d", {"PGSERVICE": "other"}, "the store of the service s"),
        ("service=s host=h", {}, "the store of the service s"),
        ("service=s host=h dbname=d", {}, "the store d at h"),
    ],
)
def test_a_database_is_called_as_libpq_would_find_it(monkeypatch, text, environment, label):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert parse_location(text).label == label


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://u:hunter2@h/d", "postgresql://u@h/d"),
        ("postgresql://u:hun:ter2@h/d", "postgresql://u@h/d"),
        ("PostgreSQL+psycopg://u:hunter2@h:5433/d?sslmode=require", "PostgreSQL+psycopg://u@h:5433/d?sslmode=require"),
        ("postgresql://u:hunter2@h/d?options=://", "postgresql://u@h/d?options=://"),
        ("postgresql://h/d?password=hunter2", "dbname=d host=h"),
        ("postgresql://u:hunter2@h/d?password=hunter2", "user=u dbname=d host=h"),
        ("postgresql://u@h/d?sslpassword=hunter2", "user=u dbname=d host=h"),
        ("host=h options=x@y password=hunter2", "host=h options=x@y"),
        ("password=hunter2", "postgresql://"),
        ("postgresql://u@h/d", "postgresql://u@h/d"),
        (" ./store.db ", "./store.db"),
        ("", ""),
    ],
)
def test_what_is_shown_of_it(text, shown):
    assert shown_location(text) == shown


NO_URL = (
    "the store's URL cannot be used; it reads postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with a @ or / in the password as %40 or %2F, and a % as "
    "%25; the password can also stand in store_password, or NODEFLOW_STORE_PASSWORD, as it is"
)
NO_KEYWORDS = (
    "the store's name cannot be used; in a PostgreSQL connection string, host=HOST dbname=DATABASE user=USER, a value with spaces stands in single "
    "quotes; a path with a = in it begins with / or ./"
)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("postgresql://u:p=1@h:port/d", NO_URL),
        ("postgresql://h:65536/d", NO_URL),
        ("postgresql://h/d\x07", NO_URL),
        ("postgresql://h/d e", NO_URL),
        ("host=h port=65536", NO_KEYWORDS),
        ("host=h pasword=x", NO_KEYWORDS),
        ("host='a\nb'", NO_KEYWORDS),
        ("hostaddr='a\nb'", NO_KEYWORDS),
        ("user='a\nb'", NO_KEYWORDS),
        ("dbname='a\nb'", NO_KEYWORDS),
        ("service='a\nb'", NO_KEYWORDS),
        ("dbname='host=h'", NO_KEYWORDS),
        ("dbname='postgresql://h/d'", NO_KEYWORDS),
    ],
)
def test_the_sentence_is_of_what_was_written(text, sentence):
    with pytest.raises(StoreError) as error:
        parse_location(text)
    assert str(error.value) == sentence


def test_the_highest_port_is_one():
    assert parse_location("postgresql://h:65535,i:/d").database["port"] == "65535,"


@pytest.mark.parametrize("name", ["sslpassword", "oauth_client_secret"])
def test_another_secret_than_the_password_is_not_taken_out_of_a_location(monkeypatch, name):
    known = {"host": "h", name: "hunter2"}
    monkeypatch.setattr("psycopg.conninfo.conninfo_to_dict", lambda text: known)
    with pytest.raises(StoreError) as error:
        split_password(f"host=h {name}=hunter2")
    assert str(error.value) == "the store's URL may hold an sslpassword only in the environment variable NODEFLOW_STORE, or in a service file of libpq"


@pytest.mark.parametrize("password", ["p?w", "p#w", "p:w", "p w", "p%25w", "a&b=c"])
def test_signs_that_a_password_may_have_in_a_url(password):
    if " " in password:
        with pytest.raises(StoreError, match="URL cannot be used"):
            parse_location(f"postgresql://u:{password}@h/d")
    else:
        found = parse_location(f"postgresql://u:{password}@h/d")
        assert (found.database["password"], found.database["host"]) == (password.replace("%25", "%"), "h")


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://u:hun@ter2@h/d",
        "postgresql://u:hun/ter2@h/d",
        "postgresql://u:hun?@ter2@h/d",
        "postgresql://u:12/ter2@h/d",
        "postgresql://u:h%zzunter2@h/d",
        "postgresql://u:hunter2@h:port/d",
        "postgresql://u:hunter2@h:99999/d",
        "postgresql://u:hunter2@[::1/d",
        "postgresql://u:hunter2\x00@h/d",
        "postgresql://u:hunter2@h/d?nosuch=hunter2",
        "postgresql+asyncpg://u:hunter2@h/d",
        "postgresql:u:hunter2@h/d",
        "u:hunter2@h/d",
        "mysql://u:hunter2@h/d",
        "jdbc:postgresql://h/d?password=hunter2",
        "http://u:hunter2@h/d",
        "file:///hunter2",
        "C:\\hunter2\\store.db",
        "c:/hunter2/store.db",
        "host=h dbname=d pasword=hunter2",
        "pasword=hunter2 host=h",
        "host=h password='hunter2",
        "host=h password=hun ter2 dbname=d",
        "dbname='host=h password=hunter2'",
        "sqlite:",
        "sqlite://",
        "sqlite://hunter2/x",
        "sqlite:///:memory:",
        ":memory:",
        "$DATABASE_URL",
    ],
)
def test_what_can_be_no_store_is_refused_without_a_word_of_it(text, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:hunter2@h/d")
    with pytest.raises(StoreError) as error:
        parse_location(text)
    assert "cannot be used" in str(error.value) and "hun" not in str(error.value) and "ter2" not in str(error.value)
    if text != "$DATABASE_URL":
        assert "hun" not in shown_location(text) and "ter2" not in shown_location(text)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("store.db", "{0}/store.db"),
        (" /srv/a store.db\n", "/srv/a store.db"),
        ("/srv/a=b/store.db", "/srv/a=b/store.db"),
        ("./a=b.db", "{0}/a=b.db"),
        ("sqlite:///rel/store.db", "{0}/rel/store.db"),
        ("sqlite:////abs/store.db", "/abs/store.db"),
        ("sqlite+pysqlite:////abs/store.db", "/abs/store.db"),
        ("sqlite/store.db", "{0}/sqlite/store.db"),
        ("~/store.db", "{0}/home/store.db"),
        ("$HOME/store.db", "{0}/home/store.db"),
        ("${PLACE}/store.db", "{0}/place/store.db"),
        ("sqlite:///$PLACE/store.db", "{0}/place/store.db"),
        ("~root/store.db", os.path.expanduser("~root") + "/store.db"),
        ("/srv/cost$", "/srv/cost$"),
        ("node", "{0}/node"),
    ],
)
def test_a_path(text, path, tmp_path):
    found = parse_location(text)
    assert str(found.path) == path.format(tmp_path) and found.database is None
    assert split_password(text) == (text.strip(), None) and found.label == f"the store {found.path.name} in {found.path.parent}"


def test_a_directory_without_a_name_is_called_by_its_path():
    assert parse_location("/").label == "the store / in /"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("~nosuch-user/x", "there is no user nosuch-user"),
        ("$NO_SUCH_NAME/x", "NO_SUCH_NAME"),
        ("/srv/${NO_SUCH_NAME}/x", "NO_SUCH_NAME"),
        ("${PLACE:-x}/y", "no variable's name"),
        ("a\x00b", "control character"),
        ("a\nb", "control character"),
        ("a\x1b[31mb", "control character"),
    ],
)
def test_a_path_that_can_be_none(text, reason):
    with pytest.raises(NodeflowError, match=reason):
        user_path(text, "dest")
    with pytest.raises(StoreError, match=reason):
        parse_location(text)


def test_a_path_that_is_too_long_or_under_a_file_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    assert can_be_made(tmp_path / "a" / "b" / "c")
    assert not can_be_made(tmp_path / ("n" * 300)) and not can_be_made(tmp_path / "file" / "x") and not can_be_made(tmp_path / "file" / "x" / "y")


def test_the_option_counts_then_the_environment_and_the_password_belongs_to_its_own_location(monkeypatch):
    monkeypatch.setenv("NODEFLOW_STORE", "postgresql://u:hunter2@h/d\n")
    for text in (None, "", " ", shown_location(os.environ["NODEFLOW_STORE"])):
        assert find_location("store", text).database["password"] == PASSWORD
    assert find_location("store", None, "other\n").database["password"] == "other"
    assert "password" not in find_location("store", "postgresql://u@another/d").database
    assert find_location("target", None) is None and find_location("source", " ") is None
    monkeypatch.setenv("NODEFLOW_STORE", "postgresql://u:hun@ter2@h/d")
    with pytest.raises(StoreError, match="URL cannot be used"):
        find_location("store", shown_location(os.environ["NODEFLOW_STORE"]))


def test_without_a_home_the_sentence_names_the_variable(monkeypatch, tmp_path):
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(os, "getuid", lambda: 54321)
    with pytest.raises(StoreError, match="no home directory.*NODEFLOW_STORE"):
        default_store()
    with pytest.raises(StoreError, match="no home directory"):
        parse_location("~/store.db")
    monkeypatch.setenv("XDG_STATE_HOME", "relative")  # which the specification says to ignore
    with pytest.raises(StoreError):
        default_store()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert default_store() == tmp_path / "nodeflow" / "store.db"


@pytest.mark.parametrize(("state", "place"), [(None, "home/.local/state"), ("$PLACE", "place"), ("~/state", "home/state")])
def test_the_state_directory_may_be_written_as_a_shell_would_have_it(monkeypatch, tmp_path, state, place):
    if state:
        monkeypatch.setenv("XDG_STATE_HOME", state)
    assert default_store() == tmp_path / place / "nodeflow" / "store.db"


def test_what_the_state_directory_cannot_be_names_the_variable(monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", "$NO_SUCH_NAME/state")
    with pytest.raises(StoreError) as error:
        default_store()
    assert str(error.value).startswith("XDG_STATE_HOME ") and str(error.value).endswith("; name the store in the option store, or in NODEFLOW_STORE")


def warnings_of(store, option="store"):
    """What a task that is to save in a store, which an option names, warns of."""
    said = []
    Task({option: store, f"{option}_password": None}, False, said.append, said.append, lambda question: None).warn_if_it_vanishes(option)
    return said


@pytest.mark.parametrize(
    ("name", "value"), [("AWX_ISOLATED_DATA_DIR", "/runner/artifacts/7"), ("KUBERNETES_SERVICE_HOST", "10.0.0.1"), ("container", "oci")]
)
def test_in_a_job_the_default_store_is_refused_and_one_in_its_own_directory_is_warned_of(monkeypatch, name, value):
    monkeypatch.setattr(os.path, "exists", lambda path: False)
    assert find_location("store", None).path == default_store()
    monkeypatch.setenv(name, value)
    with pytest.raises(StoreError, match="default one would be lost with the (job|container).*NODEFLOW_STORE.*PostgreSQL"):
        find_location("store", None)
    assert ["goes with the" in text for text in warnings_of("/runner/project/store.db")] == [True] * (name != "container")
    assert warnings_of("postgresql://h/d") == [] and warnings_of("/proc/1/store.db") == []
    of_target = [text.endswith("in the option target, or in NODEFLOW_TARGET_STORE") for text in warnings_of("/runner/x.db", "target")]
    assert of_target == [True] * (name != "container")


def test_the_directory_of_a_runner_that_is_no_container(monkeypatch, tmp_path):
    monkeypatch.setattr(os.path, "exists", lambda path: False)
    monkeypatch.setenv("AWX_ISOLATED_DATA_DIR", str(tmp_path / "own" / "artifacts" / "7"))
    assert vanishes(tmp_path / "own" / "project" / "store.db")
    assert not vanishes(tmp_path / "kept" / "store.db")
    assert isinstance(parse_location("x").path, pathlib.Path)
