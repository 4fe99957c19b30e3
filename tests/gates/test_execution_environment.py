# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The execution environment: what ansible-builder makes of its definition, and that what the collection imports will be in it."""

from __future__ import annotations

import ast
import importlib.metadata
import os
import pathlib
import re
import subprocess
import sys

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
VERSION = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["version"]
ARCHIVE = f"nodeflow-orchestrator-{VERSION}.tar.gz"
PRESENT = {"ansible-core"}
"""What every execution environment has."""


def run(*command: str, directory: pathlib.Path) -> str:
    """Run a command to its end; what it printed. It knows no collection but those below ``directory``."""
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    environment = os.environ | {"ANSIBLE_COLLECTIONS_PATH": str(directory)}
    done = subprocess.run(command, cwd=directory, env=environment, text=True, check=False, **streams)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A directory as a clone is after `ansible-galaxy collection build`."""
    directory = tmp_path_factory.mktemp("clone")
    run("ansible-galaxy", "collection", "build", "--output-path", str(directory), directory=ROOT)
    (directory / "execution-environment.yml").write_bytes((ROOT / "execution-environment.yml").read_bytes())
    return directory


@pytest.fixture(scope="module")
def installed(clone):
    """A collections path with the archive installed in it, as in the image."""
    run("ansible-galaxy", "collection", "install", "--offline", "-p", "installed", ARCHIVE, directory=clone)
    return clone / "installed"


def introspected(path: pathlib.Path) -> dict[str, list[str]]:
    """What ansible-builder finds that the collections there need."""
    return {key: value or [] for key, value in yaml.safe_load(run("ansible-builder", "introspect", str(path), directory=path)).items()}


def test_create_writes_a_context_with_all_that_it_names(clone):
    said = run("ansible-builder", "create", "--output-filename", "Containerfile", "-v3", directory=clone)
    assert "WARN" not in said.upper(), said
    context = clone / "context"
    lines = (context / "Containerfile").read_text(encoding="utf-8").splitlines()
    copied = [line.split()[1] for line in lines if line.startswith("COPY ") and "--from" not in line]
    assert copied and all((context / name).exists() for name in copied), copied
    [collection] = yaml.safe_load((context / "_build" / "requirements.yml").read_text(encoding="utf-8"))["collections"]
    assert (context / "_build" / collection["name"]).read_bytes() == (clone / ARCHIVE).read_bytes() and collection["type"] == "file"
    arguments = dict(re.findall(r'^ARG (\w+)="(.*)"$', "\n".join(lines), re.MULTILINE))
    assert arguments["PYPKG"] == "python3" and arguments["ANSIBLE_INSTALL_REFS"] == "ansible-core>=2.20 ansible-runner>=2.4.3", arguments
    assert lines[-1].startswith("CMD") and "USER 1000" in lines  # not root


def test_no_file_names_a_registry():
    """Where an image is pulled from is for the site to say."""
    definition = yaml.safe_load((ROOT / "execution-environment.yml").read_text(encoding="utf-8"))
    assert "/" not in definition["images"]["base_image"]["name"]


def test_introspect_lists_all_that_the_collection_imports(installed):
    found = introspected(installed)
    assert found["system"] == [] and [line for line in found["python"] if line.startswith("psycopg[binary]")]  # the other psycopg needs libpq
    listed = {re.split(r"[\[<>=;\s]", line)[0].lower() for line in found["python"]}
    there = brought_by(listed | PRESENT)
    providers = importlib.metadata.packages_distributions()
    for name in imported(installed / "ansible_collections" / "nodeflow" / "orchestrator" / "plugins"):
        assert {normal(provider) for provider in providers.get(name, [])} & there, f"{name} is imported, and only {sorted(listed)} are asked for"


def test_what_is_imported_is_found(installed):
    """The look at the imports sees those that are guarded, and those that are a call."""
    found = imported(installed / "ansible_collections" / "nodeflow" / "orchestrator" / "plugins")
    assert found >= {"ansible", "psycopg", "pydantic", "pydantic_core", "pynetbox", "requests", "sqlalchemy", "urllib3"}


def imported(where: pathlib.Path) -> set[str]:
    """The top-level names, not Python's own, that the files below a directory import, also by importlib.import_module."""
    names = set()
    for path in where.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names.add(node.module)
            elif isinstance(node, ast.Call) and node.args and ast.unparse(node.func).endswith("import_module"):
                first = next(ast.walk(node.args[0].left if isinstance(node.args[0], ast.BinOp) else node.args[0]))
                names |= {first.value} if isinstance(first, ast.Constant) else set()
    return {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names) - {"ansible_collections"}


def brought_by(names: set[str]) -> set[str]:
    """Those distributions, and what they require."""
    found, new = set(), {normal(name) for name in names}
    while new:
        found |= new
        lines = [line for name in new for line in importlib.metadata.requires(name) or [] if "extra ==" not in line]
        new = {normal(re.split(r"[\[<>=!~;\s(]", line)[0]) for line in lines} - found
        new = {name for name in new if _is_installed(name)}  # one for another system or Python is not
    return found


def normal(name: str) -> str:
    """A distribution's name as PyPI compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _is_installed(name: str) -> bool:
    try:
        return bool(importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return False
