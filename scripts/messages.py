# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sentences that the plugins and the playbooks say, read from their source: `python3 scripts/messages.py` prints them as the page "Troubleshooting".

In a plugin, a sentence is a text with at least three blanks that is no documentation; in a playbook, a text of that kind in what a task ends or ends well
with. So a new message is on the page without anybody's doing.
"""

from __future__ import annotations

import ast
import functools
import pathlib
import re
import typing as t

import jinja2
import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
PLUGINS, PLAYBOOKS = ROOT / "plugins", ROOT / "playbooks"

ROOMS = {
    "module_utils/_netbox": ("NetBox", "Requests, permissions, conflicts: [Getting started](getting_started.md) and [Settings](settings.md)."),
    "module_utils/_store": ("The store", "Where it is, who may write it, its layout: [The store](store.md)."),
    "module_utils/_process": ("Processes", "Leases, confirming, resuming, aborting: [Enrol](enrol.md) and [Reliability](reliability.md)."),
    "module_utils/_node": ("Nodes", "Choosing devices, loopbacks, what differs: [Enrol](enrol.md) and [The life of a node](life.md)."),
    "module_utils/_domain": ("Products and subscriptions", "The model of a product: [Extending](extending.md)."),
    "module_utils/_reports": ("Reports", "The page, JSON and CSV: [Reports](report.md)."),
    "module_utils/_awx": ("AWX", "Jobs, approvals, surveys: [AWX](awx.md)."),
    "module_utils/_upkeep": ("Moving, importing, setting up", "[The store](store.md) and [Coming from an orchestrator](coming_from_an_orchestrator.md)."),
    "module_utils": ("Every task", "Options, libraries, paths: [Settings](settings.md)."),
    "plugin_utils": ("The action plugins", "What a task says around its module: [Settings](settings.md)."),
    "inventory": ("The inventory", "[Inventory](inventory.md)."),
    "lookup": ("The lookups", "[Templates](templates.md)."),
    "modules": ("The modules", "[Settings](settings.md)."),
    "playbooks": ("The playbooks", "What they check before and after the modules: [Settings](settings.md) and [AWX](awx.md)."),
}
"""Where a sentence is said, from the most particular folder to the least: its title, and what to read."""

NO_MESSAGES = ("doc_fragments/", "module_utils/_reports/script.py", "module_utils/_reports/style.py", "module_utils/_reports/page.py")
"""Documentation, and the report's own page, which is no message."""

DOCUMENTATION = {"DOCUMENTATION", "EXAMPLES", "RETURN"}

SAID_BY_TASKS = ("fail_msg", "msg", "otherwise")
"""What a task of a playbook says when it ends, and the settings' own name for it; beside them, the hint of a value that is not defined."""


class Message(t.NamedTuple):
    """A sentence, with ``<name>`` where a value stands, and the file that says it: below plugins/, or one of playbooks/."""

    text: str
    file: str


@functools.cache
def messages() -> list[Message]:
    """Return all sentences, each once for a file, in the order of the alphabet."""
    found = {
        Message(text, path.relative_to(PLUGINS).as_posix())
        for path in PLUGINS.rglob("*.py")
        if not path.relative_to(PLUGINS).as_posix().startswith(NO_MESSAGES)
        for text in sentences(ast.parse(path.read_text(encoding="utf-8")))
    }
    for path in PLAYBOOKS.rglob("*.yml"):
        found |= {Message(text, path.relative_to(ROOT).as_posix()) for text in sentences_of_tasks(path.read_text(encoding="utf-8"))}
    return sorted(found, key=lambda message: (message.text.lower().lstrip(" ,;:.<"), message))


