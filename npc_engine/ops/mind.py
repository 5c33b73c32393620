"""What goes through a character's mind when it is to speak: what it sees, what the words remind it of, what it may do;
and the prompt made of that."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import msgspec

from npc_engine import limits
from npc_engine.jobs import EngineCaps
from npc_engine.ops.stage import Stage
from npc_engine.prompt import builder
from npc_engine.prompt.builder import Moment, Prompt
from npc_engine.prompt.chat_formats import FORMATS, PLAIN, ChatFormat
from npc_engine.prompt.sanitise import clean
from npc_engine.world import actions, memory
from npc_engine.world.actions import Deed
from npc_engine.world.instinct import Instinct, instinct
from npc_engine.world.journal import ORDINARY, QUESTION, TELLING, Entry, Heard
from npc_engine.world.keywords import keywords
from npc_engine.world.knowledge import Known, Locked
from npc_engine.world.names import called, short_name
from npc_engine.world.scene import Scene
from npc_engine.world.stance import stance
from npc_engine.world.state import PLAYER

#: How a memory is told from facts, among what comes to mind.
MEMORY = "memory"
#: Tokens of what comes to mind that are told at most, where time is no matter.
REACH_TOKENS = 160
#: About how long a token is, code points.
TOKEN_CHARS = 4
#: A line that tells something has at least so many telling words.
TELLING_WORDS = 3
_QUESTION_MARKS = ("?", "\uff1f", "\u061f")
#: Journal entries whose words may bring up lore as well.
RECENT = 2


def form_of(caps: EngineCaps | None) -> ChatFormat:
    """How prompts are written for the loaded engine; for none, some form, because nothing is generated with it."""
    return PLAIN if caps is None else replace(FORMATS[caps.chat_format], chooses=caps.chooses)


class Mind:
    """One character at one moment. `told`, `deeds`, `instinct`, what `carried` says and the words `heard`, with what
    they brought to mind, belong to the last prompt made. Raises UNKNOWN_NPC."""

    def __init__(self, stage: Stage, scene: Scene, npc: str, form: ChatFormat) -> None:
        self.persona = stage.persona(npc)
        self.name = short_name(self.persona)
        self.told: list[Known] = []
        self.deeds: dict[str, Deed] = {}
        self.instinct = Instinct()
        self.heard = Heard("", "")
        self._shown: list[Entry] = []
        self._stage = stage
        self._scene = scene
        self._sheet = scene.sheet(self.persona)
        self._form = form
        self._setting = stage.pack.world.setting

    def hear(self, speaker: str, text: str, *, private: bool = False, gates: tuple[str, ...] = ()) -> Heard:
        """Words spoken to the character, as it hears them."""
        words = clean(text, limits.TEXT_CHARS)
        return Heard(
            PLAYER if speaker == PLAYER else self._called(speaker),
            words,
            importance=_importance(words),
            gates=gates,
            note=self._news(speaker),
            private=private,
        )

    def answer(self, heard: Heard, reach_tokens: float, topic: str = "") -> Prompt:
        """For an answer to `heard`; with an empty text the character speaks first, perhaps about `topic`. Of what comes
        to mind, no more than `reach_tokens` is told."""
        entries = self._entries
        moment = self._moment(heard.text or topic, heard.note, entries, reach_tokens)
        if heard.text:
            moment, heard = self._mind(moment, heard)
        self.heard = heard
        self._shown = [*entries, heard]
        return builder.say(self._sheet, self._setting, entries, moment, heard, topic, self._form)

    def remark(self, about: str, reach_tokens: float) -> Prompt:
        """For a remark in passing."""
        entries = self._entries
        moment = self._moment(about, self._news(PLAYER), entries, reach_tokens)
        return builder.bark(self._sheet, self._setting, entries, moment, about, self._form)

    def feeling(self, other: str) -> Prompt:
        """For the question whether it feels warmer or colder towards `other` than before."""
        return builder.feeling(self._sheet, self._setting, self._entries, self._called(other), self._form)

    def prefix(self) -> Prompt:
        """Only what the next prompt will share with this one."""
        return builder.prefix(self._sheet, self._setting, self._entries, self._form)

    def renewed_prefix(self, without: Collection[int]) -> Prompt:
        """The same with the sheet as it is in the pack now, and without these journal entries."""
        entries = self._scene.lived(self.persona.id, without)
        return builder.prefix(self.persona, self._setting, entries, self._form)

    def carried(self, text: str) -> tuple[str, ...]:
        """The gates behind a line: of what the prompt gave it to tell, and of what it repeats from the journal
        and the words it answers. What has been locked since then still counts."""
        words = keywords(text)
        told = {gate for known in self.told for gate in known.gates}
        repeated = {
            gate
            for entry in self._shown
            if entry.gates and (not words or words & keywords(entry.text))  # a line of common words may repeat any
            for gate in entry.gates
        }
        return tuple(sorted(told | repeated))

    def locked(self) -> list[Locked]:
        """What it knows and may not speak of."""
        return self._stage.knowledge.locked(self._scene.state, self.persona.id)

    @property
    def _entries(self) -> list[Entry]:
        return self._scene.lived(self.persona.id)

    def _moment(self, text: str, note: str, entries: Sequence[Entry], reach_tokens: float) -> Moment:
        npc, state = self.persona.id, self._scene.state
        recent = [entry.text for entry in entries[-RECENT:]]
        known = self._stage.knowledge.brought_up(state, npc, text, recent)
        minded = {told for entry in entries if isinstance(entry, Heard) for told in entry.minded}
        recalled = self._scene.recall(npc, text, lambda entry: self._tell(entry) in minded) if text else []
        known += [Known(MEMORY, self._tell(entry), entry.gates) for entry in recalled]
        self.told = _within(known, reach_tokens * TOKEN_CHARS)
        possible = actions.possible(state, self._stage.pack, npc)
        self.deeds = {clean(deed.words, limits.NAME_CHARS): deed for deed in possible}
        self.instinct = instinct(self.persona, text, self.deeds)
        return Moment(note, tuple(each.text for each in self.told), tuple(self.deeds))

    def _tell(self, entry: Entry) -> str:
        return memory.tell(entry, self.name, called)

    def _mind(self, moment: Moment, heard: Heard) -> tuple[Moment, Heard]:
        """What came to mind stays in mind: memories that nothing can lock go with the words that brought them up, into
        the journal, and need not be read again with the next words on the matter."""
        minded = tuple(known.text for known in self.told if known.id == MEMORY and not known.gates)
        rest = tuple(text for text in moment.known if text not in minded)
        return replace(moment, known=rest), msgspec.structs.replace(heard, minded=minded)

    def _news(self, speaker: str) -> str:
        """What can be seen and felt now, if the journal does not have it already."""
        state = self._scene.state
        place = self._stage.pack.places.get(state.places.get(self.persona.id, ""))
        seen = ", ".join(part for part in (place.name if place else "", state.period, state.weather) if part)
        feeling = stance(state, self.persona.id, speaker, self._called(speaker))
        note = ". ".join(part for part in (seen, f"{self.name}: {feeling}" if feeling else "") if part) + "."
        notes = (entry.note for entry in reversed(self._entries) if isinstance(entry, Heard))
        return "" if next((known for known in notes if known), "") == note else note

    def _called(self, speaker: str) -> str:
        other = self._stage.pack.npcs.get(speaker)
        return short_name(other) if other else called(clean(speaker, limits.NAME_CHARS))


def _importance(words: str) -> int:
    """How much it matters that this was said to the character."""
    if words.endswith(_QUESTION_MARKS):
        return QUESTION
    return TELLING if len(keywords(words)) >= TELLING_WORDS else ORDINARY


def _within(known: list[Known], reach_chars: float) -> list[Known]:
    """As much as is in reach, but always the first: a character in a hurry is not ignorant."""
    told = known[:1]
    for each in known[1:]:
        if sum(len(other.text) for other in told) + len(each.text) > reach_chars:
            break
        told.append(each)
    return told
