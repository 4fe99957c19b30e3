# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is measured: each subject takes devices that are planned, and leaves them active in NetBox."""

from __future__ import annotations

import abc
import concurrent.futures
import functools
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
from rounds import Measured
from step_names import step_of

__all__ = ["FIELDS", "TASKS", "Asserts", "Floor", "Inventory", "Listing", "NetboxCollection", "Ours", "Playbook", "Pynetbox", "Subject", "Validate", "played"]

FIELDS = "id,name,status,site,role,platform,primary_ip4,primary_ip6,last_updated"
ADDRESS_FIELDS = "id,address,role,assigned_object_type,assigned_object,nat_inside"
"""What an enrolment asks of devices, and of their addresses."""

PARALLEL = 2
"""Requests that an enrolment has under way at a time, as netbox_parallel is by default."""

TASKS = 10
"""Tasks in create_node."""

PEERS = ROOT / ".venv-peers"
"""Where `make_venv.py peers` puts the ``ansible`` package and pynetbox."""


class Subject(abc.ABC):
    """Something that makes planned devices active."""

    name: str
    enrols = True
    """Whether it leaves its devices active, and no others."""

    @abc.abstractmethod
    def run(self, devices: list[int]) -> Measured:
        """Do it."""


class Floor(Subject):
    """NetBox's own time: a bare script that lists what an enrolment has to read, and writes the devices in bulk; with ``claim: netbox``, staged first.

    As many requests are under way at a time as ours has, each with a connection of its own: on one that is kept, two at a time can end up at the same process
    of NetBox's server, and take twice as long. ``request_ms`` has, for each write of a whole batch since it was made, the milliseconds that it took for a
    device.
    """

    def __init__(self, lab: BenchLab, claim: str, batch: int, parallel: int = PARALLEL, name: str = "") -> None:
        self.name = name or f"floor, claim: {claim}"
        self.writes = ["staged", "active"] if claim == "netbox" else ["active"]
        self.batch, self.parallel = batch, parallel
        self.request_ms: list[float] = []
        self._lab = lab

    def run(self, devices: list[int]) -> Measured:
        """One listing of the devices, one of the interfaces of their addresses, and one bulk write for each status."""
        began = time.perf_counter()
        here = threading.local()
        with concurrent.futures.ThreadPoolExecutor(self.parallel) as pool:

            def each(ask: t.Callable[[Session, list[int]], t.Any], ids: list[int], size: int) -> list[t.Any]:
                def in_this_thread(some: list[int]) -> t.Any:
                    here.session = getattr(here, "session", None) or Session(self._lab)
                    return ask(here.session, some)

                return [one for found in pool.map(in_this_thread, parts(ids, size)) for one in found]

            listed = each(lambda session, some: session.list("dcim/devices", id=some, fields=FIELDS), devices, 290)
            assert len(listed) == len(devices)
            addresses = [device[family]["id"] for device in listed for family in ("primary_ip4", "primary_ip6") if device[family]]
            each(lambda session, some: session.list("ipam/ip-addresses", id=some, fields=ADDRESS_FIELDS), addresses, 290)
            for status in self.writes:
                each(functools.partial(self._write, status), devices, self.batch)
        return Measured(time.perf_counter() - began)

    def _write(self, status: str, session: Session, some: list[int]) -> list[t.Any]:
        began = time.perf_counter()
        changes = [{"id": device, "status": status, "changelog_message": "floor"} for device in some]
        written = session.ask("PATCH", "dcim/devices", json=changes)
        if len(some) == self.batch:
            self.request_ms.append(1000 * (time.perf_counter() - began) / len(some))
        return t.cast("list[t.Any]", written)


class Session:
    """A connection to the lab's NetBox, for one thread."""

    def __init__(self, lab: BenchLab) -> None:
        self._url = lab.url
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Connection"] = "close"
        self._session.headers["Authorization"] = ("Bearer " if lab.token.startswith("nbt_") else "Token ") + lab.token

    def list(self, endpoint: str, **filters: t.Any) -> list[dict[str, t.Any]]:
        """A page of at most 1000."""
        return self.ask("GET", endpoint, params={"limit": 1000, **filters})["results"]

    def ask(self, method: str, endpoint: str, **what: t.Any) -> t.Any:
        """The answer, if it is no error."""
        answer = self._session.request(method, f"{self._url}/api/{endpoint}/", timeout=600, **what)
        answer.raise_for_status()
        return answer.json()


class Ours(Subject):
    """The playbook create_node, with a new store each time, or the one given."""

    def __init__(  # pylint: disable=too-many-arguments
        self,
        lab: BenchLab,
        store: str = "sqlite",
        claim: str = "store",
        *,
        name: str = "",
        ordinary: bool = False,
        held: Store | None = None,
        watched: bool = False,
        settings: t.Mapping[str, t.Any] | None = None,
        environment: t.Mapping[str, str] | None = None,
    ) -> None:
        self.name = name or f"ours, {store}, claim: {claim}" + (", ordinary modules" if ordinary else "")
        self._lab, self._kind, self._claim, self._ordinary, self._held, self._watched = lab, store, claim, ordinary, held, watched
        self._settings, self._environment = dict(settings or {}), dict(environment or {})
        self.last_output = ""
        self.last_marks: list[tuple[float, str]] = []
        self.last_began = 0.0

    def run(self, devices: list[int]) -> Measured:
        """Enrol them."""
        store = self._held or self._lab.store(self._kind)
        variables: dict[str, t.Any] = {"nodes": devices, "claim": self._claim, "confirm_config": True, **self._settings}
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
        environment = {"NETBOX_URL": self._lab.url, "NETBOX_TOKEN": self._lab.token, "NODEFLOW_STORE": store.location, **self._environment}
        self.last_began = time.perf_counter()
        measured, lines = played(command, environment, self._lab.directory, watched=self._watched)
        self.last_output, self.last_marks = "".join(text for _moment, text in lines), marks(lines, measured.seconds)
        if self._held is None and hasattr(store, "drop"):
            store.drop()
        return measured


