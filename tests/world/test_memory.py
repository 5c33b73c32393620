"""What is remembered beyond the journal: how it is found, what is forgotten."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npc_engine.storage.db import Store
from npc_engine.storage.rows import Row
from npc_engine.world.journal import Entry, Event, Heard, Said
from npc_engine.world.memory import FORGOTTEN_AT_ONCE, MEMORIES, Memory, from_row, tell, to_row


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store(None)
    yield store
    store.close()


def recall(store: Store, memory: Memory, text: str, limit: int = 3, but: tuple[int, ...] = ()) -> list[str]:
    store.slots("game")  # waits for what was written
    return [entry.text for entry in memory.recall("anna", text, but=but, may=lambda entry: True, limit=limit)]


def test_of_equal_memories_the_important_one_comes_first(store: Store) -> None:
    memory = Memory(store, "game", "main")
    memory.keep("anna", [Event("The mill burned.", importance=9), Event("The mill turned.", importance=1)])
    assert recall(store, memory, "What of the mill?") == ["The mill burned.", "The mill turned."]


def test_of_equal_memories_the_newer_one_comes_first(store: Store) -> None:
    memory = Memory(store, "game", "main")
    memory.keep("anna", [Event("The mill burned.")])
    memory.keep("ben", [Event(str(number)) for number in range(600)])
    memory.keep("anna", [Event("The mill turned.")])
    assert recall(store, memory, "What of the mill?") == ["The mill turned.", "The mill burned."]


def test_nobody_recalls_what_others_lived_through(store: Store) -> None:
    memory, other_slot, other_game = (Memory(store, *key) for key in (("game", "a"), ("game", "b"), ("other", "a")))
    memory.keep("ben", [Event("The mill burned.")])
    other_slot.keep("anna", [Event("The mill fell.")])
    other_game.keep("anna", [Event("The mill sank.")])
    assert recall(store, memory, "What of the mill?") == []


def test_what_is_excluded_or_may_not_be_told(store: Store) -> None:
    memory = Memory(store, "game", "main")
    first, second = memory.keep("anna", [Event("The mill burned."), Event("The mill turned.")])
    assert recall(store, memory, "mill", but=(first,)) == ["The mill turned."]
    assert recall(store, memory, "mill", but=(first, second)) == []
    assert memory.recall("anna", "mill", but=(), may=lambda entry: False, limit=3) == []


def test_the_same_words_are_recalled_once(store: Store) -> None:
    memory = Memory(store, "game", "main")
    memory.keep("anna", [Event("The mill burned.")] * 5)
    assert recall(store, memory, "mill") == ["The mill burned."]


@pytest.mark.parametrize(
    "text", ["", "?!", "the and of", '" OR owner : x', "mill* NEAR(", "\x00", "\ud800", "AND", "x" * 9_999]
)
def test_nothing_asked_breaks_the_search(store: Store, text: str) -> None:
    memory = Memory(store, "game", "main")
    memory.keep("anna", [Event("The mill burned.")])
    assert recall(store, memory, text) in ([], ["The mill burned."])


@pytest.mark.parametrize(
    ("told", "asked"),
    [
        ("\u6c34\u8eca\u306f\u6625\u306b\u58f2\u3089\u308c\u305f\u3002", "\u6c34\u8eca\u306f\u3069\u3046\uff1f"),
        (
            "\u041c\u0435\u043b\u044c\u043d\u0438\u0446\u0430 \u0441\u0433\u043e\u0440\u0435\u043b\u0430.",
            "\u0413\u0434\u0435 \u043c\u0435\u043b\u044c\u043d\u0438\u0446\u0430?",
        ),
        ("Die M\u00fchle brannte.", "die mu\u0308hle"),
        (
            "\u0628\u0627\u0639 \u0627\u0644\u0637\u0627\u062d\u0648\u0646\u0629",
            "\u0627\u0644\u0637\u0627\u062d\u0648\u0646\u0629\u061f",
        ),
    ],
)
def test_all_scripts_are_found(store: Store, told: str, asked: str) -> None:
    memory = Memory(store, "game", "main")
    memory.keep("anna", [Heard("player", told)])
    assert recall(store, memory, asked) == [told]


def test_forgetting_takes_the_least_important_and_of_those_the_oldest(store: Store) -> None:
    memory = Memory(store, "game", "main")
    count = MEMORIES + 50
    entries: list[Entry] = [
        Event(f"Day {number}.", importance=9 if number % 100 == 0 else 2 + number % 2) for number in range(count)
    ]
    memory.keep("anna", entries[:-6], in_journal=False)
    memory.keep("anna", entries[-6:])
    memory.keep("ben", [Event("His own.", importance=1)], in_journal=False)
    snapshot = store.load("game", "main")
    assert snapshot is not None
    left = memory.forget_surplus("anna", snapshot.rows)
    after = store.load("game", "main")
    assert after is not None
    kept = [row for row in after.rows if row.npc == "anna"]
    assert len(kept) == left == MEMORIES - FORGOTTEN_AT_ONCE
    gone = {row.seq for row in snapshot.rows} - {row.seq for row in after.rows}
    lost = [row for row in snapshot.rows if row.seq in gone]
    assert {row.importance for row in lost} == {2}
    assert not any(row.in_journal for row in lost)
    assert max(row.seq for row in lost) < min(row.seq for row in kept if row.importance == 2)
    assert memory.forget_surplus("anna", after.rows) == left
    assert any(row.npc == "ben" for row in after.rows)


entries = st.one_of(
    st.builds(
        Heard,
        speaker=st.text(max_size=8),
        text=st.text(max_size=20),
        importance=st.integers(1, 10),
        gates=st.lists(st.text(max_size=5), max_size=2).map(tuple),
        note=st.text(max_size=5),
        private=st.booleans(),
    ),
    st.builds(Said, text=st.text(max_size=20), emotion=st.text(max_size=5), action=st.text(max_size=5), to=st.text()),
    st.builds(Event, text=st.text(max_size=20), importance=st.integers(1, 10), speaker=st.text(max_size=5)),
)


@settings(max_examples=80)
@given(entry=entries, number=st.integers(1, 2**53), in_journal=st.booleans())
def test_an_entry_survives_its_storage(entry: Entry, number: int, in_journal: bool) -> None:
    row = to_row("anna", number, entry, in_journal)
    assert row == Row("anna", number, entry.text, entry.importance, in_journal, row.body)
    assert from_row(row) == entry


def test_how_a_memory_is_told() -> None:
    def call(who: str) -> str:
        return who.upper()

    assert tell(Heard("tess", "I sail."), "Anna", call) == "TESS once told Anna: \u201cI sail.\u201d"
    assert tell(Said("Sail well."), "Anna", call) == "Anna once said: \u201cSail well.\u201d"
    assert tell(Event("It rained."), "Anna", call) == "It rained."
