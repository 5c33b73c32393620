"""The store: slots, rows, all or nothing, one process, and what happens when the disk says no."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from storage_rows import GAME, SLOT, row, seqs

from npc_engine.errors import ErrorCode, NpcError
from npc_engine.storage.db import Store
from npc_engine.storage.rows import Row, Snapshot


@pytest.fixture
def store() -> Iterator[Store]:
    with closing(Store(None)) as store:
        yield store


def refused(path: Path) -> str:
    with pytest.raises(NpcError) as caught:
        Store(path).close()
    assert caught.value.code is ErrorCode.STORAGE_FAILED
    return caught.value.message


def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "made" / "for it" / "memory.sqlite"
    with closing(Store(path)) as store:
        store.put_state(GAME, SLOT, 3, b"state")
        store.add(GAME, SLOT, [row(2), row(1, npc="bram", in_journal=False)])
    with closing(Store(path)) as store:
        assert store.load(GAME, SLOT) == Snapshot(3, b"state", [row(1, npc="bram", in_journal=False), row(2)])


def test_load_sees_all_that_was_queued_before(store: Store) -> None:
    for seq in range(300):
        store.add(GAME, SLOT, [row(seq)])
    snapshot = store.load(GAME, SLOT)
    assert snapshot is not None
    assert seqs(snapshot.rows) == list(range(300))


def test_slots_are_listed_by_name_and_game(store: Store) -> None:
    store.put_state(GAME, "b", 2, b"")
    store.add(GAME, "a", [row(1), row(2)])
    store.put_state("other", "c", 1, b"")
    first, second = store.slots(GAME)
    assert (first.name, first.epoch, first.rows) == ("a", 0, 2)
    assert (second.name, second.epoch, second.rows) == ("b", 2, 0)
    assert 1.7e9 < first.saved_at <= second.saved_at + 1
    assert store.slots("nothing") == []
    assert store.load(GAME, "nothing") is None


def test_a_number_given_twice_adds_nothing_of_that_write(store: Store) -> None:
    store.add(GAME, SLOT, [row(1)])
    twice = store.add(GAME, SLOT, [row(2), row(1)])
    after = store.add(GAME, SLOT, [row(3)])
    error = twice.exception()
    assert isinstance(error, NpcError)
    assert error.code is ErrorCode.STORAGE_FAILED
    assert after.result() is None
    snapshot = store.load(GAME, SLOT)
    assert snapshot is not None
    assert seqs(snapshot.rows) == [1, 3]
    assert seqs(hit.row for hit in store.search(GAME, SLOT, "marta", "rain", 9)) == [3, 1]


def test_a_replacement_that_fails_leaves_what_was(store: Store) -> None:
    store.put_state(GAME, SLOT, 1, b"before")
    store.add(GAME, SLOT, [row(1)])
    failed = store.replace(GAME, SLOT, Snapshot(2, b"after", [row(5), row(5)]))
    assert isinstance(failed.exception(), NpcError)
    assert store.load(GAME, SLOT) == Snapshot(1, b"before", [row(1)])


def test_copies_are_found_and_go_their_own_way(store: Store) -> None:
    store.add(GAME, SLOT, [row(1, "The mill."), row(2, "The inn.", "Ågot ÆØ")])
    store.put_state(GAME, SLOT, 4, b"s")
    store.copy(GAME, SLOT, "copy")
    store.forget(GAME, SLOT, "marta", [1])
    store.load(GAME, SLOT)
    assert store.search(GAME, SLOT, "marta", "mill", 5) == []
    assert [hit.row for hit in store.search(GAME, "copy", "marta", "mill", 5)] == [row(1, "The mill.")]
    assert seqs(hit.row for hit in store.search(GAME, "copy", "Ågot ÆØ", "inn", 5)) == [2]
    store.delete(GAME, SLOT)
    assert store.load(GAME, SLOT) is None
    assert store.load(GAME, "copy") == Snapshot(4, b"s", [row(1, "The mill."), row(2, "The inn.", "Ågot ÆØ")])


@pytest.mark.parametrize(
    ("source", "to", "code"),
    [
        ("nothing", "new", ErrorCode.UNKNOWN_SLOT),
        (SLOT, "taken", ErrorCode.SLOT_TAKEN),
        (SLOT, SLOT, ErrorCode.SLOT_TAKEN),
    ],
)
def test_copies_that_cannot_be(store: Store, source: str, to: str, code: ErrorCode) -> None:
    store.put_state(GAME, SLOT, 1, b"")
    store.put_state(GAME, "taken", 7, b"kept")
    error = store.copy(GAME, source, to).exception()
    assert isinstance(error, NpcError)
    assert error.code is code
    assert store.load(GAME, "taken") == Snapshot(7, b"kept", [])


def test_a_waiter_that_gives_up_cancels_no_write(store: Store) -> None:
    future = store.add(GAME, SLOT, [row(1)])
    assert not future.cancel()
    assert future.result() is None
    assert store.load(GAME, SLOT) is not None


def test_writes_from_many_threads(store: Store) -> None:
    def write(first: int) -> None:
        for seq in range(first, first + 25):
            store.add(GAME, SLOT, [row(seq)]).result()

    threads = [threading.Thread(target=write, args=(number * 25,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    snapshot = store.load(GAME, SLOT)
    assert snapshot is not None
    assert seqs(snapshot.rows) == list(range(200))


def test_after_close_writes_fail_and_a_second_close_does_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "db")
    last = store.add(GAME, SLOT, [row(1)])
    store.close()
    assert last.done()
    assert last.exception() is None
    error = store.add(GAME, SLOT, [row(2)]).exception()
    assert isinstance(error, NpcError)
    assert "closed" in error.message
    store.close()


def test_a_temporary_database_is_gone_afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with closing(Store(None)) as store:
        store.put_state(GAME, SLOT, 1, b"").result()
        assert list(tmp_path.iterdir())
    assert not list(tmp_path.iterdir())


def test_one_process_at_a_time(tmp_path: Path) -> None:
    with closing(Store(tmp_path / "db")):
        with pytest.raises(NpcError, match="another daemon") as caught:
            Store(tmp_path / "db")
        assert caught.value.code is ErrorCode.STORAGE_IN_USE
    Store(tmp_path / "db").close()


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "db").write_bytes(b"Dear diary, " * 500)
    assert "cannot be used" in refused(tmp_path / "db")
    assert (tmp_path / "db").read_bytes() == b"Dear diary, " * 500


def test_a_damaged_database(tmp_path: Path) -> None:
    path = tmp_path / "db"
    with closing(Store(path)) as store:
        store.add(GAME, SLOT, [row(seq, "long " * 200) for seq in range(300)])
    content = bytearray(path.read_bytes())
    for page in range(8, len(content) // 4096):
        content[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    path.write_bytes(content)
    assert "cannot be used" in refused(path)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert "cannot be used" in refused(tmp_path / "file" / "db")
    assert "cannot be used" in refused(tmp_path)


def test_a_full_disk_fails_its_writes_and_no_others(tmp_path: Path) -> None:
    path = tmp_path / "db"
    with closing(Store(path)) as store:
        store.add(GAME, SLOT, [row(1)]).result()

        def limit_pages(connection: sqlite3.Connection) -> None:
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {pages + 1}")

        def lift_limit(connection: sqlite3.Connection) -> None:
            connection.execute("PRAGMA max_page_count = 1000000")

        store._writer.submit(limit_pages).result()
        small = [store.fold(GAME, SLOT, "marta", [1])]
        large = [store.put_state(GAME, f"slot {n}", 1, bytes(100_000)) for n in range(3)]
        small.append(store.fold(GAME, SLOT, "marta", [1]))
        for future in large:
            error = future.exception()
            assert isinstance(error, NpcError)
            assert error.code is ErrorCode.STORAGE_FAILED
            assert "full" in error.message
        for done in small:
            assert done.result() is None
        store._writer.submit(lift_limit).result()
        store.put_state(GAME, "roomy", 1, bytes(100_000)).result()
        assert [info.name for info in store.slots(GAME)] == [SLOT, "roomy"]


def test_no_fault_of_any_kind_ends_the_writer(store: Store) -> None:
    def broken(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO slot (game, name, epoch, saved_at, state) VALUES ('x', 'y', 1, 1, '')")
        raise ZeroDivisionError("a fault")

    def halt(connection: sqlite3.Connection) -> None:
        released.wait(10)

    released = threading.Event()
    # The writer is held, so that all that follow make one batch.
    held = store._writer.submit(halt)
    before, fault, after = (
        store.add(GAME, SLOT, [row(1)]),
        store._writer.submit(broken),
        store.add(GAME, SLOT, [row(2)]),
    )
    surrogate = store.add(GAME, SLOT, [row(3, "\ud800")])
    too_large = store.add(GAME, SLOT, [row(1 << 70)])
    released.set()
    for future in (held, before, after):
        assert future.result() is None
    for failed in (fault, surrogate, too_large):
        assert isinstance(failed.exception(), NpcError)
    assert store.slots("x") == []
    assert [info.rows for info in store.slots(GAME)] == [2]


def test_a_commit_that_fails_is_rolled_back(store: Store) -> None:
    def orphan(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO slot (game, name, epoch, saved_at, state) VALUES ('x', 'y', 1, 1, '')")
        # Within the transaction that the statement above began, only its commit looks at this.
        connection.execute("PRAGMA defer_foreign_keys = ON")
        connection.execute("INSERT INTO memory VALUES (1, 99, 1, 'marta', 5, 1, '', '')")

    error = store._writer.submit(orphan).exception()
    assert isinstance(error, NpcError)
    assert "FOREIGN KEY" in error.message
    assert store.slots("x") == []
    assert store.add(GAME, SLOT, [row(1)]).result() is None


def test_a_database_that_goes_bad_while_reading(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("npc_engine.storage.search._SEARCH", "SELECT nothing FROM nowhere WHERE ? AND ? AND ?")
    store.add(GAME, SLOT, [row(1)]).result()
    with pytest.raises(NpcError) as caught:
        store.search(GAME, SLOT, "marta", "rain", 5)
    assert caught.value.code is ErrorCode.STORAGE_FAILED
    assert store.load(GAME, SLOT) is not None


class StoreMachine(RuleBasedStateMachine):
    """The store against a plain dictionary."""

    names = st.sampled_from(["a", "b", "c"])
    npcs = st.sampled_from(["marta", "bram"])
    some_seqs = st.lists(st.integers(0, 30), max_size=5)

    def __init__(self) -> None:
        super().__init__()
        self.store = Store(None)
        self.expected: dict[str, Snapshot] = {}

    @rule(slot=names, epoch=st.integers(0, 9), state=st.binary(max_size=9))
    def put_state(self, slot: str, epoch: int, state: bytes) -> None:
        self.store.put_state(GAME, slot, epoch, state)
        self.expected[slot] = Snapshot(epoch, state, self._rows(slot))

    @rule(slot=names, npc=npcs, seqs=st.lists(st.integers(0, 30), min_size=1, max_size=4))
    def add(self, slot: str, npc: str, seqs: list[int]) -> None:
        future = self.store.add(GAME, slot, [row(seq, npc=npc) for seq in seqs])
        taken = {row.seq for row in self._rows(slot)}
        if len(set(seqs)) < len(seqs) or taken & set(seqs):
            assert isinstance(future.exception(), NpcError)
        else:
            self._set(slot, self._rows(slot) + [row(seq, npc=npc) for seq in seqs])

    @rule(slot=names, npc=npcs, seqs=some_seqs)
    def fold(self, slot: str, npc: str, seqs: list[int]) -> None:
        self.store.fold(GAME, slot, npc, seqs)
        if slot in self.expected:
            self._set(
                slot,
                [
                    row(kept.seq, npc=npc, in_journal=False) if kept.npc == npc and kept.seq in seqs else kept
                    for kept in self._rows(slot)
                ],
            )

    @rule(slot=names, npc=npcs, seqs=some_seqs)
    def forget(self, slot: str, npc: str, seqs: list[int]) -> None:
        self.store.forget(GAME, slot, npc, seqs)
        if slot in self.expected:
            self._set(slot, [kept for kept in self._rows(slot) if kept.npc != npc or kept.seq not in seqs])

    @rule(slot=names, seqs=st.sets(st.integers(0, 30), max_size=6))
    def replace(self, slot: str, seqs: set[int]) -> None:
        snapshot = Snapshot(5, b"new", [row(seq) for seq in sorted(seqs)])
        self.store.replace(GAME, slot, snapshot)
        self.expected[slot] = snapshot

    @rule(slot=names, to=names)
    def copy(self, slot: str, to: str) -> None:
        future = self.store.copy(GAME, slot, to)
        if slot not in self.expected or to in self.expected:
            assert isinstance(future.exception(), NpcError)
        else:
            self.expected[to] = self.expected[slot]

    @rule(slot=names)
    def delete(self, slot: str) -> None:
        self.store.delete(GAME, slot)
        self.expected.pop(slot, None)

    @invariant()
    def all_is_as_expected(self) -> None:
        assert [info.name for info in self.store.slots(GAME)] == sorted(self.expected)
        for slot, snapshot in self.expected.items():
            assert self.store.load(GAME, slot) == snapshot
            for npc in ("marta", "bram"):
                hits = self.store.search(GAME, slot, npc, "rain", 99)
                assert sorted(seqs(hit.row for hit in hits)) == seqs(row for row in snapshot.rows if row.npc == npc)

    def teardown(self) -> None:
        self.store.close()

    def _rows(self, slot: str) -> list[Row]:
        return self.expected[slot].rows if slot in self.expected else []

    def _set(self, slot: str, rows: list[Row]) -> None:
        was = self.expected.get(slot, Snapshot(0, b"", []))
        self.expected[slot] = Snapshot(was.epoch, was.state, sorted(rows, key=lambda row: row.seq))


StoreMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=15, deadline=None)
TestStoreMachine = StoreMachine.TestCase
