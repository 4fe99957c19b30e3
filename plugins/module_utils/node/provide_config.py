# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The step provide_config_to_user: show the node's config, save it, and wait until a person confirms it.

What is confirmed is the hash of the config and of the payload that NetBox will get. If either has changed when the process is resumed, the
config is shown again and must be confirmed again.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import os
import pathlib
import re
import tempfile
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NetboxError, NodeflowError, NotAnswered
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._paths import can_be_made, user_path
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.domain.subscription import revise
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.netbox.parallel import in_parallel
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.netbox.payload import build_payload
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.node.device import ENDPOINT, Device
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.node.loopback import loopback
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.node.model import requiring
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.node.state import ChangeState, NodeWork, removes
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.node.statuses import ACTIVE
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.process.progress import Progress
from ansible_collections.nodeflow.orchestrator.plugins.module_utils.process.step import Done, Failed, Outcome, Suspended

__all__ = ["check_config_dir", "node_config", "provide_config_to_user"]

SHOWN = 10
"""Configs that are shown at the most where many nodes get theirs in one run."""


def node_config(work: NodeWork) -> dict[str, t.Any]:
    """What a config template gets to know of a node, as its variable ``node``."""
    node, device = work.subscription.node, work.state.device
    return {
        "process_id": work.key,
        "removal": removes(work),
        "subscription_id": str(work.subscription.subscription_id),
        "device_id": node.node_id,
        "name": node.node_name,
        "description": work.subscription.description,
        "site": device.site,
        "role": device.role,
        "platform": device.platform,
        "ipv4": _interface(node.ipv4_loopback, device, "ipv4"),
        "ipv6": _interface(node.ipv6_loopback, device, "ipv6"),
    }


def _interface(interface: t.Any, device: Device, family: str) -> dict[str, t.Any] | None:
    """An address as templates see it. Where NetBox has another one by now, nothing is known of the interface of this one."""
    if interface is None:
        return None
    found = loopback(device, family)
    here = found.address is not None and ipaddress.ip_interface(found.address) == interface
    return {
        "interface_name": found.interface if here else "",
        "is_loopback": found.is_loopback or not here,
        "interface": str(interface),
        "address": str(interface.ip),
        "prefix_length": interface.network.prefixlen,
        "netmask": str(interface.netmask),
        "hostmask": str(interface.hostmask),
        "network": str(interface.network),
    }


def provide_config_to_user(task: Task, works: t.Sequence[NodeWork]) -> dict[str, Outcome]:
    """Show, save and have confirmed. A node whose config is confirmed already, and is the same still, passes."""
    texts, outcomes = _texts(task, works)
    digests = {work.key: _digest(texts[work.key], work) for work in works if work.key in texts}
    open_ones: list[NodeWork] = []
    for work in works:
        if work.key in outcomes:
            continue
        if work.state.confirmed == digests[work.key]:
            outcomes[work.key] = Done(work.subscription, work.state)
        else:
            open_ones.append(work)
    for work in open_ones[:SHOWN]:
        task.show_config(_page(work, texts[work.key]))
    files = _save_files(task, open_ones, texts, outcomes)
    if len(open_ones) > SHOWN:
        directory = task.params["config_dir"] if files or task.check_mode else None
        where = f"{'would be' if task.check_mode else 'are'} in {directory}" if directory else "are not shown; node_config_dir saves them all"
        task.show(f"... and {len(open_ones) - SHOWN} more configs, which {where}")
    seen = {work.key for work in open_ones[:SHOWN]}
    open_ones = [work for work in open_ones if work.key not in outcomes]
    confirmed = _confirmed(task, open_ones, digests, seen, bool(files))
    for work in open_ones:
        state = work.state.having(shown=digests[work.key], **({"config_file": files[work.key]} if work.key in files else {}))
        if work.key in confirmed:
            outcomes[work.key] = Done(work.subscription, state.having(confirmed=digests[work.key]))
        else:
            changed = "" if _as_shown(work, digests[work.key]) else ", since it has changed after it was shown"
            waits = f"waits for its config to be confirmed{changed}"
            outcomes[work.key] = Suspended(f"{work.label} {waits} (process {work.key})", state.having(confirmed=None), waits)
    return outcomes


def check_config_dir(name: str, directory: str | None) -> None:
    """Raise NodeflowError where no config can be saved in ``directory``, which the option ``name`` gives, as far as that shows without trying."""
    if directory and not can_be_made(user_path(directory, name) / "config"):
        raise NodeflowError(f"{name} names {directory}, which cannot be written, or not be made; name a directory in which configs can be saved")


def _texts(task: Task, works: t.Sequence[NodeWork]) -> tuple[dict[str, str], dict[str, Outcome]]:
    """The configs by process. Second, the outcomes of those that have none. NetBox renders none that takes a node out of service."""
    by_netbox = [work for work in works if task.params["source"] == "netbox" and not removes(work)]
    texts, failed = _rendered_by_netbox(task, by_netbox)
    given = {config["process_id"]: config for config in task.params["configs"]}
    for work in works:
        if work in by_netbox:
            continue
        config = given.get(work.key) or {"error": "no config was rendered for it"}
        if config.get("config") is None:
            failed[work.key] = Failed(f"{work.label}: {config.get('error')}")
        else:
            texts[work.key] = config["config"]
    return texts, failed


