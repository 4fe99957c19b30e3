# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The surveys of AWX against a real NetBox: what they offer, and what an unanswered question does. AWX's part, keeping surveys, is played here."""

from __future__ import annotations

import copy
import http.server
import json
import threading
import urllib.parse

import pytest

from filled_store import FilledStore
from json_server import JsonHandler
from playbook_files import ROOT, read

MADE = read(ROOT / "playbooks" / "vars" / "nodeflow_awx_templates.yml")
TEMPLATES = {template["playbook"]: template for template in MADE["nodeflow_awx_templates"]}
WITHOUT = ("setup_netbox", "reset", "refresh_surveys")  # of which an answer is needed, or that is of a lab as a whole, or that asks nothing


class Awx(http.server.ThreadingHTTPServer):
    """Keeps surveys by the path that they are asked for at, as AWX does by the named URL of a template."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Answer)
        self.surveys, self.written, self.authorized = {}, [], set()
        self.url = f"http://127.0.0.1:{self.server_port}"

    def survey(self, playbook, kind="job_templates", organization="nodeflow"):
        """The path of a survey."""
        return f"/api/v2/{kind}/nodeflow.orchestrator.{playbook}++{organization}/survey_spec/"


class _Answer(JsonHandler):
    def do_GET(self):
        """Tell a survey."""
        survey = self.server.surveys.get(self._path())
        self.say(404 if survey is None else 200, {"detail": "Not found."} if survey is None else survey)

    def do_POST(self):
        """Take a survey."""
        survey = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.surveys[self._path()] = survey
        self.server.written.append(self._path())
        self.say(200, {})

    def _path(self):
        self.server.authorized.add(self.headers["Authorization"])
        return urllib.parse.unquote(self.path)


@pytest.fixture
def awx():
    server = Awx()
    thread = threading.Thread(target=server.serve_forever, args=[0.02], daemon=True)
    thread.start()
    for playbook, template in TEMPLATES.items():
        if "choose" in template:
            spec = copy.deepcopy([template["choose"], *template["survey"]])
            server.surveys[server.survey(playbook)] = {"name": "", "description": "", "spec": spec}
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def label_of(netbox, device):
    known = netbox.device(device)
    return f"{known['name']} ({known['site']['slug']}, {device})"


def refresh(play, awx, **variables):
    play.environment["ANSIBLE_INJECT_INVOCATION"] = "true"
    done = play("nodeflow.orchestrator.refresh_surveys", "-vvv", awx_host=awx.url + "/", awx_oauth_token="t-o-k-e-n", **variables)
    assert done.returncode == 0 and "Bearer" in done.output and "t-o-k-e-n" not in done.output, done.output
    return done


def test_the_surveys_offer_what_is_planned_and_what_waits(play, netbox, awx):
    held, odd = netbox.make(), netbox.make()
    netbox.set(odd, name=netbox.device(odd)["name"] + ', {{ 1 + 1 }} {% if "x')
    assert play.create(nodes=held).returncode == 0
    added = {"type": "text", "variable": "customer", "required": False, "question_name": "x", "question_description": ""}
    awx.surveys[awx.survey("abort")]["spec"].append(added)  # by a person
    refresh(play, awx, awx_choices=5000)
    [question, *others] = awx.surveys[awx.survey("create_node")]["spec"]
    assert question["type"] == "multiselect" and label_of(netbox, odd) in question["choices"] and label_of(netbox, held) not in question["choices"]
    assert others == TEMPLATES["create_node"]["survey"]
    [process] = play.rows("SELECT process_id FROM processes")
    for playbook in ("resume", "abort"):
        [question, *others] = awx.surveys[awx.survey(playbook)]["spec"]
        assert question["choices"] == [f"{process['process_id']} {label_of(netbox, held)}: suspended"]
        assert others == TEMPLATES[playbook]["survey"] + ([added] if playbook == "abort" else [])
    assert awx.authorized == {"Bearer t-o-k-e-n"}
    written = len(awx.written)
    refresh(play, awx, awx_choices=5000)
    assert {awx.survey("resume"), awx.survey("abort")}.isdisjoint(awx.written[written:])


def test_check_mode_says_which_surveys_would_be_renewed_and_renews_none(play, netbox, awx):
    netbox.make()
    play.environment["ANSIBLE_INJECT_INVOCATION"] = "true"
    checked = play("nodeflow.orchestrator.refresh_surveys", "--check", awx_host=awx.url + "/", awx_oauth_token="t-o-k-e-n")
    assert checked.returncode == 0 and checked.recap["changed"] and "The choices would be" in checked.output and awx.written == [], checked.output


def test_what_was_chosen_and_is_stale_by_then_is_refused_and_the_rest_goes_on(play, netbox, awx):
    gone, taken, good = netbox.make(), netbox.make(), netbox.make()
    refresh(play, awx, awx_choices=5000)
    chosen = [label_of(netbox, device) for device in (gone, taken, good)]
    assert set(chosen) <= set(awx.surveys[awx.survey("create_node")]["spec"][0]["choices"])
    netbox.set(gone, status="offline")
    assert play.create(nodes=taken).returncode == 0
    done = play.create(nodes=chosen, confirm_config=True)
    assert done.returncode == 2 and "has the status offline in NetBox" in done.output
    assert netbox.status(good) == "active"


def test_few_of_many_are_offered_and_none_is_asked_for_as_a_text(play, netbox, awx):
    netbox.make_many(3)
    path = awx.survey("create_node", organization="some one")
    awx.surveys = {path: awx.surveys[awx.survey("create_node")], awx.survey("resume", organization="some one"): awx.surveys[awx.survey("resume")]}
    asked = copy.deepcopy(awx.surveys[awx.survey("resume", organization="some one")])
    awx.surveys[awx.survey("resume", organization="some one")]["spec"][0] |= {"type": "multiselect", "choices": ["what was there"]}
    refresh(play, awx, awx_choices=2, awx_organization="some one")
    question = awx.surveys[path]["spec"][0]
    assert len(question["choices"]) == 2 and question["question_description"] == "The first 2 planned devices; the questions below choose others."
    assert awx.surveys[awx.survey("resume", organization="some one")] == asked


@pytest.mark.parametrize("playbook", sorted(set(TEMPLATES) - set(WITHOUT)))
def test_an_unanswered_question_is_no_answer(play, playbook, tmp_path):
    """Every question of the survey, with the empty text that AWX sends, beside the choices that have a default."""
    questions = [*([TEMPLATES[playbook]["choose"]] if "choose" in TEMPLATES[playbook] else []), *TEMPLATES[playbook]["survey"]]
    play.store = FilledStore(tmp_path / "filled.db", 3, lambda number: "suspended" if number == 2 else "completed")
    play.environment["NODEFLOW_NETBOX_MOVED"] = "true"
    alone = {"unenrolled": "false"} if playbook in ("validate_node", "reconcile_nodes") else {}  # other tests make devices meanwhile
    without, empty = (
        play(f"nodeflow.orchestrator.{playbook}", "--check", **answers | alone)
        for answers in ({}, {question["variable"]: question.get("default", "") for question in questions})
    )
    assert empty.message == without.message
    assert (empty.returncode, empty.recap) == (without.returncode, without.recap)


@pytest.mark.parametrize(
    ("playbook", "said"), [("create_node", "No node was chosen"), ("resume", "Say which processes to resume"), ("abort", "Say which processes to abort")]
)
def test_nothing_of_several_choices_is_no_answer(play, playbook, said):
    """AWX makes an empty list of it, once the question has choices."""
    asked = [TEMPLATES[playbook]["choose"]["variable"], *(one["variable"] for one in TEMPLATES[playbook]["survey"] if one["type"] == "multiselect")]
    done = play(f"nodeflow.orchestrator.{playbook}", awx_job_id=1, **{name: [] for name in asked})
    assert done.returncode == 2 and said in done.message, done.output
    elsewhere = play(f"nodeflow.orchestrator.{playbook}", **{name: [] for name in asked})
    assert elsewhere.returncode == 0, elsewhere.output


def test_the_question_below_chooses_where_nothing_was_chosen_of_several(play, netbox):
    """The filter, or the status, beside the empty list that the list of choices has become."""
    device, other = netbox.make(), netbox.make()
    done = play.create(nodes=[], device_filter={"id": device}, awx_job_id=1)
    assert done.returncode == 0 and [row["status"] for row in play.rows("SELECT status FROM processes")] == ["suspended"], done.output
    done = play("nodeflow.orchestrator.resume", process_ids=[], status=["suspended"], run_id="", confirm_config="true", awx_job_id=2)
    assert done.returncode == 0 and "DEPRECATION" not in done.output, done.output
    assert (netbox.status(device), netbox.status(other)) == ("active", "planned")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "Which AWX is not said"),
        ({"awx_host": "awx.example"}, "Who you are for https://awx.example is not said"),
        ({"awx_host": "x", "awx_username": "u"}, "Who you are for"),
        ({"awx_host": "x", "awx_oauth_token": "t", "netbox_url": "n", "netbox_token": "t", "store": "/a/x.db"}, "The store that jobs are to use is not said"),
        ({"awx_host": "x", "awx_oauth_token": "t", "awx_state": "gone"}, "awx_state is present or absent, and not gone"),
    ],
)
def test_what_setup_awx_needs_is_said(play, given, said):
    done = play("nodeflow.orchestrator.setup_awx", **given)
    assert done.returncode == 2 and said in done.output
