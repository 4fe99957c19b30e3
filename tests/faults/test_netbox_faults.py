# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""NetBox fails: each fault, at each request of an enrolment, once and for good. Whatever comes, the way on is one command.

Either the run goes on by itself, or the process is failed with its reason and one resume completes it. Nothing is written twice.
"""

from __future__ import annotations

import itertools
import typing as t

import pytest

from audit import audit
from in_process import InProcess
from netbox_faults import NETBOX_FAULTS, Injector, NetboxFault
from netbox_proxy import NetboxProxy
from player import Player
from stores import SqliteStore

REQUESTS = {
    "sqlite": ("list", "claim", "fetch", "interfaces", "update"),
    "postgresql": ("list", "fetch", "interfaces", "update"),  # the store decides who has a device, so NetBox sees no claim
}
METHODS = {"list": "GET", "claim": "PATCH", "fetch": "GET", "interfaces": "GET", "update": "PATCH"}


class Case(t.NamedTuple):
    """A kind of store, a fault, the request that meets it first, and whether it lasts until the end of the run."""

    kind: str
    fault: NetboxFault
    request: str
    lasting: bool

    def __str__(self) -> str:
        return "-".join((self.kind, self.fault.name.replace(" ", "_"), self.request, "lasting" if self.lasting else "once"))


ALL = [Case(kind, *rest) for kind, requests in REQUESTS.items() for rest in itertools.product(NETBOX_FAULTS, requests, (False, True))]

SOME = [
    Case(kind, fault, REQUESTS[kind][(number // 2 + 2 * lasting) % len(REQUESTS[kind])], lasting)
    for number, (kind, fault) in enumerate(itertools.product(REQUESTS, NETBOX_FAULTS))
    for lasting in (False, True)
]
"""Each fault on each store, once and for good, at one request each, another one from fault to fault."""

FEW = SOME[::2][::2] + SOME[1::2][1::2]
"""Each fault on one of the stores once, and for good on the other."""

FEWEST = [case for case in SOME if case.lasting and case.fault.name in ("reset after NetBox did it", "a token that expired")]
"""With ansible-playbook itself, which takes its time."""


def pytest_generate_tests(metafunc):
    """Each case as a test."""
    in_process = metafunc.function is test_each_fault_at_each_request
    full = metafunc.config.getoption("--soak")
    metafunc.parametrize("case", (ALL if full else FEW) if in_process else (SOME if full else FEWEST), ids=str)


@pytest.fixture
def store_of_case(case, tmp_path, request):
    """An empty store of the kind that the case names."""
    return SqliteStore(tmp_path) if case.kind == "sqlite" else request.getfixturevalue("postgresql")


def test_each_fault_at_each_request(lab, store_of_case, netbox, case, fault_table):
    outlast(InProcess(lab, store_of_case), netbox, lab, netbox.make(), case, fault_table)


def test_the_same_with_ansible_playbook(lab, store_of_case, netbox, case, fault_table, tmp_path):
    outlast(Player(lab, tmp_path, store_of_case), netbox, lab, netbox.make(), case, fault_table)


def outlast(enrol, netbox, lab, device, case, fault_table):  # pylint: disable=too-many-arguments,too-many-positional-arguments
    """Enrol a device while NetBox has a fault; where that fails, once more without the fault. Then everything must be right."""
    fault, method = case.fault, METHODS[case.request]
    injector = Injector(fault, REQUESTS[case.kind].index(case.request), case.lasting)
    with NetboxProxy(lab["url"], injector) as proxy:
        settings = {"netbox_url": proxy.url, "netbox_retries": 1 if case.lasting else 2} | fault.variables
        done = enrol.create(nodes=device, confirm_config=True, **settings)
        assert injector.injected and injector.injected[0][0] == method, f"the fault was not injected at {case.request}: {proxy.requests}"
        proxy.fault = None
        outputs = [done.output]
        if done.returncode:
            assert case.lasting or method not in fault.outlasted, f"one fault stopped the run: {done.output}"
            assert fault.says in done.message, done.message
            again = once_more(enrol, device, fault, **settings)
            assert again.returncode == 0, again.output
            outputs.append(again.output)
    name = "NetBox: {0}, {1}".format(fault.name, "until the end of the run" if case.lasting else "once")
    fault_table.record(name, audit(netbox, [enrol.store], [device]), outputs, len(injector.injected))
    assert netbox.our_writes(device) == (["staged", "active"] if case.kind == "sqlite" else ["active"])


def once_more(enrol, device, fault, **settings):
    """Resume what failed; create again where nothing was kept."""
    standing = enrol.rows("SELECT * FROM processes WHERE status NOT IN ('completed', 'aborted')") if enrol.store.exists() else []
    if not standing:
        return enrol.create(nodes=device, confirm_config=True, **settings)
    [process] = standing
    assert process["status"] == "failed" and fault.says in process["error"], process
    return enrol.resume(process["process_id"], confirm_config=True, **settings)
