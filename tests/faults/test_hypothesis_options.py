# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever the options of a module are: a sentence, and a store that makes sense."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import shutil
import tempfile

import pytest
import requests
from hypothesis import assume, event, example, given
from hypothesis import strategies as st

from consistency import inconsistencies
from fake_netbox import LAB, FakeNetbox, planned_device
from fault_table import unclear_lines
from in_process import InProcess, call_module, options_of
from odd_values import JSON, NUMBERS, ODD_TEXT, PLAIN
from stores import SqliteStore

BEFORE = {
    "construct_node_model": "initial_input_form",
    "store_process_subscription": "construct_node_model",
    "fetch_ip_address_information": "store_process_subscription",
    "set_status": "fetch_ip_address_information",
    "node_config_info": "set_status",
    "provide_config_to_user": "set_status",
    "set_node_to_active": "provide_config_to_user",
    "update_node_in_netbox": "set_node_to_active",
    "done": "update_node_in_netbox",
    "modify_subscription": "fetch_ip_address_information",
}
"""The module whose rows a module takes."""

ON_ENROLLED = ("reconcile_form", "report", "reset", "subscription_form", "validate_node")
"""Modules that get a store with a node that is enrolled already."""

NEEDED = {
    "initial_input_form": {"nodes": [7]},
    "report": {"dest": "report.html"},
    "reset": {"confirm": True},
    "set_status": {"lifecycle": "provisioning"},
    "setup_netbox": {"netbox_custom_field": "nodeflow"},
    "subscription_form": {"workflow": "modify_node", "nodes": [7], "note": "moved"},
}
"""Options without which a module does nothing."""

MODULES = sorted(path.stem for path in (pathlib.Path(__file__).parents[2] / "plugins" / "modules").glob("*.py"))

# Relative, below the directory of the example, because a module makes what it names.
PATHS = st.one_of(
    st.sampled_from(
        ["", ".", "new", "new/er", "file", "file/below", "\x00", "x" * 300, "~nobody-of-that-name/x", "sqlite:///x", "mysql://h/d", "://"]
    ),
    ODD_TEXT.filter(lambda text: not text.startswith(("/", "~", "postgresql")) and ".." not in text and "$" not in text),
)

URLS = st.one_of(
    st.sampled_from(["http://", "netbox", "http://[::1", "http://h:99999", "http://u:p@h", "https://h/api/", "http://h\n", "http://\u00fc.test"]),
    ODD_TEXT,
)

TOKENS = st.one_of(st.sampled_from(["nbt_a.b\n", "nbt_\u00e9.x", " ", "nbt_\U0001f600"]), ODD_TEXT)


def values(name, spec):
    """What an option could be given: what it is for, and what it is not."""
    if name in ("netbox_url", "store", "target", "config_dir", "ca_path", "dest", "source", "netbox_token"):
        return {"netbox_url": URLS, "netbox_token": TOKENS}.get(name, PATHS)
    kind = spec.get("type", "str")
    if "choices" in spec:
        fitting = st.sampled_from(spec["choices"])
    elif "options" in spec:
        fitting = st.fixed_dictionaries({}, optional={inner: values(inner, its) for inner, its in spec["options"].items()})
    else:
        fitting = {
            "str": ODD_TEXT,
            "path": PATHS,
            "int": NUMBERS,
            "bool": st.booleans(),
            "dict": st.dictionaries(st.one_of(st.sampled_from(["site", "q", "name__ic"]), ODD_TEXT), JSON, max_size=2),
            "raw": st.one_of(JSON, st.lists(st.fixed_dictionaries({"name": ODD_TEXT}, optional={"site": ODD_TEXT}), max_size=2)),
            "list": JSON,
        }[kind]
    if kind == "list":
        fitting = st.lists(values(name, {**spec, "type": spec["elements"]}), max_size=3)
    return st.one_of(fitting, fitting, PLAIN)


@st.composite
def odd_options(draw, module):
    """Up to three options of a module that somebody set, rightly or not."""
    spec = {name: its for name, its in options_of(module).items() if name != "nodes" or module not in BEFORE}
    chosen = draw(st.lists(st.sampled_from(sorted(spec)), max_size=3, unique=True))
    return {name: draw(values(name, spec[name])) for name in chosen}


