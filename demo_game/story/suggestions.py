"""Three lines the player may pick instead of typing: what moves the story first, then what it has not asked yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from demo_game.story.world import FLOATING, World

SUGGESTIONS = 3

#: What people like to be given, by how much it wins them over. Anything else wins a little.
GIFTS: Mapping[str, Mapping[str, int]] = {
    "wenna": {"willow_tea": 15, "ale": 10},
    "marta": {"willow_tea": 15},
    "pip": {"honey_bun": 20},
    "bram": {"soup": 15, "ale": 10},
    "osric": {"soup": 15},
    "ilse": {"flour": 15, "honey_bun": 10},
    "crake": {"honey_bun": 15},
}
#: Things that are not given away.
KEPT = ("satchel", "spare_key", "mill_keys", "room_key", "knife")
NAMES = {
    "willow_tea": "a cup of willow tea",
    "soup": "a bowl of soup",
    "ale": "a mug of ale",
    "honey_bun": "a honey bun",
    "flour": "a sack of flour",
}

QUESTIONS: Mapping[str, tuple[str, ...]] = {
    "marta": (
        "What does a room cost?",
        "Who bought the mill?",
        "What happened to the courier?",
        "Who is the man in the grey glove?",
        "Bring me some soup, please.",
        "Does Bram owe you money?",
    ),
    "bram": (
        "What are you making?",
        "What does a knife cost?",
        "Why is there no iron?",
        "Who paid you in new silver?",
        "Do you owe Marta money?",
    ),
    "wenna": (
        "Can you take me over the river?",
        "Why does the ferry sit on the mud?",
        "Was the courier your friend?",
        "What did Osric do in Saltmarsh?",
        "What did you carry to the mill?",
    ),
    "crake": (
        "What does a stall on the green cost?",
        "Did anybody search for the courier?",
        "What stands in the deed of the mill?",
        "Is there a rule about the sluice?",
        "Do you sleep well?",
    ),
    "ilse": (
        "May I have a cup of willow tea?",
        "What are the three bells for?",
        "Why is the river so low?",
        "What did you hear the night the courier vanished?",
        "Who comes to you for tea?",
    ),
    "osric": (
        "Why is the wheel not turning?",
        "What does a sack of flour cost?",
        "Why did you sell the mill?",
        "Who shuts the sluice at night?",
        "What did Ilse find in the reeds?",
    ),
    "vey": (
        "Who owns the mill?",
        "Why is the wheel chained?",
        "Why do you wear one glove?",
        "Is there a reward for the courier?",
        "What do you think of Osric?",
    ),
    "pip": (
        "How many geese do you have?",
        "Who is Duchess?",
        "What did you see at the weir?",
        "Who gave you a silver coin?",
        "Does Marta walk about at night?",
    ),
}


class Suggestion(NamedTuple):
    """A line to pick. `gift` is what is handed over with it."""

    text: str
    gift: str = ""


def suggestions(world: World, npc: str) -> tuple[Suggestion, ...]:
    """What the player might say to somebody now, three lines at most."""
    fresh = [Suggestion(text) for text in QUESTIONS[npc] if f"{npc}: {text}" not in world.asked]
    again = [Suggestion(text) for text in QUESTIONS[npc]]
    lines = [*_of_the_story(world, npc), *_gifts(world, npc), *fresh, *again]
    return tuple(dict.fromkeys(lines))[:SUGGESTIONS]


def _gifts(world: World, npc: str) -> Iterable[Suggestion]:
    given = {name for name in world.given if name.startswith("gift ")}
    for item in dict.fromkeys(world.items):
        if item in GIFTS.get(npc, {}) and f"gift {item} {npc}" not in given:
            yield Suggestion(f"This is for you: {NAMES[item]}.", item)


def _of_the_story(world: World, npc: str) -> Iterable[Suggestion]:
    flags, trust = world.flags, world.trust[npc]
    if npc == "wenna" and trust >= 40 and not flags["courier_trust"]:
        yield Suggestion("Will you vouch for me, and put in a word with Marta?")
    if npc == "marta" and flags["courier_trust"] and not flags["met_courier"]:
        yield Suggestion("Wenna sent me. Let me see the courier in your cellar.")
    if npc == "ilse" and flags["met_courier"] and not flags["satchel_found"]:
        yield Suggestion("The courier sent me. Give me the satchel, please.")
    if npc == "crake" and flags["satchel_found"] and "saw the deed" not in world.given:
        yield Suggestion("Show me the deed of the mill.")
    if npc == "vey" and flags["satchel_found"] and not flags["buyer_named"]:
        yield Suggestion("The letter bears your seal, Lucan Vey. You bought the mill.")
    if npc == "vey" and flags["buyer_named"] and "mill_keys" not in world.items:
        yield Suggestion("Hand over your keys.")
    if npc == "osric" and flags["buyer_named"] and world.river_level < FLOATING:
        yield Suggestion("Open the sluice, and let the river through.")
    if npc == "wenna" and world.river_level >= FLOATING:
        yield Suggestion("Take me across to the far bank, please.")


def is_accusation(world: World, npc: str, text: str) -> bool:
    """Whether the player names the buyer to his face, with the letter in hand."""
    words = text.lower()
    return (
        npc == "vey"
        and world.flags["satchel_found"]
        and not world.flags["buyer_named"]
        and any(word in words for word in ("letter", "seal", "satchel"))
        and any(word in words for word in ("mill", "buyer", "bought", "company"))
    )
