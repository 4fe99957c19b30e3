# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the store is: as people name it, its password, a job that takes it along, and reading it without the right to write."""

from __future__ import annotations

import concurrent.futures
import contextlib
import json
import multiprocessing
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import urllib.parse

import pytest
import yaml
from test_store_layouts import BEFORE_LAYOUT_2

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import StoreError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.engine import open_store
from filled_store import FilledStore
from in_process import call_module, options_of
from lab_secrets import LabSecrets
from small_disk import SmallDisk
from stores import SqliteStore

ORDINARY = {"environment": {"LC_MESSAGES": "C"}}
WAYS = pytest.mark.parametrize("keywords", [{}, ORDINARY], ids=["in-process", "ordinary"])
INFO = "nodeflow.orchestrator.subscription_info"


def parts(store):
    """What a PostgreSQL store's URL is made of: the login's name, the password, the place, the database."""
    url = urllib.parse.urlsplit(store.direct)
    return url.username, url.password, f"{url.hostname}:{url.port}", url.path.strip("/")


@WAYS
def test_every_way_to_name_a_database_and_to_give_its_password(play, lab, postgresql, keywords):
    play.environment["ANSIBLE_INJECT_INVOCATION"] = "true"
    open_store(postgresql.direct).close()
    user, password, place, name = parts(postgresql)
    host, port = place.split(":")
    keyword_string = f"host={host} port={port} dbname={name} user={user}"
    pgpass, service = play.directory / "pgpass", play.directory / "service.conf"
    pgpass.write_text(f"{host}:{port}:*:{user}:{password}\n", encoding="utf-8")
    pgpass.chmod(0o600)
    service.write_text(f"[ours]\nhost={host}\nport={port}\ndbname={name}\nuser={user}\npassword={password}\n", encoding="utf-8")
    ways = [
        ({"store": f"postgresql://{user}:{password}@{place}/{name}\n"}, {}),
        ({"store": f"postgres://{user}@{place}/{name}", "store_password": password + "\n"}, {}),
        ({"store": f"{keyword_string} password='{password}'"}, {}),
        ({"store": keyword_string}, {"NODEFLOW_STORE_PASSWORD": password}),
        ({"store": keyword_string}, {"PGPASSWORD": password}),
        ({"store": keyword_string}, {"PGPASSFILE": str(pgpass)}),
        ({"store": "service=ours"}, {"PGSERVICEFILE": str(service)}),
        ({}, {"NODEFLOW_STORE": f" {keyword_string} password={password} "}),
        ({}, {"NODEFLOW_STORE": f"postgresql://{user}:{password}@{place}/{name}?sslmode=prefer"}),
    ]
    for options, environment in ways:
        (play.directory / "given.json").write_text(json.dumps({"given": options}), encoding="utf-8")
        file = play.directory / "play.yml"
        module = {INFO: {option: "{{ given." + option + " }}" for option in options}} | keywords
        file.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": [{"name": "ask"} | module]}]), encoding="utf-8")
        whole = {"NODEFLOW_STORE": None} | environment
        done = play.finish(play.start(str(file), "-vvvv", "-e", f"@{play.directory}/given.json", environment=whole))  # looks for the password
        result = done.results["ask"]
        assert done.returncode == 0 and result["subscriptions"] == [], (options, environment, done.output)
        shown = result["invocation"]["module_args"]["store"]
        assert name in shown or shown == "service=ours"


@WAYS
def test_a_password_is_in_no_error_of_the_arguments_either(play, lab, keywords):
    play.secrets = LabSecrets(lab, "hunter2-secret", "ter3-secret")
    stores = ["postgresql://u:hunter2-secret@127.0.0.1:9/d", "host=127.0.0.1 port=9 password=hunter2-secret", "postgresql://u:hun@ter3-secret@h/d"]
    stores += ["mysql://u:hunter2-secret@h/d", "hun:ter3-secret@h/d", ["postgresql://u:hunter2-secret@h/d"]]
    play.environment["ANSIBLE_INJECT_INVOCATION"] = "true"
    (play.directory / "given.json").write_text(json.dumps({"given": stores}), encoding="utf-8")  # Ansible shows lines of a playbook with an error
    tasks = [
        {"name": f"{number} {module}", "nodeflow.orchestrator." + module: {option: f"{{{{ given[{number}] }}}}"} | more, "ignore_errors": True} | keywords
        for number in range(len(stores))
        for module, option, more in (
            ("subscription_info", "store", {}),
            ("process_info", "store", {"nosuch": 1}),
            ("copy_store", "target", {}),
            ("import_subscriptions", "source", {}),
        )
    ]
    done = play.tasks(yaml.safe_dump(tasks, sort_keys=False), "-vvvv", "--diff", "-e", f"@{play.directory}/given.json")
    assert len(done.results) == len(tasks) and all(result.get("failed") and "defect" not in result["msg"] for result in done.results.values()), done.output


