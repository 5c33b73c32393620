"""Villagers beyond Oakhollow's eight: whole characters, put together by the dice from hand-written parts."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any

from demo_game.people.schedule import home_of
from demo_game.simulation.neighbours import PROMPTS, Tongue
from demo_game.simulation.villager_lives import BACKGROUNDS, FIRST_NAMES, GOSSIP, LAST_NAMES, STAND_INS, TIES
from demo_game.simulation.villager_manners import MANNERS, Manner
from demo_game.simulation.villager_trades import TRADES, Trade

#: Villagers there are names for.
MOST = len(FIRST_NAMES)
#: Acquaintances that a villager has something to say about.
ACQUAINTANCES = 3


@dataclass(frozen=True, slots=True)
class Villager:
    """A generated character: what the simulation needs to know, and the `sheet` for its file in the pack."""

    id: str
    name: str
    role: str
    tongue: Tongue
    sheet: dict[str, Any]


def villagers(number: int, known: Sequence[str], dice: random.Random) -> list[Villager]:
    """So many villagers, who know each other and, some of them, the people with the ids `known`.

    Raises ValueError if there are not names enough.
    """
    if number > MOST:
        raise ValueError(f"there are names for {MOST} villagers, not for {number}")
    firsts = dice.sample(FIRST_NAMES, number)
    lasts, trades, manners = (_dealt(pile, number, dice) for pile in (LAST_NAMES, TRADES, MANNERS))
    ids = [first.lower() for first in firsts]
    people = []
    for index, npc in enumerate(ids):
        others = dice.sample([other for other in (*known, *ids) if other != npc], ACQUAINTANCES)
        name = f"{firsts[index]} {lasts[index]}"
        sheet = _sheet(npc, name, trades[index], manners[index], others, dice)
        people.append(Villager(npc, name, trades[index].role, manners[index].tongue, sheet))
    return people


def _dealt(pile: Sequence[Any], number: int, dice: random.Random) -> list[Any]:
    """`number` cards of a shuffled pile, which is dealt again when it is used up."""
    turned = cycle(dice.sample(pile, len(pile)))
    return [next(turned) for _ in range(number)]


def _sheet(
    npc: str, name: str, trade: Trade, manner: Manner, others: Sequence[str], dice: random.Random
) -> dict[str, Any]:
    words = {"me": name.split()[0], "you": manner.you}
    gossip = zip(dice.sample(GOSSIP, len(others)), others, strict=True)
    facts = [{"id": fact, "text": text, "topics": list(topics)} for fact, text, topics in trade.facts]
    facts += [
        {"id": f"{fact}_{other}", "text": text.format(other=other.title(), **words), "topics": [other, *topics]}
        for (fact, text, topics), other in gossip
    ]
    ties = zip(dice.sample(TIES, len(others)), others, strict=True)
    return {
        "id": npc,
        "name": name,
        "role": f"{trade.role} of Oakhollow",
        "summary": f"{manner.traits[0].capitalize()} and {manner.traits[1]}; out to {trade.wants}.",
        "background": dice.choice(BACKGROUNDS),
        "personality": list(manner.traits),
        "appearance": f"A figure known to all, {trade.looks}.",
        "speech_style": f'{manner.style}; calls people "{manner.you}"',
        "place": home_of(npc),
        "goals": [trade.wants, "know what is going on at the mill"],
        "knowledge": facts,
        "relationships": {
            other: {"trust": trust, "affection": affection, "text": text} for (trust, affection, text), other in ties
        },
        "actions": [{"name": "go_back_to_work", "text": "turns back to work", "safe_when_cut": True}],
        "examples": examples(manner.tongue)
        + [example(f"What about the {topics[0]}?", text) for _, text, topics in trade.facts],
        "authored": {
            "greet": [*manner.greetings, *trade.mutters],
            **{kind: [line.format(**words) for line in dice.sample(pool, 3)] for kind, pool in STAND_INS.items()},
            "confused": list(manner.tongue.replies),
            "idle": list(trade.mutters),
        },
    }


def examples(tongue: Tongue) -> list[dict[str, str]]:
    """How somebody answers neighbours, as a character's file has it."""
    return [example(prompt, reply, emotion) for (prompt, emotion), reply in zip(PROMPTS, tongue.replies, strict=False)]


def example(player: str, reply: str, emotion: str = "neutral") -> dict[str, str]:
    """One example of a character's file."""
    return {"player": player, "reply": reply, "emotion": emotion}
