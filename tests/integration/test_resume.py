# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Suspend, confirm, resume: for the engineer who confirms tomorrow, and for what changes overnight."""

from __future__ import annotations

import ipaddress
import time

import pytest

from gate import Gate
from killing import killed_at


def test_without_a_confirmation_the_process_is_suspended_and_the_play_ends_well(play, netbox):
    device = netbox.make()
    done = play.create(nodes=device)
    assert done.returncode == 0, done.output
    [process] = play.rows("SELECT * FROM processes")
    assert (process["status"], process["step"]) == ("suspended", "provide_config_to_user")
    command = f"ansible-playbook nodeflow.orchestrator.resume -e process_ids={process['process_id']} -e confirm_config=true"
    assert command in done.output
    again = play.create(nodes=device)
    assert (again.returncode, again.recap["changed"]) == (0, 0)
    assert f"is being enrolled already: process {process['process_id']} is suspended" in again.output
    resumed = play.resume(process["process_id"], confirm_config=True)
    assert resumed.returncode == 0, resumed.output
    assert netbox.status(device) == "active"
    assert play.rows("SELECT status FROM processes") == [{"status": "completed"}]


def test_waiting_on_is_no_change(play, netbox):
    process_id = play.create(nodes=netbox.make()).nodes[0]["process_id"]
    play.resume(process_id)  # the device's status is staged by now, which the process notes
    log = play.rows("SELECT * FROM process_steps")
    again = play.resume(process_id)
    assert (again.returncode, again.recap["changed"]) == (0, 0)
    assert play.rows("SELECT * FROM process_steps") == log


def test_a_config_that_changed_is_shown_and_asked_again(play, netbox, tmp_path):
    device = netbox.make()
    process_id = play.create(nodes=device).nodes[0]["process_id"]
    address = str(ipaddress.IPv4Address("10.77.0.0") + device)
    netbox.address(device, primary_ip4=address + "/32")
    changed = play.resume(process_id, confirm_config=True)
    assert changed.returncode == 0, changed.output
    assert address in changed.output and "since it has changed after it was shown" in changed.output
    assert netbox.status(device) == "staged"
    templates = tmp_path / "templates"
    templates.mkdir()
    (templates / "cisco_ios.j2").write_text("hostname {{ node.name }} ! ours\n", encoding="utf-8")
    other = play.resume(process_id, confirm_config=True, node_config_templates=[str(templates)])
    assert "! ours" in other.output and netbox.status(device) == "staged"
    confirmed = play.resume(process_id, confirm_config=True, node_config_templates=[str(templates)])
    assert confirmed.returncode == 0 and netbox.status(device) == "active"


def test_the_config_is_saved_to_a_file(play, netbox, tmp_path):
    device = netbox.make(name=f"a/b c{netbox.make()}")
    done = play.create(nodes=device, node_config_dir=str(tmp_path / "configs" / "new"))
    assert done.returncode == 0, done.output
    [file] = (tmp_path / "configs" / "new").iterdir()
    assert file.name.startswith(f"{device}-a_b_c")
    address = netbox.device(device)["primary_ip4"]["address"].split("/")[0]
    assert f"ip address {address} 255.255.255.255" in file.read_text(encoding="utf-8")


def test_a_directory_that_cannot_be_written_fails_the_node_and_resume_completes_it(play, netbox, tmp_path):
    """It could be made when the run began."""
    device, gate, directory = netbox.make(), Gate(tmp_path, "provide_config_to_user"), tmp_path / "configs"
    variables = {"nodes": device, "confirm_config": True, "node_config_dir": str(directory)}
    run = play.start("nodeflow.orchestrator.create_node", environment=gate.environment, **variables)
    gate.wait_for(run)
    directory.write_text("", encoding="utf-8")
    gate.open()
    done = play.finish(run)
    assert done.returncode == 2 and "its config cannot be saved" in done.message, done.output
    [process] = play.rows("SELECT * FROM processes")
    assert (process["status"], process["step"]) == ("failed", "provide_config_to_user")
    assert play.resume(process["process_id"], confirm_config=True).returncode == 0
    assert netbox.status(device) == "active"


def test_netbox_can_render_the_config(play, netbox):
    template = netbox.call("POST", "extras/config-templates", {"name": f"t{time.time()}", "template_code": "rendered for {{ device.name }}"})
    device = netbox.make(config_template=template["id"])
    done = play.create(nodes=device, node_config_source="netbox", confirm_config=True, netbox_token=netbox_admin(play, netbox))
    assert done.returncode == 0, done.output
    assert "rendered for " + netbox.device(device)["name"] in done.output
    assert netbox.status(device) == "active"


