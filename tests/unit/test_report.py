# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes into a report and into an export, and how the file is written: for whoever opens it later, in a browser or a spreadsheet."""

from __future__ import annotations

import base64
import contextlib
import csv
import hashlib
import io
import json
import os
import pathlib
import re
import stat

import pytest
import sqlalchemy
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._reports.export import as_csv, as_json
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._reports.page import data_of, page, written_at
from filled_store import NETBOX, FilledStore
from in_process import call_module
from odd_values import JSON, ODD_TEXT

NOW = "2026-11-23T05:52:17Z"
HOSTILE = "</script><script>alert(1)</script><!--"
FINDING = {"device": "r (loc1, 7)", "problem": "status", "message": "r (loc1, 7) is offline", "store": "active", "netbox": "offline"}
SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20'"

ENDS = ("completed", "failed", "suspended", "interrupted", "running", "aborted")


@pytest.fixture
def store(tmp_path):
    """One process of each kind."""
    return FilledStore(tmp_path / "store.db", len(ENDS), lambda number: ENDS[number - 1])


@pytest.fixture
def run(store, tmp_path):
    """Runs a module on that store. ``dest`` is in a directory that is not there yet."""

    def run_module(module, check_mode=False, **options):
        if module == "report":
            options = {"dest": str(tmp_path / "new" / "report.html")} | options
        return call_module(module, {"store": store.location} | options, check_mode)

    return run_module


@contextlib.contextmanager
def counted_statements():
    """The SQL statements that are executed meanwhile."""
    seen = []

    def see(connection, cursor, statement, *rest):
        seen.append(statement)

    sqlalchemy.event.listen(sqlalchemy.engine.Engine, "before_cursor_execute", see)
    yield seen
    sqlalchemy.event.remove(sqlalchemy.engine.Engine, "before_cursor_execute", see)


def read(path):
    return pathlib.Path(path).read_text(encoding="utf-8")


def read_csv(content):
    return list(csv.DictReader(io.StringIO(content.decode("utf-8"), newline="")))


def undone(text):
    """What the documentation says that a program drops."""
    return re.sub(rf"""(^|[;,|\t\r\n"])'(?=\s*[{SIGNS}])""", r"\1", text)


# The page


@given(st.dictionaries(ODD_TEXT, JSON.filter(lambda value: "NaN" not in json.dumps(value) and "Infinity" not in json.dumps(value))))
@example({HOSTILE: HOSTILE})
@example({"a": "\u2028\ud800"})
def test_whatever_the_data_are_they_stay_in_their_element_and_come_back(data):
    text = page(data, NOW)
    assert text.isascii()
    assert (text.count("<script"), text.count("</script"), text.count("<!--")) == (2, 2, 0)
    assert data_of(text) == json.loads(json.dumps(data))
    assert written_at(text) == NOW


def test_the_browser_is_told_to_run_what_is_meant_and_to_load_nothing():
    text = page({}, NOW)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text).group(1)
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy and "http" not in policy
    for element in ("script", "style"):
        content = re.search(rf"<{element}>(.*?)</{element}>", text, re.DOTALL).group(1)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{element}-src 'sha256-{digest}'" in policy
    assert not re.search(r"""(src|href)="(?!data:|#)""", text.partition('id="data"')[0])
    assert " style=" not in text and not re.search(r"\son\w+=", text.partition("<script")[0])
    assert "innerHTML" not in text and "insertAdjacent" not in text and "document.write" not in text


@pytest.mark.parametrize("text", ["", "hello", "<html>" * 50, page({"a": 1}, NOW).partition('"a":')[0]])
def test_what_is_no_page_says_nothing(text):
    assert data_of(text) is None


# The report


def test_the_second_report_changes_nothing_and_keeps_its_moment(run):
    first = run("report")
    assert first["changed"] and stat.S_IMODE(os.stat(first["dest"]).st_mode) == 0o640
    text = read(first["dest"])
    earlier = page(data_of(text), "2020-01-01T00:00:00Z")
    pathlib.Path(first["dest"]).write_text(earlier, encoding="utf-8")
    assert not run("report")["changed"] and not run("report", check_mode=True)["changed"]
    assert read(first["dest"]) == earlier


