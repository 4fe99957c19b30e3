# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Ansible's own tools say: for the collection's users, who expect what they know from other collections, and for its next author."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from ansible_test_run import AnsibleTest

from checkout import checkout_files
from places import cache_dir, private_dir

ROOT = Path(__file__).resolve().parents[2]
NO_FILES = "skipped: No tests applicable."
# ansible-test says the same of these where their program is missing, which is well as long as they have no files.
NEED_A_PROGRAM = {"shellcheck": (".sh",), "pslint": (".ps1", ".psm1", ".psd1")}
RUN_BY_DEFAULT = {
    "action-plugin-docs", "ansible-doc", "changelog", "compile", "import", "line-endings", "no-assert", "no-illegal-filenames", "no-smart-quotes",
    "pep8", "pylint", "runtime-metadata", "shebang", "symlinks", "validate-modules", "yamllint",
}  # fmt: skip
UNGUARDED = "from __future__ import annotations\n\nimport sqlalchemy as sqlalchemy\n"
WITH_EXAMPLE = {"ANSIBLE_COLLECTIONS_PATH": f"{os.environ['ANSIBLE_COLLECTIONS_PATH']}:{ROOT / 'examples'}"}


@pytest.fixture
def ansible_test(tmp_path):
    return AnsibleTest(private_dir(cache_dir() / "ansible-test"), tmp_path)


def run(*command, directory=ROOT, **environment):
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.run(command, cwd=directory, env=os.environ | environment, text=True, check=False, **streams)


def test_ansible_test_sanity_finds_nothing(ansible_test):
    done = ansible_test.sanity()
    complaints = [line for line in done.stdout.splitlines() if line.startswith(("ERROR", "FATAL", "WARNING: Skip", "See documentation"))]
    assert done.returncode == 0, "\n".join(complaints or done.stdout.splitlines()[-30:])
    results = ansible_test.results()
    passed = {name for name, outcome in results.items() if outcome == "passed"}
    assert passed >= RUN_BY_DEFAULT
    assert {name: outcome for name, outcome in results.items() if outcome not in ("passed", NO_FILES)} == {}
    for name, endings in NEED_A_PROGRAM.items():
        assert name in passed or not [file for file in checkout_files() if file.endswith(endings)], name


def test_ansible_test_sanity_notices_a_library_that_is_not_guarded(ansible_test):
    (ansible_test.copy / "plugins" / "module_utils" / "_unguarded.py").write_text(UNGUARDED, encoding="utf-8")
    done = ansible_test.sanity("--test", "import", "plugins/module_utils/_unguarded.py")
    assert done.returncode != 0
    assert "_unguarded.py:3" in done.stdout
    assert ansible_test.results() == {"import": "failed"}


def test_nothing_is_exempt_from_ansible_test():
    assert [file for file in checkout_files() if file.startswith("tests/sanity/")] == []


def test_ruff_finds_nothing():
    done = run("ruff", "check", "--no-cache")
    assert done.returncode == 0, done.stdout


def test_mypy_finds_nothing():
    done = run("mypy", "--no-incremental")
    assert done.returncode == 0, done.stdout
    assert "no issues found" in done.stdout


def test_ansible_lint_finds_nothing_in_the_example():
    place = ROOT / "examples" / "ansible_collections" / "acme" / "circuits"
    done = run("ansible-lint", "--nocolor", "--strict", "-c", str(ROOT / ".ansible-lint"), directory=place, **WITH_EXAMPLE)
    assert done.returncode == 0, done.stdout
    assert "production" in done.stdout


def test_ansible_lint_finds_nothing_in_the_scenario_of_the_example(tmp_path):
    """Which is left out where the whole is linted, since the example is not found then."""
    shutil.copytree(ROOT / "extensions" / "molecule", tmp_path / "molecule")
    done = run("ansible-lint", "--nocolor", "--strict", "--profile", "production", "-c", os.devnull, "molecule/circuits", directory=tmp_path, **WITH_EXAMPLE)
    assert done.returncode == 0, done.stdout
    assert "production" in done.stdout and " 0 files processed" not in done.stdout


def test_changelog_fragments_are_well_formed():
    done = run("antsibull-changelog", "lint")
    assert done.returncode == 0, done.stdout


def test_the_documentation_of_the_plugins_is_well_formed():
    done = run("antsibull-docs", "lint-collection-docs", "--plugin-docs", str(ROOT))
    assert done.returncode == 0, done.stdout


def test_every_file_has_a_license():
    done = run("reuse", "lint")
    assert done.returncode == 0, done.stdout


def test_the_collection_can_be_built_and_installed(tmp_path):
    assert run("ansible-galaxy", "collection", "build", "--output-path", str(tmp_path)).returncode == 0
    [archive] = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as content:
        members = content.getmembers()
    names = [member.name for member in members]
    assert {"README.md", "COPYING", "meta/runtime.yml", "playbooks/create_node.yml", "requirements.txt", "execution-environment.yml"} <= set(names)
    assert {name.partition("/")[0] for name in names if "/" in name} == {
        "LICENSES", "changelogs", "docs", "meta", "playbooks", "plugins", "roles",
    }  # fmt: skip
    left_out = ("lab/", "tests/", "scripts/", "examples/", "docs/images", "docs/performance.json", "changelogs/fragments", ".")
    assert [name for name in names if name.startswith(left_out) or "__pycache__" in name] == [".ansible-lint"]
    tracked = set(checkout_files())
    files = {member.name for member in members if member.isfile()} - {"FILES.json", "MANIFEST.json"}
    assert files - tracked == set(), "a file that nobody committed"
    shipped = {name for name in tracked if name.startswith(("plugins/", "playbooks/", "roles/", "meta/"))}
    assert shipped - set(names) == set(), "a file of the collection that the manifest does not name"
    assert archive.stat().st_size < 500_000
    done = run("ansible-galaxy", "collection", "install", "--offline", "-p", str(tmp_path / "installed"), str(archive), directory=tmp_path)
    assert done.returncode == 0, done.stdout
