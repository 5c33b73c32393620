"""What the characters of one save slot remember beyond their journals: kept in the database, found by what a line is
about.

A memory's worth is relevance × recency × importance, after Park et al., "Generative Agents" (2023), who add the three;
a product lets none of them carry a memory alone. Relevance is the full-text search's (BM25).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable

import msgspec

from npc_engine.storage.db import Store
from npc_engine.storage.rows import Hit, Row
from npc_engine.world.journal import Entry, Event, Heard, Said

#: Rows the search may offer for one line.
CANDIDATES = 24
#: Memories that fade: of two equal ones, one that lies this many entries further back is worth less by 1/e, but never
#: less than the floor's share, or nothing told early would ever be found.
FADING = 400.0
FLOOR = 0.3
#: Memories a character keeps at most, and how many go at once when it is more.
MEMORIES = 1_500
FORGOTTEN_AT_ONCE = 100

_entry_decoder: msgspec.msgpack.Decoder[Entry] = msgspec.msgpack.Decoder(Entry)


class Memory:
    """The memories of one slot. `last` is the number of the newest entry of anybody."""

    def __init__(self, store: Store, game: str, slot: str, last: int = 0) -> None:
        self._store = store
        self._game = game
        self._slot = slot
        self.last = last

    def keep(self, npc: str, entries: list[Entry], *, in_journal: bool = True) -> Iterable[int]:
        """These are memories of `npc` from now on; returns their numbers."""
        first, self.last = self.last + 1, self.last + len(entries)
        numbers = range(first, self.last + 1)
        rows = [to_row(npc, number, entry, in_journal) for number, entry in zip(numbers, entries, strict=True)]
        self._store.add(self._game, self._slot, rows)
        return numbers

    def leave_journal(self, npc: str, numbers: list[int]) -> None:
        """These entries have left the journal and are found by search alone."""
        if numbers:
            self._store.fold(self._game, self._slot, npc, numbers)

    def recall(
        self, npc: str, text: str, *, but: Collection[int], may: Callable[[Entry], bool], limit: int
    ) -> list[Entry]:
        """The memories that `text` calls up, most worth first: none of the numbers `but`, and only those that `may` be
        told."""
        hits = self._store.search(self._game, self._slot, npc, text, CANDIDATES + len(but))
        found = [(self._worth(hit), from_row(hit.row)) for hit in hits if hit.row.seq not in but]
        found = sorted(((worth, entry) for worth, entry in found if may(entry)), key=lambda item: -item[0])
        return list({entry.text: entry for _, entry in found}.values())[:limit]

    def forget_surplus(self, npc: str, rows: Iterable[Row]) -> int:
        """Of `rows`, let those of `npc` go that are worth least, if they are too many; returns how many it has then.
        What stands in the journal stays."""
        own = [row for row in rows if row.npc == npc]
        if len(own) <= MEMORIES:
            return len(own)
        spare = sorted((row for row in own if not row.in_journal), key=lambda row: (row.importance, row.seq))
        surplus = len(own) - MEMORIES + FORGOTTEN_AT_ONCE
        gone = sorted(row.seq for row in spare[:surplus])
        self._store.forget(self._game, self._slot, npc, gone)
        return len(own) - len(gone)

    def _worth(self, hit: Hit) -> float:
        recency = FLOOR + (1 - FLOOR) * math.exp((hit.row.seq - self.last) / FADING)
        return hit.relevance * recency * hit.row.importance


def to_row(npc: str, number: int, entry: Entry, in_journal: bool) -> Row:
    """An entry as it is stored."""
    body = msgspec.msgpack.encode(entry, order="deterministic")
    return Row(npc, number, entry.text, entry.importance, in_journal, body)


def from_row(row: Row) -> Entry:
    """A stored entry. Raises msgspec.DecodeError if it is none."""
    return _entry_decoder.decode(row.body)


def tell(entry: Entry, name: str, call: Callable[[str], str]) -> str:
    """A memory in one sentence; `name` remembers it, and `call` says how a speaker is called."""
    match entry:
        case Heard(speaker=speaker, text=text):
            return f"{call(speaker)} once told {name}: \u201c{text}\u201d"
        case Said(text=text):
            return f"{name} once said: \u201c{text}\u201d"
        case Event(text=text):
            return text