ROW_KEYS = ["status", "device", "device_id", "process_id", "subscription_id", "run_id", "found", "model", "state", "resumed", "take_over_from", "x"]

ROW_STATUSES = st.sampled_from(["running", "failed", "completed", "suspended", "unchanged", "aborted", "Running"])

ROW_EDITS = st.one_of(
    st.just([]),
    st.lists(st.tuples(st.sampled_from(ROW_KEYS), st.one_of(JSON, st.just(...), ROW_STATUSES)), min_size=1, max_size=2),
    st.lists(st.dictionaries(st.sampled_from(ROW_KEYS), JSON, max_size=4), min_size=1, max_size=2),
)
"""Nothing; fields of the right rows, set or removed (``...``); or other rows."""


def edited(rows, edits):
    """Rows with ROW_EDITS."""
    if edits and isinstance(edits[0], dict):
        return edits
    for name, value in edits:
        rows = [{key: old for key, old in row.items() if key != name} | ({} if value is ... else {name: value}) for row in rows]
    return rows


@pytest.fixture(scope="session")
def prepared(tmp_path_factory):
    """For each module that takes rows: a directory with a store in which it is due, and the rows that it gets then. For those of ON_ENROLLED the
    directory with None.
    """
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(requests.Session, "get_adapter", lambda session, url: netbox)
        directory = tmp_path_factory.mktemp("enrolled")
        netbox = FakeNetbox(planned_device())
        enrolled = InProcess(LAB, SqliteStore(directory))
        assert enrolled.create(nodes=[7], confirm_config=True).returncode == 0
        found.update({module: (shutil.copytree(directory, tmp_path_factory.mktemp(module), dirs_exist_ok=True), None) for module in ON_ENROLLED})
        rows = call_module("subscription_form", enrolled.settings | NEEDED["subscription_form"])["nodes"]
        for module in ("store_process_subscription", "fetch_ip_address_information"):
            rows = call_module(module, enrolled.settings | {"nodes": rows})["nodes"]
        found["modify_subscription"] = (directory, rows)
        for module, before in BEFORE.items():
            if module in found:
                continue
            netbox, directory = FakeNetbox(planned_device()), tmp_path_factory.mktemp(module)
            done = InProcess(LAB, SqliteStore(directory)).create(nodes=[7], confirm_config=True, last=before)
            found[module] = (directory, done.nodes)
    return found


@pytest.mark.parametrize("module", MODULES)
def test_whatever_the_options_are(module, prepared, fake, examples, monkeypatch):
    takes_rows = module in BEFORE

    @examples(25)
    @example({}, [("found", None)], False)
    @example({}, [("model", {})], False)
    @example({}, [("state", {})], False)
    @example({}, [("process_id", True)], False)
    @example({}, [("device", None), ("status", "failed")], False)
    @example({}, [("status", "failed")], False)
    @given(odd_options(module), ROW_EDITS if takes_rows else st.just([]), st.booleans())
    def check(options, edits, check_mode):
        assume(not unclear_lines(repr([options, edits])))  # a value like AError, which a sentence may repeat
        with tempfile.TemporaryDirectory() as directory, contextlib.chdir(directory):
            pathlib.Path("file").write_text("no database", encoding="utf-8")
            store = SqliteStore(pathlib.Path(directory))
            basic = InProcess(LAB, store).settings
            made, rows = prepared.get(module, (None, None))
            if made:
                shutil.copytree(made, directory, dirs_exist_ok=True)
            basic |= NEEDED.get(module, {}) | ({"nodes": edited(rows, edits)} if takes_rows else {})
            enrolled = module == "modify_subscription" or module in ON_ENROLLED
            fake(FakeNetbox(planned_device(**({"status": {"value": "active"}} if enrolled else {}))))
            said: list[str] = []
            result = call_module(module, basic | options, check_mode, said)
            event("invalid" if result.get("invalid") else "failed" if result.get("failed") else "ended well")
            text = "\n".join([*said, result.get("msg", "")])
            assert not unclear_lines(text), text
            assert not result.get("failed") or len(result["msg"]) > 10, result
            json.dumps(result)
            assert not inconsistencies(store), inconsistencies(store)

    monkeypatch.setenv("HOME", os.devnull)  # the default store would be below it
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    check()
