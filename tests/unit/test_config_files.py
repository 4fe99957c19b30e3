# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Configs that are saved: one that no file can have fails alone."""

from __future__ import annotations

import os
import types

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node import provide_config
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
