# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Render one config for each node from the Jinja template of its platform; a node that fails stops no other."""

from __future__ import annotations

DOCUMENTATION = r"""
name: node_configs
author:
  - nodeflow.orchestrator contributors (!UNKNOWN)
version_added: 0.1.0
short_description: Render the configs of many nodes, each from the template of its platform
description:
  - Renders one config for each node with Ansible's own template machinery, so that a template may use every variable,
    filter, test and lookup that a playbook may use. The role P(nodeflow.orchestrator.provide_config#role) calls it.
  - The template of a node is the first of these that exists. In each of O(directories), in their order, a file that
    has the name of the platform's slug, with C(.j2) at its end. Then, in each of O(directories) again, C(default.j2).
  - A node whose C(removal) is true, because it is taken out of service, has C(.removal.j2) instead of C(.j2) there.
  - C(-) and C(_) are the same in a platform's slug. First the slug as it is, then with C(_) only, then with C(-) only.
  - A template may include, import and extend other templates. They are looked for next to it, in O(directories), and
    where P(ansible.builtin.template#lookup) looks for them.
  - A template that cannot be rendered for a node gives an error for this node only.
  - Control characters in a node's texts (a line break in a name, for example) become spaces before a template sees them,
    so that no name can add a line to a config. No text of a node is ever evaluated as a template.
options:
  _terms:
    description:
      - The nodes, as RV(nodeflow.orchestrator.node_config_info#module:node_configs) has them. One list, or one node a term.
      - Each is the variable C(node) in its template, with more keys. C(hostname) is C(name) with each run of
        characters other than letters, digits, C(-), C(_) and C(.) replaced by one C(-).
      - C(loopbacks) are the interfaces that have its addresses, each with C(name), C(is_loopback), C(ipv4) and C(ipv6). Mostly it is one. C(loopback)
        is the name of the first. A name is empty where NetBox has none.
    type: list
    elements: dict
    required: true
  directories:
    description:
      - Where templates are looked for. The first directory that has the file wins.
      - A relative directory is looked for next to the playbook, then in the working directory of C(ansible-playbook).
      - A directory that does not exist is an error for every node, so that no node gets another config than the one meant.
    type: list
    elements: str
    required: true
seealso:
  - plugin: ansible.builtin.template
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Show the configs of all nodes
  ansible.builtin.debug:
    msg: "{{ query('nodeflow.orchestrator.node_configs', nodes, directories=['templates', '/srv/templates']) }}"
  vars:
    nodes:
      - process_id: 7c9e6679-7425-40de-944b-e07fc1f90ae7
        removal: false
        subscription_id: 550e8400-e29b-41d4-a716-446655440000
        device_id: 12
        name: loc1-core
        description: Node loc1-core
        site: loc1
        role: core
        platform: cisco_ios
        ipv4:
          interface_name: Loopback0
          is_loopback: true
          interface: 10.0.0.1/32
          address: 10.0.0.1
          prefix_length: 32
          netmask: 255.255.255.255
          hostmask: 0.0.0.0
          network: 10.0.0.1/32
        ipv6: null
"""

RETURN = r"""
_raw:
  description: One dictionary for each node, in the order of the nodes.
  type: list
  elements: dict
  contains:
    process_id:
      description: The process of the node.
      type: str
      returned: always
    template:
      description: Path of the template; empty when there is none.
      type: str
      returned: always
    config:
      description: The rendered config. It ends with a line break.
      type: str
      returned: when the template could be rendered
    error:
      description: A sentence that says what was wrong, with which template and which node.
      type: str
      returned: when there is no config
"""

import os
import re
import typing as t
import unicodedata
from collections import ChainMap
from collections.abc import Mapping

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase
from ansible.template import trust_as_template
from jinja2 import TemplateSyntaxError

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._hostname import hostname
from ansible_collections.nodeflow.orchestrator.plugins.plugin_utils._hand_over import gone, whole_rows
from ansible_collections.nodeflow.orchestrator.plugins.plugin_utils._template_directories import find_directories

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from ansible.parsing.dataloader import DataLoader
    from ansible.template import Templar

DEFAULT = "default"


class LookupModule(LookupBase):
    """The lookup plugin ``node_configs``."""

    def run(self, terms: Sequence[t.Any], variables: Mapping[str, t.Any] | None = None, **kwargs: t.Any) -> list[dict[str, str]]:
        self.set_options(var_options=variables, direct=kwargs)
        variables = variables or {}
        given, missing = whole_rows(self._flatten(terms))
        if missing:
            return [failure(node, "", gone(missing, "nodes")) for node in given]
        nodes = [clean_node(node) for node in given]
        try:
            directories = find_directories(self.get_option("directories"), variables)
        except AnsibleError as exc:
            return [failure(node, "", str(exc)) for node in nodes]
        renderer = Renderer(self._templar, self._loader, directories, variables)
        return [renderer.render(node) for node in nodes]