@WAYS
def test_a_path_is_shown_whole_and_a_store_called_node_garbles_nothing(play, netbox, keywords):
    play.store = SqliteStore(play.directory)
    play.store.path = play.directory / "node"
    play.store.location = str(play.store.path)
    first = play.create(nodes=netbox.make())
    assert "nodeflow.orchestrator.resume" in first.output and "VALUE_SPECIFIED" not in first.output and "********." not in first.output, first.output
    play.environment["ANSIBLE_INJECT_INVOCATION"] = "true"
    task = {"name": "ask", INFO: {"store": "node"}} | keywords
    done = play.tasks(yaml.safe_dump([task]), "-vvvv")
    assert done.returncode == 0, done.output
    result = done.results["ask"]
    assert result["invocation"]["module_args"]["store"] == "node" and result["subscriptions"][0]["product"] == "Node"


def in_runner(play, directory, store=None, **variables):
    """Run create_node as AWX does, with ansible-runner; return the exit code and the output."""
    for name in ("project", "env"):
        (directory / name).mkdir(parents=True, exist_ok=True)
    (directory / "env" / "extravars").write_text(json.dumps(variables), encoding="utf-8")
    environment = play.full_environment(directory / "results.jsonl") | {"XDG_STATE_HOME": str(play.directory / "state-home")}
    environment.pop("NODEFLOW_STORE")
    environment |= {"NODEFLOW_STORE": store} if store else {}
    command = [sys.executable, "-m", "ansible_runner", "run", str(directory), "-p", "nodeflow.orchestrator.create_node"]
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=300)
    return done.returncode, " ".join(done.stdout.split())


def test_a_job_of_ansible_runner_needs_a_store_that_stays(play, netbox, tmp_path):
    device, directory = netbox.make(), tmp_path / "runner"
    code, output = in_runner(play, directory, nodes=device, confirm_config=True)
    assert code == 2 and "would be lost with the job" in output and "NODEFLOW_STORE" in output and "PostgreSQL" in output, output
    assert netbox.status(device) == "planned" and not (play.directory / "state-home").exists()
    code, output = in_runner(play, directory, str(directory / "project" / "store.db"), nodes=device, confirm_config=True)
    assert code == 0 and output.count("goes with the job of AWX or ansible-runner") == 1 and netbox.status(device) == "active", output


@contextlib.contextmanager
def shared(count=1):
    """A store in a directory that every login may enter."""
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        filled = FilledStore(pathlib.Path(directory) / "store.db", count)
        filled.path.chmod(0o644)
        yield filled


OWNER_MAY_WRITE = pytest.mark.skipif(os.geteuid() != 0, reason="whoever is not root is the owner, who may write")


def as_reader(store, function, directory_mode=0o555, file_mode=0o444):
    """What ``function`` answers for a login that may only read the store; root becomes nobody for that."""
    with shared() as another:
        function(another.location)  # imports what nobody may have no right to
    directory = store.path.parent
    for path in directory.iterdir():
        path.chmod(file_mode)
    directory.chmod(directory_mode)
    before = {path.name: path.stat().st_mtime_ns for path in directory.iterdir()}
    try:
        with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("fork"), _become_nobody) as pool:
            answer = pool.submit(function, store.location).result(120)
    finally:
        directory.chmod(0o755)
    assert {path.name: path.stat().st_mtime_ns for path in directory.iterdir()} == before  # nothing was made, and nothing changed
    return answer


def _become_nobody():
    if os.geteuid() == 0:
        os.setgroups([])
        os.setuid(65534)


def look(location):
    """How many subscriptions there are, and what is said of a write."""
    with contextlib.closing(open_store(location, create=False)) as opened:
        with opened.read() as connection:
            count = connection.exec_driver_sql("SELECT count(*) FROM subscriptions").scalar_one()
        try:
            with opened.write():
                return count, "it was written"
        except StoreError as error:
            return count, str(error)


def ask(location):
    """The results of the modules that read."""
    options = {"store": location, "netbox_url": None}
    modules = {"subscription_info": {}, "process_info": {"steps": True}, "report": {"dest": f"/tmp/nodeflow-{os.getpid()}.html"}}
    return {name: call_module(name, options | more, check_mode=name == "report") for name, more in modules.items()}


@pytest.mark.parametrize(("directory_mode", "file_mode"), [(0o555, 0o444), pytest.param(0o755, 0o644, marks=OWNER_MAY_WRITE), (0o777, 0o444), (0o555, 0o666)])
def test_a_store_that_may_only_be_read_is_read(directory_mode, file_mode):
    with shared(3) as store:
        count, said = as_reader(store, look, directory_mode, file_mode)
        assert count == 3 and "cannot be written: the file or its directory is read-only for this login" in said
        results = as_reader(store, ask, directory_mode, file_mode)
        assert not any(result.get("failed") for result in results.values()), results
        assert len(results["subscription_info"]["subscriptions"]) == 3