def test_what_changed_in_the_store_changes_the_report_and_the_diff_is_short(run, store):
    first = run("report")
    store.change("UPDATE subscriptions SET status = 'disabled' WHERE json_extract(block, '$.node.node_id') = 1")
    expected = run("report", check_mode=True)
    assert expected["changed"] and "would be written" in expected["msg"] and data_of(read(first["dest"]))["findings"] is None
    second = run("report")
    [change] = second["diff"]
    assert change["before"]["subscriptions"] == {"active": 1, "provisioning": 4, "terminated": 1}
    assert change["after"]["subscriptions"] == {"disabled": 1, "provisioning": 4, "terminated": 1} == second["counts"]["subscriptions"]
    assert len(json.dumps(second["diff"])) < 2000


def test_findings_are_shown_with_when_they_were_found(run):
    odd = FINDING | {"store": float("nan"), "netbox": {"a": [1]}, "device_id": 7, "more": 1}
    data = data_of(read(run("report", findings=[FINDING, odd], validated_at="2026-11-23T06:52:17+01:00")["dest"]))
    assert data["validated_at"] == "2026-11-23 05:52:17"
    found = [dict(zip(data["findings"]["columns"], row)) for row in data["findings"]["rows"]]
    assert found == [
        FINDING | {"subscription_id": None, "device_id": None},
        FINDING | {"subscription_id": None, "device_id": 7, "store": "nan", "netbox": '{"a": [1]}'},
    ]
    none = run("report", findings=[], validated_at="2026-11-23T05:52:17Z")
    assert none["counts"]["findings"] == 0 and run("report")["counts"]["findings"] is None


def of_page(dest, kind):
    """The rows of a page as dictionaries."""
    table = data_of(read(dest))[kind]
    return [dict(zip(table["columns"], row)) for row in table["rows"]]


def test_of_very_many_the_page_has_what_is_open_and_what_is_newest(tmp_path):
    """For whoever has 50,000 subscriptions: the page was 64 MB, which no mail takes and a browser needs seconds for."""
    store = FilledStore(tmp_path / "store.db", 6000, lambda number: ENDS[number % 6] if number < 60 else "completed")
    options = {"store": store.location, "dest": str(tmp_path / "report.html")}
    first = call_module("report", options)
    subscriptions, processes = of_page(first["dest"], "subscriptions"), of_page(first["dest"], "processes")
    assert os.path.getsize(first["dest"]) < 5_000_000 and "on 6000 subscriptions and 6000 processes" in first["msg"]
    assert len(subscriptions) == 5000 and {number for number in range(1, 60) if ENDS[number % 6] not in ("completed", "aborted")} <= {
        one["device_id"] for one in subscriptions
    }
    assert min(one["device_id"] for one in subscriptions if one["insync"]) > 1000
    assert [one["device_id"] for one in subscriptions] == sorted(one["device_id"] for one in subscriptions)
    kept = [one["device_id"] for one in processes if one["status"] == "completed"]
    assert 2000 < len(processes) < 2600 and kept == list(range(6001 - len(kept), 6001))
    assert sum(one["status"] in ("failed", "suspended", "interrupted", "running") for one in processes) == 40
    assert first["counts"]["subscriptions"] == {"active": 5950, "provisioning": 40, "terminated": 10}
    assert first["counts"]["processes"] == dict.fromkeys(ENDS, 10) | {"completed": 5950}
    assert not call_module("report", options)["changed"]


def test_what_a_person_must_continue_comes_before_what_runs(tmp_path):
    """For whoever looks while a run over thousands is under way: what failed yesterday must still be there."""
    store = FilledStore(tmp_path / "store.db", 3000, lambda number: "failed" if number <= 40 else "running")
    store.change("UPDATE processes SET lease_until = '2999-01-01 00:00:00.000000' WHERE status = 'running'")
    result = call_module("report", {"store": store.location, "dest": str(tmp_path / "report.html")})
    processes = of_page(result["dest"], "processes")
    assert len(processes) < 2600 and sum(one["status"] == "failed" for one in processes) == 40
    assert result["counts"]["processes"] == {"failed": 40, "running": 2960}


