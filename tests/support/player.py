# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-playbook in a clean environment, and what it did."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import re
import subprocess
import typing as t
import uuid

from lab_secrets import LabSecrets
from step_names import step_of
from stores import Store

MEASURED = ("COVERAGE_PROCESS_CONFIG",)
"""By which coverage, where it runs, reaches the processes that a test starts."""


STARTED: list[subprocess.Popen[str]] = []
"""What a test has started, for ``killing.end_runs``."""


@dataclasses.dataclass
class Played:
    """What a playbook did. ``results`` are the tasks' results by step, else by task name; ``recap`` the numbers of the last line."""

    returncode: int
    output: str
    results: dict[str, dict[str, t.Any]]

    @property
    def recap(self) -> dict[str, int]:
        """ok, changed, failed and so on."""
        return {name: int(count) for name, count in re.findall(r"(\w+)=(\d+)", self.output.rpartition("PLAY RECAP")[2])}

    @property
    def message(self) -> str:
        """The message of the task that failed."""
        failed = [line["msg"] for line in self.results.values() if line.get("failed")]
        return failed[-1] if failed else ""

    @property
    def nodes(self) -> list[dict[str, t.Any]]:
        """The rows as the last step left them."""
        return list([result["nodes"] for result in self.results.values() if "nodes" in result][-1])


class Player:
    """Runs ansible-playbook in ``directory`` against the lab, with a store of the test's own. ``prefix`` is a command that starts it."""

    def __init__(self, lab: dict[str, t.Any], directory: pathlib.Path, store: Store) -> None:
        self.directory = directory
        self.lab = lab
        self.store = store
        self.prefix: list[str] = []
        self.secrets = LabSecrets(lab)
        self.environment = {
            "NETBOX_URL": lab["url"],
            "NETBOX_TOKEN": lab["tokens"]["operator"],
            "ANSIBLE_CALLBACK_PLUGINS": str(pathlib.Path(__file__).parent / "callback_plugins"),
            "ANSIBLE_CALLBACKS_ENABLED": "record,moments",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_NOCOLOR": "true",
            "LC_ALL": "C.UTF-8",  # some sentences have what the system says
            "ANSIBLE_ASYNC_DIR": str(directory / "async"),  # the default is sought in two places where HOME is not the login's
        }
        kept = ("PATH", "HOME", "ANSIBLE_COLLECTIONS_PATH", "PYTHONPATH", "VIRTUAL_ENV", "REQUESTS_CA_BUNDLE", *MEASURED)
        self.base = {name: os.environ[name] for name in kept if name in os.environ}

    def full_environment(self, results: pathlib.Path) -> dict[str, str]:
        """The whole environment of a run whose tasks' results go to the file ``results``."""
        full = self.base | self.environment | {"NODEFLOW_STORE": self.store.location, "NODEFLOW_TEST_RESULTS": str(results)}
        return {name: value for name, value in full.items() if value is not None}

    def start(self, playbook: str, *arguments: str, environment: dict[str, str] | None = None, **variables: t.Any) -> subprocess.Popen[str]:
        """Start ansible-playbook in a process group of its own. ``variables`` become extra variables."""
        results = self.directory / f"results-{uuid.uuid4().hex}.jsonl"
        full = self.full_environment(results) | (environment or {})
        extra = ["-e", json.dumps(variables)] if variables else []
        process = subprocess.Popen(
            [*self.prefix, "ansible-playbook", playbook, *extra, *arguments],
            env={name: value for name, value in full.items() if value is not None},
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        process.results_file = results  # type: ignore[attr-defined]
        STARTED.append(process)
        return process

    def finish(self, process: subprocess.Popen[str]) -> Played:
        """Wait for it and read what it did. No secret of the lab may be in its output or in the results that callbacks get."""
        output = process.communicate(timeout=300)[0]
        results: dict[str, dict[str, t.Any]] = {}
        file = process.results_file  # type: ignore[attr-defined]
        recorded = file.read_text(encoding="utf-8") if file.exists() else ""
        self.secrets.check(output, recorded)
        for line in recorded.splitlines():
            entry = json.loads(line)
            results[step_of(entry["task"])] = entry["result"] | ({"failed": True} if entry["status"] == "failed" else {})
        return Played(process.returncode, output, results)

    def __call__(self, playbook: str, *arguments: str, **variables: t.Any) -> Played:
        """Run ansible-playbook to its end."""
        return self.finish(self.start(playbook, *arguments, **variables))

    def create(self, *arguments: str, **variables: t.Any) -> Played:
        """Run create_node."""
        return self("nodeflow.orchestrator.create_node", *arguments, **variables)

    def resume(self, *process_ids: str, **variables: t.Any) -> Played:
        """Run resume."""
        return self("nodeflow.orchestrator.resume", process_ids=",".join(process_ids), **variables)

    def tasks(self, text: str, *arguments: str, **variables: t.Any) -> Played:
        """Run a playbook with these tasks."""
        path = self.directory / f"tasks-{uuid.uuid4().hex[:8]}.yml"
        body = "\n".join("    " + line for line in text.strip("\n").splitlines())
        path.write_text("- hosts: localhost\n  gather_facts: false\n  tasks:\n" + body + "\n", encoding="utf-8")
        return self(str(path), *arguments, **variables)

    def rows(self, query: str) -> list[dict[str, t.Any]]:
        """Ask the store directly."""
        return self.store.rows(query)
