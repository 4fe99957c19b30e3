# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""setup_awx as it is run: into an AWX that has nothing, some or all of it, beside another organization, behind the gateway, and out of it again."""

from __future__ import annotations

import pytest

from awx_login import PASSWORD, TOKEN, USER
from awx_stand_in import BUILT_IN, awx, install
from fake_netbox import LAB
from playbook_files import ROOT, read
from player import Player
from stores import SqliteStore

TEMPLATES = read(ROOT / "playbooks" / "vars" / "nodeflow_awx_templates.yml")["nodeflow_awx_templates"]
MADE = {"inventory": 1, "project": 1, "credential": 2, "execution_environment": 1, "job_template": len(TEMPLATES), "workflow_job_template": 1}
MADE |= {"workflow_job_template_node": 4, "schedule": 3, "team": 2, "host": 1, "inventory_source": 1, "notification_template": 1}


@pytest.fixture
def stand_in():
    """An AWX that has nothing."""
    with awx() as here:
        yield here


@pytest.fixture
def setup(stand_in, tmp_path):
    """Return a function that runs setup_awx with these variables."""
    play = Player(LAB, tmp_path, SqliteStore(tmp_path))
    play.base["ANSIBLE_COLLECTIONS_PATH"] += ":" + install(tmp_path / "collections")
    play.environment |= {"CONTROLLER_HOST": stand_in.url, "CONTROLLER_OAUTH_TOKEN": TOKEN, "NETBOX_URL": "https://netbox.example.org"}
    play.environment |= {"NODEFLOW_STORE_PASSWORD": "store-password-of-the-tests", "ANSIBLE_INJECT_INVOCATION": "true"}

    def run(*arguments, **variables):
        done = play("nodeflow.orchestrator.setup_awx", *arguments, **{"store": "postgresql://nodeflow@db/nodeflow"} | variables)
        assert not [secret for secret in (TOKEN, PASSWORD, "store-password-of-the-tests") if secret in done.output]
        return done

    run.environment = play.environment
    return run


def counts(stand_in):
    """How many objects of each kind there are, but for those that AWX has of its own or that hold all others."""
    kinds = [one["kind"] for one in stand_in.objects if one["kind"] not in ("organization", "credential_type")]
    return {kind: kinds.count(kind) for kind in kinds}


def test_it_is_made_once_and_taken_away_again(setup, stand_in):
    made = setup("-vvv", awx_notification_url="https://chat.example.org/hook")
    assert made.returncode == 0, made.output
    assert counts(stand_in) == MADE and stand_in.roles and stand_in.posted == []
    for template in stand_in.named("job_template"):
        assert stand_in.params("job_template", template)["ask_variables_on_launch"] is False
    again = setup(awx_notification_url="https://chat.example.org/hook")
    assert (again.returncode, again.recap["changed"]) == (0, 0), again.output
    checked = setup("--check", awx_notification_url="https://chat.example.org/hook")
    assert (checked.returncode, checked.recap["changed"]) == (0, 0), checked.output
    gone = setup(awx_state="absent")
    assert gone.returncode == 0 and counts(stand_in) == {} and stand_in.named("organization") == [], gone.output
    assert stand_in.named("credential_type") == [BUILT_IN]
    nothing = setup(awx_state="absent")
    assert (nothing.returncode, nothing.recap["changed"]) == (0, 0), nothing.output


@pytest.mark.parametrize("there", [[], ["organization"], ["organization", "credential_type"]], ids=len)
@pytest.mark.parametrize("prefix", ["", "/api/controller/"], ids=["controller", "gateway"])
def test_check_mode_goes_as_far_as_it_can_and_makes_nothing(setup, stand_in, there, prefix):
    for kind in there:
        stand_in.add(kind, {"organization": "nodeflow"}.get(kind, "nodeflow.orchestrator"))
    before = len(stand_in.objects)
    checked = setup("--check", awx_api_prefix=prefix, awx_notification_url="https://chat.example.org/hook")
    assert checked.returncode == 0 and len(stand_in.objects) == before and not stand_in.roles, checked.output
    assert prefix or checked.recap["changed"]


