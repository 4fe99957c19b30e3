# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who works on a process, and for how long it is theirs."""

from __future__ import annotations


class ModuleDocFragment:
    """The options of the group PROCESS in module_utils/_argspec.py."""

    DOCUMENTATION = r"""
options:
  actor:
    description:
      - Who does this, for the step log; up to 200 characters.
      - If not set, the value of the environment variable E(NODEFLOW_ACTOR) is used; else, in a job of AWX, the user or schedule that started it, with the
        job and the workflow job; else the login name and the host.
      - For O(four_eyes) and O(approvers), it counts outside AWX only.
    type: str
  four_eyes:
    version_added: 1.0.0
    description:
      - Whether somebody else than who asked for a process must confirm its config.
      - If not set, the value of the environment variable E(NODEFLOW_FOUR_EYES) is used.
    type: bool
    default: false
  approvers:
    version_added: 1.0.0
    description:
      - The users who may confirm a config, as AWX names them; at a terminal, C(login@host). If there are none, everybody may, but for O(four_eyes).
      - If not set, the value of the environment variable E(NODEFLOW_APPROVERS) is used, with commas between the names.
    type: list
    elements: str
  lease_minutes:
    description:
      - How many minutes a process stays this run's after each step, from V(0) to V(527040). A later run can continue the process of a run that crashed once
        they are over.
      - If not set, the value of the environment variable E(NODEFLOW_LEASE_MINUTES) is used.
    type: int
    default: 15
  netbox_moved:
    description:
      - Say once that the NetBox at O(netbox_url) is the one that the store belongs to, under a new address. The store then gets that address, except in check
        mode, also by a module that otherwise writes nothing, and no result says that this was a change.
      - If not set, the value of the environment variable E(NODEFLOW_NETBOX_MOVED) is used.
    type: bool
    default: false
  netbox_journal:
    description:
      - Make an entry in the device's journal in NetBox when it is enrolled, modified, reconciled or terminated, with who did it, in which process, and
        what. The token needs the permissions C(extras.add_journalentry) and C(extras.view_journalentry).
      - If not set, the value of the environment variable E(NODEFLOW_NETBOX_JOURNAL) is used.
    type: bool
    default: false
  config_journal:
    version_added: 1.0.0
    description:
      - Put each config that is to be confirmed into the device's journal in NetBox, before it is shown, once. If NetBox refuses the entry, the process
        fails with the reason, and can be resumed. Whoever may read the journal can read the configs then. The token needs the permissions
        C(extras.add_journalentry) and C(extras.view_journalentry).
      - If not set, the value of the environment variable E(NODEFLOW_CONFIG_JOURNAL) is used.
    type: bool
    default: false
  netbox_custom_field:
    description:
      - The name of a custom field of devices in NetBox that gets the id of the subscription, and is emptied when that is terminated. The playbook
        setup_netbox makes one.
      - If not set, the value of the environment variable E(NODEFLOW_NETBOX_CUSTOM_FIELD) is used; else no field is written.
    type: str
  fail_on_suspended:
    version_added: 1.0.0
    description:
      - Have the last step of a workflow fail if a process of the run is suspended, so that a job that waits for a person is red. The processes are
        suspended all the same, and can be resumed.
    type: bool
    default: false
"""