def test_however_long_the_texts_are_the_page_stays_small(tmp_path):
    store = FilledStore(tmp_path / "store.db", 900, lambda number: "failed" if number % 2 else "completed")
    store.change("UPDATE processes SET error = ?", "<" * 1500)
    store.change("UPDATE subscriptions SET note = ?", "\u00e9" * 1000)
    findings = [FINDING | {"message": "x" * 5000} for _number in range(900)]
    result = call_module("report", {"store": store.location, "dest": str(tmp_path / "report.html"), "findings": findings})
    assert os.path.getsize(result["dest"]) < 5_000_000
    processes = of_page(result["dest"], "processes")
    assert 200 < len(processes) < 450 and {one["status"] for one in processes} == {"failed"}
    assert result["counts"]["findings"] == 900 and 50 < len(of_page(result["dest"], "findings")) < 100


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"findings": [{"device": "r"}]}, "Findings takes what a validation found"),
        ({"findings": [FINDING | {"device_id": "7"}]}, "Findings takes what a validation found"),
        ({"validated_at": "2026-11-23"}, "so give findings as well"),
        ({"findings": [], "validated_at": "yesterday"}, "must be a moment like 2026-11-23T05:52:17Z"),
        ({"findings": [], "validated_at": "the day before yesterday +00:00"}, "must be a moment like 2026-11-23T05:52:17Z"),
        ({"dest": ""}, "Dest takes the path of a file"),
        ({"dest": "reports/"}, "Dest takes the path of a file"),
        ({"dest": "/tmp/a\x00b"}, "Dest cannot be used as a path"),
        ({"dest": "/dev/null"}, "/dev/null is no file"),
        ({"dest": "/dev"}, "/dev is a directory"),
        ({"dest": "/dev/null/x"}, "/dev/null/x cannot be read"),
        ({"mode": "rw"}, "Mode must read like '0640'"),
        ({"mode": 644}, "Mode must read like '0640'"),
        ({"mode": True}, "Mode must read like '0640'"),
        ({"store": "/nowhere/at/all.db"}, "There is no store there yet"),
    ],
)
def test_what_cannot_be_gets_a_sentence(run, options, sentence):
    for check_mode in (True, False):
        result = run("report", check_mode=check_mode, **options)
        assert result.get("failed") and sentence in result["msg"], result


# The answers


def test_the_answers_have_what_the_page_shows(run):
    subscriptions = run("subscription_info")["subscriptions"]
    assert [one["process_status"] for one in subscriptions] == list(ENDS)
    first = subscriptions[0]
    assert (first["site"], first["role"], first["platform"]) == ("loc2", "edge", "cisco_ios")
    assert first["device_url"] == NETBOX + "/dcim/devices/1/"
    processes = {one["status"]: one for one in run("process_info", steps=True)["processes"]}
    assert processes["failed"]["device"] == "node-2 (loc3, 2)" and processes["failed"]["steps"][-1]["seconds"] == 0.16


@pytest.mark.parametrize(
    ("status", "step", "continued", "aborted"),
    [
        ("completed", None, None, None),
        ("aborted", None, None, None),
        ("running", "set_status", None, None),
        ("failed", "set_status", "resume -e process_ids={0}", "abort -e process_ids={0}"),
        ("interrupted", "set_status", "resume -e process_ids={0}", "abort -e process_ids={0}"),
        ("suspended", "set_status", "resume -e process_ids={0} -e confirm_config=true", "abort -e process_ids={0}"),
        ("failed", "abort", "abort -e process_ids={0}", "abort -e process_ids={0}"),
    ],
)
def test_how_a_process_goes_on(run, store, status, step, continued, aborted):
    if step:
        store.change("UPDATE processes SET step = ?", step)
    [process] = run("process_info", status=[status])["processes"]
    found = [process["continue_with"], process["abort_with"]]
    expected = [line and "ansible-playbook nodeflow.orchestrator." + line.format(process["process_id"]) for line in (continued, aborted)]
    assert found == expected


