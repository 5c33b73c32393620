"""Light and darkness: the view is multiplied with a map of the light that falls on it, and lamps glow a little."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from math import sin
from typing import TYPE_CHECKING

import pygame

from demo_game.art.tones import Color, mix

if TYPE_CHECKING:
    from demo_game.village.layout import Lamp

#: The light of the sky at hours of the day. White leaves the picture as it is.
_SKY: tuple[tuple[float, Color], ...] = (
    (0.0, (110, 122, 180)),
    (4.5, (110, 122, 180)),
    (5.8, (142, 130, 176)),
    (6.8, (238, 182, 164)),
    (8.0, (255, 236, 214)),
    (10.0, (255, 255, 255)),
    (14.0, (255, 255, 255)),
    (16.8, (255, 226, 184)),
    (17.8, (250, 178, 140)),
    (18.8, (186, 146, 172)),
    (20.0, (122, 124, 176)),
    (21.5, (110, 122, 180)),
    (24.0, (110, 122, 180)),
)
#: Rooms are lit by their lamps; this is what is left between them, at noon and at midnight.
_ROOM_AT_NOON: Color = (236, 222, 202)
_ROOM_AT_NIGHT: Color = (140, 118, 122)
#: What rain and fog leave of the light, as a share of each colour.
_UNDER: dict[str, Color] = {"rain": (196, 206, 222), "fog": (220, 224, 228)}
_WHITE: Color = (255, 255, 255)
#: Sizes that a flickering pool of light takes.
_FLICKERS = 5


def sky_light(hour: float, weather: str = "clear") -> Color:
    """The light outdoors at an hour (any number; 24 is 0 again), without lamps."""
    hour %= 24
    after = min(bisect_right(_SKY, hour, key=lambda entry: entry[0]), len(_SKY) - 1)
    (start, first), (end, second) = _SKY[after - 1], _SKY[after]
    share = (hour - start) / (end - start)
    light = mix(first, second, share * share * (3 - 2 * share))
    veil = _UNDER.get(weather)
    if veil is None:
        return light
    grey = sum(light) // 3
    dull = mix(light, (grey, grey, grey), 0.35)
    return (dull[0] * veil[0] // 255, dull[1] * veil[1] // 255, dull[2] * veil[2] // 255)


def room_light(hour: float) -> Color:
    """The light indoors at an hour, between the lamps."""
    return mix(_ROOM_AT_NIGHT, _ROOM_AT_NOON, _brightness(sky_light(hour)))


def is_dark(hour: float) -> bool:
    """Whether people light their lamps."""
    return _brightness(sky_light(hour)) < 0.7


class Light:
    """Lights a view. Needs a display."""

    def __init__(self) -> None:
        self._map: pygame.Surface | None = None

    def draw(
        self,
        view: pygame.Surface,
        camera: tuple[int, int],
        hour: float,
        weather: str,
        lamps: Sequence[Lamp],
        now_s: float,
        indoors: bool,
    ) -> None:
        """Multiplies the view with the light of the hour and of those lamps that burn now. `camera` is the map pixel at
        the top left of the view. To be called when all that stands outdoors, rain and fog too, is drawn."""
        light = room_light(hour) if indoors else sky_light(hour, weather)
        dark = is_dark(hour) or (indoors and _brightness(light) < 0.8)
        burning = [lamp for lamp in lamps if (lamp.always or dark) and _reaches(lamp, camera, view)]
        if light == _WHITE and not burning:
            return
        if self._map is None or self._map.get_size() != view.get_size():
            self._map = pygame.Surface(view.get_size()).convert()
        self._map.fill(light)
        # Pools are kept for a few shades of the light around them, not for every minute of the day.
        around = (light[0] & ~15, light[1] & ~15, light[2] & ~15)
        glows = []
        for lamp in burning:
            size = _flicker(lamp, now_s) if lamp.flickers else _FLICKERS // 2
            pool = _pool(round(lamp.radius), lamp.color, size, around)
            middle = (lamp.x - camera[0], lamp.y - camera[1])
            self._map.blit(pool, pool.get_rect(center=middle), special_flags=pygame.BLEND_RGB_ADD)
            glow = _glow(round(lamp.radius), lamp.color, size, around)
            glows.append((glow, glow.get_rect(center=middle)))
        view.blit(self._map, (0, 0), special_flags=pygame.BLEND_RGB_MULT)
        for glow, place in glows:
            view.blit(glow, place, special_flags=pygame.BLEND_RGB_ADD)


def _brightness(light: Color) -> float:
    return (0.3 * light[0] + 0.55 * light[1] + 0.15 * light[2]) / 255


def _reaches(lamp: Lamp, camera: tuple[int, int], view: pygame.Surface) -> bool:
    x, y, reach = lamp.x - camera[0], lamp.y - camera[1], lamp.radius * 1.5
    return -reach < x < view.get_width() + reach and -reach < y < view.get_height() + reach


def _flicker(lamp: Lamp, now_s: float) -> int:
    """Which size the pool has now: two waves that never quite meet, differently for each lamp."""
    phase = lamp.x * 0.37 + lamp.y * 0.61
    wave = sin(now_s * 6.1 + phase) + sin(now_s * 9.7 + phase * 2.3) * 0.7
    return min(_FLICKERS - 1, max(0, round((wave / 1.7 + 1) / 2 * (_FLICKERS - 1))))


@lru_cache(maxsize=256)
def _pool(radius: int, color: Color, size: int, around: Color) -> pygame.Surface:
    """What a lamp adds to the light around it: in its middle as much as is missing to its own warm light."""
    own = mix(color, _WHITE, 0.3)
    strength = 0.9 + 0.025 * size
    added = (
        round(strength * max(0, own[0] - around[0])),
        round(strength * max(0, own[1] - around[1])),
        round(strength * max(0, own[2] - around[2])),
    )
    return _tinted(round(radius * (1.36 + 0.03 * size)), added)


@lru_cache(maxsize=256)
def _glow(radius: int, color: Color, size: int, around: Color) -> pygame.Surface:
    """The shine around the flame itself, which the air scatters; the darker it is, the more one sees of it."""
    strength = 0.05 + 0.012 * size + 0.16 * (1 - _brightness(around))
    return _tinted(round(radius * 0.42) + size // 2, mix((0, 0, 0), color, strength))


def _tinted(radius: int, color: Color) -> pygame.Surface:
    disc = _disc(radius).copy()
    disc.fill(color, special_flags=pygame.BLEND_RGB_MULT)
    return disc


@lru_cache(maxsize=64)
def _disc(radius: int) -> pygame.Surface:
    """A disc that fades from white to black, made small and scaled up: light has no edges."""
    side = 40
    small = pygame.Surface((side, side))
    middle = (side - 1) / 2
    for y in range(side):
        for x in range(side):
            away = min(1.0, ((x - middle) ** 2 + (y - middle) ** 2) ** 0.5 / middle)
            small.set_at((x, y), mix((0, 0, 0), _WHITE, (1 - away * away) ** 2))
    return pygame.transform.smoothscale(small, (2 * radius, 2 * radius)).convert()
