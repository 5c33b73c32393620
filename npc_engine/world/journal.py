"""What one character has lived through in one save slot: append-only, so that its prompt's prefix stays in the cache.

A finished exchange is *pending* until the game tells what became of it. The next prompt already sees it, but it is no
memory yet: it becomes one, once, when the line was spoken, when the next exchange begins, or when time has passed.
"""

from __future__ import annotations

import unicodedata
from typing import TypeAlias

import msgspec

from npc_engine import limits

PENDING_TURN_NS = int(limits.PENDING_TURN_S * 1_000_000_000)


class Heard(msgspec.Struct, frozen=True, tag="heard"):
    """Someone spoke to the character."""

    speaker: str
    text: str
    important: bool = False


class Said(msgspec.Struct, frozen=True, tag="said"):
    """The character spoke."""

    text: str
    important: bool = False


class Event(msgspec.Struct, frozen=True, tag="event"):
    """Something happened where the character could see it."""

    text: str
    important: bool = False


Entry: TypeAlias = Heard | Said | Event


class PendingTurn(msgspec.Struct, frozen=True):
    """An exchange that nobody has confirmed. `heard` is None when the character spoke unasked."""

    turn: int
    heard: Heard | None
    said: Said
    since_ns: int

    def entries(self) -> list[Entry]:
        """The turn as it would be remembered."""
        return [self.said] if self.heard is None else [self.heard, self.said]


class Journal:
    """The entries, oldest first, and at most one pending turn. `turn` is the caller's number for an exchange, used
    once."""

    def __init__(self, entries: list[Entry] | None = None) -> None:
        self._entries: list[Entry] = list(entries or [])
        self._pending: PendingTurn | None = None

    @property
    def pending(self) -> PendingTurn | None:
        """The turn whose end is not known."""
        return self._pending

    def entries(self, *, include_pending: bool = True) -> list[Entry]:
        """What the character remembers, and the turn that is still open."""
        if include_pending and self._pending is not None:
            return self._entries + self._pending.entries()
        return list(self._entries)

    def add(self, entry: Entry) -> None:
        """Something happened; a turn still pending came before it and is kept."""
        self.keep_pending()
        self._entries.append(entry)

    def hold(self, turn: int, heard: Heard | None, said: Said, now_ns: int) -> None:
        """A reply was sent. It pends from now on; the turn that pended before is kept."""
        self.keep_pending()
        self._pending = PendingTurn(turn, heard, said, now_ns)

    def spoken(self, turn: int, heard: int | None = None) -> bool:
        """The game showed the line, and `heard` code points of it (all if None) reached the listeners. Of a word cut in
        two nothing was heard; a turn of which nothing was heard is forgotten. False if this turn does not pend."""
        pending = self._pending
        if pending is None or pending.turn != turn:
            return False
        text = pending.said.text if heard is None else heard_words(pending.said.text, heard)
        self._pending = None
        if text:
            said = Said(text, pending.said.important)
            self._entries += msgspec.structs.replace(pending, said=said).entries()
        return True

    def drop(self, turn: int) -> bool:
        """The line was never said: forget the turn. False if it does not pend."""
        return self.spoken(turn, 0)

    def keep_pending(self) -> None:
        """Remember the pending turn whole: the next exchange with this character begins."""
        if self._pending is not None:
            self.spoken(self._pending.turn)

    def expire(self, now_ns: int) -> bool:
        """Keep a turn that has pended for `limits.PENDING_TURN_S`. True if there was one."""
        if self._pending is None or now_ns - self._pending.since_ns < PENDING_TURN_NS:
            return False
        self.keep_pending()
        return True

    def fold(self, max_entries: int, kept: int) -> int:
        """If there are more than `max_entries`, forget the oldest, down to `kept`: one long cut now and then, not a
        changed prefix each turn. Important entries go last; an answer goes with its question. Returns how many."""
        before = len(self._entries)
        if before <= max_entries:
            return 0
        surplus = before - kept
        by_worth = sorted(range(before), key=lambda index: (self._entries[index].important, index))
        unimportant = sum(not entry.important for entry in self._entries)
        gone = set(by_worth[: min(surplus, max(unimportant, before - max_entries))])
        gone |= {index for index in range(1, before) if index - 1 in gone and self._is_answer(index)}
        self._entries = [entry for index, entry in enumerate(self._entries) if index not in gone]
        return before - len(self._entries)

    def _is_answer(self, index: int) -> bool:
        entry = self._entries[index]
        return isinstance(entry, Said) and not entry.important and isinstance(self._entries[index - 1], Heard)


def heard_words(text: str, code_points: int) -> str:
    """The whole words among the first code points of `text`. From CJK on, every character is a word."""
    if code_points >= len(text):
        return text
    for end in range(code_points, 0, -1):
        last, following = text[end - 1], text[end]
        goes_on = unicodedata.category(following)[0] in "LMN" or following in "'\u2019-"
        if last.isspace() or not goes_on or ord(following) >= 0x2E80:
            return text[:end].rstrip()
    return ""
