"""The database of a daemon: what characters remember and how each save slot stands.

SQLite in WAL mode. One thread writes; a write is *acknowledged* when its future is done, and outlives a crash from then
on. Reading has a connection of its own and waits for no writer.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path

from npc_engine.errors import ErrorCode, NpcError
from npc_engine.storage import search, slots
from npc_engine.storage.connection import claim, open_for_reading, open_for_writing
from npc_engine.storage.rows import Hit, Row, SlotInfo, Snapshot
from npc_engine.storage.writer import Writer

FILE_NAME = "npc_engine.sqlite"


class Store:
    """A database file, made if missing, held by one process at a time; with None a temporary one, deleted on close.

    Raises `NpcError` STORAGE_IN_USE, or STORAGE_FAILED if the file cannot be used, is damaged or newer than this
    engine. What
    changes something may be called from any thread; what reads, and `close`, from one thread at a time. The futures
    fail with `NpcError`, STORAGE_FAILED unless stated; then nothing of that write happened, and later writes go on.
    """

    def __init__(self, path: Path | None) -> None:
        with ExitStack() as opened:
            if path is None:
                path = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="npc_engine-"))) / FILE_NAME
            opened.enter_context(closing(claim(path)))
            writing = opened.enter_context(closing(open_for_writing(path)))
            self._reader = opened.enter_context(closing(open_for_reading(path)))
            self._writer = Writer(writing)
            opened.callback(self._writer.close)
            self._opened = opened.pop_all()

    def close(self) -> None:
        """Write all that waits and let go of the file. Writes that come later fail."""
        self._opened.close()

    def load(self, game: str, slot: str) -> Snapshot | None:
        """Everything of a slot, all writes queued before included; None if there is none of that name."""
        self._settle()
        with self._reading() as connection:
            return slots.read(connection, game, slot)

    def slots(self, game: str) -> list[SlotInfo]:
        """The game's slots by name, all writes queued before included."""
        self._settle()
        with self._reading() as connection:
            return slots.listed(connection, game)

    def search(self, game: str, slot: str, npc: str, text: str, limit: int, before_seq: int | None = None) -> list[Hit]:
        """The character's rows that share words with `text`, best first, at most `limit`, and with `before_seq` only
        those below it. It sees what has been acknowledged, and waits for nothing."""
        with self._reading() as connection:
            slot_id = slots.find(connection, game, slot)
            return [] if slot_id is None else search.search(connection, slot_id, npc, text, limit, before_seq)

    def put_state(self, game: str, slot: str, epoch: int, state: bytes) -> Future[None]:
        """Set a slot's epoch and state. A slot begins with the first thing written to it."""
        return self._writer.submit(partial(slots.put_state, game=game, slot=slot, epoch=epoch, state=state))

    def add(self, game: str, slot: str, rows: Sequence[Row]) -> Future[None]:
        """Add rows, all or none. Each `seq` must be new in its slot."""
        return self._writer.submit(partial(slots.add, game=game, slot=slot, rows=tuple(rows)))

    def fold(self, game: str, slot: str, npc: str, seqs: Sequence[int]) -> Future[None]:
        """Take rows of a character out of its journal; they stay in its memory. Rows that are not there are skipped."""
        return self._writer.submit(partial(slots.fold, game=game, slot=slot, npc=npc, seqs=tuple(seqs)))

    def forget(self, game: str, slot: str, npc: str, seqs: Sequence[int]) -> Future[None]:
        """Delete rows of a character. Rows that are not there are skipped."""
        return self._writer.submit(partial(slots.forget, game=game, slot=slot, npc=npc, seqs=tuple(seqs)))

    def replace(self, game: str, slot: str, snapshot: Snapshot) -> Future[None]:
        """Make a slot what the snapshot says, all or nothing."""
        return self._writer.submit(partial(slots.replace, game=game, slot=slot, snapshot=snapshot))

    def copy(self, game: str, slot: str, to: str) -> Future[None]:
        """Copy a slot. Fails with UNKNOWN_SLOT, or with SLOT_TAKEN if `to` is there already."""
        return self._writer.submit(partial(slots.copy, game=game, slot=slot, to=to))

    def delete(self, game: str, slot: str) -> Future[None]:
        """Delete a slot and its rows. Nothing happens if there is none of that name."""
        return self._writer.submit(partial(slots.delete, game=game, slot=slot))

    def _settle(self) -> None:
        """Wait for the writes that are queued."""
        self._writer.submit(lambda connection: None).result()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """One consistent view of the database."""
        try:
            self._reader.execute("BEGIN")
            with self._reader:
                yield self._reader
        except sqlite3.Error as error:
            message = f"the database could not be read: {error}. Is the disk in order?"
            raise NpcError(ErrorCode.STORAGE_FAILED, message) from error
