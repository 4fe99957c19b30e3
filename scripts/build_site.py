# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The docs site: `python3 scripts/build_site.py DIRECTORY` makes it, from the guides in docs/, the modules' own documentation and the messages in the code.

antsibull-docs writes a page for each module and plugin, messages.py the page of all messages, Sphinx makes HTML of these and of the guides. A link that
leads nowhere ends it with an error.
"""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import messages
from make_venv import link_collection
from report import LabError, run_main

ROOT = pathlib.Path(__file__).resolve().parent.parent
REPOSITORY = "https://github.com/nodeflow/orchestrator/blob/main"


def main() -> int:
    """Build it where the argument says."""
    if len(sys.argv) != 2:
        print("usage: build_site.py DIRECTORY", file=sys.stderr)
        return 2
    build(pathlib.Path(sys.argv[1]).resolve())
    return 0


def build(target: pathlib.Path) -> None:
    """Make the site in ``target``, whole or not at all.

    Raises LabError where something else is there, and subprocess.CalledProcessError where a tool ends with an error, which it has printed.
    """
    if target.exists() and any(target.iterdir()) and not (target / ".buildinfo").exists():  # which Sphinx writes
        raise LabError(f"{target} is there, and is no site that was built before")
    with tempfile.TemporaryDirectory() as directory:
        source, built = pathlib.Path(directory, "source"), pathlib.Path(directory, "site")
        source.mkdir()
        gather(source)
        _run("antsibull-docs", "collection", "--use-current", "--dest-dir", str(source), "nodeflow.orchestrator")
        _run(sys.executable, "-m", "sphinx", "-W", "--keep-going", "-n", "-q", "-b", "html", "-d", str(source / ".doctrees"), str(source), str(built))
        if target.exists():
            shutil.rmtree(target)
        shutil.move(built, target)


def gather(source: pathlib.Path) -> None:
    """Put what Sphinx reads into ``source``, but the pages of the modules."""
    shutil.copytree(ROOT / "docs" / "site", source, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "docs" / "images", source / "images", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    guides = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md")}
    guides["contributing.md"] = _as_in_docs((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    guides["troubleshooting.md"] = messages.page()
    for name, text in guides.items():
        (source / name).write_text(_with_links_to_the_repository(text, guides), encoding="utf-8")


def _as_in_docs(text: str) -> str:
    """Return a text of the repository's root, with its links as they would be in docs/."""
    return re.sub(r"\]\((?!docs/|[a-z]+:|#)", "](../", text).replace("](docs/", "](")


def _with_links_to_the_repository(text: str, guides: dict[str, str]) -> str:
    """Return the text of a guide, with the address in the repository of each file that it names and that is no page of the site."""

    def address(found: re.Match[str]) -> str:
        place = found.group(1)
        if re.match(r"[a-z]+:|#|images/.*(png|svg)$", place) or place.partition("#")[0] in guides:
            return found.group()
        path = os.path.normpath(os.path.join("docs", place.partition("#")[0]))
        return f"]({REPOSITORY}/{path})"

    return re.sub(r"\]\(([^)\s]+)\)", address, text)


def _run(*command: str) -> None:
    path = os.pathsep.join([str(pathlib.Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    subprocess.run(command, check=True, env=os.environ | {"ANSIBLE_COLLECTIONS_PATH": str(link_collection()), "PATH": path})


if __name__ == "__main__":
    run_main("build_site", main)
