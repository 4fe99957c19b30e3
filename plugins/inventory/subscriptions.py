# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subscriptions of a store as an inventory."""

from __future__ import annotations

DOCUMENTATION = r"""
name: subscriptions
author:
  - nodeflow.orchestrator contributors (!UNKNOWN)
version_added: 0.1.0
short_description: The subscriptions of a store as an inventory
description:
  - Each subscription that is not terminated is a host, so that a play can take exactly the nodes that are C(provisioning), say.
  - Reads the store alone; NetBox is not asked. Changes nothing in the store, but that it brings one of an older release up to date.
  - A host has the name of its node, with each run of characters that no host name can have replaced by one C(-), as in the node's config. Where
    several nodes would be called the same, the id of the device follows for each of them, as in C(loc1-core-7), so that a name never comes to
    mean another node. So it does where the node has no name, or one that Ansible uses itself, or that of a group that the inventory has by then, to
    which Ansible would give what is the host's.
  - "The variables of a host are what M(nodeflow.orchestrator.subscription_info) returns of a subscription, each with C(nodeflow_) before its
    name: C(nodeflow_subscription_id), C(nodeflow_status), C(nodeflow_node), C(nodeflow_device_id), C(nodeflow_site), C(nodeflow_platform),
    C(nodeflow_process_status) and so on; C(nodeflow_depends_on) and C(nodeflow_in_use_by), the ids of the subscriptions that it uses and that use it;
    and C(ansible_host), the loopback address without its prefix length, if there is one."
  - "The groups of a host are C(lifecycle_), C(product_), C(site_) and C(platform_) with its own after it, as in C(lifecycle_provisioning) and
    C(site_loc1). There is a group for each lifecycle even if it is empty, so a play over it is skipped without a warning. Site and platform are
    what the latest process read in NetBox."
  - "A subscription that cannot be read, as it is damaged or of a newer release, is a host in the group C(unreadable) and in no other, with the reason
    in C(nodeflow_problem); there is a warning for it, and the other hosts are as they are."
  - The name of the file must end in C(nodeflow.yml) or C(nodeflow.yaml).
extends_documentation_fragment:
  - constructed
  - inventory_cache
options:
  plugin:
    description: Says that the file is for this plugin.
    type: str
    required: true
    choices: [nodeflow.orchestrator.subscriptions]
  store:
    description:
      - "The store of subscriptions and processes: the path of an SQLite file, or a PostgreSQL database, as in
        C(postgresql://USER@HOST:PORT/DATABASE) or C(host=HOST dbname=DATABASE user=USER). It may be a template."
      - If neither this nor E(NODEFLOW_STORE) is set, it is the file C(nodeflow/store.db) in the user's state directory, E(XDG_STATE_HOME) or
        C(~/.local/state). In a job or a container, where that file would be lost, the store must be named.
    type: str
    env:
      - name: NODEFLOW_STORE
  store_password:
    description:
      - The password of a PostgreSQL store. It may be a template, for a lookup.
      - Without it and without E(NODEFLOW_STORE_PASSWORD), the one in O(store) counts, or what libpq finds itself, in E(PGPASSWORD), C(~/.pgpass) or
        a service file.
    type: str
    env:
      - name: NODEFLOW_STORE_PASSWORD
  address_families:
    description: The families of the loopback address that C(ansible_host) is, the one to be preferred first.
    type: list
    elements: str
    choices: [ipv4, ipv6]
    default: [ipv4, ipv6]
  filters:
    description: "Jinja expressions over the variables of a host, without the braces. A host is left out unless each is true of it; one in the group
      C(unreadable) never is."
    type: list
    elements: str
    default: []
requirements:
  - pydantic >= 2.8
  - pynetbox >= 7.4
  - urllib3 >= 2
  - SQLAlchemy >= 2.0.31
  - psycopg >= 3.2, for a PostgreSQL store
seealso:
  - module: nodeflow.orchestrator.subscription_info
"""

