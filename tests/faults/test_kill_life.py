# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""kill -9 of a run that changes enrolled nodes, at each boundary between steps and on both sides of the write to NetBox. One resume completes it."""

from __future__ import annotations

from audit import Findings
from in_process import take_into_service
from killing import ANSWER, END, REQUEST, Moment, play_killed
from netbox_proxy import NetboxProxy

PLAYBOOKS = {
    "modify_node": {"node_status": "offline", "note": "moved"},
    "terminate_node": {"node_status": "decommissioning", "confirm_config": True},
    "reconcile_nodes": {"wins": {"status": "store"}},
}

TASKS = {"modify_node": 6, "terminate_node": 8, "reconcile_nodes": 6}

LEFT = {"modify_node": ("active", "offline"), "terminate_node": ("terminated", "decommissioning"), "reconcile_nodes": ("active", "active")}
"""The subscription's lifecycle and the device's status in NetBox, once it is done."""


def moments(soak):
    """What to kill, and when."""
    for playbook, tasks in TASKS.items():
        ends = [Moment(END, number) for number in range(1, tasks)] + [Moment(kind, number) for kind in (REQUEST, ANSWER) for number in range(1, 5)]
        for moment in ends if soak else (Moment(END, 2), Moment(END, tasks - 2), Moment(ANSWER, 4)):
            yield playbook, moment


def pytest_generate_tests(metafunc):
    metafunc.parametrize(("playbook", "moment"), list(moments(metafunc.config.getoption("--soak"))), ids=str)


def test_a_killed_change_is_finished_by_one_resume(play_on, netbox, lab, fault_table, playbook, moment):
    devices = netbox.make_many(3)
    take_into_service(play_on, *devices)
    if playbook == "reconcile_nodes":
        for device in devices:
            netbox.set(device, status="planned")
    with NetboxProxy(lab["url"]) as proxy:
        play_on.environment["NODEFLOW_NETBOX_MOVED"] = "true"  # the proxy's address is another one
        killed = play_killed(play_on, proxy, moment, playbook, nodes=devices, **PLAYBOOKS[playbook])
    assert killed is not None, "it was over before"
    outputs = [killed.output]
    if play_on.rows("SELECT 1 FROM processes WHERE status = 'running'"):
        outputs.append(play_on("nodeflow.orchestrator.resume", all=True, take_over=True, confirm_config=True).output)
    else:
        outputs.append(play_on("nodeflow.orchestrator." + playbook, nodes=devices, **PLAYBOOKS[playbook]).output)
    fault_table.record(
        f"kill -9 of {playbook}, {type(play_on.store).__name__.replace('Store', '')}", found(play_on, netbox, devices, playbook), outputs
    )


def found(play, netbox, devices, playbook):
    """What is wrong, by SQL and the REST API."""
    findings = Findings()
    lifecycle, status = LEFT[playbook]
    rows = {row["device_id"]: row for row in play.rows(f"SELECT {play.store.device_id} AS device_id, status, insync FROM subscriptions")}
    workflow = {"reconcile_nodes": "reconcile_node"}.get(playbook, playbook)
    processes = play.rows(f"SELECT {play.store.device_id} AS device_id, workflow, p.status FROM processes p JOIN subscriptions s USING (subscription_id)")
    for device in devices:
        if (rows[device]["status"], bool(rows[device]["insync"])) != (lifecycle, True):
            findings.lost.append(f"device {device}: its subscription is {rows[device]}")
        if netbox.status(device) != status:
            findings.lost.append(f"device {device} is {netbox.status(device)} in NetBox")
        own = [row["status"] for row in processes if row["device_id"] == device and row["workflow"] == workflow]
        findings.stuck += [f"device {device}: a process is {one}" for one in own if one != "completed"]
        if len(own) != 1:
            findings.twice.append(f"device {device}: {len(own)} processes of {workflow}")
    return findings
