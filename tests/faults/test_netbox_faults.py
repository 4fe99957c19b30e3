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
from netbox_faults import NETBOX_FAULTS, Injector, NetboxFault
from netbox_proxy import NetboxProxy
from soak import SOAK
from stores import SqliteStore

REQUESTS = {
    "sqlite": ("list", "claim", "fetch", "compare", "update"),
    "postgresql": ("list", "fetch", "compare", "update"),  # the store decides who has a device, so NetBox sees no claim
}
METHODS = {"list": "GET", "claim": "PATCH", "fetch": "GET", "compare": "GET", "update": "PATCH"}

ALL = [
    (kind, fault, request, lasting)
    for kind, requests in REQUESTS.items()
    for fault, request, lasting in itertools.product(NETBOX_FAULTS, requests, (False, True))
]
SOME = [
    (kind, fault, REQUESTS[kind][(number + 2 * lasting) % len(REQUESTS[kind])], lasting)
    for number, (kind, fault) in enumerate(itertools.product(REQUESTS, NETBOX_FAULTS))
    for lasting in (False, True)
]
"""Each fault on each store, once and for good, at one request each, another one from fault to fault."""

FEW = SOME[2::15]
"""With ansible-playbook itself, which takes its time."""


def cases(chosen):
    """For pytest: cases with their names. The store is that of the fixture ``store``."""
    return [
        pytest.param(kind, fault, request, lasting, id="-".join((kind, fault.name.replace(" ", "_"), request, "lasting" if lasting else "once")))
        for kind, fault, request, lasting in chosen
    ]


@pytest.mark.parametrize(("store", "fault", "request_name", "lasting"), cases(ALL if SOAK else SOME), indirect=["store"])
def test_each_fault_at_each_request(enrol, netbox, lab, new_device, fault, request_name, lasting):
    outlast(enrol, netbox, lab, new_device(), Case(fault, request_name, lasting))


@pytest.mark.parametrize(("store", "fault", "request_name", "lasting"), cases(SOME if SOAK else FEW), indirect=["store"])
def test_the_same_with_ansible_playbook(play_on, netbox, lab, new_device, fault, request_name, lasting):
    outlast(play_on, netbox, lab, new_device(), Case(fault, request_name, lasting))


class Case(t.NamedTuple):
    """A fault, the request that meets it first, and whether it lasts."""

    fault: NetboxFault
    request: str
    lasting: bool


def outlast(enrol, netbox, lab, device, case):
    """Enrol a device while NetBox has a fault; where that fails, once more without the fault. Then everything must be right."""
    fault, claims = case.fault, isinstance(enrol.store, SqliteStore)
    method = METHODS[case.request]
    injector = Injector(fault, REQUESTS["sqlite" if claims else "postgresql"].index(case.request), case.lasting)
    with NetboxProxy(lab["url"], injector) as proxy:
        settings = {"netbox_url": proxy.url, "netbox_retries": 1 if case.lasting else 2} | fault.variables
        done = enrol.create(nodes=device, confirm_config=True, **settings)
        assert injector.injected and injector.injected[0][0] == method, "the fault was not injected at {0}: {1}".format(case.request, proxy.requests)
        proxy.fault = None
        assert "Traceback" not in done.output and "a defect of" not in done.output, done.output
        if done.returncode:
            assert case.lasting or method not in fault.outlasted, "one fault stopped the run: {0}".format(done.output)
            assert fault.says in done.message, done.message
            again = once_more(enrol, device, fault, **settings)
            assert again.returncode == 0, again.output
    findings = audit(netbox, [enrol.store], [device])
    assert not findings, findings
    assert netbox.our_writes(device) == (["staged", "active"] if claims else ["active"])


def once_more(enrol, device, fault, **settings):
    """Resume what failed; create again where nothing was kept."""
    standing = enrol.rows("SELECT * FROM processes WHERE status NOT IN ('completed', 'aborted')") if enrol.store.exists() else []
    if not standing:
        return enrol.create(nodes=device, confirm_config=True, **settings)
    [process] = standing
    assert process["status"] == "failed" and fault.says in process["error"], process
    return enrol.resume(process["process_id"], confirm_config=True, **settings)
