# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Take the two pictures of docs/getting_started.md: NetBox's device list of a site, before and after one of its devices is enrolled. The README shows one.

    python3 lab/lab.py up --name shots
    python3 docs/images/screenshots.py --lab shots --site loc1 --node loc1-core
    python3 lab/lab.py down --name shots

Needs a lab in which the device is still planned, ansible-playbook on the PATH with this collection, and chromium. Nothing else: Chromium is
driven over a pipe, with the JSON of its DevTools protocol.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import typing as t

HERE = pathlib.Path(__file__).resolve().parent
WIDTH, HEIGHT = 1280, 800


def main() -> None:
    """Picture, enrolment, picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lab", default="shots", help="name of the lab")
    parser.add_argument("--site", default="loc1", help="slug of the site whose devices are shown")
    parser.add_argument("--node", default="loc1-core", help="name of the device that is enrolled")
    options = parser.parse_args()
    lab = lab_environment(options.lab)
    page = f"{lab['url']}/dcim/devices/?site={options.site}"
    with tempfile.TemporaryDirectory() as directory, Browser(directory + "/profile") as browser:
        log_in(browser, lab)
        take(browser, page, HERE / "devices-before.png")
        enrol(lab, options.node, directory + "/store.db")
        take(browser, page, HERE / "devices-after.png")


def lab_environment(name: str) -> dict[str, t.Any]:
    """Where the lab is, and how to log in."""
    command = [sys.executable, str(HERE.parents[1] / "lab" / "lab.py"), "env", "--name", name, "--json"]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def enrol(lab: dict[str, t.Any], node: str, store: str) -> None:
    """Run create_node for one device, with a store of its own."""
    environment = os.environ | {"NETBOX_URL": lab["url"], "NETBOX_TOKEN": lab["token"], "NODEFLOW_STORE": store}
    command = ["ansible-playbook", "nodeflow.orchestrator.create_node", "-e", "nodes=" + node, "-e", "confirm_config=true"]
    subprocess.run(command, check=True, env=environment)


def log_in(browser: Browser, lab: dict[str, t.Any]) -> None:
    """Fill in NetBox's login form."""
    browser.open(lab["url"] + "/login/")
    fill = "document.querySelector('[name={0}]').value = {1};"
    browser.run(fill.format("username", json.dumps(lab["username"])) + fill.format("password", json.dumps(lab["password"])))
    browser.run("document.querySelector('[name=password]').form.submit()")
    browser.wait("!location.pathname.startsWith('/login')")


def take(browser: Browser, page: str, path: pathlib.Path) -> None:
    """Save a picture of the page."""
    browser.open(page)
    browser.wait("document.querySelectorAll('table.object-list tbody tr').length > 0")
    path.write_bytes(browser.picture())
    print(f"{path}: {path.stat().st_size} bytes")


class Browser:
    """A headless Chromium, driven over a pipe: it reads commands from file descriptor 3 and answers on 4."""

    def __init__(self, profile: str) -> None:
        to_read, self._write = os.pipe()
        self._read, to_write = os.pipe()
        command = [
            "chromium",
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            "--user-data-dir=" + profile,
            f"--window-size={WIDTH},{HEIGHT}",
            "--remote-debugging-pipe",
        ]
        # The shell gives the pipe's ends the numbers that Chromium wants.
        shell = ["sh", "-c", f'exec 3<&{to_read} 4>&{to_write}; exec "$@"', "chromium", *command]
        self._process = subprocess.Popen(shell, pass_fds=(to_read, to_write), stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)
        self._buffer = b""
        self._count = 0
        self._session: str | None = None

    def __enter__(self) -> Browser:
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._call("Emulation.setDeviceMetricsOverride", width=WIDTH, height=HEIGHT, deviceScaleFactor=1, mobile=False)
        return self

    def __exit__(self, *exception: object) -> None:
        self._session = None
        self._call("Browser.close")
        self._process.wait(30)

    def open(self, url: str) -> None:
        """Go to ``url`` and wait until it is loaded."""
        self.run("document.documentElement.dataset.old = 1")
        self._call("Page.navigate", url=url)
        self.wait("!document.documentElement.dataset.old && document.readyState == 'complete'")

    def run(self, script: str) -> t.Any:
        """Return the value of some JavaScript in the page."""
        return self._call("Runtime.evaluate", expression=script, returnByValue=True)["result"].get("value")

    def wait(self, condition: str) -> None:
        """Wait until some JavaScript is true, up to 30 seconds."""
        for _attempt in range(150):
            if self.run(condition):
                return
            time.sleep(0.2)
        raise SystemExit(f"the page did not become: {condition} (at {self.run('location.href')})")

    def picture(self) -> bytes:
        """Return a PNG of the page."""
        return base64.b64decode(self._call("Page.captureScreenshot", format="png")["data"])

    def _call(self, method: str, **params: t.Any) -> dict[str, t.Any]:
        self._count += 1
        message: dict[str, t.Any] = {"id": self._count, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._count:
                if "error" in answer:
                    raise SystemExit(f"{method}: {answer['error']['message']}")
                return answer["result"]

    def _next(self) -> dict[str, t.Any]:
        while b"\0" not in self._buffer:
            data = os.read(self._read, 1 << 16)
            if not data:
                raise SystemExit("chromium ended")
            self._buffer += data
        line, _end, self._buffer = self._buffer.partition(b"\0")
        return json.loads(line)


if __name__ == "__main__":
    main()
