"""Lessons from played turns: the tokens that an engine would be sent, and behind them those it ought to write."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TypeAlias

from npc_engine.jobs import ChoiceSlot, TextSlot
from npc_engine.ops.stage import Stage
from npc_engine.prompt.chat_formats import ChatFormat
from npc_engine.prompt.reply import ACTION, EMOTION, TALKS
from training.dialogue.performance import Performance, PlayedTurn
from training.dialogue.spec import Setting
from training.voice.tree import Lesson

#: Token ids of a text; control tokens are recognised only if the second argument is true.
Tokenise: TypeAlias = Callable[[str, bool], Sequence[int]]
#: What ends a spoken line, and stands in the stops of its slot.
QUOTE = '"'


@dataclass(frozen=True, slots=True)
class Course:
    """All lessons of one speaker of a setting: a character, or the narrator."""

    setting: str
    speaker: str
    lessons: tuple[Lesson, ...]

    @property
    def name(self) -> str:
        """Unique in a set."""
        return f"{self.setting}/{self.speaker}"


NARRATOR = "narrator"


def courses(setting: Setting, form: ChatFormat, tokenise: Tokenise) -> Iterator[Course]:
    """What the setting teaches, speaker by speaker, in the order of its files."""
    lessons: dict[str, list[Lesson]] = {}
    with closing(Stage(setting.pack.path)) as stage:
        for written in setting.written:
            for index, played in enumerate(Performance(stage, written.conversation, form).play()):
                speaker = played.persona.id if played.persona else NARRATOR
                name = f"{setting.id}/{written.conversation.name}/{index + 1}"
                lessons.setdefault(speaker, []).append(lesson(played, form, tokenise, name))
    for speaker, own in lessons.items():
        yield Course(setting.id, speaker, tuple(own))


def lesson(played: PlayedTurn, form: ChatFormat, tokenise: Tokenise, name: str = "") -> Lesson:
    """One turn. Segments and slots are tokenised one by one, as an engine does it, so that no token spans two; control
    tokens are recognised in trusted ones only. Taught are what is chosen, the line, and the token that ends it."""
    tokens: list[int] = []
    taught: list[bool] = []

    def put(text: str, special: bool, *, teach: bool = False) -> None:
        new = tokenise(text, special)
        tokens.extend(new)
        taught.extend([teach] * len(new))

    for segment in played.prompt.segments:
        put(segment.text, segment.trusted)
    for slot in played.prompt.slots:
        put(slot.lead, True)
        match slot:
            case ChoiceSlot():
                put(_choice(played, slot), False, teach=True)
            case TextSlot(stop=stop) if QUOTE in stop:
                put(played.turn.reply + QUOTE, False, teach=True)
            case TextSlot():
                put(played.turn.reply, False, teach=True)
                put(form.stop[0] if form.stop else slot.stop[0], True, teach=True)
    return Lesson(tuple(tokens), tuple(taught), name)


def _choice(played: PlayedTurn, slot: ChoiceSlot) -> str:
    chosen = {EMOTION: played.turn.emotion, ACTION: played.deed or TALKS}
    return chosen[slot.name]
