# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Record an enrolment at a terminal, on the demo's NetBox, as a moving picture: docs/images/enrolment.svg.

make demo
.venv/bin/python docs/images/recording.py
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import pexpect

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "lab")]

from environments import Versions, environment  # noqa: E402  # pylint: disable=wrong-import-position

PICTURE = ROOT / "docs" / "images" / "enrolment.svg"
DEVICE = "loc1-access"
COLUMNS, LINES = 110, 34
RENDERER = Versions(((3, 12), (3, 13)), ["termtosvg-ng>=1.4", "setuptools<81"])
LONGEST = 2000
"""Milliseconds that a frame stays at most."""
AT_THE_END = 4000
"""Milliseconds that the last one stays."""


class Recording:
    """What a terminal showed, and when; written in the form asciicast 2."""

    def __init__(self) -> None:
        self.events: list[tuple[float, str, str]] = []
        self._began = time.monotonic()

    def write(self, text: str) -> None:
        """Take note of what is shown now."""
        self.events.append((round(time.monotonic() - self._began, 3), "o", text))

    def flush(self) -> None:
        """Nothing is kept back."""

    def type(self, text: str) -> None:
        """Show a text as somebody types it."""
        for letter in text:
            self.write(letter)
            time.sleep(0.03)

    def save(self, file: pathlib.Path) -> None:
        """Write it."""
        lines = [json.dumps({"version": 2, "width": COLUMNS, "height": LINES}), *map(json.dumps, self.events)]
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    """Enrol the device, answer the question, and make a picture of what was shown."""
    lab = json.loads(subprocess.run([sys.executable, "lab/lab.py", "env", "--json"], cwd=ROOT, check=True, capture_output=True, text=True).stdout)
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        settings = {"NETBOX_URL": lab["url"], "NETBOX_TOKEN": lab["tokens"]["operator"], "NODEFLOW_STORE": str(directory / "store.db")}
        settings |= {"ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".venv" / "collections"), "ANSIBLE_FORCE_COLOR": "true"}
        settings |= {"ANSIBLE_LOCALHOST_WARNING": "false", "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false", "TERM": "xterm-256color"}
        kept = {variable: os.environ[variable] for variable in ("HOME", "LANG") if variable in os.environ}
        environ = kept | settings | {"PATH": f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"}
        recording = Recording()
        recording.write("$ ")
        arguments = ["nodeflow.orchestrator.create_node", "-e", f"nodes={DEVICE}"]
        recording.type(" ".join(["ansible-playbook", *arguments]))
        recording.write("\r\n")
        child = pexpect.spawn("ansible-playbook", arguments, env=environ, encoding="utf-8", timeout=120, dimensions=(LINES, COLUMNS))
        child.logfile_read = recording
        child.expect("anything else suspends: ")
        time.sleep(3)
        for letter in "yes\r":
            child.send(letter)
            time.sleep(0.2)
        child.expect(pexpect.EOF)
        child.close()
        if child.exitstatus:
            sys.exit(f"ansible-playbook ended with {child.exitstatus}")
        recording.write("$ ")
        cast = directory / "enrolment.cast"
        recording.save(cast)
        render = environment("recording", RENDERER) / "termtosvg"
        subprocess.run([str(render), "render", str(cast), str(PICTURE), "-M", str(LONGEST), "-D", str(AT_THE_END)], check=True, stdin=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
