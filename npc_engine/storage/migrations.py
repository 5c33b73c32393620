"""The schema of the database, as the steps that led to it. A step, once released, never changes; a new one is added.

`PRAGMA user_version` says how many steps a file has seen, `PRAGMA application_id` that it is ours at all.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from npc_engine.errors import ErrorCode, NpcError

#: "NPCe": what `file` and SQLite's tools show for our databases.
APPLICATION_ID = 0x4E504365

#: `memory_index.owner` is explained in search.py. The ascii tokenizer splits at spaces and leaves all else alone.
_FIRST = (
    """
    CREATE TABLE slot (
        id INTEGER PRIMARY KEY,
        game TEXT NOT NULL,
        name TEXT NOT NULL,
        epoch INTEGER NOT NULL,
        saved_at REAL NOT NULL,
        state BLOB NOT NULL,
        UNIQUE (game, name)
    )
    """,
    """
    CREATE TABLE memory (
        id INTEGER PRIMARY KEY,
        slot INTEGER NOT NULL REFERENCES slot (id) ON DELETE CASCADE,
        seq INTEGER NOT NULL,
        npc TEXT NOT NULL,
        importance INTEGER NOT NULL,
        in_journal INTEGER NOT NULL,
        text TEXT NOT NULL,
        body BLOB NOT NULL,
        UNIQUE (slot, seq)
    )
    """,
    "CREATE VIRTUAL TABLE memory_index USING fts5 (owner, terms, tokenize = 'ascii')",
    "INSERT INTO memory_index (memory_index, rank) VALUES ('rank', 'bm25(0.0, 1.0)')",
    """
    CREATE TRIGGER memory_forgotten AFTER DELETE ON memory BEGIN
        DELETE FROM memory_index WHERE rowid = old.id;
    END
    """,
    f"PRAGMA application_id = {APPLICATION_ID}",
)

#: Each step is statements that lead from one version to the next.
STEPS: tuple[Sequence[str], ...] = (_FIRST,)


def migrate(connection: sqlite3.Connection, steps: Sequence[Sequence[str]] = STEPS) -> None:
    """Bring the schema up to date, all or nothing. Raises `NpcError` STORAGE_FAILED if the file is not ours or newer
    than this engine, `sqlite3.Error` if a step fails or the file cannot be written."""
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        version = _number(connection, "PRAGMA user_version")
        tables = _number(connection, "SELECT count(*) FROM sqlite_schema")
        if tables and _number(connection, "PRAGMA application_id") != APPLICATION_ID:
            raise NpcError(ErrorCode.STORAGE_FAILED, "the file is a database of another program. Choose another file.")
        if version > len(steps):
            message = f"the database has version {version}, this engine reads up to {len(steps)}. Update the engine."
            raise NpcError(ErrorCode.STORAGE_FAILED, message)
        for step in steps[version:]:
            for statement in step:
                connection.execute(statement)
        if version < len(steps):
            connection.execute(f"PRAGMA user_version = {len(steps)}")


def _number(connection: sqlite3.Connection, query: str) -> int:
    return int(connection.execute(query).fetchone()[0])
