"""Do a step of a circuit's workflow."""

DOCUMENTATION = r"""
module: circuit_step
short_description: Do a step of a circuit's workflow
description: Does the step for those circuits that are at it, and passes the others on.
author: [ACME]
extends_documentation_fragment:
  - nodeflow.orchestrator.netbox
  - nodeflow.orchestrator.store
  - nodeflow.orchestrator.process
options:
  step: {description: "The step's name, as the workflows have it.", type: str, required: true}
  circuits: {description: The rows that the step before returned., type: list, elements: dict, required: true}
  confirm: {description: Confirm the configs., type: bool, default: false}
  config_hash: {description: Confirm only the configs that were shown with this hash., type: str}
  config_dir: {description: Where to save the configs., type: path}
"""

EXAMPLES = r"""
- acme.circuits.circuit_step:
    step: connect
    circuits: "{{ built.circuits }}"
  register: built
"""

RETURN = r"""
circuits: {description: "A row for each, for the next step.", returned: always, type: list, elements: dict}
"""

from ansible_collections.acme.circuits.plugins.module_utils.circuit import CIRCUIT
from ansible_collections.acme.circuits.plugins.module_utils.workflows import WORKFLOWS
from ansible_collections.nodeflow.orchestrator.plugins.module_utils import products as nf

ROWS = CIRCUIT
OPTIONS = nf.options(nf.rows_option(CIRCUIT), nf.CONFIRM, {"step": {"type": "str", "required": True}})


def execute(task):
    """Do the step of the option."""
    return nf.do_step(task, task.params["step"], WORKFLOWS)


if __name__ == "__main__":
    nf.run_module(OPTIONS, execute, ROWS)
