# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The archive in an empty environment: for whoever installs it, with the oldest versions that we name, or with the newest that there are."""

from __future__ import annotations

import os
import subprocess

import pytest

from environments import VERSIONS, environment
from make_venv import ROOT
from player import Player
from stores import SqliteStore


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """The collection, as it is published."""
    directory = tmp_path_factory.mktemp("archive")
    subprocess.run(["ansible-galaxy", "collection", "build", "--output-path", str(directory)], cwd=ROOT, check=True, stdin=subprocess.DEVNULL)
    [file] = directory.glob("*.tar.gz")
    return file


@pytest.mark.parametrize("name", VERSIONS)
def test_the_archive_in_an_empty_environment_enrols_and_warns_of_nothing(archive, lab, netbox, tmp_path, name):
    place = environment(name, VERSIONS[name])
    collections = tmp_path / "collections"
    command = [str(place / "ansible-galaxy"), "collection", "install", "--offline", "-p", str(collections), str(archive)]
    done = subprocess.run(command, cwd=tmp_path, env={"HOME": str(tmp_path), "PATH": os.environ["PATH"]}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    play = Player(lab, tmp_path, SqliteStore(tmp_path))
    play.base = {"HOME": str(tmp_path), "PATH": f"{place}{os.pathsep}{os.environ['PATH']}", "ANSIBLE_COLLECTIONS_PATH": str(collections)}
    device = netbox.make()
    first = play.create(nodes=device, confirm_config=True)
    assert first.returncode == 0 and netbox.status(device) == "active", first.output
    second = play.create(nodes=device, confirm_config=True)
    assert second.returncode == 0 and second.recap["changed"] == 0, second.output
    terminated = play("nodeflow.orchestrator.terminate_node", nodes=device, confirm_config=True)
    assert terminated.returncode == 0 and netbox.status(device) == "offline", terminated.output
    told = first.output + second.output + terminated.output
    assert "[WARNING]" not in told and "[DEPRECATION WARNING]" not in told, told
