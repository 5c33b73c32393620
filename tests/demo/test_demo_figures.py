"""People of the demo: looks, figures and portraits."""

from __future__ import annotations

from itertools import combinations

import pygame
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo_game.art.body import BODIES
from demo_game.art.expressions import EXPRESSIONS
from demo_game.art.face import portrait
from demo_game.art.figure import FIGURE_SIZE, figure, shadow
from demo_game.art.looks import EMOTIONS, look_of
from demo_game.art.pixel_face import BLINKS, EYES, MOUTHS, SPEAKING

NAMED = ("bram", "crake", "ilse", "marta", "osric", "pip", "vey", "wenna", "player")
FACINGS = ("down", "up", "left", "right")


def pixels(surface: pygame.Surface) -> bytes:
    return pygame.image.tobytes(surface, "RGBA")


def different(first: pygame.Surface, second: pygame.Surface) -> int:
    """How many pixels differ."""
    a, b = pixels(first), pixels(second)
    return sum(a[i : i + 4] != b[i : i + 4] for i in range(0, len(a), 4))


def test_every_emotion_has_a_face_at_both_sizes():
    for faces in (EYES, BLINKS, MOUTHS, SPEAKING, EXPRESSIONS):
        assert set(faces) == set(EMOTIONS)
    for emotion in EMOTIONS:
        for eyes, mouth in ((EYES, MOUTHS), (BLINKS, SPEAKING)):
            rows = (*eyes[emotion], *mouth[emotion])
            assert [len(row) for row in rows] == [12] * 8
            assert set("".join(rows)) <= set("bewdmklrt.")


@given(st.text(max_size=30))
def test_anybody_has_a_look_that_stays(npc_id):
    first = look_of(npc_id)
    look_of.cache_clear()
    assert look_of(npc_id) == first
    assert first.build in BODIES


def test_villagers_differ():
    assert len({look_of(f"villager_{number}") for number in range(40)}) > 35


def test_figures_are_kept_and_stand_on_the_lower_edge(window):
    for npc in (*NAMED, "villager_1"):
        for facing in FACINGS:
            drawn = figure(look_of(npc), facing, 0, "neutral", False, False)
            assert drawn is figure(look_of(npc), facing, 0, "neutral", False, False)
            assert drawn.get_size() == FIGURE_SIZE
            assert drawn.get_bounding_rect().bottom == FIGURE_SIZE[1]
    assert shadow() is shadow()


def test_walking_has_distinct_steps(window):
    for facing in FACINGS:
        for one, other in combinations(range(4), 2):
            if facing in ("down", "up") and {one, other} == {0, 2}:
                continue  # From the front, both are the moment when the feet pass each other.
            looks = look_of("player")
            assert different(figure(looks, facing, one), figure(looks, facing, other)) > 8


@pytest.mark.parametrize("npc", NAMED)
@pytest.mark.parametrize("facing", ["down", "left", "right"])
def test_emotions_show_in_a_figure(window, npc, facing):
    faces = [figure(look_of(npc), facing, 0, emotion) for emotion in EMOTIONS]
    assert all(different(one, other) >= 4 for one, other in combinations(faces, 2))


def test_talking_and_blinking_show(window):
    look = look_of("wenna")
    for facing in ("down", "left", "right"):
        quiet = figure(look, facing)
        assert different(quiet, figure(look, facing, mouth_open=True)) >= 2
        assert different(quiet, figure(look, facing, blink=True)) >= 2
    assert pixels(figure(look, "up", 0, "joy", True)) == pixels(figure(look, "up"))


def test_the_named_can_be_told_apart_by_their_silhouettes_or_colours(window):
    for one, other in combinations(NAMED, 2):
        assert different(figure(look_of(one), "down"), figure(look_of(other), "down")) > 150


def test_the_glove_stays_on_the_left_hand(window):
    glove = (150, 154, 164)

    def gloved(facing: str) -> bool:
        drawn = figure(look_of("vey"), facing)
        return any(drawn.get_at((x, y))[:3] == glove for x in range(24) for y in range(20, 38))

    assert gloved("left")
    assert not gloved("right")


def test_portraits_show_every_emotion(window):
    look = look_of("marta")
    faces = [portrait(look, emotion, 64) for emotion in EMOTIONS]
    assert all(face.get_size() == (64, 64) for face in faces)
    assert all(different(one, other) > 300 for one, other in combinations(faces, 2))
    for emotion in EMOTIONS:
        still = portrait(look, emotion, 64)
        assert still is portrait(look, emotion, 64)
        assert different(still, portrait(look, emotion, 64, mouth_open=True)) > 10
        assert different(still, portrait(look, emotion, 64, blink=True)) > 10


def test_everybody_has_a_portrait(window):
    for npc in (*NAMED, *(f"villager_{number}" for number in range(12))):
        drawn = portrait(look_of(npc), "neutral", 48)
        assert drawn.get_at((24, 24)).a > 250
        assert drawn.get_at((0, 0)).a < 64


def test_an_unknown_emotion_shows_as_neutral(window):
    look = look_of("bram")
    assert pixels(figure(look, "down", 0, "smug")) == pixels(figure(look, "down"))
    assert pixels(portrait(look, "smug", 48)) == pixels(portrait(look, "neutral", 48))
