# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection's tests as those run them who know other collections: ansible-test units, ansible-test integration. Sanity is in test_gates.py."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from ansible_test_run import AnsibleTest

from places import cache_dir, private_dir

TESTS = Path(__file__).resolve().parents[1]
TAG = "nodeflow-target-create-node"
SOME = {"test_actions", "test_libraries", "test_masked_secrets", "test_setup_awx"}


@pytest.fixture(scope="module")
def ansible_test(tmp_path_factory):
    """One copy for all, whose virtual environment is made once. The integration tests come first: what they need must not come from the unit tests."""
    return AnsibleTest(private_dir(cache_dir() / "ansible-test-runs"), tmp_path_factory.mktemp("run"))


def configure(ansible_test, **values):
    """Write the file that a developer makes of the template."""
    template = TESTS / "integration" / "integration_config.yml.template"
    assert values.keys() == yaml.safe_load(template.read_text(encoding="utf-8")).keys()
    place = ansible_test.copy / "tests" / "integration" / "integration_config.yml"
    place.write_text(yaml.safe_dump(values), encoding="utf-8")


def end_of(done):
    return "\n".join(done.stdout.splitlines()[-60:])


def test_integration_enrols_a_device_once_and_leaves_nothing(ansible_test, lab, netbox):
    configure(ansible_test, netbox_url=lab["url"], netbox_token=lab["tokens"]["admin"])
    done = ansible_test.integration("create_node")
    assert done.returncode == 0, end_of(done)
    assert re.search(r"testhost +: ok=\d+ .*failed=0", done.stdout) and "TASK [create_node : Nothing has changed]" in done.stdout, end_of(done)
    assert netbox.call("GET", "extras/tags", slug=TAG)["count"] == 0
    assert netbox.call("GET", "dcim/sites", slug=TAG)["count"] == 0


def test_integration_without_a_netbox_says_so_at_once(ansible_test):
    configure(ansible_test, netbox_url="http://127.0.0.1:9", netbox_token="t")
    done = ansible_test.integration("create_node")
    assert done.returncode != 0 and "NetBox at http://127.0.0.1:9 does not answer" in done.stdout, end_of(done)
    assert "TASK [create_node : " not in done.stdout


def test_units_are_all_collected(ansible_test):
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", str(TESTS / "unit")]
    ours = subprocess.run(command, cwd=TESTS.parent, capture_output=True, text=True, check=True)
    [number] = re.findall(r"^(\d+) tests collected in ", ours.stdout, re.MULTILINE)
    done = ansible_test.units("--collect-only")
    assert done.returncode == 0 and re.search(rf"= {number} tests collected in ", done.stdout), end_of(done)


def test_units_that_depend_on_where_they_run_pass(ansible_test, soak):
    """Those of what depends on where they run; all of them in a soak, since each of them runs in a process of its own there."""
    chosen = {path.stem for path in (TESTS / "unit").glob("test_*.py")} if soak else SOME
    done = ansible_test.units("--num-workers", "2", *(f"tests/unit/{name}.py" for name in sorted(chosen)))
    assert done.returncode == 0, end_of(done)
    [file] = (ansible_test.copy / "tests" / "output" / "junit").glob("*-units.xml")
    ran = {case.get("classname").rpartition(".")[2] for case in ElementTree.parse(file).iter("testcase") if case.find("skipped") is None}
    assert ran == chosen


@pytest.mark.parametrize("kind", ["unit", "integration"])
def test_what_the_plugins_import_is_installed_for_the_tests_in_the_versions_that_users_have(kind):
    needed = names(TESTS.parent / "requirements.txt")
    assert needed <= names(TESTS / kind / "requirements.txt")
    assert (TESTS / kind / "constraints.txt").resolve() == TESTS.parent / "requirements.txt"


def names(file):
    """The distributions that a file of requirements names."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return {re.split(r"[\[<>=]", line)[0] for line in lines if line and not line.startswith("#")}
