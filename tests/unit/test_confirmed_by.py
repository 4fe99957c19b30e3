# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may confirm a config, and the words for who may not; and the config itself, as it stands in NetBox's journal and in a file."""

from __future__ import annotations

import contextlib
import types

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.actor import Actor
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process import config_journal, four_eyes
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.config import Config
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.config_files import saved_configs
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.four_eyes import Confirmer, confirmer
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.state import State

ANN, BOB, NIGHTLY = Actor("ann@host"), Actor("bob", "AWX job 7"), Actor("schedule nightly", "AWX job 8", is_person=False)


def confirming(who, requester, settings):
    """Whether somebody may confirm a process that somebody asked for: why not, or None."""
    process = types.SimpleNamespace(process_id="p1", requester=requester)
    params = {"four_eyes": True, "approvers": [], "confirm": True} | settings
    task = types.SimpleNamespace(who=who, params=params, check_mode=settings.get("check_mode", False), awx_job=None, store=None)
    found = confirmer(task, [process])
    assert found.actor == who and found.log_actor(task) is None and set(found.refused) <= {"p1"}
    return found.refused.get("p1")


@pytest.mark.parametrize(
    ("who", "requester", "settings", "why"),
    [
        (BOB, "ann", {}, None),
        (ANN, "ann", {}, "ann asked for it, and may not confirm it too (four_eyes); anybody but ann may"),
        (ANN, "ANN@other", {}, "ANN@other asked for it, and may not confirm it too (four_eyes); anybody but ANN@other may"),
        (ANN, "ann", {"approvers": ["ann"]}, "ann asked for it, and may not confirm it too (four_eyes); name somebody else in approvers"),
        (ANN, "ann", {"approvers": ["ann@x", "bob", "eve"]}, "ann asked for it, and may not confirm it too (four_eyes); bob or eve may"),
        (BOB, "ann", {"approvers": ["eve"]}, "bob is not among those who may confirm it (approvers); eve may"),
        (BOB, "ann", {"approvers": ["eve", "bob"]}, None),
        (BOB, "bob", {"four_eyes": False, "approvers": ["bob"]}, None),
        (BOB, None, {"four_eyes": False, "approvers": ["eve", "bob"]}, None),
        (BOB, None, {"four_eyes": False, "approvers": ["ann", "eve"]}, "bob is not among those who may confirm it (approvers); ann or eve may"),
        (NIGHTLY, "ann", {}, "schedule nightly is nobody who can confirm it; anybody but ann may"),
        (NIGHTLY, "ann", {"four_eyes": False, "approvers": ["bob"]}, "schedule nightly is nobody who can confirm it; bob may"),
        (ANN, "ann", {"four_eyes": False}, None),
        (ANN, "ann", {"check_mode": True}, None),
    ],
)
def test_who_may_confirm(who, requester, settings, why):
    assert confirming(who, requester, settings) == why


def log_of(first, monkeypatch):
    """A task whose store says who did the first step of each process."""
    monkeypatch.setattr(four_eyes, "first_actors", lambda connection, ids: {key: first[key] for key in ids if key in first})
    params = {"four_eyes": True, "approvers": [], "confirm": True}
    return types.SimpleNamespace(who=ANN, params=params, check_mode=False, awx_job=None, store=types.SimpleNamespace(read=contextlib.nullcontext))


def test_who_asked_for_a_process_of_an_older_release_is_who_did_its_first_step(monkeypatch):
    task = log_of({"p2": "ann (AWX job 7)", "p3": "bob (AWX job 8) jr"}, monkeypatch)
    processes = [types.SimpleNamespace(process_id=key, requester=requester) for key, requester in (("p1", "ann"), ("p2", None), ("p3", None), ("p4", None))]
    assert confirmer(task, processes) == Confirmer(
        ANN,
        {
            "p1": "ann asked for it, and may not confirm it too (four_eyes); anybody but ann may",
            "p2": "ann asked for it, and may not confirm it too (four_eyes); anybody but ann may",
            "p4": "who asked for it is not known, so nobody may confirm it; abort it, and begin again",
        },
    )
    assert confirmer(task, []) == Confirmer(ANN, {})


