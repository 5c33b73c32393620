"""Search: finds what a character remembers, ranks it, and takes no orders from the text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from storage_rows import GAME, SLOT, row, seqs

from npc_engine.storage.db import Store
from npc_engine.storage.rows import Hit
from npc_engine.storage.search import QUERY_TERMS

REMEMBERED = [
    "A stranger bought the mill in spring.",
    "Bram owes me for the roof.",
    "The miller's daughter left town.",
    "There were lights in the mill, the old mill, last night.",
    "昨日、水車小屋で灯りを見た。",
    "Nobody came to the inn.",
    "NEAR OR AND NOT owner terms",
]


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with closing(Store(None)) as store:
        store.add(GAME, SLOT, [row(n, text) for n, text in enumerate(REMEMBERED)]).result()
        store.add(GAME, SLOT, [row(n, "Sacks of flour in the mill.", "bram") for n in range(20, 60)]).result()
        store.add(GAME, "other", [row(3, "The mill again.")]).result()
        yield store


def found(store: Store, text: str, limit: int = 10, before_seq: int | None = None) -> list[int]:
    return seqs(hit.row for hit in store.search(GAME, SLOT, "marta", text, limit, before_seq))


def test_a_hit_is_the_row_that_was_stored(store: Store) -> None:
    (hit,) = store.search(GAME, SLOT, "marta", "What of your ROOFS?", 5)
    assert isinstance(hit, Hit)
    assert hit.row == row(1, REMEMBERED[1])
    assert hit.relevance > 0


def test_best_first_and_of_this_character_and_slot_only(store: Store) -> None:
    hits = store.search(GAME, SLOT, "marta", "lights at the mill", 10)
    assert seqs(hit.row for hit in hits) == [3, 0]
    assert hits[0].relevance > hits[1].relevance > 0


def test_a_rare_word_outweighs_a_common_one(store: Store) -> None:
    assert found(store, "mill roof")[0] == 1


def test_scripts_without_spaces(store: Store) -> None:
    assert found(store, "水車は?") == [4]


def test_limit_and_bound(store: Store) -> None:
    assert len(found(store, "mill", limit=1)) == 1
    assert found(store, "mill", before_seq=3) == [0]
    assert found(store, "mill", before_seq=0) == []


def test_of_equals_the_newest_first() -> None:
    with closing(Store(None)) as store:
        store.add(GAME, SLOT, [row(n, "The mill burns.") for n in range(5)]).result()
        assert found(store, "mill", limit=3) == [4, 3, 2]


@pytest.mark.parametrize("text", ["", "Who is it?", "…", "zebra"])
def test_nothing_to_look_for_finds_nothing(store: Store, text: str) -> None:
    assert found(store, text) == []


def test_slots_and_characters_that_are_not_there(store: Store) -> None:
    assert store.search(GAME, "nowhere", "marta", "mill", 5) == []
    assert store.search("other", SLOT, "marta", "mill", 5) == []
    assert store.search(GAME, SLOT, "mart", "mill", 5) == []
    assert store.search(GAME, SLOT, 'x" OR owner : "', "mill", 5) == []


def test_a_long_text_is_looked_up_in_part(store: Store) -> None:
    long = " ".join(f"word{n}" for n in range(QUERY_TERMS - 1))
    assert found(store, f"{long} {long} roof") == [1]
    assert found(store, "水車小屋" * 500) == [4]


HOSTILE = st.lists(
    st.sampled_from(
        ['"', '""', "'", "*", "^", "(", ")", ":", "-", "+", "{", "}", "owner :", "terms:", "rowid", "NEAR("]
    )
    | st.sampled_from(["AND", "OR", "NOT", "mill", "\0", "\\", ";", "--", "/*", "%", "1x6d61727461", "水", "\ud800"])
    | st.text(max_size=8)
).map(" ".join)


@settings(deadline=None)
@given(HOSTILE)
def test_no_text_is_syntax(store: Store, text: str) -> None:
    for hit in store.search(GAME, SLOT, "marta", text, 100):
        assert hit.row.npc == "marta"
        assert hit.row.seq < len(REMEMBERED)


@settings(deadline=None)
@given(HOSTILE, HOSTILE)
def test_what_is_stored_is_found_by_itself(npc: str, text: str) -> None:
    npc, text = (part.replace("\ud800", "") for part in (npc, text))
    with closing(Store(None)) as store:
        store.add(GAME, SLOT, [row(1, f"{text} zebra", npc), row(2, "zebra", npc + "2")]).result()
        assert seqs(hit.row for hit in store.search(GAME, SLOT, npc, f"{text} zebra", 5)) == [1]
