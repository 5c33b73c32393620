"""How a reply is made up: `Marta (serve soup, joy): "Sit, love."` Deed and emotion are chosen before the line, so that
the line agrees with them and nothing is open when it is cut. What may be chosen is fixed token by token: a deed that is
not possible now cannot be written."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from npc_engine.jobs import ChoiceSlot, Slot, TextSlot
from npc_engine.wire.vocabulary import Emotion
from npc_engine.world.persona import Persona

#: The deed of a character that only speaks.
TALKS = "talks"
ACTION, EMOTION = "action", "emotion"
_EMOTIONS = tuple(Emotion)


def label(persona: Persona, name: str, emotion: str, deed: str, *, asked: bool) -> str:
    """How a line of this character begins, with what was chosen for it where the model is asked to choose."""
    if not asked:
        return f'{name}: "'
    return f'{name} ({_deed(persona, deed)}{emotion or Emotion.NEUTRAL}): "'


def slots(
    persona: Persona, name: str, deeds: Sequence[str], line: TextSlot, *, asked: bool
) -> tuple[str, tuple[Slot, ...]]:
    """What the model is given of its reply's beginning, and what it fills in."""
    if not asked:
        return label(persona, name, "", "", asked=False), (line,)
    text = msgspec.structs.replace(line, lead='): "')
    if not deeds:
        return f"{name} ({_deed(persona, '')}", (ChoiceSlot(EMOTION, _EMOTIONS), text)
    action = ChoiceSlot(ACTION, (TALKS, *deeds))
    return f"{name} (", (action, ChoiceSlot(EMOTION, _EMOTIONS, lead=", "), text)


def _deed(persona: Persona, deed: str) -> str:
    """Only of a character that can do something is it said that it does not."""
    return f"{deed or TALKS}, " if persona.actions else ""