EXAMPLES = r"""
# A file nodeflow.yml; then: ansible-inventory -i nodeflow.yml --graph
plugin: nodeflow.orchestrator.subscriptions

# What a connection needs, and groups of one's own
---
plugin: nodeflow.orchestrator.subscriptions
store: /var/lib/nodeflow/store.db
address_families: [ipv6, ipv4]
filters:
  - nodeflow_product == 'Node'
  - nodeflow_insync or nodeflow_status == 'provisioning'
compose:
  ansible_network_os: >-
    {'cisco_iosxr': 'cisco.iosxr.iosxr', 'juniper_junos': 'junipernetworks.junos.junos'}[nodeflow_platform]
keyed_groups:
  - key: nodeflow_customer_id
    prefix: customer
groups:
  waiting: nodeflow_process_status == 'suspended'

# A PostgreSQL store, its password from a vault, and answers kept for five minutes
---
plugin: nodeflow.orchestrator.subscriptions
store: postgresql://nodeflow@db.example.org/nodeflow
store_password: "{{ lookup('ansible.builtin.unvault', 'db-password') }}"
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/nodeflow
cache_timeout: 300
"""

import contextlib
import functools
import hashlib
import os
import typing as t
from collections import Counter

from ansible import context
from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._argspec import given
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.collection import OURS, collection_of
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._hostname import hostname
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import missing_sentence
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node import view  # noqa: F401  # pylint: disable=unused-import  # registers what nodes show
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.fields import LOOPBACKS
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._reports.info import NO_STORE, Answer, subscription_answers
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.engine import open_store
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.location import Location, find_location
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.subscriptions import LIVE, is_live

REPEATED = frozenset(
    f"nodeflow_{name}" for name in ("product", "customer_id", "status", "site", "role", "platform", "process_workflow", "process_status")
)
"""The variables whose values many hosts have in common."""

