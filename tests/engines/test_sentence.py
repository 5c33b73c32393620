from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npc_engine.engines.sentence import sentence_end


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Wipe those boots. Then sit", "Wipe those boots."),
        ("Wipe those boots.", "Wipe those boots."),
        ("Who goes there?! Speak", "Who goes there?!"),
        ('"Go home!" he said', '"Go home!"'),
        ("It costs 3. Pay now", "It costs 3."),
        ("It costs 3.50 silver. Pay", "It costs 3.50 silver."),
        ("Ask Dr. Holt or Mrs. Wyn. Go", "Ask Dr. Holt or Mrs. Wyn."),
        ("Well... I suppose so. Yes", "Well..."),
        ("Well... perhaps so. Yes", "Well... perhaps so."),
        ("J. Holt knows. Ask", "J. Holt knows."),
        ("So do I. Ask", "So do I."),
        ("雨がやんだ。橋へ行こう", "雨がやんだ。"),
        ("Он ушёл. Потом", "Он ушёл."),
    ],
)
def test_the_first_sentence_is_found(text: str, sentence: str) -> None:
    assert sentence_end(text) == len(sentence)


@pytest.mark.parametrize(
    "text", ["", "Wipe those boots", "It costs 3.", "Well...", "Well…", "Ask Dr.", "a.b", "3.5", "J."]
)
def test_what_may_go_on_is_no_end(text: str) -> None:
    assert sentence_end(text) is None


def test_the_search_begins_at_start() -> None:
    text = "One. Two. Three."
    assert [sentence_end(text, start) for start in (0, 4, 5, 9, 10, 16, 17)] == [4, 4, 9, 9, 16, 16, None]


@given(st.text(alphabet="aA1 .!?…。\"')\n"), st.integers(0, 20))
def test_an_end_follows_a_terminator_and_is_never_before_start(text: str, start: int) -> None:
    end = sentence_end(text, start)
    if end is not None:
        assert start <= end <= len(text)
        assert text[:end].rstrip("\"')")[-1] in ".!?…。"
