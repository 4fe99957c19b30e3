# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a product of another collection is built with. What is in ``__all__`` is the promise; all else below module_utils is ours, and changes.

A product is a family of pydantic models, and workflows, which are lists of steps; docs/extending.md builds one. The action plugins of its modules have their
base in ``plugin_utils/action.py``.

A product's types:
    SubscriptionModel, ProductBlockModel  the bases of its models; a model names its product and its lifecycles as keywords of the class
    SubscriptionLifecycle                 initial, provisioning, active, migrating, disabled, terminated
    description                           register a function for the model, that gives its description
    move_to_lifecycle, revise             a subscription in the next lifecycle, or with other values; DomainError where a rule does not hold
    NodeInactive, Node                    ours: a node, and one in service; its block ``node`` has the device's id, node_id, and
                                          node_name, node_status, ipv4_loopback, ipv6_loopback

Its payloads, what NetBox gets:
    NetboxPayload                         the base; a payload names its ``endpoint``, and has the fields to set
    build_payload                         register a function for the block, that gives the payload
    update, Target, Update                write payloads in bulk, each only if it differs and under If-Match; an Update for each
    still_held                            for a Target: what another run has taken over meanwhile is not written
    allocate_prefixes, prefix_id          take prefixes from one, by NetBox's own allocation
    create_marked, delete_marked, find_marked, Made, Deleted
                                          objects that a process makes once and gives back
    listed_of                             list objects for many values of a filter

Its workflows:
    Step, Workflow                        a step is a function of the task and the works that are due; a workflow a list of them
    Work                                  a subject at a step: row, subscription, process, state, label, key, changelog_message()
    Done, Failed, Suspended, Aborted      the outcomes, one for each work's key
    for_each                              the outcomes of a function of one work; what goes wrong with one fails that one
    begin, moved_to, revised, updated_in_netbox, completed
                                          steps that most workflows have, and NOT_MADE_YET, an id in check mode
    State, ConfirmedState                 the bases of what a process remembers
    Config, confirmed_configs             show, save and have confirmed
    aborted, restored                     the outcome of a process that its workflow's ``abort`` ended: its subscription ends with it, or is as it was before
    Named                                 what messages call a process's subject

Its modules:
    Subject                               the words for what its rows are about
    options, PROCESSES, CONFIRM, rows_option
                                          groups of options, and the settings that every module takes
    Task                                  options, check mode, NetBox, store, subscriptions, and what to say to whom
    Row, to_create, to_change             the rows of a form
    chosen_processes                      the rows of processes to continue; None where none is asked for
    already_there                         the row of what has a subscription already: what failed goes on
    choose, columns                       ask the person at the terminal
    end_of_step, do_step, abort           results: of a form, of a step, of the module that aborts
    run_module                            the ``main`` of a module

``pydantic`` is the library, where it is installed; import it from here, so that the sanity tests can import your files without it.

Errors: NodeflowError and below it DomainError, NetboxError, StoreError. Each has a sentence, which is what a user reads.
"""

from __future__ import annotations

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._argspec import CONFIRM, PROCESSES, options, rows_option
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.description import description
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.lifecycle import SubscriptionLifecycle
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.subject import Subject
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.subscription import (
    ProductBlockModel,
    SubscriptionModel,
    move_to_lifecycle,
    revise,
)
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import DomainError, NetboxError, NodeflowError, StoreError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import pydantic
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.allocate import allocate_prefixes, prefix_id
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.marked import Deleted, Made, create_marked, delete_marked, find_marked
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.objects import listed_of
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.payload import NetboxPayload, build_payload
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.update import Target, Update, update
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import Node, NodeInactive
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.abort import abort, aborted, restored
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.already import already_there
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.config import Config
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.confirm import ConfirmedState, confirmed_configs
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.continued import chosen_processes
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.do_step import do_step
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.end_of_step import end_of_step
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.holding import still_held
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.planned import to_change, to_create
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.prompt import choose, columns
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.rows import Row
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.state import State
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.step import (
    Aborted,
    Done,
    Failed,
    Named,
    Step,
    Suspended,
    Work,
    Workflow,
    for_each,
)
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.steps import NOT_MADE_YET, begin, completed, moved_to, revised, updated_in_netbox
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._run import run_module
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = [
    "CONFIRM",
    "NOT_MADE_YET",
    "PROCESSES",
    "Aborted",
    "Config",
    "ConfirmedState",
    "Deleted",
    "DomainError",
    "Done",
    "Failed",
    "Made",
    "Named",
    "NetboxError",
    "NetboxPayload",
    "Node",
    "NodeInactive",
    "NodeflowError",
    "ProductBlockModel",
    "Row",
    "State",
    "Step",
    "StoreError",
    "Subject",
    "SubscriptionLifecycle",
    "SubscriptionModel",
    "Suspended",
    "Target",
    "Task",
    "Update",
    "Work",
    "Workflow",
    "abort",
    "aborted",
    "allocate_prefixes",
    "already_there",
    "begin",
    "build_payload",
    "choose",
    "chosen_processes",
    "columns",
    "completed",
    "confirmed_configs",
    "create_marked",
    "delete_marked",
    "description",
    "do_step",
    "end_of_step",
    "find_marked",
    "for_each",
    "listed_of",
    "move_to_lifecycle",
    "moved_to",
    "options",
    "prefix_id",
    "pydantic",
    "restored",
    "revise",
    "revised",
    "rows_option",
    "run_module",
    "still_held",
    "to_change",
    "to_create",
    "update",
    "updated_in_netbox",
]
