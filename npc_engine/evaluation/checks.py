"""What makes a line a good one, as far as rules can tell. Pure: text in, verdict out. `CHECKS` publishes the rules."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import ceil

from npc_engine.evaluation.words import unknown_words, words
from npc_engine.prompt.guard import Guard, sentence_cut

#: Of so many words one may be unknown: a name, a rare word.
UNKNOWN_IN = 10
#: A run of so many words that comes twice, or a word twice in a row, is no style.
REPEATED_RUN = 5
#: Words that people do say twice in a row.
_SAID_TWICE = frozenset({"had", "ha", "hm", "no", "now", "that", "there", "very", "well", "yes", "aye", "tut", "knock"})
_DOUBLED = re.compile(r"\b([^\W\d_]+)\s+\1\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Check:
    """A question to a line that has the answer yes or no; yes is good. `rule` says when it is yes."""

    name: str
    title: str
    rule: str


ENDED, WHOLE, GUARD, FRESH, KNOWN, LABELS = "ended", "whole", "guard", "fresh", "known", "labels"
CHECKS = (
    Check(
        ENDED, "ended", "the model ended the line itself, with a closing quote or the end of its turn, on the canvas"
    ),
    Check(WHOLE, "whole", "the line stops where a sentence stops"),
    Check(
        GUARD, "guard", "the engine's guard lets it pass: it says something, in character, without markup, in no loop"
    ),
    Check(FRESH, "fresh", f"no word stands twice in a row, no run of {REPEATED_RUN} words comes twice"),
    Check(
        KNOWN, "known", f"its words stand in the prompt or are common English, but for one in {UNKNOWN_IN}, rounded up"
    ),
    Check(
        LABELS,
        "labels",
        "deed and emotion are allowed ones, where they belong; if no line begins behind them, it passes no other rule",
    ),
)


def check_line(
    text: str, *, ended: bool, guard: Guard, vocabulary: Collection[str], labels: int, labels_asked: int
) -> dict[str, bool]:
    """The answers to `CHECKS`, by name. `guard` is a fresh one; `labels` of `labels_asked` labels are allowed ones. A
    reply without any text passes nothing but perhaps the labels."""
    said = bool(text.strip())
    return {
        ENDED: said and ended,
        WHOLE: said and sentence_cut(text.rstrip()) == len(text.rstrip()),
        GUARD: said and not guard.finish(text).rejected,
        FRESH: said and not repeats(text),
        KNOWN: said and unknown_words(text, vocabulary) <= ceil(len(words(text)) / UNKNOWN_IN),
        LABELS: labels == labels_asked,
    }


def repeats(text: str) -> bool:
    """Whether a word stands twice in a row or a run of words comes twice."""
    if any(match[1].lower() not in _SAID_TWICE for match in _DOUBLED.finditer(text)):
        return True
    runs = Counter(_runs(words(text)))
    return any(count > 1 for count in runs.values())


def overlap(one: str, other: str) -> float:
    """How alike two lines are: twice the words they share over the words they have (Dice's coefficient on multisets);
    0 if neither has any."""
    first, second = Counter(words(one)), Counter(words(other))
    total = first.total() + second.total()
    return 2 * (first & second).total() / total if total else 0.0


def _runs(said: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(said[at : at + REPEATED_RUN]) for at in range(len(said) - REPEATED_RUN + 1)]
