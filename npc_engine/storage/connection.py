"""Opening the database: one process at a time, checked, and brought up to date."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from npc_engine.errors import ErrorCode, NpcError
from npc_engine.storage.migrations import migrate


def claim(path: Path) -> sqlite3.Connection:
    """Lock the database at `path` for this process: until the connection returned is closed, or the process dies.

    The lock is SQLite's own, on an empty database beside the real one: the real one, locked like this, could not be
    read by our second connection. The file stays behind: removing it would let a third process lock a different one.
    Raises `NpcError` STORAGE_IN_USE if another has it.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(
            path.with_name(path.name + ".lock"), timeout=0, isolation_level=None, check_same_thread=False
        )
    except (OSError, sqlite3.Error) as error:
        raise _unusable(path, error) from error
    try:
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as error:
        connection.close()
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            message = f"{path} is in use by another daemon. Stop that one, or choose another file."
            raise NpcError(ErrorCode.STORAGE_IN_USE, message) from error
        raise _unusable(path, error) from error
    return connection


def open_for_writing(path: Path) -> sqlite3.Connection:
    """The connection for the writer's thread; the file is made if missing. A commit returns when the disk has it.
    Raises `NpcError` STORAGE_FAILED."""
    try:
        connection = sqlite3.connect(path, isolation_level="IMMEDIATE", check_same_thread=False)
    except sqlite3.Error as error:
        raise _unusable(path, error) from error
    try:
        migrate(connection)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        check(connection)
    except sqlite3.Error as error:
        connection.close()
        raise _unusable(path, error) from error
    except NpcError as error:
        connection.close()
        raise NpcError(error.code, f"{path}: {error.message}") from error
    return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    """A connection to a database that is open for writing already. It may be handed from thread to thread."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA query_only = ON")
    return connection


def check(connection: sqlite3.Connection) -> None:
    """Raises `sqlite3.DatabaseError` if the file is damaged."""
    with closing(connection.execute("PRAGMA quick_check(1)")) as result:
        verdict = result.fetchone()[0]
    if verdict != "ok":
        raise sqlite3.DatabaseError(verdict)


def _unusable(path: Path, error: Exception) -> NpcError:
    message = (
        f"{path} cannot be used: {error}. Check that folder and file can be written; a damaged file can be moved away, "
        "a new one is made then."
    )
    return NpcError(ErrorCode.STORAGE_FAILED, message)