NOT_OURS = ("all", "ungrouped", "localhost")
"""Names that mean something else to Ansible."""


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """The inventory plugin ``subscriptions``."""

    NAME = "nodeflow.orchestrator.subscriptions"

    def __init__(self) -> None:
        super().__init__()
        self.made: dict[str, t.Any] = {}
        """The values of REPEATED as Ansible has made them."""

    def verify_file(self, path: str) -> bool:
        """Return whether the file is for this plugin, by its name."""
        return super().verify_file(path) and path.endswith(("nodeflow.yml", "nodeflow.yaml"))

    def set_options(self, task_keys: t.Any = None, var_options: t.Any = None, direct: t.Any = None) -> None:
        """Set the options. One that is empty in the file is one that is not given, and a filter that is no list is one, whatever commas it has."""
        direct = given(direct or {}, {})
        if isinstance(direct.get("filters"), str):
            direct["filters"] = [direct["filters"]]
        super().set_options(task_keys=task_keys, var_options=var_options, direct=direct)

    def parse(self, inventory: t.Any, loader: t.Any, path: str, cache: bool = True) -> None:
        """Fill the inventory. Raises AnsibleParserError."""
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        missing = missing_sentence()
        if missing:
            raise AnsibleParserError(missing)
        for lifecycle in LIVE:
            self.inventory.add_group(self._sanitize_group_name(f"lifecycle_{lifecycle}"))
        answers = self._answers(path, cache)
        # A product of another collection is no host, whatever it is.
        answers = [answer for answer in answers if collection_of(str(answer["product"])) == OURS]
        names = host_names(answers)
        answers.reverse()
        while answers:  # what has become a host need not be kept for the others
            answer = answers.pop()
            name = names[answer["subscription_id"]]
            while name in self.inventory.groups:
                name = f"{name}-{answer['device_id']}"
            self._add(name, answer)

    def _answers(self, path: str, cache: bool) -> list[Answer]:
        """Return what is known of each subscription, from the cache if it is there and may be used."""
        try:
            location = find_location("store", *(self._text(name) for name in ("store", "store_password")))
        except NodeflowError as error:
            raise AnsibleParserError(str(error)) from error
        if not self.get_option("cache") or location is None:
            return self._read(location)
        # What is kept of one store must not answer for another. A password is no part of the key.
        key = f"{self.get_cache_key(path)}_{hashlib.sha256(os.fsencode(location.shown)).hexdigest()[:12]}"
        if cache:
            with contextlib.suppress(KeyError):
                return list(self.cache[key])
        answers = self._read(location)
        self.cache[key] = answers
        return answers

    def _text(self, name: str) -> str | None:
        """Return the option ``name``, which may be a template."""
        value = self.templar.template(self.get_option(name))
        return None if value is None else str(value)

    def _read(self, location: Location | None) -> list[Answer]:
        try:
            store = open_store(location, create=False, write=not context.CLIARGS.get("check"))
            if store is None:
                self.display.warning(NO_STORE)
                return []
            try:
                with store.read() as connection:
                    return subscription_answers(store, connection, is_live())
            finally:
                store.close()
        except NodeflowError as error:
            raise AnsibleParserError(str(error)) from error

    def _add(self, host: str, answer: Answer) -> None:
        """Add a host with its variables and groups, unless a filter leaves it out."""
        strict = self.get_option("strict")
        variables: dict[str, t.Any] = {_variable(name): value for name, value in answer.items()}
        if answer.get("problem"):
            self._add_unreadable(host, variables)
            return
        loopbacks = [answer["node"].get(LOOPBACKS[family].node) for family in self.get_option("address_families")]
        if any(loopbacks):
            variables["ansible_host"] = next(filter(None, loopbacks)).partition("/")[0]
        if not all(self._is_true(condition, variables | {"inventory_hostname": host}, host) for condition in self.get_option("filters")):
            return
        self._add_with_variables(host, variables)
        self._set_composite_vars(self.get_option("compose"), variables, host, strict=strict)  # before there can be a group that is called as the host
        for prefix, field in (("lifecycle", "status"), ("product", "product"), ("site", "site"), ("platform", "platform")):
            if answer[field]:
                group = self._sanitize_group_name(f"{prefix}_{answer[field]}")
                self.inventory.add_host(host, self.inventory.add_group(group))
        self._add_host_to_composed_groups(self.get_option("groups"), variables, host, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, host, strict=strict)

    def _add_unreadable(self, host: str, variables: dict[str, t.Any]) -> None:
        """Add a host of which not all is known, in a group of its own alone, so that no play takes it for a node that it can configure."""
        self.display.warning(f"{host}: subscription {variables['nodeflow_subscription_id']} cannot be read: {variables['nodeflow_problem']}")
        self._add_with_variables(host, variables)
        self.inventory.add_host(host, self.inventory.add_group("unreadable"))

    def _add_with_variables(self, host: str, variables: dict[str, t.Any]) -> None:
        """Add a host with its variables. Ansible makes a text of its own of each value, which says where that comes from, and is most of what an inventory
        takes in memory. So a value that many hosts have is given as the text that Ansible made for the first of them.
        """
        self.inventory.add_host(host)
        for name, value in variables.items():
            repeated = name in REPEATED and isinstance(value, str)
            self.inventory.set_variable(host, name, self.made.get(value, value) if repeated else value)
            if repeated:
                self.made.setdefault(value, self.inventory.hosts[host].vars[name])

    def _is_true(self, condition: str, variables: dict[str, t.Any], host: str) -> bool:
        """Return whether a filter is true of a host; one that cannot be evaluated is not, or, with ``strict``, is an error."""
        try:
            return bool(self._compose(condition, variables))
        except Exception as error:  # pylint: disable=broad-exception-caught  # whatever a template can raise
            if self.get_option("strict"):
                raise AnsibleParserError(f"the filter {condition} cannot be evaluated for host {host}: {error}") from error
            return False


@functools.cache
def _variable(name: str) -> str:
    """Return the variable with what an answer has under this name: the same text for all hosts."""
    return f"nodeflow_{name}"


def host_names(answers: t.Sequence[Answer]) -> dict[str, str]:
    """Return the host name of each node, by the id of its subscription. No two are the same, unless a device has several subscriptions."""
    plain = {answer["subscription_id"]: (hostname(_name(answer)) or "device", answer["device_id"]) for answer in answers}
    devices = set(plain.values())
    taken = Counter(name for name, _device_id in devices)
    taken.update(f"{name}-{device_id}" for name, device_id in devices)
    taken.update((*NOT_OURS, "device"))
    return {key: name if taken[name] == 1 else f"{name}-{device_id}" for key, (name, device_id) in plain.items()}


def _name(answer: Answer) -> str:
    """Return what a subscription calls its node; of one that cannot be read it may be anything."""
    name = answer["node"].get("node_name")
    return name if isinstance(name, str) else ""
