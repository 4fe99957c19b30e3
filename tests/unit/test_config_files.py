# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Configs on their way to a person: one that no file can have, and what a template is told of an address."""

from __future__ import annotations

import ipaddress
import os
import types

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node import provide_config
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.device import Device
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.config_files import saved_configs


def test_a_config_that_no_file_can_have_fails_alone(tmp_path):
    texts = {"one": "hostname one\n", "odd": "hostname \ud800\n", "two": "hostname two\n"}
    task = types.SimpleNamespace(params={"config_dir": str(tmp_path)}, check_mode=False, subject=types.SimpleNamespace(config_dir="node_config_dir"))
    works = [types.SimpleNamespace(key=key, label=f"{key} (loc1, 7)", state=types.SimpleNamespace(config_file=None)) for key in texts]
    paths, failed = saved_configs(task, works, {key: types.SimpleNamespace(file_name=f"{key}.cfg", text=text) for key, text in texts.items()})
    assert list(paths) == ["one", "two"] and sorted(os.listdir(tmp_path)) == ["one.cfg", "two.cfg"]
    assert failed["odd"].reason == f"odd (loc1, 7): its config cannot be saved to {tmp_path}/odd.cfg: it has a character that no file can have"


def test_where_netbox_renders_nothing_it_is_not_needed():
    assert provide_config._rendered_by_netbox(types.SimpleNamespace(), []) == ({}, {})


@pytest.mark.parametrize(
    ("there", "on", "name", "is_loopback"),
    [
        ("10.0.0.1/32", "Mgmt0", "Mgmt0", False),
        ("10.0.0.9/32", "Mgmt0", "", False),
        (None, "Mgmt0", "", False),
        ("10.0.0.1/32", "Loopback100", "Loopback100", True),
        ("10.0.0.9/32", "Loopback100", "", False),
    ],
)
def test_a_removal_takes_no_loopback_for_the_nodes_where_netbox_has_its_address_elsewhere(there, on, name, is_loopback):
    """A node that was enrolled by an address that NetBox has changed by now."""
    found = {"address": there, "interface": on, "is_loopback": on != "Mgmt0"}
    device = Device(7, "r", "active", "loc1", "Location 1", "core", "cisco_ios", there, None, loopbacks={"ipv4": found})
    shown = provide_config._interface(ipaddress.ip_interface("10.0.0.1/32"), device, "ipv4", True)
    assert (shown["interface_name"], shown["is_loopback"]) == (name, is_loopback)


def test_without_what_netbox_says_of_interfaces_the_platforms_loopback_is_meant():
    device = Device(7, "r", "active", "loc1", "Location 1", "core", "cisco_ios", "10.0.0.9/32", None)
    shown = provide_config._interface(ipaddress.ip_interface("10.0.0.1/32"), device, "ipv4", False)
    assert (shown["interface_name"], shown["is_loopback"]) == ("", True)
