# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One table of all faults that the tests inject, printed at the end of a run.

A test of a fault takes the fixture ``fault_table``, makes sure that the fault happened, has the work finished, audits, and then calls::

    fault_table.record("NetBox answers 502", audit(netbox, [store], devices), [first.output, resumed.output])

That counts one injection, and fails the test if the audit found something or an output is unclear. The same fault may be recorded by any
number of tests, on any number of xdist's workers: the lines of the table are added up by the fault's name. The fixture ``soak`` says
whether the run is the full one (``--soak``) and not the bounded one of ``make test``. What a test draws by chance it draws from the
fixture ``chance``; the seed is printed, and NODEFLOW_SEED repeats it.
"""

from __future__ import annotations

import os
import random
import re
import secrets
import typing as t

import pytest

from audit import Findings

SEED = "NODEFLOW_SEED"

COLUMNS = ("injected", "lost", "twice", "stuck", "unclear")

_UNCLEAR = re.compile(
    r"Traceback|a defect of \w+\.\w+ at|An exception occurred|[Uu]nhandled exception|[Uu]nexpected (failure|exception)"
    r"|\b[A-Z]\w*(Error|Exception)\b|\((sqlite3|psycopg)\.| object at 0x"
)
"""What no operator should have to read: a traceback, the name of an exception's class, a driver's own words around its error."""


class FaultTable:
    """What one test injected, and what it did."""

    def __init__(self, properties: list[tuple[str, object]]) -> None:
        self._properties = properties  # xdist brings them from its workers to the process that prints

    def record(self, fault: str, found: Findings, outputs: t.Sequence[str], injected: int = 1) -> None:
        """Count ``injected`` faults of this name, what the audit ``found`` after them, and the outputs that say something unclear.

        Raises AssertionError if there is any of that, or nothing was injected.
        """
        assert injected > 0, f"{fault}: nothing was injected"
        unclear = [line for output in outputs for line in unclear_lines(output)]
        wrong = {"lost": found.lost, "twice": found.twice, "stuck": found.stuck, "unclear": unclear}
        self._properties.append(("fault", [fault, injected, *map(len, wrong.values())]))
        assert not any(wrong.values()), "after the fault '{0}':\n{1}\n\n{2}".format(
            fault,
            "\n".join(f"{kind}: {sentence}" for kind, sentences in wrong.items() for sentence in sentences),
            "\n".join(outputs),
        )


def unclear_lines(output: str) -> list[str]:
    """The lines of what a playbook printed that are no sentence for an operator."""
    return [line for line in output.splitlines() if _UNCLEAR.search(line)]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --soak."""
    parser.addoption("--soak", action="store_true", help="inject all the faults that the tests know, not a bounded number of them")


@pytest.fixture(scope="session")
def soak(request: pytest.FixtureRequest) -> bool:
    """Whether this is the full run."""
    return bool(request.config.getoption("--soak"))


@pytest.fixture
def fault_table(request: pytest.FixtureRequest) -> FaultTable:
    """The lines of this test in the table of faults."""
    return FaultTable(request.node.user_properties)


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    """Random numbers, the same for the same seed and test."""
    return random.Random(f"{os.environ[SEED]} {request.node.name}")


def pytest_configure() -> None:
    """Draw a seed. xdist's workers find that of the process that starts them."""
    os.environ.setdefault(SEED, str(secrets.randbelow(1_000_000)))


def pytest_report_header() -> str:
    """Say what repeats this run."""
    return f"{SEED}={os.environ[SEED]}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table, in Markdown."""
    total: dict[str, list[int]] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", None) == "call":
                for name, value in report.user_properties:
                    if name == "fault":
                        fault, *counts = value
                        total[fault] = [old + new for old, new in zip(total.get(fault, [0] * len(COLUMNS)), counts)]
    if not total:
        return
    terminalreporter.section(f"faults injected, {SEED}={os.environ[SEED]}")
    width = max(len(fault) for fault in (*total, "fault"))
    terminalreporter.line("| {0:<{1}} | {2} |".format("fault", width, " | ".join(COLUMNS)))
    terminalreporter.line(f"|{'-' * (width + 2)}|{'|'.join('-' * (len(column) + 1) + ':' for column in COLUMNS)}|")
    for fault, counts in [*sorted(total.items()), ("all", [sum(column) for column in zip(*total.values())])]:
        cells = " | ".join("{0:>{1}}".format(count, len(column)) for count, column in zip(counts, COLUMNS))
        terminalreporter.line("| {0:<{1}} | {2} |".format(fault, width, cells))
