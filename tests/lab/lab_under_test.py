# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's commands as a user would give them, and a lab that the tests own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

LAB = Path(__file__).resolve().parents[2] / "lab"
NAME = "selftest"


def run_lab(*arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(LAB / "lab.py"), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=580,
        env={**os.environ, **(environment or {})},
    )


class Lab:
    """The lab that these tests own."""

    def __call__(self, *arguments: str) -> str:
        done = run_lab(*arguments, "--name", NAME)
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    @property
    def facts(self) -> dict[str, Any]:
        done = run_lab("env", "--json", "--name", NAME)
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    @property
    def settings(self) -> dict[str, Any]:
        return dict(json.loads((Path(self.facts["log"]).parent / "lab.json").read_text(encoding="utf-8")))

    def api(self, path: str, token: str, method: str = "GET", data: dict[str, Any] | None = None) -> tuple[int, Any]:
        kind = "Bearer" if token.startswith("nbt_") else "Token"
        request = urllib.request.Request(
            f"{self.facts['url']}/api/{path}",
            method=method,
            data=json.dumps(data).encode() if data else None,
            headers={"Authorization": f"{kind} {token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as exc:
            return exc.code, None
