# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the integration tests stand on: the lab's real NetBox, a reader of its own, and ansible-playbook in a clean environment."""

from __future__ import annotations

import dataclasses
import ipaddress
import itertools
import json
import os
import pathlib
import re
import sqlite3
import subprocess
import sys
import time
import typing as t
import uuid

import pytest
import requests

ROOT = pathlib.Path(__file__).resolve().parents[2]

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def lab() -> dict[str, t.Any]:
    """The lab instance for tests, brought up if it is not."""
    name = os.environ.get("NODEFLOW_LAB_NAME", "test")
    subprocess.run([sys.executable, str(ROOT / "lab" / "lab.py"), "up", "--name", name], check=True, stdin=subprocess.DEVNULL)
    facts = subprocess.run(
        [sys.executable, str(ROOT / "lab" / "lab.py"), "env", "--name", name, "--json"], check=True, capture_output=True, text=True
    )
    return json.loads(facts.stdout)


class Netbox:
    """Reads and writes NetBox with plain requests, independent of the code under test."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = ("Bearer " if token.startswith("nbt_") else "Token ") + token
        self._parts: dict[str, dict[str, t.Any]] = {}

    def call(self, method: str, path: str, data: t.Any = None, **params: t.Any) -> t.Any:
        """One request; the JSON answered."""
        answer = self.session.request(method, "{0}/api/{1}/".format(self.url, path), json=data, params=params, timeout=120)
        assert answer.ok, "{0} {1}: {2} {3}".format(method, path, answer.status_code, answer.text[:500])
        return answer.json() if answer.content else None

    def device(self, device_id: int) -> dict[str, t.Any]:
        """A device as NetBox has it now, less what other devices change in it (its type's ``device_count`` and the like)."""
        return _without_counts(self.call("GET", "dcim/devices/{0}".format(device_id)))

    def status(self, device_id: int) -> str:
        """A device's status."""
        return self.device(device_id)["status"]["value"]

    def set(self, device_id: int, **fields: t.Any) -> dict[str, t.Any]:
        """Change fields of a device, as a person would."""
        return self.call("PATCH", "dcim/devices/{0}".format(device_id), fields)

    def messages(self, device_id: int) -> list[str]:
        """The messages of the change log of a device, oldest first."""
        found = self.call("GET", "core/object-changes", changed_object_type="dcim.device", changed_object_id=device_id, limit=100)["results"]
        return [change["message"] for change in sorted(found, key=lambda change: change["id"])]

    def make(  # pylint: disable=too-many-arguments
        self,
        name: str | None = "",
        site: str = "loc1",
        ipv4: str | None = "/32",
        ipv6: str | None = "/128",
        platform: str = "cisco_ios",
        **fields: t.Any,
    ) -> int:
        """A new planned device. A name of "" and an address that is a mask alone are made up; None leaves out. Answers with its id."""
        number = next(_numbers) + int(time.time() * 10) % 60000
        name = "t{0}-{1}".format(number, uuid.uuid4().hex[:6]) if name == "" else name
        software = self._part("platforms", slug=platform)
        maker = {"manufacturer_id": software["manufacturer"]["id"]} if software["manufacturer"] else {}
        data = {"name": name, "status": "planned", "platform": software["id"], "device_type": self._part("device-types", **maker)["id"]}
        data |= {"site": self._part("sites", slug=site)["id"], "role": self._part("device-roles")["id"]} | fields
        device_id = self.call("POST", "dcim/devices", data)["id"]
        interface = self.call("POST", "dcim/interfaces", {"device": device_id, "name": "Loopback7", "type": "virtual"})["id"]
        made_up = {"primary_ip4": ipaddress.IPv4Address("10.128.0.0") + device_id, "primary_ip6": ipaddress.IPv6Address("2001:db8:7e57::") + device_id}
        given = {"primary_ip4": ipv4, "primary_ip6": ipv6}
        self.address(device_id, interface, **{field: str(made_up[field]) + mask if mask and mask[0] == "/" else mask for field, mask in given.items()})
        return device_id

    def address(self, device_id: int, interface: int | None = None, **given: str | None) -> None:
        """Give a device new primary addresses."""
        interface = interface or self.call("GET", "dcim/interfaces", device_id=device_id, name="Loopback7")["results"][0]["id"]
        primary = {}
        for field, address in given.items():
            if address:
                data = {"address": address, "assigned_object_type": "dcim.interface", "assigned_object_id": interface}
                primary[field] = self.call("POST", "ipam/ip-addresses", data)["id"]
        if primary:
            self.set(device_id, **primary)

    def _part(self, kind: str, **filters: t.Any) -> dict[str, t.Any]:
        key = "{0} {1}".format(kind, filters)
        if key not in self._parts:
            self._parts[key] = self.call("GET", "dcim/" + kind, limit=1, **filters)["results"][0]
        return self._parts[key]


def _without_counts(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        return {name: _without_counts(inner) for name, inner in value.items() if not name.endswith("_count")}
    return value


@pytest.fixture(scope="session")
def netbox(lab: dict[str, t.Any]) -> Netbox:
    """A reader and writer of the lab's NetBox."""
    return Netbox(lab["url"], lab["tokens"]["admin"])


@dataclasses.dataclass
class Played:
    """What a playbook did. ``results`` are the tasks' results by task name; ``recap`` the numbers of the last line."""

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
        return [result["nodes"] for result in self.results.values() if "nodes" in result][-1]


class Player:
    """Runs ansible-playbook against the lab with a store of the test's own."""

    def __init__(self, lab: dict[str, t.Any], directory: pathlib.Path) -> None:
        self.directory = directory
        self.store = directory / "state" / "store.db"
        self.environment = {
            "NETBOX_URL": lab["url"],
            "NETBOX_TOKEN": lab["tokens"]["operator"],
            "NODEFLOW_STORE": str(self.store),
            "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "tests" / "integration" / "callback_plugins"),
            "ANSIBLE_CALLBACKS_ENABLED": "record",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_NOCOLOR": "true",
            "ANSIBLE_ASYNC_DIR": str(directory / "async"),  # the default is sought in two places where HOME is not the login's
        }
        kept = ("PATH", "HOME", "LANG", "ANSIBLE_COLLECTIONS_PATH", "PYTHONPATH", "VIRTUAL_ENV", "LC_ALL", "REQUESTS_CA_BUNDLE")
        self.base = {name: os.environ[name] for name in kept if name in os.environ}

    def start(self, playbook: str, *arguments: str, environment: dict[str, str] | None = None, **variables: t.Any) -> subprocess.Popen[str]:
        """Start ansible-playbook in a process group of its own. ``variables`` become extra variables."""
        results = self.directory / "results-{0}.jsonl".format(uuid.uuid4().hex)
        full = self.base | self.environment | {"NODEFLOW_TEST_RESULTS": str(results)} | (environment or {})
        extra = ["-e", json.dumps(variables)] if variables else []
        process = subprocess.Popen(
            ["ansible-playbook", playbook, *extra, *arguments],
            env={name: value for name, value in full.items() if value is not None},
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        process.results_file = results  # type: ignore[attr-defined]
        return process

    def finish(self, process: subprocess.Popen[str]) -> Played:
        """Wait for it and read what it did."""
        output = process.communicate(timeout=300)[0]
        results: dict[str, dict[str, t.Any]] = {}
        file = process.results_file  # type: ignore[attr-defined]
        for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else []:
            entry = json.loads(line)
            results[entry["task"].rpartition(" : ")[2]] = entry["result"] | ({"failed": True} if entry["status"] == "failed" else {})
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
        path = self.directory / "tasks-{0}.yml".format(uuid.uuid4().hex[:8])
        body = "\n".join("    " + line for line in text.strip("\n").splitlines())
        path.write_text("- hosts: localhost\n  gather_facts: false\n  tasks:\n" + body + "\n", encoding="utf-8")
        return self(str(path), *arguments, **variables)

    def rows(self, query: str) -> list[dict[str, t.Any]]:
        """Ask the SQLite store directly."""
        connection = sqlite3.connect("file:{0}?mode=ro".format(self.store), uri=True)
        connection.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in connection.execute(query)]
        finally:
            connection.close()


@pytest.fixture
def play(lab: dict[str, t.Any], tmp_path: pathlib.Path) -> Player:
    """ansible-playbook against the lab, with an empty store."""
    return Player(lab, tmp_path)
