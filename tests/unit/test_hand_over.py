# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Long rows in short results: for who runs many nodes as a job, each of whose results is an event that is kept."""

from __future__ import annotations

import json
import os
import stat
import uuid

import pytest
from ansible import constants

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import NODE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.rows import read_rows
from ansible_collections.nodeflow.orchestrator.plugins.plugin_utils import _texts
from ansible_collections.nodeflow.orchestrator.plugins.plugin_utils._hand_over import MOST, hand_over, shown_arguments, whole_rows, with_whole_rows

RUN = "1f0d6c1e-7f2b-4a53-9a55-0c7f4d5e6a7b"


def many(count=500, status="running", **more):
    """Rows as a step returns them."""
    return [
        {
            "device_id": 20000 + number,
            "device": f"access-switch-{number:04} (loc1, {20000 + number})",
            "status": status,
            "process_id": str(uuid.uuid4()),
            "subscription_id": str(uuid.uuid4()),
            "run_id": RUN,
            "model": {"node": {"node_id": number, "text": "x" * 300}},
            "state": {},
        }
        | more
        for number in range(count)
    ]


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """Ansible's temporary directory of this run."""
    monkeypatch.setattr(constants, "DEFAULT_LOCAL_TMP", str(tmp_path))
    return tmp_path


def test_a_list_that_is_not_long_is_in_the_result_as_it_is(place):
    rows = many(20)
    assert hand_over(rows, NODE, False) is rows and not list(place.iterdir())
    assert hand_over("no rows", NODE, False) == "no rows" and hand_over([1, 2], NODE, False) == [1, 2]


def test_the_next_task_gets_the_whole_rows_of_a_long_list(place):
    rows = many()
    short = hand_over(rows, NODE, False)
    assert len(json.dumps(short)) <= MOST
    assert {name: short[7][name] for name in ("device_id", "status", "process_id")} == {name: rows[7][name] for name in ("device_id", "status", "process_id")}
    assert with_whole_rows({"nodes": short, "confirm": True}, NODE) == ({"nodes": rows, "confirm": True}, None)
    [file] = place.iterdir()
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600


def test_rows_may_be_filtered_sorted_repeated_and_mixed_before_they_come_back():
    one, two, few = many(), many(), many(3)
    short = hand_over(one, NODE, False)[10:20][::-1] + few + hand_over(two, NODE, False)[:2] * 2
    assert whole_rows(json.loads(json.dumps(short))) == (one[10:20][::-1] + few + two[:2] * 2, 0)


def test_what_a_user_adds_to_a_row_or_changes_in_it_stays():
    rows = many()
    short = hand_over(rows, NODE, False)
    given = [short[3] | {"rack": "r7", "status": "failed", "message": "not today"}]
    assert whole_rows(given) == ([rows[3] | {"rack": "r7", "status": "failed", "message": "not today"}], 0)


def test_rows_of_another_kind_keep_what_they_are_chosen_by():
    more = {"name": "n" * 40, "ipv4": {"a": "b" * 200}}
    rows = [{"process_id": str(uuid.uuid4()), "removal": number % 2 == 0, "device_id": number} | more for number in range(500)]
    short = hand_over(rows, None, False)
    assert set(short[0]) == {"process_id", "removal", "device_id", "whole_row"}
    assert whole_rows([row for row in short if row["removal"]]) == ([row for row in rows if row["removal"]], 0)


@pytest.mark.parametrize(
    ("status", "there"),
    [
        ("suspended", {"process_id", "device"}),
        ("failed", {"process_id", "device"}),
        ("completed", {"subscription_id", "device"}),
        ("unchanged", {"subscription_id", "device"}),
    ],
)
def test_a_short_row_has_what_a_reader_wants_as_far_as_it_fits(status, there):
    short = hand_over(many(440, status, message="m" * 80, reason="r" * 70), NODE, False)
    assert there <= set(short[0]) and "message" not in short[0] and len(json.dumps(short)) <= MOST
    assert {"reason", *there} <= set(hand_over(many(250, status, message="m" * 80, reason="r" * 70), NODE, False)[0])


def test_a_result_that_ansible_prints_as_well_is_half_as_long():
    short = hand_over(many(450, "failed", message="m"), NODE, True)
    assert len(json.dumps(short)) <= MOST * 2 // 5


