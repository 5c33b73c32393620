"""Rain and fog over a view. Both follow from the clock alone: the same second always looks the same."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

import pygame

from demo_game.art.tones import Color

#: Size of a sheet of rain or fog, which repeats in both directions: that of the view.
_SHEET = (640, 360)
#: Splashes in the part of the ground that repeats, and how long one lasts.
_SPLASHES = 70
_SPLASH_S = 0.32


class _Layer(NamedTuple):
    """A sheet that moves over the view: pixels a second, and how far it follows the ground (1: it lies on it)."""

    sheet: pygame.Surface
    speed_x: float
    speed_y: float
    follows: float


class Weather:
    """Draws what falls and drifts outdoors. Needs a display."""

    def __init__(self) -> None:
        dice = Random(17)
        self._rain = (
            _Layer(_rain_sheet(dice, 340, 5, 1, (150, 172, 204)), -70, 330, 0.9),
            _Layer(_rain_sheet(dice, 170, 9, 2, (178, 198, 224)), -120, 520, 1.0),
            _Layer(_rain_sheet(dice, 44, 16, 4, (206, 222, 240)), -190, 780, 1.25),
        )
        noise = Random(5)
        self._fog = (
            _Layer(_fog_sheet(noise, (206, 214, 222), 96), 9, 1.5, 1.0),
            _Layer(_fog_sheet(noise, (226, 230, 234), 74), -15, 0.8, 1.15),
        )
        self._splashes = tuple(_splash(age) for age in range(3))
        self._grounds = [(dice.random(), dice.randrange(1 << 16)) for _ in range(_SPLASHES)]

    def draw(self, view: pygame.Surface, camera: tuple[int, int], weather: str, now_s: float, indoors: bool) -> None:
        """Draws "rain" or "fog" over the view, before it is lit: fog is dark at night because the light is. Draws
        nothing in any other weather, and nothing indoors."""
        if indoors:
            return
        if weather == "rain":
            self._draw_splashes(view, camera, now_s)
            for layer in self._rain:
                _cover(view, layer, camera, now_s)
        elif weather == "fog":
            for layer in self._fog:
                _cover(view, layer, camera, now_s)

    def _draw_splashes(self, view: pygame.Surface, camera: tuple[int, int], now_s: float) -> None:
        """Drops that have hit the ground, each in a new place every time."""
        width, height = view.get_size()
        drops = []
        for phase, seed in self._grounds:
            turn, age = divmod(now_s / _SPLASH_S + phase, 1.0)
            # A multiplicative hash (Knuth's constant) of the drop and its turn.
            place = (seed + int(turn)) * 2654435761 & 0xFFFFFFFF
            x = ((place & 0xFFFF) - camera[0]) % width
            y = ((place >> 16) - camera[1]) % height
            drops.append((self._splashes[int(age * 3)], (x - 3, y - 2)))
        view.fblits(drops)


def _cover(view: pygame.Surface, layer: _Layer, camera: tuple[int, int], now_s: float) -> None:
    """Draws a layer over all of the view."""
    width, height = layer.sheet.get_size()
    left = int(now_s * layer.speed_x - camera[0] * layer.follows) % width - width
    top = int(now_s * layer.speed_y - camera[1] * layer.follows) % height - height
    for y in range(top, view.get_height(), height):
        for x in range(left, view.get_width(), width):
            view.blit(layer.sheet, (x, y))


def _rain_sheet(dice: Random, drops: int, length: int, slant: int, color: Color) -> pygame.Surface:
    """Streaks on a transparent sheet. Run-length encoded, since nearly all of it is empty."""
    sheet = pygame.Surface(_SHEET, pygame.SRCALPHA)
    width, height = _SHEET
    for _ in range(drops):
        x, y, faint = dice.randrange(width), dice.randrange(height), dice.randrange(60)
        for step in range(length):
            alpha = (120 + length * 6 - faint) * (step + 2) // (length + 1)
            sheet.set_at(
                ((x - step * slant // length) % width, (y + step) % height), (*color, max(20, min(220, alpha)))
            )
    sheet = sheet.convert_alpha()
    sheet.set_alpha(255, pygame.RLEACCEL)
    return sheet


def _splash(age: int) -> pygame.Surface:
    """A drop that bursts: a point, a crown, a ring."""
    surface = pygame.Surface((7, 4), pygame.SRCALPHA)
    dots = (
        (((3, 2, 200), (3, 1, 130))),
        (((2, 1, 170), (4, 1, 170), (3, 3, 150), (1, 2, 110), (5, 2, 110))),
        (((1, 1, 80), (5, 1, 80), (0, 2, 70), (6, 2, 70), (2, 3, 60), (4, 3, 60))),
    )[age]
    for x, y, alpha in dots:
        surface.set_at((x, y), (216, 230, 246, alpha))
    return surface.convert_alpha()


def _fog_sheet(dice: Random, color: Color, thickest: int) -> pygame.Surface:
    """Banks of fog: noise of three sizes on a small sheet that repeats, scaled up."""
    columns, rows = 40, 24
    octaves = [
        (_grid(dice, step_x, step_y), step_x, step_y, weight)
        for step_x, step_y, weight in ((5, 4, 0.55), (10, 8, 0.3), (20, 12, 0.15))
    ]
    # A border of repeated cells keeps the edges alike when it is scaled.
    small = pygame.Surface((columns + 4, rows + 4), pygame.SRCALPHA)
    for y in range(rows + 4):
        for x in range(columns + 4):
            share_x, share_y = (x - 2) % columns / columns, (y - 2) % rows / rows
            thick = sum(weight * _value(grid, w, h, share_x * w, share_y * h) for grid, w, h, weight in octaves)
            alpha = max(0.0, min(1.0, (thick - 0.28) / 0.44))
            small.set_at((x, y), (*color, round(thickest * (0.16 + 0.84 * alpha * alpha * (3 - 2 * alpha)))))
    cell = (_SHEET[0] // columns, _SHEET[1] // rows)
    large = pygame.transform.smoothscale(small, ((columns + 4) * cell[0], (rows + 4) * cell[1]))
    return large.subsurface((2 * cell[0], 2 * cell[1], *_SHEET)).copy().convert_alpha()


def _grid(dice: Random, width: int, height: int) -> list[float]:
    return [dice.random() for _ in range(width * height)]


def _value(grid: list[float], width: int, height: int, x: float, y: float) -> float:
    """The noise between four of its grid's values, smoothly; it repeats."""
    left, top = int(x) % width, int(y) % height
    right, below = (left + 1) % width, (top + 1) % height
    along, down = _smooth(x % 1), _smooth(y % 1)
    upper = grid[top * width + left] * (1 - along) + grid[top * width + right] * along
    lower = grid[below * width + left] * (1 - along) + grid[below * width + right] * along
    return upper * (1 - down) + lower * down


def _smooth(share: float) -> float:
    return share * share * (3 - 2 * share)
