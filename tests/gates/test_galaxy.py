# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Galaxy and Red Hat's certification say of the archive, and what others' tools say of a plain clone, with no variable of ours."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from checkout import copy_checkout
from environments import GALAXY, NOX, environment
from make_venv import ROOT, VENV

IMPORTER = ROOT / "tests" / "gates" / "galaxy-importer.cfg"


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A clone, outside of any directory of collections."""
    directory = tmp_path_factory.mktemp("plain") / "clone"
    copy_checkout(directory)
    for command in (["init", "-q"], ["add", "-A"], ["-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "x"]):
        subprocess.run(["git", *command], cwd=directory, check=True)
    return directory


@pytest.fixture(scope="module")
def galaxy():
    """The directory of Galaxy's programs."""
    return environment("galaxy", GALAXY)


def run(place, *command, directory, **environ):
    """Run a command with these programs, as somebody who knows nothing of this checkout."""
    ours = os.path.dirname(sys.executable)
    others = [entry for entry in os.environ["PATH"].split(os.pathsep) if entry not in (ours, str(VENV / "bin"))]
    home = directory.parent / "home"
    home.mkdir(exist_ok=True)
    kept = {"PATH": os.pathsep.join([str(place), *others]), "HOME": str(home), "NO_COLOR": "1"}
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.run(command, cwd=directory, env=kept | environ, text=True, check=False, **streams)


def test_galaxy_importer_with_the_settings_of_a_certification_warns_of_nothing(galaxy, tmp_path):
    built = run(galaxy, "ansible-galaxy", "collection", "build", str(ROOT), "--output-path", str(tmp_path), directory=tmp_path)
    [archive] = tmp_path.glob("*.tar.gz")
    done = run(galaxy, "python", "-m", "galaxy_importer.main", archive.name, directory=tmp_path, GALAXY_IMPORTER_CONFIG=str(IMPORTER))
    assert built.returncode == done.returncode == 0, built.stdout + done.stdout
    assert re.findall(r"^(?:WARNING|ERROR).*", done.stdout, re.MULTILINE) == [], done.stdout
    assert "ansible-lint run complete" in done.stdout and "ansible-lint not found" not in done.stdout


@pytest.mark.parametrize("session", ["antsibull-nox-config", "license-check", "extra-checks"])
def test_the_sessions_that_other_collections_have_find_nothing(clone, session):
    done = run(environment("nox", NOX), "nox", "--no-venv", "-e", session, directory=clone)
    assert done.returncode == 0, done.stdout


def test_ansible_lint_in_a_plain_clone_finds_nothing(galaxy, clone):
    done = run(galaxy, "ansible-lint", "--nocolor", "--strict", directory=clone)
    assert done.returncode == 0 and "production" in done.stdout, done.stdout
