# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A PostgreSQL store behind PgBouncer, where the next transaction may be another session's."""

from __future__ import annotations

import contextlib

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import StoreError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.engine import open_store
from pgbouncer import PgBouncer
from player import Player


@pytest.fixture
def pooled(lab, tmp_path, postgresql):
    """ansible-playbook with a store behind PgBouncer in transaction mode."""
    with PgBouncer(lab["postgres_dsn"]) as pool:
        postgresql.location = pool.url(postgresql.name)
        yield Player(lab, tmp_path, postgresql)


def test_sixty_nodes_by_two_runs_at_once_and_a_resume(pooled, netbox):
    devices = netbox.make_many(60)
    runs = [pooled.start("nodeflow.orchestrator.create_node", nodes=devices, confirm_config=confirm) for confirm in (True, False)]
    done = [pooled.finish(run) for run in runs]
    assert {run.returncode for run in done} <= {0, 2} and not any("prepared statement" in run.output for run in done), [run.output for run in done]
    resumed = pooled("nodeflow.orchestrator.resume", all=True, confirm_config=True)
    assert resumed.returncode == 0, resumed.output
    assert set(netbox.statuses(devices).values()) == {"active"}
    assert pooled.rows("SELECT status, insync, count(*) FROM subscriptions GROUP BY 1, 2") == [{"status": "active", "insync": True, "count": 60}]
    assert pooled.rows("SELECT DISTINCT status FROM processes") == [{"status": "completed"}]
    again = pooled.create(nodes=devices, confirm_config=True)
    assert (again.returncode, again.recap["changed"]) == (0, 0), again.output


def test_many_transactions_of_one_connection(pooled):
    """psycopg prepares a statement on the server once it was executed five times."""
    with contextlib.closing(open_store(pooled.store.location)) as first, contextlib.closing(open_store(pooled.store.location)) as second:
        for _round in range(12):
            for one in (first, second):  # one after the other, so on one connection to the server, where names must not clash
                with one.read() as connection:
                    assert connection.exec_driver_sql("SELECT value FROM nodeflow_store WHERE name = %s", ("schema_version",)).scalar_one()
            with first.write():
                pass
        assert first.is_same_as(second)
        with first.read() as connection:
            state = "SELECT current_setting('transaction_isolation'), current_setting('transaction_read_only')"
            assert tuple(connection.exec_driver_sql(state).one()) == ("repeatable read", "on")


def test_statement_mode_is_refused_with_what_to_change(lab, postgresql):
    with PgBouncer(lab["postgres_dsn"], "statement") as pool:
        with pytest.raises(StoreError, match="PgBouncer runs in statement mode.*set pool_mode to transaction"):
            open_store(pool.url(postgresql.name))