def test_a_store_that_somebody_writes_to_meanwhile_is_read_as_it_was_committed():
    with shared() as store, contextlib.closing(sqlite3.connect(store.path, isolation_level=None)) as writer:
        writer.execute("UPDATE subscriptions SET note = 'committed'")  # in the -wal file, and not in the store's own
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM subscriptions")
        [answer] = as_reader(store, ask)["subscription_info"]["subscriptions"]
        assert answer["note"] == "committed"
        writer.execute("ROLLBACK")


@pytest.mark.parametrize("beside", [["-wal"], ["-wal", "-shm"]])
def test_what_a_writer_that_was_killed_had_committed_is_read(beside):
    with shared() as killed, shared() as store:
        with contextlib.closing(sqlite3.connect(killed.path)) as writer:
            writer.execute("UPDATE subscriptions SET note = 'committed'")
            writer.commit()
            for ending in ["", *beside]:
                shutil.copyfile(killed.location + ending, store.location + ending)
        [answer] = as_reader(store, ask)["subscription_info"]["subscriptions"]
        assert answer["note"] == "committed"


def test_a_store_of_an_older_layout_needs_somebody_who_may_write():
    with shared() as store:
        for statement in BEFORE_LAYOUT_2:
            store.change(statement)
        result = as_reader(store, ask)["process_info"]
        assert "has the layout of an older release" in result["msg"] and "and may write it" in result["msg"], result


def test_a_store_that_may_not_even_be_read_is_an_error_in_a_sentence():
    with shared() as store:
        result = as_reader(store, ask, 0o555, 0o000)["subscription_info"]
        assert "cannot be read: Permission denied" in result["msg"], result
        result = as_reader(store, ask, 0o700 if os.geteuid() == 0 else 0o000, 0o000)["subscription_info"]
        assert "cannot be opened: Permission denied" in result["msg"], result


def test_a_read_only_disk(play, netbox, tmp_path):
    device = netbox.make()
    with SmallDisk(tmp_path / "disk") as disk:
        play.prefix, play.store = disk.prefix, SqliteStore(disk.path)
        assert play.create(nodes=device, confirm_config=True).returncode == 0
        disk.mount("ro")
        infos = "- nodeflow.orchestrator.subscription_info:\n- nodeflow.orchestrator.process_info:\n"
        for done in (
            play.tasks(infos),
            play("nodeflow.orchestrator.report", report_dest=str(tmp_path / "report.html")),
            play("nodeflow.orchestrator.validate_node", nodes=device),
            play("nodeflow.orchestrator.modify_node", "--check", "--diff", nodes=device, note="x"),
            play("nodeflow.orchestrator.copy_store", "--check", target_store=str(tmp_path / "copy.db")),
        ):
            assert done.returncode == 0 and "WARNING" not in done.output, done.output
        done = play("nodeflow.orchestrator.modify_node", nodes=device, note="x")
        assert done.returncode == 2 and "cannot be written: the file or its directory is read-only" in done.message, done.output
        (tmp_path / "nodeflow.yml").write_text("plugin: nodeflow.orchestrator.subscriptions\n", encoding="utf-8")
        command = [*disk.prefix, "ansible-inventory", "-i", str(tmp_path / "nodeflow.yml"), "--list"]
        listed = subprocess.run(command, env=play.full_environment(tmp_path / "results"), capture_output=True, text=True, check=True)
        assert len(json.loads(listed.stdout)["_meta"]["hostvars"]) == 1, listed.stderr


