# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A NetBox before 4.6, which knows no If-Match: the real one, which says that it is 4.5 and is never asked for a condition."""

from __future__ import annotations

import threading

from netbox_proxy import NetboxProxy
from stores import SqliteStore


def says_4_5(answer):
    """The answer as NetBox 4.5 would head it."""
    return answer._replace(headers={name: value for name, value in answer.headers.items() if name.lower() != "etag"} | {"API-Version": "4.5"})


def test_a_device_is_read_before_the_claim_and_the_change_log_after_it(play, netbox, lab):
    device = netbox.make()
    with NetboxProxy(lab["url"], lambda method, path, forward: says_4_5(forward())) as proxy:
        done = play.create(nodes=device, confirm_config=True, netbox_url=proxy.url)
    assert done.returncode == 0, done.output
    asked = [(method, path.split("?")[0].removeprefix("/api/")) for method, path in proxy.requests]
    devices, changes = ("GET", "dcim/devices/"), ("GET", "core/object-changes/")
    assert asked == [devices, devices, ("PATCH", "dcim/devices/"), changes, devices, devices, ("PATCH", "dcim/devices/")]
    assert netbox.status(device) == "active"


def test_of_two_claims_in_the_same_moment_the_change_log_keeps_one(play, netbox, lab, tmp_path):
    device = netbox.make()
    both_have_read = threading.Barrier(2, timeout=120)
    claims = []

    def fault(method, path, forward):
        if method == "PATCH" and len(claims) < 2:
            claims.append(path)
            both_have_read.wait()
        return says_4_5(forward())

    stores = [SqliteStore(tmp_path / name) for name in ("one", "two")]
    with NetboxProxy(lab["url"], fault) as proxy:
        runs = []
        for store in stores:
            play.store = store
            runs.append(play.start("nodeflow.orchestrator.create_node", nodes=device, confirm_config=True, netbox_url=proxy.url))
        ended = [play.finish(run) for run in runs]
    assert len(claims) == 2 and [run.returncode for run in ended] == [0, 0], [run.output for run in ended]
    assert sum("was taken by somebody else meanwhile, in the same moment" in run.output for run in ended) == 1
    live = [row for store in stores for row in store.rows("SELECT status FROM subscriptions WHERE status != 'terminated'")]
    assert live == [{"status": "active"}] and netbox.status(device) == "active"
