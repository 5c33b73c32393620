"""What one character has lived through in one save slot: append-only, so that its prompt's prefix stays in the cache.

A finished exchange is *pending* until the game tells what became of it. The next prompt already sees it, but it is no
memory yet: it becomes one, once, when the line was spoken, when the next exchange begins, or when time has passed.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Iterable
from typing import TypeAlias

import msgspec

from npc_engine import limits
from npc_engine.storage.search_terms import is_unspaced

#: How much an entry matters, 1 to 10: a question, an answer, something told, what is folded last.
QUESTION = 2
ORDINARY = 3
TELLING = 5
IMPORTANT = 7
PENDING_TURN_NS = int(limits.PENDING_TURN_S * 1_000_000_000)


class Heard(msgspec.Struct, frozen=True, tag="heard", omit_defaults=True):
    """Someone spoke to the character. `note` is what could be seen then, where that had changed; `minded` are memories
    that the words brought up, told in a sentence each. Nobody overhears what is `private`."""

    speaker: str
    text: str
    importance: int = ORDINARY
    gates: tuple[str, ...] = ()
    note: str = ""
    private: bool = False
    minded: tuple[str, ...] = ()


class Said(msgspec.Struct, frozen=True, tag="said", omit_defaults=True):
    """The character spoke to `to`, with an emotion and perhaps a deed."""

    text: str
    importance: int = ORDINARY
    gates: tuple[str, ...] = ()
    emotion: str = ""
    action: str = ""
    to: str = ""
    private: bool = False


class Event(msgspec.Struct, frozen=True, tag="event", omit_defaults=True):
    """Something happened where the character could see or hear it. Of words overheard, `speaker` said them."""

    text: str
    importance: int = ORDINARY
    gates: tuple[str, ...] = ()
    speaker: str = ""


#: `gates` names the gated facts an entry tells of, `npc.fact` each: it is remembered only while all of them are open.
Entry: TypeAlias = Heard | Said | Event


#: Takes entries that have become memory and who overheard them; returns a number for each, growing.
Number: TypeAlias = Callable[[list[Entry], tuple[str, ...]], Iterable[int]]


class PendingTurn(msgspec.Struct, frozen=True):
    """An exchange that nobody has confirmed. `heard` is None when the character spoke unasked; `audience` are those who
    were near enough to hear it."""

    turn: int
    heard: Heard | None
    said: Said
    since_ns: int
    audience: tuple[str, ...] = ()

    def entries(self) -> list[Entry]:
        """The turn as it would be remembered."""
        return [self.said] if self.heard is None else [self.heard, self.said]


class Journal:
    """The entries, oldest first, each with its number, and at most one pending turn. `number` is told of entries that
    have become memory and gives them their numbers. A turn is the caller's number for an exchange, used once."""

    def __init__(self, entries: Iterable[tuple[int, Entry]] = (), number: Number | None = None) -> None:
        self._entries = list(entries)
        self._number = number or self._count
        self._last = max(self.numbers, default=0)
        self._pending: PendingTurn | None = None

    @property
    def pending(self) -> PendingTurn | None:
        """The turn whose end is not known."""
        return self._pending

    @property
    def numbers(self) -> frozenset[int]:
        """The numbers of the entries that stand here."""
        return frozenset(number for number, _ in self._entries)

    def entries(self, *, include_pending: bool = True, without: Collection[int] = ()) -> list[Entry]:
        """What the character remembers but for the numbers `without`, and the turn that is still open."""
        entries = [entry for number, entry in self._entries if number not in without]
        if include_pending and self._pending is not None:
            entries += self._pending.entries()
        return entries

    def add(self, entry: Entry) -> int:
        """Something happened; a turn still pending came before it and is kept. Returns its number."""
        self.keep_pending()
        self._keep([entry])
        return self._entries[-1][0]

    def hold(self, turn: int, heard: Heard | None, said: Said, now_ns: int, audience: tuple[str, ...] = ()) -> None:
        """A reply was sent. It pends from now on; the turn that pended before is kept."""
        self.keep_pending()
        self._pending = PendingTurn(turn, heard, said, now_ns, audience)

    def spoken(self, turn: int, heard: int | None = None) -> bool:
        """The game showed the line, and `heard` code points of it (all if None) reached the listeners. Of a word cut in
        two nothing was heard; a turn of which nothing was heard is forgotten. False if this turn does not pend."""
        pending = self._pending
        if pending is None or pending.turn != turn:
            return False
        text = pending.said.text if heard is None else heard_words(pending.said.text, heard)
        self._pending = None
        if text:
            said = msgspec.structs.replace(pending.said, text=text)
            self._keep(msgspec.structs.replace(pending, said=said).entries(), pending.audience)
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

    def surplus(self, max_entries: int, kept: int) -> list[int]:
        """If there are more than `max_entries`, the numbers of the oldest, down to `kept`: one long cut now and then,
        not a changed prefix each turn. Important entries go last; an answer goes with its question."""
        before = len(self._entries)
        if before <= max_entries:
            return []
        surplus = before - kept
        by_worth = sorted(range(before), key=lambda index: (self._is_important(index), index))
        unimportant = sum(not self._is_important(index) for index in range(before))
        gone = set(by_worth[: min(surplus, max(unimportant, before - max_entries))])
        gone |= {index for index in range(1, before) if index - 1 in gone and self._is_answer(index)}
        return [number for index, (number, _) in enumerate(self._entries) if index in gone]

    def let_go(self, numbers: Collection[int]) -> None:
        """These entries no longer stand here."""
        self._entries = [(number, entry) for number, entry in self._entries if number not in numbers]

    def _is_important(self, index: int) -> bool:
        return self._entries[index][1].importance >= IMPORTANT

    def _is_answer(self, index: int) -> bool:
        answer, question = self._entries[index][1], self._entries[index - 1][1]
        return isinstance(answer, Said) and not self._is_important(index) and isinstance(question, Heard)

    def _keep(self, entries: list[Entry], audience: tuple[str, ...] = ()) -> None:
        self._entries += zip(self._number(entries, audience), entries, strict=True)

    def _count(self, entries: list[Entry], audience: tuple[str, ...]) -> Iterable[int]:
        first, self._last = self._last + 1, self._last + len(entries)
        return range(first, self._last + 1)


def heard_words(text: str, code_points: int) -> str:
    """The whole words among the first code points of `text`. Where a script has no spaces, every character is one."""
    if code_points >= len(text):
        return text
    for end in range(code_points, 0, -1):
        last, following = text[end - 1], text[end]
        goes_on = unicodedata.category(following)[0] in "LMN" or following in "'\u2019-"
        starts = is_unspaced(following) and unicodedata.category(following)[0] != "M"
        if last.isspace() or not goes_on or starts:
            return text[:end].rstrip()
    return ""
