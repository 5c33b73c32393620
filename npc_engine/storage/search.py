"""The full-text index: FTS5 over the terms of each row, ranked by BM25, narrowed to one character.

FTS5 never sees a text, only its terms, split at spaces; and a query is made of quoted terms, which hold no quote. So
nothing a player types is FTS5 syntax. `owner` is one more term of each row: it names slot and character, and weighs
nothing in the ranking.
"""

from __future__ import annotations

import sqlite3

from npc_engine.storage.rows import Hit, Row
from npc_engine.storage.search_terms import terms

#: Different terms of a text that are looked up at most.
QUERY_TERMS = 32

_SEARCH = """
    SELECT npc, seq, text, importance, in_journal, body, -rank
    FROM memory_index JOIN memory ON memory.id = memory_index.rowid
    WHERE memory_index MATCH ? AND seq < ?
    ORDER BY rank, seq DESC LIMIT ?
"""
#: More than any `seq`: SQLite's largest integer.
_NO_BOUND = (1 << 63) - 1


def index(connection: sqlite3.Connection, memory_id: int, slot_id: int, row: Row) -> None:
    """Make a row just inserted as `memory_id` findable. A trigger of the schema takes it out when it is deleted."""
    connection.execute(
        "INSERT INTO memory_index (rowid, owner, terms) VALUES (?, ?, ?)",
        (memory_id, owner(slot_id, row.npc), " ".join(terms(row.text))),
    )


def owner(slot_id: int, npc: str) -> str:
    """The term that all rows of one character in one slot have in common: letters and digits, whatever its name."""
    return f"{slot_id}x{npc.encode().hex()}"


def search(
    connection: sqlite3.Connection, slot_id: int, npc: str, text: str, limit: int, before_seq: int | None
) -> list[Hit]:
    """The rows of a character that share terms with `text`, best first; of equals the newest first."""
    asked = list(dict.fromkeys(terms(text)))[:QUERY_TERMS]
    if not asked:
        return []
    any_of = " OR ".join(f'"{term}"' for term in asked)
    query = f'owner : "{owner(slot_id, npc)}" AND terms : ({any_of})'
    found = connection.execute(_SEARCH, (query, _NO_BOUND if before_seq is None else before_seq, limit))
    return [
        Hit(Row(name, seq, said, importance, bool(in_journal), body), relevance)
        for name, seq, said, importance, in_journal, body, relevance in found
    ]
