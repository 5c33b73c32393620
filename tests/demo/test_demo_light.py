"""Light, rain and fog of the demo."""

from __future__ import annotations

import pygame
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo_game.art.light import Light, is_dark, room_light, sky_light
from demo_game.art.weather import Weather
from demo_game.village.layout import Lamp

SIZE = (640, 360)
LAMP = Lamp(320.0, 180.0, 60.0, (255, 190, 100), flickers=False, always=False)
HEARTH = Lamp(320.0, 180.0, 60.0, (255, 150, 80), flickers=True, always=True)


@pytest.fixture
def view(window) -> pygame.Surface:
    surface = pygame.Surface(SIZE).convert()
    surface.fill((140, 130, 120))
    return surface


def pixels(surface: pygame.Surface) -> bytes:
    return pygame.image.tobytes(surface, "RGB")


def brightness(surface: pygame.Surface, place: tuple[int, int]) -> int:
    return sum(surface.get_at(place)[:3])


@given(st.floats(-48, 72), st.sampled_from(["clear", "rain", "fog", "hail"]))
def test_the_sky_changes_smoothly(hour, weather):
    before, after = sky_light(hour, weather), sky_light(hour + 1 / 60, weather)
    assert all(60 <= part <= 255 for part in before)
    assert all(abs(one - other) <= 6 for one, other in zip(before, after, strict=True))


def test_hours_of_the_day():
    assert [is_dark(hour) for hour in (0, 4, 9, 12, 16, 18.5, 22, 24)] == [
        True,
        True,
        False,
        False,
        False,
        True,
        True,
        True,
    ]
    assert sky_light(12) == (255, 255, 255)
    night, dusk = sky_light(1), sky_light(17.8)
    assert night[2] > night[0]
    assert dusk[0] > dusk[2]
    assert all(rain < clear for rain, clear in zip(sky_light(12, "rain"), sky_light(12), strict=True))
    assert sum(room_light(0)) < sum(room_light(12))


def test_noon_leaves_the_view_as_it_is(view):
    before = pixels(view)
    Light().draw(view, (0, 0), 12.0, "clear", [LAMP], 0.0, False)
    assert pixels(view) == before


def test_night_is_dark_but_playable_and_lamps_are_warm(view):
    Light().draw(view, (0, 0), 1.0, "rain", [LAMP], 0.0, False)
    assert 90 < brightness(view, (5, 5)) < 250
    lit = view.get_at((320, 180))
    assert sum(lit[:3]) > 2 * brightness(view, (5, 5))
    assert lit.r > lit.b


def test_lamps_move_with_the_camera(view):
    Light().draw(view, (300, 100), 1.0, "clear", [LAMP], 0.0, False)
    assert brightness(view, (20, 80)) > brightness(view, (320, 180))


def test_a_hearth_burns_by_day_and_flickers(view):
    light = Light()
    plain = view.copy()
    light.draw(plain, (0, 0), 12.0, "clear", [], 0.0, True)
    seen = set()
    for tick in range(30):
        lit = view.copy()
        light.draw(lit, (0, 0), 12.0, "clear", [HEARTH], tick / 10, True)
        assert brightness(lit, (320, 180)) > brightness(plain, (320, 180))
        seen.add(pixels(lit))
    assert 1 < len(seen) <= 5


def test_light_follows_from_the_clock(view):
    other = view.copy()
    Light().draw(view, (0, 0), 22.0, "clear", [HEARTH], 7.25, False)
    Light().draw(other, (0, 0), 22.0, "clear", [HEARTH], 7.25, False)
    assert pixels(view) == pixels(other)


@pytest.mark.parametrize("kind", ["rain", "fog"])
def test_weather_covers_the_view_moves_and_repeats_itself(view, kind):
    weather, clear = Weather(), pixels(view)

    def at(now_s: float, camera: tuple[int, int] = (0, 0)) -> pygame.Surface:
        seen = view.copy()
        weather.draw(seen, camera, kind, now_s, False)
        return seen

    first = at(1.0)
    assert pixels(first) == pixels(at(1.0))
    assert pixels(first) != pixels(at(1.5))
    assert pixels(first) != pixels(at(1.0, (40, 0)))
    for corner in ((0, 0), (480, 0), (0, 270), (480, 270)):
        part = pygame.Rect(corner, (160, 90))
        assert pixels(first.subsurface(part)) != pixels(view.subsurface(part))
    assert pixels(at(123456.7, (-900, 4000))) != clear


def test_no_weather_indoors_or_under_a_clear_sky(view):
    before = pixels(view)
    weather = Weather()
    weather.draw(view, (0, 0), "rain", 1.0, True)
    weather.draw(view, (0, 0), "clear", 1.0, False)
    assert pixels(view) == before


def test_faces_can_be_made_out_through_fog(view):
    view.fill((0, 0, 0), (0, 0, 320, 360))
    view.fill((255, 255, 255), (320, 0, 320, 360))
    Weather().draw(view, (0, 0), "fog", 3.0, False)
    contrast = [brightness(view, (330, y)) - brightness(view, (310, y)) for y in range(0, 360, 10)]
    assert min(contrast) > 180
