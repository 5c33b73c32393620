"""Fonts, lines of text, and text that grows."""

from __future__ import annotations

import pygame
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demo_game.interface.fonts import MISSING, drawable, font, sized
from demo_game.interface.text import FormingText, draw_text, elided, rendered, width_of, wrap

#: Words, spaces and line feeds as in speech, and anything at all.
SPEECH = st.text(alphabet="aimWTV,.—é \n", max_size=120)
ANYTHING = st.text(max_size=60)
WIDTHS = st.integers(1, 260)


@pytest.fixture(autouse=True, scope="module")
def _started() -> None:
    pygame.font.init()


def test_font_has_the_letters_of_its_languages() -> None:
    letters = "äöüßéèçñåøłžŠőţİ—…“”‘’·–"
    assert drawable(letters) == letters


def test_font_survives_an_end_of_pygame() -> None:
    before = font(20)
    assert font(20) is before
    pygame.init()
    font(21)
    pygame.quit()
    assert font(20).size("again")[0] > 0
    assert rendered("again", font(20), (0, 0, 0)).get_width() > 0


def test_text_grows_more_slowly_than_the_window() -> None:
    assert (sized(1.0, 1.0), sized(1.0, 2.0)) == (font(13), font(21))


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("a\0b", "ab"),
        ("a\tb", "a b"),
        ("a\u2028b", "a b"),
        ("w\u200dx", "wx"),
        ("\U0001f600", MISSING),
        ("中", MISSING),
        ("\ud800", MISSING),
        ("", ""),
    ],
)
def test_what_the_font_cannot_draw(text: str, drawn: str) -> None:
    assert drawable(text) == drawn


@given(ANYTHING | st.text(st.characters(categories=["Cs", "Cc", "Co", "Cn"]), max_size=20))
@settings(deadline=None)
def test_any_text_can_be_drawn(text: str) -> None:
    window = pygame.Surface((200, 40))
    draw_text(window, text, font(13), (255, 255, 255), (0, 0))
    assert rendered(text, font(13), (9, 9, 9)).get_height() < 40  # one line


@given(SPEECH | ANYTHING, WIDTHS)
@settings(deadline=None)
def test_wrap_loses_nothing_and_keeps_to_the_width(text: str, width: int) -> None:
    lines = wrap(text, font(13), width)
    assert "".join(lines) == text
    assert all(lines)
    for line in lines:
        assert width_of(line, font(13)) <= width or len(line.strip()) == 1
        assert "\n" not in line[:-1]


@given(SPEECH)
@settings(deadline=None)
def test_wrap_keeps_words_whole_where_they_fit(text: str) -> None:
    width = max([60, *(width_of(word, font(13)) for word in text.split())])
    for line, following in zip(lines := wrap(text, font(13), width), lines[1:], strict=False):
        assert line[-1].isspace()
        first = following.split()[0] if following.split() else ""
        assert line.endswith("\n") or width_of(line + first, font(13)) > width


def test_wrap_of_a_line_feed_at_the_end() -> None:
    assert wrap("one\n\ntwo\n", font(13), 200) == ["one\n", "\n", "two\n"]
    assert wrap("", font(13), 200) == []


@given(st.lists(st.tuples(st.integers(0, 200), SPEECH), max_size=8), WIDTHS)
@settings(deadline=None)
def test_a_growing_text_is_wrapped_as_if_it_were_new(changes: list[tuple[int, str]], width: int) -> None:
    forming = FormingText(font(13), width, (0, 0, 0), (9, 9, 9))
    text = ""
    for kept, added in changes:
        text = text[:kept] + added
        forming.update(text, kept)
        assert list(forming.lines) == wrap(text, font(13), width)
        assert forming.height == len(forming.lines) * font(13).get_linesize()


def test_words_that_may_change_are_dimmed() -> None:
    window = pygame.Surface((300, 30))
    forming = FormingText(font(20), 300, (255, 0, 0), (0, 0, 255))
    forming.update("settled forming", len("settled"))
    forming.draw(window, (0, 0))
    half = forming.drawn_width // 2
    left, right = window.subsurface((0, 0, half - 5, 30)), window.subsurface((half + 8, 0, 280 - half, 30))
    assert pygame.transform.average_color(left)[0] > 0 == pygame.transform.average_color(left)[2]
    assert pygame.transform.average_color(right)[2] > 0 == pygame.transform.average_color(right)[0]
    forming.update("settled forming")
    forming.draw(window, (0, 0))
    assert forming.stable == len("settled forming")


def test_lines_outside_the_clip_are_not_rendered() -> None:
    window = pygame.Surface((100, 40))
    forming = FormingText(font(13), 100, (1, 1, 1), (9, 9, 9))
    forming.update("line\n" * 200)
    rendered.cache_clear()
    forming.draw(window, (0, 0))
    forming.draw(window, (0, 500))
    assert rendered.cache_info().misses <= 1


@given(ANYTHING, st.integers(0, 120))
@settings(deadline=None)
def test_elided_text_fits(text: str, width: int) -> None:
    short = elided(text, font(13), width)
    assert short == text or short.endswith("…")
    assert width_of(short, font(13)) <= width or len(short) <= 2
