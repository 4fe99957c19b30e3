# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is measured: each subject takes devices that are planned, and leaves them active in NetBox."""

from __future__ import annotations

import abc
import json
import os
import pathlib
import resource
import subprocess
import sys
import threading
import time
import typing as t
import uuid

import requests

from bench_lab import ROOT, BenchLab, Store

__all__ = ["Asserts", "Floor", "Listing", "Measured", "NetboxCollection", "Ours", "Pynetbox", "Subject", "Validate"]

FIELDS = "id,name,status,site,role,platform,primary_ip4,primary_ip6,last_updated"

PEERS = ROOT / ".venv-peers"
"""Where `make_venv.py peers` puts the ``ansible`` package and pynetbox."""


class Measured(t.NamedTuple):
    """Wall time in seconds; CPU time of the processes that were started; their memory at the highest, in bytes. None where it was not measured."""

    seconds: float
    cpu: float | None = None
    memory: int | None = None


class Subject(abc.ABC):
    """Something that makes planned devices active."""

    name: str

    @abc.abstractmethod
    def run(self, devices: list[int]) -> Measured:
        """Do it."""


class Floor(Subject):
    """NetBox's own time: a bare script that lists the devices and writes them in bulk; with ``claim``, staged first."""

    def __init__(self, lab: BenchLab, claim: str, batch: int) -> None:
        self.name = f"floor, claim: {claim}"
        self.writes = ["staged", "active"] if claim == "netbox" else ["active"]
        self.batch = batch
        self._endpoint = lab.url + "/api/dcim/devices/"
        self._session = requests.Session()
        self._session.headers["Authorization"] = ("Bearer " if lab.token.startswith("nbt_") else "Token ") + lab.token

    def run(self, devices: list[int]) -> Measured:
        """One listing, and one bulk write for each status."""
        began = time.perf_counter()
        found: list[dict[str, t.Any]] = []
        for some in parts(devices, 200):
            found += self._sent("GET", params={"id": some, "limit": 1000, "fields": FIELDS})["results"]
        assert len(found) == len(devices)
        for status in self.writes:
            for some in parts(devices, self.batch):
                self._sent("PATCH", json=[{"id": device, "status": status, "changelog_message": "floor"} for device in some])
        return Measured(time.perf_counter() - began)

    def _sent(self, method: str, **what: t.Any) -> t.Any:
        answer = self._session.request(method, self._endpoint, timeout=600, **what)
        answer.raise_for_status()
        return answer.json()


class Ours(Subject):
    """The playbook create_node, with a new store each time, or the one given."""

    def __init__(  # pylint: disable=too-many-arguments
        self, lab: BenchLab, store: str = "sqlite", claim: str = "store", *, ordinary: bool = False, held: Store | None = None, watched: bool = False
    ) -> None:
        self.name = f"ours, {store}, claim: {claim}" + (", ordinary modules" if ordinary else "")
        self._lab, self._kind, self._claim, self._ordinary, self._held, self._watched = lab, store, claim, ordinary, held, watched
        self.last_output = ""
        self.last_steps: dict[str, float] = {}

    def run(self, devices: list[int]) -> Measured:
        """Enrol them."""
        store = self._held or self._lab.store(self._kind)
        variables: dict[str, t.Any] = {"nodes": devices, "claim": self._claim, "confirm_config": True}
        playbook = "nodeflow.orchestrator.create_node"
        if self._ordinary:
            playbook = str(self._lab.directory / "ordinary.yml")
            text = (ROOT / "playbooks" / "create_node.yml").read_text(encoding="utf-8")
            text = text.replace("vars_files: ", f"vars_files: {ROOT / 'playbooks'}/")
            # A task with an environment of its own is one for another process.
            pathlib.Path(playbook).write_text(
                text.replace("  gather_facts: false\n", "  gather_facts: false\n  environment: {BENCH: here}\n"), "utf-8"
            )
            variables["ansible_python_interpreter"] = sys.executable
        file = self._lab.directory / f"variables-{uuid.uuid4().hex}.json"
        file.write_text(json.dumps(variables), encoding="utf-8")
        command = ["ansible-playbook", playbook, "-e", "@" + str(file)]
        environment = {"NETBOX_URL": self._lab.url, "NETBOX_TOKEN": self._lab.token, "NODEFLOW_STORE": store.location}
        measured, lines = played(command, environment, self._lab.directory, watched=self._watched)
        self.last_output, self.last_steps = "".join(text for _moment, text in lines), steps(lines, measured.seconds)
        if self._held is None and hasattr(store, "drop"):
            store.drop()
        return measured