def test_the_latest_process_of_a_subscription_counts(run, store):
    columns = "workflow, workflow_version, target, status, step, state, error, actor, run_id, lease_until, updated_at, completed_at"
    store.change(
        f"INSERT INTO processes (process_id, subscription_id, started_at, {columns}) SELECT 'later', subscription_id, '2027-01-01 00:00:00.000000', {columns} "
        "FROM processes WHERE status = 'completed'"
    )
    store.change("UPDATE processes SET workflow = 'modify_node', state = '{}' WHERE process_id = 'later'")
    [answer] = run("subscription_info", device_ids=[1])["subscriptions"]
    assert (answer["process_id"], answer["process_workflow"], answer["site"]) == ("later", "modify_node", None)
    assert {one["device"] for one in run("process_info", device_ids=[1])["processes"]} == {"node-1 (loc2, 1)", None}


def test_a_store_that_belongs_to_no_netbox_has_no_links(run, store):
    for url in (None, "javascript:alert(1)//"):
        store.change("DELETE FROM nodeflow_store WHERE name = 'netbox_url'")
        if url:
            store.change("INSERT INTO nodeflow_store VALUES ('netbox_url', ?)", url)
        assert run("subscription_info")["subscriptions"][0]["device_url"] is None


def test_the_statements_are_as_few_for_many_as_for_one(tmp_path):
    counted = []
    for count in (1, 700):
        store = FilledStore(tmp_path / f"{count}.db", count)
        for module, options in (("report", {"dest": str(tmp_path / "r")}), ("subscription_info", {}), ("process_info", {"steps": True})):
            with counted_statements() as seen:
                call_module(module, {"store": store.location} | options)
            counted.append(len(seen))
    assert counted[:3] == counted[3:] and max(counted) <= 10, counted


# The export


@given(ODD_TEXT)
@example("=1+1")
@example("\t =1+1")
@example("x;=1+1")
@example('x","=1+1')
@example("two\r\n@SUM(A1)")
@example("\uff1dcmd")
@example("'=1")
def test_no_cell_begins_a_formula_and_the_rule_can_be_undone(text):
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    [row] = read_csv(as_csv([{"note": text}], ["note", "more"]))
    assert row["more"] == ""
    assert not re.search(r"""(^|[;,|\t\r\n"])\s*[=+\-@\uff1d\uff0b\uff0d\uff20]""", row["note"])
    assert undone(row["note"]) == text


@pytest.mark.parametrize(
    ("module", "options"), [("subscription_info", {"subscription_ids": ["none"]}), ("process_info", {"steps": True, "process_ids": ["none"]})]
)
def test_a_csv_file_has_the_same_columns_when_nothing_is_in_it(run, tmp_path, module, options):
    headers = []
    for some in ({name: value for name, value in options.items() if name == "steps"}, options):
        assert run(module, dest=str(tmp_path / "x.csv"), format="csv", **some)["changed"]
        assert not run(module, dest=str(tmp_path / "x.csv"), format="csv", **some)["changed"]
        headers.append((tmp_path / "x.csv").read_text(encoding="utf-8").splitlines()[0])
    assert headers[0] == headers[1]


def test_values_in_csv(run, tmp_path):
    run("process_info", dest=str(tmp_path / "p.csv"), format="csv", steps=True, status=["failed"])
    rows = read_csv((tmp_path / "p.csv").read_bytes())
    assert [row["steps.step"] for row in rows][-1] == "update_node_in_netbox" and len(rows) == 8
    assert {row["device"] for row in rows} == {"node-2 (loc3, 2)"}
    assert json.loads(rows[0]["state"])["claim"] == "netbox" and rows[0]["run_id"] == ""
    run("subscription_info", dest=str(tmp_path / "s.csv"), format="csv")
    assert [row["insync"] for row in read_csv((tmp_path / "s.csv").read_bytes())] == ["true", "false", "false", "false", "false", "true"]


