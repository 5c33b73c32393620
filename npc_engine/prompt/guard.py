"""What may be shown of a line, decided while it is written. Pure: text in, verdict out.

The guard holds back the end of a draft only as far as it could still grow into something forbidden; what it has cleared
stays cleared, however the draft goes on and however it was cut into pieces.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from npc_engine.prompt.dictation import dictated, may_obey, obeys
from npc_engine.world.persona import Persona

#: A character that says one of these has stepped out of the story, or the model has refused for it.
BREAKS = (
    "as an ai", "an ai", "artificial intelligence", "language model", "ai assistant", "virtual assistant",
    "openai", "alibaba", "qwen", "chatgpt", "chatbot", "anthropic",
    "i'm sorry, but i can't", "i'm sorry, but i cannot", "i am sorry, but i can", "i'm unable to", "i am unable to",
    "can't assist", "cannot assist", "can't help with that", "cannot help with that", "how can i assist",
    "how can i help you today", "how may i assist", "assist you", "i cannot fulfill", "i apologize for",
    "my instructions", "my programming", "system prompt", "fictional character", "this conversation",
)  # fmt: skip
#: Markup and chat formats, wherever they stand. `[` would be the engine's own note, copied.
MARKS = ("<", ">", "*", "_", "`", "{", "}", "[", "]", "|", "\\", "://", "##")
#: Whoever speaks next, it is not this character.
ROLES = ("user:", "assistant:", "system:", "player:", "traveller:", "human:", "narrator:")
#: Share of words that makes a line the same as an earlier one.
SAME_WORDS = 0.9
#: Lines of so few words may be said again: nobody finds a new word for "Good day" each time.
SHORT_WORDS = 3
#: A line with the same four words three times runs in circles.
LOOP_WORDS, LOOP_TIMES = 4, 3
OBEYED = "says what it was told to say"

ENDS = ".!?…。！？"
CLOSERS = "\"'”’»)）」』"
ABBREVIATIONS = frozenset({"mr", "mrs", "ms", "dr", "st", "sr", "jr", "vs", "etc", "e.g", "i.e"})
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_SPACES = re.compile(r"\s+")
#: A letter or digit of a script that puts spaces between words: not Thai, Lao, Burmese, Khmer, nor from CJK on. It says
#: itself that case does not matter to it: told so by the pattern around it, `re` looks through a million code points.
_LETTER = r"(?-i:[^\W_\u0e00-\u109f\u1780-\u17ff\u2e80-\U0010ffff])"
_is_letter = re.compile(_LETTER).match


@dataclass(frozen=True, slots=True)
class Verdict:
    """The first `cleared` code points may be shown. `rejected` says why the rest must not; empty if it may. What is
    `tolerable` is only dull: show it rather than nothing."""

    cleared: int
    rejected: str = ""
    tolerable: bool = False


class Guard:
    """Judges one draft of one character; None is nobody, as in a description. `said` are its earlier lines, `heard` the
    words it answers: what those dictate it does not say."""

    def __init__(self, persona: Persona | None, said: Sequence[str], heard: str = "") -> None:
        names = [persona.name, persona.name.split()[0]] if persona else []
        never = persona.never_say if persona else []
        phrases = [*BREAKS, *never]
        labels = [*ROLES, *(f"{name}:" for name in names)]
        self._forbidden = _forbidden(tuple(dict.fromkeys(phrase.lower() for phrase in phrases)), tuple(labels))
        self._said = [words for words in map(_words, said) if len(words) > SHORT_WORDS]
        self._order = _words(dictated(heard))
        self._cleared = 0

    def feed(self, text: str, stable: int) -> Verdict:
        """A draft so far, of which `stable` code points will not change. Call with growing drafts of one line."""
        known = text[:stable]
        if found := self._forbidden.find(known, ended=False):
            return Verdict(self._cleared, f"says {found!r}")
        words = _words(known)
        if obeys(words, self._order, ended=False):
            return Verdict(self._cleared, OBEYED)
        if not self._echoes(words) and not may_obey(words, self._order):
            self._cleared = max(self._cleared, self._forbidden.safe_length(known))
        return Verdict(self._cleared)

    def finish(self, text: str) -> Verdict:
        """The whole line."""
        if found := self._forbidden.find(text, ended=True):
            return Verdict(self._cleared, f"says {found!r}")
        words = _words(text)
        if not any(character.isalnum() for character in text):
            return Verdict(self._cleared, "says nothing")
        if obeys(words, self._order, ended=True):
            return Verdict(self._cleared, OBEYED)
        if _loops(words):
            return Verdict(self._cleared, "runs in circles")
        if any(_same(words, earlier) for earlier in self._said):
            return Verdict(self._cleared, "repeats an earlier line", tolerable=True)
        return Verdict(len(text))

    def _echoes(self, words: list[str]) -> bool:
        """Whether the draft so far could still become an earlier line once more."""
        if not words:
            return False
        *whole, last = words
        return any(
            len(words) <= len(earlier) and earlier[: len(whole)] == whole and earlier[len(whole)].startswith(last)
            for earlier in self._said
        )


def prepare(personas: Iterable[Persona]) -> None:
    """Compile what guards of these characters look for, some ten milliseconds each, so that no request has to wait for
    it. May run on any thread."""
    for persona in personas:
        Guard(persona, ())


class Unjudged(Guard):
    """Clears everything: for a model of random weights, whose noise nobody can judge."""

    def __init__(self) -> None:
        super().__init__(None, ())

    def feed(self, text: str, stable: int) -> Verdict:
        return Verdict(stable)

    def finish(self, text: str) -> Verdict:
        return Verdict(len(text))


class _Forbidden:
    """Phrases matched at word boundaries, case-insensitively, apostrophes and spaces normalised; marks anywhere."""

    def __init__(self, phrases: tuple[str, ...], labels: tuple[str, ...]) -> None:
        spelt = "|".join(_spelt(phrase) for phrase in phrases if phrase.strip())
        begun, marks = "|".join(map(_spelt, labels)), "|".join(map(re.escape, MARKS))

        def pattern(end: str) -> re.Pattern[str]:
            return re.compile(rf"(?<!{_LETTER})(?:(?:{spelt})(?!{end})|{begun})|{marks}", re.IGNORECASE)

        self._whole = pattern(_LETTER)
        # The last word of a text that goes on may still grow: "an ai" into "an aim".
        self._growing = pattern(rf"{_LETTER}|\Z")
        self._starts = sorted({*map(_plain, (*phrases, *labels)), *MARKS})

    def find(self, text: str, *, ended: bool) -> str | None:
        """The first forbidden thing."""
        match = (self._whole if ended else self._growing).search(text)
        return match[0] if match else None

    def safe_length(self, text: str) -> int:
        """How much of `text` cannot become part of something forbidden as it grows."""
        plain = _plain(text)
        for start in range(len(text)):
            if start and _is_letter(plain[start - 1]) and _is_letter(plain[start]):
                continue
            rest = _SPACES.sub(" ", plain[start:])
            nearest = bisect_left(self._starts, rest)
            if nearest < len(self._starts) and self._starts[nearest].startswith(rest):
                return start
        return len(text)


@lru_cache(maxsize=256)
def _forbidden(phrases: tuple[str, ...], labels: tuple[str, ...]) -> _Forbidden:
    return _Forbidden(phrases, labels)


def sentence_cut(text: str) -> int:
    """Index after the last complete sentence, closing quotes included; 0 if none is complete."""
    for end in range(len(text), 0, -1):
        if text[end - 1] not in ENDS:
            continue
        after = end
        while after < len(text) and text[after] in CLOSERS:
            after += 1
        closed = after == len(text) or text[after].isspace() or text[end - 1] in "。！？"
        if closed and not _abbreviates(text[: end - 1], text[end - 1]):
            return after
    return 0


def _abbreviates(before: str, mark: str) -> bool:
    word = before.rsplit(maxsplit=1)[-1].lower() if before.split() else ""
    return mark == "." and word.strip("(\"'") in ABBREVIATIONS


def _plain(text: str) -> str:
    """Lower case, straight apostrophes, every space a blank: one code point stays one code point."""
    return "".join(_plain_character(character) for character in text)


def _plain_character(character: str) -> str:
    if character in "’‘`´":
        return "'"
    if character.isspace():
        return " "
    lower = character.lower()
    return lower if len(lower) == 1 else character


def _spelt(phrase: str) -> str:
    """A phrase as a pattern that ignores how its spaces and apostrophes are written."""
    return re.escape(phrase.lower()).replace(r"\ ", r"\s+").replace("'", "['’‘`´]")


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _loops(words: list[str]) -> bool:
    counts: dict[tuple[str, ...], int] = {}
    for start in range(len(words) - LOOP_WORDS + 1):
        run = tuple(words[start : start + LOOP_WORDS])
        counts[run] = counts.get(run, 0) + 1
        if counts[run] >= LOOP_TIMES:
            return True
    return False


def _same(words: Iterable[str], earlier: Iterable[str]) -> bool:
    here, there = set(words), set(earlier)
    return bool(here) and len(here & there) / len(here | there) > SAME_WORDS
