# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make release`: release the version that galaxy.yml names: its changelog, its archive, what checks that, a commit and a tag. It pushes nothing.

It refuses where something is not committed, where the version was released before, and where docs/quality.json does not say that all tests passed on all
supported versions with the plugins as they are.
"""

from __future__ import annotations

import json
import subprocess
import sys
import typing as t
from pathlib import Path

import yaml

from make_venv import ROOT
from quality import COVERED, ENVIRONMENTS, KILLED
from report import run_main

TESTED = ("plugins", "playbooks", "roles", "meta", "extensions", "requirements.txt", "bindep.txt", "execution-environment.yml", "galaxy.yml")
"""What a user runs. It must be as it was tested; what else is committed since then is in the hands of `make test`."""
GATES = ("tests/gates/test_gates.py::test_the_collection_can_be_built_and_installed",)
GATES += ("tests/gates/test_galaxy.py", "tests/gates/test_supported_versions.py", "tests/gates/test_execution_environment.py")


UNDO, UNDO_COMMIT = "git restore --staged --worktree .", "git reset --hard HEAD~1"


class Refused(Exception):
    """Why it cannot be released; a sentence."""


def main() -> int:
    """Release it; 1 and a sentence where it cannot be."""
    try:
        version = ready(ROOT)
        write_changelog(ROOT, version)
        check(ROOT)
        archive = finish(ROOT, version)
    except Refused as refused:
        print(f"release: {refused}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        undo = f"{UNDO}, or, once it is committed, {UNDO_COMMIT}, and git tag -d, once it is tagged"
        print(f"release: Interrupted. What it left: git status, git log; to undo it: {undo}", file=sys.stderr)
        return 1
    print(f"{version} is released here: {archive.name} and the tag {version}. To publish it: git push origin main {version}, then upload the archive.")
    return 0


def ready(root: Path) -> str:
    """Return the version that can be released. Raises Refused."""
    version = str(yaml.safe_load((root / "galaxy.yml").read_text(encoding="utf-8"))["version"])
    if git(root, "status", "--porcelain"):
        raise Refused("Something is not committed: git status.")
    if git(root, "branch", "--show-current") != "main":
        raise Refused("This is not the branch main, which a release is of.")
    tagged = git(root, "tag", "--list", version)
    if tagged or version in released(root):
        untagged = "" if tagged else f" It is not tagged here: git fetch --tags, or, where the release was interrupted, git tag -a {version}."
        raise Refused(f"{version} was released before. Raise the version in galaxy.yml.{untagged}")
    if not [file for ending in ("yml", "yaml") for file in (root / "changelogs" / "fragments").glob(f"*.{ending}")]:
        raise Refused("changelogs/fragments is empty, so nothing has changed.")
    git(root, "var", "GIT_COMMITTER_IDENT")
    file = root / "docs" / "quality.json"
    figures = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    for name in ENVIRONMENTS:
        run = figures.get(name)
        if run is None or not run["passed"]:
            raise Refused(f"Not all tests have passed in the environment {name}: make release-check ARGS={name}")
        tested = run["commit"].removesuffix("+")
        if run["commit"] != tested or not is_here(root, tested) or git(root, "diff", "--name-only", tested, "--", *TESTED):
            raise Refused(f"What was tested in the environment {name} is not what is here: make release-check ARGS={name}")
    covered = figures["current"]["coverage"]["percent"]
    if covered < COVERED:
        raise Refused(f"The tests run {covered} % of the plugins, and must run {COVERED} %.")
    mutation = figures.get("mutation")
    if mutation is None or mutation["killed"] / mutation["mutants"] * 100 < KILLED:
        raise Refused(f"The unit tests must notice {KILLED} % of the mutants: make mutation")
    return version


def released(root: Path) -> t.Collection[str]:
    """Return the versions in the changelog."""
    file = root / "changelogs" / "changelog.yaml"
    return yaml.safe_load(file.read_text(encoding="utf-8"))["releases"] if file.exists() else ()


def write_changelog(root: Path, version: str) -> None:
    """Turn the fragments into the changelog of this version. Raises Refused."""
    run(root, "antsibull-changelog", "release", "--version", version, "--reload-plugins")


def check(root: Path) -> None:
    """Build an archive and try it. Raises Refused."""
    run(root, sys.executable, "-m", "pytest", "-q", *GATES)


def finish(root: Path, version: str) -> Path:
    """Commit and tag it, and build its archive, whose path it returns. Raises Refused."""
    run(root, "git", "add", "--all", "CHANGELOG.md", "changelogs")
    run(root, "git", "commit", "--quiet", "-m", f"Release {version}")
    run(root, "git", "tag", "-a", version, "-m", f"nodeflow.orchestrator {version}", undo=UNDO_COMMIT)
    run(root, "ansible-galaxy", "collection", "build", "--force", undo=f"git tag -d {version}; {UNDO_COMMIT}")
    return root / f"nodeflow-orchestrator-{version}.tar.gz"


def is_here(root: Path, revision: str) -> bool:
    """Return whether the repository has that commit: a clone may be shallow, and history may have been rewritten since."""
    return subprocess.run(["git", "cat-file", "-e", f"{revision}^{{commit}}"], cwd=root, capture_output=True, check=False).returncode == 0


def git(root: Path, *arguments: str) -> str:
    """Return what git says."""
    return subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, text=True).stdout.strip()


def run(root: Path, *command: str, undo: str = UNDO) -> None:
    """Run a command, which shows what it does. Raises Refused where it fails, with what undoes what was done before it."""
    if subprocess.run(command, cwd=root, stdin=subprocess.DEVNULL, check=False).returncode:
        raise Refused(f"{' '.join(command[:3])} failed, as said above. What it left: git status; to undo it: {undo}")


if __name__ == "__main__":
    run_main("release", main)