def test_a_database_user_who_may_only_select(play, netbox, lab, postgresql):
    device = netbox.make()
    play.store = postgresql
    assert play.create(nodes=device, confirm_config=True).returncode == 0
    user = f"reader_{postgresql.name}"
    postgresql.write(f"CREATE ROLE {user} LOGIN PASSWORD 'reader-secret'", f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {user}")
    _login, _password, place, name = parts(postgresql)
    try:
        postgresql.location = f"postgresql://{user}:reader-secret@{place}/{name}"
        play.secrets = LabSecrets(lab, "reader-secret")
        for done in (
            play.tasks("- nodeflow.orchestrator.subscription_info:\n- nodeflow.orchestrator.process_info:\n"),
            play("nodeflow.orchestrator.report"),
            play("nodeflow.orchestrator.validate_node", nodes=device),
            play("nodeflow.orchestrator.terminate_node", "--check", "--diff", nodes=device),
            play("nodeflow.orchestrator.copy_store", "--check", target_store=str(play.directory / "copy.db")),
        ):
            assert done.returncode == 0, done.output
        done = play("nodeflow.orchestrator.modify_node", nodes=device, note="x")
        assert done.returncode == 2 and "permission denied" in done.message and "needs more rights" in done.message, done.output
    finally:
        postgresql.write(f"DROP OWNED BY {user}", f"DROP ROLE {user}")


BAD_PATHS = [
    ("~no-such-user/x", "there is no user no-such-user"),
    ("$NO_SUCH_NAME/x", "NO_SUCH_NAME"),
    ("{0}/file/x", "cannot be"),
    ("{0}/" + "n" * 300, "cannot be"),
]


@pytest.mark.parametrize("check", [False, True], ids=["run", "check"])
@pytest.mark.parametrize(("path", "reason"), BAD_PATHS)
def test_a_bad_directory_for_the_configs_is_a_sentence(enrol, netbox, tmp_path, path, reason, check):
    (tmp_path / "file").touch()
    options = {"nodes": [netbox.make()], "confirm_config": True, "node_config_dir": path.format(tmp_path)}
    done = call_module("initial_input_form", enrol.settings | options, check_mode=check)
    assert done["failed"] and reason in done["msg"] and "defect" not in done["msg"], done


def test_so_it_is_in_the_playbook(play, netbox, tmp_path):
    (tmp_path / "file").touch()
    done = play.create(nodes=netbox.make(), confirm_config=True, node_config_dir=f"{tmp_path}/file/x")
    assert done.returncode == 2 and "cannot be" in done.message, done.output


@pytest.mark.parametrize(("path", "reason"), [*BAD_PATHS, ("a\x00b", "control character")])
def test_other_bad_paths_are_sentences_too(tmp_path, path, reason):
    (tmp_path / "file").touch()
    store, path = FilledStore(tmp_path / "store.db", 1), path.format(tmp_path)
    for module, options in (("report", {"dest": path}), ("subscription_info", {"dest": path}), ("process_info", {"store": path + "/store.db"})):
        for check_mode in (True, False):
            result = call_module(module, {"store": store.location} | options, check_mode)
            assert result.get("failed") and "defect" not in result["msg"], result
            assert reason in result["msg"] or "cannot be" in result["msg"], result
    result = call_module("initial_input_form", {"store": store.location, "netbox_url": "http://x", "netbox_token": "t", "ca_path": path, "nodes": [1]})
    assert reason in result["msg"] or "does not exist" in result["msg"], result


def tasks_file(play):
    """A playbook that asks for the subscriptions."""
    path = play.directory / "ask.yml"
    path.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": [{"name": "ask", INFO: {}}]}]), encoding="utf-8")
    return path


def plain(value):
    """Whether a value has no other types than JSON."""
    kind = type(value)
    if kind is dict:
        return all({type(key)} == {str} and plain(inner) for key, inner in value.items())
    if kind is list:
        return all(map(plain, value))
    return kind in (str, int, float, bool, type(None))


def test_results_are_plain_json(tmp_path, lab, netbox, monkeypatch):
    device = netbox.make()
    options = {"netbox_url": lab["url"], "netbox_token": lab["tokens"]["operator"], "store": str(tmp_path / "store.db")}
    rows, results = None, {}
    for module, more in (
        ("initial_input_form", {"nodes": [device]}),
        ("construct_node_model", {}),
        ("store_process_subscription", {}),
        ("fetch_ip_address_information", {}),
        ("set_status", {"lifecycle": "provisioning"}),
        ("node_config_info", {}),
        ("provide_config_to_user", {"confirm": True}),
        ("subscription_info", {}),
        ("process_info", {"steps": True}),
        ("report", {"dest": str(tmp_path / "page.html")}),
        ("validate_node", {"nodes": [device]}),
        ("reconcile_form", {"nodes": [device]}),
        ("abort", {"process_status": ["failed", "suspended"], "take_over": True}),
        ("import_subscriptions", {"source": str(tmp_path / "store.db")}),
        ("reset", {"confirm": True}),
        ("copy_store", {"target": str(tmp_path / "other.db")}),
    ):
        takes_rows = options_of(module).get("nodes", {}).get("required")
        results[module] = call_module(module, options | more | ({"nodes": rows} if takes_rows else {}))
        rows = results[module].get("nodes", rows)
    assert [name for name, result in results.items() if not plain(result)] == []
    assert results["copy_store"]["rows"] and not results["reset"].get("failed"), results["reset"]


def test_no_task_warns_of_its_result(play, netbox):
    assert play.create(nodes=netbox.make(), confirm_config=True).returncode == 0
    for done in (
        play("nodeflow.orchestrator.copy_store", target_store=str(play.directory / "other.db")),
        play.tasks(f"- nodeflow.orchestrator.reset: {{confirm: true, store: {play.directory / 'other.db'}}}"),
    ):
        assert done.returncode == 0 and "WARNING" not in done.output, done.output
