"""Which words are words: those of the prompt, and a small list of common English ones with their plain endings."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from pathlib import Path

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
#: Endings that make one known word of another, longest first: what is taken off, and what may have stood there.
_ENDINGS = (
    ("iest", ("y",)), ("ier", ("y",)), ("ies", ("y",)), ("ied", ("y",)), ("ily", ("y",)), ("ness", ("",)),
    ("less", ("",)), ("ful", ("",)), ("ing", ("", "e")), ("est", ("", "e")), ("ed", ("", "e")), ("er", ("", "e")),
    ("es", ("", "e")), ("en", ("", "e")), ("ly", ("", "le")), ("s", ("",)), ("y", ("", "e")),
)  # fmt: skip
#: What an apostrophe may join to a word, or cut off it.
_CLITICS = frozenset({"s", "t", "m", "d", "re", "ve", "ll", "er", "em", "tis", "twas", "n", "o", "im", "all", "clock"})

COMMON = frozenset(Path(__file__).with_name("common_words.txt").read_text(encoding="utf-8").split())


def words(text: str) -> list[str]:
    """The words of a text, in lower case; numbers are none."""
    return [word.replace("’", "'") for word in _WORD.findall(text.lower())]


def unknown_words(text: str, vocabulary: Collection[str]) -> int:
    """How many words of `text` are neither common nor in `vocabulary` (lower case), not even with another ending."""
    return sum(not _is_known(word, vocabulary) for word in words(text))


def _is_known(word: str, vocabulary: Collection[str]) -> bool:
    if word in vocabulary:
        return True
    return all(
        part in _CLITICS or part in vocabulary or any(stem in COMMON or stem in vocabulary for stem in _stems(part))
        for part in word.split("'")
    )


@lru_cache(maxsize=16_384)
def _stems(word: str) -> tuple[str, ...]:
    """The word, and what it may be a form of: "worried" of "worry", "stopping" of "stop"."""
    stems = [word]
    for ending, before in _ENDINGS:
        stem = word.removesuffix(ending)
        if stem != word and len(stem) > 1:
            stems += [stem + letter for letter in before]
            if ending[0] in "aeiouy" and stem[-1] == stem[-2:-1]:
                stems.append(stem[:-1])
    return tuple(stems)
