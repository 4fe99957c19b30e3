# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""kill -9 of a run of a product from outside, at each boundary between steps and on both sides of each write to NetBox. One resume completes it."""

from __future__ import annotations

from audit import Findings
from circuits import Circuits
from killing import ANSWER, END, REQUEST, Moment, play_killed
from netbox_proxy import NetboxProxy

TASKS = 10
"""Tasks of the playbook of the circuits."""

REQUESTS = {"create_circuit": 12, "terminate_circuit": 6}
"""Requests to NetBox that it makes at least."""


def moments(soak):
    """What to kill, and when."""
    for playbook, requests in REQUESTS.items():
        ends = [Moment(END, number) for number in range(1, TASKS)] + [Moment(kind, number) for kind in (REQUEST, ANSWER) for number in range(1, requests + 1)]
        few = (Moment(END, 2), Moment(END, 6), Moment(ANSWER, 8)) if playbook == "create_circuit" else (Moment(ANSWER, 2), Moment(REQUEST, 4))
        for moment in ends if soak else few:
            yield playbook, moment


def pytest_generate_tests(metafunc):
    metafunc.parametrize(("playbook", "moment"), list(moments(metafunc.config.getoption("--soak"))), ids=str)


def test_a_killed_run_is_finished_by_one_resume(play_on, netbox, lab, fault_table, playbook, moment):
    circuits = Circuits(play_on, netbox, interfaces=2)
    variables = circuits.variables(circuits.pairs, confirm_config=True)
    if playbook == "terminate_circuit":
        assert circuits.create(circuits.pairs, confirm_config=True).returncode == 0
        variables = {"circuits": [row["subscription_id"] for row in circuits.subscriptions()], "confirm_config": True}
    with NetboxProxy(lab["url"]) as proxy:
        play_on.environment["NODEFLOW_NETBOX_MOVED"] = "true"  # the proxy's address is another one
        killed = play_killed(play_on, proxy, moment, f"acme.circuits.{playbook}", **variables)
    assert killed is not None, "it was over before"
    outputs = [killed.output]
    if play_on.rows("SELECT 1 FROM processes WHERE status = 'running'"):
        outputs.append(circuits.run("resume", status="interrupted", take_over=True, confirm_config=True).output)
    else:
        outputs.append(circuits.run(playbook, **variables).output)
    fault_table.record(f"kill -9 of {playbook}, {type(play_on.store).__name__.replace('Store', '')}", found(circuits, playbook), outputs)


def found(circuits, playbook):
    """What is wrong, by SQL and the REST API."""
    findings = Findings()
    lifecycle = "active" if playbook == "create_circuit" else "terminated"
    number = len(circuits.pairs) if lifecycle == "active" else 0
    for row in circuits.subscriptions():
        if (row["status"], bool(row["insync"])) != (lifecycle, True):
            findings.lost.append(f"{row['description']} is {row['status']}, insync {row['insync']}")
    if len(circuits.subscriptions()) != len(circuits.pairs):
        findings.twice.append(f"{len(circuits.subscriptions())} subscriptions of {len(circuits.pairs)} circuits")
    there = circuits.in_netbox()
    for name, each in (("prefixes", 2), ("addresses", 4), ("cables", 1)):
        if len(there[name]) != each * number:
            (findings.twice if len(there[name]) > each * number else findings.lost).append(f"{len(there[name])} {name} of {number} circuits: {there[name]}")
    if lifecycle == "active" and {cable[1:] for cable in there["cables"] if cable[0] == "connected"} != set(circuits.pairs):
        findings.lost.append(f"the cables are {there['cables']}")
    if circuits.claims() != {key for pair in circuits.pairs[:number] for key in pair}:
        findings.lost.append(f"claimed are {circuits.claims()}")
    processes = circuits.play.rows(f"SELECT status FROM processes WHERE workflow = 'acme.circuits.{playbook}'")
    findings.stuck += [f"a process is {row['status']}" for row in processes if row["status"] != "completed"]
    if len(processes) != len(circuits.pairs):
        findings.twice.append(f"{len(processes)} processes of {len(circuits.pairs)} circuits")
    return findings