def netbox_admin(play, netbox):
    """The token of the reader, who may do everything."""
    return netbox.session.headers["Authorization"].split(" ")[1]


def test_a_template_that_fails_fails_its_node_only(play, netbox, tmp_path):
    (tmp_path / "cisco_ios.j2").write_text("{{ node.nosuch.thing }}", encoding="utf-8")
    bad, good = netbox.make(), netbox.make(platform="frr")
    done = play.create(nodes=[bad, good], confirm_config=True, node_config_templates=[str(tmp_path)])
    assert done.returncode == 2 and "could not be rendered" in done.message
    assert (netbox.status(bad), netbox.status(good)) == ("staged", "active")
    process_id = play.rows("SELECT process_id FROM processes WHERE status = 'failed'")[0]["process_id"]
    assert play.resume(process_id, confirm_config=True).returncode == 0
    assert netbox.status(bad) == "active"


@pytest.mark.parametrize("process", ["completed", "unknown"])
def test_what_cannot_be_resumed_is_a_sentence(play, netbox, process):
    process_id = play.create(nodes=netbox.make(), confirm_config=True).nodes[0]["process_id"] if process == "completed" else "1234"
    done = play.resume(process_id, confirm_config=True)
    assert done.returncode == 2
    assert (
        "is completed, so there is nothing to continue or to confirm" if process == "completed" else "There is no process 1234"
    ) in done.message.replace("there is no process", "There is no process")


def test_resume_without_a_process_says_what_to_give(play):
    done = play("nodeflow.orchestrator.resume")
    assert done.returncode == 2 and "Say which processes to resume" in done.output


def test_an_edit_in_another_field_survives(play, netbox):
    device = netbox.make()
    process_id = play.create(nodes=device).nodes[0]["process_id"]
    netbox.set(device, comments="racked by Ann", serial="S1")
    assert play.resume(process_id, confirm_config=True).returncode == 0
    known = netbox.device(device)
    assert (known["status"]["value"], known["comments"], known["serial"]) == ("active", "racked by Ann", "S1")


def test_an_edit_that_contradicts_ours_is_a_conflict(play, netbox):
    device = netbox.make()
    process_id = play.create(nodes=device).nodes[0]["process_id"]
    netbox.set(device, status="failed")
    done = play.resume(process_id, confirm_config=True)
    assert done.returncode == 2
    assert "has the status failed in NetBox, where staged was expected" in done.message
    assert netbox.status(device) == "failed"
    netbox.set(device, status="staged")
    assert play.resume(process_id, confirm_config=True).returncode == 0
    assert netbox.status(device) == "active"


def test_a_run_that_was_killed_is_continued(play, netbox):
    device = netbox.make()
    [process_id] = killed_at(play, "store_process_subscription", nodes=device, lease_minutes=0)
    done = play.resume(process_id, confirm_config=True)
    assert done.returncode == 0, done.output
    assert netbox.status(device) == "active"
    assert play.rows("SELECT status FROM subscriptions") == [{"status": "active"}]


def test_a_process_that_another_run_works_on_is_left_to_it(play, netbox):
    [process_id] = killed_at(play, "store_process_subscription", nodes=netbox.make())
    done = play.resume(process_id, confirm_config=True)
    assert done.returncode == 2 and "is being worked on by another run" in done.message


def test_running_again_over_what_failed_or_was_interrupted_goes_on(play, netbox):
    device = netbox.make()
    assert play.create(nodes=device, node_config_templates="/nonexistent").returncode == 2
    assert play.create(nodes=device, confirm_config=True).returncode == 0
    assert netbox.status(device) == "active"
    assert play.rows("SELECT status FROM subscriptions") == [{"status": "active"}]


def test_a_device_that_is_gone_has_its_process_ended_by_abort(play, netbox):
    device = netbox.make()
    process_id = play.create(nodes=device).nodes[0]["process_id"]
    netbox.call("DELETE", f"dcim/devices/{device}")
    done = play.resume(process_id, confirm_config=True)
    assert done.returncode == 2
    assert "is not in NetBox any more, or the token may not see it. If it will not come back, end the process with: " in done.message
    assert "ansible-playbook nodeflow.orchestrator.abort" in done.message
