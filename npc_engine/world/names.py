"""How characters and the player are called in what is told of them."""

from __future__ import annotations

from npc_engine.world.persona import Persona
from npc_engine.world.state import PLAYER

#: What characters call a player they know no name of.
TRAVELLER = "Traveller"
_TITLES = frozenset(
    {"brother", "sister", "father", "mother", "captain", "lord", "lady", "sir", "dame", "old", "the", "king", "queen"}
)


def short_name(persona: Persona) -> str:
    """What others call the character: the first word of its name that is no title."""
    words = persona.name.split() or [persona.id]
    return next((word for word in words if word.lower().strip(".") not in _TITLES), words[0])


def called(speaker: str) -> str:
    """How a speaker is called; whoever is no player has told its name."""
    return TRAVELLER if speaker == PLAYER else speaker
