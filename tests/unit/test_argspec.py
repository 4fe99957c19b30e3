# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options from the environment, as they are typed there."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._argspec import given
from ansible_collections.nodeflow.orchestrator.plugins.modules import construct_node_model
from ansible_collections.nodeflow.orchestrator.plugins.plugin_utils._options import read_options
from in_process import options_of
from playbook_files import MODULES

LISTS = [(module, name) for module in MODULES for name, option in options_of(module).items() if option.get("type") == "list" and "fallback" in option]


@pytest.mark.parametrize("text", ["ann,bob", " ann, bob ", ",ann ,, bob,"])
@pytest.mark.parametrize(("module", "name"), LISTS)
def test_a_list_in_the_environment_is_the_same_with_spaces_around_its_commas(monkeypatch, module, name, text):
    spec = options_of(module)
    monkeypatch.setenv(spec[name]["fallback"][1][0], text)
    validated = ArgumentSpecValidator({name: spec[name]}).validate({})
    assert not validated.error_messages and validated.validated_parameters == {name: ["ann", "bob"]}


def test_what_begins_like_json_and_never_ends_stays_a_text():
    endless = "[" * 100_000
    assert given({"names": endless}, {"names": {"type": "list"}}) == {"names": endless}
    assert json.dumps(endless)


class Tagged(str):
    """A text as Ansible has it that knows where it stood."""


def test_what_a_user_gives_has_plain_types():
    arguments = {"nodes": [], "required_families": [Tagged("ipv4")], "actor": Tagged("ann"), "lease_minutes": Tagged("5")}
    params = read_options(construct_node_model, arguments, {}, "construct_node_model", None).params
    assert (params["required_families"], params["actor"], params["lease_minutes"]) == (["ipv4"], "ann", 5)
    assert [type(text) for text in (*params["required_families"], params["actor"])] == [str, str]
