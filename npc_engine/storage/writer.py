"""The one thread that writes. It takes all that waits, writes it in one transaction, and completes the futures when the
disk has it: one flush pays for many writes (group commit)."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TypeAlias

from npc_engine.errors import ErrorCode, NpcError

#: Changes the database through the connection it is given; its transaction is the writer's.
Write: TypeAlias = Callable[[sqlite3.Connection], None]


@dataclass(slots=True)
class _Job:
    write: Write
    future: Future[None] = field(default_factory=Future)


class Writer:
    """Writes in the order of submission. The connection belongs to its thread until `close` returns."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._waiting: list[_Job] = []
        self._closed = False
        self._changed = threading.Condition()
        # A daemon thread: a program that forgets to close still ends, with only unacknowledged writes lost.
        self._thread = threading.Thread(target=self._run, name="storage-writer", daemon=True)
        self._thread.start()

    def submit(self, write: Write) -> Future[None]:
        """Queue a write. Its future is done when the disk has it, or fails with `NpcError`: what the write raised, or
        STORAGE_FAILED. It cannot be cancelled, so that a caller that stops waiting loses nothing."""
        job = _Job(write)
        job.future.set_running_or_notify_cancel()
        with self._changed:
            if not self._closed:
                self._waiting.append(job)
                self._changed.notify()
                return job.future
        job.future.set_exception(NpcError(ErrorCode.STORAGE_FAILED, "the storage is closed; nothing was written."))
        return job.future

    def close(self) -> None:
        """Write all that waits, then stop."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while batch := self._next_batch():
            self._commit(batch)

    def _next_batch(self) -> list[_Job]:
        """All that waits; empty when closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            batch, self._waiting = self._waiting, []
            return batch

    def _commit(self, batch: list[_Job]) -> None:
        try:
            with self._connection:
                for job in batch:
                    job.write(self._connection)
        except Exception as error:  # whatever it is, the thread must live on and the futures must end
            if len(batch) == 1:
                batch[0].future.set_exception(_failure(error))
                return
            # One bad write takes no other down: each again by itself.
            for job in batch:
                self._commit([job])
        else:
            for job in batch:
                job.future.set_result(None)


def _failure(error: Exception) -> NpcError:
    if isinstance(error, NpcError):
        return error
    failure = NpcError(
        ErrorCode.STORAGE_FAILED, f"the database could not be written: {error}. Nothing was changed; is the disk full?"
    )
    failure.__cause__ = error
    return failure
