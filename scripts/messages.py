# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sentences that the plugins say, read from their source: `python3 scripts/messages.py` prints them as the page "Troubleshooting".

A sentence is a text with at least three blanks that is no documentation. So a new message is on the page without anybody's doing.
"""

from __future__ import annotations

import ast
import functools
import pathlib
import re
import typing as t

ROOT = pathlib.Path(__file__).resolve().parent.parent
PLUGINS = ROOT / "plugins"

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
}
"""Where in the plugins a sentence is said, from the most particular folder to the least: its title, and what to read."""

NO_MESSAGES = ("doc_fragments/", "module_utils/_reports/script.py", "module_utils/_reports/style.py", "module_utils/_reports/page.py")
"""Documentation, and the report's own page, which is no message."""

DOCUMENTATION = {"DOCUMENTATION", "EXAMPLES", "RETURN"}


class Message(t.NamedTuple):
    """A sentence, with ``<name>`` where a value stands, and the file below plugins/ that says it."""

    text: str
    file: str


@functools.cache
def messages() -> list[Message]:
    """All sentences, each once for a file, in the order of the alphabet."""
    found = {
        Message(text, path.relative_to(PLUGINS).as_posix())
        for path in PLUGINS.rglob("*.py")
        if not path.relative_to(PLUGINS).as_posix().startswith(NO_MESSAGES)
        for text in sentences(ast.parse(path.read_text(encoding="utf-8")))
    }
    return sorted(found, key=lambda message: (message.text.lower().lstrip(" ,;:.<"), message))


def sentences(tree: ast.AST) -> t.Iterator[str]:
    """The sentences in a file."""
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
    """What a value is called on the page: the last name in its expression that is a word, else "..."."""
    code = re.sub(r"'[^']*'|\"[^\"]*\"", "", ast.unparse(value))
    names = re.findall(r"[a-z]\w+", code.partition(" if ")[0].partition("[")[0])
    return names[-1].replace("_", " ") if names else "..."


def _is_sentence(text: str) -> bool:
    words = re.sub(r"<[^>]*>", "", text)
    return text.strip().count(" ") >= 3 and bool(re.search(r"[a-z]{2}", words)) and not re.match(r"\s*([A-Z]{4,}\b|\^|\(\?)", text)


def page() -> str:
    """The page, in Markdown."""
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
