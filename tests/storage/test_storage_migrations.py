"""Migrations: files of older versions open, those of newer ones and of others are left alone."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from storage_rows import GAME, GOLDEN, SLOT

from npc_engine.errors import ErrorCode, NpcError
from npc_engine.storage.db import Store
from npc_engine.storage.migrations import APPLICATION_ID, STEPS, migrate
from npc_engine.storage.rows import Row, Snapshot


def script(path: Path, statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(statements)


def one(connection: sqlite3.Connection, query: str) -> object:
    return connection.execute(query).fetchone()[0]


def test_a_database_of_version_1_opens_and_works(tmp_path: Path) -> None:
    script(tmp_path / "db", (GOLDEN / "schema_v1.sql").read_text(encoding="utf-8"))
    with closing(Store(tmp_path / "db")) as store:
        assert store.load(GAME, SLOT) == Snapshot(
            3,
            b"\x81\x01",
            [
                Row("marta", 1, "Rain began.", 2, False, b"\x92\x01"),
                Row("marta", 2, "Who bought the mill?", 6, True, b"\x92\x02"),
            ],
        )
        assert [info.name for info in store.slots(GAME)] == ["old", SLOT]
        assert [hit.row.seq for hit in store.search(GAME, SLOT, "marta", "the mills", 5)] == [2]
        assert [hit.row.seq for hit in store.search(GAME, "old", "bram", "水車", 5)] == [1]
        store.add(GAME, SLOT, [Row("marta", 3, "The mill burns.", 9, True, b"")]).result()
        store.forget(GAME, SLOT, "marta", [2]).result()
        assert [hit.row.seq for hit in store.search(GAME, SLOT, "marta", "mill", 5)] == [3]
        store.delete(GAME, "old").result()


def test_a_new_database_has_the_latest_version(tmp_path: Path) -> None:
    Store(tmp_path / "db").close()
    with closing(sqlite3.connect(tmp_path / "db")) as connection:
        assert one(connection, "PRAGMA user_version") == len(STEPS)
        assert one(connection, "PRAGMA application_id") == APPLICATION_ID


def test_a_newer_database_is_left_alone(tmp_path: Path) -> None:
    Store(tmp_path / "db").close()
    script(tmp_path / "db", "PRAGMA user_version = 99")
    before = (tmp_path / "db").read_bytes()
    with pytest.raises(NpcError, match="Update the engine") as caught:
        Store(tmp_path / "db")
    assert caught.value.code is ErrorCode.STORAGE_FAILED
    assert str(tmp_path / "db") in caught.value.message
    assert (tmp_path / "db").read_bytes() == before


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    script(tmp_path / "db", "CREATE TABLE bookmark (url TEXT)")
    before = (tmp_path / "db").read_bytes()
    with pytest.raises(NpcError, match="another program"):
        Store(tmp_path / "db")
    assert (tmp_path / "db").read_bytes() == before


def test_steps_run_once_and_in_order() -> None:
    with closing(sqlite3.connect(":memory:", isolation_level="IMMEDIATE")) as connection:
        migrate(connection)
        steps = (*STEPS, ("CREATE TABLE second (x)",), ("INSERT INTO second VALUES (3)",))
        migrate(connection, steps)
        migrate(connection, steps)
        assert one(connection, "SELECT count(*) FROM second") == 1
        assert one(connection, "PRAGMA user_version") == 3


def test_a_step_that_fails_changes_nothing() -> None:
    with closing(sqlite3.connect(":memory:", isolation_level="IMMEDIATE")) as connection:
        migrate(connection)
        with pytest.raises(sqlite3.Error):
            migrate(connection, (*STEPS, ("CREATE TABLE second (x)",), ("INSERT INTO nowhere VALUES (1)",)))
        assert one(connection, "PRAGMA user_version") == 1
        assert one(connection, "SELECT count(*) FROM sqlite_schema WHERE name = 'second'") == 0
        assert not connection.in_transaction
