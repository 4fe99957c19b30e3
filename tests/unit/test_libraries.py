# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A library that is missing, or there but broken: for whoever installs the collection into a Python of their own. One sentence says what to install."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils import _libraries

ASK = "from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import missing_sentence; print(missing_sentence())"

ASK_PSYCOPG = """
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import StoreError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import load_psycopg
try:
    load_psycopg()
except StoreError as error:
    print(error)
"""


def said(tmp_path, library, source, ask=ASK):
    """What a Python says in which ``library`` is this source."""
    (tmp_path / library).mkdir()
    (tmp_path / library / "__init__.py").write_text(source, encoding="utf-8")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", ""), *os.environ["ANSIBLE_COLLECTIONS_PATH"].split(os.pathsep)])
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": path})
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


LIBRARIES = [("pydantic", "pydantic"), ("pynetbox", "pynetbox"), ("requests", "pynetbox"), ("sqlalchemy", "SQLAlchemy"), ("urllib3", "urllib3")]


@pytest.mark.parametrize(("module", "library"), LIBRARIES)
def test_what_is_missing_is_named(tmp_path, module, library):
    answer = said(tmp_path, module, f"raise ModuleNotFoundError('no {module}')")
    assert answer.startswith(f"Failed to import the required Python library ({library})"), answer


@pytest.mark.parametrize(("module", "library"), LIBRARIES)
@pytest.mark.parametrize("raised", ["AssertionError('other attributes')", "TypeError('one missing')", "ImportError('no such name')"])
def test_what_cannot_be_loaded_is_named_with_the_reason_and_what_to_type(tmp_path, module, library, raised):
    answer = said(tmp_path, module, f"raise {raised}")
    assert answer.startswith(f"the Python library {library} is installed, but cannot be used by {sys.executable} ({raised.partition('(')[0]}: "), answer
    assert answer.endswith(f"{sys.executable} -m pip install --upgrade {library}") and "\n" not in answer


def test_two_libraries_that_are_missing_are_in_one_sentence(tmp_path):
    (tmp_path / "pydantic.py").write_text("raise ModuleNotFoundError", encoding="utf-8")
    assert "(pydantic and SQLAlchemy)" in said(tmp_path, "sqlalchemy", "raise ModuleNotFoundError")


@pytest.mark.parametrize(
    ("raised", "sentence"),
    [
        ("ModuleNotFoundError", "a PostgreSQL store needs the Python library psycopg on the controller: pip install 'psycopg[binary]'"),
        ("ImportError('no pq wrapper available')", "a PostgreSQL store needs the Python library psycopg on the controller: pip install 'psycopg[binary]'"),
        ("AttributeError('x')", "a PostgreSQL store needs the Python library psycopg; it is installed, but cannot be used by"),
    ],
)
def test_the_driver_of_a_database_is_asked_for_where_it_is_needed(tmp_path, raised, sentence):
    assert said(tmp_path, "psycopg", f"raise {raised}", ASK_PSYCOPG).startswith(sentence)


def test_a_task_ends_with_that_sentence_and_no_other(tmp_path):
    (tmp_path / "sqlalchemy").mkdir()
    (tmp_path / "sqlalchemy" / "__init__.py").write_text("raise AssertionError('old')", encoding="utf-8")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": path, "NODEFLOW_STORE": str(tmp_path / "store.db")}
    done = subprocess.run(
        ["ansible", "localhost", "-m", "nodeflow.orchestrator.process_info"], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 2 and "the Python library SQLAlchemy is installed, but cannot be used by" in done.stdout, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


OLD = [("pydantic", "pydantic", "VERSION = '1.10.26'", "2.8"), ("pynetbox", "pynetbox", "__version__ = '6.6.2'", "7.4")]
OLD += [("sqlalchemy", "SQLAlchemy", "__version__ = '1.4.54'", "2.0.31"), ("sqlalchemy", "SQLAlchemy", "__version__ = '2.0.9'", "2.0.31")]
OLD += [("urllib3", "urllib3", "__version__ = '1.26.20'", "2")]


@pytest.mark.parametrize(("module", "library", "source", "needed"), OLD)
def test_what_is_too_old_is_named_with_what_is_needed(tmp_path, module, library, source, needed):
    answer = said(tmp_path, module, source)
    assert answer.startswith(f"the Python library {library} is installed, but cannot be used by {sys.executable} (ImportError: it is "), answer
    assert f", and {needed} or newer is needed)" in answer and answer.endswith(f"-m pip install --upgrade {library}")


def test_the_oldest_are_those_of_the_requirements():
    lines = (pathlib.Path(__file__).parents[2] / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert dict(line.split(">=") for line in lines if line and not line.startswith("#")) == _libraries.OLDEST
