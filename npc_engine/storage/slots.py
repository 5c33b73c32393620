"""Save slots and their rows as SQL: each function changes or reads through the connection it is given. The transaction
around it is the caller's."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Sequence

from npc_engine.errors import ErrorCode, NpcError
from npc_engine.storage import search
from npc_engine.storage.rows import Row, SlotInfo, Snapshot


def find(connection: sqlite3.Connection, game: str, slot: str) -> int | None:
    """The slot's number in this database."""
    found = connection.execute("SELECT id FROM slot WHERE game = ? AND name = ?", (game, slot)).fetchone()
    return None if found is None else int(found[0])


def listed(connection: sqlite3.Connection, game: str) -> list[SlotInfo]:
    """The game's slots by name."""
    found = connection.execute(
        """
        SELECT name, epoch, (SELECT count(*) FROM memory WHERE memory.slot = slot.id), saved_at
        FROM slot WHERE game = ? ORDER BY name
        """,
        (game,),
    )
    return [SlotInfo(*columns) for columns in found]


def read(connection: sqlite3.Connection, game: str, slot: str) -> Snapshot | None:
    """Everything of a slot, None if there is none of that name."""
    found = connection.execute("SELECT id, epoch, state FROM slot WHERE game = ? AND name = ?", (game, slot)).fetchone()
    if found is None:
        return None
    slot_id, epoch, state = found
    rows = connection.execute(
        "SELECT npc, seq, text, importance, in_journal, body FROM memory WHERE slot = ? ORDER BY seq", (slot_id,)
    )
    return Snapshot(
        epoch,
        state,
        [
            Row(npc, seq, text, importance, bool(in_journal), body)
            for npc, seq, text, importance, in_journal, body in rows
        ],
    )


def put_state(connection: sqlite3.Connection, game: str, slot: str, epoch: int, state: bytes) -> None:
    """Set epoch and state; the slot begins with this if it is new."""
    connection.execute(
        """
        INSERT INTO slot (game, name, epoch, saved_at, state) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (game, name) DO UPDATE
        SET epoch = excluded.epoch, saved_at = excluded.saved_at, state = excluded.state
        """,
        (game, slot, epoch, time.time(), state),
    )


def add(connection: sqlite3.Connection, game: str, slot: str, rows: Iterable[Row]) -> None:
    """Add rows; the slot begins with them, in epoch 0 and without a state, if it is new."""
    slot_id = find(connection, game, slot)
    if slot_id is None:
        put_state(connection, game, slot, 0, b"")
        slot_id = find(connection, game, slot)
        assert slot_id is not None
    for row in rows:
        inserted = connection.execute(
            "INSERT INTO memory (slot, seq, npc, importance, in_journal, text, body) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (slot_id, row.seq, row.npc, row.importance, row.in_journal, row.text, row.body),
        )
        assert inserted.lastrowid is not None
        search.index(connection, inserted.lastrowid, slot_id, row)


def fold(connection: sqlite3.Connection, game: str, slot: str, npc: str, seqs: Sequence[int]) -> None:
    """Take rows of a character out of its journal; they stay in its memory."""
    slot_id = find(connection, game, slot)
    connection.executemany(
        "UPDATE memory SET in_journal = 0 WHERE slot = ? AND npc = ? AND seq = ?", [(slot_id, npc, seq) for seq in seqs]
    )


def forget(connection: sqlite3.Connection, game: str, slot: str, npc: str, seqs: Sequence[int]) -> None:
    """Delete rows of a character."""
    slot_id = find(connection, game, slot)
    connection.executemany(
        "DELETE FROM memory WHERE slot = ? AND npc = ? AND seq = ?", [(slot_id, npc, seq) for seq in seqs]
    )


def replace(connection: sqlite3.Connection, game: str, slot: str, snapshot: Snapshot) -> None:
    """Make the slot what the snapshot says, whatever it was."""
    delete(connection, game, slot)
    put_state(connection, game, slot, snapshot.epoch, snapshot.state)
    add(connection, game, slot, snapshot.rows)


def copy(connection: sqlite3.Connection, game: str, slot: str, to: str) -> None:
    """Copy a slot. Raises `NpcError` UNKNOWN_SLOT, or SLOT_TAKEN if `to` is there already."""
    source = find(connection, game, slot)
    if source is None:
        raise NpcError(ErrorCode.UNKNOWN_SLOT, f"there is no save slot {slot!r} to copy")
    if find(connection, game, to) is not None:
        raise NpcError(ErrorCode.SLOT_TAKEN, f"there is a save slot {to!r} already. Choose another name, or delete it.")
    target = connection.execute(
        "INSERT INTO slot (game, name, epoch, saved_at, state) SELECT game, ?, epoch, ?, state FROM slot WHERE id = ?",
        (to, time.time(), source),
    ).lastrowid
    connection.execute(
        """
        INSERT INTO memory (slot, seq, npc, importance, in_journal, text, body)
        SELECT ?, seq, npc, importance, in_journal, text, body FROM memory WHERE slot = ? ORDER BY seq
        """,
        (target, source),
    )
    # In SQL, so that a large slot does not hold Python's lock; `hex` spells the owner as search.owner does.
    connection.execute(
        """
        INSERT INTO memory_index (rowid, owner, terms)
        SELECT copied.id, ? || 'x' || lower(hex(copied.npc)), memory_index.terms
        FROM memory AS copied
        JOIN memory AS original ON original.slot = ? AND original.seq = copied.seq
        JOIN memory_index ON memory_index.rowid = original.id
        WHERE copied.slot = ?
        """,
        (target, source, target),
    )


def delete(connection: sqlite3.Connection, game: str, slot: str) -> None:
    """Delete a slot and its rows; nothing happens if there is none of that name."""
    connection.execute("DELETE FROM slot WHERE game = ? AND name = ?", (game, slot))
