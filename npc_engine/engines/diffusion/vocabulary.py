"""Tokens as text, and where among them a reply ends."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

UNREADABLE = "\N{REPLACEMENT CHARACTER}"
#: Sets of stops whose ids are remembered.
CONTROLS = 64


class Codec(Protocol):
    """A tokeniser."""

    def encode(self, text: str, *, special: bool) -> list[int]: ...

    def decode(self, ids: Sequence[int]) -> str: ...


class Vocabulary:
    """`eos_ids` end every reply; a slot's stop strings end it as well."""

    def __init__(self, codec: Codec, eos_ids: Sequence[int]) -> None:
        self._codec = codec
        self._eos_ids = frozenset(eos_ids)
        self._ending_ids = lru_cache(CONTROLS)(self._find_ending_ids)

    def encode(self, text: str, special: bool) -> list[int]:
        """Token ids; control tokens are recognised only if `special`."""
        return self._codec.encode(text, special=special)

    def text(self, ids: Sequence[int], stops: Sequence[str]) -> str:
        """What `ids` say, up to the first of `stops`, and without half a character at the end."""
        text = self._codec.decode(ids)
        cut = min((at for stop in stops if (at := text.find(stop)) >= 0), default=len(text))
        return text[:cut].rstrip(UNREADABLE)

    def standing(self, ids: Sequence[int], stops: Sequence[str]) -> str:
        """Their `text` as far as it stays whatever follows: without what may be the beginning of a stop."""
        text = self.text(ids, stops)
        half = (count for stop in stops for count in range(1, len(stop)) if text.endswith(stop[:count]))
        return text[: len(text) - max(half, default=0)]

    def first_end(self, ids: Sequence[int], stops: tuple[str, ...]) -> int | None:
        """The index of the token that ends the reply, or None: one that is an end, or that completes a stop."""
        ending = self._ending_ids(stops)
        end = next((index for index, token in enumerate(ids) if token in ending), None)
        before = ids[:end]

        def stopped(count: int) -> bool:
            text = self._codec.decode(before[:count])
            return any(stop in text for stop in stops)

        if not stopped(len(before)):
            return end
        return bisect_left(range(1, len(before)), True, key=stopped)

    def _find_ending_ids(self, stops: tuple[str, ...]) -> frozenset[int]:
        return self._eos_ids | {ids[0] for stop in stops if len(ids := self.encode(stop, True)) == 1}
