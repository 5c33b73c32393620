"""Drawing for portraits: shapes in units of a hundredth of the picture, drawn large and scaled down, so that every edge
is smooth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import TypeAlias

import pygame

from demo_game.art.palette import INK
from demo_game.art.tones import Color

#: In hundredths of the picture's side, from its top left.
Point: TypeAlias = tuple[float, float]

#: How many times larger than shown a portrait is drawn.
_OVERSAMPLING = 3


class Brush:
    """A square picture to draw on, its side being 100 units. Needs a display."""

    def __init__(self, size_px: int) -> None:
        self._size_px = size_px
        side = size_px * _OVERSAMPLING
        self.surface = pygame.Surface((side, side), pygame.SRCALPHA)
        self._unit = side / 100

    def layer(self) -> Brush:
        """An empty picture of the same size, to be laid over this one."""
        return Brush(self._size_px)

    def lay(self, layer: Brush) -> None:
        """Puts a layer on this picture."""
        self.surface.blit(layer.surface, (0, 0))

    def tint(self, shade: Brush) -> None:
        """Draws another picture on what is already painted here, and nowhere else."""
        mask = pygame.mask.from_surface(self.surface, 100)
        clipped = mask.to_surface(setsurface=shade.surface, unsetcolor=(0, 0, 0, 0))
        self.surface.blit(clipped, (0, 0))

    def finished(self) -> pygame.Surface:
        """The picture at the size asked for."""
        return pygame.transform.smoothscale(self.surface, (self._size_px, self._size_px)).convert_alpha()

    @contextmanager
    def between(self, top: float, bottom: float) -> Iterator[None]:
        """What is drawn inside shows only between these two heights."""
        unit = self._unit
        self.surface.set_clip((0, round(top * unit), self.surface.get_width(), round((bottom - top) * unit)))
        try:
            yield
        finally:
            self.surface.set_clip(None)

    def ellipse(self, middle: Point, width: float, height: float, color: Color, alpha: int = 255) -> None:
        """A filled ellipse. With `alpha` it veils what is below."""
        unit = self._unit
        rect = pygame.Rect(0, 0, max(1, round(width * unit)), max(1, round(height * unit)))
        rect.center = (round(middle[0] * unit), round(middle[1] * unit))
        if alpha == 255:
            pygame.draw.ellipse(self.surface, color, rect)
            return
        veil = pygame.Surface(rect.size, pygame.SRCALPHA)
        pygame.draw.ellipse(veil, (*color, alpha), veil.get_rect())
        self.surface.blit(veil, rect)

    def shape(self, points: Sequence[Point], color: Color, alpha: int = 255, outline: float = 0.0) -> None:
        """A filled shape with soft corners through these points, with a line of ink around it if `outline` > 0."""
        dots = self._dots(rounded(points))
        if alpha == 255:
            pygame.draw.polygon(self.surface, color, dots)
        else:
            veil = pygame.Surface(self.surface.get_size(), pygame.SRCALPHA)
            pygame.draw.polygon(veil, (*color, alpha), dots)
            self.surface.blit(veil, (0, 0))
        if outline:
            self._stroke([*dots, dots[0]], INK, [outline] * (len(dots) + 1))

    def line(self, points: Sequence[Point], color: Color, width: float, taper: bool = True) -> None:
        """A line through these points, thin at both ends if it tapers."""
        curve = through(points)
        last = len(curve) - 1
        widths = [
            width * (0.35 + 0.65 * min(1.0, 3 * min(i, last - i) / last)) if taper else width for i in range(last + 1)
        ]
        self._stroke(self._dots(curve), color, widths)

    def _stroke(self, dots: Sequence[Point], color: Color, widths: Sequence[float]) -> None:
        for (start, end), width in zip(pairwise(dots), widths, strict=False):
            radius = max(1.0, width * self._unit / 2)
            steps = max(1, round(max(abs(end[0] - start[0]), abs(end[1] - start[1])) / max(1.0, radius / 2)))
            for step in range(steps):
                share = step / steps
                dot = (start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share)
                pygame.draw.circle(self.surface, color, dot, radius)

    def _dots(self, points: Sequence[Point]) -> list[Point]:
        return [(x * self._unit, y * self._unit) for x, y in points]


def through(points: Sequence[Point], steps: int = 8) -> list[Point]:
    """A smooth open curve through all points (a Catmull-Rom spline)."""
    padded = [points[0], *points, points[-1]]
    curve = [_spline(padded[i : i + 4], step / steps) for i in range(len(points) - 1) for step in range(steps)]
    return [*curve, points[-1]]


def rounded(points: Sequence[Point], steps: int = 8) -> list[Point]:
    """A smooth closed curve through all points."""
    padded = [points[-1], *points, points[0], points[1]]
    return [_spline(padded[i : i + 4], step / steps) for i in range(len(points)) for step in range(steps)]


def _spline(four: Sequence[Point], t: float) -> Point:
    a, b, c, d = four
    return _blend(a[0], b[0], c[0], d[0], t), _blend(a[1], b[1], c[1], d[1], t)


def _blend(a: float, b: float, c: float, d: float, t: float) -> float:
    return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - 3 * c + d - a) * t * t * t)
