"""What a character does and feels at a line, by its examples: for models too small to choose.

Asked to choose, the 0.5B default model took the same deed and emotion at 17 of 22 lines, whatever was said. The
author's examples know better: the one whose player says the most alike decides, or the words by which an action is
`asked` for; if nothing is alike, the character just talks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from npc_engine.world.actions import Deed
from npc_engine.world.keywords import keywords
from npc_engine.world.persona import Persona

NEUTRAL = "neutral"
#: Share of an example's telling words that a line must have, to be alike.
ALIKE = 0.5
#: The same of the words that ask for an action: what is done costs more than a feeling.
ASKED = 0.7


@dataclass(frozen=True, slots=True)
class Instinct:
    """A feeling, the words of a deed or nothing, and lines that the author wrote for such a moment, if any."""

    emotion: str = NEUTRAL
    deed: str = ""
    lines: tuple[str, ...] = ()


class _Pattern(NamedTuple):
    """What a player may say, and what it leads to; `bar` is the share of its telling words that a line must have."""

    player: str
    bar: float
    emotion: str
    action: str
    lines: tuple[str, ...]


def instinct(persona: Persona, text: str, deeds: Mapping[str, Deed]) -> Instinct:
    """What the most similar example shows, and of its deed only what is possible now; or what the player asks for."""
    said = keywords(text)
    best, likeness = _Pattern("", 0, NEUTRAL, "", ()), (0.0, 0)
    for pattern in _patterns(persona, {deed.action for deed in deeds.values()}):
        words = keywords(pattern.player)
        common = len(words & said)
        if common and common / len(words) >= pattern.bar and (common / len(words), common) > likeness:
            best, likeness = pattern, (common / len(words), common)
    ways = [words for words, deed in deeds.items() if deed.action == best.action]
    named = [words for words in ways if _named(deeds[words]) <= said]
    return Instinct(best.emotion, next((found[0] for found in (ways, named) if len(found) == 1), ""), best.lines)


def _patterns(persona: Persona, possible: Collection[str]) -> Iterator[_Pattern]:
    for action in persona.actions:
        if action.name in possible:
            for line in action.asked:
                yield _Pattern(line, ASKED, NEUTRAL, action.name, tuple(action.says))
    for example in persona.examples:
        yield _Pattern(example.player, ALIKE, example.emotion, example.action, (example.reply,))


def _named(deed: Deed) -> set[str]:
    """What the player has to mention to have it done in this way and no other."""
    return set(keywords(" ".join(deed.args.values()).replace("_", " ")))
