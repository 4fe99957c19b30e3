# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenes that were played once with the lab's NetBox, and are played again, in this process, with what it answered then.

In ``tests/unit/recorded`` each scene has two files: ``<name>.netbox.json``, the requests and NetBox's answers, and ``<name>.txt``, what came of it: what the
tasks returned and showed, and all that is in the store. Where a request differs from the recorded one, in its address, its body or If-Match, there is no
answer for it; where one is not made, the scene fails; and so it does where anything else comes of it than what is written there.

``NODEFLOW_RECORD=netbox python -m pytest tests/unit/test_recorded*.py`` asks the lab's NetBox again; ``NODEFLOW_RECORD=outcome`` then writes what comes of it.
Read what changes.
"""

from __future__ import annotations

import datetime
import difflib
import json
import os
import pathlib
import random
import re
import tempfile
import types
import typing as t
import uuid

import pytest
import time_machine
import vcr
import yaml

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.client import NetboxClient
from in_process import call_module
from lab_netbox import Netbox
from lab_secrets import LabSecrets
from stores import SqliteStore

RECORD = os.environ.get("NODEFLOW_RECORD")
assert RECORD in (None, "netbox", "outcome"), f"NODEFLOW_RECORD is netbox or outcome, and not {RECORD}"
DIRECTORY = pathlib.Path(__file__).resolve().parent.parent / "unit" / "recorded"
URL = "http://netbox.test"
TOKENS = {name: f"nbt_KEY.{name * 3}" for name in ("operator", "read_only", "write_disabled", "none", "admin")}
OURS = "of a recorded scene"
BEGAN = datetime.datetime(2026, 11, 23, 10, 0, tzinfo=datetime.timezone.utc)
CONFIRM = {"confirm": True}
"""The options with which the configs of a workflow are confirmed."""

STEPS = ["store_process_subscription", "fetch_ip_address_information", "set_status", "provide_config_to_user"]
STEPS += ["set_node_to_active", "modify_subscription", "update_node_in_netbox", "done"]
"""The steps of the nodes' workflows, in the order of the playbook resume, which knows them all."""


