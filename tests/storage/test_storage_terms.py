"""Terms: what a text is found by."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npc_engine.storage.search_terms import terms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Who bought the mills, Marta?", ["bought", "mill", "marta"]),
        ("Straße STRASSE ﬁre", ["strasse", "strasse", "fire"]),
        ("the mill's key; the mill’s keys", ["mill", "key", "mill", "key"]),
        ("水車小屋", ["水車", "車小", "小屋"]),
        ("猫?", ["猫"]),
        ("ｶﾞｲﾄﾞ guide 42号", ["ガイ", "イド", "guide", "42", "号"]),
        ("สวัสดี", ["สว", "วั", "ัส", "สด", "ดี"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("방앗간을 샀다", ["방앗간을", "샀다"]),
        ("", []),
        ("Who is it? – That's you!", []),
        ('"; DROP TABLE memory --', ["drop", "table", "memory"]),
    ],
)
def test_examples(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


@given(st.text())
def test_a_term_holds_letters_marks_and_digits_only(text: str) -> None:
    for term in terms(text):
        assert term
        assert all(unicodedata.category(character)[0] in "LMN" for character in term)


@given(st.text(), st.text())
def test_texts_side_by_side_have_the_terms_of_both(first: str, second: str) -> None:
    assert terms(f"{first} {second}") == terms(first) + terms(second)


@given(st.text())
def test_compatibility_forms_make_no_difference(text: str) -> None:
    assert terms(unicodedata.normalize("NFKC", text)) == terms(text)
    assert terms(unicodedata.normalize("NFD", text)) == terms(text)


@given(st.text(st.characters(codec="ascii")))
def test_case_makes_no_difference(text: str) -> None:
    assert terms(text.upper()) == terms(text) == terms(text.lower())


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=2))
def test_a_run_without_spaces_is_all_its_bigrams(text: str) -> None:
    assert terms(text) == [first + second for first, second in pairwise(text)]
