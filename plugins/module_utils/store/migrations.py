# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From each layout of the store to the next."""

from __future__ import annotations

import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import sa
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.store.processes import step_id
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.store.schema import steps

__all__ = ["MIGRATIONS"]


def _count_attempts(connection: t.Any) -> None:
    """Layout 2: the step log knows the step's id, the attempt, and the process's state after it."""
    for column in ("step_id VARCHAR(36) DEFAULT '' NOT NULL", "attempt INTEGER DEFAULT 1 NOT NULL", "state JSON"):
        connection.exec_driver_sql("ALTER TABLE process_steps ADD COLUMN " + column)
    connection.exec_driver_sql("CREATE INDEX ix_process_steps_step_id ON process_steps (step_id)")
    lines = connection.execute(sa.select(steps.c.process_step_id, steps.c.process_id, steps.c.step).order_by(steps.c.process_step_id)).all()
    attempts: dict[str, int] = {}
    for line in lines:
        which = step_id(line.process_id, line.step)
        attempts[which] = attempts.get(which, 0) + 1
        values = {"step_id": which, "attempt": attempts[which]}
        connection.execute(steps.update().where(steps.c.process_step_id == line.process_step_id).values(values))


MIGRATIONS: dict[int, t.Callable[[t.Any], None]] = {1: _count_attempts}
"""By the layout that they start from: each takes a connection and leaves the tables in the next layout."""
