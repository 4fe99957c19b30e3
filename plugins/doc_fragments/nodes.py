# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The nodes that go from step to step."""

from __future__ import annotations


class ModuleDocFragment:
    """The option of the group NODES in module_utils/_node/argspec.py, and what a step returns."""

    DOCUMENTATION = r"""
options:
  nodes:
    description:
      - The nodes as the step before returned them. Those with the status V(running) take this step; the others are passed on.
      - One bad node stops one node. Before the last step, the task fails only where no node is left to go on with.
    type: list
    elements: dict
    required: true
"""

    RETURN = r"""
nodes:
  description: >-
    The nodes as they are after this step, one each, for the option O(nodes) of the next step. Beside what is named here, a node holds what
    only the next step reads. Where they are many (some 200), the result has short ones, so that it stays short, and the next step gets the whole ones. A
    short one always has RV(nodes[].status), RV(nodes[].device_id) and RV(nodes[].whole_row); RV(nodes[].process_id) if it is
    running; and as much as fits of RV(nodes[].process_id) (RV(nodes[].subscription_id) of one that is completed or unchanged), RV(nodes[].device) and
    RV(nodes[].reason). They may be filtered, sorted and added to as others, within one run of ansible-playbook.
  returned: success, or where nodes failed
  type: list
  elements: dict
  sample:
    - device_id: 7
      device: loc1-core (loc1, 7)
      status: running
      run_id: 0a4ac9a2-4c4e-4d2c-8a2f-6c1e5b0f9f0e
      process_id: 6f0c1f5e-8d5b-4a39-9be4-8f4a52a4f1d5
      subscription_id: 9b3c5a0e-1d56-4c39-a3c5-0f4a52a4f1d5
  contains:
    device_id:
      description: The id of the device in NetBox; null where there is none.
      type: int
    device:
      description: 'How messages call the device: name (site, id).'
      type: str
    status:
      description: >-
        V(running) goes on to the next step; V(suspended), V(failed), V(completed) and V(aborted) do not; V(unchanged) stays as it is. It was
        enrolled before or by another run, was terminated before, or has nothing to change.
      type: str
    message:
      description: Why the node is not running.
      type: str
    reason:
      description: The message without what is this node's own.
      type: str
      version_added: 1.0.0
    whole_row:
      description: Of a short one, the name of the whole one.
      type: str
      version_added: 1.0.0
    run_id:
      description: The run that works on the node.
      type: str
      version_added: 1.0.0
    process_id:
      description: The process of the node, once it is stored; in check mode, an id that is made up.
      type: str
    subscription_id:
      description: The subscription of the node, if it has one, or once it is stored; in check mode, that of a new one is made up.
      type: str
ansible_stats:
  description: >-
    What this leaves for the next job, which Ansible takes as stats and AWX as artifacts: C(nodeflow_process_ids), C(nodeflow_run_id), C(nodeflow_counts),
    C(nodeflow_config_hash) and C(nodeflow_summary). U(https://github.com/nodeflow/orchestrator/blob/main/docs/settings.md) has what each is.
  returned: always
  type: dict
  version_added: 1.0.0
msg:
  description: How many nodes have which status; or, of a task that failed, which and why.
  returned: always
  type: str
  sample: '2 nodes: 1 failed, 1 running'
"""
