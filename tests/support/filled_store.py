# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An SQLite store with as many enrolments in it as a test wants, put there by SQL: no NetBox, and no run."""

from __future__ import annotations

import contextlib
import datetime
import json
import pathlib
import sqlite3
import typing as t
import uuid

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.engine import open_store

NOW = datetime.datetime(2026, 11, 23, 5, 0, tzinfo=datetime.timezone.utc)
NETBOX = "https://netbox.example.org"
STEPS = (
    *("initial_input_form", "construct_node_model", "store_process_subscription", "fetch_ip_address_information", "set_status"),
    *("provide_config_to_user", "set_node_to_active", "update_node_in_netbox", "done"),
)
STOPPED = {"failed": "update_node_in_netbox", "suspended": "provide_config_to_user", "interrupted": "set_status", "running": "set_status"}
"""The step at which a process stands that is neither completed nor aborted."""


class FilledStore:
    """Enrolments in the file ``path``. ``end`` says how the process of one ends, by its number from 1; ``name`` what its device is called."""

    def __init__(self, path: pathlib.Path, count: int, end: t.Callable[[int], str] = lambda number: "completed", name: str = "node-{0}") -> None:
        self.path = path
        self.location = str(path)
        open_store(self.location).close()
        rows = [self._rows(number, end(number), name.format(number)) for number in range(1, count + 1)]
        with self._transaction() as connection:
            connection.execute("INSERT INTO nodeflow_store VALUES ('netbox_url', ?)", [NETBOX])
            self._insert(connection, "subscriptions", [subscription for subscription, _process, _log in rows])
            live = [one for one, _process, _log in rows if one["status"] != "terminated"]
            claims = [{"resource": f"dcim.device/{json.loads(one['block'])['node']['node_id']}", "subscription_id": one["subscription_id"]} for one in live]
            self._insert(connection, "claims", claims)
            self._insert(connection, "processes", [process for _subscription, process, _log in rows])
            self._insert(connection, "process_steps", [line for _subscription, _process, log in rows for line in log])

    def change(self, statement: str, *values: t.Any) -> None:
        """Run one SQL statement."""
        with self._transaction() as connection:
            connection.execute(statement, values)

    def exists(self) -> bool:
        return True

    def has_tables(self) -> bool:
        return True

    def rows(self, query: str) -> list[dict[str, t.Any]]:
        with contextlib.closing(sqlite3.connect(self.path)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(query)]

    @contextlib.contextmanager
    def _transaction(self) -> t.Iterator[sqlite3.Connection]:
        with contextlib.closing(sqlite3.connect(self.path)) as connection:
            yield connection
            connection.commit()

    @staticmethod
    def _insert(connection: sqlite3.Connection, table: str, rows: t.Sequence[dict[str, t.Any]]) -> None:
        if rows:
            names = list(rows[0])
            statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
            connection.executemany(statement, [[row[name] for name in names] for row in rows])

    @staticmethod
    def _rows(number: int, end: str, name: str) -> tuple[dict[str, t.Any], dict[str, t.Any], list[dict[str, t.Any]]]:
        """A subscription, its process and the log of that."""
        subscription_id, process_id, run_id = (str(uuid.UUID(int=kind << 64 | number)) for kind in (1, 2, 3))
        begun = NOW + datetime.timedelta(seconds=number)
        site = f"loc{number % 7 + 1}"
        lifecycle = {"completed": "active", "aborted": "terminated"}.get(end, "provisioning")
        block = {"node_id": number, "node_name": name, "node_status": "active" if end == "completed" else "staged"}
        block |= {"ipv4_loopback": f"10.{number // 250}.{number % 250}.1/32", "ipv6_loopback": f"2001:db8::{number:x}/128"}
        facts = {"id": number, "name": name, "site": site, "role": "edge" if number % 2 else "core", "platform": "cisco_ios", "status": "planned"}
        state = json.dumps({"device": facts, "claim": "netbox", "required_families": ["ipv4", "ipv6"]})
        step = STOPPED.get(end)
        error = f"{name} ({site}, {number}) was set to offline in NetBox" if end == "failed" else None
        subscription = {
            "subscription_id": subscription_id, "product": "Node", "customer_id": "default", "status": lifecycle, "insync": step is None,
            "description": "Node " + name, "note": "wrong rack" if end == "aborted" else None, "version": 6,
            "start_date": _sql(begun) if end == "completed" else None, "end_date": _sql(begun) if end == "aborted" else None,
            "block": json.dumps({"node": block}),
        }  # fmt: skip
        process = {
            "process_id": process_id, "subscription_id": subscription_id, "workflow": "create_node", "workflow_version": 1, "target": "CREATE",
            "status": "running" if end == "interrupted" else end, "step": step, "state": state, "error": error, "actor": "ann@workstation",
            "run_id": run_id if end in ("interrupted", "running") else None,
            "lease_until": {"interrupted": _sql(begun), "running": "9999-01-01 00:00:00.000000"}.get(end),
            "started_at": _sql(begun), "updated_at": _sql(begun), "completed_at": None if step else _sql(begun),
        }  # fmt: skip
        log = []
        for place, one in enumerate(STEPS[: STEPS.index(step) + 1] if step else STEPS):
            status = end if one == step and end in ("failed", "suspended") else "success"
            if one == step and status == "success":
                break
            moment = begun + datetime.timedelta(seconds=place)
            log.append({
                "process_id": process_id, "step_id": str(uuid.uuid5(uuid.UUID(process_id), one)), "step": one, "attempt": 1, "status": status,
                "state": state, "error": error if status == "failed" else None, "changes": '{"subscription": {}, "process": {}, "netbox": {}}',
                "actor": "ann@workstation", "run_id": run_id, "started_at": _sql(moment),
                "completed_at": _sql(moment + datetime.timedelta(milliseconds=20 * (place + 1))),
            })  # fmt: skip
        return subscription, process, log


def _sql(moment: datetime.datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")