def _rendered_by_netbox(task: Task, works: t.Sequence[NodeWork]) -> tuple[dict[str, str], dict[str, Outcome]]:
    """NetBox renders one device a request."""
    texts: dict[str, str] = {}
    failed: dict[str, Outcome] = {}
    tell = Progress(task.show, "provide_config_to_user", len(works), task.subject.many)

    def render(work: NodeWork) -> None:
        try:
            answer = task.netbox.post(f"{ENDPOINT}/{work.subscription.device_id}/render-config", {})
            if not isinstance(answer, dict) or not isinstance(answer.get("content"), str):
                raise NetboxError(f"{task.netbox.url} answered with something else than a config; is it a NetBox?")
            texts[work.key] = answer["content"]
        except NetboxError as error:
            failed[work.key] = Failed(f"{work.label}: NetBox cannot render its config: {error}")
        tell(len(texts) + len(failed), len(failed))

    in_parallel(task.netbox.parallel, render, works)
    return texts, failed


def _digest(text: str, work: NodeWork) -> str:
    """SHA-256 of the config and of the payload as it will be once the process is through."""
    status = work.state.node_changes["node_status"] if isinstance(work.state, ChangeState) else ACTIVE
    after = revise(work.subscription, {"node": {"node_status": status}}, requiring(()))
    payload = build_payload(after.node, after)
    return hashlib.sha256(json.dumps([text, payload.model_dump(mode="json")], sort_keys=True).encode()).hexdigest()


def _page(work: NodeWork, text: str) -> str:
    what = "removal from" if removes(work) else "config of"
    body = text.rstrip("\n")
    return f"\n--- {what} {work.label} ---\n{body}\n--- end ---"


def _confirmed(task: Task, works: t.Sequence[NodeWork], digests: t.Mapping[str, str], seen: t.Collection[str], saved: bool) -> set[str]:
    """The processes whose config is confirmed: by the option, or at the prompt; in check mode all, to see what would follow.

    ``seen`` are those whose config is on the screen; ``saved`` says that all are in files.
    """
    if not works:
        return set()
    if task.check_mode:
        return {work.key for work in works}
    by_option = {work.key for work in works if task.params["confirm"] and _as_shown(work, digests[work.key])}
    unseen = 0 if saved else len(by_option.difference(seen))
    if unseen:
        task.warn(
            f"{unseen} of the {len(by_option)} configs that confirm_config confirms were neither shown nor saved, and are not kept. To have them all, as "
            "files, run with node_config_dir and without confirm_config, then resume with confirm_config=true"
        )
    rest = [work for work in works if work.key not in by_option]
    return by_option | ({work.key for work in rest} if rest and _is_confirmed(task, rest, digests, seen, saved) else set())


def _is_confirmed(task: Task, works: t.Sequence[NodeWork], digests: t.Mapping[str, str], seen: t.Collection[str], saved: bool) -> bool:
    """Ask whether the configs are in place. Whoever leaves the question without an answer has not confirmed them."""
    hidden = [work for work in works if work.key not in seen]
    if len(works) == 1:
        what = f"Is the config of {works[0].label} in place"
    elif not hidden:
        what = f"Are the {len(works)} configs of {', '.join(work.label for work in works)} in place"
    else:
        where = f"all are in {task.params['config_dir']}" if saved else f"{len(hidden)} were neither shown nor saved; node_config_dir saves them all"
        what = f"Are the {len(works)} configs in place, of which {len(works) - len(hidden)} are shown above ({where})"
    changed = "" if all(_as_shown(work, digests[work.key]) for work in works) else " (what was shown before has changed)"
    try:
        answer = task.ask(f"{what}{changed}? Type yes to confirm; anything else suspends: ")
    except NotAnswered:
        return False
    return (answer or "").lower() in ("y", "yes")


def _as_shown(work: NodeWork, digest: str) -> bool:
    """Whether a confirmation can mean this config: it is the one that was shown, or none was shown before."""
    return work.state.shown in (None, digest)


def _save_files(task: Task, works: t.Sequence[NodeWork], texts: t.Mapping[str, str], outcomes: dict[str, Outcome]) -> dict[str, str]:
    """Write the configs into ``config_dir``, each whole or not at all; answers with the paths. One that cannot be written failed."""
    directory = task.params["config_dir"]
    if not directory:
        return {}
    try:
        place = user_path(directory, "node_config_dir")
    except NodeflowError as error:
        outcomes |= {work.key: Failed(f"{work.label}: its config cannot be saved: {error}") for work in works}
        return {}
    if task.check_mode:
        if not can_be_made(place / "config"):
            for work in works:
                outcomes[work.key] = Failed(f"{work.label}: its config cannot be saved in {directory}: it cannot be written")
        return {}
    paths: dict[str, str] = {}
    for work in works:
        path = place / file_name(work)
        try:
            _write(path, texts[work.key])
            _remove_former(work, path)
            paths[work.key] = str(path)
        except OSError as error:
            outcomes[work.key] = Failed(f"{work.label}: its config cannot be saved to {path}: {error.strerror}")
    return paths


def _remove_former(work: NodeWork, path: pathlib.Path) -> None:
    """Remove the file that an earlier run wrote beside ``path`` under the name that the device had then: a node has one config."""
    former = pathlib.Path(work.state.config_file or path)
    if former != path and former.parent == path.parent:
        former.unlink(missing_ok=True)


def file_name(work: NodeWork) -> str:
    """The file of a node's config. The id comes first, since names can repeat; the name in what every file system takes. What takes a config away
    has a file of its own beside it.
    """
    node = work.subscription.node
    name = re.sub(r"[^\w.-]+", "_", node.node_name or "")[:100]
    return f"{'removal-' if removes(work) else ''}{node.node_id}-{name}.cfg"


def _write(path: pathlib.Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
