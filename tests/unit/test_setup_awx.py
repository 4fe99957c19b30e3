# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must be true of what setup_awx makes in AWX, found by reading: that its modules take what they are given, that each playbook has its job template
and each question of a survey is one that the playbook has an ear for.
"""

from __future__ import annotations

import json
import re

import pytest

from playbook_files import PLAYBOOKS, ROOT, own_names, read, variables_of

PROJECT = ROOT / "extensions" / "awx" / "project"
TASKS = ROOT / "playbooks" / "tasks" / "awx"
MODULES = json.loads((ROOT / "tests" / "support" / "awx_options.json").read_text(encoding="utf-8"))["modules"]
NOT_IN_AWX = {"setup_awx": "makes the job templates, from outside, with an account that no job should have"}
MADE = read(ROOT / "playbooks" / "vars" / "nodeflow_awx_templates.yml")
TEMPLATES, WORKFLOW = MADE["nodeflow_awx_templates"], MADE["nodeflow_awx_workflow"]
# What confirms a config, or says where secrets go, is not for who starts.
NOT_FOR_STARTERS = {"confirm_config", "provide_config_confirm", "config_hash"}
NOT_FOR_ANYBODY = {"netbox_url", "netbox_token", "store", "store_password", "validate_certs", "ca_path", "actor"}
OF_AWX = {
    "text": str, "textarea": str, "password": str, "integer": int, "float": float, "multiplechoice": str, "multiselect": str,
}  # fmt: skip


def tasks_in(value):
    """Every task of awx.awx below, as the module's name, its arguments and the task."""
    if isinstance(value, list):
        for one in value:
            yield from tasks_in(one)
    elif isinstance(value, dict):
        for key, one in value.items():
            if key.startswith("awx.awx."):
                yield key.removeprefix("awx.awx."), one, value
            elif key in ("block", "rescue", "always"):
                yield from tasks_in(one)


TASKS_OF_AWX = [
    pytest.param(module, arguments, task, id=f"{path.stem}-{task['name']}")
    for path in sorted(TASKS.glob("*.yml"))
    for module, arguments, task in tasks_in(read(path))
]


def complaints(options, arguments, where=""):
    """What a module would refuse of its arguments. What a template makes is known at run time only."""
    for name in arguments.keys() - options.keys() - {alias for option in options.values() for alias in option.get("aliases", [])}:
        yield f"{where}{name}: there is no such option"
    for name in {name for name, option in options.items() if option.get("required")} - arguments.keys():
        yield f"{where}{name}: is needed"
    for name, value in arguments.items():
        option = options.get(name, {})
        if isinstance(value, str) and "{{" in value:
            continue
        kinds = {"str": str, "bool": bool, "int": int, "float": (int, float), "dict": dict, "list": list, "path": str, "raw": object}
        if not isinstance(value, kinds[option.get("type", "raw")]):
            yield f"{where}{name}: {value!r} is no {option['type']}"
        elif value not in option.get("choices", [value]):
            yield f"{where}{name}: {value!r} is none of {option['choices']}"
        elif option.get("suboptions"):
            for one in value if isinstance(value, list) else [value]:
                yield from complaints(option["suboptions"], one, f"{where}{name}.")


@pytest.mark.parametrize(("module", "arguments", "task"), TASKS_OF_AWX)
def test_a_module_of_awx_takes_what_it_is_given(module, arguments, task):
    assert list(complaints(MODULES[module], arguments)) == []


def test_every_module_is_held_against_its_options():
    assert {param.values[0] for param in TASKS_OF_AWX} == set(MODULES)


def test_what_a_module_would_refuse_is_found():
    found = list(complaints(MODULES["schedule"], {"nam": "x", "enabled": "maybe", "state": "gone"}))
    assert len(found) == 4 and any("no such option" in one for one in found) and any("none of" in one for one in found)


def test_what_is_made_is_known_by_the_id_of_its_organization():
    """Names repeat between organizations, and what has the same name elsewhere is somebody else's."""
    for param in TASKS_OF_AWX:
        module, arguments, task = param.values
        if module not in ("credential_type", "host", "inventory_source", "organization"):
            assert arguments.get("organization", arguments.get("lookup_organization")) == "{{ nodeflow_awx_in }}", task["name"]


def test_an_inventory_that_awx_is_still_deleting_is_waited_for():
    """By its name AWX finds it until it is gone, and no job may use it."""
    made = read(TASKS / "project.yml")
    [at] = [number for number, task in enumerate(made) if "awx.awx.inventory" in task]
    waiting = made[at - 1]
    assert "pending_deletion=true" in waiting["ansible.builtin.uri"]["url"] and "json.count == 0" in waiting["until"]


