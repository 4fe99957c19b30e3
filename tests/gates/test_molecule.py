# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Molecule's scenarios pass against the lab, and what they ask for a second time changes nothing."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
MOLECULE = ROOT / "extensions" / "molecule"
SCENARIOS = {path.parent.name for path in MOLECULE.glob("*/converge.yml")}
TAG = yaml.safe_load((MOLECULE / "inventory.yml").read_text(encoding="utf-8"))["all"]["vars"]["setup_netbox_devices_tag"]


@pytest.fixture
def molecule(tmp_path):
    """Runs molecule with these variables, and a directory of its own for what it keeps."""

    def run(*arguments, **variables):
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("NETBOX_", "NODEFLOW_", "MOLECULE_"))}
        environment = kept | {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path), "NO_COLOR": "1"} | variables
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        return subprocess.run(["molecule", *arguments], cwd=ROOT, env=environment, text=True, check=False, **streams)

    return run


def leave_what_a_broken_run_leaves(netbox):
    """The tag, what a device needs, and a device, from which an address has been taken."""
    for path in ("extras/tags", "dcim/sites", "dcim/device-roles", "dcim/manufacturers"):
        netbox.call("POST", path, {"name": TAG, "slug": TAG})
    netbox.call("POST", "dcim/device-types", {"model": TAG, "slug": TAG, "manufacturer": {"slug": TAG}})
    called = {"slug": TAG}
    device = {"name": "molecule-left", "status": "staged", "site": called, "role": called, "device_type": called, "tags": [called]}
    netbox.call("POST", "dcim/devices", device)


def test_every_scenario_passes_and_its_second_run_changes_nothing(molecule, lab, netbox):
    if not netbox.call("GET", "extras/tags", slug=TAG)["count"]:
        leave_what_a_broken_run_leaves(netbox)
    done = molecule("test", "--all", "--report", "--workers", "3", NETBOX_URL=lab["url"], NETBOX_TOKEN=lab["tokens"]["admin"])
    assert done.returncode == 0, done.stdout[-6000:]
    for action in ("prepare", "converge", "idempotence", "verify"):
        assert set(re.findall(rf"^(\w+) > {action}: Executed: Successful", done.stdout, re.MULTILINE)) == SCENARIOS, done.stdout[-6000:]
    assert netbox.call("GET", "extras/tags", slug=TAG)["count"] == netbox.call("GET", "dcim/sites", slug=TAG)["count"] == 0


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [({}, "No NetBox is named."), ({"NETBOX_URL": "http://127.0.0.1:9", "NETBOX_TOKEN": "t"}, "NetBox at http://127.0.0.1:9 does not answer")],
)
def test_without_a_netbox_it_says_so_at_once(molecule, variables, sentence):
    done = molecule("test", "--all", **variables)
    assert done.returncode != 0 and sentence in done.stdout and "make lab" in done.stdout, done.stdout[-6000:]
    assert "RETRYING" not in done.stdout
