# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Give a person the configs of a step, and wait for the confirmation that they are in place.

What is confirmed is what was shown: the digest of a config, and of what is written to NetBox once it is there, is kept with the process, and so is the hash
of all the configs that were shown with it and waited. Where the config changed while the process waited, or another set of them was approved, it is shown
again and must be confirmed again. Both are saved only with what was shown, in one transaction, after it was shown: what a run that died has shown is not
known as shown, so an approval of it lets nothing pass.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.subscription import SubscriptionModel
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError, NotAnswered
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.config import Config, hash_of
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.config_files import saved_configs
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.config_groups import grouped, shown
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.config_journal import journalled_configs
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.four_eyes import confirmer
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.state import State
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.step import Done, Outcome, Suspended, Work
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._task import Task

__all__ = ["ConfirmedState", "check_config_hash", "confirmed_configs"]

_NAMED = 10
"""Labels that a question, or a line about those that stand alone, has at the most."""


class ConfirmedState(State):
    """Of a workflow with a config to confirm: ``shown``, ``confirmed`` and ``journalled`` are the digests of the config that was shown last, was confirmed,
    and is in NetBox's journal. ``shown_as`` is the hash of all the configs that waited when it was shown last; ``confirmed_by`` the user who confirmed it;
    ``config_file`` where it was written.
    """

    shown: t.Optional[str] = None
    shown_as: t.Optional[str] = None
    confirmed: t.Optional[str] = None
    confirmed_by: t.Optional[str] = None
    journalled: t.Optional[str] = None
    config_file: t.Optional[str] = None


ConfirmedWork = Work[SubscriptionModel, ConfirmedState]


def confirmed_configs(task: Task, works: t.Sequence[ConfirmedWork], configs: t.Mapping[str, Config]) -> dict[str, Outcome]:
    """Save, show and have confirmed the configs of those works that have one. One whose config is confirmed already, and is the same still, passes.

    The task's result gets ``config_hash``, the hash of those that wait after this; None where none does.

    Args:
        task: The task, with the options ``confirm``, ``config_hash`` and ``config_dir``.
        works: The works of the step.
        configs: The config by the work's key; of a work that has none, there is no outcome.

    Returns:
        By key: Done for what is confirmed, Suspended for what waits, Failed for a config that could not be saved.
    """
    outcomes: dict[str, Outcome] = {}
    open_ones: list[ConfirmedWork] = []
    for work in works:
        if work.key in configs and work.state.confirmed == configs[work.key].digest:
            outcomes[work.key] = Done(work.subscription, work.state)
        elif work.key in configs:
            open_ones.append(work)
    files, failed = saved_configs(task, open_ones, configs)
    journalled, refused = journalled_configs(task, [work for work in open_ones if work.key not in failed], configs)
    outcomes |= failed | refused
    open_ones = [work for work in open_ones if work.key not in outcomes]
    who = confirmer(task, [work.process for work in open_ones])
    may_pass = [work for work in open_ones if work.key not in who.refused]
    approved = {work.key for work in may_pass if task.check_mode or _is_approved(task, work, configs[work.key])}
    passing = [work for work in open_ones if work.key in approved]
    waiting = [work for work in open_ones if work.key not in approved]
    asked = [work for work in may_pass if work.key not in approved]
    hash_ = hash_of({work.key: configs[work.key] for work in waiting})
    both = bool(passing and waiting)
    _show(task, passing, configs, f"{_these_are(passing)} confirmed:" if both else "")
    _show(task, waiting, configs, f"{_these_are(waiting)} to be confirmed:" if both else "", hash_)
    confirmed = approved | ({work.key for work in asked} if asked and _is_in_place(task, asked, configs) else set())
    for work in open_ones:
        state = _remembered(work, configs[work.key].digest, None if work.key in approved else hash_, files.get(work.key), work.key in journalled)
        if work.key in confirmed:
            outcomes[work.key] = Done(work.subscription, state.having(confirmed=state.shown, confirmed_by=who.actor.user), actor=who.log_actor(task))
        else:
            waits = f"waits for its {configs[work.key].kind} to be confirmed{_why_again(task, work, configs[work.key])}"
            waits += f": {who.refused[work.key]}" if work.key in who.refused else ""
            outcomes[work.key] = Suspended(f"{work.label} {waits} (process {work.key})", state.having(confirmed=None, confirmed_by=None), waits)
    task.results["config_hash"] = hash_ if len(confirmed) < len(open_ones) else None
    return outcomes


