"""How a character stands to somebody, in words that colour its tone. Nothing is opened by them."""

from __future__ import annotations

from npc_engine.world.persona import Relationship
from npc_engine.world.state import WorldState

#: From here on a tie is strong enough to be heard in the voice.
STRONG, WEAK = 70, 15
#: Moods that can be heard.
WARM, COLD = 2, -2


def stance(state: WorldState, npc: str, other: str, name: str) -> str:
    """In a few words, empty if there is nothing particular: `afraid of Traveller`. At most two of them: the strongest
    of what the game set, and the mood of the moment."""
    relation = state.relations.get(npc, {}).get(other, Relationship())
    mood = state.mood(npc, other)
    ties = (
        ("afraid of", relation.fear >= STRONG),
        ("distrusts", relation.trust <= WEAK),
        ("dislikes", relation.affection <= WEAK),
        ("fond of", relation.affection >= STRONG),
        ("trusts", relation.trust >= STRONG),
    )
    moods = (("warmed by", mood >= WARM), ("cross with", mood <= COLD))
    words = [next((word for word, holds in group if holds), "") for group in (ties, moods)]
    return ", ".join(f"{word} {name}" for word in words if word)
