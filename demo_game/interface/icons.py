"""Small pictures: what one carries, the weather, a coin. Drawn large and smoothed down."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType

import pygame

from demo_game.interface.text import Colour

#: Icons are drawn on a square of this side, pixels.
SIDE = 128
OUTLINE: Colour = (40, 26, 18)
#: From this hour to that it is night, and the sky shows a moon.
NIGHT = (20.0, 6.0)

Canvas = pygame.Surface
Points = list[tuple[float, float]]


@lru_cache(maxsize=64)
def item_icon(item: str, size_px: int) -> pygame.Surface:
    """The picture of a thing one may carry; a parcel for what has none. Shared: leave it as it is."""
    return _drawn(_ITEMS.get(item, _parcel), size_px)


@lru_cache(maxsize=16)
def coin_icon(size_px: int) -> pygame.Surface:
    """A silver coin. Shared: leave it as it is."""
    return _drawn(_coin, size_px)


def weather_icon(weather: str, hour: float, size_px: int) -> pygame.Surface:
    """The picture of the weather. Shared: leave it as it is."""
    is_night = hour >= NIGHT[0] or hour < NIGHT[1]
    return _weather_icon("moon" if is_night and weather == "clear" else weather, size_px)


@lru_cache(maxsize=16)
def _weather_icon(sky: str, size_px: int) -> pygame.Surface:
    return _drawn(_SKIES.get(sky, _sun), size_px)


def _drawn(draw: Callable[[Canvas], None], size_px: int) -> pygame.Surface:
    canvas = pygame.Surface((SIDE, SIDE), pygame.SRCALPHA)
    canvas.fill((*OUTLINE, 0))
    draw(canvas)
    return pygame.transform.smoothscale(canvas, (size_px, size_px))


def _shape(canvas: Canvas, colour: Colour, points: Points, line: int = 7) -> None:
    """A filled shape with a dark outline."""
    pygame.draw.polygon(canvas, colour, points)
    pygame.draw.lines(canvas, OUTLINE, True, points, line)
    for point in points:
        pygame.draw.circle(canvas, OUTLINE, point, line // 2)


def _disc(canvas: Canvas, colour: Colour, centre: tuple[float, float], radius: float, line: int = 7) -> None:
    pygame.draw.circle(canvas, OUTLINE, centre, radius + line / 2)
    pygame.draw.circle(canvas, colour, centre, radius - line / 2)


def _oval(canvas: Canvas, colour: Colour, box: tuple[int, int, int, int], line: int = 7) -> None:
    pygame.draw.ellipse(canvas, OUTLINE, pygame.Rect(box).inflate(line, line))
    pygame.draw.ellipse(canvas, colour, pygame.Rect(box).inflate(-line, -line))


def _box(canvas: Canvas, colour: Colour, box: tuple[int, int, int, int], radius: int = 10, line: int = 7) -> None:
    pygame.draw.rect(canvas, OUTLINE, pygame.Rect(box).inflate(line, line), border_radius=radius + line // 2)
    pygame.draw.rect(canvas, colour, pygame.Rect(box).inflate(-line, -line), border_radius=max(1, radius - line // 2))


def _steam(canvas: Canvas, left: int, top: int, count: int = 2) -> None:
    for index in range(count):
        points = [(left + 26 * index + 6 * math.sin(y / 6), top + y) for y in range(0, 34, 4)]
        pygame.draw.lines(canvas, (236, 232, 224), False, points, 6)


def _soup(canvas: Canvas) -> None:
    _steam(canvas, 50, 10)
    bowl = [(64 + 52 * math.cos(a / 10), 66 + 46 * math.sin(a / 10)) for a in range(0, 32)]
    _shape(canvas, (150, 84, 48), bowl)
    _oval(canvas, (226, 156, 70), (12, 52, 104, 28))
    for x, y in ((44, 64), (64, 70), (82, 62)):
        pygame.draw.circle(canvas, (110, 150, 70), (x, y), 5)


def _ale(canvas: Canvas) -> None:
    pygame.draw.circle(canvas, OUTLINE, (94, 74), 28, 16)
    pygame.draw.circle(canvas, (150, 104, 60), (94, 74), 25, 9)
    _box(canvas, (176, 122, 66), (28, 42, 62, 72))
    for x in (48, 70):
        pygame.draw.line(canvas, (134, 90, 48), (x, 50), (x, 108), 5)
    for x, y, radius in ((36, 38, 15), (58, 30, 18), (80, 38, 15)):
        _disc(canvas, (250, 242, 220), (x, y), radius)
    pygame.draw.rect(canvas, (250, 242, 220), (34, 34, 50, 16))


def _key(canvas: Canvas, metal: Colour, bow: tuple[float, float], tip: tuple[float, float]) -> None:
    (x0, y0), (x1, y1) = bow, tip
    length = math.hypot(x1 - x0, y1 - y0)
    along, across = ((x1 - x0) / length, (y1 - y0) / length), ((y0 - y1) / length, (x1 - x0) / length)

    def at(far: float, aside: float) -> tuple[float, float]:
        return x0 + along[0] * far + across[0] * aside, y0 + along[1] * far + across[1] * aside

    for colour, line in ((OUTLINE, 18), (metal, 8)):
        pygame.draw.line(canvas, colour, at(16, 0), tip, line)
        for tooth in (length - 4, length - 24):
            pygame.draw.line(canvas, colour, at(tooth, 0), at(tooth, 18 if colour == metal else 22), line)
    pygame.draw.circle(canvas, OUTLINE, bow, 27, 20)
    pygame.draw.circle(canvas, metal, bow, 23, 11)


def _room_key(canvas: Canvas) -> None:
    _key(canvas, (222, 180, 84), (38, 42), (100, 100))


def _spare_key(canvas: Canvas) -> None:
    _key(canvas, (150, 156, 164), (90, 40), (26, 100))


def _mill_keys(canvas: Canvas) -> None:
    pygame.draw.circle(canvas, OUTLINE, (64, 34), 29, 14)
    _key(canvas, (190, 150, 84), (42, 48), (24, 112))
    _key(canvas, (160, 164, 170), (66, 52), (66, 118))
    _key(canvas, (206, 166, 92), (88, 48), (110, 108))
    pygame.draw.circle(canvas, (120, 116, 112), (64, 34), 26, 7)


def _knife(canvas: Canvas) -> None:
    _shape(canvas, (206, 212, 220), [(50, 62), (104, 10), (116, 16), (112, 36), (66, 80)])
    pygame.draw.line(canvas, (244, 248, 252), (62, 62), (106, 20), 6)
    _shape(canvas, (122, 76, 44), [(18, 98), (48, 68), (62, 82), (32, 112)])
    _shape(canvas, (206, 164, 88), [(40, 62), (48, 54), (76, 82), (68, 90)])


def _willow_tea(canvas: Canvas) -> None:
    _steam(canvas, 44, 8)
    pygame.draw.circle(canvas, OUTLINE, (96, 78), 24, 15)
    pygame.draw.circle(canvas, (212, 222, 206), (96, 78), 21, 8)
    _shape(canvas, (212, 222, 206), [(18, 54), (96, 54), (86, 112), (28, 112)])
    _oval(canvas, (140, 158, 74), (18, 44, 78, 22))
    leaf = [(48, 92), (58, 78), (72, 76), (66, 92)]
    pygame.draw.polygon(canvas, (96, 140, 80), leaf)


def _satchel(canvas: Canvas) -> None:
    pygame.draw.arc(canvas, OUTLINE, (22, 4, 84, 96), 0.2, math.pi - 0.2, 16)
    pygame.draw.arc(canvas, (120, 78, 44), (25, 7, 78, 92), 0.2, math.pi - 0.2, 8)
    _box(canvas, (158, 102, 56), (14, 50, 100, 66), 14)
    _shape(canvas, (180, 122, 70), [(14, 52), (114, 52), (104, 84), (64, 92), (24, 84)])
    _box(canvas, (206, 164, 88), (54, 78, 20, 22), 4)


def _flour(canvas: Canvas) -> None:
    _shape(canvas, (232, 222, 196), [(34, 42), (94, 42), (110, 78), (104, 116), (24, 116), (18, 78)])
    _shape(canvas, (216, 204, 174), [(36, 14), (52, 22), (64, 12), (78, 22), (92, 14), (86, 42), (42, 42)])
    pygame.draw.line(canvas, (160, 112, 62), (40, 42), (88, 42), 10)
    for angle in (-0.5, 0.0, 0.5):
        end = (64 + 34 * math.sin(angle), 104 - 42 * math.cos(angle))
        pygame.draw.line(canvas, (190, 146, 66), (64, 106), end, 7)


def _honey_bun(canvas: Canvas) -> None:
    _oval(canvas, (206, 140, 68), (12, 40, 104, 74))
    _oval(canvas, (232, 172, 84), (20, 28, 88, 62))
    spiral = [
        (64 + (4 + turn * 1.9) * math.cos(turn / 2.6), 58 + (3 + turn * 1.2) * math.sin(turn / 2.6))
        for turn in range(18)
    ]
    pygame.draw.lines(canvas, (160, 96, 40), False, spiral, 7)
    pygame.draw.ellipse(canvas, (252, 224, 150), (36, 36, 22, 10))


def _lantern(canvas: Canvas) -> None:
    pygame.draw.circle(canvas, OUTLINE, (64, 24), 18, 8)
    pygame.draw.circle(canvas, (255, 226, 130, 70), (64, 74), 52)
    _shape(canvas, (92, 84, 78), [(42, 42), (64, 24), (86, 42)])
    _box(canvas, (255, 214, 110), (38, 44, 52, 58), 6)
    pygame.draw.ellipse(canvas, (255, 246, 206), (54, 58, 20, 34))
    pygame.draw.ellipse(canvas, (240, 132, 48), (58, 72, 12, 20))
    _box(canvas, (92, 84, 78), (32, 102, 64, 14), 5)


def _parcel(canvas: Canvas) -> None:
    _box(canvas, (196, 154, 102), (18, 30, 92, 80), 8)
    pygame.draw.line(canvas, (134, 58, 44), (64, 34), (64, 106), 9)
    pygame.draw.line(canvas, (134, 58, 44), (22, 68), (106, 68), 9)
    for side in (-1, 1):
        _oval(canvas, (170, 74, 56), (64 - 13 + side * 15, 20, 26, 20), 5)


def _coin(canvas: Canvas) -> None:
    _disc(canvas, (186, 190, 196), (64, 66), 50, 8)
    pygame.draw.circle(canvas, (226, 230, 234), (64, 66), 37, 6)
    pygame.draw.circle(canvas, (226, 230, 234), (56, 56), 12)
    pygame.draw.polygon(canvas, (128, 132, 140), [(64, 44), (82, 66), (64, 90), (46, 66)])


def _sun(canvas: Canvas) -> None:
    for ray in range(8):
        angle = ray * math.pi / 4
        near = (64 + 40 * math.cos(angle), 64 + 40 * math.sin(angle))
        far = (64 + 58 * math.cos(angle), 64 + 58 * math.sin(angle))
        pygame.draw.line(canvas, (244, 190, 80), near, far, 11)
    pygame.draw.circle(canvas, (252, 212, 104), (64, 64), 31)
    pygame.draw.circle(canvas, (255, 236, 166), (56, 56), 14)


def _moon(canvas: Canvas) -> None:
    pygame.draw.circle(canvas, (226, 228, 240), (60, 64), 44)
    pygame.draw.circle(canvas, (226, 228, 240, 0), (82, 50), 38)  # the dark part of it
    for x, y, radius in ((100, 34, 6), (112, 78, 4), (84, 60, 4)):
        pygame.draw.circle(canvas, (248, 240, 206), (x, y), radius)


def _cloud(canvas: Canvas, colour: Colour, top: int) -> None:
    for x, y, radius in ((38, 34, 22), (66, 24, 28), (92, 36, 20)):
        pygame.draw.circle(canvas, colour, (x, top + y), radius)
    pygame.draw.rect(canvas, colour, (18, top + 32, 94, 26), border_radius=13)


def _rain(canvas: Canvas) -> None:
    _cloud(canvas, (178, 188, 204), 10)
    for x, y in ((38, 82), (64, 88), (90, 82), (50, 102), (78, 104)):
        pygame.draw.line(canvas, (122, 176, 226), (x, y), (x - 7, y + 20), 9)


def _fog(canvas: Canvas) -> None:
    _cloud(canvas, (196, 200, 202), 2)
    for y, left, right in ((76, 14, 96), (94, 30, 116), (112, 18, 90)):
        pygame.draw.line(canvas, (222, 224, 222), (left, y), (right, y), 9)


_ITEMS: Mapping[str, Callable[[Canvas], None]] = MappingProxyType(
    {
        "soup": _soup,
        "ale": _ale,
        "room_key": _room_key,
        "knife": _knife,
        "willow_tea": _willow_tea,
        "satchel": _satchel,
        "spare_key": _spare_key,
        "mill_keys": _mill_keys,
        "flour": _flour,
        "honey_bun": _honey_bun,
        "lantern": _lantern,
    }
)
_SKIES: Mapping[str, Callable[[Canvas], None]] = MappingProxyType(
    {"clear": _sun, "moon": _moon, "rain": _rain, "fog": _fog}
)
