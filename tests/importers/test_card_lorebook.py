"""A card's `character_book` as lore."""

from __future__ import annotations

from typing import Any

import pytest
from card_files import BOOK

from npc_engine import limits
from npc_engine.importers.lorebook import LORE_BYTES, Lore, read_book
from npc_engine.world.persona import LoreEntry


def entry(**fields: Any) -> dict[str, Any]:
    return {
        "keys": ["cave"],
        "content": "It is dark.",
        "enabled": True,
        "insertion_order": 1,
        "extensions": {},
    } | fields


def read(*entries: Any, called: str = "Ash") -> Lore:
    return read_book({"entries": list(entries)}, called)


def test_the_book_of_the_tests() -> None:
    lore = read_book(BOOK, "Sable")
    assert lore.entries == [
        LoreEntry(id="lamp_market", text="The lamp market opens at dusk.", keys=["lamp market", "lamps"], priority=10),
        LoreEntry(
            id="caves",
            text="The caves flood in spring. Sable knows the dry way.",
            keys=["caves"],
            also=["flood", "water"],
            priority=30,
        ),
        LoreEntry(id="lore", text="Orrin stands on hollow ground.", priority=20, always=True),
    ]
    assert lore.notes == ["Lore entries that are only in extra: 1 switched off."]
    assert (lore.left["name"], lore.left["scan_depth"]) == ("Orrin", 3)
    assert lore.left["entries"] == [
        {"lore": "lamp_market", "extensions": {"probability": 100}, "insertion_order": 10, "comment": "Lamp market"},
        {"lore": "caves", "insertion_order": 30},
        {"lore": "lore", "insertion_order": 20},
        BOOK["entries"][3],
    ]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (entry(enabled=False), "switched off"),
        (entry(content=" "), "without text"),
        (entry(content=None), "without text"),
        (entry(keys=[]), "without a key"),
        (entry(keys=None), "without a key"),
        (entry(keys=["/ca+ve/i"]), "with regular expressions as keys"),
        (entry(keys=["ca(ve|r)"], use_regex=True), "with regular expressions as keys"),
        ("text", "malformed"),
    ],
)
def test_what_cannot_be_lore_is_kept(raw: Any, reason: str) -> None:
    lore = read(raw)
    assert lore.entries == []
    assert lore.left["entries"] == [raw]
    assert lore.notes == [f"Lore entries that are only in extra: 1 {reason}."]


def test_plain_words_are_keys_even_where_expressions_are_allowed() -> None:
    lore = read(entry(keys=["cave", "the {{char}} cave", "c.*e"], use_regex=True))
    assert lore.entries[0].keys == ["cave", "the Ash cave"]
    assert lore.left["entries"][0]["keys"] == ["cave", "the {{char}} cave", "c.*e"]


def test_marks_in_a_key_are_marks_where_no_expression_is_meant() -> None:
    assert read(entry(keys=["what?", "c++"])).entries[0].keys == ["what?", "c++"]


def test_decorators_are_dropped_from_the_text_and_kept() -> None:
    content = "\n@@depth 4\n@@@activate_after 3\n@@role system\n\n@home in the dark."
    lore = read(entry(content=content))
    assert lore.entries[0].text == "@home in the dark."
    assert lore.left["entries"][0]["content"] == content
    assert lore.notes == ["Lore entries that were cut or cleaned: 1; extra has their original text."]


def test_secondary_keys_count_only_where_they_are_selective() -> None:
    assert read(entry(secondary_keys=["a"], selective=False)).entries[0].also == []
    assert read(entry(secondary_keys="a, b", selective=True)).entries[0].also == ["a", "b"]


def test_long_text_is_cut_and_kept() -> None:
    content = "It is dark. " * 500
    lore = read(entry(content=content))
    assert lore.entries[0].text.endswith("dark.")
    assert len(lore.entries[0].text) <= limits.TEXT_CHARS
    assert lore.left["entries"][0]["content"] == content


@pytest.mark.parametrize(
    ("fields", "priorities"),
    [
        ([{"insertion_order": 100}, {"insertion_order": 100}], [50, 50]),
        ([{"insertion_order": 0}, {"insertion_order": 40}], [0, 40]),
        ([{"insertion_order": -100}, {"insertion_order": 0}, {"insertion_order": 300}], [0, 25, 100]),
        ([{"priority": 1, "insertion_order": 9}, {"priority": 2, "insertion_order": 5}], [1, 2]),
        ([{"priority": 1, "insertion_order": 9}, {"insertion_order": 5}], [9, 5]),
        ([{"insertion_order": "x"}, {"insertion_order": 5}], [50, 50]),
        ([{"insertion_order": float("inf")}, {"insertion_order": 10**400}], [50, 50]),
        ([{"insertion_order": True}, {"insertion_order": 5}], [50, 50]),
    ],
)
def test_priorities_are_scaled(fields: list[dict[str, Any]], priorities: list[int]) -> None:
    found = read(*(entry(**each) for each in fields)).entries
    assert [each.priority for each in found] == priorities


def test_ids_are_unique() -> None:
    found = read(entry(), entry(), entry(name="Cave"), entry(comment="日本")).entries
    assert [each.id for each in found] == ["cave", "cave_2", "cave_3", "lore"]


def test_a_book_too_large_for_one_character_is_cut_off() -> None:
    count = LORE_BYTES // 1_000
    lore = read(*(entry(content=f"{number} " + "x" * 2_000) for number in range(count)))
    assert 0 < len(lore.entries) < count
    assert lore.notes[0].endswith("beyond what one character's file holds.")
    assert read(entry(keys=[f"cave {number}" for number in range(20_000)]), entry()).entries[0].keys == ["cave"]


@pytest.mark.parametrize("book", [{}, {"entries": None}, {"entries": {"0": {}}, "name": "x"}])
def test_a_book_without_entries_is_kept(book: dict[str, Any]) -> None:
    assert read_book(book, "Ash") == Lore(left=book, notes=["The lorebook has no list of entries; it is in extra."])