class Asserts(Subject):
    """An empty playbook of as many tasks as create_node has: what Ansible itself costs."""

    def __init__(self, lab: BenchLab, tasks: int) -> None:
        self.name = f"{tasks} assert tasks"
        self._directory = lab.directory
        self._playbook = lab.directory / "asserts.yml"
        lines = ["- hosts: localhost", "  connection: local", "  gather_facts: false", "  tasks:"]
        for number in range(tasks):
            lines += [f"    - name: Assert {number}", "      ansible.builtin.assert:", "        that: true", "        quiet: true"]
        self._playbook.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def run(self, devices: list[int]) -> Measured:
        """Nothing happens to the devices."""
        return played(["ansible-playbook", str(self._playbook)], {}, self._directory)[0]


class Listing(Subject):
    """NetBox's own time for a listing of all active devices: as it gives them to anybody, or with an enrolment's ``fields`` alone."""

    def __init__(self, lab: BenchLab, fields: str | None = None) -> None:
        self.name = "a listing of few fields" if fields else "a bare listing"
        self._floor = Floor(lab, "store", 100)
        self._fields = {"fields": fields} if fields else {}

    def run(self, devices: list[int]) -> Measured:
        """Page by page."""
        began = time.perf_counter()
        found = 0
        while True:
            page = self._floor._sent(  # pylint: disable=protected-access
                "GET", params={"status": "active", "limit": 1000, "offset": found} | self._fields
            )
            found += len(page["results"])
            if not page["next"]:
                assert found >= len(devices)
                return Measured(time.perf_counter() - began)


class Validate(Subject):
    """The playbook validate_node over a store whose nodes are as they should be."""

    name = "validate_node"

    def __init__(self, lab: BenchLab, store: Store) -> None:
        self._lab, self._store = lab, store

    def run(self, devices: list[int]) -> Measured:
        """All of them; the lab has active devices of its own, which are found."""
        environment = {"NETBOX_URL": self._lab.url, "NETBOX_TOKEN": self._lab.token, "NODEFLOW_STORE": self._store.location}
        command = ["ansible-playbook", "nodeflow.orchestrator.validate_node", "-e", "fail_on_findings=false"]
        measured, lines = played(command, environment, self._lab.directory)
        assert any(f"{len(devices)} subscriptions compared" in text for _moment, text in lines)
        return measured


class NetboxCollection(Subject):
    """netbox.netbox, as it is used: netbox_device in a loop, setting the status."""

    name = "netbox.netbox"

    def __init__(self, lab: BenchLab) -> None:
        self._lab = lab
        self._names = {device["id"]: device["name"] for device in _all_devices(lab)}

    def run(self, devices: list[int]) -> Measured:
        """A task, an item a device."""
        task = {
            "name": "Set the status",
            "netbox.netbox.netbox_device": {
                "netbox_url": self._lab.url,
                "netbox_token": self._lab.token,
                "data": {"name": "{{ item }}", "status": "active"},
            },
            "loop": [self._names[device] for device in devices],
        }
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [task]}
        file = self._lab.directory / "netbox_netbox.yml"
        file.write_text(json.dumps([play | {"vars": {"ansible_python_interpreter": str(PEERS / "bin" / "python")}}]), encoding="utf-8")
        # Its own collections, not ours.
        return played([str(PEERS / "bin" / "ansible-playbook"), str(file)], {"ANSIBLE_COLLECTIONS_PATH": "/nonexistent"}, self._lab.directory)[0]