@given(st.lists(st.dictionaries(ODD_TEXT, ODD_TEXT)))
def test_the_json_is_json(records):
    assert json.loads(as_json(records).decode("utf-8")) == json.loads(json.dumps(records))


def test_the_json_file_is_what_the_module_returns(run, tmp_path):
    result = run("process_info", dest=str(tmp_path / "p.json"), steps=True)
    assert json.loads((tmp_path / "p.json").read_text(encoding="utf-8")) == run("process_info", steps=True)["processes"]
    assert result["changed"] and not run("process_info", dest=str(tmp_path / "p.json"), steps=True)["changed"]


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("module", ["subscription_info", "process_info"])
def test_with_a_file_the_result_is_as_short_for_many_as_for_few(tmp_path, module, check_mode):
    """For whoever exports 50,000 of them: once into a file is enough."""
    results = []
    for count in (1, 300):
        store = FilledStore(tmp_path / f"{count}.db", count)
        result = call_module(module, {"store": store.location, "dest": str(tmp_path / f"{count}.csv"), "format": "csv"}, check_mode=check_mode)
        status = "active" if module == "subscription_info" else "completed"
        assert (result["count"], result["counts"], result["changed"]) == (count, {status: count}, True)
        results.append(len(json.dumps(result)))
    assert max(results) < 800 and abs(results[1] - results[0]) < 20


def test_an_export_without_a_store_leaves_the_file_as_it_was(run, tmp_path):
    (tmp_path / "s.json").write_text("[1]", encoding="utf-8")
    result = run("subscription_info", store=str(tmp_path / "none.db"), dest=str(tmp_path / "s.json"))
    assert result["failed"] and "There is no store there yet" in result["msg"]
    assert (tmp_path / "s.json").read_text(encoding="utf-8") == "[1]"
    assert run("subscription_info", store=str(tmp_path / "none.db"))["subscriptions"] == []


# The file


@pytest.mark.parametrize(("module", "more"), [("report", {}), ("subscription_info", {}), ("process_info", {"format": "csv"})])
def test_each_module_writes_its_file_in_the_same_way(run, tmp_path, module, more):
    real, link = tmp_path / "sub" / "real", tmp_path / "link"
    link.symlink_to(real)
    expected = run(module, check_mode=True, dest=str(link), **more)
    assert expected["changed"] and expected["dest"] == str(real) and not real.parent.exists()
    assert run(module, dest=str(link), **more)["changed"] and link.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    inode = real.stat().st_ino
    real.chmod(0o644)
    assert not run(module, dest=str(link), **more)["changed"] and stat.S_IMODE(real.stat().st_mode) == 0o644
    assert run(module, check_mode=True, dest=str(link), mode="0600", **more)["changed"] and stat.S_IMODE(real.stat().st_mode) == 0o644
    assert run(module, dest=str(link), mode=0o600, **more)["changed"] and stat.S_IMODE(real.stat().st_mode) == 0o600
    assert real.stat().st_ino == inode
    real.write_text("something else", encoding="utf-8")
    assert run(module, dest=str(link), **more)["changed"]
    assert real.stat().st_ino != inode and stat.S_IMODE(real.stat().st_mode) == 0o600
    assert [one.name for one in real.parent.iterdir()] == ["real"]


def test_a_file_that_cannot_be_replaced_stays_whole(run, tmp_path, monkeypatch):
    target = tmp_path / "report.html"
    target.write_text("old", encoding="utf-8")

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    result = run("report", dest=str(target))
    assert result["failed"] and result["msg"] == f"{target} cannot be written: No space left on device"
    assert target.read_text(encoding="utf-8") == "old" and sorted(one.name for one in tmp_path.iterdir() if one.name[0] == ".") == []


def test_a_process_that_runs_in_no_run_is_found_as_interrupted(run, store):
    """However it came to that: a list by status must not pass over what the list of all calls interrupted."""
    store.change("UPDATE processes SET lease_until = NULL WHERE status = 'running'")
    assert [one["status"] for one in run("process_info", status=["interrupted"])["processes"]] == ["interrupted", "interrupted"]
    assert run("process_info", status=["running"])["processes"] == []
