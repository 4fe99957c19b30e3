# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Configs that are the same but for what is each one's own, in groups, so that a person reads each kind once.

A config is in a group only if the group's pattern, with this config's own values put in, gives exactly this config: nothing else can hide behind a mark.
"""

from __future__ import annotations

import collections
import dataclasses
import itertools
import json
import re
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._chunks import text_parts
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._domain.subject import Subject
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._process.config import Config

__all__ = ["IN_A_TEXT", "Group", "Pattern", "grouped", "marked", "shown"]

IN_A_TEXT = 60_000
"""Characters of one text at the most: each becomes one event of a job, and job runners lose events that are too long."""

_LARGEST = 50
"""Groups whose pattern a config of a smaller one is compared with: so many of the largest."""

_END = "\0"
"""Between a config and what it covers, in which no NUL can be, since it is JSON."""


@dataclasses.dataclass(frozen=True)
class Pattern:
    """A text with marks instead of own values: the literals, and between each two of them a mark."""

    literals: tuple[str, ...]
    marks: tuple[str, ...] = ()

    def filled(self, values: t.Mapping[str, str]) -> str:
        """Return the text with these values at its marks."""
        return "".join(literal + value for literal, value in zip(self.literals, [*(values[mark] for mark in self.marks), ""]))

    def fits(self, text: str, values: t.Mapping[str, str]) -> bool:
        """Return whether these values make it exactly this text."""
        at = 0
        for literal, mark in zip(self.literals, self.marks):
            if mark not in values or not text.startswith(literal, at) or not text.startswith(values[mark], at + len(literal)):
                return False
            at += len(literal) + len(values[mark])
        return text[at:] == self.literals[-1]

    def shown_as(self, mark: str) -> str:
        """Return how a mark is shown: "<name>"; where a literal has that too, with more brackets, since nobody could tell them apart."""
        return next(shown_ for count in itertools.count(1) if not any((shown_ := f"{'<' * count}{mark}{'>' * count}") in one for one in self.literals))

    def __str__(self) -> str:
        return self.filled({mark: self.shown_as(mark) for mark in set(self.marks)})


@dataclasses.dataclass(frozen=True)
class Group:
    """Configs of one kind: their keys, the pattern of each, and of what each covers, and what the title of each begins with."""

    keys: tuple[str, ...]
    pattern: Pattern
    covers: Pattern
    title: str


def grouped(configs: t.Mapping[str, Config], labels: t.Mapping[str, str]) -> list[Group]:
    """Return the configs in groups, the smallest first, so that what is odd is not overlooked; else in their order. ``labels`` are how messages call each."""
    whole = {key: config.text + _END + json.dumps(config.covers, sort_keys=True, ensure_ascii=False) for key, config in configs.items()}
    own = {key: {name: value for name, value in config.own.items() if value and value.isprintable()} for key, config in configs.items()}
    found: dict[tuple[str, Pattern], list[str]] = {}
    for key, config in configs.items():
        title = config.title.removesuffix(labels[key]) if config.title.endswith(labels[key]) else ""
        found.setdefault((title, marked(whole[key], own[key])), []).append(key)
    _join(found, whole, own)
    _gather(found, whole, own)
    order = {key: place for place, key in enumerate(configs)}
    groups = [Group(tuple(sorted(keys, key=order.__getitem__)), *_parted(pattern), title) for (title, pattern), keys in found.items() if keys]
    return sorted(groups, key=lambda group: (len(group.keys), order[group.keys[0]]))


def marked(text: str, own: t.Mapping[str, str]) -> Pattern:
    """Return the text with a mark for each own value, the longest first, where it stands as a whole and not as a part of something longer."""
    places: list[tuple[int, int, str]] = []
    free = [(0, len(text))]
    for name, value in sorted(own.items(), key=lambda item: -len(item[1])):
        left: list[tuple[int, int]] = []
        for start, end in free:
            begin, at = start, text.find(value, start, end)
            while at >= 0:
                after = at + len(value)
                if _is_whole(text, at, after):
                    places.append((at, after, name))
                    left.append((begin, at))
                    begin = after
                at = text.find(value, max(begin, at + 1), end)
            left.append((begin, end))
        free = left
    places.sort()
    starts, ends = [at for at, _after, _name in places], [after for _at, after, _name in places]
    literals = (text[begin:end] for begin, end in zip([0, *ends], [*starts, len(text)]))
    return Pattern(tuple(literals), tuple(name for _at, _after, name in places))


def _is_whole(text: str, at: int, after: int) -> bool:
    """Return whether what stands there is no part of a longer name, number or address."""
    value, before, behind = text[at:after], text[max(0, at - 2) : at], text[after : after + 2]
    left, right, further = before[-1:], behind[:1], behind[1:]
    if _is_word(left) or _is_word(right):
        return False
    if _ADDRESS.fullmatch(value):
        joined = (".", ":", "-", "/") if value.isdigit() else (".", ":", "-")  # 7 is a part of 1/0/7; behind an address comes its length
        return left not in joined and not (right in joined and (_is_word(further) or further == ":"))
    if left in ("-", ".") and _is_word(before[:1]):
        return False
    return not (right == "-" and _is_word(further)) and not (right == "." and further.isdigit())  # "r1" is itself in "r1.example.org"


_ADDRESS = re.compile(r"[0-9A-Fa-f:.]+")
"""An address, a number, and whatever could be a part of one."""


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"


def _join(found: dict[tuple[str, Pattern], list[str]], whole: t.Mapping[str, str], own: t.Mapping[str, t.Mapping[str, str]]) -> None:
    """Join groups that differ only in how the same value is called: a name that is its host name too has the mark of either."""
    alike: dict[tuple[str, tuple[str, ...]], list[tuple[str, Pattern]]] = {}
    for title, pattern in found:
        alike.setdefault((title, pattern.literals), []).append((title, pattern))
    for one, other in itertools.chain.from_iterable(itertools.permutations(some, 2) for some in alike.values()):
        if found[one] and all(one[1].fits(whole[key], own[key]) for key in found[other]):
            found[one] += found[other]
            found[other] = []


def _gather(found: dict[tuple[str, Pattern], list[str]], whole: t.Mapping[str, str], own: t.Mapping[str, t.Mapping[str, str]]) -> None:
    """Move each config that also fits the pattern of a larger group there.

    An own value can stand in a config by chance: the device 1500 among many with "mtu 1500", or one that is called "ip".
    """
    sizes = {one: len(keys) for one, keys in found.items()}
    largest = sorted(found, key=lambda one: -sizes[one])[:_LARGEST]
    for one, keys in found.items():
        larger = [other for other in largest if sizes[other] > sizes[one] and other[0] == one[0]]
        for key in list(keys) if larger else ():
            home = next((other for other in larger if other[1].fits(whole[key], own[key])), None)
            if home:
                keys.remove(key)
                found[home].append(key)


def _parted(pattern: Pattern) -> tuple[Pattern, Pattern]:
    """Return the pattern of the config, and that of what it covers."""
    place = max(number for number, literal in enumerate(pattern.literals) if _END in literal)
    text, _end, covers = pattern.literals[place].rpartition(_END)
    return (
        Pattern((*pattern.literals[:place], text), pattern.marks[:place]),
        Pattern((covers, *pattern.literals[place + 1 :]), pattern.marks[place:]),
    )


def shown(groups: t.Sequence[Group], configs: t.Mapping[str, Config], labels: t.Mapping[str, str], subject: Subject) -> t.Iterator[str]:
    """Yield how the groups are shown: texts, none of them longer than IN_A_TEXT. A config that stands alone is shown as it is."""
    alike = collections.Counter((group.title, str(group.pattern)) for group in groups)
    for group in groups:
        one, some = configs[group.keys[0]], {key: configs[key] for key in group.keys}
        head, body, covers, listed = one.title, one.text, json.dumps(one.covers, sort_keys=True, ensure_ascii=False), ""
        if len(some) > 1:
            head, listed = _several(group, some, labels, subject)
            body, covers = str(group.pattern), str(group.covers)
        if alike[group.title, str(group.pattern)] > 1:  # by the config alone nobody could tell them apart
            head += f"; NetBox gets {covers}"
        body = body.rstrip("\n")
        yield from text_parts(f"\n--- {head} ---\n{body}\n--- end ---", IN_A_TEXT)
        yield from text_parts(listed, IN_A_TEXT) if listed else ()


def _several(group: Group, some: t.Mapping[str, Config], labels: t.Mapping[str, str], subject: Subject) -> tuple[str, str]:
    """Return the head of a group, and the list of what is in it, each with those own values that its label does not tell."""
    marks = list(dict.fromkeys(group.pattern.marks))
    listed, made_of = [], []
    for mark in marks:
        made = _made_of(mark, marks, [config.own for config in some.values()])
        if made:
            made_of.append(f"{group.pattern.shown_as(mark)} is {made}")
        elif not all(_UUID.fullmatch(value := config.own[mark]) or marked(labels[key], {mark: value}).marks for key, config in some.items()):
            listed.append(mark)
    count, one_of = subject.counted(len(some)), f"each {subject.one}"
    stand = f"{', '.join(map(group.pattern.shown_as, marks))} {'stands' if len(marks) == 1 else 'stand'} for {one_of}'s own values"
    same = stand if marks else f"the same for {one_of}"
    its = f", each with its {', '.join(map(group.pattern.shown_as, listed))}" if listed else ""
    lines = ["  ".join(["", labels[key], *(config.own[mark] for mark in listed)]) for key, config in some.items()]
    return f"{group.title}{count}; {same}", "\n".join(["; ".join([f"The {count}{its}", *made_of]) + ":", *lines])


def _made_of(mark: str, marks: t.Collection[str], owns: t.Sequence[t.Mapping[str, str]]) -> Pattern | None:
    """Return how the value of a mark is made of the others in each config, e.g. "Node <name>"; None where it is not, or not in each the same way."""
    found: set[Pattern] = set()
    for own in owns:
        found.add(marked(own[mark], {name: value for name, value in own.items() if name in marks and name != mark and value}))
        if len(found) > 1:
            return None
    (one,) = found
    return one if one.marks and any(one.literals) else None


_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""Ids that are drawn at random tell a person nothing, and stand nowhere by chance."""
