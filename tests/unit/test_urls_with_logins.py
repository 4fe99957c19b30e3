# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A dest whose URL has a login in it: the password is nowhere shown, however it was written."""

from __future__ import annotations

import importlib
import json

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._secrets import invocation
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._web_files import part_url
from ansible_collections.nodeflow.orchestrator.plugins.plugin_utils._options import read_options
from in_process import MODULES, call_module

UNCLEAR = [
    "https://bob:hun/ter2@files.example.org/r.html",
    "https://bob:/hunter2@files.example.org/r.html",
    "https://bob:80/hunter2@files.example.org/r.html",
    "https://bob:80?hunter2@files.example.org/r.html",
    "https://bob:hun#ter2@files.example.org/r.html",
    "https://bob:hun@ter2/hunter2@files.example.org/r.html",
    "https://bob:hun/ter2\n@files.example.org/r.html",
    "https://files.example.org:8443/~hunter2@x/r.html",
    "https://b@hunter2/hunter2@files.example.org/r.html",
]


@pytest.mark.parametrize("dest", UNCLEAR)
def test_a_password_that_ends_nobody_knows_where_is_refused_without_a_word_of_it(dest):
    with pytest.raises(NodeflowError) as error:
        part_url(dest)
    assert str(error.value) == (
        "the URL in dest cannot be used, since it is not clear where its password ends: behind a login or a port, a @ is written as %40, a / of a password "
        "as %2F, a ? as %3F and a # as %23; the login can also stand in dest_user and dest_password, as it is"
    )


@pytest.mark.parametrize("dest", UNCLEAR)
@pytest.mark.parametrize("name", ["report", "subscription_info"])
def test_neither_the_options_nor_the_result_of_a_task_hold_it(tmp_path, name, dest):
    module = importlib.import_module(MODULES + name)
    arguments = {"dest": dest, "store": "postgresql://ann:othersecret@h/d", **({"format": "csv"} if name == "subscription_info" else {})}
    options = read_options(module, arguments, {}, name, None)
    assert "hunter2" not in json.dumps([options.given, options.params, options.problem], default=str) and options.problem.startswith("The URL in dest")
    assert "othersecret" in options.secrets and "othersecret" not in json.dumps([options.given["store"], options.params["store"]])
    result = call_module(name, {"dest": dest, "store": str(tmp_path / "store.db")} | {key: arguments[key] for key in arguments if key == "format"})
    assert result["failed"] and "hunter2" not in json.dumps(result) and "ter2@" not in json.dumps(result)
    assert "b@hunter2" in dest or "hun" not in json.dumps(invocation({"dest": dest}))  # which has no password


@pytest.mark.parametrize(
    ("dest", "shown", "secret"),
    [
        ("https://files.example.org/r.html", "https://files.example.org/r.html", {}),
        ("https://files.example.org/~bob@x/r.html", "https://files.example.org/~bob@x/r.html", {}),
        ("https://files.example.org:8443/r.html?mail=a%40b", "https://files.example.org:8443/r.html", {"dest_query": "mail=a%40b"}),
        ("https://bob:p%2Fw%40@h:8443/r.html", "https://h:8443/r.html", {"dest_user": "bob", "dest_password": "p/w@"}),
        ("https://bob:p@ss@h/r.html", "https://h/r.html", {"dest_user": "bob", "dest_password": "p@ss"}),
        ("https://[::1]:8443/r.html", "https://[::1]:8443/r.html", {}),
        ("https://[::1/r.html", "https://[::1/r.html", {}),
    ],
)
def test_where_it_is_clear_the_login_goes_to_its_options(dest, shown, secret):
    assert part_url(dest) == (shown, secret)
