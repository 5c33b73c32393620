"""What the toy is trained on: prompts as the engine writes them, and the replies that are to form behind them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

import msgspec
import yaml

from npc_engine.engines.diffusion.tokeniser import Tokeniser
from npc_engine.prompt import builder, reply
from npc_engine.prompt.chat_formats import GEMMA4
from npc_engine.wire.vocabulary import Emotion
from npc_engine.world.names import short_name
from npc_engine.world.pack import find_pack, load_pack

LINES = Path(__file__).with_name("lines.yaml")
#: Ends a reply.
END = GEMMA4.assistant.close.strip()
#: Tokens of a character sheet before a question, at most.
SHEET_TOKENS = 300
#: Notes such as the world gives, and things that come to mind.
NOTES = ("Dusk, rain", "Grey Heron, evening, rain, with Bram", "Night, fog", "Morning, clear", "Noon. Marta: worried")
KNOWN = ("Bram owes her for the roof.", "The mill changed hands in spring.", "The courier never reached the ford.")


class Topic(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Several ways to ask, all with the same answers. `unseen` is a way to ask that is never trained on."""

    ask: tuple[str, ...]
    unseen: str
    answers: tuple[str, ...]
    emotion: Emotion
    deed: str = reply.TALKS


class Kind(Enum):
    """How a question is put: on its own, as the engine does, or so and behind a piece of a character sheet."""

    PLAIN = auto()
    FRAMED = auto()
    SHEET = auto()


@dataclass(frozen=True, slots=True)
class Example:
    """Token ids. `header` is what the engine chooses before the line; `line` goes to the end of the turn."""

    prompt: list[int]
    header: list[int]
    line: list[int]


def read_topics() -> tuple[Topic, ...]:
    """All that is taught."""
    return msgspec.convert(yaml.safe_load(LINES.read_text(encoding="utf-8")), tuple[Topic, ...])


def sheets() -> dict[str, str]:
    """The beginnings of real prompts, by the character's name: what stands before the first question."""
    pack = load_pack(find_pack("oakhollow"))
    return {
        short_name(persona): "".join(
            segment.text for segment in builder.prefix(persona, pack.world.setting, (), GEMMA4).segments
        )
        for persona in pack.npcs.values()
    }


def texts(topics: Sequence[Topic]) -> Iterator[str]:
    """What the tokeniser learns from: the taught lines count for more than the sheets. Labels are to be one token."""
    yield from sheets().values()
    for topic in topics:
        yield from [*topic.ask, *topic.answers] * 20
    for word in (*Emotion, *{topic.deed for topic in topics}):
        yield from [str(word)] * 500


def plain_prompt(question: str) -> str:
    """A question and nothing else, in the chat format of Gemma 4."""
    return f"{GEMMA4.begin}{GEMMA4.user.open}{question}{GEMMA4.user.close}{GEMMA4.assistant.open}"


class Teacher:
    """Makes examples, endlessly."""

    def __init__(self, topics: Sequence[Topic], tokeniser: Tokeniser) -> None:
        self._tokeniser = tokeniser
        self._dice = random.Random()
        self._pairs = [(question, topic) for topic in topics for question in topic.ask]
        self._sheets = {name: self._ids(text) for name, text in sheets().items()}

    def batch(self, size: int, kind: Kind, seed: int) -> list[Example]:
        """The same seed gives the same."""
        self._dice.seed(seed)
        return [self._example(question, topic, kind) for question, topic in self._dice.sample(self._pairs, size)]

    def _example(self, question: str, topic: Topic, kind: Kind) -> Example:
        if self._dice.random() < 0.1:
            question = question.lower().rstrip(".?")
        line, end = self._ids(self._dice.choice(topic.answers)), self._ids(END)
        if kind is Kind.PLAIN:
            return Example(self._ids(plain_prompt(question)), [], line + end)
        name = self._dice.choice([*self._sheets, *["Marta"] * len(self._sheets)])
        opening, header = self._label(name, topic)
        begin = self._sheet(name) if kind is Kind.SHEET else self._ids(GEMMA4.begin)
        return Example([*begin, *self._framed(question), *self._ids(opening)], header, line + self._ids('"') + end)

    def _framed(self, question: str) -> list[int]:
        """As the engine puts it to a character, segment by segment."""
        note = f"[{self._dice.choice(NOTES)}.]\n" if self._dice.random() < 0.5 else ""
        known = f"\n[Marta knows: {self._dice.choice(KNOWN)}]" if self._dice.random() < 0.3 else ""
        form = GEMMA4
        parts = (form.user.open + note, 'Traveller: "', question, '"', known, form.user.close + form.assistant.open)
        return [id_ for part in parts for id_ in self._ids(part)]

    def _label(self, name: str, topic: Topic) -> tuple[str, list[int]]:
        """What the prompt has of the reply's beginning, and what the canvas has: tokenised slot by slot."""
        line = '): "'
        match self._dice.randrange(5):
            case 0:
                return f"{name} ({topic.deed}, {topic.emotion}{line}", []
            case 1:
                return f"{name} ({topic.deed}, ", [*self._ids(topic.emotion), *self._ids(line)]
        slots = (topic.deed, ", ", topic.emotion, line)
        return f"{name} (", [id_ for part in slots for id_ in self._ids(part)]

    def _sheet(self, name: str) -> list[int]:
        """Its end, or any piece of it."""
        whole = self._sheets[name]
        length = self._dice.randint(20, SHEET_TOKENS)
        end = len(whole) if self._dice.random() < 0.6 else self._dice.randint(length, len(whole))
        return [whole[0], *whole[end - length : end]]

    def _ids(self, text: str) -> list[int]:
        return self._tokeniser.encode(text, special=True)
