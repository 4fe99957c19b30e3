# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a function behind a module is told about the task that called it, and what it may use."""

from __future__ import annotations

import dataclasses
import functools
import getpass
import os
import socket
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._awx.job import AwxJob
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.actor import Actor
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.subject import Subject
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.client import NetboxClient
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.url import normal_url
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._printable import printable, printable_config
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.rows import Row, read_rows
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.engine import Store, open_store
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.location import ENVIRONMENT, Location, find_location
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.processes import Process, at_work
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.step_log import BrokenLog, broken_logs
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._store.subscriptions import Stored, find_subscriptions, holders
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._surroundings import job, vanishes

__all__ = ["Task"]


@dataclasses.dataclass
class Task:
    """One task of a play. ``params`` are the module's options, validated.

    ``warn`` shows a warning; ``show`` shows text to the person who runs the play; ``ask`` puts a question to a person at the terminal and
    returns the line typed, or None where nobody is there. All three show what is not printable as "?", since names come from NetBox;
    ``show_config`` shows a config.
    ``secrets`` are the values of the options that must be in no text. ``rows_about`` says what the rows are about that the task takes or returns.
    ``results`` is what a step adds to the task's result.
    ``awx_job`` is the job of AWX that this runs in. ``before_write`` is called before objects are made in NetBox, or deleted there,
    and before a write is sent again, and may refuse it; ``held`` tells, of processes of the step by their ids, those that this run holds still.
    """

    params: dict[str, t.Any]
    check_mode: bool
    warn: t.Callable[[str], None]
    show: t.Callable[[str], None]
    ask: t.Callable[[str], str | None]
    secrets: t.Collection[str] = ()
    rows_about: Subject | None = None
    results: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    awx_job: AwxJob | None = None
    before_write: t.Callable[[], None] = lambda: None
    held: t.Callable[[t.Collection[str]], t.Collection[str]] = set
    _client: NetboxClient | None = None
    _store: Store | None = None

    def __post_init__(self) -> None:
        warn, show, ask = self.warn, self.show, self.ask
        self.warn = lambda text: warn(printable(text))
        self.show = lambda text: show(printable(text))
        self.show_config: t.Callable[[str], None] = lambda text: show(printable_config(text))
        self.ask = lambda question: ask(printable(question))

    @property
    def subject(self) -> Subject:
        """What the rows of the task are about."""
        if self.rows_about is None:
            raise NodeflowError("this module does not say what its rows are about")
        return self.rows_about

    def rows(self) -> list[Row]:
        """Return the rows that the step before returned. Raises NodeflowError for what no step returned."""
        return read_rows(self.params[self.subject.many], self.subject)

    @property
    def netbox(self) -> NetboxClient:
        """The NetBox of the task's settings. Raises NetboxError for settings that cannot be right."""
        if self._client is None:
            self._client = NetboxClient(
                self.params["netbox_url"],
                self.params["netbox_token"],
                validate_certs=self.params["validate_certs"],
                ca_path=self.params["ca_path"],
                timeout=self.params["netbox_timeout"],
                connect_timeout=self.params["netbox_connect_timeout"],
                retries=self.params["netbox_retries"],
                batch_size=self.params["netbox_batch_size"],
                parallel=self.params["netbox_parallel"],
                custom_fields=bool(self.params["netbox_custom_field"]),
                say=self.show,
                before_write=self._before_write,
            )
        return self._client

    def _before_write(self) -> None:
        self.before_write()  # of the step that the task is at by now

    @property
    def store(self) -> Store:
        """The store of the task's settings, made if missing. Raises StoreError, also where it belongs to another NetBox."""
        if self._store is None:
            self._store = open_store(self.location("store"))
            self._check_netbox(self._store)
        return self._store

    @property
    def shares_store(self) -> bool:
        """Whether the store is a database that runs on other machines can use too."""
        location = self.location("store")
        return location is not None and location.database is not None

    def location(self, name: str) -> Location | None:
        """Return where the store is that the option ``name`` names, or its environment variable; None where no target or source is named.

        Raises StoreError for what can be no location, and in a job that names no store.
        """
        return find_location(name, self.params[name], self.params.get(name + "_password"))

    def warn_if_it_vanishes(self, name: str) -> None:
        """Warn where the store that the option ``name`` names is lost with the job that this runs in."""
        location = self.location(name)
        if location is not None and location.path is not None and vanishes(location.path):
            self.warn(
                f"{location.label} lies in a directory that goes with {job()}: what is stored there is lost then. Name one that stays in the option "
                f"{name}, or in {ENVIRONMENT[name]}"
            )

    def existing_store(self) -> Store | None:
        """Return the store if there is one; it is not made. Raises StoreError, also where it belongs to another NetBox than ``netbox_url``."""
        if self._store is None:
            self._store = open_store(self.location("store"), create=False, write=not self.check_mode)
            if self._store is not None:
                self._check_netbox(self._store)
        return self._store

    def any_store(self) -> Store | None:
        """Return the store if there is one, whichever NetBox it belongs to; it is not made. Raises StoreError."""
        if self._store is None:
            location = find_location("store", self.params.get("store"), self.params.get("store_password"))  # of options that may be wrong
            self._store = open_store(location, create=False, write=not self.check_mode)
        return self._store

    def subscriptions(self, **criteria: t.Sequence[t.Any]) -> list[Stored]:
        """Find subscriptions, in the order of what they stand for; none where there is no store yet.

        Args:
            **criteria: For each of the subscriptions' fields that counts, the values that it may have, as the store has them:
                ``product=["Node"], status=["active"]``, ``subscription_id=["9b3c5a0e-..."]``.

        Raises:
            StoreError: The store could not be read.
        """
        store = self.existing_store()
        if store is None:
            return []
        with store.read() as connection:
            return find_subscriptions(connection, **criteria)

    def holders(self, resources: t.Sequence[str]) -> dict[str, Stored]:
        """Find the subscriptions that claim these resources, e.g. "dcim.device/7", by resource. Raises StoreError."""
        store = self.existing_store()
        if store is None:
            return {}
        with store.read() as connection:
            return holders(connection, resources)

    def processes_at_work(self, subscriptions: t.Sequence[Stored]) -> dict[str, Process]:
        """Find the processes that work on these subscriptions, by the id of the subscription as a text. Raises StoreError."""
        store = self.existing_store()
        if store is None:
            return {}
        with store.read() as connection:
            return at_work(connection, [str(one.subscription_id) for one in subscriptions])

    def broken_step_logs(self, **criteria: t.Sequence[t.Any]) -> list[BrokenLog]:
        """Find the processes whose step log was changed by hand, each with its ``process_id``, ``subscription_id`` and a ``sentence``. Raises StoreError.

        Args:
            **criteria: Of which subscriptions, as in ``subscriptions``; terminated ones count too.
        """
        store = self.existing_store()
        if store is None:
            return []
        with store.read() as connection:
            return broken_logs(connection, **criteria)

    def _check_netbox(self, store: Store) -> None:
        """Refuse a store of another NetBox: the ids of objects mean something in one NetBox only."""
        if self.params["netbox_url"]:
            bound, here = store.netbox_url, normal_url(self.params["netbox_url"])
            if bound not in (None, here) and not self.params["netbox_moved"]:
                raise store.foreign_netbox(bound, here)
            if bound not in (None, here) and not self.check_mode:
                store.belongs_to(here, moved=True)

    @functools.cached_property
    def who(self) -> Actor:
        """Who does this: in a job of AWX who started it; else whom the option ``actor`` names, else the login name and the host."""
        return self.awx_job.actor if self.awx_job else Actor(self.params.get("actor") or f"{_login()}@{socket.gethostname()}")

    @functools.cached_property
    def actor(self) -> str:
        """What the log says of who does this: the option of that name, else ``who``."""
        return self.params.get("actor") or str(self.who)

    def close(self) -> None:
        """Give connections back."""
        for resource in (self._client, self._store):
            if resource is not None:
                resource.close()


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container that runs as a number without a name
        return f"uid {os.getuid()}"