@pytest.mark.parametrize("count", [5000])
def test_a_running_row_always_has_its_process(count):
    short = hand_over(many(count), NODE, True)
    assert all(row["process_id"] for row in short) and len(json.dumps(short)) < 700_000


def test_what_a_form_has_found_keeps_its_label_however_much_it_is():
    short = hand_over([{name: value for name, value in row.items() if name not in ("process_id", "subscription_id")} for row in many(5000)], NODE, True)
    assert all(row["device"] for row in short) and len(json.dumps(short)) < 700_000


def test_without_the_file_the_task_says_so_and_has_what_releases_the_processes(place):
    short = hand_over(many(), NODE, False)
    for file in place.iterdir():
        file.unlink()
    arguments, problem = with_whole_rows({"nodes": short[:2]}, NODE)
    assert problem.startswith("Of the nodes that this task was given, 2 came short, and the file with the whole ones is gone")
    rows = read_rows(arguments["nodes"], NODE)
    assert [row.process_id for row in rows] == [one["process_id"] for one in short[:2]] and {row.run_id for row in rows} == {RUN[:8]}


@pytest.mark.parametrize(
    "reference",
    [
        "../secret.0.",
        "x/../secret.0.",
        "/etc/passwd",
        "0000000g.0.",
        "00000000.0.",
        "00000000.0.1f0d6c1e",
        "00000000.-1.",
        "00000000.99999.",
        "",
        7,
        None,
        ["x"],
        "secret.0.",
        "00000000.1.1f0d6c1e\n",
    ],
)
def test_a_reference_leads_to_no_other_file(place, reference):
    (place / "nodeflow-rows-secret.json").write_text('[{"secret": "s3cr3t"}]', encoding="utf-8")
    for directory, file in (("nodeflow-rows-..", "nodeflow-rows-../secret.json"), ("nodeflow-rows-x", "secret.json")):
        (place / directory).mkdir()
        (place / file).write_text('[{"secret": "s3cr3t"}]', encoding="utf-8")
    (place / "nodeflow-rows-00000000.json").write_text('[{"run_id": "ffffffff-1"}, {"a": 1}]', encoding="utf-8")
    given = {"device_id": 7, "status": "running", "whole_row": reference}
    assert whole_rows([given]) == ([given], 1)


def test_a_reference_to_the_row_of_another_process_is_refused():
    short = hand_over(many(), NODE, False)
    given = short[3] | {"whole_row": short[4]["whole_row"]}
    assert whole_rows([given]) == ([given], 1)


@pytest.mark.parametrize("content", ["", "{}", "[1, 2", "null", "[7]"])
def test_a_file_that_is_damaged_has_no_rows(place, content):
    short = hand_over(many(), NODE, False)
    for file in place.iterdir():
        file.write_text(content, encoding="utf-8")
    assert whole_rows(short[:1]) == (short[:1], 1)


def test_where_no_file_can_be_written_the_result_is_long(place, monkeypatch):
    monkeypatch.setattr(constants, "DEFAULT_LOCAL_TMP", str(place / "gone"))
    rows = many()
    assert hand_over(rows, NODE, False) is rows


def test_configs_and_rows_are_counted_where_a_task_shows_its_arguments():
    shown = shown_arguments({"configs": [{"config": "secret"}] * 3, "nodes": [{"device_id": 1}], "names": ["a"], "none": [], "confirm": True})
    assert shown == {"configs": "3 configs", "nodes": "1 nodes", "names": ["a"], "none": [], "confirm": True}


def test_a_long_text_is_shown_in_parts_that_end_with_a_line(monkeypatch):
    shown = []
    monkeypatch.setattr(_texts.display, "display", shown.append)
    text = "\n".join(f"line {number} " + "x" * 90 for number in range(2000)) + "\n" + "y" * 50_000 + "\nend"
    _texts.Texts(quiet=False).show(text)
    assert "\n".join(shown) == text and len(shown) > 4 and sorted(map(len, shown))[-2] <= _texts.LONGEST
    shown.clear()
    for text in ("", "\n--- one ---\n", "a\n\nb"):
        _texts.Texts(quiet=False).show(text)
    assert shown == ["", "\n--- one ---\n", "a\n\nb"]