def test_what_is_in_part_there_is_completed(setup, stand_in):
    """After a run that was cut off: check mode says how far it knows, and the next run makes the rest."""
    assert setup(awx_notification_url="https://chat.example.org/hook").returncode == 0
    for kind in ("workflow_job_template_node", "workflow_job_template", "inventory", "credential"):
        stand_in.objects = [one for one in stand_in.objects if one["kind"] not in (kind, "workflow_job_template_node", "host", "inventory_source")]
        checked = setup("--check", awx_notification_url="https://chat.example.org/hook")
        assert checked.returncode == 0 and checked.recap["changed"], checked.output
    assert setup(awx_notification_url="https://chat.example.org/hook").returncode == 0
    assert counts(stand_in) == MADE


def test_check_mode_with_a_team_that_is_not_there_ends_before_its_roles(setup, stand_in):
    assert setup().returncode == 0
    roles = len(stand_in.roles)
    checked = setup("--check", awx_start_team="netops")
    assert checked.returncode == 0 and checked.recap["changed"] == 1 and len(stand_in.roles) == roles, checked.output


def test_whom_awx_tells_is_left_alone_where_nothing_is_said_of_it(setup, stand_in):
    assert setup().returncode == 0
    told = ("notification_templates_error", "notification_templates_approvals")
    for kind in ("job_template", "workflow_job_template"):
        for name in stand_in.named(kind):
            assert not set(told) & stand_in.params(kind, name).keys()
    done = setup(awx_notification_configuration={"url": "https://chat.example.org/hook", "http_method": "POST", "headers": {"X-Of": "nodeflow"}})
    assert done.returncode == 0 and stand_in.named("notification_template") == ["nodeflow.orchestrator"], done.output
    assert stand_in.params("notification_template", "nodeflow.orchestrator")["notification_type"] == "webhook"


def test_a_second_organization_has_all_of_its_own(setup, stand_in):
    for organization in ("east", "west"):
        done = setup(awx_organization=organization, awx_notification_url="https://chat.example.org/hook")
        assert done.returncode == 0, done.output
    assert counts(stand_in) == {kind: 2 * number for kind, number in MADE.items()}
    other = stand_in.add("inventory", "somebody's", next(one["id"] for one in stand_in.objects if one["name"] == "east"))
    assert setup(awx_organization="east", awx_state="absent").returncode == 0
    assert counts(stand_in) == MADE | {"inventory": 2} and other in stand_in.objects and sorted(stand_in.named("organization")) == ["east", "west"]


def test_behind_the_gateway_organization_and_teams_are_the_gateways(setup, stand_in):
    done = setup(awx_api_prefix="/api/controller/")
    assert done.returncode == 0 and sorted(stand_in.named("team")) == ["nodeflow approve", "nodeflow start"], done.output
    assert stand_in.posted == ["/api/gateway/v1/organizations/", *["/api/gateway/v1/teams/"] * 2]


def test_an_account_of_its_own_is_the_only_one_that_jobs_are_given(setup, stand_in):
    setup.environment |= {"CONTROLLER_OAUTH_TOKEN": None, "CONTROLLER_USERNAME": USER, "CONTROLLER_PASSWORD": PASSWORD}
    done = setup(awx_from_jobs_oauth_token="token-for-jobs")
    inputs = stand_in.params("credential", "nodeflow.orchestrator AWX")["inputs"]
    assert done.returncode == 0 and inputs["oauth_token"] == "token-for-jobs" and not {"username", "password"} & set(inputs), done.output
    assert setup(awx_update_secrets=True).returncode == 0
    inputs = stand_in.params("credential", "nodeflow.orchestrator AWX")["inputs"]
    assert (inputs["username"], inputs["password"]) == (USER, PASSWORD) and "oauth_token" not in inputs


@pytest.mark.parametrize("store", ["postgresql://nodeflow:hunter2@db/nodeflow", "host=db password=hunter2", "host=db Password = hunter2"])
def test_a_store_with_its_password_in_it_is_refused(setup, stand_in, store):
    done = setup(store=store)
    assert done.returncode == 2 and "The store has its password in it" in done.output and len(stand_in.objects) == 1
