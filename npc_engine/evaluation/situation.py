"""One character in a game of its own: what happens to it, what it is asked, and the prompts that the daemon would make
of that. Nothing here generates; who does tells what was answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count

from npc_engine import limits
from npc_engine.ops.mind import REACH_TOKENS, Mind
from npc_engine.ops.stage import Stage
from npc_engine.prompt import builder
from npc_engine.prompt.builder import Prompt
from npc_engine.prompt.chat_formats import ChatFormat
from npc_engine.prompt.sanitise import clean
from npc_engine.rehearsal.spec import Happening
from npc_engine.wire.messages import Done, Emotion, Source
from npc_engine.world.conditions import Value
from npc_engine.world.journal import Event, Heard, Said
from npc_engine.world.sights import sights, to_describe
from npc_engine.world.state import PLAYER
from npc_engine.world.values import set_values

GAME = "evaluation"


class Situation:
    """The game of one save slot, begun anew for `npc`; an empty one for a narrator alone. The player is where the
    character is, unless `values` say otherwise. Raises UNKNOWN_NAME or BAD_VALUE."""

    def __init__(
        self,
        stage: Stage,
        slot: str,
        npc: str,
        form: ChatFormat,
        values: Mapping[str, Value],
        events: Sequence[Happening],
    ) -> None:
        self.npc = npc
        self._stage = stage
        self._form = form
        self.scene = stage.scene(GAME, slot)
        self._ids = count(1)
        self.set(values)
        if "player.place" not in values and npc:
            self.scene.state.places[PLAYER] = self.scene.state.places[npc]
        for event in events:
            self.happen(event)

    def set(self, values: Mapping[str, Value]) -> None:
        """The game sets values of its world."""
        set_values(self.scene.state, self._stage.pack, values)

    def happen(self, event: Happening) -> None:
        """Something happens: those named see it, else all who are there."""
        state = self.scene.state
        witnesses = event.npcs if event.npcs is not None else state.present(event.place or state.places[PLAYER])
        self.scene.witness(witnesses, Event(clean(event.text, limits.TEXT_CHARS), importance=event.importance))

    @property
    def said(self) -> list[str]:
        """What the character has said so far."""
        return [entry.text for entry in self.scene.lived(self.npc) if isinstance(entry, Said)]

    def asked(self, words: str, speaker: str = PLAYER) -> tuple[Mind, Prompt]:
        """Somebody speaks to the character; with empty words it speaks first."""
        self.scene.journal(self.npc).keep_pending()
        mind = Mind(self._stage, self.scene, self.npc, self._form)
        return mind, mind.answer(mind.hear(speaker, words, private=speaker != PLAYER), REACH_TOKENS)

    def to_remark(self, about: str) -> tuple[Mind, Prompt]:
        """The character is to say something in passing."""
        mind = Mind(self._stage, self.scene, self.npc, self._form)
        return mind, mind.remark(clean(about, limits.TEXT_CHARS), REACH_TOKENS)

    def to_describe(self, place_id: str) -> Prompt:
        """The narrator is to tell what is to be seen there."""
        state, place = self.scene.state, self._stage.place(place_id)
        now, before = sights(state, self._stage.pack, place), state.seen.get(place_id, [])
        return builder.describe(place, self._stage.pack.world.setting, to_describe(now, before), self._form)

    def described(self, place_id: str, text: str) -> None:
        """The player has been told what is to be seen there."""
        now = sights(self.scene.state, self._stage.pack, self._stage.place(place_id))
        self.scene.describe(place_id, now, text)

    def answered(self, mind: Mind, text: str, emotion: str, deed: str, source: Source = Source.MODEL) -> None:
        """This was answered to what `mind` heard, and is remembered; of a stand-in, only what was heard is."""
        heard: Heard | None = mind.heard if mind.heard.text else None
        said = Said(
            text,
            gates=mind.carried(text),
            emotion=emotion,
            action=deed,
            to=heard.speaker if heard else "",
            private=heard.private if heard else False,
        )
        done = Done(id=next(self._ids), text=text, emotion=Emotion(emotion), source=source)
        self._stage.hold_turn(self.scene.slot, self.scene, self.npc, heard, said, done, 0)
