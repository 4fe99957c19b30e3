# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each module has its action and its place in the action group: for whoever adds one, and whose module would else run four times as long."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py") if path.stem != "__init__")


@pytest.mark.parametrize("name", MODULES)
def test_a_module_has_an_action_that_runs_it(name):
    action = importlib.import_module(f"ansible_collections.nodeflow.orchestrator.plugins.action.{name}").ActionModule
    assert action.module.__name__ == f"ansible_collections.nodeflow.orchestrator.plugins.modules.{name}"
    assert action.__doc__ == f"The action of the module {name}."


def test_there_is_no_other_action_and_the_group_has_all():
    assert sorted(path.stem for path in (ROOT / "plugins" / "action").glob("*.py") if path.stem != "__init__") == MODULES
    groups = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))["action_groups"]
    assert groups == {"all": MODULES}


@pytest.mark.parametrize("path", sorted((ROOT / "plugins").rglob("*.py")), ids=str)
def test_no_plugin_is_a_link(path):
    """A collection is built from a manifest, which leaves links out."""
    assert not path.is_symlink()