class Scene:
    """One scene: tasks, one after the other, with what happens between them.

    Attributes:
        directory: Where files may lie.
        settings: The options that every task gets.
        answers: What a person at the terminal types at the next questions.
        config: The config of a node, by the row that node_config_info has of it.
        job: The job of AWX in which the tasks run.
        by_hand: Whether what is asked of NetBox now is a person's doing, which is not recorded.
    """

    def __init__(self, name: str, directory: pathlib.Path, clock: t.Any, lab: dict[str, t.Any] | None) -> None:
        self.directory, self._clock, self._file = directory, clock, DIRECTORY / f"{name}.txt"
        self._netbox = _without_earlier_scenes(Netbox(lab["url"], lab["tokens"]["admin"])) if lab else None
        known = yaml.load(self._file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader) if self._file.exists() else {}
        self._objects: dict[str, t.Any] = {} if lab else known.get("objects", {})
        self._happened: list[t.Any] = []
        self._expected = known
        self.tokens: dict[str, str] = lab["tokens"] if lab else TOKENS
        self._secrets = LabSecrets({"tokens": self.tokens, "postgres_dsn": "postgresql://lab:verysecret@db.test/nodeflow"})
        self.store = SqliteStore(directory)
        self.settings: dict[str, t.Any] = {"netbox_url": lab["url"] if lab else URL, "netbox_token": self.tokens["operator"], "netbox_parallel": 1}
        self.settings |= {"store": self.store.location, "actor": "ann"}
        self.answers: list[str] = []
        self.by_hand = False
        self.job: t.Any = None
        self.config = _config

    def later(self, **by: float) -> None:
        """Let time pass, e.g. ``minutes=20``."""
        self._clock.shift(datetime.timedelta(**by))

    def person(self, name: str, does: t.Callable[[Netbox], t.Any]) -> t.Any:
        """Do something in NetBox, as a person would, when the scene is recorded. Return what came of it then; it is known by its ``name``."""
        if self._netbox:
            self.by_hand = True
            self._objects[name] = does(self._netbox)
            self.by_hand = False
        return self._objects[name]

    def device(self, name: str, **fields: t.Any) -> int:
        """A planned device of that name, and whatever else; its id."""
        return int(self.person(name, lambda netbox: netbox.make(name=name, description=OURS, **fields)))

    def call(self, module: str, check: bool = False, **options: t.Any) -> dict[str, t.Any]:
        """The result of a task, which is kept, with what it showed."""
        shown: list[str] = []
        result = call_module(module, self.settings | options, check_mode=check, said=shown, ask=self._ask, awx_job=self.job)
        self._secrets.check(json.dumps(result, default=str), *shown)
        self._happened.append({"task": module, "shown": shown, "result": result})
        assert not str(result.get("msg")).startswith("A defect"), result["msg"]
        return result

    def workflow(  # pylint: disable=too-many-arguments
        self, form: str = "initial_input_form", *, check: bool = False, until: str = "", options: dict[str, t.Any] | None = None, **chosen: t.Any
    ) -> None:
        """Run a whole workflow, from the form that gets what is ``chosen`` up to the step ``until``, or to the first task that fails.

        ``options`` are those of all tasks that know them.
        """
        begins = form == "initial_input_form" and not {"process_ids", "process_status", "run_id"} & chosen.keys()
        tasks = [form, *(["construct_node_model"] if begins else []), *STEPS]
        nodes: t.Any = None
        for task in tasks[: tasks.index(until) + 1] if until else tasks:
            given = chosen if task == form else {"nodes": nodes}
            if task == "construct_node_model":
                given |= {name: chosen[name] for name in ("required_families", "customer_id") if name in chosen}
            if task == "set_status":
                given["lifecycle"] = "provisioning"
            if task == "provide_config_to_user":
                rows = self.call("node_config_info", check, nodes=nodes)["node_configs"]
                given |= {"configs": [{"process_id": row["process_id"], "config": self.config(row)} for row in rows]} | (options or {})
            result = self.call(task, check, **given)
            if result.get("failed"):
                return
            nodes = result["nodes"]
            if task != tasks[-1] and task != until:  # what it returns is what the next one gets
                self._happened[-1]["result"] = {name: value for name, value in result.items() if name in ("changed", "diff")}

    def client(self, **settings: t.Any) -> NetboxClient:
        """The NetBox, for what no task calls alone; with the rights of an administrator."""
        said: dict[str, t.Any] = {"token": self.tokens["admin"], "parallel": 1, "say": lambda text: self.note("said", text)}
        return NetboxClient(self.settings["netbox_url"], **said | settings)

    def processes(self, status: str) -> list[str]:
        """The ids of the processes that stand so, oldest first."""
        query = f"SELECT process_id FROM processes WHERE status = '{status}' ORDER BY started_at, process_id"
        return [row["process_id"] for row in self.store.rows(query)]

    def note(self, what: str, value: t.Any) -> None:
        """Keep a value of which a change is to be noticed."""
        self._happened.append({what: value})

    def ends(self) -> None:
        """Compare what happened, and what is in the store, with what was written down; or write it down."""
        found = {"objects": self._objects, "happened": self._happened, "stored": self._stored()}
        outcome = json.loads(json.dumps(found, default=str).replace(json.dumps(str(self.directory))[1:-1], "DIRECTORY"))
        if RECORD:
            self._file.write_text(_text(self._expected | {"objects": self._objects} if RECORD == "netbox" else outcome), encoding="utf-8")
        else:
            lines, expected = _text(outcome).splitlines(), _text(self._expected).splitlines()
            differs = list(difflib.unified_diff(expected, lines, self._file.name, "this time", lineterm=""))
            assert not differs, "\n".join(differs)

    def _stored(self) -> dict[str, t.Any]:
        if not self.store.exists():
            return {}
        tables = [row["name"] for row in self.store.rows("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        found = {table: [_readable(row) for row in self.store.rows(f"SELECT * FROM {table}")] for table in tables}
        if str(self.directory) in str(found.get("process_steps")):  # which is another one each time, and so are the hashes
            found = {table: [row | dict.fromkeys(_HASHES & row.keys()) for row in rows] for table, rows in found.items()}
        return found

    def _ask(self, question: str) -> str | None:
        answer = self.answers.pop(0) if self.answers else None
        self._happened.append({"asked": question, "answered": answer})
        return answer


_HASHES = {"log_hash", "previous_hash"}


class _Dumper(yaml.CSafeDumper):
    """Writes a text of several lines as these lines."""


_Dumper.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None))


