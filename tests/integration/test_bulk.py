# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many nodes in one run: batches side by side, one bad device in the middle of them, and a run that was interrupted between two batches."""

from __future__ import annotations

import threading

import psycopg
import pytest

from netbox_proxy import NetboxProxy, NoAnswer

SMALL = {"netbox_batch_size": 3, "netbox_parallel": 2, "confirm_config": True}


@pytest.fixture
def devices(netbox):
    return [netbox.make() for _number in range(10)]


def set_position(lab, device, position):
    """Put a device at a position in no rack, which NetBox refuses to write, or take it away."""
    with psycopg.connect(lab["netbox_dsn"]) as connection:
        connection.execute("UPDATE dcim_device SET position = %s WHERE id = %s", [position, device])


def patches(proxy):
    return sum(method == "PATCH" for method, _path in proxy.requests)


@pytest.mark.parametrize(("parallel", "own"), [(2, True), (1, False)])
def test_requests_side_by_side_have_a_connection_each_so_that_netbox_gives_them_to_free_processes(play, netbox, devices, parallel, own):
    with NetboxProxy(netbox.url) as proxy:
        done = play.create(nodes=devices, netbox_url=proxy.url, **SMALL | {"netbox_parallel": parallel})
    assert done.returncode == 0, done.output
    writes = [connection for (method, _path), connection in zip(proxy.requests, proxy.connections) if method == "PATCH"]
    assert len(writes) >= 8 and (len(set(writes)) == len(writes)) is own, writes


def test_a_device_that_netbox_refuses_does_not_stop_its_batch(play_on, netbox, lab, devices):
    bad = devices[4]
    waiting = play_on.create(nodes=devices)
    assert [row["status"] for row in waiting.nodes] == ["suspended"] * 10
    set_position(lab, bad, 1)
    done = play_on("nodeflow.orchestrator.resume", status="suspended", **SMALL)
    assert done.returncode == 2
    assert "refused the change" in done.message and "9 completed, 1 failed" in done.message, done.message
    assert [netbox.status(device) for device in devices if device != bad] == ["active"] * 9
    [failed] = play_on.rows("SELECT * FROM processes WHERE status <> 'completed'")
    assert (failed["status"], failed["step"]) == ("failed", "update_node_in_netbox") and "NetBox refused the change" in failed["error"]
    set_position(lab, bad, None)
    assert play_on.resume(failed["process_id"], **SMALL).returncode == 0
    assert netbox.status(bad) == "active"


def test_a_claim_that_meets_foreign_edits_loses_only_the_devices_that_were_taken(play, netbox, lab, devices):
    edited, taken = devices[1], devices[7]
    edits = {edited: {"comments": "mine"}, taken: {"status": "offline"}}
    one_at_a_time = threading.Lock()

    def somebody(method, path, forward):  # pylint: disable=unused-argument
        with one_at_a_time:
            while method == "PATCH" and edits:
                device, fields = edits.popitem()
                netbox.set(device, **fields)
        return forward()

    with NetboxProxy(lab["url"], somebody) as proxy:
        done = play.create(nodes=devices, netbox_url=proxy.url, **SMALL)
    assert done.returncode == 0, done.output
    assert [row["device_id"] for row in done.nodes if row["status"] != "completed"] == [taken]
    assert "was taken by somebody else meanwhile" in done.output
    assert [netbox.status(device) for device in devices] == ["offline" if device == taken else "active" for device in devices]
    assert netbox.device(edited)["comments"] == "mine"


def test_an_interrupted_claim_goes_on_with_what_is_left(play, netbox, lab, devices):
    def dead_after_the_third(method, path, forward):  # pylint: disable=unused-argument
        if method != "PATCH" or patches(proxy) < 3:
            return forward()
        if patches(proxy) == 3:
            forward()  # NetBox did it, and nobody hears of it
        return NoAnswer.RESET

    with NetboxProxy(lab["url"], dead_after_the_third) as proxy:
        stopped = play.create(nodes=devices, netbox_url=proxy.url, netbox_retries=0, **SMALL)
    assert stopped.returncode == 2
    claimed = [device for device in devices if netbox.status(device) == "staged"]
    assert 0 < len(claimed) < len(devices)
    with NetboxProxy(lab["url"]) as proxy:
        done = play.create(nodes=devices, netbox_url=proxy.url, netbox_moved=True, **SMALL)
    assert done.returncode == 0, done.output
    assert [netbox.status(device) for device in devices] == ["active"] * 10
    assert all(netbox.our_writes(device) == ["staged", "active"] for device in devices)
    log = [path for method, path in proxy.requests if "object-changes" in path]
    assert len(log) == 2, log  # one question for all at the claim, and one whether they are still ours, not one a device


def test_a_run_over_many_shows_all_configs_each_kind_once(play, netbox, tmp_path, devices):
    devices += [netbox.make(), netbox.make()]
    waiting = play.create(nodes=devices)
    assert waiting.returncode == 0, waiting.output
    assert 1 <= waiting.output.count("--- config of ") <= 2 and all(f", {device})" in waiting.output for device in devices)
    assert "These 12 configs " in waiting.output and "not shown" not in waiting.output
    assert "-e status=suspended" in waiting.output and waiting.nodes[0]["process_id"] + "," not in waiting.output
    directory = tmp_path / "configs"
    done = play("nodeflow.orchestrator.resume", status="suspended", node_config_dir=str(directory), confirm_config=True)
    assert done.returncode == 0, done.output
    assert "--- config of " in done.output and len(list(directory.iterdir())) == 12
    assert "12 nodes: 12 completed" in done.output and "completed  12 nodes, each: is active" in done.output and "and 2 more; " in done.output
