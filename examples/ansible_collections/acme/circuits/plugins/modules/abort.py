"""Abort processes of circuits."""

DOCUMENTATION = r"""
module: abort
short_description: Abort processes of circuits
description:
  - Gives back what a circuit has taken in NetBox, and ends its subscription and process.
  - A circuit that was to end is as it was before, if all that it has is in NetBox still; else the rest is given back, and it ends.
author: [ACME]
extends_documentation_fragment:
  - nodeflow.orchestrator.netbox
  - nodeflow.orchestrator.store
  - nodeflow.orchestrator.process
  - nodeflow.orchestrator.processes
options:
  only_suspended: {description: Leave alone what is not suspended any more., type: bool, default: false}
  reason: {description: Why., type: str}
"""

EXAMPLES = r"""
- acme.circuits.abort:
    process_ids: [6f0c1f5e-8d5b-4a39-9be4-8f4a52a4f1d5]
"""

RETURN = r"""
circuits: {description: The processes as they stand then., returned: always, type: list, elements: dict}
"""

from ansible_collections.acme.circuits.plugins.module_utils.circuit import CIRCUIT
from ansible_collections.acme.circuits.plugins.module_utils.workflows import WORKFLOWS
from ansible_collections.nodeflow.orchestrator.plugins.module_utils import products as nf

ROWS = CIRCUIT
OPTIONS = nf.options(nf.PROCESSES, {"only_suspended": {"type": "bool", "default": False}, "reason": {"type": "str"}})


def execute(task):
    """Abort the processes that the options choose."""
    return nf.abort(task, WORKFLOWS)


if __name__ == "__main__":
    nf.run_module(OPTIONS, execute, ROWS)