class Renderer:
    """Renders nodes. Each template is looked for, read and compiled once, however many nodes have it."""

    def __init__(self, templar: Templar, loader: DataLoader, directories: list[str], variables: Mapping[str, t.Any]) -> None:
        self._templar = templar
        self._loader = loader
        self._directories = directories
        self._variables = variables
        self._paths: dict[tuple[str, str], str] = {}
        self._templates: dict[str, tuple[Templar, str]] = {}

    def render(self, node: Mapping[str, t.Any]) -> dict[str, str]:
        """Return the result for one node: its config, or the error that there was."""
        key = (node["platform"], "removal.j2" if node.get("removal") else "j2")
        if key not in self._paths:
            self._paths[key] = find_template(*key, self._directories)
        path = self._paths[key]
        if not path:
            return failure(node, "", no_template(node, self._directories))
        try:
            config = self._render(node, path)
        except Exception as exc:
            return failure(node, path, f"The config of {label(node)} could not be rendered from the template {path}: {reason(exc, path)}.")
        return {"process_id": node["process_id"], "template": path, "config": config}

    def _render(self, node: Mapping[str, t.Any], path: str) -> str:
        if path not in self._templates:
            self._templates[path] = self._load(path)
        templar, template = self._templates[path]
        templar.available_variables = ChainMap({"node": node}, self._variables)  # type: ignore[arg-type]
        rendered = templar.template(template, escape_backslashes=False)
        return "" if rendered is None else f"{rendered}".rstrip("\n") + "\n"

    def _load(self, path: str) -> tuple[Templar, str]:
        searchpath = [os.path.dirname(path), *self._directories, *include_directories(self._variables)]
        templar = self._templar.copy_with_new_env(searchpath=searchpath)
        with open(path, "rb") as file:
            ansible_only = file.read(16).startswith((b"#jinja2:", b"$ANSIBLE_VAULT"))
        if ansible_only:  # a header or a secret that Ansible reads and Jinja does not: compiled anew for each node
            return templar, trust_as_template(self._loader.get_text_file_contents(path))
        # Jinja keeps what it has included compiled. A long template takes tens of milliseconds to compile.
        return templar, trust_as_template(f"{{% include '{os.path.basename(path)}' %}}")


def find_template(platform: str, ending: str, directories: Sequence[str]) -> str:
    """Return the path of the template for a platform slug, or an empty string. ``ending`` is that of the file's name."""
    names = [f"{name}.{ending}" for name in (platform, platform.replace("-", "_"), platform.replace("_", "-"))]
    if not re.fullmatch(r"[-\w]+", platform, re.ASCII):  # no slug, or no platform: it must not lead out of the directories
        names = []
    by_platform = [os.path.join(directory, name) for directory in directories for name in dict.fromkeys(names)]
    by_default = [os.path.join(directory, f"{DEFAULT}.{ending}") for directory in directories]
    return next((path for path in by_platform + by_default if os.path.isfile(path)), "")


def include_directories(variables: Mapping[str, t.Any]) -> list[str]:
    """Return where ansible.builtin.template looks for included templates."""
    return [directory for path in variables.get("ansible_search_path") or [] for directory in (os.path.join(path, "templates"), path)]


def clean_node(node: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the node as a template sees it."""
    cleaned = {key: clean_value(value) for key, value in node.items()}
    cleaned["platform"] = cleaned.get("platform") or ""
    cleaned["hostname"] = hostname(cleaned.get("name") or "")
    cleaned["loopbacks"] = loopbacks(cleaned)
    cleaned["loopback"] = cleaned["loopbacks"][0]["name"]
    return cleaned


def loopbacks(node: Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
    """Return the interfaces that have the addresses of a node: mostly one. Without any address, one without a name."""
    found: dict[str, dict[str, t.Any]] = {}
    for family in ("ipv4", "ipv6"):
        address = node.get(family)
        if address or (family == "ipv6" and not found):
            name = (address or {}).get("interface_name") or ""
            here = found.setdefault(name, {"name": name, "is_loopback": False, "ipv4": None, "ipv6": None})
            here[family] = address or None
            here["is_loopback"] = here["is_loopback"] or (address or {}).get("is_loopback", True)
    return list(found.values())


def clean_value(value: t.Any) -> t.Any:
    if isinstance(value, Mapping):
        return {key: clean_value(inner) for key, inner in value.items()}
    return clean_text(value) if isinstance(value, str) else value


def clean_text(text: str) -> str:
    """Return the text on one line: control characters, line breaks and marks that change the direction of writing become spaces."""
    return text if text.isprintable() else "".join(" " if is_control(char) else char for char in text)


def is_control(char: str) -> bool:
    # The two joiners belong to the spelling of several languages.
    return unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") and char not in "\u200c\u200d"


def failure(node: Mapping[str, t.Any], template: str, sentence: str) -> dict[str, str]:
    return {"process_id": node["process_id"], "template": template, "error": sentence}


def no_template(node: Mapping[str, t.Any], directories: Sequence[str]) -> str:
    names = [name for name in (node["platform"], DEFAULT) if name]
    wanted = " or ".join(f"{name}.removal.j2" if node.get("removal") else f"{name}.j2" for name in names)
    return f"There is no template for {label(node)}. Put {wanted} into one of these directories: {', '.join(directories) or 'none is set'}."


def label(node: Mapping[str, t.Any]) -> str:
    return f"{node.get('name') or 'unnamed'} ({', '.join(str(part) for part in (node.get('site'), node.get('device_id')) if part)})"


def reason(exc: Exception, path: str) -> str:
    """Return what was wrong, with the line where Jinja tells it."""
    cause = exc.__cause__
    text = str(exc).rstrip(".")
    if not isinstance(cause, TemplateSyntaxError):
        return text
    return f"{text} (line {cause.lineno}{'' if cause.filename in (path, None) else f' of {cause.filename}'})"
