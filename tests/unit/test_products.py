# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What products of other collections are built with stays as it is promised; and the example uses nothing else."""

from __future__ import annotations

import ast
import inspect
import pathlib

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils import products
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

ROOT = pathlib.Path(__file__).parents[2]
OURS = "ansible_collections.nodeflow.orchestrator.plugins."

PROMISED = {
    "Aborted": "reason status netbox subscription",
    "Config": "text title file_name covers own journal",
    "Deleted": "objects errors",
    "Done": "subscription state netbox label actor",
    "Failed": "reason general or_end label",
    "Made": "object is_new error",
    "Named": "label own",
    "Step": "name function repeats intent",
    "Subject": "one many label taken repaired_by config_dir collection",
    "Suspended": "reason state general",
    "Target": "client message check known see dry_run tell held even_same lost",
    "Update": "before after error uncertain gone kind answered",
    "Work": "row subscription process state",
    "Workflow": "name version target steps final continues state about abort named",
    "abort": "task workflows",
    "aborted": "task work netbox changes",
    "allocate_prefixes": "client pool length messages dry_run",
    "already_there": "task row subscription process create",
    "begin": "task works",
    "choose": "task what_there_is question take",
    "chosen_processes": "task workflows others playbook",
    "columns": "head rows rest",
    "completed": "lifecycle",
    "confirmed_configs": "task works configs",
    "create_marked": "client endpoint objects at",
    "delete_marked": "client endpoint messages dry_run",
    "do_step": "task name workflows remembered",
    "end_of_step": "task before after changed diff last",
    "find_marked": "client endpoint marks",
    "for_each": "works function",
    "listed_of": "client endpoint of values filters",
    "move_to_lifecycle": "subscription target context",
    "moved_to": "lifecycle",
    "options": "groups",
    "prefix_id": "client prefix",
    "restored": "task work netbox changes",
    "revise": "subscription changes context",
    "revised": "changes",
    "rows_option": "subject",
    "run_module": "options function rows",
    "still_held": "task works",
    "to_change": "row workflow subscription state",
    "to_create": "row workflow subscription state",
    "updated_in_netbox": "block",
}
"""What a name takes. A parameter more at the end, with a default, breaks nobody; anything else breaks a collection that was built on it."""

BASES = {
    "ConfirmedState", "DomainError", "NetboxError", "NetboxPayload", "Node", "NodeInactive", "NodeflowError", "ProductBlockModel", "Row", "State", "StoreError",
    "SubscriptionLifecycle", "SubscriptionModel", "Task",
}  # fmt: skip
"""Types to build on, to take and to raise."""

VALUES = {"CONFIRM", "NOT_MADE_YET", "PROCESSES", "build_payload", "description", "pydantic", "update"}


def test_the_promise_is_whole():
    assert set(products.__all__) == set(PROMISED) | BASES | VALUES


@pytest.mark.parametrize("name", sorted(PROMISED))
def test_what_was_promised_takes_what_it_took(name):
    assert list(inspect.signature(getattr(products, name)).parameters) == PROMISED[name].split()


def test_each_name_says_what_it_is_for():
    told = products.__doc__
    for name in products.__all__:
        assert name in told or name == "pydantic", f"{name} is not in the overview"
        if name in PROMISED or name in BASES:
            assert inspect.getdoc(getattr(products, name)), name


def test_what_a_task_offers_stays():
    promised = "actor ask broken_step_logs check_mode close existing_store holders netbox params processes_at_work results rows show store subject"
    for name in (*promised.split(), "subscriptions"):
        assert name in dir(Task) or name in inspect.signature(Task).parameters, name


def test_the_example_imports_nothing_of_ours_but_what_is_promised():
    found = set()
    for path in (ROOT / "examples").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith(OURS):
                found |= {f"{node.module.removeprefix(OURS)}.{alias.name}" for alias in node.names}
            used = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "nf"
            assert not used or node.attr in products.__all__, f"{path.name}: {node.attr}"
    assert found == {"module_utils.products", "plugin_utils.action.InProcessAction"}


def test_what_a_product_costs_is_as_it_is_told():
    files = [path for path in (ROOT / "examples/ansible_collections/acme/circuits").rglob("*") if path.is_file() and not path.is_symlink()]
    lines = [line for path in files if path.suffix != ".pyc" for line in path.read_text(encoding="utf-8").splitlines()]
    told = (ROOT / "docs/extending.md").read_text(encoding="utf-8")
    assert f"**{sum(1 for line in lines if line.strip())} lines that are not blank ({len(lines)} with the blank ones)**" in told