class Pynetbox(Subject):
    """A plain script with pynetbox, an object at a time."""

    name = "pynetbox"

    def __init__(self, lab: BenchLab) -> None:
        self._lab = lab

    def run(self, devices: list[int]) -> Measured:
        """Get, set, save."""
        file = self._lab.directory / "pynetbox_script.py"
        lines = ["import json, os, sys, pynetbox", "api = pynetbox.api(os.environ['NETBOX_URL'], token=os.environ['NETBOX_TOKEN'])"]
        lines += ["for one in json.load(sys.stdin):", "    device = api.dcim.devices.get(one)", "    device.status = 'active'", "    device.save()"]
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        environment = {"NETBOX_URL": self._lab.url, "NETBOX_TOKEN": self._lab.token}
        return played([str(PEERS / "bin" / "python"), str(file)], environment, self._lab.directory, json.dumps(devices))[0]


def parts(items: list[int], size: int) -> t.Iterator[list[int]]:
    """``items``, at most ``size`` at a time."""
    return (items[start : start + size] for start in range(0, len(items), size))


def steps(lines: list[tuple[float, str]], seconds: float) -> dict[str, float]:
    """The seconds of each task of a play, of what came before the first, and of what came after the last."""
    marks = [(0.0, "start")]
    marks += [(moment, text.partition("[")[2].partition("]")[0].rpartition(" : ")[2]) for moment, text in lines if text.startswith("TASK [")]
    marks += [(moment, "end") for moment, text in lines if text.startswith("PLAY RECAP")] + [(seconds, "")]
    return {name: after - moment for (moment, name), (after, _next) in zip(marks, marks[1:])}


def played(
    command: list[str], environment: dict[str, str], directory: pathlib.Path, given: str = "", watched: bool = False
) -> tuple[Measured, list[tuple[float, str]]]:
    """What a command took, and the lines that it printed, each with its moment. Ends the benchmark if it fails.

    Its memory is ``watched`` where it is asked for, since to look slows it down.
    """
    quiet = {"ANSIBLE_LOCALHOST_WARNING": "false", "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    with subprocess.Popen(
        command,
        env=os.environ | quiet | environment,
        cwd=directory,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        watch = _Memory(process.pid) if watched else None
        process.stdin.write(given)
        process.stdin.close()
        output = [(time.perf_counter() - began, line) for line in process.stdout]
        process.wait()
        seconds = time.perf_counter() - began
        memory = watch.stop() if watch else None
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{''.join(line for _moment, line in output)[-4000:]}")
    return Measured(seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, memory), output


class _Memory:
    """The memory of a session of processes at its highest: the sum of their proportional set sizes (PSS), looked at five times a second."""

    def __init__(self, session: int) -> None:
        self._session, self._highest, self._over = session, 0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        """Bytes."""
        self._over.set()
        self._thread.join()
        return self._highest

    def _watch(self) -> None:
        while not self._over.wait(0.2):
            self._highest = max(self._highest, sum(_pss(pid) for pid in os.listdir("/proc") if pid.isdigit() and self._ours(pid)))

    def _ours(self, pid: str) -> bool:
        try:
            return os.getsid(int(pid)) == self._session
        except OSError:
            return False


def _pss(pid: str) -> int:
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            return next((int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:")), 0)
    except OSError:
        return 0


def _all_devices(lab: BenchLab) -> list[dict[str, t.Any]]:
    floor = Floor(lab, "store", 100)
    found = []
    for some in parts(lab.devices, 200):
        found += floor._sent("GET", params={"id": some, "limit": 1000, "fields": "id,name"})["results"]  # pylint: disable=protected-access
    return found