def _these_are(works: t.Sequence[ConfirmedWork]) -> str:
    return "This is" if len(works) == 1 else "These are"


def check_config_hash(given: str | None) -> None:
    """Raise NodeflowError for what cannot be the hash of configs."""
    if given and not re.fullmatch(r"\s*[0-9a-fA-F]{64}\s*", given):
        raise NodeflowError("config_hash must be the hash that was shown with the configs: 64 digits, each 0 to 9 or a to f")


def _is_approved(task: Task, work: ConfirmedWork, config: Config) -> bool:
    """Return whether the options confirm this config: it is the one that was shown, if one was, and in the set that was approved, if one is named."""
    if not task.params["confirm"]:
        return False
    given = _given_hash(task)
    return work.state.shown == config.digest and work.state.shown_as == given if given else _as_shown(work, config)


def _given_hash(task: Task) -> str:
    return (task.params.get("config_hash") or "").strip().lower()


def _as_shown(work: ConfirmedWork, config: Config) -> bool:
    """Return whether a confirmation can mean this config: it is the one that was shown, or none was shown before."""
    return work.state.shown in (None, config.digest)


def _why_again(task: Task, work: ConfirmedWork, config: Config) -> str:
    """Return why a config that was shown, or approved, is to be confirmed all the same."""
    given = _given_hash(task) if task.params["confirm"] else ""
    if given and work.state.shown is None:
        return ", since it had not been shown when config_hash was approved"
    if given and work.state.shown_as is None:
        return ", since an older release showed it, without a hash, so that config_hash cannot mean it"
    if given and work.state.shown_as != given:
        return ", since another set of configs was approved than the one that it was shown in: config_hash is another"
    if _as_shown(work, config):
        return ""
    return f", since it has changed after it was {'approved' if given else 'shown'}"


def _remembered(work: ConfirmedWork, digest: str, hash_: str | None, file: str | None, journalled: bool) -> ConfirmedState:
    """Return the state of a process whose config was shown now; ``hash_`` is None where it did not wait."""
    news = {"shown_as": hash_, "config_file": file, "journalled": digest if journalled else None}
    return work.state.having(shown=digest, **{name: value for name, value in news.items() if value})


def _show(task: Task, works: t.Sequence[ConfirmedWork], configs: t.Mapping[str, Config], head: str, hash_: str | None = None) -> None:
    """Show all configs, each kind once; and at the end the hash, and what stands alone, which a long list of others could hide."""
    if not works:
        return
    if head:
        task.show(f"\n{head}")
    labels = {work.key: work.label for work in works}
    groups = grouped({work.key: configs[work.key] for work in works}, labels)
    for text in shown(groups, configs, labels, task.subject):
        task.show_config(text)
    alone = [labels[group.keys[0]] for group in groups if len(group.keys) == 1]
    if len(works) > 1 and 0 < len(alone) <= _NAMED and len(alone) < len(groups):
        task.show(f"{len(alone)} of the {len(works)} {'stands' if len(alone) == 1 else 'stand'} alone: {', '.join(alone)}")
    if hash_:
        kinds = f" of {len(groups)} kinds" if 1 < len(groups) < len(works) else ""
        task.show(f"{'This config has' if len(works) == 1 else f'These {len(works)} configs{kinds} have'} the hash {hash_}")


def _is_in_place(task: Task, works: t.Sequence[ConfirmedWork], configs: t.Mapping[str, Config]) -> bool:
    """Ask whether the configs are in place. Whoever leaves the question without an answer has not confirmed them."""
    kinds = sorted({configs[work.key].kind for work in works})
    many = " and ".join(f"{kind}s" for kind in kinds)
    if len(works) == 1:
        what = f"Is the {configs[works[0].key].title} in place"
    elif len(works) <= _NAMED:
        of = "from" if kinds == ["removal"] else "of"
        what = f"Are the {len(works)} {many} {of} {', '.join(work.label for work in works)} in place"
    else:
        what = f"Are the {len(works)} {many} in place"
    changed = "" if all(_as_shown(work, configs[work.key]) for work in works) else " (what was shown before has changed)"
    try:
        answer = task.ask(f"{what}{changed}? Type yes to confirm; anything else suspends: ")
    except NotAnswered:
        return False
    return (answer or "").lower() in ("y", "yes")
