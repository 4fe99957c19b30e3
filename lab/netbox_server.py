# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""NetBox under gunicorn: its configuration, its process, and whether it answers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any

import processes
from places import HERE, private_dir, write_private
from report import LabError, last_lines

INSIDE = HERE / "inside"
DATABASE = "netbox"
WORKERS = 2
PATIENCE = 120  # seconds for NetBox to come up, on a busy machine

CONFIGURATION = """\
# Written by the lab; changed here, it is written again.
import os

ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
SECRET_KEY = {secret_key!r}
API_TOKEN_PEPPERS = {{1: {pepper!r}}}
BASE_PATH = {base_path!r}
DATABASES = {{
    "default": {{
        "NAME": os.environ.get("NODEFLOW_LAB_DATABASE", {database!r}),
        "USER": {user!r},
        "PASSWORD": {password!r},
        "HOST": "127.0.0.1",
        "PORT": {postgres_port},
        "CONN_MAX_AGE": 300,
        "CONN_HEALTH_CHECKS": True,  # a reset replaces the database under the running server
    }}
}}
_REDIS = {{"HOST": "127.0.0.1", "PORT": {redis_port}, "PASSWORD": {redis_password!r}}}
REDIS = {{"tasks": {{**_REDIS, "DATABASE": 0}}, "caching": {{**_REDIS, "DATABASE": 1}}}}

# The lab talks to nobody but this machine.
CENSUS_REPORTING_ENABLED = False
RELEASE_CHECK_URL = None
ISOLATED_DEPLOYMENT = True
METRICS_ENABLED = False
DEBUG = False
"""

GUNICORN = """\
# Written by the lab; changed here, it is written again.
bind = "127.0.0.1:{port}"
workers = {workers}
threads = 4
worker_class = "gthread"
preload_app = True
keepalive = 75
timeout = 120
graceful_timeout = 1
pythonpath = {inside!r}
control_socket_disable = True
errorlog = "-"
accesslog = {access_log!r}
access_log_format = '%(t)s "%(r)s" %(s)s %(b)s %(D)sus "%(a)s"'
"""


class Server:
    """The NetBox of one instance; gunicorn's configuration file is how its process is known."""

    def __init__(self, instance: Path, settings: dict[str, Any]) -> None:
        self.root = instance / "netbox"
        self.config = self.root / "gunicorn.conf.py"
        self.log = instance / "netbox.log"
        self.access_log = instance / "access.log"
        self.settings = settings
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        path = self.settings["base_path"]
        return f"http://127.0.0.1:{self.settings.get('http_port')}" + (f"/{path}" if path else "")

    def configure(self) -> bool:
        """Write the configuration of NetBox and gunicorn. Tells whether that changed either."""
        private_dir(self.root)
        conf = private_dir(self.root / "conf")
        for name in ("media", "reports", "scripts"):
            private_dir(self.root / name)
        changed = [
            write_private(conf / "__init__.py", ""),
            write_private(conf / "configuration.py", CONFIGURATION.format(
                secret_key=self.settings["secret_key"], pepper=self.settings["pepper"],
                base_path=f"{self.settings['base_path']}/" if self.settings["base_path"] else "",
                database=DATABASE, user=self.settings["postgres_user"], password=self.settings["postgres_password"],
                postgres_port=self.settings["postgres_port"],
                redis_port=self.settings["redis_port"], redis_password=self.settings["redis_password"])),
            write_private(self.config, GUNICORN.format(
                port=self.settings.get("http_port") or 0, workers=self.settings.get("workers", WORKERS), inside=str(INSIDE),
                access_log=str(self.access_log))),
        ]
        return any(changed)

    def environment(self, database: str = DATABASE) -> dict[str, str]:
        """For a process that runs NetBox's code."""
        foreign = ("PYTHON", "DJANGO_", "NETBOX_", "PG", "VIRTUAL_ENV", "GUNICORN_", "WEB_CONCURRENCY")
        clean = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        return {**clean, "NETBOX_ROOT": str(self.root), "NODEFLOW_LAB_DATABASE": database, "DJANGO_SETTINGS_MODULE": "netbox.settings",
                "PYTHONWARNINGS": "ignore", "PYTHONUNBUFFERED": "1"}

    def run_inside(self, python: Path, script: str, orders: dict[str, Any]) -> dict[str, Any]:
        """Run a script of `inside/` in NetBox's Python: orders go in as JSON, the answer comes back as JSON."""
        done = subprocess.run([str(python), str(INSIDE / script)], input=json.dumps(orders), capture_output=True, text=True, check=False, cwd="/",
                              env=self.environment(orders.get("database", DATABASE)))
        lines = done.stdout.strip().splitlines()
        if done.returncode or not lines:
            (self.root / "inside.log").write_text(done.stdout + done.stderr, encoding="utf-8")
            raise LabError(f"{script} failed in NetBox: {last_lines(done.stderr, 1)} (log: {self.root / 'inside.log'})")
        return dict(json.loads(lines[-1]))

    def running(self) -> bool:
        return bool(processes.find("gunicorn", self.config))

    def launch(self, python: Path) -> None:
        """Start loading NetBox, which takes ten seconds of a core and no database."""
        self.stop()
        self.settings["http_port"] = processes.free_port(self.settings.get("http_port"))
        self.configure()
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([str(python), "-m", "gunicorn", "-c", str(self.config), "lab_wsgi:application"], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, env=self.environment(), cwd=self.root, start_new_session=True)

    def wait(self, python: Path) -> None:
        """Wait until what was launched answers; once more on another port if somebody took ours meanwhile."""
        for dummy in range(3):
            if self._came_up():
                return
            self.stop()
            if processes.port_is_free(self.settings["http_port"]):
                break
            self.launch(python)
        raise LabError(f"NetBox does not come up: {last_lines(self.log.read_text(encoding='utf-8', errors='replace'), 3)} (log: {self.log})")

    def stop(self) -> bool:
        return processes.stop("gunicorn", self.config, ask=signal.SIGINT, patience=3)

    def _came_up(self) -> bool:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and (self.process is None or self.process.poll() is None):
            if not processes.port_is_free(self.settings["http_port"]) and self.version(timeout=30):
                return True
            time.sleep(0.1)
        return False

    def version(self, timeout: float = 15) -> str | None:
        """Return the version that NetBox reports to the administrator's token; None when it does not answer as it should."""
        request = urllib.request.Request(f"{self.url}/api/status/", headers={"Authorization": f"Bearer {self.settings['tokens']['admin']}"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=timeout) as response:
                return str(json.load(response)["netbox-version"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