def _text(outcome: dict[str, t.Any]) -> str:
    return str(yaml.dump(outcome, Dumper=_Dumper, sort_keys=False, default_flow_style=None, width=150, allow_unicode=True))


def _without_earlier_scenes(netbox: Netbox) -> Netbox:
    devices = netbox.call("GET", "dcim/devices", description=OURS, limit=100)["results"]
    if devices:
        netbox.call("DELETE", "dcim/devices", [{"id": device["id"]} for device in devices])
    return netbox


def _readable(row: dict[str, t.Any]) -> dict[str, t.Any]:
    """A row, its JSON as what it says."""
    return {name: json.loads(value) if isinstance(value, str) and value[:1] in ("{", "[") else value for name, value in row.items()}


def _config(row: dict[str, t.Any]) -> str:
    return f"hostname {row['name']}\nloopback {row['ipv4']}\n"


def _same_if_match(one: vcr.request.Request, other: vcr.request.Request) -> bool:
    return bool(one.headers.get("If-Match") == other.headers.get("If-Match"))


@pytest.fixture
def scene(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Scene]:
    """The scene of the test's name, at a fixed time and with fixed ids."""
    name = re.sub(r"\W+", "_", request.node.name.removeprefix("test_"))
    lab = request.getfixturevalue("lab") if RECORD == "netbox" else None
    file = DIRECTORY / f"{name}.netbox.json"
    if lab:
        file.unlink(missing_ok=True)

    def without_lab(asked: vcr.request.Request) -> vcr.request.Request | None:
        if played.by_hand:
            return None
        asked.uri = asked.uri.replace(lab["url"], URL) if lab else asked.uri
        asked.headers = {key: value for key, value in asked.headers.items() if key in ("Content-Type", "If-Match")}
        return asked

    def of_anywhere(answer: dict[str, t.Any]) -> dict[str, t.Any]:
        body = answer["body"]["string"]
        kept = {key: value for key, value in answer["headers"].items() if key.lower() in ("content-type", "etag", "api-version", "retry-after")}
        return answer | {"headers": kept, "body": {"string": body.replace(lab["url"].encode(), URL.encode()) if lab else body}}

    recorder = vcr.VCR(serializer="json", record_mode="once" if lab else "none", match_on=("method", "uri", "body", "if_match"))
    recorder.register_matcher("if_match", _same_if_match)
    recorder.before_record_request, recorder.before_record_response = without_lab, of_anywhere
    ids = random.Random(name)
    monkeypatch.setattr(uuid, "os", types.SimpleNamespace(urandom=ids.randbytes))
    ours = ("NETBOX_", "NODEFLOW_", "AWX_", "KUBERNETES_", "container")
    for variable in [one for one in os.environ if one.startswith(ours) or one.lower().endswith("_proxy")]:
        if variable not in ("NODEFLOW_RECORD", "NODEFLOW_LAB_NAME"):
            monkeypatch.delenv(variable)
    # Its path is always as long, since long messages are cut.
    with tempfile.TemporaryDirectory(dir="/tmp") as directory, time_machine.travel(BEGAN, tick=False) as clock:
        played = Scene(name, pathlib.Path(directory), clock, lab)
        failed = request.session.testsfailed
        with recorder.use_cassette(str(file)) as cassette:
            yield played
        if request.session.testsfailed > failed:  # what a test leaves half-way is nothing to compare with, or to write down
            if lab:
                file.unlink(missing_ok=True)
            return
        played.ends()
        unasked = [] if lab else [f"{one.method} {one.uri}" for number, one in enumerate(cassette.requests) if not cassette.play_counts[number]]
        assert not unasked, "requests that were recorded were not made: " + ", ".join(unasked)
