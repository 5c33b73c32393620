"""Tokens as text, and where among them a reply ends."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Protocol

UNREADABLE = "\N{REPLACEMENT CHARACTER}"


class Codec(Protocol):
    """A tokeniser."""

    def encode(self, text: str, *, special: bool) -> list[int]: ...

    def decode(self, ids: Sequence[int]) -> str: ...


class Vocabulary:
    """`eos_ids` end every reply; a slot's stop strings end it as well."""

    def __init__(self, codec: Codec, vocab_size: int, eos_ids: Sequence[int]) -> None:
        self._codec = codec
        self._eos_ids = frozenset(eos_ids)
        self._pieces = [codec.decode([token]) for token in range(vocab_size)]
        self._ends = cache(self._find_ends)

    def encode(self, text: str, special: bool) -> list[int]:
        """Token ids; control tokens are recognised only if `special`."""
        return self._codec.encode(text, special=special)

    def text(self, ids: Sequence[int], stops: Sequence[str]) -> str:
        """What `ids` say, up to the first of `stops`, and without half a character at the end."""
        text = self._codec.decode(ids)
        cut = min((at for stop in stops if (at := text.find(stop)) >= 0), default=len(text))
        return text[:cut].rstrip(UNREADABLE)

    def first_end(self, ids: Sequence[int], stops: tuple[str, ...]) -> int | None:
        """The index of the token that ends the reply, or None. A token ends it if its own text has a stop in it."""
        ends = self._ends(stops)
        return next((index for index, token in enumerate(ids) if token in ends), None)

    def _find_ends(self, stops: tuple[str, ...]) -> frozenset[int]:
        control = {ids[0] for stop in stops if len(ids := self.encode(stop, True)) == 1}
        spelt = {token for token, piece in enumerate(self._pieces) if any(stop in piece for stop in stops)}
        return self._eos_ids | control | spelt
