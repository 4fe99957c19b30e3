# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets are in no output, log, artifact, process list or store, at any verbosity, of runs that end well and of runs that fail.

``Player.finish`` looks for the lab's secrets in the output of each run of all tests. Here are the places that only some runs have.
"""

from __future__ import annotations

import contextlib
import json
import pathlib
import ssl
import subprocess
import sys
import threading
import urllib.parse

import pytest
import yaml

from lab_secrets import LabSecrets
from netbox_proxy import Answer, NetboxProxy, NoAnswer
from playbook_files import ROOT, SHARED
from player import Player
from stores import SqliteStore

PLAYBOOK = ROOT / "playbooks" / "create_node.yml"
TABLES = ("nodeflow_store", "subscriptions", "processes", "process_steps")
OWN_PROCESS = {"LC_MESSAGES": "C"}
"""An ``environment`` makes a task run as an ordinary module, in a process of its own."""

WAYS = pytest.mark.parametrize("environment", [{}, OWN_PROCESS], ids=["in-process", "ordinary"])


def check_store(secrets, store):
    """Every column of every row; of a file, every byte as well."""
    for table in TABLES:
        secrets.check(repr(store.rows("SELECT * FROM " + table)))
    for file in store.path.parent.iterdir() if isinstance(store, SqliteStore) else []:
        secrets.check(file.read_bytes())


class Watched:
    """The command lines of a run and of its children's children, as /proc shows them to everybody while it lasts."""

    def __init__(self, run):
        self.run = run
        self.seen = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exc):
        self._over.set()
        self._thread.join()

    def _watch(self):
        while self.run.poll() is None and not self._over.wait(0.02):
            self._look(self.run.pid)

    def _look(self, pid):
        with contextlib.suppress(OSError):  # it has ended by now
            directory = pathlib.Path("/proc") / str(pid)
            self.seen.add((directory / "cmdline").read_bytes())
            for task in (directory / "task").iterdir():
                for child in (task / "children").read_text().split():
                    self._look(child)


def play_with(play, environment, **variables):
    """create_node in a copy whose tasks have an environment, with its variables from a file: what is on a command line, the caller put there."""
    plays = yaml.safe_load(PLAYBOOK.read_text(encoding="utf-8"))
    plays[0] |= {"environment": environment, "vars_files": [str(SHARED)]}
    playbook, given = play.directory / "play.yml", play.directory / "given.json"
    playbook.write_text(yaml.safe_dump(plays, sort_keys=False), encoding="utf-8")
    given.write_text(json.dumps(variables), encoding="utf-8")
    return [str(playbook), "-vvvv", "--diff", "-e", "@" + str(given)]


def pytest_generate_tests(metafunc):
    """Both ways on both stores in the soak; each of them once else."""
    if "kind" in metafunc.fixturenames:
        full = metafunc.config.getoption("--soak")
        cases = [("sqlite", OWN_PROCESS), ("postgresql", {})] + ([("sqlite", {}), ("postgresql", OWN_PROCESS)] if full else [])
        ids = ["{0}-{1}".format(kind, "ordinary" if environment else "in-process") for kind, environment in cases]
        metafunc.parametrize(("kind", "environment"), cases, ids=ids)


@pytest.fixture
def play_on_kind(lab, tmp_path, kind, request):
    """ansible-playbook against the lab, with an empty store of a kind."""
    return Player(lab, tmp_path, SqliteStore(tmp_path) if kind == "sqlite" else request.getfixturevalue("postgresql"))


def test_a_run_that_ends_well(play_on_kind, netbox, lab, environment):
    device, log = netbox.make(), play_on_kind.directory / "ansible.log"
    variables = {"nodes": device, "confirm_config": True, "netbox_token": lab["tokens"]["operator"], "store": play_on_kind.store.location}
    unset = {"NETBOX_TOKEN": None, "NODEFLOW_STORE": None, "ANSIBLE_LOG_PATH": str(log)}
    run = play_on_kind.start(*play_with(play_on_kind, environment, **variables), environment=unset)
    with Watched(run) as watched:
        done = play_on_kind.finish(run)
    assert done.returncode == 0 and netbox.status(device) == "active", done.output
    assert ("AnsiballZ_" in done.output) == bool(environment)
    command_lines = b"\n".join(watched.seen)
    assert b"ansible-playbook" in command_lines and (b"AnsiballZ_" in command_lines) == bool(environment)
    play_on_kind.secrets.check(command_lines, log.read_bytes())
    check_store(play_on_kind.secrets, play_on_kind.store)


def certificate(directory):
    """A TLS context with a certificate that nobody trusts."""
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = [str(directory / name) for name in ("cert.pem", "key.pem")]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-out", files[0], "-keyout", files[1], *names]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    return context


def with_password(dsn, password, **parts):
    """The URL of a database with another password, and other parts."""
    url = urllib.parse.urlsplit(dsn)
    place = f"{url.username}:{password}@{parts.get('place', f'{url.hostname}:{url.port}')}"
    return f"{parts.get('scheme', url.scheme)}://{place}{url.path}"


