# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run ansible-test on a copy of the checkout, in a home of its own, which keeps its virtual environments between runs.

ansible-test wants the collection at .../ansible_collections/nodeflow/orchestrator. To fill its virtual environments it downloads
pip's bootstrap script, from a host that many a company network blocks; so it finds one here that has this Python's pip do it.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import ansible_test

from checkout import copy_checkout
from places import locked

BOOTSTRAP = """\
import subprocess
import sys

wanted = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
sys.exit(subprocess.call([{python!r}, "-m", "pip", "--python", sys.executable, "install", *wanted]))
"""


class AnsibleTest:
    """ansible-test for this Python's version, on this machine, without containers."""

    def __init__(self, home: Path, directory: Path) -> None:
        self.home = home
        self.copy = directory / "ansible_collections" / "nodeflow" / "orchestrator"
        copy_checkout(self.copy)

    def sanity(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run sanity tests: all that ansible-test runs by default, or those named."""
        return self._run("sanity", "--local", "--junit", *arguments)

    def units(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the unit tests, or those named, in a virtual environment that has what tests/unit/requirements.txt asks for."""
        return self._run("units", "--venv", *arguments)

    def integration(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run these targets, in a virtual environment that has what tests/integration/requirements.txt asks for."""
        return self._run("integration", "--venv", *arguments)

    def _run(self, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        program = str(Path(sys.executable).with_name("ansible-test"))
        kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
        with locked(self.home / "lock", "ansible-test"):
            self._prepare_home()
            return subprocess.run(
                [program, command, "--python", version, "--color", "no", *arguments],
                cwd=self.copy,
                env={**kept, "HOME": str(self.home)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )

    def results(self) -> dict[str, str]:
        """What became of each sanity test of the last run: passed, failed, or why it was skipped."""
        found = {}
        for file in (self.copy / "tests" / "output" / "junit").glob("*.xml"):
            for case in ElementTree.parse(file).iter("testcase"):
                skipped = case.find("skipped")
                outcome = "failed" if case.find("failure") is not None or case.find("error") is not None else "passed"
                name = re.sub(r"^ansible-test-sanity-|-python-[0-9.]+$", "", file.stem)
                found[name] = outcome if skipped is None else f"skipped: {skipped.get('message') or skipped.text}"
        return found

    def _prepare_home(self) -> None:
        _take_releases()
        source = Path(ansible_test.__file__).parent / "_internal" / "python_requirements.py"
        version = re.search(r"pip='([0-9.]+)'", source.read_text(encoding="utf-8"))
        assert version, "ansible-test keeps its pip's version elsewhere now; see get_venv_packages"
        bootstrap = self.home / ".ansible" / "test" / "cache" / f"get_pip_{version[1].replace('.', '_')}.py"
        bootstrap.parent.mkdir(parents=True, exist_ok=True)
        bootstrap.write_text(BOOTSTRAP.format(python=sys.executable), encoding="utf-8")
        pip = self.home / ".config" / "pip" / "pip.conf"
        pip.parent.mkdir(parents=True, exist_ok=True)
        pip.write_text(_pip_settings(), encoding="utf-8")


def _take_releases() -> None:
    """Have a linter's library as it was released where ansible-test asks for a commit of its repository: 2.22 does for dill, for Python 3.15 alone."""
    for file in (Path(ansible_test.__file__).parent / "_data" / "requirements").glob("sanity.*.txt"):
        asked = file.read_text(encoding="utf-8")
        released = re.sub(r"(?m)^(\S+) @ https://\S+$", r"\1", asked)
        if released != asked:
            file.write_text(released, encoding="utf-8")


def _pip_settings() -> str:
    """What pip is told here by files or the environment, as a file: ansible-test passes neither on."""
    listed = subprocess.run([sys.executable, "-m", "pip", "config", "list"], check=True, capture_output=True, text=True)
    settings = {}
    for line in listed.stdout.splitlines():
        name, dummy, value = line.partition("=")
        section, dummy, key = name.rpartition(".")
        if section in ("global", "install", ":env:"):
            settings[key] = ast.literal_eval(value).replace("\n", "\n  ")
    return "[global]\n" + "".join(f"{key} = {value}\n" for key, value in settings.items() if key != "config-file")