def test_every_playbook_has_its_job_template_and_its_file_in_the_project():
    assert sorted(template["playbook"] for template in TEMPLATES) == sorted(set(PLAYBOOKS) - set(NOT_IN_AWX))
    files = {path.stem: read(path) for path in PROJECT.glob("*.yml") if path.name != "nodeflow.yml"}
    assert set(files) == set(PLAYBOOKS) - set(NOT_IN_AWX)
    for name, [play] in files.items():
        assert play == {"name": play["name"], "ansible.builtin.import_playbook": f"nodeflow.orchestrator.{name}"}


def test_the_project_has_the_source_of_the_inventory():
    assert read(PROJECT / "nodeflow.yml") == {"plugin": "nodeflow.orchestrator.subscriptions"}


def questions_of(template):
    return [*([template["choose"]] if "choose" in template else []), *template["survey"]]


SURVEYS = [(template["playbook"], questions_of(template)) for template in TEMPLATES] + [("create_node", questions_of(WORKFLOW))]


@pytest.mark.parametrize(("playbook", "questions"), SURVEYS)
def test_a_survey_is_one_that_awx_and_the_playbook_take(playbook, questions):
    variables = [question["variable"] for question in questions]
    assert len(set(variables)) == len(variables)
    assert set(variables) <= variables_of(playbook)
    for question in questions:
        assert {"type", "variable", "required", "question_name", "question_description"} <= question.keys() <= {*question, "choices", "default", "min", "max"}
        assert question["type"] in OF_AWX and isinstance(question["required"], bool)
        assert ("choices" in question) == (question["type"] in ("multiplechoice", "multiselect"))
        assert all(isinstance(choice, str) and choice.strip() for choice in question.get("choices", []))
        if "default" in question:
            assert isinstance(question["default"], OF_AWX[question["type"]]) and question["default"] in question["choices"]
        # AWX refuses an empty answer of one choice, so one that nobody gives must be what the playbook does anyway
        assert question["type"] != "multiplechoice" or "default" in question
    assert not set(variables) & NOT_FOR_ANYBODY


def test_what_logs_in_is_asked_for_as_a_secret():
    """AWX shows the other answers to all who may see the job."""
    asked = {question["variable"]: question["type"] for template in TEMPLATES for question in questions_of(template)}
    secrets = {name for name in asked if name.endswith(("password", "token"))}
    assert secrets >= {"report_password", "report_token", "source_password", "target_store_password"}
    assert {asked[name] for name in secrets} == {"password"}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template["playbook"])
def test_who_starts_cannot_approve(template):
    """Neither by an answer nor by a variable, of which no job template takes any but the answers."""
    if template.get("team") in ("start", "both"):
        assert not {question["variable"] for question in questions_of(template)} & NOT_FOR_STARTERS
    for path in (TASKS / "templates.yml", TASKS / "workflow.yml"):
        for module, arguments, _task in tasks_in(read(path)):
            if module.endswith("job_template"):
                assert arguments["ask_variables_on_launch"] is False


def test_no_answer_of_the_workflow_is_what_the_approved_job_is_given():
    """AWX lets what a workflow is started with win over what its node says."""
    answers = {question["variable"] for question in questions_of(WORKFLOW)}
    assert not answers & (NOT_FOR_STARTERS | set(WORKFLOW["approved"]) | set(WORKFLOW["denied"]) | {"fail_on_suspended"})
    asked = {template["playbook"]: {question["variable"]: question for question in questions_of(template)} for template in TEMPLATES}
    for playbook, given in (("resume", WORKFLOW["approved"]), ("abort", WORKFLOW["denied"])):
        for name, value in given.items():  # AWX refuses what the survey of the job template does not take
            assert value in asked[playbook][name].get("choices", [value]) and isinstance(value, str)
    [resume] = [template for template in TEMPLATES if template["playbook"] == "resume"]
    assert resume["extra_vars"] == {"fail_on_suspended": True}


def test_every_variable_of_ours_is_described():
    text = (ROOT / "docs" / "awx.md").read_text(encoding="utf-8")
    found = set()
    for path in [*TASKS.glob("*.yml"), *(ROOT / "playbooks" / "vars").glob("nodeflow_awx*.yml"), *(ROOT / "playbooks").glob("*_awx.yml")]:
        found |= set(re.findall(r"(?<![\w/.])awx_[a-z_]+", path.read_text(encoding="utf-8")))
    assert {name for name in found if f"`{name}`" not in text} == set()


def test_names_that_the_tasks_set_are_ours():
    assert [name for name in sorted(own_names(TASKS)) if not name.startswith("nodeflow_")] == []
