# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a survey's choices say is what the forms take: labels of devices and of processes, also when they are out of date by then."""

from __future__ import annotations

import json

import pytest


def label_of(netbox, device):
    known = netbox.device(device)
    return f"{known['name']} ({known['site']['slug']}, {device})"


@pytest.mark.parametrize("name", ["{}", "{}, with (a comma, 7)", "{} {{{{ 1 + 1 }}}} {{% if", "{} \"quoted\" 'too'"])
def test_a_label_enrols_its_device_whatever_that_is_called(play, netbox, name):
    device, other = netbox.make(), netbox.make()
    netbox.set(device, name=name.format(netbox.device(device)["name"]))
    answers = play.directory / "answers.yml"  # as AWX writes them: what a person has answered is no template
    answers.write_text(f"nodes: [!unsafe {json.dumps(label_of(netbox, device))}]\n", encoding="utf-8")
    done = play.create("-e", f"@{answers}", confirm_config=True)
    assert done.returncode == 0, done.output
    assert netbox.statuses([device, other]) == {device: "active", other: "planned"}


def test_a_label_whose_device_was_renamed_is_refused_and_the_others_go_on(play, netbox):
    device, other = netbox.make(), netbox.make()
    old, good = label_of(netbox, device), label_of(netbox, other)
    netbox.set(device, name=netbox.device(device)["name"] + "-new")
    done = play.create(nodes=f"{old},{good}", confirm_config=True)
    assert done.returncode == 2
    assert f"{old} is not what NetBox has: the device with the id {device} is {label_of(netbox, device)} there now; choose again" in done.output
    assert netbox.statuses([device, other]) == {device: "planned", other: "active"}


def test_a_choice_of_a_process_continues_and_aborts_it(play, netbox):
    devices = [netbox.make(), netbox.make()]
    assert play.create(nodes=devices).returncode == 0
    choices = [
        f"{row['process_id']} {label_of(netbox, device)}: suspended" for device, row in zip(devices, play.rows("SELECT * FROM processes ORDER BY started_at"))
    ]
    done = play("nodeflow.orchestrator.resume", process_ids=choices[:1], confirm_config=True)
    assert done.returncode == 0, done.output
    done = play("nodeflow.orchestrator.abort", process_ids=choices[1:])
    assert done.returncode == 0, done.output
    assert sorted(row["status"] for row in play.rows("SELECT * FROM processes")) == ["aborted", "completed"]
    assert sorted(netbox.statuses(devices).values()) == ["active", "planned"]
