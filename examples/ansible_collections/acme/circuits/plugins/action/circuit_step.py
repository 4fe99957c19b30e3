"""Run the module of this file's name inside ansible-playbook. The other files of this folder are links to this one."""

import importlib

from ansible_collections.nodeflow.orchestrator.plugins.plugin_utils.action import InProcessAction


class ActionModule(InProcessAction):
    """The action of the module of the same name."""

    module = importlib.import_module("ansible_collections.acme.circuits.plugins.modules." + __name__.rpartition(".")[2])
