"""A conversation played through the engine's own world and prompt builder, as the daemon would have played it had its
model said the written lines. So the prompt of each turn is, byte for byte, the one that would be served."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from npc_engine.evaluation.situation import Situation
from npc_engine.ops.stage import Stage
from npc_engine.prompt.builder import Prompt
from npc_engine.prompt.chat_formats import ChatFormat
from npc_engine.world.actions import Deed
from npc_engine.world.knowledge import Locked
from npc_engine.world.persona import Persona
from npc_engine.world.state import PLAYER
from training.dialogue.spec import Conversation, DialogueTurn


@dataclass(frozen=True, slots=True)
class PlayedTurn:
    """A turn as the model meets it. `persona` is None where the narrator speaks. `told` are ids of what the words bring
    to mind, `deeds` what the character may do, `deed` how the model writes what it does; `said_before` its own lines so
    far. `label` is what would be chosen, by slot, for a model that is asked to choose."""

    turn: DialogueTurn
    prompt: Prompt
    persona: Persona | None = None
    told: tuple[str, ...] = ()
    locked: tuple[Locked, ...] = ()
    deeds: tuple[tuple[str, Deed], ...] = ()
    deed: str = ""
    said_before: tuple[str, ...] = ()


class Performance:
    """Plays one conversation of a setting, on a save slot of its own. `form` is how the model's prompts are written."""

    def __init__(self, stage: Stage, conversation: Conversation, form: ChatFormat) -> None:
        self._turns = conversation.turns
        self._situation = Situation(
            stage, conversation.name, conversation.npc, form, conversation.set, conversation.events
        )

    def play(self) -> Iterator[PlayedTurn]:
        """Every turn in order; each is remembered before the next is played. Once for each conversation of a stage."""
        for turn in self._turns:
            self._situation.set(turn.set)
            if turn.event is not None:
                self._situation.happen(turn.event)
            yield self._play(turn)

    def _play(self, turn: DialogueTurn) -> PlayedTurn:
        situation = self._situation
        if turn.describe is not None:
            prompt = situation.to_describe(turn.describe)
            situation.described(turn.describe, turn.reply)
            return PlayedTurn(turn, prompt)
        said_before = tuple(situation.said)
        if turn.bark is not None:
            mind, prompt = situation.to_remark(turn.bark)
        else:
            mind, prompt = situation.asked(turn.words, turn.other.npc if turn.other else PLAYER)
        deed = deed_of(turn, mind.deeds)
        if turn.bark is None:
            situation.answered(mind, turn.reply, turn.emotion, deed)
        return PlayedTurn(
            turn,
            prompt,
            persona=mind.persona,
            told=tuple(known.id for known in mind.told),
            locked=tuple(mind.locked()),
            deeds=tuple(mind.deeds.items()),
            deed=deed,
            said_before=said_before,
        )


def deed_of(turn: DialogueTurn, deeds: Mapping[str, Deed]) -> str:
    """How the model writes what is done in this turn; empty if nothing is, or if it is not possible, or if it is
    possible in several ways and the turn does not say in which."""
    ways = [
        words
        for words, deed in deeds.items()
        if deed.action == turn.action and all(deed.args.get(name) == value for name, value in turn.args.items())
    ]
    return ways[0] if len(ways) == 1 else ""
