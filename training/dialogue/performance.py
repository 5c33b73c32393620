"""A conversation played through the engine's own world and prompt builder, as the daemon would have played it had its
model said the written lines. So the prompt of each turn is, byte for byte, the one that would be served."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from npc_engine import limits
from npc_engine.ops.mind import REACH_TOKENS, Mind
from npc_engine.ops.stage import Stage
from npc_engine.prompt import builder
from npc_engine.prompt.builder import Prompt
from npc_engine.prompt.chat_formats import ChatFormat
from npc_engine.prompt.sanitise import clean
from npc_engine.rehearsal.spec import Happening
from npc_engine.wire.messages import Done, Emotion, Source
from npc_engine.world.actions import Deed
from npc_engine.world.journal import Event, Heard, Said
from npc_engine.world.knowledge import Locked
from npc_engine.world.persona import Persona
from npc_engine.world.scene import Scene
from npc_engine.world.sights import sights, to_describe
from npc_engine.world.state import PLAYER
from npc_engine.world.values import set_values
from training.dialogue.spec import Conversation, DialogueTurn

GAME = "training"


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
        self._stage = stage
        self._conversation = conversation
        self._npc = conversation.npc
        self._form = form
        self._scene: Scene = stage.scene(GAME, conversation.name)
        self._count = 0

    def play(self) -> Iterator[PlayedTurn]:
        """Every turn in order; each is remembered before the next is played. Once for each conversation of a stage."""
        state, conversation = self._scene.state, self._conversation
        self._set(conversation.set)
        if "player.place" not in conversation.set:  # the player has come up to the character
            state.places[PLAYER] = state.places[self._npc]
        for event in conversation.events:
            self._happen(event)
        for turn in conversation.turns:
            self._set(turn.set)
            if turn.event is not None:
                self._happen(turn.event)
            yield self._play(turn)

    def _play(self, turn: DialogueTurn) -> PlayedTurn:
        if turn.describe is not None:
            return self._describe(turn, turn.describe)
        self._scene.journal(self._npc).keep_pending()
        said_before = tuple(entry.text for entry in self._scene.lived(self._npc) if isinstance(entry, Said))
        mind = Mind(self._stage, self._scene, self._npc, self._form)
        if turn.bark is not None:
            prompt = mind.remark(clean(turn.bark, limits.TEXT_CHARS), REACH_TOKENS)
        else:
            speaker = turn.other.npc if turn.other else PLAYER
            prompt = mind.answer(mind.hear(speaker, turn.words, private=turn.other is not None), REACH_TOKENS)
        deed = deed_of(turn, mind.deeds)
        if turn.bark is None:
            self._remember(mind, turn, deed)
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

    def _remember(self, mind: Mind, turn: DialogueTurn, deed: str) -> None:
        heard: Heard | None = mind.heard if mind.heard.text else None
        said = Said(
            turn.reply,
            gates=mind.carried(turn.reply),
            emotion=turn.emotion,
            action=deed,
            to=heard.speaker if heard else "",
            private=heard.private if heard else False,
        )
        self._count += 1
        done = Done(id=self._count, text=turn.reply, emotion=Emotion(turn.emotion), source=Source.MODEL)
        self._stage.hold_turn(self._scene.slot, self._scene, self._npc, heard, said, done, 0)

    def _describe(self, turn: DialogueTurn, place_id: str) -> PlayedTurn:
        state, place = self._scene.state, self._stage.place(place_id)
        now, before = sights(state, self._stage.pack, place), state.seen.get(place_id, [])
        seen = to_describe(now, before)
        self._scene.describe(place_id, now, turn.reply)
        return PlayedTurn(turn, builder.describe(place, self._stage.pack.world.setting, seen, self._form))

    def _set(self, values: Mapping[str, str | int | float | bool]) -> None:
        set_values(self._scene.state, self._stage.pack, values)

    def _happen(self, event: Happening) -> None:
        state = self._scene.state
        witnesses = event.npcs if event.npcs is not None else state.present(event.place or state.places[PLAYER])
        self._scene.witness(witnesses, Event(clean(event.text, limits.TEXT_CHARS), importance=event.importance))


def deed_of(turn: DialogueTurn, deeds: Mapping[str, Deed]) -> str:
    """How the model writes what is done in this turn; empty if nothing is, or if it is not possible, or if it is
    possible in several ways and the turn does not say in which."""
    ways = [
        words
        for words, deed in deeds.items()
        if deed.action == turn.action and all(deed.args.get(name) == value for name, value in turn.args.items())
    ]
    return ways[0] if len(ways) == 1 else ""
