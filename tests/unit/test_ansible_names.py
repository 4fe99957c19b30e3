# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which names of ansible-core the plugins use: for whoever installs the next one. What is private or experimental has its place, and only there."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PLUGINS = Path(__file__).parents[2] / "plugins"

PUBLIC = {
    "ansible.constants",
    "ansible.context",
    "ansible.errors.AnsibleError",
    "ansible.errors.AnsibleParserError",
    "ansible.errors.AnsiblePromptInterrupt",
    "ansible.errors.AnsiblePromptNoninteractive",
    "ansible.module_utils.basic.AnsibleModule",
    "ansible.module_utils.basic.missing_required_lib",
    "ansible.module_utils.common.arg_spec.ArgumentSpecValidator",
    "ansible.module_utils.common.parameters.remove_values",
    "ansible.module_utils.errors.AnsibleFallbackNotFound",
    "ansible.module_utils.errors.UnsupportedError",
    "ansible.module_utils.secrets.mask_secrets",
    "ansible.module_utils.secrets.register_secrets",
    "ansible.parsing.dataloader.DataLoader",
    "ansible.plugins.inventory.BaseInventoryPlugin",
    "ansible.plugins.inventory.Cacheable",
    "ansible.plugins.inventory.Constructable",
    "ansible.plugins.loader.callback_loader",
    "ansible.plugins.lookup.LookupBase",
    "ansible.template.Templar",
    "ansible.template.trust_as_template",
    "ansible.utils.display.Display",
}

OF_THE_BASES = {
    "ActionBase": {"_connection", "_execute_module", "_supports_async", "_supports_check_mode", "_task"},
    "BaseInventoryPlugin": {
        "_add_host_to_composed_groups", "_add_host_to_keyed_groups", "_compose", "_read_config_data", "_sanitize_group_name", "_set_composite_vars",
    },
    "LookupBase": {"_flatten", "_loader", "_templar"},
}  # fmt: skip
"""Names with an underscore that ansible-core's base classes have for those who write plugins, as far as they are used here."""

NOT_PROMISED = {
    "ansible.errors",
    "ansible.plugins.action.ActionBase",
    "ansible.template",
}
"""What _ansible_core.py imports: it redefines experimental methods of ActionBase, and asks the others for names that may be gone."""

EXPERIMENTAL = (
    "AnsibleValueOmittedError", "finalize_task_arg", "get_finalize_task_args_context", "is_trusted_as_template",
    "resolve_to_container",
)  # fmt: skip


def files():
    """The plugins, by their path."""
    return {path.relative_to(PLUGINS).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in PLUGINS.rglob("*.py")}


def imported(tree):
    """The names of ansible-core that a file imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "ansible")
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "ansible":
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def inherited(trees, base):
    """The names with one leading underscore that the subclasses of an ansible-core class use of themselves, and do not define."""
    bases, used, defined = {base}, set(), set()
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    while more := [one for one in classes if bases & {name.id for name in one.bases if isinstance(name, ast.Name)} and one.name not in bases]:
        bases.update(one.name for one in more)
    for one in classes:
        if one.name in bases:
            defined.update(node.name for node in one.body if isinstance(node, ast.FunctionDef))
            used.update(node.id for node in ast.walk(one) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
            used.update(node.attr for node in ast.walk(one) if isinstance(node, ast.Attribute) and ast.unparse(node.value) in ("self", "cls", "super()"))
    return {name for name in used - defined if name.startswith("_") and not name.startswith("__")}


def test_one_file_alone_has_what_ansible_does_not_promise():
    found = {path: set(imported(tree)) for path, tree in files().items()}
    assert found.pop("plugin_utils/_ansible_core.py") == NOT_PROMISED
    assert set().union(*found.values()) == PUBLIC
    assert [name for name in PUBLIC | NOT_PROMISED if "._" in name] == []


@pytest.mark.parametrize("name", EXPERIMENTAL)
def test_no_other_file_names_what_is_experimental(name):
    naming = {path for path in files() if name in (PLUGINS / path).read_text(encoding="utf-8")}
    assert naming == {"plugin_utils/_ansible_core.py"}


@pytest.mark.parametrize("base", OF_THE_BASES)
def test_of_what_plugins_inherit_only_what_is_listed_is_used(base):
    assert inherited(list(files().values()), base) == OF_THE_BASES[base]


SIDE_EFFECTS = """
import gc, os, signal, sys, warnings
from ansible.plugins.loader import action_loader, filter_loader, init_plugin_loader
init_plugin_loader()
def state():
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)]
    loaded = [sorted(map(str, vars(filter_loader)[name])) for name in sorted(vars(filter_loader)) if isinstance(vars(filter_loader)[name], dict)]
    return gc.get_freeze_count(), gc.isenabled(), gc.get_threshold(), handlers, dict(os.environ), list(warnings.filters), loaded, os.getcwd()
import ansible.plugins.action, pydantic, pynetbox, requests, sqlalchemy, urllib3
before = state()
for name in sys.argv[1:]:
    assert action_loader.get("nodeflow.orchestrator." + name, class_only=True)
assert state() == before, (before, state())
print("driver" if "psycopg" in sys.modules else "no driver", len(sys.argv) > 20)
"""


@pytest.mark.parametrize(("store", "driver"), [("", "no driver"), ("/tmp/store.db", "no driver"), ("mysql://x", "no driver"), ("postgresql:///x", "driver")])
def test_loading_an_action_changes_nothing_for_other_tasks(store, driver):
    """What ansible-playbook loads, it has for all tasks of a play. Libraries are imported; of a database's driver only where the store is one."""
    command = [sys.executable, "-c", SIDE_EFFECTS, *(path.stem for path in (PLUGINS / "action").glob("*.py"))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NODEFLOW_STORE", store)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.split("\n")[0] == f"{driver} True", done.stdout + done.stderr