class Asserts(Subject):
    """An empty playbook of as many tasks as create_node has: what Ansible itself costs."""

    enrols = False

    def __init__(self, lab: BenchLab, tasks: int = TASKS) -> None:
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
        self.enrols = False
        self._session = Session(lab)
        self._fields = {"fields": fields} if fields else {}

    def run(self, devices: list[int]) -> Measured:
        """Page by page."""
        began = time.perf_counter()
        found = 0
        while page := self._session.list("dcim/devices", status="active", offset=found, **self._fields):
            found += len(page)
            if len(page) < 1000:
                break
        assert found >= len(devices)
        return Measured(time.perf_counter() - began)


class Validate(Subject):
    """The playbook validate_node over a store whose nodes are as they should be."""

    name = "validate_node"
    enrols = False

    def __init__(self, lab: BenchLab, store: Store) -> None:
        self._lab, self._store = lab, store

    def run(self, devices: list[int]) -> Measured:
        """All of them; the lab has active devices of its own, which are found."""
        environment = {"NETBOX_URL": self._lab.url, "NETBOX_TOKEN": self._lab.token, "NODEFLOW_STORE": self._store.location}
        command = ["ansible-playbook", "nodeflow.orchestrator.validate_node", "-e", "fail_on_findings=false"]
        measured, lines = played(command, environment, self._lab.directory, watched=True)
        assert any(f"{len(devices)} subscriptions compared" in text for _moment, text in lines)
        return measured


class Playbook(Subject):
    """A task of ours over a store that is full, in a play of its own, and without NetBox. Its memory is looked at."""

    enrols = False

    def __init__(self, lab: BenchLab, store: str, module: str, options: dict[str, t.Any]) -> None:
        self.name = module
        self._lab, self._store = lab, store
        self._file = lab.directory / f"{module}.yml"
        task = {"name": module, f"nodeflow.orchestrator.{module}": options}
        self._file.write_text(json.dumps([{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [task]}]), encoding="utf-8")

    def run(self, devices: list[int]) -> Measured:
        """Nothing happens to the devices."""
        environment = {"NETBOX_URL": "", "NODEFLOW_STORE": self._store}
        return played(["ansible-playbook", str(self._file)], environment, self._lab.directory, watched=True)[0]


class Inventory(Subject):
    """``ansible-inventory --list`` of the inventory ``source``, into the file ``output``. Its memory is looked at."""

    enrols = False

    def __init__(self, lab: BenchLab, name: str, source: pathlib.Path, environment: dict[str, str]) -> None:
        self.name = name
        self.output = lab.directory / f"{source.stem}-list.json"
        self._lab, self._source, self._environment = lab, source, environment

    def run(self, devices: list[int]) -> Measured:
        """Nothing happens to the devices."""
        command = ["ansible-inventory", "-i", str(self._source), "--list", "--output", str(self.output)]
        failing = {"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"}
        return played(command, self._environment | failing, self._lab.directory, watched=True)[0]


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


def marks(lines: list[tuple[float, str]], seconds: float) -> list[tuple[float, str]]:
    """When each task of a play began, after how many seconds; before the first it is "start", after the last "end"."""
    found = [(0.0, "start")]
    found += [(moment, step_of(text.partition("[")[2].partition("]")[0])) for moment, text in lines if text.startswith("TASK [")]
    return [*found, *((moment, "end") for moment, text in lines if text.startswith("PLAY RECAP")), (seconds, "")]


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
    """The memory of a process and all that came of it at its highest: the sum of their proportional set sizes (PSS), looked at five times a second.

    They are known by their parents: Ansible's workers leave the session.
    """

    def __init__(self, root: int) -> None:
        self._root, self._highest, self._over = root, 0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        """Bytes."""
        self._over.set()
        self._thread.join()
        return self._highest

    def _watch(self) -> None:
        while not self._over.wait(0.2):
            parents = {pid: _parent(pid) for pid in os.listdir("/proc") if pid.isdigit()}
            family, more = {str(self._root)}, {str(self._root)}
            while more:
                more = {pid for pid, parent in parents.items() if parent in more} - family
                family |= more
            self._highest = max(self._highest, sum(map(_pss, family)))


def _parent(pid: str) -> str:
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[1]
    except (OSError, IndexError):
        return ""


def _pss(pid: str) -> int:
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            return next((int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:")), 0)
    except OSError:
        return 0


def _all_devices(lab: BenchLab) -> list[dict[str, t.Any]]:
    session = Session(lab)
    return [device for some in parts(lab.devices, 200) for device in session.list("dcim/devices", id=some, fields="id,name")]