def sentences(tree: ast.AST) -> t.Iterator[str]:
    """Yield the sentences in a file."""
    documentation = {id(node) for node in _documentation(tree)}
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if id(node) in documentation:
            continue
        text = _text(node)
        if text is None:
            waiting += ast.iter_child_nodes(node)
            continue
        if isinstance(node, ast.JoinedStr):  # a text within an expression of it is a message, too
            waiting += [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
        if _is_sentence(text):
            yield " ".join(text.split())


def sentences_of_tasks(text: str) -> t.Iterator[str]:
    """Yield the sentences in a file of a playbook."""
    waiting = [yaml.compose(text, yaml.SafeLoader)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                waiting.append(value)
                if isinstance(value, yaml.ScalarNode):
                    yield from (" ".join(found.split()) for found in _of_template(value.value, key.value in SAID_BY_TASKS) if _is_sentence(found))


def _of_template(text: str, is_said: bool) -> t.Iterator[str]:
    """Yield the texts in a Jinja template: the template itself where it ``is_said``, and those within its expressions; else only the hints."""
    tree = jinja2.Environment(autoescape=True).parse(text)
    calls = [call for call in tree.find_all(jinja2.nodes.Call) if isinstance(call.node, jinja2.nodes.Name) and call.node.name == "undef"]
    yield from (_joined(argument.value) for call in calls for argument in call.kwargs)
    for output in tree.find_all(jinja2.nodes.Output) if is_said else ():
        yield "".join(part.data if isinstance(part, jinja2.nodes.TemplateData) else _joined(part) for part in output.nodes)
        yield from (_joined(part) for whole in output.find_all(jinja2.nodes.CondExpr) for part in (whole.expr1, whole.expr2) if part is not None)


def _joined(node: jinja2.nodes.Node) -> str:
    """Return an expression of Jinja as on the page."""
    if isinstance(node, jinja2.nodes.Const):
        return str(node.value)
    if isinstance(node, jinja2.nodes.Concat):
        return "".join(_joined(part) for part in node.nodes)
    if isinstance(node, jinja2.nodes.Getattr):
        return f"<{node.attr.replace('_', ' ')}>"
    return f"<{node.name.removeprefix('nodeflow_').replace('_', ' ')}>" if isinstance(node, jinja2.nodes.Name) else "<...>"


def _documentation(tree: ast.AST) -> t.Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            named = any(isinstance(target, ast.Name) and target.id in DOCUMENTATION for target in node.targets)
        else:
            named = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if named:
            yield t.cast("ast.Assign | ast.Expr", node).value


def _text(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else f"<{_name(t.cast(ast.FormattedValue, part).value)}>" for part in node.values)
    return None


def _name(value: ast.expr) -> str:
    """Return what a value is called on the page: the last name in its expression that is a word, else "..."."""
    code = re.sub(r"'[^']*'|\"[^\"]*\"", "", ast.unparse(value))
    names = re.findall(r"[a-z]\w+", code.partition(" if ")[0].partition("[")[0])
    return names[-1].replace("_", " ") if names else "..."


def _is_sentence(text: str) -> bool:
    words = re.sub(r"<[^>]*>", "", text)
    return text.strip().count(" ") >= 3 and bool(re.search(r"[a-z]{2}", words)) and not re.match(r"\s*([A-Z]{4,}\b|\^|\(\?|\\|\{%)", text)


def page() -> str:
    """Return the page, in Markdown."""
    by_room: dict[str, list[Message]] = {}
    for message in messages():
        by_room.setdefault(next(room for room in ROOMS if message.file.startswith(f"{room}/")), []).append(message)
    lines = [
        "# Troubleshooting",
        "",
        "Each sentence that a task of this collection can end or warn with, as it is in the code; `<...>` stands for a value. Search this page for words of",
        "the sentence that you see. What to do is said in the sentence itself; the guides that each part names have the rest.",
        "",
    ]
    for room, (title, about) in ROOMS.items():
        if room in by_room:
            lines += [f"## {title}", "", about, ""]
            lines += [f"- {_escaped(message.text)} (`{message.file}`)" for message in by_room[room]]
            lines.append("")
    return "\n".join(lines)


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>{}|$~#])", r"\\\1", text)


if __name__ == "__main__":
    print(page(), end="")
