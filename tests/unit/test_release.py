# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is released: for its users, who get what was tested, and for whoever types `make release` too early."""

from __future__ import annotations

import json
import subprocess

import pytest

import quality
import release


@pytest.fixture
def checkout(tmp_path):
    """A repository that can be released."""
    for name, text in {
        "galaxy.yml": "version: 1.0.0\n",
        "changelogs/fragments/one.yml": "bugfixes:\n  - one.\n",
        "plugins/modules/one.py": "",
        "README.md": "",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    for command in (["init", "-q", "-b", "main"], ["config", "user.name", "t"], ["config", "user.email", "t@example.com"]):
        release.git(tmp_path, *command)
    commit(tmp_path)
    as_tested(tmp_path, release.git(tmp_path, "rev-parse", "HEAD"))
    return tmp_path


def as_tested(root, revision, **others):
    run = {"passed": True, "commit": revision, "coverage": {"percent": 95.0}}
    figures = {name: run | others.get(name, {}) for name in release.ENVIRONMENTS} | {"mutation": others.get("mutation", {"killed": 85, "mutants": 100})}
    (root / "docs").mkdir(exist_ok=True)
    (root / "docs" / "quality.json").write_text(json.dumps(figures), encoding="utf-8")
    commit(root)


def commit(root):
    release.git(root, "add", "-A")
    release.git(root, "commit", "-q", "-m", "x")


def test_what_was_tested_can_be_released_though_the_figures_came_after_it(checkout):
    assert release.ready(checkout) == "1.0.0"


def refused(root):
    with pytest.raises(release.Refused) as caught:
        release.ready(root)
    return str(caught.value)


def test_what_is_not_committed_is_not_released(checkout):
    (checkout / "new").touch()
    assert refused(checkout).startswith("Something is not committed")


def test_a_release_is_of_main(checkout):
    release.git(checkout, "switch", "-q", "-c", "other")
    assert refused(checkout).startswith("This is not the branch main")


def test_what_the_tests_run_too_little_of_is_not_released(checkout):
    as_tested(checkout, release.git(checkout, "rev-parse", "HEAD"), current={"coverage": {"percent": 94.99}})
    assert refused(checkout) == "The tests run 94.99 % of the plugins, and must run 95 %."


@pytest.mark.parametrize("mutation", [None, {"killed": 84, "mutants": 100}])
def test_what_the_unit_tests_notice_too_little_of_is_not_released(checkout, mutation):
    as_tested(checkout, release.git(checkout, "rev-parse", "HEAD"), mutation=mutation)
    assert refused(checkout) == "The unit tests must notice 85 % of the mutants: make mutation"


def test_a_version_is_released_once(checkout):
    release.git(checkout, "tag", "1.0.0")
    assert refused(checkout) == "1.0.0 was released before. Raise the version in galaxy.yml."


def test_a_version_of_the_changelog_is_released_once_in_a_clone_without_tags_too(checkout):
    (checkout / "changelogs" / "changelog.yaml").write_text("releases:\n  1.0.0: {}\n", encoding="utf-8")
    commit(checkout)
    assert refused(checkout).startswith("1.0.0 was released before. Raise the version in galaxy.yml. It is not tagged here")


def test_without_a_change_there_is_no_release(checkout):
    (checkout / "changelogs" / "fragments" / "one.yml").unlink()
    commit(checkout)
    assert refused(checkout) == "changelogs/fragments is empty, so nothing has changed."


@pytest.mark.parametrize("environment", release.ENVIRONMENTS)
def test_a_failed_test_in_any_environment_stops_it(checkout, environment):
    as_tested(checkout, release.git(checkout, "rev-parse", "HEAD"), **{environment: {"passed": False}})
    assert refused(checkout) == f"Not all tests have passed in the environment {environment}: make release-check ARGS={environment}"


def test_an_environment_that_was_not_tried_stops_it(checkout):
    (checkout / "docs" / "quality.json").unlink()
    commit(checkout)
    assert refused(checkout).startswith("Not all tests have passed in the environment oldest")


def test_a_change_after_the_tests_stops_it(checkout):
    (checkout / "plugins" / "modules" / "one.py").write_text("x = 1\n", encoding="utf-8")
    commit(checkout)
    assert refused(checkout).startswith("What was tested in the environment oldest is not what is here")


def test_tests_of_a_commit_that_is_not_here_count_for_nothing(checkout):
    as_tested(checkout, "0123456789")
    assert refused(checkout).startswith("What was tested in the environment oldest is not what is here")


def test_the_figures_of_one_environment_do_not_make_a_change_of_the_next(checkout):
    """`make release-check` writes them after each, and goes on."""
    head = release.git(checkout, "rev-parse", "--short=10", "HEAD")
    assert quality.commit(checkout) == head
    for name in ("quality.json", "quality.md"):
        (checkout / "docs" / name).write_text("written", encoding="utf-8")
    release.git(checkout, "add", "docs")
    assert quality.commit(checkout) == head
    (checkout / "README.md").write_text("changed", encoding="utf-8")
    assert quality.commit(checkout) == head + "+"


def test_an_interrupted_release_says_what_undoes_it(checkout, monkeypatch, capsys):
    def interrupted(root):
        raise KeyboardInterrupt

    monkeypatch.setattr(release, "ROOT", checkout)
    monkeypatch.setattr(release, "write_changelog", lambda root, version: None)
    monkeypatch.setattr(release, "check", interrupted)
    assert release.main() == 1
    assert capsys.readouterr().err == (
        "release: Interrupted. What it left: git status, git log; to undo it: git restore --staged --worktree ., or, once it is committed, "
        "git reset --hard HEAD~1, and git tag -d, once it is tagged\n"
    )


def test_tests_of_what_was_not_committed_count_for_nothing(checkout):
    as_tested(checkout, release.git(checkout, "rev-parse", "HEAD") + "+")
    assert refused(checkout).startswith("What was tested in the environment oldest is not what is here")


def test_it_is_committed_tagged_and_built(checkout, monkeypatch):
    ran = []

    def run(root, *command, **_undo):
        if command[0] == "git":
            subprocess.run(command, cwd=root, check=True)
        else:
            ran.append(command)

    monkeypatch.setattr(release, "run", run)
    (checkout / "CHANGELOG.md").write_text("1.0.0", encoding="utf-8")
    assert release.finish(checkout, "1.0.0").name == "nodeflow-orchestrator-1.0.0.tar.gz"
    assert release.git(checkout, "tag", "--list") == "1.0.0" and release.git(checkout, "status", "--porcelain") == ""
    assert release.git(checkout, "log", "-1", "--format=%s") == "Release 1.0.0"
    assert ran == [("ansible-galaxy", "collection", "build", "--force")]
