"""Sheets to judge by: the same question answered by several models, in an order that only the key knows. Pure."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import TypeAlias

from npc_engine.evaluation.audition import Spoken
from npc_engine.evaluation.rates import Rate

#: By number of the item: which model stands behind which letter.
Key: TypeAlias = dict[str, dict[str, str]]

_ITEM = re.compile(r"^## ([0-9]+)\s*$")
_ORDER = re.compile(r"^order:(.*)$", re.IGNORECASE)
HEAD = """\
# Which line would you rather hear?

Each item says who speaks and what it was told, then the lines of several models, in an order drawn anew each time. Put
the letters behind `order:`, best first, `=` between lines that are as good: `order: B > A = C`. What counts: does it
sound like this person, does it answer, is it true to what the character can know, would you like to hear it in a game?
Leave the order empty where you cannot tell. `python -m training.judge score` counts.
"""


@dataclass(frozen=True, slots=True)
class Item:
    """A question to a character and the lines of each model. `who` says in a sentence or two who it is."""

    who: str
    heard: str
    lines: Mapping[str, str]


def items(who: Mapping[tuple[str, str], str], reports: Mapping[str, Sequence[Spoken]]) -> list[Item]:
    """What all models were asked: the first line of each talk, because what comes later depends on their answers.
    `who` describes characters by setting and id; `reports` are by model."""
    by_model = {
        model: {reply.key: reply for reply in replies if reply.line == 1 and reply.text}
        for model, replies in reports.items()
    }
    shared = [key for key in next(iter(by_model.values())) if all(key in replies for replies in by_model.values())]
    found = []
    for key in shared:
        replies = {model: own[key] for model, own in by_model.items()}
        first = next(iter(replies.values()))
        described = who.get((first.setting, first.npc), "A narrator who describes a place.")
        found.append(Item(described, first.heard, {model: reply.text for model, reply in replies.items()}))
    return found


def make_sheet(found: Sequence[Item], count: int, seed: int) -> tuple[str, Key]:
    """A sheet of `count` items drawn from `found`, and its key."""
    rng = random.Random(seed)
    drawn = rng.sample(list(found), min(count, len(found)))
    parts, key = [HEAD], Key()
    for number, item in enumerate(drawn, 1):
        models = list(item.lines)
        rng.shuffle(models)
        letters = dict(zip(ascii_uppercase, models, strict=False))
        key[str(number)] = letters
        lines = [f"- **{letter}**: {_escaped(item.lines[model])}" for letter, model in letters.items()]
        parts.append(f"## {number}\n\n{item.who}\n\n> {_escaped(item.heard)}\n\n" + "\n".join(lines) + "\n\norder:\n")
    return "\n".join(parts), key


def read_orders(sheet: str) -> dict[str, list[list[str]]]:
    """The filled orders of a sheet by item: groups of letters, best first. Raises ValueError for what is none."""
    orders: dict[str, list[list[str]]] = {}
    item = ""
    for line in sheet.splitlines():
        if match := _ITEM.match(line):
            item = match[1]
        elif item and (match := _ORDER.match(line)) and (text := match[1].replace(" ", "").upper()):
            groups = [group.split("=") for group in text.split(">")]
            letters = [letter for group in groups for letter in group]
            if len(set(letters)) < len(letters) or not all(len(letter) == 1 and letter.isalpha() for letter in letters):
                raise ValueError(f"item {item}: `{match[1].strip()}` is no order such as `B > A = C`")
            orders[item] = groups
    return orders


@dataclass(frozen=True, slots=True)
class Preference:
    """How often `model` was put before `other`; ties are counted apart and in no rate."""

    model: str
    other: str
    wins: Rate
    ties: int


def score(key: Key, sheets: Sequence[str]) -> list[Preference]:
    """Every model against every other, over all filled sheets of the same key. A line that an order leaves out is worse
    than those it names. Raises ValueError for an order of letters that the item does not have."""
    models = sorted({model for letters in key.values() for model in letters.values()})
    won = {(one, other): 0 for one in models for other in models if one != other}
    tied = dict(won)
    for sheet in sheets:
        for item, groups in read_orders(sheet).items():
            ranks = _ranks(key, item, groups)
            for one, other in won:
                if one in ranks and other in ranks:
                    won[one, other] += ranks[one] < ranks[other]
                    tied[one, other] += ranks[one] == ranks[other]
    return [
        Preference(one, other, Rate(count, count + won[other, one]), tied[one, other])
        for (one, other), count in won.items()
    ]


def _ranks(key: Key, item: str, groups: Sequence[Sequence[str]]) -> dict[str, int]:
    if item not in key:
        raise ValueError(f"the key has no item {item}: it is another sheet's")
    letters = key[item]
    ranks = dict.fromkeys(letters.values(), len(groups))
    for rank, group in enumerate(groups):
        for letter in group:
            if letter not in letters:
                raise ValueError(f"item {item} has no line {letter}")
            ranks[letters[letter]] = rank
    return ranks


def _escaped(text: str) -> str:
    return re.sub(r"([*_`<\\])", r"\\\1", " ".join(text.split()))