@WAYS
def test_runs_that_fail(play, lab, tmp_path, environment):
    """All in one play, each task with its own reason to fail."""
    passwords = ["wrong-password-1", "pass@word-2", "password-3", "password-4", "pass/word-5", "pass#word-6", "p%zzssword-7"]
    unknown = "nbt_UNKNOWN12345.unknownunknownunknownunknownunknown1234"
    play.secrets = secrets = LabSecrets(lab, *passwords, "word-2", "word-5", "word-6", unknown.split(".")[1])
    dsn, token = lab["postgres_dsn"], lab["tokens"]["operator"]
    own = urllib.parse.urlsplit(dsn).password
    echo = Answer(500, {"Content-Type": "application/json"}, json.dumps({"detail": "Authorization: Bearer " + token}).encode())
    html = Answer(200, {"Content-Type": "text/html"}, f"<html>Bearer {token}</html>".encode())
    with contextlib.ExitStack() as stack:
        proxies = [
            stack.enter_context(NetboxProxy(lab["url"], lambda method, path, forward, says=says: says, tls=tls)).url
            for says, tls in ((NoAnswer.RESET, None), (html, None), (echo, None), (None, certificate(tmp_path)))
        ]
        form, find = "initial_input_form", "process_info"
        tasks = [
            ("reset", form, {"netbox_url": proxies[0]}, "connection was"),
            ("html", form, {"netbox_url": proxies[1]}, "something else than NetBox's API"),
            ("echo", form, {"netbox_url": proxies[2]}, "with 500"),
            ("certificate", form, {"netbox_url": proxies[3]}, "cannot be verified"),
            ("permission", form, {"netbox_token": lab["tokens"]["none"]}, "dcim.view_device"),
            ("unknown token", form, {"netbox_token": unknown}, "does not accept the token"),
            ("token as a list", form, {"netbox_token": [token]}, "NetBox"),
            ("wrong timeout", form, {"netbox_token": token, "netbox_timeout": token}, "netbox_timeout"),
            ("refused", find, {"store": with_password(dsn, own, place="127.0.0.1:9")}, "refused"),
            ("wrong password", find, {"store": with_password(dsn, passwords[0])}, "password"),
            ("at sign", find, {"store": with_password(dsn, passwords[1])}, "cannot be used"),
            ("no port", find, {"store": with_password(dsn, passwords[2], place="127.0.0.1:port")}, "cannot be used"),
            ("other database", find, {"store": with_password(dsn, passwords[3], scheme="mysql")}, "cannot be used"),
            ("slash", find, {"store": with_password(dsn, passwords[4])}, "cannot be used"),
            ("hash", find, {"store": with_password(dsn, passwords[5])}, "password"),
            ("percent", find, {"store": with_password(dsn, passwords[6])}, "cannot be used"),
            ("copy", "copy_store", {"target": with_password(dsn, passwords[0])}, ""),
        ]
        listed = [
            {"name": name, "nodeflow.orchestrator." + module: {"netbox_retries": 0} | ({"nodes": ["x"]} if module == form else {}) | options}
            | {"ignore_errors": True, "environment": environment}
            for name, module, options, _sentence in tasks
        ]
        playbook = play.directory / "tasks.yml"
        playbook.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": listed}], sort_keys=False), encoding="utf-8")
        run = play.start(str(playbook), "-vvvv", "--diff")
        with Watched(run) as watched:
            done = play.finish(run)
    for name, _module, _options, sentence in tasks:
        result = done.results[name]
        assert result.get("failed") and sentence in result["msg"] and "a defect of" not in result["msg"].lower(), (name, result)
    secrets.check(b"\n".join(watched.seen))


@WAYS
def test_a_password_that_does_not_belong_into_netbox_url(play, lab, environment):
    play.secrets = LabSecrets(lab, "secret-in-url-8")
    task = {"nodeflow.orchestrator.initial_input_form": {"nodes": ["x"], "netbox_url": "http://user:secret-in-url-8@127.0.0.1:9"}}
    done = play.tasks(yaml.safe_dump([task | {"environment": environment}]), "-vvvv")
    assert "must not hold a user name or password" in done.message


def test_a_reason_that_holds_the_token_is_stored_without_it(enrol, lab, netbox):
    """A proxy that repeats what it was asked, headers and all, in its page about an error."""
    answer = Answer(500, {"Content-Type": "application/json"}, json.dumps({"detail": f"Bearer {lab['tokens']['operator']}"}).encode())
    asked = []

    def fault(method, path, forward):
        asked.append(method)
        return answer if len(asked) > 1 else forward()

    enrol.masked = True  # what is shown, Ansible masks
    with NetboxProxy(lab["url"], fault) as proxy:
        done = enrol.create(nodes=netbox.make(), confirm_config=True, netbox_url=proxy.url, netbox_retries=0)
    assert done.returncode == 2 and len(asked) > 1 and enrol.rows("SELECT error FROM processes WHERE error IS NOT NULL")
    check_store(enrol.secrets, enrol.store)


def test_a_job_of_ansible_runner(play, netbox, lab, tmp_path):
    """What AWX keeps of a job: its output, and every event with its result."""
    device = netbox.make()
    (tmp_path / "project").mkdir()
    (tmp_path / "env").mkdir()
    given = {"nodes": device, "confirm_config": True, "netbox_token": lab["tokens"]["operator"], "store": play.store.location}
    (tmp_path / "env" / "extravars").write_text(json.dumps(given), encoding="utf-8")
    environment = play.full_environment(tmp_path / "results.jsonl")
    del environment["NETBOX_TOKEN"], environment["NODEFLOW_STORE"]
    command = [sys.executable, "-m", "ansible_runner", "run", str(tmp_path), "-p", "nodeflow.orchestrator.create_node", "-vvvv"]
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=300)
    assert done.returncode == 0 and netbox.status(device) == "active", done.stdout
    play.secrets.check(done.stdout, done.stderr)
    files = [file for file in (tmp_path / "artifacts").rglob("*") if file.is_file()]
    assert any("job_events" in str(file) for file in files)
    for file in files:
        play.secrets.check(file.read_bytes())
    check_store(play.secrets, play.store)
