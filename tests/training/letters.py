"""A tokeniser of letters."""

from __future__ import annotations

import re
from collections.abc import Sequence

#: Ids of control tokens come after those of letters.
MARKS = ("<|im_start|>", "<|im_end|>")
VOCABULARY = 128 + len(MARKS)


def tokenise(text: str, special: bool) -> Sequence[int]:
    """One token a letter; marks are one each, if `special`."""
    if not special:
        return [min(ord(letter), 127) for letter in text]
    tokens: list[int] = []
    for part in re.split(f"({'|'.join(map(re.escape, MARKS))})", text):
        tokens += [128 + MARKS.index(part)] if part in MARKS else tokenise(part, False)
    return tokens


def text_of(tokens: Sequence[int]) -> str:
    """The text again."""
    return "".join(MARKS[token - 128] if token >= 128 else chr(token) for token in tokens)
