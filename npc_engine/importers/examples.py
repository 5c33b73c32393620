"""A card's `mes_example`, blocks of dialogue between `<START>` marks, as pairs of a player's line and the answer."""

from __future__ import annotations

import re
from itertools import pairwise

from npc_engine.importers.wording import cut, fill_macros, spoken
from npc_engine.world.persona import Example

#: More examples cost every prompt more than they teach.
EXAMPLES = 8
#: A line longer than this is no line but a speech: nobody in a game waits for it.
SPOKEN_CHARS = 400
#: How much of a card's examples is looked at, code points.
READ_CHARS = 200_000
_START = re.compile(r"<start>", re.IGNORECASE)


def read_examples(text: str, name: str, called: str) -> list[Example]:
    """The shortest pairs, in the card's order. `name` and `called` are the character's name and nickname."""
    pairs = [pair for block in _START.split(text[:READ_CHARS]) for pair in _pairs(block, name, called)]
    shortest = sorted(range(len(pairs)), key=lambda index: sum(map(len, pairs[index])))[:EXAMPLES]
    return [Example(player=pairs[index][0], reply=pairs[index][1]) for index in sorted(shortest)]


def _pairs(block: str, name: str, called: str) -> list[tuple[str, str]]:
    turns = _turns(block, name, called)
    lines = [(by_player, cut(spoken(fill_macros(text, called)), SPOKEN_CHARS)) for by_player, text in turns]
    return [
        (player, reply)
        for (first, player), (second, reply) in pairwise(lines)
        if first and not second and player and reply
    ]


def _turns(block: str, name: str, called: str) -> list[tuple[bool, str]]:
    """Who speaks (True: the player) and what. A speaker stands at the beginning of a line, before a colon."""
    names = "|".join(re.escape(each) for each in (name, called))
    player, character = r"\{\{user\}\}|<user>|user|you", rf"\{{\{{char\}}\}}|<bot>|<char>|{names}"
    speaker = re.compile(rf"^[ \t]*(?:({player})|{character})[ \t]*:", re.IGNORECASE | re.MULTILINE)
    _, *parts = speaker.split(block)
    return [(mark is not None, text) for mark, text in zip(parts[::2], parts[1::2], strict=True)]
