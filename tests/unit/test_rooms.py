# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which file may import which: for the stranger who looks for a behaviour, and for the product that is not a node."""

from __future__ import annotations

import ast
import graphlib
import pathlib
import re
import tokenize

import pytest

ROOT = pathlib.Path(__file__).parents[2]
OURS = "ansible_collections.nodeflow.orchestrator."

MAY_IMPORT = {
    "_domain": set(),
    "_store": {"_domain"},
    "_netbox": {"_domain"},
    "_awx": {"_domain", "_netbox"},
    "_process": {"_awx", "_domain", "_store", "_netbox"},
    "_node": {"_domain", "_store", "_netbox", "_process"},
    "_reports": {"_domain", "_store", "_netbox", "_process"},
    "_upkeep": {"_domain", "_store", "_netbox", "_process"},
}


def imported(path):
    """The modules that a file imports, wherever in it, by their dotted names."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (node.module + "." + alias.name for alias in node.names)


def graph(places):
    """For each file, those of the others that it imports. ``places`` are folders, with what their files' names begin with."""
    names = {}
    for folder, prefix in places:
        for path in (ROOT / folder).rglob("*.py"):
            names[prefix + ".".join(path.relative_to(ROOT / folder).with_suffix("").parts)] = path
    return {name: {other for other in imported(path) if other in names and other != name} for name, path in names.items()}


A_PRODUCT = re.compile(r"node(?!flow)|device", re.IGNORECASE)

MEANS_SOMETHING_ELSE = {
    "plugins/module_utils/_store/migrations.py": ("dcim.device", "device_id"),  # what the layouts before 3 had
    "plugins/module_utils/_reports/markup.py": ("device-width",),  # HTML's word
    "plugins/module_utils/_awx/approval.py": ("workflow_nodes", "success_nodes", "failure_nodes", "always_nodes"),  # AWX's words
}
"""The words that a file may have all the same."""


def words_of_code(path):
    """The names and texts in a file's code, each with its line. A docstring is none: a string that is a statement of its own."""
    statements = {}
    for statement in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            statements[statement.lineno] = statement.col_offset
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            line, column = token.start
            if tokenize.tok_name[token.type] in ("NAME", "STRING", "FSTRING_MIDDLE") and statements.get(line) != column:
                yield line, token.string


def test_no_room_but_the_nodes_own_knows_nodes_and_devices():
    found = []
    for folder in ("plugins/module_utils", "plugins/plugin_utils"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            place = str(path.relative_to(ROOT))
            if place.startswith(("plugins/module_utils/_node/", "plugins/module_utils/products.py")):  # the door leads to the nodes too: others use them
                continue
            allowed = "|".join(map(re.escape, MEANS_SOMETHING_ELSE.get(place, ())))
            found += [f"{place}:{line}: {word.strip()[:80]}" for line, word in words_of_code(path) if A_PRODUCT.search(re.sub(allowed, "", word))]
    assert found == []


def test_rooms_import_in_one_direction():
    found = {}
    for path in (ROOT / "plugins/module_utils").glob("*/*.py"):
        others = {name.removeprefix(OURS + "plugins.module_utils.").split(".")[0] for name in imported(path) if "module_utils." in name}
        found.setdefault(path.parent.name, set()).update(other for other in others if other in MAY_IMPORT)
    assert set(found) == set(MAY_IMPORT)
    assert {room: wrong for room, others in found.items() if (wrong := others - MAY_IMPORT[room] - {room})} == {}


@pytest.mark.parametrize(
    "places",
    [[("plugins", OURS + "plugins.")], [("lab", "")], [("tests/support", ""), ("scripts", "")], [("tests/benchmarks", ""), ("tests/support", "")]],
    ids=lambda places: places[0][0],
)
def test_no_file_imports_in_a_circle(places):
    found = graph(places)
    assert any(found.values())
    graphlib.TopologicalSorter(found).prepare()
