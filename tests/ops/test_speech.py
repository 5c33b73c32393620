from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npc_engine.ops.speech import join_cut_off, whole_words


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("Eve", ""),
        ("Evening, lo", "Evening,"),
        ("Evening, love", "Evening,"),
        ("Evening, love.", "Evening, love."),
        ("I don't", "I"),
        ("half-a", ""),
        ("\u4f60\u597d\u554a", "\u4f60\u597d"),
    ],
)
def test_only_words_that_cannot_grow_are_shown(text: str, shown: str) -> None:
    assert whole_words(text) == shown


@given(st.text(), st.text())
def test_what_was_shown_stays(text: str, more: str) -> None:
    assert (text + more).startswith(whole_words(text))
    assert len(whole_words(text + more)) >= len(whole_words(text))


@given(st.text(min_size=1), st.sampled_from(["... hush now.", "\u2014 later.", "Later, love."]))
def test_a_cut_only_adds(text: str, cut_off: str) -> None:
    joined = join_cut_off(text, cut_off)
    assert joined.startswith(text)
    assert joined.endswith(cut_off)


def test_an_ellipsis_sticks_to_a_word_and_not_to_a_comma() -> None:
    assert join_cut_off("in a wet", "... hush.") == "in a wet... hush."
    assert join_cut_off("Well,", "... hush.") == "Well, ... hush."