def entries(text, **fields):
    """The entries of a config, as NetBox gets them."""
    config = Config(text, "config of r (loc1, 7)", "7-r.cfg", journal=("dcim.device", 7), **fields)
    return config, list(config_journal._entries(types.SimpleNamespace(key="p1"), config))


def test_an_entry_says_what_it_is_of_and_has_the_config_between_fences():
    config, [entry] = entries("hostname r\n\n")
    mark = f"(process p1, digest {config.digest})"
    assert entry == (7, f"Config of r (loc1, 7), to be confirmed {mark}\n\n```\nhostname r\n```", "info", mark)


@pytest.mark.parametrize(
    ("text", "fence", "written"),
    [
        ("a `b` c", "```", "a `b` c"),
        ("``\n```", "````", "``\n```"),
        ("````` ``", "``````", "````` ``"),
        ("a\0b\ud800\r\n", "```", "a?b?\r"),
        ("Grüße 🙂", "```", "Grüße 🙂"),
        ("\n\n  x", "```", "\n\n  x"),
    ],
)
def test_a_fence_is_longer_than_any_in_the_config_and_what_is_no_character_is_none(monkeypatch, text, fence, written):
    monkeypatch.setattr(Config, "digest", "d")
    assert [one.text for one in entries(text)[1]] == [f"Config of r (loc1, 7), to be confirmed (process p1, digest d)\n\n{fence}\n{written}\n{fence}"]


def test_a_config_that_is_too_long_for_one_entry_has_several_of_which_each_says_which_it_is(monkeypatch):
    monkeypatch.setattr(config_journal, "IN_AN_ENTRY", 12)
    config, found = entries("first line\nsecond line\nthird")
    assert "".join(entry.text.split("\n```\n")[1].removesuffix("\n```") + "\n" for entry in found).split() == ["first", "line", "second", "line", "third"]
    marks = [f"(process p1, digest {config.digest}, part {number} of {len(found)})" for number in range(1, len(found) + 1)]
    assert len(found) > 1 and [entry.mark for entry in found] == marks and all(entry.mark in entry.text.splitlines()[0] for entry in found)


def saving(tmp_path, former, file_name="7-r.cfg"):
    """Save a config of a process that saved one before; what lies in the directory then."""
    place = tmp_path / "configs"
    task = types.SimpleNamespace(params={"config_dir": str(place)}, subject=types.SimpleNamespace(config_dir="node_config_dir"), check_mode=False)
    work = types.SimpleNamespace(key="p1", label="r (loc1, 7)", state=State(config_file=former and str(former)))
    saved = saved_configs(task, [work], {"p1": Config("hostname r\n", "config", file_name)})
    assert saved == ({"p1": str(place / file_name)}, {}) and (place / file_name).read_text() == "hostname r\n"
    return sorted(file.name for file in place.iterdir())


def test_a_process_has_one_file(tmp_path):
    place = tmp_path / "configs"
    assert saving(tmp_path, None) == ["7-r.cfg"] == saving(tmp_path, place / "7-r.cfg")
    assert saving(tmp_path, place / "7-r.cfg", "7-renamed.cfg") == ["7-renamed.cfg"]
    assert saving(tmp_path, place / "7-gone.cfg", "7-renamed.cfg") == ["7-renamed.cfg"]


def test_a_file_that_only_has_another_case_is_the_same_where_that_counts_for_nothing(tmp_path, monkeypatch):
    place = tmp_path / "configs"
    place.mkdir()
    (place / "7-R.cfg").touch()
    monkeypatch.setattr(type(place), "samefile", lambda one, other: one.name.lower() == other.name.lower())
    assert saving(tmp_path, place / "7-R.cfg") == ["7-R.cfg", "7-r.cfg"]  # here they are two, of which none is removed


def test_a_file_in_another_directory_stays(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "7-old.cfg").touch()
    assert saving(tmp_path, tmp_path / "elsewhere" / "7-old.cfg") == ["7-r.cfg"] and (tmp_path / "elsewhere" / "7-old.cfg").exists()
