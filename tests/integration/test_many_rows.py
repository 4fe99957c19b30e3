# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many nodes in one job: the events stay short, and nothing is lost between two tasks."""

from __future__ import annotations

import json

COUNT = 160

STEPS = """
- nodeflow.orchestrator.initial_input_form: {nodes: "{{ devices }}"}
  register: last
- nodeflow.orchestrator.construct_node_model: {nodes: "{{ last.nodes }}"}
  register: last
- name: first half
  nodeflow.orchestrator.store_process_subscription: {nodes: "{{ last.nodes[:80] }}"}
  register: first
- name: second half, the other way round, as the ordinary module
  nodeflow.orchestrator.store_process_subscription: {nodes: "{{ last.nodes[80:] | reverse | selectattr('status', 'eq', 'running') }}"}
  register: second
  environment: {A: b}
- name: mixed
  nodeflow.orchestrator.fetch_ip_address_information: {nodes: "{{ second.nodes + first.nodes }}"}
  register: last
"""

LOSE = """
- name: lose the files
  ansible.builtin.shell: rm {{ place }}/ansible-local-*/nodeflow-rows-*
- nodeflow.orchestrator.set_status: {nodes: "{{ last.nodes }}", lifecycle: provisioning}
"""


def test_long_rows_reach_the_next_task_and_no_result_is_long(play, netbox, tmp_path):
    devices = netbox.make_many(COUNT)
    waiting = play.create("-v", nodes=devices)
    assert waiting.returncode == 0, waiting.output
    assert {row["status"] for row in waiting.nodes} == {"suspended"} and len(waiting.nodes) == COUNT
    assert "whole_row" in waiting.nodes[0]
    done = play("nodeflow.orchestrator.resume", "-v", status="suspended", confirm_config=True)
    assert done.returncode == 0, done.output
    assert netbox.statuses(devices) == dict.fromkeys(devices, "active")
    for result in [*waiting.results.values(), *done.results.values()]:
        assert len(json.dumps(result)) < 45_000
    assert done.results["provide_config_to_user"]["invocation"]["module_args"]["configs"] == f"{COUNT} configs"


def test_long_rows_can_be_split_and_mixed_and_where_they_are_lost_the_processes_go_on(play, netbox, tmp_path):
    devices = netbox.make_many(COUNT)
    (tmp_path / "local").mkdir()
    play.environment["ANSIBLE_LOCAL_TEMP"] = str(tmp_path / "local")
    lost = play.tasks(STEPS + LOSE, "-v", devices=devices, place=str(tmp_path / "local"))
    assert lost.returncode == 2
    assert [row["device_id"] for row in lost.results["mixed"]["nodes"]] == devices[:79:-1] + devices[:80]
    assert f"Of the nodes that this task was given, {COUNT} came short, and the file with the whole ones is gone" in lost.message
    assert {row["status"] for row in lost.nodes} == {"failed"}
    assert play.rows("SELECT DISTINCT status, step, run_id FROM processes") == [{"status": "failed", "step": "set_status", "run_id": None}]
    done = play("nodeflow.orchestrator.resume", status="failed", confirm_config=True)
    assert done.returncode == 0, done.output
    assert netbox.statuses(devices) == dict.fromkeys(devices, "active")
    assert not list((tmp_path / "local").iterdir())
