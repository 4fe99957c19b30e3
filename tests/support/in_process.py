# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The step list of create_node in this process, as the action plugins run it inside ansible-playbook. A run costs what NetBox costs."""

from __future__ import annotations

import importlib
import json
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from lab_secrets import LabSecrets
from player import Played, Player
from stores import Store

MODULES = "ansible_collections.nodeflow.orchestrator.plugins.modules."


def call_module(name: str, options: dict[str, t.Any], check_mode: bool = False, said: list[str] | None = None, **of_task: t.Any) -> dict[str, t.Any]:
    """The result of a module's function with these options, validated as Ansible does. ``said`` gets what it warns of and shows; ``ask`` is asked.

    ``name`` is that of a module of ours, or the path by which another collection's is imported.
    """
    module = importlib.import_module(MODULES + name if "." not in name else name)
    task_module = importlib.import_module("ansible_collections.nodeflow.orchestrator.plugins.module_utils._task")
    run_module = importlib.import_module("ansible_collections.nodeflow.orchestrator.plugins.module_utils._run")
    try:
        validated = ArgumentSpecValidator(module.OPTIONS["argument_spec"]).validate(dict(options))
    except OverflowError as error:  # Ansible itself does not expect the number Infinity
        return {"failed": True, "msg": str(error), "invalid": True}
    if validated.error_messages:
        return {"failed": True, "msg": validated.error_messages[0], "invalid": True}
    said = [] if said is None else said
    parameters = {"params": validated.validated_parameters, "check_mode": check_mode, "warn": said.append, "show": said.append}
    task = task_module.Task(**{"ask": lambda question: None, "rows_about": getattr(module, "ROWS", None)} | parameters | of_task)
    return dict(run_module.call(module.execute, task))


def options_of(name: str) -> dict[str, dict[str, t.Any]]:
    """The options of a module, by name, with what they take."""
    return dict(importlib.import_module(MODULES + name).OPTIONS["argument_spec"])


class InProcess:
    """Runs create_node in this process against the lab. What a playbook of the same name does, with the same variables."""

    def __init__(self, lab: dict[str, t.Any], store: Store) -> None:
        self.store = store
        self.secrets = LabSecrets(lab)
        self.masked = False  # whether results may hold a secret, which an action plugin would mask
        self.settings: dict[str, t.Any] = {"netbox_url": lab["url"], "netbox_token": lab["tokens"]["operator"], "store": store.location}

    def create(self, **variables: t.Any) -> Played:
        """Run create_node; up to the task ``last``, if that is given."""
        return self._run(variables)

    def resume(self, *process_ids: str, **variables: t.Any) -> Played:
        """Run resume."""
        return self._run(variables | {"process_ids": list(process_ids)})

    def rows(self, query: str) -> list[dict[str, t.Any]]:
        """Ask the store directly."""
        return self.store.rows(query)

    def _run(self, variables: dict[str, t.Any]) -> Played:
        variables = dict(variables)
        confirm, last = variables.pop("confirm_config", False), variables.pop("last", None)
        chosen = {name: variables.pop(name) for name in ("nodes", "process_ids", "all_planned", "device_filter") if name in variables}
        settings = self.settings | variables
        results: dict[str, dict[str, t.Any]] = {}
        said: list[str] = []

        def step(name: str, **options: t.Any) -> list[dict[str, t.Any]]:
            results[name] = call_module(name, settings | options, said=said)
            said.append(results[name].get("msg", ""))
            if not self.masked:
                self.secrets.check(json.dumps(results[name], default=str), *said)
            if results[name].get("failed") or name == last:
                raise _Stopped
            return list(results[name].get("nodes", []))

        try:
            nodes = step("initial_input_form", **chosen)
            for name in ("construct_node_model", "store_process_subscription", "fetch_ip_address_information"):
                nodes = step(name, nodes=nodes)
            nodes = step("set_status", nodes=nodes, lifecycle="provisioning")
            step("node_config_info", nodes=nodes)
            facts = results["node_config_info"]["node_configs"]
            configs = [{"process_id": one["process_id"], "config": f"hostname {one['name']}\nloopback {one['ipv4']}\n"} for one in facts]
            nodes = step("provide_config_to_user", nodes=nodes, configs=configs, confirm=confirm)
            for name in ("set_node_to_active", "update_node_in_netbox", "done"):
                nodes = step(name, nodes=nodes)
        except _Stopped:
            pass
        failed = any(result.get("failed") for result in results.values())
        return Played(2 if failed else 0, "\n".join(said), results)


def take_into_service(play: Player, *devices: int, **variables: t.Any) -> None:
    """Have these devices in service, where the enrolment itself is not what is looked at."""
    done = InProcess(play.lab, play.store).create(nodes=list(devices), confirm_config=True, **variables)
    assert done.returncode == 0, done.output


class _Stopped(Exception):
    """The play ends here."""
